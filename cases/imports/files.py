"""Opening a file by what it holds, not by what it is called, and giving its rows one by one."""

import csv
import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from math import inf
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TextIO
from zlib import error as ZlibError

from django.utils.translation import gettext as _

from cases.imports.workbooks import open_workbook, sheet_names, sheet_rows
from core.exceptions import BadInput

GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
BYTE_ORDER_16 = (b"\xff\xfe", b"\xfe\xff")
# First bytes -> what the file is, for a refusal that names it
OTHER_KINDS: dict[bytes, str] = {
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"{\\rtf": "RTF",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7-Zip",
    b"SQLite format 3": "SQLite",
}
AGE = b"age-encryption.org/"
OLD_OFFICE = b"\xd0\xcf\x11\xe0"  # .xls and .doc, and the wrapping of workbooks with a password
HEAD = 64 * 1024  # bytes looked at before reading
LONGEST_LINE = 8 * 1024 * 1024  # characters; a longer line is no table
LARGEST_UNPACKED = 512 * 1024**2  # characters; 100 MB packed could hold blank lines for days
DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class InMemory:
    """A file that lies on no disk: what was encrypted there, in clear."""

    content: bytes

    def open(self, mode: str) -> BinaryIO:
        """As of a path."""
        return BytesIO(self.content)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file that lies under seal and is opened piece by piece."""

    opened: Callable[[], BinaryIO]

    def open(self, mode: str) -> BinaryIO:
        """As of a path."""
        return self.opened()


Source = Path | InMemory | Sealed


class Record(NamedTuple):
    """One row as it stands in the file."""

    number: int  # as a spreadsheet shows it, counted from 1
    cells: list[str]


def sheets(path: Source) -> list[str]:
    """The names of a workbook's sheets; [""] for a file of text, which is one sheet.

    BadInput when the file is neither a workbook nor a CSV file.
    """
    with _opened(path) as file:
        kind = _kind(file)
        if kind != "xlsx":
            return [""]
        return sheet_names(open_workbook(file))


def records(path: Source, sheet: str = "") -> Iterator[Record]:
    """The rows of a CSV file, packed or not, or of one sheet. BadInput as soon as one is not."""
    with _opened(path) as file:
        kind = _kind(file)
        if kind == "xlsx":
            for number, cells in enumerate(sheet_rows(open_workbook(file), sheet), start=1):
                yield Record(number, cells)
        elif kind == "gzip":
            with gzip.open(file) as unpacked:
                yield from _text_records(unpacked, LARGEST_UNPACKED)
        else:
            yield from _text_records(file)


@contextmanager
def _opened(path: Source) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as error:
        # The system's words without the name: names of files may name people.
        raise BadInput(_("The file cannot be opened: %(why)s.") % {"why": error.strerror}) from None
    with file:
        yield file


def _kind(file: BinaryIO) -> str:
    """The kind of file: xlsx, gzip or text; BadInput for any other. The file is wound back."""
    head = file.read(HEAD)
    file.seek(0)
    if head.startswith(ZIP):
        return "xlsx"
    if head.startswith(GZIP):
        return "gzip"
    _refuse_other_kinds(head)
    return "text"


def _refuse_other_kinds(head: bytes) -> None:
    if not head.strip():
        raise BadInput(_("The file is empty."))
    for start, name in OTHER_KINDS.items():
        if head.startswith(start):
            message = _("This is a %(kind)s file, not a table. Give a CSV or XLSX file.")
            raise BadInput(message % {"kind": name})
    if head.startswith(OLD_OFFICE):
        raise BadInput(
            _("This is an old Excel file or one with a password. Save it as XLSX without password.")
        )
    if head.startswith(AGE):
        raise BadInput(
            _(
                "This file is encrypted. Whoever keeps the machine can bring it in: manage.py "
                "import_cases, with --identity."
            )
        )
    if head.startswith(BYTE_ORDER_16):
        raise BadInput(_("The text is in UTF-16. Save it as CSV in UTF-8."))
    if head.startswith((ZIP, GZIP)):
        raise BadInput(_("The file is packed twice. Unpack it first."))
    if b"\0" in head:
        raise BadInput(_("The file is not text: it holds NUL characters. Give a CSV or XLSX file."))


def _text_records(file: Any, most: float = inf) -> Iterator[Record]:
    """Rows of a CSV text in UTF-8 of at most so many characters, with comma, semicolon or tab between
    the cells.
    """
    number = 0
    try:
        _refuse_other_kinds(file.read(HEAD))
        file.seek(0)
        text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
        first = text.readline(LONGEST_LINE)
        csv.field_size_limit(LONGEST_LINE)
        lines = _lines(first, text, most)
        for cells in csv.reader(lines, delimiter=_delimiter(first), strict=True):
            number += 1
            yield Record(number, cells)
    except UnicodeDecodeError:
        message = _("The text is not in UTF-8 (near row %(row)s). Save it as CSV in UTF-8.")
        raise BadInput(message % {"row": number + 1}) from None
    except csv.Error:
        message = _("Row %(row)s is not well-formed CSV: look for a quotation mark left open.")
        raise BadInput(message % {"row": number + 1}) from None
    except (EOFError, ZlibError, gzip.BadGzipFile):
        raise BadInput(_("The packed file is damaged or cut short.")) from None


def _lines(first: str, text: TextIO, most: float) -> Iterator[str]:
    """The lines of the text, none longer than LONGEST_LINE and none with a NUL."""
    line, number, size = first, 1, 0
    while line:
        size += len(line)
        if size > most:
            raise BadInput(_("The packed file is too large. Unpack it, and split it."))
        if len(line) >= LONGEST_LINE:
            raise BadInput(_("Line %(line)s is too long for a table.") % {"line": number})
        if "\0" in line:
            raise BadInput(_("Line %(line)s holds a NUL character.") % {"line": number})
        yield line
        line, number = text.readline(LONGEST_LINE), number + 1


def _delimiter(header: str) -> str:
    # Excel writes semicolons where the decimal sign is a comma, as in the region.
    return max(DELIMITERS, key=header.count)
