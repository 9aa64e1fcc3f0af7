"""The answer surface: every table that will ever be answered, counted and protected at one freeze.

Tables have up to MAX_DIMENSIONS dimensions; a filter is a dimension. A table's margins are the
tables of fewer dimensions, cells of their own and never sums. Only shown numbers are kept, so what
is stored can tell no more than what is shown.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import combinations

import numpy as np

from reporting.dimensions import DIMENSIONS, Key, is_withheld_by_rule

MAX_DIMENSIONS = 3
MOST_OF_AMOUNTS = 2  # dimensions of a table of sums and means
FORMAT = 2  # 1 had no magnitudes
Levelled = tuple[tuple[Key, int], ...]  # dimensions of a table, each with its level
Amounts = tuple[np.ndarray, np.ndarray, np.ndarray]  # positions, persons who have some, sums


def levelled(keys: Sequence[Key], level: int) -> Levelled:
    """The table of these dimensions at a level, in declared order; a dimension with fewer levels
    stands at its coarsest."""
    return _levelled(tuple(keys), level)


@cache
def _levelled(keys: tuple[Key, ...], level: int) -> Levelled:
    return tuple(
        (key, min(level, dimension.top_level))
        for key, dimension in DIMENSIONS.items()
        if key in keys
    )


@dataclass(frozen=True)
class Figure:
    """One cell as it may be seen: a number; or less than the threshold; or withheld by a rule.

    In tables of counts the number is whole.
    """

    value: int | float | None = None
    withheld: bool = False


@dataclass
class Surface:
    """Protected tables. `cells` and `withheld` hold positions in the flattened table.

    axes: dimension -> codes of each level. cells: table -> shown positions and their numbers.
    withheld: table -> sensitive dimension -> groups of the other dimensions whose split is withheld.
    magnitudes: name -> table -> shown positions, how many persons have an amount, and its sum.
    """

    axes: dict[Key, list[list[str]]]
    cells: dict[Levelled, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    withheld: dict[Levelled, dict[Key, np.ndarray]] = field(default_factory=dict)
    magnitudes: dict[str, dict[Levelled, Amounts]] = field(default_factory=dict)

    def codes(self, key: Key, level: int) -> list[str]:
        """Categories of a dimension at a level, or at its coarsest when it has fewer."""
        levels = self.axes[key]
        return levels[min(level, len(levels) - 1)]

    def table(self, keys: Iterable[Key], level: int) -> Levelled:
        """The table of these dimensions at a level, as `levelled` names it, by the levels that they had
        when this surface was made. KeyError for a dimension that it has not."""
        asked = frozenset(keys), level
        if asked not in self._tables:  # a table asks for each of its cells
            tops = {key: len(self.axes[key]) - 1 for key in DIMENSIONS if key in asked[0]}
            self._tables[asked] = tuple((key, min(level, top)) for key, top in tops.items())
        return self._tables[asked]

    @cached_property
    def _tables(self) -> dict[tuple[frozenset[Key], int], Levelled]:
        return {}

    def figure(self, codes: Mapping[Key, str], level: int) -> Figure:
        """The cell with these codes, one a dimension. KeyError for a table that is not here."""
        table = self.table(codes, level)
        positions, numbers = self.cells[table]
        found = _index(positions, self._position(table, codes))
        if found is not None:
            return Figure(int(numbers[found]))
        return Figure(withheld=is_withheld_by_rule(codes) or self._split_is_withheld(table, codes))

    def amount(self, name: str, codes: Mapping[Key, str], level: int) -> tuple[int, int] | None:
        """How many persons of the cell have an amount, and its sum in 1/scale; None if not shown."""
        table = self.table(codes, level)
        if table not in self.magnitudes[name]:
            return None
        positions, numbers, sums = self.magnitudes[name][table]
        found = _index(positions, self._position(table, codes))
        return None if found is None else (int(numbers[found]), int(sums[found]))

    def slice(
        self, keys: Sequence[Key], filters: Mapping[Key, str], level: int
    ) -> tuple[dict[Key, np.ndarray], np.ndarray]:
        """The shown cells of a table by `keys` with other dimensions fixed to one category each.

        Returns positions in each dimension's codes, and the numbers; arrays of one length.
        """
        table = self.table([*keys, *filters], level)
        positions, numbers = self.cells[table]
        coordinates = dict(
            zip(
                (key for key, _level in table),
                np.unravel_index(positions, self.shape(table)) if table else (),
                strict=True,
            )
        )
        wanted = np.ones(len(positions), dtype=bool)
        for key, code in filters.items():
            wanted &= coordinates[key] == self.codes(key, level).index(code)
        return {key: coordinates[key][wanted] for key in keys}, numbers[wanted]

    def shown_codes(self, key: Key, level: int) -> list[str]:
        """The categories of a dimension that have a shown figure of their own, in their order."""
        codes = self.codes(key, level)
        places, _numbers = self.slice([key], {}, level)
        return [codes[place] for place in places[key]]

    def codes_at(self, table: Levelled, positions: np.ndarray) -> Iterator[dict[Key, str]]:
        """The codes of each of these cells, one a dimension."""
        places = np.unravel_index(positions, self.shape(table)) if table else ()
        named = [
            np.array(self.codes(key, level))[at]
            for (key, level), at in zip(table, places, strict=True)
        ]
        keys = [key for key, _level in table]
        return (
            {key: str(codes[n]) for key, codes in zip(keys, named, strict=True)}
            for n in range(len(positions))
        )

    def shape(self, table: Levelled) -> tuple[int, ...]:
        return tuple(len(self.codes(key, level)) for key, level in table)

    def _position(self, table: Levelled, codes: Mapping[Key, str]) -> int:
        position = 0
        for key, level in table:
            categories = self.codes(key, level)
            position = position * len(categories) + self._places[key, level][codes[key]]
        return position

    @cached_property
    def _places(self) -> dict[tuple[Key, int], dict[str, int]]:
        """(dimension, level) -> code -> its place among the codes."""
        return {
            (key, level): {code: place for place, code in enumerate(codes)}
            for key, levels in self.axes.items()
            for level, codes in enumerate(levels)
        }

    def _split_is_withheld(self, table: Levelled, codes: Mapping[Key, str]) -> bool:
        for part, sensitive in withholding_parts(table):
            groups = self.withheld.get(part, {}).get(sensitive)
            if groups is not None and self._position(without(part, sensitive), codes) in groups:
                return True
        return False


def _index(positions: np.ndarray, wanted: int) -> int | None:
    """Where a position stands among ascending ones; None when it does not."""
    found = int(np.searchsorted(positions, wanted))
    return found if found < len(positions) and positions[found] == wanted else None


def without(table: Levelled, key: Key) -> Levelled:
    """The table with one dimension less."""
    return tuple(entry for entry in table if entry[0] != key)


def project(surface: Surface, table: Levelled, positions: np.ndarray, part: Levelled) -> np.ndarray:
    """Positions in a table of some of its dimensions of the cells at `positions`."""
    coordinates = dict(zip(table, np.unravel_index(positions, surface.shape(table)), strict=True))
    projected = np.zeros(len(positions), dtype=np.int64)
    for entry, size in zip(part, surface.shape(part), strict=True):
        projected = projected * size + coordinates[entry]
    return projected


def parts(table: Levelled) -> Iterator[Levelled]:
    """The table itself and every table of some of its dimensions, coarsest first."""
    for size in range(len(table) + 1):
        yield from combinations(table, size)


def withholding_parts(table: Levelled) -> Iterator[tuple[Levelled, Key]]:
    """Where a group may be withheld that reaches into this table: (part, its sensitive dimension)."""
    for part in parts(table):
        yield from ((part, key) for key, _level in part if DIMENSIONS[key].sensitive)


def pack(surface: Surface) -> bytes:
    """The surface as compressed JSON."""
    content = {
        "format": FORMAT,
        "axes": surface.axes,
        "cells": [
            [table, _steps(positions), numbers.tolist()]
            for table, (positions, numbers) in surface.cells.items()
        ],
        "withheld": [
            [table, {key: groups.tolist() for key, groups in by_key.items()}]
            for table, by_key in surface.withheld.items()
        ],
        "magnitudes": {
            name: [
                [table, _steps(positions), numbers.tolist(), sums.tolist()]
                for table, (positions, numbers, sums) in tables.items()
            ]
            for name, tables in surface.magnitudes.items()
        },
    }
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode())


def unpack(packed: bytes) -> Surface:
    """What `pack` was given."""
    content = json.loads(zlib.decompress(packed))
    if content["format"] not in (1, FORMAT):
        raise ValueError(f"a surface of format {content['format']} cannot be read")
    surface = Surface(content["axes"])
    for table, steps, numbers in content["cells"]:
        surface.cells[_as_table(table)] = _positions(steps), np.array(numbers)
    for table, by_key in content["withheld"]:
        surface.withheld[_as_table(table)] = {
            key: np.array(groups, dtype=np.int64) for key, groups in by_key.items()
        }
    for name, tables in content.get("magnitudes", {}).items():
        surface.magnitudes[name] = {
            _as_table(table): (_positions(steps), np.array(numbers), np.array(sums))
            for table, steps, numbers, sums in tables
        }
    return surface


def _steps(positions: np.ndarray) -> list[int]:
    return np.diff(positions, prepend=0).tolist()


def _positions(steps: list[int]) -> np.ndarray:
    return np.cumsum(steps, dtype=np.int64)


def _as_table(entries: list[list]) -> Levelled:
    return tuple((key, level) for key, level in entries)
