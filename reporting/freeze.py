"""The freeze: from exact persons to the protected surface, in memory and in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from reporting import protection
from reporting.dimensions import (
    ANY_OTHER,
    DIMENSIONS,
    LEVELS,
    NOT_IN_THREE,
    NOT_RECORDED,
    Dimension,
    Key,
)
from reporting.frame import Column, Frame, Placement, everyone
from reporting.surface import (
    MAX_DIMENSIONS,
    Levelled,
    Surface,
    levelled,
    parts,
    withholding_parts,
    without,
)

COLLECTED = {ANY_OTHER, NOT_RECORDED}


def build(frame: Frame, secret: bytes, epochs: np.ndarray) -> Surface:
    """Count and protect every table.

    `epochs` is an int64 array with the epoch of each person of the frame. The self-check at the end
    raises ArithmeticError rather than let a surface out that breaks a promise.
    """
    if len(frame) > protection.MAX_PERSONS:
        raise OverflowError(f"statistics take at most {protection.MAX_PERSONS} persons")
    tabulator = _Tabulator.of(frame, secret, epochs)
    columns = _levelled_columns(frame, tabulator)
    surface = Surface({key: [list(c.codes) for c in levels] for key, levels in columns.items()})
    for level in range(LEVELS):
        at_level = {key: levels[min(level, len(levels) - 1)] for key, levels in columns.items()}
        _tabulate(surface, tabulator, at_level, level, everyone(frame), ())
    _withhold_telling_splits(surface)
    check(surface)
    return surface


@dataclass(frozen=True)
class _Tabulator:
    """Turns placements of persons into protected cells."""

    record_keys: np.ndarray  # float64, whole numbers below 2**32
    cell_key: bytes

    @classmethod
    def of(cls, frame: Frame, secret: bytes, epochs: np.ndarray) -> "_Tabulator":
        key = protection.derive(secret, "record keys")
        keys = (
            protection.record_key(key, person, epoch)
            for person, epoch in zip(frame.persons, epochs.tolist(), strict=True)
        )
        record_keys = np.fromiter(keys, dtype=np.float64, count=len(frame))
        return cls(record_keys, protection.derive(secret, "cell keys"))

    def cells(self, placement: Placement) -> tuple[np.ndarray, np.ndarray]:
        """Positions that are shown, ascending, and their numbers (both int64)."""
        persons = placement.persons
        weights = self.record_keys if persons is None else self.record_keys[persons]
        counts = np.bincount(placement.cells)
        sums = np.bincount(placement.cells, weights=weights)
        numbers = protection.protect(counts, sums, self.cell_key)
        positions = np.flatnonzero(numbers != protection.HIDDEN)
        return positions, numbers[positions]


def _levelled_columns(frame: Frame, tabulator: _Tabulator) -> dict[Key, list[Column]]:
    """Each dimension at each of its levels. What is largest is decided on protected numbers."""
    columns = {}
    for key, dimension in DIMENSIONS.items():
        levels = [frame.columns[key]]
        if dimension.groups:
            levels.append(levels[0].grouped(*_declared_groups(dimension)))
        if dimension.largest:
            positions, numbers = tabulator.cells(everyone(frame).and_by(levels[0]))
            sizes = {levels[0].codes[p]: n for p, n in zip(positions, numbers, strict=True)}
            ranked = sorted(sizes.keys() - COLLECTED, key=lambda code: (-sizes[code], code))
            for kept in dimension.largest:
                levels.append(levels[-1].grouped(*_largest_groups(levels[-1], ranked[:kept])))
        columns[key] = levels
    return columns


def _declared_groups(dimension: Dimension) -> tuple[list[str], Mapping[str, str]]:
    assert dimension.groups is not None
    codes = [*dict.fromkeys(dimension.groups.values()), ANY_OTHER, NOT_RECORDED]
    return codes, dimension.groups


def _largest_groups(column: Column, kept: Sequence[str]) -> tuple[list[str], Mapping[str, str]]:
    codes = [code for code in column.codes if code in kept or code in COLLECTED]
    return codes, {code: ANY_OTHER for code in column.codes if code not in codes}


def _tabulate(
    surface: Surface,
    tabulator: _Tabulator,
    columns: Mapping[Key, Column],
    level: int,
    placement: Placement,
    keys: tuple[Key, ...],
) -> None:
    """Add the table of `keys`, in which persons are placed so, and all that break it down further."""
    if (table := levelled(keys, level)) not in surface.cells:
        surface.cells[table] = tabulator.cells(placement)
    if len(keys) == MAX_DIMENSIONS:
        return
    order = list(DIMENSIONS)
    for key in order[order.index(keys[-1]) + 1 if keys else 0 :]:
        deeper = (*keys, key)
        is_leaf = len(deeper) == MAX_DIMENSIONS
        if not (is_leaf and levelled(deeper, level) in surface.cells):
            further = placement.and_by(columns[key])
            _tabulate(surface, tabulator, columns, level, further, deeper)


def _withhold_telling_splits(surface: Surface) -> None:
    """Find the small groups that nearly all share one sensitive answer, then drop their splits."""
    for table in surface.cells:
        for key, _level in table:
            if DIMENSIONS[key].sensitive and len(groups := _telling_groups(surface, table, key)):
                surface.withheld.setdefault(table, {})[key] = groups
    for table, (positions, numbers) in surface.cells.items():
        kept = ~_is_withheld(surface, table, positions)
        surface.cells[table] = positions[kept], numbers[kept]


def _telling_groups(surface: Surface, table: Levelled, sensitive: Key) -> np.ndarray:
    """Positions, in the table without the sensitive dimension, of groups whose split tells."""
    positions, numbers = surface.cells[table]
    group_positions, group_numbers = surface.cells[without(table, sensitive)]
    group_of = _project(surface, table, positions, without(table, sensitive))
    size = dict(zip(group_positions.tolist(), group_numbers.tolist(), strict=True))
    telling = {
        group
        for group, number in zip(group_of.tolist(), numbers.tolist(), strict=True)
        if protection.gives_answer_away(size.get(group, 0), number)
    }
    return np.array(sorted(telling), dtype=np.int64)


def _is_withheld(surface: Surface, table: Levelled, positions: np.ndarray) -> np.ndarray:
    """Which of these cells are withheld, by a telling split or by the rule for three dimensions."""
    withheld = np.zeros(len(positions), dtype=bool)
    for part, sensitive in withholding_parts(table):
        groups = surface.withheld.get(part, {}).get(sensitive)
        if groups is not None:
            group_of = _project(surface, table, positions, without(part, sensitive))
            withheld |= np.isin(group_of, groups)
    if len(table) == MAX_DIMENSIONS:
        withheld |= _is_ruled_out(surface, table, positions)
    return withheld


def _is_ruled_out(surface: Surface, table: Levelled, positions: np.ndarray) -> np.ndarray:
    """`is_withheld_by_rule` for many cells of one table of three dimensions at once."""
    ruled_out = np.zeros(len(positions), dtype=bool)
    coordinates = np.unravel_index(positions, surface.shape(table))
    at = {
        key: (surface.codes(key, level), c)
        for (key, level), c in zip(table, coordinates, strict=True)
    }
    for rule in NOT_IN_THREE:
        if rule.keys() <= at.keys():
            matches = [
                np.isin(at[key][1], [i for i, code in enumerate(at[key][0]) if code in matching])
                for key, matching in rule.items()
            ]
            ruled_out |= np.logical_and.reduce(matches)
    return ruled_out


def _project(
    surface: Surface, table: Levelled, positions: np.ndarray, part: Levelled
) -> np.ndarray:
    """Positions in a table of some of its dimensions of the cells at `positions`."""
    coordinates = dict(zip(table, np.unravel_index(positions, surface.shape(table)), strict=True))
    projected = np.zeros(len(positions), dtype=np.int64)
    for entry, size in zip(part, surface.shape(part), strict=True):
        projected = projected * size + coordinates[entry]
    return projected


def check(surface: Surface) -> None:
    """ArithmeticError when a number below the threshold is shown or a table lacks its margins."""
    for table, (_positions, numbers) in surface.cells.items():
        if len(numbers) and numbers.min() < protection.THRESHOLD:
            raise ArithmeticError(f"{table}: a number below the threshold is shown")
        if not all(part in surface.cells for part in parts(table)):
            raise ArithmeticError(f"{table}: a table of its totals is missing")
    for level in range(LEVELS):
        for size in range(MAX_DIMENSIONS + 1):
            for keys in combinations(DIMENSIONS, size):
                if levelled(keys, level) not in surface.cells:
                    raise ArithmeticError(f"{keys} at level {level} was not counted")
