"""Which passwords are taken: long ones in which something is left without common words and local names.

No rule says which signs there must be. What is taken away: the words of common_words.txt, the
person's own names, the names of organisations, offices, their countries and teams, dates, years and
other long numbers, rows of keys, and what is repeated. Cyrillic counts as the Latin letters it sounds
like, and as the keys it is typed with.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from anyascii import anyascii
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Office, Organisation, Team

SHORTEST, LONGEST = 15, 200  # characters
LEFT = 8  # characters that have to be left
SHORTEST_WORD = 3  # of a local name; shorter ones stand in every other word
OWN_NAMES = ("username", "display_name", "first_name", "last_name", "email")

# Names that lower applications do not know, added when the upper ones start.
LOCAL_NAMES: list[Callable[[], Iterable[str]]] = []

LATIN_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
RUSSIAN_KEYS = "йцукенгшщзхъфывапролджэячсмитьбюё"
ROWS = (
    *("01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz"),
    *("1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "qazwsxedcrfvtgbyhnujmikolp"),
    *("1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "!@#$%^&*()", "!qaz@wsx#edc$rfv%tgb^yhn&ujm"),
    *("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),
    *("azertyuiop", "qwertz", "147258369", "741852963", "159753"),
)
IN_A_ROW = 4  # keys
ONE_FOR_ANOTHER = str.maketrans("@4301!$57", "aaeoiisst")
DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](?:\d\d){1,2}")
YEAR = re.compile(r"(?:19|20)\d\d")
NUMBER = re.compile(r"\d{4,}")
REPEATED = (re.compile(r"(.{2,40}?)\1+"), re.compile(r"(.)\1{2,}"))


class PasswordValidator:
    """The one validator of AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError with what to do instead."""
        if len(password) < SHORTEST:
            raise ValidationError(
                ngettext(
                    "Use at least %(number)s character.",
                    "Use at least %(number)s characters: four or five unrelated words are easy to keep.",
                    SHORTEST,
                ),
                params={"number": SHORTEST},
            )
        if len(password) > LONGEST:
            raise ValidationError(
                _("Use at most %(number)s characters."), params={"number": LONGEST}
            )
        if is_guessable(password, _local_words(user)):
            raise ValidationError(
                _(
                    "This is too easy to guess: without common words, names, dates and rows of keys "
                    "too little is left of it. Take four or five unrelated words."
                )
            )

    def get_help_text(self) -> str:
        return _("15 characters or more. Four or five unrelated words are easy to keep.")


def is_guessable(password: str, local_words: Iterable[str] = ()) -> bool:
    """Is too little left of it, in one of the ways it can be read?"""
    words = {*_common_words(), *map(_plain, local_words)}
    longest_first = sorted((word for word in words if len(word) >= SHORTEST_WORD), key=len)[::-1]
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return any(_left(reading, pattern) < LEFT for reading in _readings(password))


def _left(reading: str, words: re.Pattern[str]) -> int:
    """How many characters are left of a password."""
    left = reading
    for repeated in REPEATED:
        left = repeated.sub(r"\1", left)
    left = anyascii(_without_rows(left))
    for taken_away in (words, DATE, YEAR, NUMBER):
        left = taken_away.sub(" ", left)
    return len("".join(left.split()))


def _without_rows(text: str) -> str:
    """The text without runs along the keyboard or the alphabet, there and back."""
    kept, start = [], 0
    while start < len(text):
        end = start + IN_A_ROW
        if text[start:end] in _runs():
            while end < len(text) and text[end - IN_A_ROW + 1 : end + 1] in _runs():
                end += 1
            kept.append(" ")
            start = end
        else:
            kept.append(text[start])
            start += 1
    return "".join(kept)


@cache
def _runs() -> frozenset[str]:
    return frozenset(
        row[start : start + IN_A_ROW]
        for one in ROWS
        for row in (one, one[::-1])
        for start in range(len(row) - IN_A_ROW + 1)
    )


def _readings(password: str) -> Iterator[str]:
    """The password as it is, with letters for the signs that stand for them, and on other keys."""
    typed = password.casefold()
    yield typed
    yield typed.translate(ONE_FOR_ANOTHER)
    yield typed.translate(str.maketrans(LATIN_KEYS, RUSSIAN_KEYS))
    yield typed.translate(str.maketrans(RUSSIAN_KEYS, LATIN_KEYS))


@cache
def _common_words() -> frozenset[str]:
    lines = Path(__file__).with_name("common_words.txt").read_text().splitlines()
    return frozenset(
        _plain(word) for line in lines if not line.startswith("#") for word in line.split()
    )


def _local_words(user: Any) -> set[str]:
    """Names of the person, and of where they work and with whom."""
    names = [name for given in LOCAL_NAMES for name in given()]
    for model in (Organisation, Office, Team):
        names += model.objects.values_list("name", flat=True)
    names += [getattr(user, field, "") for field in OWN_NAMES]
    return {word for name in names for word in re.split(r"[\W_]+", name or "")}


def _plain(word: str) -> str:
    return anyascii(word.casefold()).lower()
