"""Made-up persons in the shape of real data: skewed, with gaps and with several answers."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from unittest.mock import patch
from uuid import UUID

import numpy as np

from cases.reference import (
    AGE_BANDS,
    DURATIONS,
    FORCED_LABOUR_INDUSTRY,
    METHODS_OF_CONTROL,
    OUTCOMES,
    RECRUITER_RELATIONS,
    REFERRAL_SOURCES,
    TYPES_OF_EXPLOITATION,
    TYPES_OF_SEX_EXPLOITATION,
    UNANSWERED,
)
from cases.sections import CaseFacts
from reporting.dimensions import DIMENSIONS
from reporting.frame import Row, build
from reporting.freeze import build as build_surface
from reporting.measures import DAYS, SCORE, cost_in
from reporting.surface import Surface

YEAR = 2026
DAY = datetime(2026, 11, 22, 9, tzinfo=UTC)
SECRET = b"a secret of the tests, 32 bytes."
CITIZENSHIPS = ("BY", "UA", "MD", "RU", "PL", "KZ", "UZ", "GE", "AM", "LT", "LV", "RO", "BG", "TR")
COUNTRIES = ("RU", "PL", "BY", "TR", "AE", "DE", "LT", "IT", "CZ", "GR")
REASONS = ("", *UNANSWERED)
INDUSTRIES, SEXUAL = list(FORCED_LABOUR_INDUSTRY), list(TYPES_OF_SEX_EXPLOITATION)
KINDS = tuple(DIMENSIONS["assistance"].labels)


def people(number: int, seed: int = 1, years: Sequence[int] = range(2019, 2027)) -> list[Row]:
    """`number` persons with their facts and kinds of assistance, the same for the same seed."""
    chance = random.Random(seed)
    return [_person(chance, years) for _ in range(number)]


def _person(chance: random.Random, years: Sequence[int]) -> Row:
    def one(codes: Sequence[str], missing: float = 0.15, asked: bool = False) -> str:
        weights = [1 / (place + 1) for place in range(len(codes))]
        if chance.random() < missing:
            return chance.choice(REASONS) if asked else ""
        return chance.choices(codes, weights)[0]

    def several(codes: Sequence[str], missing: float = 0.25, asked: bool = False) -> list[str]:
        if chance.random() < missing:
            reason = chance.choice(REASONS) if asked else ""
            return [reason] if reason else []
        return list(dict.fromkeys(one(codes, 0) for _ in range(chance.randint(1, 4))))

    facts = CaseFacts(
        year=None if chance.random() < 0.03 else chance.choice(years),
        gender=one(("Feminine", "Masculine", "TransgenderOrNonConforming"), 0.05, asked=True),
        age_band=one(list(AGE_BANDS)[::-1], asked=True),
        citizenship=several(CITIZENSHIPS, 0.05, asked=True)[: 2 if chance.random() < 0.1 else 1],
        country_of_exploitation=one(COUNTRIES, asked=True),
        types_of_exploitation=(types := several(list(TYPES_OF_EXPLOITATION), asked=True)),
        forced_labour_industry=_if("ForcedLabour", types, several(INDUSTRIES, asked=True)),
        types_of_sex_exploitation=_if("SexualExploitation", types, several(SEXUAL, asked=True)),
        methods_of_control=several(list(METHODS_OF_CONTROL), asked=True),
        recruiter_relation=several(list(RECRUITER_RELATIONS), asked=True),
        duration=one(list(DURATIONS), 0.4),
        outcome=one(list(OUTCOMES), 0.05),
        referral_source=one(list(REFERRAL_SOURCES), 0.3),
    )
    return Row(UUID(int=chance.getrandbits(128)), facts, frozenset(several(KINDS)))


def with_amounts(rows: list[Row], seed: int = 1) -> list[Row]:
    """The same persons with costs, days and scores, skewed and with gaps."""
    chance = random.Random(seed)

    def amounts() -> dict[str, float]:
        drawn = {
            cost_in("BYN"): (0.6, round(chance.lognormvariate(6, 1), 2)),
            cost_in("EUR"): (0.15, round(chance.lognormvariate(5, 1.5), 2)),
            DAYS: (0.8, float(int(chance.expovariate(1 / 20)))),
            SCORE: (0.4, round(chance.betavariate(5, 3), 4)),
        }
        return {name: amount for name, (share, amount) in drawn.items() if chance.random() < share}

    return [row._replace(amounts=amounts()) for row in rows]


def _if(wanted: str, types: list[str], answers: list[str]) -> list[str]:
    return answers if wanted in types else []


def surface_of(rows: list[Row], secret: bytes = SECRET) -> Surface:
    """The protected tables of these persons, all in epoch 1; not attacked, which takes a second."""
    counted = build(rows, YEAR)
    with patch("reporting.freeze.MOST_CELLS", 0):
        return build_surface(counted, secret, np.ones(len(counted), dtype=np.int64))
