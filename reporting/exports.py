"""A protected table as a CSV file that spreadsheets open without running anything."""

import csv
import io

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from core.cells import safe_row
from reporting.tables import Cell, Layer, Table

BYTE_ORDER_MARK = "\ufeff"  # else spreadsheets take UTF-8 for an old code page


def to_csv(table: Table) -> bytes:
    """The file: what it is, as of when and how to read it; then the figures of the page."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")

    def write(*cells: object) -> None:
        writer.writerow(safe_row(cells))

    write(table.title)
    write(_("As of %(day)s") % {"day": date_format(localtime(table.taken_at), "Y-m-d")})
    for note in table.notes:
        write(note)
    write()
    split = [table.split_label] if table.split_label else []
    write(*split, table.row_label, *(column.label for column in table.columns), _("Total"))
    for layer in table.layers:
        label = [layer.label] if split else []
        for cells in lines_of(table, layer):
            write(*label, *cells)
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def lines_of(table: Table, layer: Layer) -> list[list[object]]:
    """One list a row, and one for the totals: figures as numbers, what is hidden as text."""
    body = zip(table.rows, layer.cells, layer.row_totals, strict=True)
    lines = [[row.label, *cells, total] for row, cells, total in body]
    lines.append([_("Total"), *layer.column_totals, layer.total])
    return [[label, *(_as_value(cell) for cell in cells)] for label, *cells in lines]


def _as_value(cell: Cell) -> object:
    return str(cell) if cell.number is None else cell.number
