"""CTDC's Global Synthetic Dataset as of 2024: its 27 variables, and what they say of a person.

Names and bands are those of the codebook of the Counter-Trafficking Data Collaborative (CTDC).
What is 1 or empty says "yes", or "no or not recorded". Variables of which one rules another out are
in one factor, so that an impossible combination has no code.
"""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, product
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from cases.countries import COUNTRIES
from cases.reference import AGE_BANDS, UNANSWERED
from cases.sections import CaseFacts
from core.cells import safe_row
from core.exceptions import BadInput
from reporting.frame import Row

Cells = tuple[str, ...]  # of one person, as they stand in the file
EMPTY, YES = "", "1"
NOT_OTHER = {
    "ForcedLabour",
    "SexualExploitation",
    *UNANSWERED,
}  # types with a column, or none at all
TRANS = "Trans/Transgender/NonConforming"
GENDERS = {
    "Feminine": "Woman",
    "Masculine": "Man",
    "TransgenderFeminine": TRANS,
    "TransgenderMasculine": TRANS,
    "NonConforming": TRANS,
    "TransgenderOrNonConforming": TRANS,
}
AGES = {band: band.replace("-", "--") for band in AGE_BANDS}
MONTHS = {
    "0-12": "0--12 (0-1 yr)",
    "13-24": "13--24 (1-2 yrs)",
    "25-60": "25+ (2+ yrs)",
    "61+": "25+ (2+ yrs)",
}
ALPHA3 = {alpha2: alpha3 for alpha2, (alpha3, _name) in COUNTRIES.items()}
MEANS = {
    "meansDebtBondageEarnings": {"DebtBondage", "TakesEarnings"},
    "meansThreats": {"PhysicalThreats", "ThreatsLawEnforcement", "ThreatensChildrenFamily"},
    "meansAbusePsyPhySex": {"PsychologicalAbuse", "PhysicalAbuse", "SexualAbuse"},
    "meansDenyBasicNeeds": {
        "RestrictsFinancialAccess",
        "RestrictsMedicalCare",
        "WithholdsNecessities",
        "RestrictsMovement",
    },
    "meansFalsePromises": {"FalsePromises"},
    "meansDrugsAlcohol": {"PsychoactiveSubstance"},
    "meansExcessiveWorkHours": {"ExcessiveWorkingHours"},
    "meansWithholdDocs": {"WithholdsDocuments"},
}
INDUSTRIES = {
    "A_AgricultureForestryAndFishing": "typeOfLabourAgriculture",
    "F_Construction": "typeOfLabourConstruction",
    "T_ActivitiesOfHouseholdsAsEmployers": "typeOfLabourDomesticWork",
    "I_AccommodationAndFoodServiceActivities": "typeOfLabourHospitality",
}
SEXUAL = {"Prostitution": "typeOfSexProstitution", "Pornography": "typeOfSexPornography"}
RECRUITERS = {
    "recruiterRelationIntimatePartner": {"IntimatePartner"},
    "recruiterRelationFriend": {"Friend"},
    "recruiterRelationFamily": {"Family"},
    "recruiterRelationOther": {"Other"},
}


NAMES = (  # in the order of the file
    "yearOfRegistration",
    "gender",
    "ageBroad",
    "traffickMonths",
    "citizenship",
    "CountryOfExploitation",
    *MEANS,
    "isForcedLabour",
    "isSexualExploit",
    "isOtherExploit",
    *INDUSTRIES.values(),
    *SEXUAL.values(),
    *RECRUITERS,
)


@dataclass(frozen=True)
class Factor:
    """Variables that depend on one another, or a single one: `answers` are all that can occur."""

    names: Cells
    answers: Sequence[Cells]
    read: Callable[[CaseFacts], Cells]

    @cached_property
    def code_of(self) -> dict[Cells, int]:
        return {cells: code for code, cells in enumerate(self.answers)}


def factors(years: Collection[int]) -> list[Factor]:
    """All variables, each once. `years` are those that the release is about."""
    return [
        Factor(("yearOfRegistration",), [(str(year),) for year in sorted(years)], _year),
        _single("gender", GENDERS.values(), lambda facts: GENDERS.get(facts.gender, EMPTY)),
        _single("ageBroad", AGES.values(), lambda facts: AGES.get(facts.age_band, EMPTY)),
        _single("traffickMonths", MONTHS.values(), lambda facts: MONTHS.get(facts.duration, EMPTY)),
        _single("citizenship", ALPHA3.values(), _citizenship),
        _single("CountryOfExploitation", ALPHA3.values(), _country),
        *(_flag(name, codes, "methods_of_control") for name, codes in MEANS.items()),
        _labour(),
        _sexual(),
        Factor(("isOtherExploit",), [(EMPTY,), (YES,)], _other_exploitation),
        *(_flag(name, codes, "recruiter_relation") for name, codes in RECRUITERS.items()),
    ]


