"""A table as it is asked for and as it is answered: a look-up in the surface and nothing else."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from core.exceptions import BadInput
from reporting.dimensions import ANY_OTHER, DIMENSIONS, LEVELS, NO_ANSWER, Key, fit_together
from reporting.measures import (
    LEAST_WHOLE,
    MEASURES,
    PERSONS,
    ROW_SHARE,
    Measure,
    figure_of,
    measures_of,
)
from reporting.protection import THRESHOLD
from reporting.surface import MAX_DIMENSIONS, MOST_OF_AMOUNTS, Figure, Surface

HIDDEN = f"<{THRESHOLD}"
WITHHELD = gettext_lazy("not shown")
AUTOMATIC = -1  # level: the finest that leaves most persons in shown cells
ENOUGH_SHOWN = 0.97
MOST_CELLS = 8000  # that one page prints
LONG = 12  # categories; of longer lists only those with a figure somewhere are printed
WIDE = 9  # the same of columns


@dataclass(frozen=True)
class Definition:
    """What a table is: names of dimensions, and codes to filter by. It holds no figure."""

    rows: Key
    columns: Key = ""
    split: Key = ""
    filters: Mapping[Key, str] = field(default_factory=dict)
    level: int = AUTOMATIC
    measure: str = PERSONS  # code of reporting.measures.MEASURES

    @property
    def shown_keys(self) -> list[Key]:
        return [key for key in (self.rows, self.columns, self.split) if key]

    @property
    def over(self) -> Key:
        """The dimension whose categories are shares of one whole; none where no shares are shown."""
        return MEASURES[self.measure].over(self.rows, self.columns)

    @property
    def id(self) -> str:
        """The table's name in addresses, files and the log: `year.gender~age-child`.

        Dimensions in the order rows, columns, split; then the filter, and what is not usual. It is made
        of declared names and codes alone, and forms.TableForm.of_table reads it.
        """
        shown = ".".join((self.rows, self.columns, self.split)).rstrip(".")
        parts = [f"{key}-{code}" for key, code in self.filters.items()]
        if self.level != AUTOMATIC:
            parts.append(f"level-{self.level}")
        if self.measure != PERSONS:
            parts.append(f"measure-{self.measure}")
        return "~".join([shown, *parts])


@dataclass(frozen=True)
class Category:
    code: str
    label: Any


@dataclass(frozen=True)
class Cell:
    """A figure and how it is written."""

    figure: Figure
    measure: Measure = MEASURES[PERSONS]

    @property
    def number(self) -> int | float | None:
        return self.figure.value

    def __str__(self) -> str:
        if self.figure.withheld:
            return str(WITHHELD)
        return HIDDEN if self.number is None else self.measure.written(self.number)


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
    level: int = 0  # of detail; where it was left open, the one that was chosen
    snapshot: int = 0  # number of the one that it was looked up in

    @property
    def measure(self) -> Measure:
        return MEASURES[self.definition.measure]

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
        return title_of(self.definition)

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

    @cached_property
    def share_shown(self) -> float | None:
        """About which part of the persons is in figures that are shown, from 0 to 1.

        Shown figures, totals left out, over the protected total: noise can carry it above 1, where it
        is cut. None where it cannot be told: the total is hidden, or a person may count several times.
        """
        several = any(DIMENSIONS[key].several for key in self.definition.shown_keys)
        total = self.layers[0].total.number
        if several or not total or self.definition.measure != PERSONS:
            return None
        whole = len(self.definition.shown_keys)
        shown = sum(cell.number or 0 for codes, cell in self.figures if len(codes) == whole)
        return min(1.0, shown / total)

    @property
    def percent_shown(self) -> int | None:
        """`share_shown` as a whole percentage, rounded down: 100 % is said of all alone."""
        return None if self.share_shown is None else int(100 * self.share_shown)

    @property
    def has_figures(self) -> bool:
        return any(cell.number is not None for cell in self.cells)

    @property
    def _symbol(self) -> str:
        """What stands for figures of too few persons."""
        return HIDDEN if self.measure.code == PERSONS else f"“{WITHHELD}”"

    @property
    def notes(self) -> list[str]:
        """How to read the figures, in plain words; the same on the page and in the file."""
        notes = notes_of(self.measure)
        if any(cell.figure.withheld for cell in self.cells):
            notes.append(
                _(
                    "“%(symbol)s” marks figures that would say too much about persons in a small"
                    " group, or that are never given in this much detail."
                )
                % {"symbol": WITHHELD}
            )
        over = self.definition.over
        if over and DIMENSIONS[over].several:
            notes.append(
                _("Shares add up to more than 100 %, as some persons have several answers.")
            )
        keys = [*self.definition.shown_keys, *self.definition.filters]
        if any(DIMENSIONS[key].several for key in keys):
            notes.append(_("A person with several answers counts once under each of them."))
        if self.is_grouped:
            notes.append(
                _("Smaller categories are put together, so that more figures can be shown.")
            )
        if self.percent_shown is not None:
            notes.append(
                _("About %(share)s %% of the persons are in figures that are shown.")
                % {"share": self.percent_shown}
            )
        if self.left_out:
            notes.append(
                ngettext(
                    "%(count)s category with %(symbol)s everywhere is left out.",
                    "%(count)s categories with %(symbol)s everywhere are left out.",
                    self.left_out,
                )
                % {"count": self.left_out, "symbol": self._symbol}
            )
        return notes


def title_of(definition: Definition) -> str:
    """What a table shows, in a sentence."""
    measure = MEASURES[definition.measure]
    names = [str(DIMENSIONS[key].label).lower() for key in definition.shown_keys]
    filters = dict(definition.filters)
    says = {
        "measure": measure.says,
        "dimensions": pgettext("between the dimensions of a table", ", by ").join(names),
        "year": filters.get("year", ""),
    }
    if says["year"].isdigit() and measure.code == PERSONS:
        del filters["year"]
        title = _("%(measure)s in %(year)s, by %(dimensions)s") % says
    else:
        title = _("%(measure)s, by %(dimensions)s") % says
    for key, code in filters.items():
        dimension = DIMENSIONS[key]
        title += _("; only %(dimension)s: %(category)s") % {
            "dimension": str(dimension.label).lower(),
            "category": dimension.label_of(code),
        }
    return title


def notes_of(measure: Measure) -> list[str]:
    """How to read the figures of every table of a measure."""
    if measure.is_share:
        return [_shares_note(), _noise_note(), _totals_note()]
    if measure.magnitude:
        return [_amounts_note(measure), _noise_note(), _totals_note()]
    return notes_of_all()


def _shares_note() -> str:
    return _(
        "Shares are worked out from protected numbers, of the persons with an answer as far as is"
        " known, and only where these are at least %(least)s."
    ) % {"least": LEAST_WHOLE}


def _amounts_note(measure: Measure) -> str:
    note = _(
        "Only persons of whom an amount is known count. It is shown where they are at least"
        " %(threshold)s and no one or two of them make up nearly all of it."
    ) % {"threshold": THRESHOLD}
    if measure.is_mean:
        note += " " + _(
            "A mean is a protected sum divided by a protected number: of few persons it may be off by a"
            " third."
        )
    return note


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
        _totals_note(),
    ]


def _noise_note() -> str:
    return _(
        "To protect the persons, every number behind it was changed by a small random amount. The"
        " same persons always give the same figure."
    )


def _totals_note() -> str:
    return _("Totals were protected on their own, so figures do not add up exactly.")


def make_table(
    surface: Surface, definition: Definition, taken_at: datetime, snapshot: int = 0
) -> Table:
    """Look the table up. BadInput when it is not one of those that are answered."""
    _check(surface, definition)
    selection = _select(surface, definition)
    kept = selection.kept
    if over := definition.over:  # no answer is no part of those with an answer
        kept = kept | {over: [code for code in kept[over] if code not in NO_ANSWER]}
    rows = kept[definition.rows]
    columns = kept.get(definition.columns, [])
    splits = [None, *kept.get(definition.split, [])]
    at = partial(selection.at, definition)
    return Table(
        definition=definition,
        taken_at=taken_at,
        rows=_categories(definition.rows, rows),
        columns=_categories(definition.columns, columns),
        layers=[make_layer(at, definition, rows, columns, split) for split in splits],
        left_out=selection.left_out,
        is_grouped=selection.is_grouped,
        level=selection.level,
        snapshot=snapshot,
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
    if not fit_together(keys):
        raise BadInput(_("Two of these dimensions say the same. Choose one of them."))
    if len(keys) > MAX_DIMENSIONS:
        raise BadInput(
            _("A table has at most %(count)s dimensions, its filter included.")
            % {"count": MAX_DIMENSIONS}
        )
    _check_measure(surface, definition, len(keys))
    if definition.level not in (AUTOMATIC, *range(LEVELS)):
        raise BadInput(_("There is no such level of detail."))
    if not _usable_levels(surface, definition):
        raise BadInput(_("There is no such category to filter by."))


def _check_measure(surface: Surface, definition: Definition, dimensions: int) -> None:
    measure = MEASURES.get(definition.measure)
    if measure is None or measure not in measures_of(surface):
        raise BadInput(_("There is no such measure in these statistics."))
    if measure.code == ROW_SHARE and not definition.columns:
        raise BadInput(
            _("A share of the row needs columns. Choose columns, or the share of column.")
        )
    if measure.magnitude and dimensions > MOST_OF_AMOUNTS:
        raise BadInput(
            _(
                "A table of sums or means has at most %(count)s dimensions, its filter included."
                " Choose fewer, or count persons."
            )
            % {"count": MOST_OF_AMOUNTS}
        )


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

    Judged on protected figures: what the table shows against what it would show without the dimensions
    that have levels. BadInput when even the coarsest is too large to print.
    """
    keys = definition.shown_keys
    for level in _usable_levels(surface, definition):
        selection = _Selection(surface, keys, definition.filters, level, definition.columns)
        fits = selection.size <= MOST_CELLS
        if fits and selection.sum_shown(keys) >= ENOUGH_SHOWN * selection.expected:
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
    columns: Key = ""

    @cached_property
    def axes(self) -> dict[Key, list[str]]:
        return {key: self.surface.codes(key, self.level) for key in self.keys}

    @cached_property
    def kept(self) -> dict[Key, list[str]]:
        """The categories to print: all of a short list, of a long one those with some figure.

        Columns run off the page sooner than rows do; but where none has a figure, all are printed.
        """
        shown: dict[Key, set[int]] = {key: set() for key in self.keys}
        for size in range(1, len(self.keys) + 1):
            for part in combinations(self.keys, size):
                places, _numbers = self.surface.slice(part, self.filters, self.level)
                for key in part:
                    shown[key].update(np.unique(places[key]).tolist())
        kept = {
            key: [
                code
                for place, code in enumerate(codes)
                if place in shown[key] or not (len(codes) > self._most(key) or code == ANY_OTHER)
            ]
            for key, codes in self.axes.items()
        }
        if self.columns and not kept[self.columns]:
            kept[self.columns] = self.axes[self.columns]
        return kept

    def _most(self, key: Key) -> int:
        return WIDE if key == self.columns else LONG

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

    @property
    def expected(self) -> float:
        """About what the sum would be if nothing were hidden for the dimensions that have levels: the
        sum without them, as many times as persons have answers where they may have several."""
        plain = [key for key in self.keys if not DIMENSIONS[key].top_level]
        several = [key for key in self.keys if DIMENSIONS[key].several and key not in plain]
        total = max(self.sum_shown([]), 1)
        return self.sum_shown(plain) * prod(self.sum_shown([key]) / total for key in several)

    def sum_shown(self, keys: Sequence[Key]) -> int:
        """The sum of the shown figures of the table of these dimensions."""
        return int(self.surface.slice(keys, self.filters, self.level)[1].sum())

    def at(self, definition: Definition, codes: Mapping[Key, str]) -> Cell:
        measure, whole = MEASURES[definition.measure], {**codes, **self.filters}
        return Cell(figure_of(self.surface, measure, whole, self.level, definition.over), measure)


def make_layer(
    at: Callable[[Mapping[Key, str]], Cell],
    definition: Definition,
    rows: Sequence[str],
    columns: Sequence[str],
    split: str | None,
) -> Layer:
    """One layer of the cells that `at` gives for their codes by dimension, totals included."""
    where = {} if split is None else {definition.split: split}
    by_row = [where | {definition.rows: row} for row in rows]
    by_column = [{definition.columns: column} for column in columns]
    label = _("All") if split is None else DIMENSIONS[definition.split].label_of(split)
    return Layer(
        label=label,
        cells=[[at(row | column) for column in by_column] for row in by_row],
        row_totals=[at(row) for row in by_row],
        column_totals=[at(where | column) for column in by_column],
        total=at(where),
        code=split or "",
    )


def _categories(key: Key, codes: Sequence[str]) -> list[Category]:
    return [Category(code, DIMENSIONS[key].label_of(code)) for code in codes]
