"""A table as it is asked for and as it is answered: a look-up in the surface and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from core.exceptions import BadInput
from reporting.dimensions import ANY_OTHER, DIMENSIONS, LEVELS, Key
from reporting.protection import THRESHOLD
from reporting.surface import MAX_DIMENSIONS, Figure, Surface

HIDDEN = f"<{THRESHOLD}"
WITHHELD = gettext_lazy("not shown")
AUTOMATIC = -1  # level: the finest that leaves most persons in shown cells
ENOUGH_SHOWN = 0.9
MOST_CELLS = 8000  # that one page prints
LONG = 12  # categories; of longer lists only those with a figure somewhere are printed


@dataclass(frozen=True)
class Definition:
    """What a table is: names of dimensions, and codes to filter by. It holds no figure."""

    rows: Key
    columns: Key = ""
    split: Key = ""
    filters: Mapping[Key, str] = field(default_factory=dict)
    level: int = AUTOMATIC

    @property
    def shown_keys(self) -> list[Key]:
        return [key for key in (self.rows, self.columns, self.split) if key]

    def as_dict(self) -> dict[str, Any]:
        """For the log."""
        return {
            "rows": self.rows,
            "columns": self.columns,
            "split": self.split,
            "filters": dict(self.filters),
            "level": self.level,
        }


@dataclass(frozen=True)
class Category:
    code: str
    label: Any


@dataclass(frozen=True)
class Cell:
    """A figure and how it is written."""

    figure: Figure

    @property
    def number(self) -> int | None:
        return self.figure.value

    def __str__(self) -> str:
        if self.figure.withheld:
            return str(WITHHELD)
        return HIDDEN if self.figure.value is None else str(self.figure.value)


@dataclass(frozen=True)
class Layer:
    """The table for everybody, or for one category of the dimension it is split by.

    cells: one list a row, one cell a column (empty lists when there are no columns).
    """

    label: Any
    cells: list[list[Cell]]
    row_totals: list[Cell]
    column_totals: list[Cell]
    total: Cell
    code: str = ""  # of the category; none for everybody


@dataclass(frozen=True)
class Table:
    """Protected figures, with everything needed to read them."""

    definition: Definition
    taken_at: datetime
    rows: list[Category]
    columns: list[Category]
    layers: list[Layer]
    left_out: int
    is_grouped: bool  # whether some dimension stands at a broader level than its finest

    @property
    def row_label(self) -> Any:
        return DIMENSIONS[self.definition.rows].label

    @property
    def column_label(self) -> Any:
        return DIMENSIONS[self.definition.columns].label if self.definition.columns else ""

    @property
    def split_label(self) -> Any:
        return DIMENSIONS[self.definition.split].label if self.definition.split else ""

    @cached_property
    def title(self) -> str:
        """The table in a sentence."""
        names = [str(DIMENSIONS[key].label).lower() for key in self.definition.shown_keys]
        title = _("Persons registered, by %(dimensions)s") % {
            "dimensions": pgettext("between the dimensions of a table", ", by ").join(names)
        }
        for key, code in self.definition.filters.items():
            dimension = DIMENSIONS[key]
            title += _("; only %(dimension)s: %(category)s") % {
                "dimension": str(dimension.label).lower(),
                "category": dimension.label_of(code),
            }
        return title

    @property
    def figures(self) -> Iterator[tuple[dict[Key, str], Cell]]:
        """Every cell and its codes by dimension. A total has none of the dimension it is over."""
        rows, columns, split = (getattr(self.definition, k) for k in ("rows", "columns", "split"))
        for layer in self.layers:
            where = {split: layer.code} if layer.code else {}
            body = zip(self.rows, layer.cells, layer.row_totals, strict=True)
            for row, cells, row_total in body:
                in_row = where | {rows: row.code}
                for column, cell in zip(self.columns, cells, strict=True):
                    yield in_row | {columns: column.code}, cell
                yield in_row, row_total
            for column, cell in zip(self.columns, layer.column_totals, strict=True):
                yield where | {columns: column.code}, cell
            yield where, layer.total

    @property
    def cells(self) -> Iterator[Cell]:
        """Every cell, totals included."""
        return (cell for _codes, cell in self.figures)

    @property
    def has_figures(self) -> bool:
        return any(cell.number is not None for cell in self.cells)

    @property
    def notes(self) -> list[str]:
        """How to read the figures, in plain words; the same on the page and in the file."""
        notes = notes_of_all()
        if any(cell.figure.withheld for cell in self.cells):
            notes.append(
                _(
                    "“%(symbol)s” marks figures that would say too much about persons in a small"
                    " group, or that are never given in this much detail."
                )
                % {"symbol": WITHHELD}
            )
        keys = [*self.definition.shown_keys, *self.definition.filters]
        if any(DIMENSIONS[key].several for key in keys):
            notes.append(_("A person with several answers counts once under each of them."))
        if self.is_grouped:
            notes.append(
                _("Smaller categories are put together, so that more figures can be shown.")
            )
        if self.left_out:
            notes.append(
                ngettext(
                    "%(count)s category with %(symbol)s everywhere is left out.",
                    "%(count)s categories with %(symbol)s everywhere are left out.",
                    self.left_out,
                )
                % {"count": self.left_out, "symbol": HIDDEN}
            )
        return notes


def notes_of_all() -> list[str]:
    """How to read the figures of every table."""
    return [
        _(
            "%(symbol)s means fewer than %(threshold)s: from none to %(most)s persons. The table"
            " does not tell which."
        )
        % {"symbol": HIDDEN, "threshold": THRESHOLD, "most": THRESHOLD - 1},
        _(
            "To protect the persons, every figure was changed by a small random amount. The same"
            " persons always give the same figure. Figures just above %(symbol)s are slightly"
            " too high on average."
        )
        % {"symbol": HIDDEN},
        _("Totals were protected on their own, so figures do not add up exactly."),
    ]


def make_table(surface: Surface, definition: Definition, taken_at: datetime) -> Table:
    """Look the table up. BadInput when it is not one of those that are answered."""
    _check(surface, definition)
    selection = _select(surface, definition)
    rows = selection.kept[definition.rows]
    columns = selection.kept.get(definition.columns, [])
    splits = [None, *selection.kept.get(definition.split, [])]
    return Table(
        definition=definition,
        taken_at=taken_at,
        rows=_categories(definition.rows, rows),
        columns=_categories(definition.columns, columns),
        layers=[_layer(selection, definition, rows, columns, split) for split in splits],
        left_out=selection.left_out,
        is_grouped=selection.is_grouped,
    )


def _check(surface: Surface, definition: Definition) -> None:
    keys = [*definition.shown_keys, *definition.filters]
    for key in keys:
        if key not in DIMENSIONS or key not in surface.axes:
            raise BadInput(_("%(name)s is not a dimension of these statistics.") % {"name": key})
    if not definition.rows:
        raise BadInput(_("Choose what the rows are."))
    if len(set(keys)) < len(keys):
        raise BadInput(_("Choose each dimension once."))
    if len(keys) > MAX_DIMENSIONS:
        raise BadInput(
            _("A table has at most %(count)s dimensions, its filter included.")
            % {"count": MAX_DIMENSIONS}
        )
    if definition.level not in (AUTOMATIC, *range(LEVELS)):
        raise BadInput(_("There is no such level of detail."))
    if not _usable_levels(surface, definition):
        raise BadInput(_("There is no such category to filter by."))


def _usable_levels(surface: Surface, definition: Definition) -> list[int]:
    """Levels, finest first, at which the categories that are filtered by exist on their own."""
    candidates = range(LEVELS) if definition.level == AUTOMATIC else [definition.level]
    return [
        level
        for level in candidates
        if all(code in surface.codes(key, level) for key, code in definition.filters.items())
    ]


def _select(surface: Surface, definition: Definition) -> "_Selection":
    """The table at the finest level that can be printed and that leaves ENOUGH_SHOWN of the persons
    in shown cells; at the coarsest when none does.

    Judged on protected figures: what the table shows against what it shows without the dimensions
    that have levels. BadInput when even the coarsest is too large to print.
    """
    keys = definition.shown_keys
    plain = [key for key in keys if not DIMENSIONS[key].top_level]
    for level in _usable_levels(surface, definition):
        selection = _Selection(surface, keys, definition.filters, level)
        fits = selection.size <= MOST_CELLS
        if fits and selection.sum_shown(keys) >= ENOUGH_SHOWN * selection.sum_shown(plain):
            return selection
    if not fits:
        raise BadInput(_("This table is too large to print. Choose fewer groups or a filter."))
    return selection


@dataclass(frozen=True)
class _Selection:
    """The part of the surface that a table shows: its dimensions, a filter and a level."""

    surface: Surface
    keys: list[Key]
    filters: Mapping[Key, str]
    level: int

    @cached_property
    def axes(self) -> dict[Key, list[str]]:
        return {key: self.surface.codes(key, self.level) for key in self.keys}

    @cached_property
    def kept(self) -> dict[Key, list[str]]:
        """The categories to print: all of a short list, of a long one those with some figure."""
        shown: dict[Key, set[int]] = {key: set() for key in self.keys}
        for size in range(1, len(self.keys) + 1):
            for part in combinations(self.keys, size):
                places, _numbers = self.surface.slice(part, self.filters, self.level)
                for key in part:
                    shown[key].update(np.unique(places[key]).tolist())
        return {
            key: [
                code
                for place, code in enumerate(codes)
                if place in shown[key] or not (len(codes) > LONG or code == ANY_OTHER)
            ]
            for key, codes in self.axes.items()
        }

    @property
    def left_out(self) -> int:
        return sum(len(codes) - len(self.kept[key]) for key, codes in self.axes.items())

    @property
    def size(self) -> int:
        """Cells to print, totals included."""
        return prod(len(codes) + 1 for codes in self.kept.values())

    @property
    def is_grouped(self) -> bool:
        return any(len(codes) < len(self.surface.codes(key, 0)) for key, codes in self.axes.items())

    def sum_shown(self, keys: Sequence[Key]) -> int:
        """The sum of the shown figures of the table of these dimensions."""
        return int(self.surface.slice(keys, self.filters, self.level)[1].sum())

    def at(self, codes: Mapping[Key, str]) -> Cell:
        return Cell(self.surface.figure({**codes, **self.filters}, self.level))


def _layer(
    selection: _Selection,
    definition: Definition,
    rows: Sequence[str],
    columns: Sequence[str],
    split: str | None,
) -> Layer:
    where = {} if split is None else {definition.split: split}
    by_row = [where | {definition.rows: row} for row in rows]
    by_column = [{definition.columns: column} for column in columns]
    label = _("All") if split is None else DIMENSIONS[definition.split].label_of(split)
    return Layer(
        label=label,
        cells=[[selection.at(row | column) for column in by_column] for row in by_row],
        row_totals=[selection.at(row) for row in by_row],
        column_totals=[selection.at(where | column) for column in by_column],
        total=selection.at(where),
        code=split or "",
    )


def _categories(key: Key, codes: Sequence[str]) -> list[Category]:
    return [Category(code, DIMENSIONS[key].label_of(code)) for code in codes]
