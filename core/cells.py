"""Cells of CSV files and workbooks that no spreadsheet program takes for a formula, and the way back."""

import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

STARTS_FORMULA = ("=", "+", "-", "@", "|", "%")
STARTS_CELL_ANEW = ("\t", "\r", "\n", "\0")
STARTS_MARKUP = "<r>"  # goes into a workbook as markup, not as text, where XlsxWriter writes it
MARK = "'"
NUMBER = int | float | Decimal | date  # these go out as they are typed


def safe_row(cells: Iterable[object]) -> list[object]:
    """What a line of an export may hold: numbers and days as they are, everything else as safe text."""
    return [cell if isinstance(cell, NUMBER) else safe_text(cell) for cell in cells]


def safe_text(text: object) -> str:
    """Text that no spreadsheet takes for a formula: what looks like one gets an apostrophe first.

    Judged as a spreadsheet might see it: full-width signs folded (NFKC), invisible characters skipped.
    """
    written = str(text)
    return MARK + written if _is_harmful(written) else written


def marked_text(text: str) -> str:
    """As `safe_text`, and `plain_text` gives back exactly what went in.

    Text that begins with apostrophes of its own before something harmful gets one more.
    """
    return MARK + text if _is_harmful(text.lstrip(MARK)) else text


def plain_text(cell: str) -> str:
    """The text that `marked_text` made this cell of."""
    return cell[1:] if cell.startswith(MARK) and _is_harmful(cell.lstrip(MARK)) else cell


def _is_harmful(written: str) -> bool:
    seen = unicodedata.normalize("NFKC", written)
    visible = seen.lstrip("".join(c for c in seen if _is_invisible(c)))
    return visible.startswith(STARTS_FORMULA) or written.startswith(
        (*STARTS_CELL_ANEW, STARTS_MARKUP)
    )


def _is_invisible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")
