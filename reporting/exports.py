"""A protected table as a file: CSV and a workbook, from which nothing runs, and JSON for programs."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cases.workbooks.writing import OPTIONS, WIDTH
from core import demonstration
from core.cells import safe_row, safe_text
from reporting.datasheets import lines_of_sheet, sheet_of
from reporting.dimensions import DIMENSIONS
from reporting.measures import PERSONS, measures_of
from reporting.models import Snapshot
from reporting.protection import THRESHOLD
from reporting.surface import MAX_DIMENSIONS, MOST_OF_AMOUNTS, Surface
from reporting.tables import Category, Cell, Layer, Table, notes_of_all

BYTE_ORDER_MARK = "\ufeff"  # else spreadsheets take UTF-8 for an old code page


def to_csv(table: Table) -> bytes:
    """The file: what it is, as of when and how to read it; then the figures of the page."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows(safe_row(cells) for cells in _lines(table))
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def to_xlsx(table: Table) -> bytes:
    """The same lines as a sheet, in which figures are numbers; behind it the data sheet."""
    made, lines = io.BytesIO(), _lines(table)
    head = lines.index([]) + 1
    with xlsxwriter.Workbook(made, OPTIONS) as book:
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet(_("Statistics"))
        sheet.set_column(0, len(lines[head]) - 1, WIDTH)
        fill_sheet(sheet, lines, {0: bold, head: bold})
        sheet = book.add_worksheet(_("Data sheet"))
        sheet.set_column(0, 1, WIDTH)
        fill_sheet(sheet, list(lines_of_sheet(table)), {})
    return made.getvalue()


def to_json(table: Table) -> bytes:
    """The same for programs, with the code of every dimension and category beside its words."""
    return json.dumps(as_dict(table), ensure_ascii=False).encode()


def as_dict(table: Table) -> dict[str, Any]:
    """What the JSON file holds. docs/reference/statistics-api.md explains it."""
    asked = table.definition
    splits = [Category(layer.code, layer.label) for layer in table.layers if layer.code]
    axes = ((asked.rows, table.rows), (asked.columns, table.columns), (asked.split, splits))
    return {
        "title": table.title,
        "measure": _named(table.measure.code, table.measure.label),
        "as_of": _day(table.taken_at),
        "dimensions": [
            _named(key, DIMENSIONS[key].label)
            | {"categories": [_named(each.code, each.label) for each in categories]}
            for key, categories in axes
            if key
        ],
        "filters": [
            _named(key, DIMENSIONS[key].label)
            | {"category": _named(code, DIMENSIONS[key].label_of(code))}
            for key, code in asked.filters.items()
        ],
        "figures": [{"of": codes} | _as_figure(cell) for codes, cell in table.figures],
        "notes": table.notes,
        "data_sheet": sheet_of(table),
    }


def schema_of(snapshot: Snapshot, surface: Surface) -> dict[str, Any]:
    """What there is to ask for, without any figure: dimensions, and the categories of each level."""
    return {
        "snapshot": {"number": snapshot.number, "as_of": _day(snapshot.taken_at)},
        "threshold": THRESHOLD,
        "most_dimensions": MAX_DIMENSIONS,
        "measures": [
            _named(measure.code, measure.label)
            | {"most_dimensions": MOST_OF_AMOUNTS if measure.magnitude else MAX_DIMENSIONS}
            for measure in measures_of(surface)
        ],
        "dimensions": [
            _named(key, dimension.label)
            | {
                "several": dimension.several,
                "levels": [
                    [_named(code, dimension.label_of(code)) for code in codes]
                    for codes in surface.axes[key]
                ],
            }
            for key, dimension in DIMENSIONS.items()
            if key in surface.axes
        ],
        "notes": notes_of_all(),
    }


def lines_of(table: Table, layer: Layer) -> list[list[object]]:
    """One list a row, and one for the totals: figures as numbers, what is hidden as text."""
    body = zip(table.rows, layer.cells, layer.row_totals, strict=True)
    lines = [[row.label, *cells, total] for row, cells, total in body]
    lines.append([_("Total"), *layer.column_totals, layer.total])
    return [[label, *(_as_value(cell) for cell in cells)] for label, *cells in lines]


def fill_sheet(
    sheet: Any, lines: Sequence[Sequence[object]], styles: Mapping[int, Any], sum_of: Any = None
) -> None:
    """Write lines into a sheet of a workbook; `styles` are of texts by line, `sum_of` is of sums."""
    for number, line in enumerate(lines):
        for column, cell in enumerate(line):
            match cell:
                case Decimal():
                    sheet.write_number(number, column, cell, sum_of)
                case int() | float():
                    sheet.write_number(number, column, cell)
                case _:
                    sheet.write_string(number, column, safe_text(cell), styles.get(number))


def _lines(table: Table) -> list[list[Any]]:
    """The whole file, line by line. The empty one stands before the head of the table."""
    split = [table.split_label] if table.split_label else []
    lines: list[list[Any]] = [
        [table.title],
        *([told] for told in demonstration.lines()),
        [_("As of %(day)s") % {"day": _day(table.taken_at)}],
        *([note] for note in table.notes),
        [],
        [*split, table.row_label, *(column.label for column in table.columns), _("Total")],
    ]
    for layer in table.layers:
        label = [layer.label] if split else []
        lines += [[*label, *cells] for cells in lines_of(table, layer)]
    return lines


def _day(moment: datetime) -> str:
    return f"{localtime(moment):%Y-%m-%d}"


def _as_value(cell: Cell) -> object:
    return str(cell) if cell.number is None else cell.number


def _as_figure(cell: Cell) -> dict[str, object]:
    name = "persons" if cell.measure.code == PERSONS else "value"
    if cell.number is not None:
        return {name: cell.number}
    return {name: None, "reason": "withheld" if cell.figure.withheld else "hidden"}


def _named(code: str, label: object) -> dict[str, Any]:
    return {"code": code, "label": str(label)}
