"""What somebody typed into the search box, taken apart into names, numbers and dates of birth."""

import re
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from cases.search.aliases import aliases
from cases.search.skeleton import (
    as_spoken,
    number_key,
    readings,
    skeleton_of_word,
    words_of,
)

MAX_QUERY = 200  # characters; the rest is not read
MAX_WORDS = 8  # names of one question; the rest is not read
ONE_SLIP_FROM, TWO_SLIPS_FROM = 4, 8  # letters
WHOLE_NUMBER_FROM = 7  # signs of a document's number or a phone's
LENGTH_OF_DAY = len("2000-12-31")
BEGINNING_FROM = 3  # letters of a word that may be the beginning of another; the last one: any

# What the last sound of a beginning may yet become: "Gonc" begins "Gonchar", "Ye" begins with "Y".
_UNFINISHED = {"i": "[ie]"}
_UNFINISHED_LATIN = {"c": "[cCk]", "s": "[sS]", "z": "[zZ]", "k": "[kh]", "t": "[tcC]", "p": "[pf]"}
_HALF_A_GROUP = re.compile(r"(?<=sh)c$|(?<=sz)c$|(?<=[st])c$")  # of shch, szcz, sch, tch

_DAY = re.compile(r"\b(?:(\d{4})-(\d\d?)-(\d\d?)|(\d\d?)[./](\d\d?)[./](\d{4}))\b")
_YEAR = re.compile(r"(?:19|20)\d\d")
_PASSPORT_DIGITS = re.compile(r"\d{6,8}")
_PASSPORT_SERIES = range(1, 4)  # letters before those digits


@dataclass(frozen=True)
class Word:
    """A name: its skeletons and how far from them a stored name may lie."""

    readings: tuple[str, ...]  # the likeliest first
    spoken: str
    aliases: frozenset[str]
    beginning: str  # pattern of skeletons that begin so; empty when a beginning is not enough
    slips: int  # edits forgiven


@dataclass(frozen=True)
class Question:
    """All that must match; of the keys of one number, and the tokens of one date, one is enough."""

    words: list[Word]
    numbers: list[list[str]]
    born: list[list[str]]

    @property
    def is_of_one_person(self) -> bool:
        """Does it ask for somebody known already: two names and a whole day of birth, or a number?"""
        has_day = any(len(token) == LENGTH_OF_DAY for tokens in self.born for token in tokens)
        has_number = any(len(keys[0]) >= WHOLE_NUMBER_FROM for keys in self.numbers)
        return has_number or (has_day and len(self.words) >= 2)


def question(typed: str) -> Question | None:
    """The question in a query, None when it holds less than two letters or digits to look for."""
    typed = typed[:MAX_QUERY]
    born = [[day, f"{day[:7]}-", f"{day[:4]}-"] for day in _days(typed)]
    names, numbers = _names_and_numbers(_DAY.sub(",", typed))
    if names or len(numbers) > 1:
        years = [keys[0] for keys in numbers if _YEAR.fullmatch(keys[0])]
        born += [[year] for year in years]
        numbers = [keys for keys in numbers if keys[0] not in years]
    words = [_word(name, last=name == names[-1]) for name in names[:MAX_WORDS]]
    typed_signs = len("".join(names)) + len("".join(keys[0] for keys in numbers))
    return Question(words, numbers[:MAX_WORDS], born) if typed_signs >= 2 else None


def _days(typed: str) -> list[str]:
    """Whole dates in a query, in either order of writing, as ISO dates."""
    found = []
    for match in _DAY.finditer(typed):
        parts = [int(part) for part in match.groups() if part]
        year, month, day = parts if parts[0] > 31 else reversed(parts)
        try:
            found.append(date(year, month, day).isoformat())
        except ValueError:
            continue  # no such day: the rest of the query is looked for
    return found


def _names_and_numbers(text: str) -> tuple[list[str], list[list[str]]]:
    """Words without digits that sound; and each number as the keys it may be stored under."""
    names: list[str] = []
    numbers: list[list[str]] = []
    for part in re.split(r"[,;]|(?=\+)", text):
        words = words_of(part)
        for has_digits, run in groupby(words, key=lambda word: any(map(str.isdigit, word))):
            if has_digits:
                numbers += _numbers(list(run), names)
            else:
                names += [word for word in run if skeleton_of_word(word)]
    return names, numbers


def _numbers(run: list[str], names: list[str]) -> list[list[str]]:
    """The numbers of words with digits that follow one another; blanks within a number are free.

    A passport's series is taken back from the names: it stands before the digits, as a name may.
    """
    if names and len(run) > 1 and _YEAR.fullmatch(run[0]):
        return [[run[0]], *_numbers(run[1:], [])]
    joined = "".join(run)
    keys = [key] if (key := number_key(joined)) else []
    if names and len(names[-1]) in _PASSPORT_SERIES and _PASSPORT_DIGITS.fullmatch(joined):
        keys.insert(0, number_key(names.pop() + joined))
    return [keys] if keys else []


def _word(word: str, last: bool) -> Word:
    bones = skeleton_of_word(word)
    counts = last or len(word) >= BEGINNING_FROM or len(word) == 1
    return Word(
        readings=readings(word),
        spoken=as_spoken(bones),
        aliases=aliases(bones),
        beginning=_beginning(word) if counts else "",
        slips=_slips(word, bones),
    )


def _beginning(word: str) -> str:
    """A pattern of the skeletons of all words that begin as this one does."""
    bones = skeleton_of_word(_HALF_A_GROUP.sub("", word)) or skeleton_of_word(word)
    unfinished = _UNFINISHED | (_UNFINISHED_LATIN if word.isascii() else {})
    return f"{bones[:-1]}{unfinished.get(bones[-1], bones[-1])}.*"


def _slips(word: str, bones: str) -> int:
    """Edits forgiven: by the letters typed, unless so few sounds are left that all would match."""
    if len(word) >= TWO_SLIPS_FROM and len(bones) >= TWO_SLIPS_FROM - 2:
        return 2
    return 1 if len(word) >= ONE_SLIP_FROM and len(bones) >= ONE_SLIP_FROM - 1 else 0
