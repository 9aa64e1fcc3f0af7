"""Made-up populations of any size for measuring statistics, in the shape of a real caseload.

Forty kinds of case (latent classes) each have their own habits in every dimension: where people come
from and are taken to, how they are held, what for. Kinds and countries are skewed as Zipf found words
to be. Some answers are missing, and some persons have several. No person behind it is real.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import numpy as np

from cases.sections import CaseFacts
from reporting.dimensions import ALONE, ANY_OTHER, DIMENSIONS, NOT_RECORDED, Dimension, Key
from reporting.frame import Column, Frame, Row

YEAR = 2026
KINDS_OF_CASE = 40
A_YEAR, MOST_YEARS = 100, 15  # persons registered in a year, and years of registration at most
# How many of the categories occur, and how strongly each kind of case prefers its own.
USED = {"gender": 3, "citizenship": 60, "country": 40, "control": 8}
HABIT = {"year": 0.3, "gender": 1.0, "age": 1.0, "citizenship": 2.5, "country": 2.5}
MISSING = {"year": 0.01, "citizenship": 0.03, "country": 0.08, "gender": 0.03, "duration": 0.3}
# The field of the facts that a dimension reads, where it is not named alike.
FIELDS = {
    "age": "age_band",
    "country": "country_of_exploitation",
    "exploitation": "types_of_exploitation",
    "control": "methods_of_control",
    "recruiter": "recruiter_relation",
}


def population(size: int, seed: int = 1) -> Frame:
    """`size` persons, the same for the same seed, with an answer in every declared dimension."""
    chance = np.random.default_rng(seed)
    kinds = chance.choice(KINDS_OF_CASE, size, p=_zipf(KINDS_OF_CASE))
    columns = {
        key: _column(dimension, kinds, np.random.default_rng([seed, place]))
        for place, (key, dimension) in enumerate(DIMENSIONS.items())
    }
    identifiers = chance.bytes(16 * size)
    return Frame([identifiers[at : at + 16] for at in range(0, 16 * size, 16)], columns)


def rows(frame: Frame) -> Iterator[Row]:
    """The persons of `population` one after the other, as they are read from the database.

    Dimensions whose facts are derived from another's have the answers of that other.
    """
    names = {
        key: ["" if code in (ANY_OTHER, NOT_RECORDED) else code for code in column.codes]
        for key, column in frame.columns.items()
    }
    fields = {key: FIELDS.get(key, key) for key in frame.columns}
    known = {key: field for key, field in fields.items() if field in CaseFacts.__struct_fields__}
    ends = {
        key: np.cumsum(column.per_person)
        for key, column in frame.columns.items()
        if column.per_person is not None
    }

    def given(key: Key, place: int) -> list[str]:
        end = ends[key][place] if key in ends else place + 1
        start = end - frame.columns[key].per_person[place] if key in ends else place
        codes = names[key]
        return [codes[n] for n in frame.columns[key].answers[start:end].tolist() if codes[n]]

    for place, person in enumerate(frame.persons):
        facts: dict[str, Any] = {}
        for key, field in known.items():
            found = given(key, place)
            facts[field] = found if DIMENSIONS[key].several else "".join(found)
        facts["year"] = int(facts["year"]) if facts["year"] else None
        kinds = frozenset(given("assistance", place))
        yield Row(UUID(bytes=person), CaseFacts(**facts), kinds)


def _column(dimension: Dimension, kinds: np.ndarray, chance: np.random.Generator) -> Column:
    codes = dimension.codes(YEAR)
    used = _used(dimension, codes, len(kinds), chance)
    is_even = dimension.key == "year"
    base = np.full(len(used), 1 / len(used)) if is_even else _zipf(len(used))
    habits = chance.normal(0, HABIT.get(dimension.key, 1.5), (KINDS_OF_CASE, len(used)))
    likely = base * np.exp(habits)
    steps = np.cumsum(likely / likely.sum(axis=1, keepdims=True), axis=1)

    def draw() -> np.ndarray:
        return used[_first_above(steps[kinds], chance.random(len(kinds)))]

    answers = draw()
    missing = chance.random(len(kinds)) < MISSING.get(dimension.key, 0.15)
    answers[missing] = codes.index(NOT_RECORDED)
    if not dimension.several:
        return Column(tuple(codes), answers)
    more = 0.03 if dimension.key == "citizenship" else 0.3
    is_alone = np.array([code in ALONE for code in codes])
    persons, given = [np.arange(len(kinds))], [answers]
    while len(persons) < 4:
        again = ~is_alone[answers] & (chance.random(len(kinds)) < more)
        further = draw()
        again &= ~is_alone[further]
        persons.append(np.flatnonzero(again))
        given.append(further[again])
    pairs = np.unique(np.concatenate(persons) * len(codes) + np.concatenate(given))
    counts = np.bincount(pairs // len(codes), minlength=len(kinds))
    return Column(tuple(codes), pairs % len(codes), counts)


def _used(
    dimension: Dimension, codes: list[str], size: int, chance: np.random.Generator
) -> np.ndarray:
    """Positions of the categories that occur: the last years, any countries, the start of a list."""
    number = USED.get(dimension.key, len(codes) - 2)
    if dimension.key == "year":
        years = min(max(size // A_YEAR, 1), MOST_YEARS)
        return np.arange(len(codes) - 2 - years, len(codes) - 2)
    if len(codes) > 100:
        return chance.permutation(len(codes) - 2)[:number]
    return np.arange(number)


def _first_above(steps: np.ndarray, u: np.ndarray) -> np.ndarray:
    """The first column of each row of `steps` that is above the row's `u`."""
    return np.minimum((steps <= u[:, None]).sum(axis=1), steps.shape[1] - 1)


def _zipf(number: int) -> np.ndarray:
    weights = 1 / np.arange(1, number + 1)
    return weights / weights.sum()
