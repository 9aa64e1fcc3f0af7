"""Dates as far as they are known: 2024, 2024-05 or 2024-05-17. As text they sort by time."""

import re
from datetime import date, timedelta

from django.utils import timezone
from django.utils.formats import date_format, get_format

EARLIEST = date(1900, 1, 1)  # what is entered lies no earlier

_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
_DAY_FIRST = re.compile(r"(?:(?:(\d{1,2})\.)?(\d{1,2})\.)?(\d{4})", re.ASCII)


def known_day(text: str) -> str:
    """What was typed, as 2024-05 or 05.2024, in the form that is kept. Raises ValueError."""
    if found := _ISO.fullmatch(text):
        parts = found.groups()
    elif found := _DAY_FIRST.fullmatch(text):
        parts = found.groups()[::-1]
    else:
        raise ValueError(text)
    known = [int(part) for part in parts if part]
    date(*known, *[1] * (3 - len(known)))
    return "-".join(f"{part:02}" for part in known)


class OutOfRange(ValueError):
    """A date before EARLIEST, or after today."""


def past_day(text: str) -> str:
    """As `known_day`, for what has been. Raises OutOfRange, too, which is a ValueError."""
    known = known_day(text)
    if not EARLIEST <= first_day(known) <= timezone.localdate():
        raise OutOfRange(known)
    return known


def first_day(known: str) -> date:
    """The first day that it can be."""
    return date.fromisoformat(known + "-01-01"[len(known) - 4 :])


def last_day(known: str) -> date:
    """The last day that it can be."""
    first = first_day(known)
    if len(known) == 4:
        return first.replace(month=12, day=31)
    if len(known) == 7:
        return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first


def typed_day(known: str) -> str:
    """As it is typed in the language of the page: 17.05.2024 or 2024-05-17."""
    if _ISO.fullmatch(known) and get_format("DATE_INPUT_FORMATS")[0] == "%d.%m.%Y":
        return ".".join(reversed(known.split("-")))
    return known


def told_day(known: str) -> str:
    """In words: 2024, May 2024, 17 May 2024. What is no such date stays as it is."""
    try:
        first = first_day(known)
    except ValueError:
        return known
    return date_format(first, {4: "Y", 7: "YEAR_MONTH_FORMAT"}.get(len(known), "DATE_FORMAT"))
