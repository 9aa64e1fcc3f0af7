"""What an attacker could conclude from a surface: tried before anybody sees it.

The attacker has every figure that is shown, knows the threshold, the largest noise and the rules by
which figures are withheld, and that nobody is in a category that the declared lists rule out. They
take a table of three dimensions with all its totals and ask, by linear programming, what each figure
that is not shown can be at least and at most; and, by least squares, what it is most likely to be.
Exact counts serve to judge a guess and for nothing else.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from math import prod

import highspy
import numpy as np
from scipy.sparse import csc_array, diags_array, vstack

from reporting.dimensions import ALONE, ANY_OTHER, DIMENSIONS, LEVELS, Key, together
from reporting.programmes import Programme
from reporting.protection import MAX_NOISE
from reporting.redraws import FEWEST, MOST_HIDDEN
from reporting.surface import MAX_DIMENSIONS, Levelled, Surface, levelled, parts, without
from reporting.withholding import is_withheld

TOLERANCE = 1e-6  # of the solver, in persons
STANDARD_ERRORS = 6  # by which guesses may be better than blind: some hundred tables are tried


class TellsTooMuch(Exception):
    """A table from which something can be concluded that must not be.

    `cell`, where it is about one, is a table of totals, or the table, and a position in it.
    """

    def __init__(
        self, table: Levelled, what: str, cell: tuple[Levelled, int] | None = None
    ) -> None:
        super().__init__(f"{table}: {what}")
        self.table, self.what, self.cell = table, what, cell


@dataclass
class Tried:
    """How much was attacked, and what came of it."""

    tables: int = 0
    hidden: int = 0  # figures that are not shown
    programmes: int = 0
    guessed: int = 0  # figures of somebody that least squares were asked for
    right: int = 0
    right_blindly: int = 0  # by guessing the same number for each, and the best one


def audit(
    surface: Surface,
    tables: Iterable[Levelled],
    impossible: Container[tuple[Key, int]],
    exact: Callable[[Levelled], np.ndarray],
) -> Tried:
    """Attack tables of three dimensions with all their totals.

    `exact` gives all counts of a table, flattened. Raises TellsTooMuch for the first table that does.
    """
    tried = Tried()
    for table in tables:
        attack(View(surface, table, impossible), exact, tried)
    return tried


def attack(view: "View", exact: Callable[[Levelled], np.ndarray], tried: Tried) -> None:
    """Attack one table and add to `tried`. Raises TellsTooMuch."""
    tried.tables += 1
    tried.hidden += int(view.is_hidden.sum())
    tried.programmes += check_intervals(view)
    _check_guesses(view, exact, tried)


def smallest(
    surface: Surface, impossible: Container[tuple[Key, int]], most_cells: int, most_tables: int
) -> list[Levelled]:
    """The smallest `most_tables` tables of three dimensions that have at most `most_cells` cells,
    totals included.

    Tables that show no figure beside their totals are left out. Counted are cells that differ for
    the attacker: categories of a dimension that are wholly hidden are as good as one. Short tables
    are the weakest: every further figure that is not shown adds to what is unknown of the others in
    its total.
    """
    sizes = sorted(_sizes(surface, impossible, most_cells))
    return [table for _size, table in sizes[:most_tables]]


def _sizes(
    surface: Surface, impossible: Container[tuple[Key, int]], most: int
) -> Iterator[tuple[int, Levelled]]:
    tables = {levelled(keys, level) for level in range(LEVELS) for keys in together(MAX_DIMENSIONS)}

    @cache
    def length(entry: tuple[Key, int]) -> int:
        return len(_Axis.of(surface, entry, impossible).weights) + 1

    for table in tables:
        if not len(surface.cells[table][0]):
            continue  # it adds nothing to its totals, which other tables have, too
        if (size := prod(map(length, table))) <= most:
            yield size, table


@dataclass(frozen=True)
class _Axis:
    """A dimension as the attacker sees it: its shown categories, and all hidden ones as one.

    Where persons may have several answers, the hidden ones that stand alone are one by themselves.

    place: category -> place on this axis, -1 for one that nobody can be in.
    weights: how many categories stand at each place.
    alone: whether whoever is there can be at no other place.
    """

    place: np.ndarray
    weights: np.ndarray
    alone: np.ndarray

    @classmethod
    def of(
        cls, surface: Surface, entry: tuple[Key, int], impossible: Container[tuple[Key, int]]
    ) -> "_Axis":
        codes = surface.codes(*entry)
        shown, _numbers = surface.cells[(entry,)]
        is_alone = np.array([code in ALONE for code in codes]) & DIMENSIONS[entry[0]].several
        is_hidden = np.ones(len(codes), dtype=bool)
        is_hidden[shown] = False
        if entry in impossible:
            is_hidden[codes.index(ANY_OTHER)] = False
        place = np.full(len(codes), -1)
        place[shown] = np.arange(len(shown))
        weights, alone = [1] * len(shown), is_alone[shown].tolist()
        for kind in (False, True):
            if (together := is_hidden & (is_alone == kind)).any():
                place[together] = len(weights)
                weights.append(int(together.sum()))
                alone.append(kind)
        return cls(place, np.array(weights), np.array(alone))

    def overlaps(self) -> Iterator[np.ndarray]:
        """What a part and all that stand alone leave of their total: it is 0 or more.

        Factors of the cells of a line and, last, of its total. Of several cells put together each
        has its total.
        """
        for place in np.flatnonzero(~self.alone):
            factors = np.append(
                self.weights[place] * -self.alone.astype(float), self.weights[place]
            )
            factors[place] = -1
            yield factors

    @property
    def category(self) -> np.ndarray:
        """The first category at each place."""
        return np.array([np.flatnonzero(self.place == n)[0] for n in range(len(self.weights))])


class View:
    """A table and its totals as unknowns, each between two bounds, and the sums that bind them.

    Unknowns stand in the order of `parts`. `lines` has a row for each total over one dimension: its
    parts minus itself. That is 0 where each person has one answer, 0 or more where some have several;
    these have a row for each part besides, of what it leaves of the total (`_Axis.overlaps`).
    """

    def __init__(
        self, surface: Surface, table: Levelled, impossible: Container[tuple[Key, int]]
    ) -> None:
        self.surface, self.table = surface, table
        self.axes = {entry: _Axis.of(surface, entry, impossible) for entry in table}
        self.starts: dict[Levelled, int] = {}
        bounds = []
        for part in parts(table):
            self.starts[part] = sum(len(low) for low, *_others in bounds)
            bounds.append(self._bounds(part))
        columns = map(np.concatenate, zip(*bounds, strict=True))
        self.low, self.high, self.weights, self.is_hidden = columns
        self._bind()

    def shape(self, part: Levelled) -> tuple[int, ...]:
        return tuple(len(self.axes[entry].weights) for entry in part)

    def _bounds(self, part: Levelled) -> tuple[np.ndarray, ...]:
        """What each cell is at least and at most, how many cells it stands for, whether it is hidden."""
        shape = self.shape(part)
        weights = np.ones(shape, dtype=np.int64)
        for place, entry in enumerate(part):
            along = [1] * len(part)
            along[place] = -1
            weights = weights * self.axes[entry].weights.reshape(along)
        weights = weights.ravel()
        low, high = np.zeros(weights.size), MOST_HIDDEN * weights.astype(float)
        is_hidden = np.ones(weights.size, dtype=bool)
        shown, numbers = self._shown(part)
        low[shown], high[shown], is_hidden[shown] = numbers - MAX_NOISE, numbers + MAX_NOISE, False
        withheld = np.flatnonzero(is_hidden & (weights == 1))
        withheld = withheld[is_withheld(self.surface, part, self._positions(part)[withheld])]
        high[withheld], is_hidden[withheld] = highspy.kHighsInf, False
        return low, high, weights, is_hidden

    def _shown(self, part: Levelled) -> tuple[np.ndarray, np.ndarray]:
        positions, numbers = self.surface.cells[part]
        if not part:
            return positions, numbers
        categories = np.unravel_index(positions, self.surface.shape(part))
        places = [self.axes[e].place[at] for e, at in zip(part, categories, strict=True)]
        return np.ravel_multi_index(places, self.shape(part)), numbers

    def _positions(self, part: Levelled) -> np.ndarray:
        """Where each cell stands in the table of the surface; the first of those put together."""
        if not part:
            return np.zeros(1, dtype=np.int64)
        categories = np.meshgrid(*(self.axes[entry].category for entry in part), indexing="ij")
        return np.ravel_multi_index(categories, self.surface.shape(part)).ravel()

    def _bind(self) -> None:
        rows, columns, values, adds_up = [], [], [], []

        def add(cells: np.ndarray, factors: np.ndarray, is_sum: bool) -> None:
            """A line for each row of cells, which its `factors` are of."""
            used = np.flatnonzero(factors)
            rows.append(np.repeat(len(adds_up) + np.arange(len(cells)), len(used)))
            columns.append(cells[:, used].ravel())
            values.append(np.tile(factors[used], len(cells)))
            adds_up.extend([is_sum] * len(cells))

        for part in reversed(self.starts):
            cells = self.starts[part] + np.arange(np.prod(self.shape(part), dtype=int))
            for place, entry in enumerate(part):
                of_line = np.moveaxis(cells.reshape(self.shape(part)), place, -1)
                of_line = of_line.reshape(-1, of_line.shape[-1])
                totals = self.starts[without(part, entry[0])] + np.arange(len(of_line))
                cells_of_line = np.column_stack([of_line, totals])
                several = DIMENSIONS[entry[0]].several
                add(cells_of_line, np.append(np.ones(of_line.shape[1]), -1), not several)
                if several:  # a part is no larger than its total
                    for factors in self.axes[entry].overlaps():
                        add(cells_of_line, factors, False)
                    most = self.high[totals][:, None] * self.axes[entry].weights
                    self.high[of_line] = np.minimum(self.high[of_line], most)
        entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
        self.lines = csc_array(entries, shape=(len(adds_up), len(self.low)))
        self.adds_up = np.array(adds_up)

    def cell(self, unknown: int) -> tuple[Levelled, int]:
        """The table that an unknown is a cell of, and its position there."""
        part, start = [one for one in self.starts.items() if one[1] <= unknown][-1]
        return part, int(self._positions(part)[unknown - start])

    def exact(self, exact: Callable[[Levelled], np.ndarray]) -> np.ndarray:
        """The counts behind the unknowns. Of several cells put together, that of the first."""
        return np.concatenate([exact(part)[self._positions(part)] for part in self.starts])


class _Programme(Programme):
    """The view as a linear programme."""

    def __init__(self, view: View) -> None:
        none = np.zeros(len(view.adds_up))
        super().__init__(
            view.lines, view.low, view.high, none, np.where(view.adds_up, none, np.inf)
        )
        self.view, self.solved = view, 0

    def least(self, cost: np.ndarray, high: np.ndarray | None = None) -> np.ndarray | None:
        """Values of the unknowns that make `cost` least; None where the bounds leave no values."""
        every = np.arange(len(cost))
        self.set_bounds(every, self.view.low, self.view.high if high is None else high)
        self.set_costs(every, cost)
        self.solved += 1
        try:
            return self.solve()
        except ArithmeticError:
            return None


def check_intervals(view: View) -> int:
    """Whether every hidden figure may be 0, and may be FEWEST or more, for all the attacker knows.

    Then its interval starts at 0 and is FEWEST wide. One solution shows that of many figures at once:
    those that are still in doubt are made small together, then large together (no larger than needed,
    so that they leave room for each other), and only what remains is tried by itself. Returns how
    many programmes that took. Raises TellsTooMuch.
    """
    programme = _Programme(view)
    # Several hidden cells put together: any one may be empty where the others can hold all.
    enough = MOST_HIDDEN * (view.weights - 1) + TOLERANCE
    may_be_empty, may_be_several = ~view.is_hidden, ~view.is_hidden

    def learn(values: np.ndarray | None) -> None:
        if values is None:
            raise TellsTooMuch(view.table, "its figures contradict each other")
        may_be_empty[:] |= values <= enough
        may_be_several[:] |= values >= FEWEST - TOLERANCE

    in_doubt = -1
    while in_doubt != (in_doubt := int((~may_be_empty).sum() + (~may_be_several).sum())):
        learn(programme.least((~may_be_empty).astype(float)))
        room = np.where(may_be_several, view.high, np.minimum(view.high, FEWEST))
        large = programme.least(-(~may_be_several).astype(float), room)
        if large is not None:  # else they cannot all be so small
            learn(large)
    for unknown in np.flatnonzero(~(may_be_empty & may_be_several)):
        alone = np.zeros(len(view.low))
        alone[unknown] = 1
        if not may_be_empty[unknown]:
            learn(programme.least(alone))
        if not may_be_several[unknown]:
            learn(programme.least(-alone))
        if not may_be_empty[unknown]:
            what = "somebody is in a cell that is not shown"
            raise TellsTooMuch(view.table, what, view.cell(unknown))
        if not may_be_several[unknown]:
            what = "few can be in a cell that is not shown"
            raise TellsTooMuch(view.table, what, view.cell(unknown))
    return programme.solved


def estimate(view: View) -> np.ndarray:
    """The unknowns by least squares, from the figures shown and the sums that bind them.

    A figure that is not shown is guessed to be in the middle of what it can be, with as large an error.
    """
    from scipy.sparse.linalg import spsolve  # a tenth of a second of each start

    shown = ~view.is_hidden & np.isfinite(view.high)
    middle = np.where(shown, (view.low + view.high) / 2, MOST_HIDDEN / 2)
    trust = np.where(shown, 1 / 2, 2 / MOST_HIDDEN)
    sums = view.lines.tocsr()[np.flatnonzero(view.adds_up)]
    system = vstack([diags_array(trust), 10 * sums])
    wanted = np.concatenate([middle * trust, np.zeros(sums.shape[0])])
    return spsolve((system.T @ system).tocsc(), system.T @ wanted)


def _check_guesses(view: View, exact: Callable[[Levelled], np.ndarray], tried: Tried) -> None:
    """Whether least squares guess hidden figures of somebody better than one number for all does."""
    counts = view.exact(exact)
    asked = view.is_hidden & (view.weights == 1) & (counts > 0)
    number = int(asked.sum())
    if not number:
        return
    guesses = np.clip(np.rint(estimate(view)), 0, MOST_HIDDEN)
    right = int((guesses == counts)[asked].sum())
    blind = int(np.bincount(counts[asked]).max())
    tried.guessed += number
    tried.right += right
    tried.right_blindly += blind
    spread = np.sqrt(max(blind * (1 - blind / number), 1))
    if right > blind + STANDARD_ERRORS * spread:
        raise TellsTooMuch(view.table, "figures that are not shown can be guessed")
