"""Reading one cell: each reader takes the text of a cell, not empty, and gives the value.

A reader raises BadCell with a reason fit for the person who prepared the file. The reason never
repeats what stands in the cell.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cases import reference
from cases.countries import COUNTRIES, LANGUAGE_CODES
from cases.imports.rows import BadCell
from cases.imports.spellings import CODE_SPELLINGS, COUNTRY_NAMES
from core import known_days
from core.known_days import EARLIEST

Reader = Callable[[str], Any]

SHORT = 200  # characters: names, places, numbers
LONG = 10_000  # characters: accounts and other free text
BLANKS = " \t\r\n\u00a0"
ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
DOTTED_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
WHOLE_NUMBER = re.compile(r"(\d{1,9})(?:\.0+)?", re.ASCII)  # programs like to write 3 as 3.0
DECIMAL = re.compile(r"-?\d{1,3}(?:\.\d{1,15})?", re.ASCII)
E164 = re.compile(r"\+?[1-9]\d{1,14}", re.ASCII)
YES = frozenset({"true", "yes", "1"})
NO = frozenset({"false", "no", "0"})


def short_text(text: str) -> str:
    """One line of at most 200 characters; line breaks and runs of blanks become one blank."""
    return " ".join(_clean(text, SHORT).split())


def long_text(text: str) -> str:
    """Free text of at most 10,000 characters; line breaks stay."""
    return _clean(text, LONG)


def day(text: str) -> date:
    """A date from 1900 up to today."""
    value = planned_day(text)
    if value > timezone.localdate():
        raise BadCell(_("the date lies in the future"))
    return value


def planned_day(text: str) -> date:
    """A date from 1900 on, which may lie ahead: 2024-03-31 or 31.03.2024.

    Dates with slashes are refused: half the world reads them the other way round.
    """
    if found := ISO_DAY.fullmatch(text):
        year, month, number = (int(part) for part in found.groups())
    elif found := DOTTED_DAY.fullmatch(text):
        number, month, year = (int(part) for part in found.groups())
    else:
        raise BadCell(_("the date cannot be read; write it as 2024-03-31 or 31.03.2024"))
    try:
        value = date(year, month, number)
    except ValueError:
        raise BadCell(_("there is no such date")) from None
    if value < EARLIEST:
        raise BadCell(_("the date lies before 1900"))
    return value


def known_day(text: str) -> str:
    """A date up to today as far as it is known: also 2024, or 2024-05."""
    try:
        return known_days.past_day(text)
    except known_days.OutOfRange:
        raise BadCell(_("must lie between 1900 and today")) from None
    except ValueError:
        raise BadCell(
            _("the date cannot be read; write it as 2024-03-31, 2024-03 or 2024")
        ) from None


def yes_no(text: str) -> bool:
    """TRUE or FALSE, yes or no, 1 or 0."""
    word = text.casefold()
    if word not in YES and word not in NO:
        raise BadCell(_("must be TRUE or FALSE"))
    return word in YES


def whole_number(lowest: int, highest: int) -> Reader:
    """A whole number between the two, both allowed."""

    def read(text: str) -> int:
        found = WHOLE_NUMBER.fullmatch(text)
        if not found:
            raise BadCell(_("must be a whole number, written in digits only"))
        if not lowest <= int(found[1]) <= highest:
            message = _("must lie between %(lowest)s and %(highest)s")
            raise BadCell(message % {"lowest": lowest, "highest": highest})
        return int(found[1])

    return read


def degrees(limit: int) -> Reader:
    """A coordinate in decimal degrees from -limit to limit, kept as it is written."""

    def read(text: str) -> str:
        if not DECIMAL.fullmatch(text):
            raise BadCell(_("must be a number in degrees with a point, such as 53.9"))
        if abs(float(text)) > limit:
            raise BadCell(_("must lie between -%(limit)s and %(limit)s") % {"limit": limit})
        return text

    return read


def phone(text: str) -> str:
    """A number after E.164, such as +375291234567; blanks, hyphens and brackets are dropped."""
    number = re.sub(r"[\s().\u2010-\u2015-]", "", _clean(text, SHORT))
    if not E164.fullmatch(number):
        raise BadCell(_("is not a phone number; write it as +375291234567"))
    return number


def email(text: str) -> str:
    """An e-mail address."""
    address = _clean(text, SHORT)
    try:
        validate_email(address)
    except ValidationError:
        raise BadCell(_("is not an e-mail address")) from None
    return address


def code(list_name: str) -> Reader:
    """One code or label of that pick-list of cases.reference, in any case of letters."""

    def read(text: str) -> str:
        found = _codes_by_spelling(list_name).get(_spelling(text))
        if found is None:
            raise BadCell(_not_in_list(list_name))
        return found

    return read


def codes(list_name: str) -> Reader:
    """Codes or labels of that pick-list, separated by semicolons; each is kept once."""

    def read(text: str) -> list[str]:
        found = _several(text, _codes_by_spelling(list_name))
        if found is None:
            raise BadCell(_not_in_list(list_name))
        return found

    return read


def country(text: str) -> str:
    """ISO 3166-1 alpha-2 code, from a code of two or three letters or the country's name."""
    found = _countries_by_spelling().get(_spelling(text))
    if found is None:
        raise BadCell(_no_country())
    return found


