"""Made-up populations of any size for measuring statistics: coded columns, and whole rows of facts.

Persons fall into latent classes, each with answers of its own, so that columns depend on one another;
countries are skewed as Zipf's law has it. Of 2,000 coded persons 98 %, of 20,000 84 % and of 100,000
68 % are the only ones with their sex, age, citizenship, country, type and year. Nobody is in here: the
same seed makes the same persons.
"""

from collections.abc import Sequence
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
from reporting.dimensions import COUNTRY_NAMES, DIMENSIONS
from reporting.frame import Row
from reporting.releases.codebook import INDUSTRIES, SEXUAL

# column -> number of values
SIZES = {
    "year": 15,
    "sex": 3,
    "age": 9,
    "citizenship": 60,
    "country": 40,
    "exploitation": 6,
    "sub-type": 16,
    "control": 8,
    "recruiter": 5,
    "duration": 7,
    "assistance": 12,
    "outcome": 8,
}
CLASSES = 40
SKEWED = {"citizenship", "country"}
YEARS = range(2012, 2027)


def coded(persons: int, seed: int = 1) -> np.ndarray:
    """int64 codes, one row a person and one column for each of SIZES."""
    chance = np.random.default_rng(seed)
    weights = chance.dirichlet(np.full(CLASSES, 1.0))
    classes = chance.choice(CLASSES, persons, p=weights)
    made = np.empty((persons, len(SIZES)), dtype=np.int64)
    for column, (name, size) in enumerate(SIZES.items()):
        made[:, column] = _answers(chance, classes, size, name in SKEWED)
    return made


def rows(persons: int, seed: int = 1) -> list[Row]:
    """Persons with all facts that a release in CTDC's layout asks for."""
    chance = np.random.default_rng(seed)
    classes = chance.choice(CLASSES, persons, p=chance.dirichlet(np.full(CLASSES, 1.0)))

    def one(codes: Sequence, missing: float = 0.1, skewed: bool = False) -> list:
        # Countries come in a made-up order, not that of the alphabet.
        order = chance.permutation(len(codes)) if skewed else np.arange(len(codes))
        answers = order[_answers(chance, classes, len(codes), skewed)]
        gaps = chance.random(persons) < missing
        return ["" if gap else codes[a] for a, gap in zip(answers.tolist(), gaps, strict=True)]

    def several(codes: Sequence[str]) -> list[list[str]]:
        tendency = chance.beta(0.3, 1.2, (CLASSES, len(codes)))[classes]
        found = chance.random(tendency.shape) < tendency
        return [[codes[i] for i in np.flatnonzero(line)] for line in found]

    countries = list(COUNTRY_NAMES)
    columns = zip(
        one(YEARS, 0),
        one(("Feminine", "Masculine", "TransgenderOrNonConforming"), 0.03),
        one(list(AGE_BANDS)),
        one(countries[:60], 0.05, skewed=True),
        one(countries[60:100], skewed=True),
        several(list(METHODS_OF_CONTROL)),
        several(list(TYPES_OF_EXPLOITATION)[:6]),
        one(list(INDUSTRIES), 0.5),
        one(list(SEXUAL), 0.5),
        several(list(RECRUITER_RELATIONS)),
        one(list(DURATIONS), 0.4),
        several(list(DIMENSIONS["assistance"].labels)),
        strict=True,
    )
    return [
        Row(
            UUID(int=number),
            CaseFacts(
                year=year,
                gender=gender,
                age_band=age,
                citizenship=[citizenship] if citizenship else [],
                country_of_exploitation=country,
                methods_of_control=control,
                types_of_exploitation=types,
                forced_labour_industry=[industry] if industry else [],
                types_of_sex_exploitation=[sexual] if sexual else [],
                recruiter_relation=recruiter,
                duration=duration,
            ),
            frozenset(kinds),
        )
        for number, (
            year, gender, age, citizenship, country, control, types, industry, sexual,
            recruiter, duration, kinds,
        ) in enumerate(columns)
    ]  # fmt: skip


def _answers(
    chance: np.random.Generator, classes: np.ndarray, size: int, skewed: bool
) -> np.ndarray:
    """One answer a person, from the distribution that their class has over `size` values."""
    base = np.arange(1, size + 1) ** (-1.1 if skewed else -0.5)
    by_class = np.cumsum(chance.dirichlet(base / base.sum() * size, CLASSES), axis=1)
    by_class[:, -1] = 1
    u = chance.random(len(classes))
    found = np.empty(len(classes), dtype=np.int64)
    for each in range(CLASSES):
        of_class = classes == each
        found[of_class] = np.searchsorted(by_class[each], u[of_class], side="right")
    return found
