"""Rows become a workbook, and the workbook a file for one recipient. In memory: no file is made."""

from collections.abc import Collection, Iterable, Sequence
from io import BytesIO

import xlsxwriter

from cases.imports import htcds
from cases.imports.htcds_fields import DEPRECATED, HTCDS_FIELDS
from cases.workbooks.rows import Cells, LeftOut
from core.cells import marked_text
from vault import age

SHEET, LEFT_OUT = "HTCDS", "Left out"
# A text is a text: no formula, link or number is made of it. Without `in_memory` there are temp files.
OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
WIDTH = 24  # characters


def sealed_workbook(
    cases: Sequence[Sequence[Cells]],
    left_out: Iterable[LeftOut],
    *,
    sections: Collection[str],
    recipient: str,
) -> bytes:
    """The workbook of these cases, encrypted to an age recipient. Raises age.NoRecipient.

    `sections` are the sections of HTCDS_FIELDS that whoever asked may read: there are columns of no
    others, so that an empty cell always means "not recorded".
    """
    return age.encrypt(_workbook(cases, left_out, sections), recipient)


def _workbook(
    cases: Sequence[Sequence[Cells]], left_out: Iterable[LeftOut], sections: Collection[str]
) -> bytes:
    made = BytesIO()
    with xlsxwriter.Workbook(made, OPTIONS) as book:
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet(SHEET)
        columns = _columns(cases, sections)
        labels = [htcds.CASE_LABEL if c == htcds.CASE else htcds.label(c) for c in columns]
        _write(sheet, 0, columns, bold)
        _write(sheet, 1, labels, bold)
        sheet.freeze_panes(2, 0)
        sheet.set_column(0, len(columns) - 1, WIDTH)
        position = 2
        for number, rows in enumerate(cases, start=1):
            for cells in rows:
                numbered = cells | {htcds.CASE: str(number)}
                _write(sheet, position, [numbered.get(column, "") for column in columns])
                position += 1
        rest = book.add_worksheet(LEFT_OUT)
        rest.set_column(0, 2, WIDTH)
        _write(rest, 0, ("Case", "Column", "Reason"), bold)
        for number, one in enumerate(left_out, start=1):
            _write(rest, number, one)
    return made.getvalue()


def _columns(cases: Sequence[Sequence[Cells]], sections: Collection[str]) -> list[str]:
    """HTCDS's live fields in its order; what is deprecated, or ours, where it is needed."""
    used = {name for rows in cases for cells in rows for name in cells}
    needed = {name for name in HTCDS_FIELDS if name in used or name not in DEPRECATED}
    found = [name for name in HTCDS_FIELDS if name in needed]
    found = [name for name in found if HTCDS_FIELDS[name].section in sections]
    return [htcds.CASE, *found] if any(len(rows) > 1 for rows in cases) else found


def _write(sheet: object, row: int, texts: Iterable[str], style: object = None) -> None:
    for column, text in enumerate(texts):
        if text:
            sheet.write_string(row, column, marked_text(text), style)  # type: ignore[attr-defined]
