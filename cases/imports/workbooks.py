"""Reading XLSX workbooks."""

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, BinaryIO
from zlib import error as ZlibError

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from core.exceptions import BadInput

LARGEST_MEMBER = 512 * 1024**2  # bytes of one packed file, unpacked
# The library lays a sheet out as a full rectangle of about 40 bytes a cell. One stray cell in the
# last corner would ask for 500 GB and end the process, so the rectangle is measured first.
LARGEST_SHEET = 18_000_000  # cells
CHUNK = 1024**2
# What reading a damaged workbook ends in: a wrong offset, for one, is an OSError.
DAMAGE = (CalamineError, zipfile.BadZipFile, EOFError, ZlibError, OSError, RuntimeError, ValueError)
OVERLAP = 256  # bytes kept, so that a tag cut by the end of a chunk is still seen
ROW_TAG = re.compile(rb"<(?:\w+:)?row\s[^>]*?\br\s*=\s*[\"'](\d{1,10})")
CELL_TAG = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br\s*=\s*[\"']([A-Za-z]{1,7})(\d{1,10})")


def open_workbook(file: BinaryIO) -> CalamineWorkbook:
    """The workbook in the file; BadInput when there is none, or one too large to read."""
    try:
        with zipfile.ZipFile(file) as packed:
            _refuse_unreadable(packed)
        file.seek(0)
        return CalamineWorkbook.from_filelike(file)
    except DAMAGE:
        raise BadInput(_damaged()) from None


def sheet_names(workbook: CalamineWorkbook) -> list[str]:
    """The sheets that hold cells (not charts), hidden ones too."""
    kinds = ((each.name, each.typ) for each in workbook.sheets_metadata)
    return [name for name, kind in kinds if kind == SheetTypeEnum.WorkSheet]


def sheet_rows(workbook: CalamineWorkbook, sheet: str) -> Iterator[list[str]]:
    """Every row of the sheet from the first, blank ones too, as texts."""
    try:
        for row in workbook.get_sheet_by_name(sheet).iter_rows():
            yield [_text(value) for value in row]
    except CalamineError:
        raise BadInput(_damaged()) from None


def _damaged() -> str:
    return _("The workbook is damaged or cut short.")


def _refuse_unreadable(packed: zipfile.ZipFile) -> None:
    members = packed.infolist()
    if not any(member.filename == "xl/workbook.xml" for member in members):
        raise BadInput(_("This is a packed file, but no Excel workbook. Give a CSV or XLSX file."))
    for member in members:
        if member.filename.endswith((".xml", ".rels")) and _is_too_large(packed, member):
            raise BadInput(
                _("The workbook is too large. Delete stray cells, or save it as CSV in UTF-8.")
            )


def _is_too_large(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    """Does this part of the workbook span more cells, or hold more bytes, than we take?"""
    rows = columns = 1
    size, tail = 0, b""
    with packed.open(member) as part:
        while chunk := part.read(CHUNK):
            size += len(chunk)
            if size > LARGEST_MEMBER:
                return True
            text = tail + chunk
            rows = max([rows, *map(int, ROW_TAG.findall(text))])
            for letters, number in CELL_TAG.findall(text):
                rows, columns = max(rows, int(number)), max(columns, _column(letters))
            tail = text[-OVERLAP:]
    return rows * columns > LARGEST_SHEET


def _column(letters: bytes) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _text(value: Any) -> str:
    """A cell as a person would type it: whole numbers without point, dates as 2024-03-31."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:.15g}"
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
