"""Made-up persons in the shape of real data: skewed, with gaps and with several answers."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import numpy as np

from cases.reference import (
    AGE_BANDS,
    DURATIONS,
    METHODS_OF_CONTROL,
    RECRUITER_RELATIONS,
    TYPES_OF_EXPLOITATION,
)
from cases.sections import CaseFacts
from reporting.dimensions import DIMENSIONS
from reporting.frame import Row, build
from reporting.freeze import build as build_surface
from reporting.surface import Surface

YEAR = 2026
DAY = datetime(2026, 11, 22, 9, tzinfo=UTC)
SECRET = b"a secret of the tests, 32 bytes."
CITIZENSHIPS = ("BY", "UA", "MD", "RU", "PL", "KZ", "UZ", "GE", "AM", "LT", "LV", "RO", "BG", "TR")
COUNTRIES = ("RU", "PL", "BY", "TR", "AE", "DE", "LT", "IT", "CZ", "GR")
KINDS = tuple(DIMENSIONS["assistance"].labels)


def people(number: int, seed: int = 1, years: Sequence[int] = range(2019, 2027)) -> list[Row]:
    """`number` persons with their facts and kinds of assistance, the same for the same seed."""
    chance = random.Random(seed)
    return [_person(chance, years) for _ in range(number)]


def _person(chance: random.Random, years: Sequence[int]) -> Row:
    def one(codes: Sequence[str], missing: float = 0.15) -> str:
        weights = [1 / (place + 1) for place in range(len(codes))]
        return "" if chance.random() < missing else chance.choices(codes, weights)[0]

    def several(codes: Sequence[str], missing: float = 0.25) -> list[str]:
        if chance.random() < missing:
            return []
        return list(dict.fromkeys(one(codes, 0) for _ in range(chance.randint(1, 4))))

    facts = CaseFacts(
        year=None if chance.random() < 0.03 else chance.choice(years),
        gender=one(("Feminine", "Masculine", "TransgenderOrNonConforming")),
        age_band=one(list(AGE_BANDS)[::-1]),
        citizenship=several(CITIZENSHIPS, 0.05)[: 2 if chance.random() < 0.1 else 1],
        country_of_exploitation=one(COUNTRIES),
        types_of_exploitation=several(list(TYPES_OF_EXPLOITATION)),
        methods_of_control=several(list(METHODS_OF_CONTROL)),
        recruiter_relation=several(list(RECRUITER_RELATIONS)),
        duration=one(list(DURATIONS), 0.4),
    )
    return UUID(int=chance.getrandbits(128)), facts, frozenset(several(KINDS))


def surface_of(rows: list[Row], secret: bytes = SECRET) -> Surface:
    """The protected tables of these persons, all in epoch 1."""
    counted = build(rows, YEAR)
    return build_surface(counted, secret, np.ones(len(counted), dtype=np.int64))