def years_of(definition: Mapping[str, Any]) -> list[int]:
    """The years of registration that a release is about, ascending. BadInput without one."""
    years = definition.get("years") or [definition[key] for key in ("year",) if key in definition]
    if not years or not all(isinstance(year, int) for year in years):
        raise BadInput(_("Choose the years of registration that this is about."))
    return sorted(set(years))


def asked_years(form: Mapping[str, Any]) -> list[int]:
    """The years that a form asks for, ascending: `year`, from `first_year` on where that is given.

    Raises BadInput.
    """
    last = int(form["year"])
    first = int(form.get("first_year") or last)
    if first > last:
        raise BadInput(_("The first of several years is not after the last."))
    return list(range(first, last + 1))


def of_years(rows: Iterable[Row], years: Collection[int]) -> list[CaseFacts]:
    """The facts of the persons registered in these years."""
    return [row.facts for row in rows if row.facts.year in years]


def encode(persons: Sequence[CaseFacts], by: Sequence[Factor]) -> np.ndarray:
    """int64 codes, one row a person and one column a factor."""
    columns = [[factor.code_of[factor.read(facts)] for facts in persons] for factor in by]
    return np.array(columns, dtype=np.int64).reshape(len(by), len(persons)).T


def decode(codes: np.ndarray, by: Sequence[Factor]) -> list[Cells]:
    """The lines of the file for such codes, in their order."""
    told = [name for factor in by for name in factor.names]
    order = [told.index(name) for name in NAMES]
    columns = [
        [factor.answers[code] for code in column]
        for factor, column in zip(by, codes.T.tolist(), strict=True)
    ]
    joined = (tuple(chain(*answers)) for answers in zip(*columns, strict=True))
    return [tuple(cells[place] for place in order) for cells in joined]


def csv_file(lines: Iterable[Sequence[object]]) -> bytes:
    """Lines as CSV (UTF-8), from which no spreadsheet runs anything."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(safe_row(cells) for cells in lines)
    return text.getvalue().encode()


def _single(name: str, cells: Iterable[str], read: Callable[[CaseFacts], str]) -> Factor:
    answers = [(EMPTY,), *((cell,) for cell in dict.fromkeys(cells))]
    return Factor((name,), answers, lambda facts: (read(facts),))


def _flag(name: str, codes: set[str], field: str) -> Factor:
    def read(facts: CaseFacts) -> Cells:
        return (_yes(not codes.isdisjoint(getattr(facts, field))),)

    return Factor((name,), [(EMPTY,), (YES,)], read)


def _labour() -> Factor:
    def read(facts: CaseFacts) -> Cells:
        return _with_types(
            "ForcedLabour" in facts.types_of_exploitation,
            [code in facts.forced_labour_industry for code in INDUSTRIES],
        )

    return Factor(("isForcedLabour", *INDUSTRIES.values()), _possible(len(INDUSTRIES)), read)


def _sexual() -> Factor:
    def read(facts: CaseFacts) -> Cells:
        return _with_types(
            "SexualExploitation" in facts.types_of_exploitation,
            [code in facts.types_of_sex_exploitation for code in SEXUAL],
        )

    return Factor(("isSexualExploit", *SEXUAL.values()), _possible(len(SEXUAL)), read)


def _with_types(is_so: bool, types: Sequence[bool]) -> Cells:
    """An exploitation and its types: without the one there are none of the others."""
    return (_yes(is_so), *(_yes(is_so and each) for each in types))


def _possible(types: int) -> list[Cells]:
    return [(EMPTY,) * (types + 1), *((YES, *each) for each in product((EMPTY, YES), repeat=types))]


def _yes(is_so: bool) -> str:
    return YES if is_so else EMPTY


def _year(facts: CaseFacts) -> Cells:
    return (str(facts.year),)


def _citizenship(facts: CaseFacts) -> str:
    return next((ALPHA3[code] for code in facts.citizenship if code in ALPHA3), EMPTY)


def _country(facts: CaseFacts) -> str:
    return ALPHA3.get(facts.country_of_exploitation, EMPTY)


def _other_exploitation(facts: CaseFacts) -> Cells:
    return (_yes(bool(set(facts.types_of_exploitation) - NOT_OTHER)),)
