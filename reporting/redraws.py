"""Draws the noise of every set of persons, and draws again where figures of one table tell too much.

The noise of a cell is its own, so a total and its parts disagree. Now and then they disagree by so
much that, with the largest noise known, they pin down a figure that is not shown: a part shown and
its total not; parts that leave no more than a few persons for the rest; a total that its parts and
the threshold cannot explain. Then the total is drawn again, as the same in every table it stands in.

First the total and not a part: what is drawn for a set of persons then depends on that set and on
sets inside it alone, and where nobody changed, no figure changes from freeze to freeze. Only where the
total was drawn PATIENCE times in vain, as may happen with two categories, its parts are drawn again
as well, and so is a cell that an attack found out: then, seldom, a figure changes where nobody did.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass

import numpy as np

from reporting import protection
from reporting.dimensions import ALONE, DIMENSIONS, Key
from reporting.frame import is_named
from reporting.protection import MAX_NOISE, THRESHOLD
from reporting.surface import Levelled, Surface, project, without

FEWEST = 5  # a figure that is not shown must stay open by as many persons
MOST_HIDDEN = THRESHOLD - 1 + MAX_NOISE  # persons in a cell that shows less than the threshold
PATIENCE = 10  # draws of a total before its parts are drawn again, too
MOST_DRAWS = 200
COUNT_BITS = 21  # a set is named by the sum of its keys and, in the last bits, its persons
Cells = tuple[np.ndarray, np.ndarray]  # positions and numbers, of `Surface.cells`


@dataclass(frozen=True)
class Counted:
    """The cells of a table that noise might lift to the threshold: int64 arrays of one length."""

    positions: np.ndarray  # ascending, in the flattened table
    persons: np.ndarray
    keys: np.ndarray  # sums of record keys modulo 2**32


class Draws:
    """The numbers of all cells, and how often each set of persons was drawn.

    Cells of all tables stand one after another; `sets` says which set of persons is in each. Two
    sets are taken for the same when they are as many and their keys have one sum: the noise of two
    that are not would be the same, too.
    """

    def __init__(
        self,
        surface: Surface,
        counted: Mapping[Levelled, Counted],
        impossible: Container[tuple[Key, int]],
        secret: bytes,
    ) -> None:
        """Draw all. `surface` gives the axes; one category of each entry of `impossible` is empty for
        whoever knows the lists. ArithmeticError when some figures cannot be drawn so that none tells.
        """
        self.surface, self.counted, self.secret = surface, counted, secret
        sizes = [len(found.positions) for found in counted.values()]
        ends = np.cumsum(sizes)
        self.where = {
            table: slice(end - size, end)
            for table, size, end in zip(counted, sizes, ends.tolist(), strict=True)
        }
        names = np.concatenate([_name(found.persons, found.keys) for found in counted.values()])
        self.names, self.sets = np.unique(names, return_inverse=True)
        self.keys, self.persons = self.names >> COUNT_BITS, self.names & (2**COUNT_BITS - 1)
        self.times = np.zeros(len(self.names), dtype=np.int64)
        self.of_set = self.persons.copy()
        self._draw(np.arange(len(self.names)))
        self.named = np.concatenate(
            [self._sets_at(table, named(surface, table)) for table in counted]
        )
        self.lines = [
            _Lines(surface, self, table, entry, entry in impossible)
            for table in counted
            for entry in table
        ]
        self._settle(self.lines)

    def again(self, table: Levelled, position: int) -> None:
        """Draw a cell that can be told too well once more, and its totals, until no total tells."""
        for part in (table, *(without(table, key) for key, _level in table)):
            at = project(self.surface, table, np.array([position]), part)
            sets = self._sets_at(part, at)
            self._draw(sets)
            self._settle(self._lines_of(sets))

    def _settle(self, lines: list["_Lines"]) -> None:
        """Draw totals again until none of the lines tells too much.

        So are categories that are named because they were shown: a hidden one would be known to be
        of as many persons as noise can lift to the threshold.
        """
        while lines:
            hidden = self.named[self.of_set[self.named] < THRESHOLD]
            again = np.unique(np.concatenate([hidden, *(line.telling() for line in lines)]))
            self._draw(again)
            lines = self._lines_of(again)

    def _sets_at(self, table: Levelled, positions: np.ndarray) -> np.ndarray:
        """The sets of persons of the counted cells of a table that stand at these positions."""
        return self.sets[self.where[table]][np.isin(self.counted[table].positions, positions)]

    def _lines_of(self, sets: np.ndarray) -> list["_Lines"]:
        """The lines in which some of these sets of persons stand."""
        if not len(sets):
            return []
        chosen = np.zeros(len(self.persons), dtype=bool)
        chosen[sets] = True
        touched = {table for table, at in self.where.items() if chosen[self.sets[at]].any()}
        return [line for line in self.lines if line.table in touched or line.totals in touched]

    def _draw(self, sets: np.ndarray) -> None:
        """Draw these sets of persons, each for the first time or once more."""
        for time in np.unique(self.times[sets]):
            chosen = sets[self.times[sets] == time]
            self.of_set[chosen] = self._drawn(self.persons[chosen], self.keys[chosen], time)
        self.times[sets] += 1
        if self.times.max(initial=0) > MOST_DRAWS:
            raise ArithmeticError("the noise of some figures cannot be drawn so that none tells")

    def _drawn(self, persons: np.ndarray, keys: np.ndarray, time: int) -> np.ndarray:
        # The first draw has the key that the method had before it drew anything again.
        purpose = f"cell keys, draw {time}" if time else "cell keys"
        return persons + protection.noise(persons, keys, protection.derive(self.secret, purpose))

    def number_of(self, persons: np.ndarray, keys: np.ndarray) -> np.ndarray:
        """The perturbed numbers of sets of so many persons and of these sums of record keys.

        Both are int64 of one length, the sums modulo 2**32. A set that is a cell of a table has its
        number there, one that is not has its first draw.
        """
        names = _name(persons, keys)
        at = np.searchsorted(self.names[:-1], names)  # the last one for all beyond it
        return np.where(self.names[at] == names, self.of_set[at], self._drawn(persons, keys, 0))

    def numbers(self, table: Levelled) -> np.ndarray:
        """The perturbed numbers of the counted cells of a table, those under the threshold too."""
        return self.of_set[self.sets[self.where[table]]]

    def shown(self, table: Levelled) -> Cells:
        numbers = self.numbers(table)
        chosen = numbers >= THRESHOLD
        return self.counted[table].positions[chosen], numbers[chosen]


def _name(persons: np.ndarray, keys: np.ndarray) -> np.ndarray:
    return keys << COUNT_BITS | persons


def named(surface: Surface, table: Levelled) -> np.ndarray:
    """Positions of the categories that are named only because their own figure was shown.

    There are some in the tables of one folded dimension.
    """
    if len(table) != 1 or not DIMENSIONS[table[0][0]].folds:
        return np.array([], dtype=np.int64)
    codes = surface.codes(*table[0])
    return np.array([place for place, code in enumerate(codes) if is_named(code)], dtype=np.int64)


class _Lines:
    """The totals over one dimension of a table, each with the parts that make it up."""

    def __init__(
        self, surface: Surface, draws: Draws, table: Levelled, entry: tuple[Key, int], empty: bool
    ) -> None:
        self.draws, self.table, self.totals = draws, table, without(table, entry[0])
        self.adds_up = not DIMENSIONS[entry[0]].several
        self.length = len(surface.codes(*entry)) - empty
        positions = draws.counted[table].positions
        if not self.adds_up:
            alone = np.array([code in ALONE for code in surface.codes(*entry)])
            self.number_alone = int(alone.sum())
            self.is_alone = alone[project(surface, table, positions, (entry,))]
        # A total holds the persons of each of its parts, and is counted where one of them is.
        self.total_of = np.searchsorted(
            draws.counted[self.totals].positions, project(surface, table, positions, self.totals)
        )

    def telling(self) -> np.ndarray:
        """The sets of persons to draw again: of totals that together with their parts tell too much."""
        parts, totals = self.draws.numbers(self.table), self.draws.numbers(self.totals)
        is_shown = parts >= THRESHOLD
        total_of, parts = self.total_of[is_shown], parts[is_shown]
        shown = np.bincount(total_of, minlength=len(totals))
        summed = np.bincount(total_of, weights=parts, minlength=len(totals))
        hidden = self.length - shown
        margin = MAX_NOISE * shown
        telling = (totals < THRESHOLD) & (shown > 0)
        most = np.where(totals < THRESHOLD, MOST_HIDDEN, totals + MAX_NOISE)
        least = np.where(totals < THRESHOLD, 0, totals - MAX_NOISE)
        if self.adds_up:
            telling |= (hidden > 0) & (most - (summed - margin) < FEWEST)
        else:
            telling |= self._leave_few(most, hidden)
        telling |= (hidden > 0) & (least - (summed + margin) > MOST_HIDDEN * (hidden - 1))
        sets = self.draws.sets[self.draws.where[self.totals]]
        in_vain = telling & (self.draws.times[sets] > PATIENCE)
        sets_of_parts = self.draws.sets[self.draws.where[self.table]]
        return np.concatenate([sets[telling], sets_of_parts[in_vain[self.total_of]]])

    def _leave_few(self, most: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Where persons have several answers: which totals leave few for a part that is not shown.

        `most` is what a total is at most, `hidden` how many of its parts are not shown. Whoever is in
        a part of ALONE is in no other, so that these and any other part make up no more than the total.
        """
        parts = self.draws.numbers(self.table)
        is_shown = parts >= THRESHOLD
        least = parts - MAX_NOISE

        def of_totals(chosen: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
            return np.bincount(self.total_of[chosen], weights=weights, minlength=len(most))

        alone, other = is_shown & self.is_alone, is_shown & ~self.is_alone
        hidden_alone = self.number_alone - of_totals(alone)
        left = most - of_totals(alone, least[alone])
        largest = np.zeros(len(most))
        np.maximum.at(largest, self.total_of[other], least[other])
        few_in_others = (hidden > hidden_alone) & (left < FEWEST)
        return few_in_others | ((hidden_alone > 0) & (left - largest < FEWEST))