def countries(text: str) -> list[str]:
    """Countries as in `country`, separated by semicolons."""
    found = _several(text, _countries_by_spelling())
    if found is None:
        raise BadCell(_no_country())
    return found


def language(text: str) -> str:
    """ISO 639-1 code, from a code of two or three letters or the language's name."""
    found = _languages_by_spelling().get(_spelling(text))
    if found is None:
        raise BadCell(_("is not a language of the list; write its code of two letters (ISO 639-1)"))
    return found


def _clean(text: str, limit: int) -> str:
    # The length comes first: a name of a megabyte is not worth looking at.
    if len(text) > limit:
        raise BadCell(_("is longer than %(limit)s characters") % {"limit": limit})
    if any(unicodedata.category(sign) == "Cc" and sign not in "\t\r\n" for sign in text):
        raise BadCell(_("holds control characters"))
    return unicodedata.normalize("NFC", text)


def _spelling(text: str) -> str:
    """What is compared: without case, typographic apostrophes, or blanks around words and ";"."""
    flat = " ".join(text[:LONG].casefold().replace("\u2019", "'").split())
    return flat.replace(" ;", ";").replace("; ", ";")


def _several(text: str, known: dict[str, str]) -> list[str] | None:
    """The codes of a cell with semicolons, or None when one is unknown.

    Some labels hold a semicolon themselves, so the longest run of parts that is known wins.
    """
    if len(text) > LONG:
        return None
    parts = [part for part in (_spelling(part) for part in text.split(";")) if part]
    found: dict[str, None] = {}
    start = 0
    while start < len(parts):
        for end in (start + 2, start + 1):
            match = known.get(";".join(parts[start:end]))
            if match is not None:
                found[match] = None
                start = min(end, len(parts))
                break
        else:
            return None
    return list(found)


def _not_in_list(list_name: str) -> str:
    allowed = ", ".join(each for each, _label in reference.entry_choices(list_name))
    return _("is not in the list; allowed: %(codes)s") % {"codes": allowed}


def _no_country() -> str:
    return _("is not a country; write its code of two or three letters (ISO 3166) or its name")


@cache
def _codes_by_spelling(list_name: str) -> dict[str, str]:
    choices = reference.entry_choices(list_name)
    spellings = CODE_SPELLINGS.get(list_name, {})
    return _by_spelling(choices, spellings.items())


@cache
def _countries_by_spelling() -> dict[str, str]:
    names = [(alpha2, name) for alpha2, (_alpha3, name) in COUNTRIES.items()]
    alpha3 = [(alpha3, alpha2) for alpha2, (alpha3, _name) in COUNTRIES.items()]
    return _by_spelling(names, [*alpha3, *COUNTRY_NAMES.items()])


@cache
def _languages_by_spelling() -> dict[str, str]:
    names = [(alpha2, name) for alpha2, (_alpha3, name) in LANGUAGE_CODES.items()]
    alpha3 = [(alpha3, alpha2) for alpha2, (alpha3, _name) in LANGUAGE_CODES.items()]
    return _by_spelling(names, alpha3)


def _by_spelling(
    choices: Iterable[tuple[str, Any]], others: Iterable[tuple[str, str]]
) -> dict[str, str]:
    """Accepted spelling -> code: codes first, other spellings, then labels in each language."""
    choices = list(choices)
    found = {_spelling(each): each for each, _label in choices}
    for spelling, each in others:
        found.setdefault(_spelling(spelling), each)
    for name in (None, *(name for name, _label in settings.LANGUAGES)):
        with translation.override(name):
            for each, label in choices:
                found.setdefault(_spelling(str(label)), each)
    return found
