"""Published tables as files, and read back from them: CSV for spreadsheets, one JSON file for
programs.

Any kind of release that publishes tables can use this. What shows less than the threshold leaves as
hidden.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _

from core.cells import safe_row
from reporting.charts import bar_chart
from reporting.dimensions import DIMENSIONS, Key
from reporting.maps import choropleth
from reporting.protection import THRESHOLD
from reporting.surface import Figure
from reporting.tables import HIDDEN, Category, Cell, Definition, Layer, Table

JSON_NAME = "tables.json"
BYTE_ORDER_MARK = "\ufeff"  # else spreadsheets take UTF-8 for an old code page
TOTAL = "total"  # the code of the category that all others add up to


@dataclass(frozen=True)
class Axis:
    """A dimension of a table and its categories, as (code, words)."""

    key: Key
    categories: list[tuple[str, str]]

    @property
    def label(self) -> str:
        return str(DIMENSIONS[self.key].label)


@dataclass(frozen=True)
class Section:
    """What is printed as one table: a head, and lines that begin with words."""

    label: str
    head: list[str]
    lines: list[list[object]]
    chart: str  # SVG; "" where there would be too many bars
    map: str  # SVG; "" where it is not by countries alone


@dataclass(frozen=True)
class Published:
    """One table: figures by its axes, of which those along which they add up end with a total."""

    axes: list[Axis]
    figures: np.ndarray  # int64; below the threshold is not shown

    @classmethod
    def of(
        cls, dims: Sequence[Key], domain: Mapping[Key, Sequence[str]], figures: np.ndarray
    ) -> "Published":
        """The table of exact sums. Several answers a person add up to no total."""
        axes = []
        for at, key in enumerate(dims):
            dimension = DIMENSIONS[key]
            categories = [(code, str(dimension.label_of(code))) for code in domain[key]]
            if not dimension.several:
                categories.append((TOTAL, _("Total")))
                figures = np.concatenate([figures, figures.sum(axis=at, keepdims=True)], axis=at)
            axes.append(Axis(key, categories))
        return cls(axes, figures)

    @cached_property
    def title(self) -> str:
        return _("Persons registered, by %s") % _(", by ").join(
            axis.label.lower() for axis in self.axes
        )

    @property
    def name(self) -> str:
        return "-".join(axis.key for axis in self.axes)

    @cached_property
    def sections(self) -> list[Section]:
        """The table for print: one for each category of a third dimension.

        What has nothing to show is left out: sections, lines and columns.
        """
        if len(self.axes) < 3:
            found = [self._section("", self.figures)]
        else:
            last = self.axes[2]
            found = [
                self._section(f"{last.label}: {words}", self.figures[:, :, at])
                for at, (_code, words) in enumerate(last.categories)
            ]
        return [section for section in found if section.lines]

    def _section(self, label: str, figures: np.ndarray) -> Section:
        rows, columns = self.axes[0].categories, [("", _("Persons"))]
        if figures.ndim == 1:
            figures = figures[:, np.newaxis]
        else:
            columns = self.axes[1].categories
        shown = figures >= THRESHOLD
        down, across = shown.any(axis=1), shown.any(axis=0)
        figures = figures[down][:, across]
        rows = [each for each, keep in zip(rows, down, strict=True) if keep]
        columns = [each for each, keep in zip(columns, across, strict=True) if keep]
        lines: list[list[object]] = [
            [words, *map(as_shown, line)]
            for (_code, words), line in zip(rows, figures, strict=True)
        ]
        head = [self.axes[0].label, *(words for _code, words in columns)]
        table = self._table(label, rows, columns, figures)
        [layer] = table.layers
        chart, drawn_map = (draw(table, layer, name="chart") for draw in (bar_chart, choropleth))
        return Section(label, head, lines, chart, drawn_map)

    def _table(
        self,
        label: str,
        rows: list[tuple[str, str]],
        columns: list[tuple[str, str]],
        figures: np.ndarray,
    ) -> Table:
        """What is drawn: everything but the totals."""
        cells = [
            [
                _cell(figure)
                for figure, (of, _words) in zip(line, columns, strict=True)
                if of != TOTAL
            ]
            for line, (code, _words) in zip(figures, rows, strict=True)
            if code != TOTAL
        ]
        is_flat = len(self.axes) == 1
        keys = [axis.key for axis in self.axes] + ["", ""]
        layer = Layer(
            label=label,
            cells=[[] for _line in cells] if is_flat else cells,
            row_totals=[line[0] for line in cells] if is_flat else [],
            column_totals=[],
            total=_cell(0),
        )
        return Table(
            definition=Definition(keys[0], keys[1], keys[2]),
            taken_at=timezone.now(),
            rows=[Category(code, words) for code, words in rows if code != TOTAL],
            columns=[
                Category(code, words) for code, words in columns if code != TOTAL and not is_flat
            ],
            layers=[layer],
            left_out=0,
            is_grouped=False,
        )


def as_shown(figure: Any) -> object:
    """A figure as it may be seen: a number, or the sign for fewer than the threshold."""
    return int(figure) if figure >= THRESHOLD else HIDDEN


def as_files(tables: Sequence[Published]) -> dict[str, bytes]:
    """A CSV file for each table, and one JSON file of all of them."""
    files = {
        f"tables/{number:02}-{table.name}.csv": _as_csv(table)
        for number, table in enumerate(tables, start=1)
    }
    content = {"threshold": THRESHOLD, "tables": [_as_dict(table) for table in tables]}
    return files | {JSON_NAME: json.dumps(content, ensure_ascii=False).encode()}


def from_files(files: dict[str, bytes]) -> list[Published]:
    """The tables that `as_files` was given, with nothing that is hidden; none where it made no
    file.
    """
    if JSON_NAME not in files:
        return []
    return [
        Published(
            [
                Axis(axis["code"], [(each["code"], each["label"]) for each in axis["categories"]])
                for axis in table["dimensions"]
            ],
            np.array(_with_zeros(table["persons"]), dtype=np.int64),
        )
        for table in json.loads(files[JSON_NAME])["tables"]
    ]


def _as_dict(table: Published) -> dict[str, Any]:
    return {
        "title": table.title,
        "dimensions": [
            {
                "code": axis.key,
                "label": axis.label,
                "categories": [{"code": code, "label": words} for code, words in axis.categories],
            }
            for axis in table.axes
        ],
        "persons": _without_hidden(table.figures.tolist()),
    }


def _as_csv(table: Published) -> bytes:
    """A line for each cell: code and words of each dimension, and the figure."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    head = [name for axis in table.axes for name in (axis.key, axis.label)]
    writer.writerow(safe_row([*head, _("Persons")]))
    places = product(*(axis.categories for axis in table.axes))
    for categories, figure in zip(places, table.figures.ravel(), strict=True):
        words = [word for category in categories for word in category]
        writer.writerow(safe_row([*words, as_shown(figure)]))
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def _cell(figure: Any) -> Cell:
    return Cell(Figure(int(figure) if figure >= THRESHOLD else None))


def _without_hidden(figures: Any) -> Any:
    if isinstance(figures, list):
        return [_without_hidden(each) for each in figures]
    return figures if figures >= THRESHOLD else None


def _with_zeros(figures: Any) -> Any:
    if isinstance(figures, list):
        return [_with_zeros(each) for each in figures]
    return figures or 0
