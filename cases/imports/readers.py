"""From a file to rows of a known layout, streamed: a file of any length needs the same memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from types import ModuleType

from django.utils.translation import gettext as _

from cases.imports import ctdc, htcds
from cases.imports.cells import BLANKS
from cases.imports.files import Record, Source, records, sheets
from cases.imports.rows import Row
from core.exceptions import BadInput

LAYOUTS: dict[str, ModuleType] = {htcds.NAME: htcds, ctdc.NAME: ctdc}
NAMED_AT_MOST = 10  # columns listed in a refusal
SHOWN = 40  # characters of a column's name


@dataclass(slots=True)
class Table:
    """An opened file: its layout, its columns and its rows, which can be read once."""

    layout: str  # "htcds" or "ctdc"
    columns: list[str]  # as the layout spells them; "" for a column without a name
    notices: list[str]  # what the person should know and nothing needs to be refused for
    rows: Iterator[Row]


def open_table(path: Source) -> Table:
    """Open a CSV file (UTF-8, packed with gzip or not) or an XLSX workbook.

    BadInput, with a reason in plain words, for a file that is not what it claims, has no header
    row, or has columns that are unknown or stand there twice.
    """
    found = [sheet for sheet in sheets(path) if _layout_of(_header(records(path, sheet)).cells)]
    if not found:
        raise BadInput(_unknown_layout())
    if len(found) > 1:
        message = _("%(count)s sheets hold records. Put all records into one sheet.")
        raise BadInput(message % {"count": len(found)})
    rest = records(path, found[0])
    header = _header(rest)
    layout = _layout_of(header.cells)
    columns = [LAYOUTS[layout].column(cell) for cell in header.cells]
    _refuse_unknown(header.cells, columns)
    notices: list[str] = []
    second = next(rest, None)
    if second and layout == htcds.NAME and _is_label_row(second.cells):
        _take_labels(second.cells, columns, notices)
        second = None
    _refuse_duplicates(columns)
    return Table(layout, columns, notices, _rows(columns, chain([second] if second else [], rest)))


def _header(rest: Iterator[Record]) -> Record:
    """The first row that is not blank, without empty cells at its end."""
    for record in rest:
        cells = [cell.strip(BLANKS) for cell in record.cells]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            return Record(record.number, cells)
    return Record(1, [])


def _layout_of(header: list[str]) -> str:
    """The layout that knows most of the headers; "" when none knows any."""
    known = {name: sum(map(bool, map(each.column, header))) for name, each in LAYOUTS.items()}
    best = max(known, key=known.__getitem__)
    return best if known[best] else ""


def _unknown_layout() -> str:
    # Without repeating the row: when there is no header, its cells are somebody's data.
    return _(
        "The layout is not known: the first row must hold the column names of HTCDS 2.0 "
        "(prs_FirstName, vic_TypeOfExploitation …) or of CTDC (yearOfRegistration, gender …)."
    )


def _refuse_unknown(header: list[str], columns: list[str]) -> None:
    unknown = [cell for cell, column in zip(header, columns, strict=True) if cell and not column]
    if unknown:
        raise BadInput(_("Unknown columns: %(names)s.") % {"names": _listed(unknown)})


def _refuse_duplicates(columns: list[str]) -> None:
    twice = [column for column in dict.fromkeys(columns) if column and columns.count(column) > 1]
    if twice:
        raise BadInput(_("Columns that stand there twice: %(names)s.") % {"names": _listed(twice)})


def _listed(names: list[str]) -> str:
    printable = ("".join(filter(str.isprintable, name))[:SHOWN] for name in names)
    more = len(names) - NAMED_AT_MOST
    listed = ", ".join(list(printable)[:NAMED_AT_MOST])
    return (
        _("%(names)s and %(more)s more") % {"names": listed, "more": more} if more > 0 else listed
    )


def _is_label_row(cells: list[str]) -> bool:
    """HTCDS's workbook repeats the columns as labels in its second row."""
    filled = [cell for cell in cells if cell.strip(BLANKS)]
    labels = sum(bool(htcds.columns_labelled(cell)) for cell in filled)
    return labels * 2 > len(filled)


def _take_labels(labels: list[str], columns: list[str], notices: list[str]) -> None:
    """Name columns whose header is blank, and tell where header and label disagree.

    HTCDS's own workbook leaves one header blank, and has its five mailing labels in another order.
    """
    for position, (column, label) in enumerate(zip(columns, labels, strict=False)):
        meant = htcds.columns_labelled(label)
        if not column and len(meant) == 1:
            columns[position] = meant[0]
        elif column and meant and column not in meant:
            message = _("The column %(column)s has the label of %(other)s; the column name counts.")
            notices.append(message % {"column": column, "other": meant[0]})


def _rows(columns: list[str], rest: Iterator[Record]) -> Iterator[Row]:
    unnamed = [position for position, column in enumerate(columns) if not column]
    for number, cells in rest:
        if not any(cells) or not "".join(cells).strip(BLANKS):
            continue
        fault = _fault(cells, len(columns), unnamed)
        named = dict(zip(columns, cells, strict=False))
        if unnamed:
            named.pop("", None)
        yield Row(number, named, fault)


def _fault(cells: list[str], width: int, unnamed: list[int]) -> str:
    if len(cells) < width:
        return _("has fewer cells than there are columns")
    if len(cells) > width and "".join(cells[width:]).strip(BLANKS):
        return _("has more cells than there are columns")
    if any(cells[position].strip(BLANKS) for position in unnamed):
        return _("has a cell under a column without a name")
    return ""
