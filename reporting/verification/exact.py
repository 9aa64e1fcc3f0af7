"""The exact figures of one table: counted in memory for one look, and kept nowhere."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np

from reporting.dimensions import DIMENSIONS, Key
from reporting.frame import Frame, count, levels_of
from reporting.surface import Figure, Surface
from reporting.tables import Cell, Table, make_layer


def exact_table(protected: Table, surface: Surface, people: Frame) -> Table:
    """The same rows, columns and layers, with the number of these persons in each cell.

    `people` is a frame of the year of the snapshot that `surface` belongs to. What was put together
    into broader categories in the protected table is so here, too.
    """
    definition = protected.definition
    keys = [*definition.shown_keys, *definition.filters]
    counts = _Counts(_at_level(people, surface, keys, protected.level), definition.filters)
    rows = [row.code for row in protected.rows]
    columns = [column.code for column in protected.columns]
    splits = [layer.code or None for layer in protected.layers]
    layers = [make_layer(counts.at, definition, rows, columns, split) for split in splits]
    return replace(protected, layers=layers)


def _at_level(people: Frame, surface: Surface, keys: Collection[Key], level: int) -> Frame:
    """The persons with these dimensions alone, in the categories that they have at this level."""
    columns = {}
    for key in keys:
        shown = set(chain.from_iterable(surface.axes[key]))
        levels = levels_of(people.columns[key], DIMENSIONS[key], lambda column, shown=shown: shown)
        columns[key] = levels[min(level, len(levels) - 1)]
    return Frame(people.persons, columns)


@dataclass
class _Counts:
    """Exact counts of some persons, table by table as they are asked for."""

    people: Frame
    filters: Mapping[Key, str]
    tables: dict[tuple[Key, ...], np.ndarray] = field(default_factory=dict)

    def at(self, codes: Mapping[Key, str]) -> Cell:
        """How many persons have these codes, one a dimension."""
        keys = tuple(codes)
        if keys not in self.tables:
            self.tables[keys] = count(self.people, keys, self.filters)
        place = tuple(self.people.columns[key].codes.index(code) for key, code in codes.items())
        return Cell(Figure(int(self.tables[keys][place])))
