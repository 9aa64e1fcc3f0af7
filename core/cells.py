"""Cells of CSV files and workbooks that no spreadsheet program takes for a formula."""

import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

STARTS_FORMULA = ("=", "+", "-", "@", "|", "%")
STARTS_CELL_ANEW = ("\t", "\r", "\n", "\0")
NUMBER = int | float | Decimal | date  # these go out as they are typed


def safe_row(cells: Iterable[object]) -> list[object]:
    """What a line of an export may hold: numbers and days as they are, everything else as safe text."""
    return [cell if isinstance(cell, NUMBER) else safe_text(cell) for cell in cells]


def safe_text(text: object) -> str:
    """Text that no spreadsheet takes for a formula: what looks like one gets an apostrophe first.

    Judged as a spreadsheet might see it: full-width signs folded (NFKC), invisible characters skipped.
    """
    written = str(text)
    seen = unicodedata.normalize("NFKC", written)
    visible = seen.lstrip("".join(c for c in seen if _is_invisible(c)))
    if visible.startswith(STARTS_FORMULA) or written.startswith(STARTS_CELL_ANEW):
        return "'" + written
    return written


def _is_invisible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")
