"""The freeze: from exact persons to the protected surface, in memory and in one go."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import prod
from typing import NamedTuple

import numpy as np

from reporting import attacks, magnitudes, protection
from reporting.dimensions import ANY_OTHER, DIMENSIONS, LEVELS, Key, fit_together, together
from reporting.frame import Column, Frame, everyone, levels_of, repeated
from reporting.protection import MAX_NOISE, THRESHOLD
from reporting.redraws import Counted, Draws, named
from reporting.surface import (
    MAX_DIMENSIONS,
    Levelled,
    Surface,
    levelled,
    parts,
    project,
    without,
)
from reporting.withholding import is_withheld

# The freeze attacks the smallest tables, which are the weakest, of MOST_CELLS cells at most; more of
# them where persons are few, of whom the most figures are hidden.
MOST_CELLS, MOST_ATTACKED, MOST_ATTACKED_OF_FEW, FEW = 700, 60, 200, 5_000
KEY_BITS = 32
MOST_ATTEMPTS = 40  # to draw what an attack found out again


def build(frame: Frame, secret: bytes, epochs: np.ndarray) -> Surface:
    """Count and protect every table.

    `epochs` is an int64 array with the epoch of each person of the frame. The self-checks at the end
    raise ArithmeticError rather than let a surface out that breaks a promise, and
    `attacks.TellsTooMuch` when one of the attacks that are tried on it succeeds.
    """
    if len(frame) > protection.MAX_PERSONS:
        raise OverflowError(f"statistics take at most {protection.MAX_PERSONS} persons")
    everything = count(frame, secret, epochs)
    surface = Surface(
        {key: [list(c.codes) for c in levels] for key, levels in everything.columns.items()}
    )
    empty, counts = impossible(everything.columns), counts_of(frame, everything.columns)
    draws = Draws(surface, everything.tables, empty, secret)
    _protect(surface, draws, empty, counts, len(frame))
    surface.magnitudes = magnitudes.build(
        surface, frame, everything.columns, everything.record_keys, draws, _withhold_telling_splits
    )
    magnitudes.check(surface)
    return surface


def _protect(
    surface: Surface,
    draws: Draws,
    empty: Container[tuple[Key, int]],
    counts: Callable[[Levelled], np.ndarray],
    persons: int,
) -> None:
    """Draw again what an attack finds out, until none finds anything."""
    most = MOST_ATTACKED_OF_FEW if persons < FEW else MOST_ATTACKED
    held: set[Levelled] = set()  # tables attacked in vain: until a figure of theirs changes
    drawn: dict[Levelled, np.ndarray] = {}
    for _attempt in range(MOST_ATTEMPTS):
        before, drawn = drawn, {table: draws.numbers(table) for table in draws.counted}
        changed = {t for t in drawn if t not in before or (drawn[t] != before[t]).any()}
        held = {table for table in held if changed.isdisjoint(parts(table))}
        _fill(surface, draws)
        try:
            for table in attacks.smallest(surface, empty, MOST_CELLS, most):
                if table not in held:
                    attacks.audit(surface, [table], empty, counts)
                    held.add(table)
            return
        except attacks.TellsTooMuch as found:
            failed = found
        if failed.cell is None:
            break
        draws.again(*failed.cell)
    raise failed


def _fill(surface: Surface, draws: Draws) -> None:
    """Put what is drawn into the surface."""
    surface.cells = {table: draws.shown(table) for table in draws.counted}
    surface.withheld = {}
    _withhold_telling_splits(surface)
    check(surface)


class Everything(NamedTuple):
    """All tables, counted and not protected yet, and the columns of each level they are made of."""

    columns: dict[Key, list[Column]]
    tables: dict[Levelled, Counted]
    record_keys: np.ndarray  # of the persons: float64, whole numbers below 2**32


def count(frame: Frame, secret: bytes, epochs: np.ndarray) -> Everything:
    """Count every table at every level."""
    key = protection.derive(secret, "record keys")
    record_keys = protection.record_keys(key, frame.persons, epochs)
    columns = _levelled_columns(frame, record_keys, protection.derive(secret, "cell keys"))
    tables: dict[Levelled, Counted] = {}
    for level in range(LEVELS):
        at_level = {key: levels[min(level, len(levels) - 1)] for key, levels in columns.items()}
        _tabulate(tables, record_keys, at_level, level)
    return Everything(columns, tables, record_keys)


def _levelled_columns(
    frame: Frame, record_keys: np.ndarray, cell_key: bytes
) -> dict[Key, list[Column]]:
    """Each dimension at each of its levels. What is folded is decided on protected numbers."""

    def shown_of(column: Column) -> list[str]:
        placement = everyone(frame).and_by(column)
        weights = record_keys if placement.persons is None else record_keys[placement.persons]
        sums = np.bincount(placement.cells, weights=weights)
        numbers = protection.protect(np.bincount(placement.cells), sums, cell_key)
        return [column.codes[position] for position in np.flatnonzero(numbers != protection.HIDDEN)]

    return {key: levels_of(frame.columns[key], d, shown_of) for key, d in DIMENSIONS.items()}


def _tabulate(
    tables: dict[Levelled, Counted],
    record_keys: np.ndarray,
    columns: Mapping[Key, Column],
    level: int,
) -> None:
    """Count every table of a level that is not counted yet.

    Tables that share the dimensions with several answers share the rows: persons, each repeated for
    every combination of their answers to these.
    """
    several = [key for key in DIMENSIONS if columns[key].per_person is not None]
    single = [key for key in DIMENSIONS if columns[key].per_person is None]

    def count_all(rows: _Rows, repeating: Sequence[Key], further: Sequence[Key]) -> None:
        """Tables of these dimensions, those with one answer and, by and by, `further` ones."""
        for more in range(MAX_DIMENSIONS + 1 - len(repeating)):
            for others in combinations(single, more):
                keys = [*repeating, *others]
                if fit_together(keys) and (table := levelled(keys, level)) not in tables:
                    tables[table] = rows.counted([key for key, _level in table])
        if len(repeating) < MAX_DIMENSIONS:
            for place, key in enumerate(further):
                count_all(rows.and_by(key), [*repeating, key], further[place + 1 :])

    count_all(_Rows.of(columns, record_keys), [], several)


@dataclass(frozen=True)
class _Rows:
    """Persons, each repeated for every combination of their answers to some dimensions.

    persons: whose each row is; None for one row a person. marks: what each adds to its cell, the key
    of its person times 2**32, and 1. answers: those to some dimensions, one a row.
    """

    columns: Mapping[Key, Column]
    persons: np.ndarray | None
    marks: np.ndarray  # uint64
    answers: dict[Key, np.ndarray]

    @classmethod
    def of(cls, columns: Mapping[Key, Column], record_keys: np.ndarray) -> "_Rows":
        return cls(columns, None, record_keys.astype(np.uint64) << KEY_BITS | 1, {})

    def and_by(self, key: Key) -> "_Rows":
        """Repeat every row for each answer of its person to one more dimension."""
        rows, answers = repeated(self.columns[key], self.persons)
        persons = rows if self.persons is None else self.persons[rows]
        repeating = {
            key: found[rows]
            for key, found in self.answers.items()
            if self.columns[key].per_person is not None
        }
        return _Rows(self.columns, persons, self.marks[rows], {**repeating, key: answers})

    def counted(self, keys: Sequence[Key]) -> Counted:
        """Count the table of these dimensions, which include all that repeat the rows."""
        cells = np.zeros(len(self.marks), dtype=np.int32)
        for key in keys:
            cells *= len(self.columns[key].codes)
            cells += self._answers(key)
        sums = np.zeros(prod(len(self.columns[key].codes) for key in keys), dtype=np.uint64)
        np.add.at(sums, cells.astype(np.intp), self.marks)  # keys modulo 2**32: the rest runs over
        positions = np.flatnonzero(sums & (2**KEY_BITS - 1) >= THRESHOLD - MAX_NOISE)
        sums = sums[positions].astype(np.int64)
        return Counted(positions, sums & (2**KEY_BITS - 1), sums >> KEY_BITS & (2**KEY_BITS - 1))

    def _answers(self, key: Key) -> np.ndarray:
        if key not in self.answers:
            answers = self.columns[key].answers
            self.answers[key] = answers if self.persons is None else answers[self.persons]
        return self.answers[key]


def counts_of(
    frame: Frame, columns: Mapping[Key, Sequence[Column]]
) -> Callable[[Levelled], np.ndarray]:
    """Counts a table when it is asked for: exact, flattened, and for judging attacks alone."""

    @cache
    def counts(table: Levelled) -> np.ndarray:
        placement = everyone(frame)
        for key, level in table:
            placement = placement.and_by(columns[key][level])
        shape = [len(columns[key][level].codes) for key, level in table]
        return np.bincount(placement.cells, minlength=prod(shape))

    return counts


def impossible(columns: Mapping[Key, Sequence[Column]]) -> set[tuple[Key, int]]:
    """Where "all others" is empty for anybody who knows the lists: dimensions, each with a level.

    A value outside its list does not come up by itself: all codes are derived. Where it did come up
    all the same, in old imports, it is not known to be impossible.
    """
    return {
        (key, level)
        for key, levels in columns.items()
        for level, column in enumerate(levels)
        if ANY_OTHER in column.codes and column.codes.index(ANY_OTHER) not in column.answers
    }


def _withhold_telling_splits(surface: Surface) -> None:
    """Find the small groups that nearly all share one sensitive answer, then drop their splits."""
    for table in surface.cells:
        for key, _level in table:
            if DIMENSIONS[key].sensitive and len(groups := _telling_groups(surface, table, key)):
                surface.withheld.setdefault(table, {})[key] = groups
    for table, (positions, numbers) in surface.cells.items():
        kept = ~is_withheld(surface, table, positions)
        surface.cells[table] = positions[kept], numbers[kept]


def _telling_groups(surface: Surface, table: Levelled, sensitive: Key) -> np.ndarray:
    """Positions, in the table without the sensitive dimension, of groups whose split tells."""
    positions, numbers = surface.cells[table]
    group_positions, group_numbers = surface.cells[without(table, sensitive)]
    group_of = project(surface, table, positions, without(table, sensitive))
    found = np.searchsorted(group_positions, group_of)
    size = np.append(group_numbers, 0)[found]
    size[~np.isin(group_of, group_positions)] = 0
    return np.unique(group_of[protection.gives_answer_away(size, numbers)])


def check(surface: Surface) -> None:
    """ArithmeticError when a number below the threshold is shown, a category that is named because it
    was shown is not, or a table lacks its margins."""
    for table, (positions, numbers) in surface.cells.items():
        if len(numbers) and numbers.min() < THRESHOLD:
            raise ArithmeticError(f"{table}: a number below the threshold is shown")
        if not np.isin(named(surface, table), positions).all():
            raise ArithmeticError(f"{table}: a category is named that is not shown")
        if not all(part in surface.cells for part in parts(table)):
            raise ArithmeticError(f"{table}: a table of its totals is missing")
    for level in range(LEVELS):
        for size in range(MAX_DIMENSIONS + 1):
            for keys in together(size):
                if levelled(keys, level) not in surface.cells:
                    raise ArithmeticError(f"{keys} at level {level} was not counted")
