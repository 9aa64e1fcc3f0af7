"""Linked tables as one system of cells: what has to be hidden, and what could be reckoned back.

Hidden first are the counts below the threshold, zeros among them (primary). Since totals are shown,
more has to be hidden (secondary): for every primary cell and both directions the cheapest movement
of cells that leaves all relations between them intact is found, and what moves is hidden; the
method is the linear-programming one of Fischetti and Salazar (2001), without its last step to the
optimum. An audit then asks of the finished pattern, independently, what an attacker can ask: the
least and the most that each primary cell may be. A cell that two tables share is one cell.

Pure functions, no database.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack, kron, vstack

from reporting.dimensions import Key
from reporting.programmes import Programme
from reporting.protection import THRESHOLD

MOST_QUESTIONS = 2_000  # linear programmes to make a finished pattern lighter
ROUNDING = 1e-6  # persons; what a solver may be wrong by
Dims = tuple[Key, ...]


@dataclass(frozen=True)
class System:
    """The cells of linked tables, and all that holds between them.

    places: dimensions -> numbers of the cells of that table, an array with an axis for each; the
    table of no dimensions is the grand total. counts: int64, one a cell. relations: a row for each
    thing that is known, `lower` <= relations @ counts <= `upper`.
    """

    places: dict[Dims, np.ndarray]
    counts: np.ndarray
    relations: csr_matrix
    lower: np.ndarray
    upper: np.ndarray

    @property
    def primary(self) -> np.ndarray:
        """Which cells are hidden for their own sake."""
        return self.counts < THRESHOLD


def system_of(
    tables: Iterable[Dims],
    count: Callable[[Dims], np.ndarray],
    several: Mapping[Key, Collection[int]] | None = None,
) -> System:
    """The cells of these tables and of all their margins.

    `count` gives the exact counts by some dimensions. Of a dimension in `several` a person may be
    in more than one category, except in those at the positions that it names there: whoever is in
    one of them is in no other. There the total is at most the sum of all categories, and at least
    the largest of the others together with these.
    """
    places: dict[Dims, np.ndarray] = {}
    counts: list[np.ndarray] = []
    number = 0
    for dims in sorted(_with_margins(tables), key=len):
        counted = np.asarray(count(dims))
        places[dims] = number + np.arange(counted.size).reshape(counted.shape)
        counts.append(counted.ravel())
        number += counted.size
    return System(places, np.concatenate(counts), *_relations(places, number, several or {}))


def _with_margins(tables: Iterable[Dims]) -> set[Dims]:
    return {part for dims in tables for part in _subsets(sorted(dims))}


def _relations(
    places: Mapping[Dims, np.ndarray], number: int, several: Mapping[Key, Collection[int]]
) -> tuple[csr_matrix, np.ndarray, np.ndarray]:
    """What is known of each dimension of a table, and of those with several answers together.

    What is never negative of one person by one dimension, nor by another, is not when multiplied:
    of 100 of whom 12 gave this answer and 92 that one, 4 gave both.
    """
    blocks = [csr_matrix((0, number))]
    upper = [np.empty(0)]
    for dims in places:
        cells = _with_totals(places, dims)
        of_cells = csr_matrix(
            (np.ones(cells.size), (np.arange(cells.size), cells.ravel())), (cells.size, number)
        )
        together = [at for at, key in enumerate(dims) if key in several]
        for axes in sorted({*combinations(range(len(dims)), 1), *_subsets(together)} - {()}):
            known = csr_matrix(np.ones((1, 1)))
            for axis, key in enumerate(dims):
                length = cells.shape[axis] - 1
                each = (
                    _known(length, several.get(key)) if axis in axes else np.eye(length, length + 1)
                )
                known = kron(known, csr_matrix(each))
            blocks.append(known @ of_cells)
            upper.append(np.full(known.shape[0], np.inf if {*axes} <= {*together} else 0.0))
    matrix = csr_matrix(vstack(blocks))
    return matrix, np.zeros(matrix.shape[0]), np.concatenate(upper)


def _subsets(some: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    return chain.from_iterable(combinations(some, size) for size in range(len(some) + 1))


def _with_totals(places: Mapping[Dims, np.ndarray], dims: Dims) -> np.ndarray:
    """The cells of a table and of its margins: on each axis the total stands last."""
    cells = np.empty([length + 1 for length in places[dims].shape], dtype=np.int64)
    for part in _subsets(dims):
        cells[tuple(slice(-1) if key in part else -1 for key in dims)] = places[part]
    return cells


def _known(length: int, alone: Collection[int] | None) -> np.ndarray:
    """What holds along one dimension: rows of factors of its categories and, last, of their total.

    None: one answer a person; the only row is 0. Else all rows are 0 or more.
    """
    add_up = np.append(np.ones(length), -1.0)
    if alone is None:
        return add_up[None]
    answers = [[at] for at in range(length) if at not in alone] or [[]]
    fits = np.zeros((len(answers), length + 1))
    for row, answer in zip(fits, answers, strict=True):
        row[[*answer, *alone]] = -1.0
        row[-1] = 1.0
    return np.vstack([add_up, fits])


# What is hidden, and what can be reckoned back


def hidden_cells(system: System, *, secondary: bool = True) -> np.ndarray:
    """Which cells are not shown, a Boolean for each. `secondary` off is for tests and measuring."""
    hidden = system.primary.copy()
    if secondary:
        _hide_more(system, hidden)
        _show_again(system, hidden)
    return hidden


def under_protected(system: System, hidden: np.ndarray) -> np.ndarray:
    """The audit: numbers of primary cells that cannot be as little as 0 or as much as THRESHOLD.

    For every hidden cell below the threshold linear programmes find the least and the most it may
    be, given all that is shown; nothing is taken over from how the pattern was found. Each answer is
    a whole set of tables, so most cells are seen to be wide before they are asked.
    """
    attacker, reach = _Attacker(system, hidden), _Reach(system)
    for cell in np.flatnonzero(system.primary).tolist():
        for direction in reach.lacks(cell):
            reach.see(attacker.cells, attacker.furthest(cell, direction))
    return np.array([cell for cell in np.flatnonzero(system.primary) if any(reach.lacks(cell))])


class _Reach:
    """The least and the most that each cell was seen to be, in tables that look the same."""

    def __init__(self, system: System) -> None:
        self.least = system.counts.astype(float)
        self.most = system.counts.astype(float)

    def see(self, cells: np.ndarray, values: np.ndarray) -> None:
        """Another set of tables that an attacker cannot tell from the true one."""
        self.least[cells] = np.minimum(self.least[cells], values)
        self.most[cells] = np.maximum(self.most[cells], values)

    def lacks(self, cell: int) -> Iterator[int]:
        """Directions in which the cell is not known to reach as far as it must: +1, -1."""
        if self.most[cell] < THRESHOLD - ROUNDING:
            yield 1
        if self.least[cell] > ROUNDING:
            yield -1


class _Attacker:
    """Who sees all cells but the hidden ones, and all relations. `cells`: numbers of the hidden."""

    def __init__(self, system: System, hidden: np.ndarray) -> None:
        self.cells = np.flatnonzero(hidden)
        self.place = {cell: place for place, cell in enumerate(self.cells.tolist())}
        self.most = float(system.counts.max() + THRESHOLD)
        self.asked = 0
        involved = np.flatnonzero(np.diff(system.relations[:, self.cells].tocsr().indptr))
        matrix = system.relations[involved]
        shown = matrix @ np.where(hidden, 0, system.counts)
        self.programme = Programme(
            matrix[:, self.cells],
            np.zeros(len(self.cells)),
            np.full(len(self.cells), self.most),
            system.lower[involved] - shown,
            system.upper[involved] - shown,
        )

    def furthest(self, cell: int, direction: int) -> np.ndarray:
        """Values of `cells` in tables that look the same, where `cell` is least (-1) or most (+1)."""
        self.asked += 1
        place = [self.place[cell]]
        self.programme.set_costs(place, np.array([-float(direction)]))
        values = self.programme.solve()
        self.programme.set_costs(place, np.zeros(1))
        return values

    def learn(self, cell: int, count: int) -> None:
        """Suppose that `cell` were shown."""
        exactly = np.array([float(count)])
        self.programme.set_bounds([self.place[cell]], exactly, exactly)

    def forget(self, cell: int) -> None:
        self.programme.set_bounds([self.place[cell]], np.zeros(1), np.array([self.most]))


def _hide_more(system: System, hidden: np.ndarray) -> None:
    """Hide, for each primary cell and direction, the cells of the cheapest movement."""
    reach, attacker = _Reach(system), _Attacker(system, hidden)
    for cell in np.flatnonzero(system.primary).tolist():  # what primary cells do for one another
        for direction in reach.lacks(cell):
            reach.see(attacker.cells, attacker.furthest(cell, direction))
    number = len(system.counts)
    moved = system.relations @ system.counts
    # A cell moves up by the first half of the variables and down by the second.
    programme = Programme(
        hstack([system.relations, -system.relations]),
        np.zeros(2 * number),
        np.concatenate([np.full(number, np.inf), system.counts.astype(float)]),
        system.lower - moved,
        system.upper - moved,
        costs=np.tile(np.where(hidden, 0.0, _weights(system)), 2),
    )
    for cell in sorted(np.flatnonzero(system.primary), key=lambda cell: system.counts[cell]):
        for direction in reach.lacks(cell):
            up = float(THRESHOLD - system.counts[cell]) if direction > 0 else 0.0
            down = 0.0 if direction > 0 else float(system.counts[cell])
            exactly, most = np.array([up, down]), np.array([np.inf, float(system.counts[cell])])
            programme.set_bounds([cell, number + cell], exactly, exactly)
            both = programme.solve()
            programme.set_bounds([cell, number + cell], np.zeros(2), most)
            movement = both[:number] - both[number:]
            moving = np.flatnonzero(np.abs(movement) > ROUNDING)
            reach.see(moving, system.counts[moving] + movement[moving])
            new = moving[~hidden[moving]]
            hidden[new] = True
            programme.set_costs(np.concatenate([new, number + new]), np.zeros(2 * len(new)))


def _show_again(system: System, hidden: np.ndarray) -> None:
    """Show secondary cells again that later ones have made needless, the heaviest first, for as long
    as that takes no more than MOST_QUESTIONS."""
    attacker, primary = _Attacker(system, hidden), np.flatnonzero(system.primary)
    seen = [system.counts[attacker.cells].astype(float)]  # tables that look the same
    reach = _Reach(system)

    def ask(cell: int) -> bool:
        """Whether the cell reaches far enough; remembers what shows it."""
        for direction in reach.lacks(cell):
            seen.append(attacker.furthest(cell, direction))
            reach.see(attacker.cells, seen[-1])
        return not any(reach.lacks(cell))

    for cell in primary.tolist():
        ask(cell)
    limit = attacker.asked + MOST_QUESTIONS
    secondary = np.flatnonzero(hidden & ~system.primary)
    for cell in secondary[np.argsort(-system.counts[secondary], kind="stable")].tolist():
        if attacker.asked > limit:
            return
        count, before = int(system.counts[cell]), seen
        place = attacker.place[cell]
        seen = [values for values in before if abs(values[place] - count) <= ROUNDING]
        reach = _Reach(system)
        for values in seen:
            reach.see(attacker.cells, values)
        attacker.learn(cell, count)
        if all(ask(other) for other in primary.tolist()):
            hidden[cell] = False
        else:
            attacker.forget(cell)
            seen = before


def _weights(system: System) -> np.ndarray:
    """How much is lost with each cell that is hidden."""
    return np.log2(1 + system.counts)
