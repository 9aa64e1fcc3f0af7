"""A row in the layout of CTDC's Global Synthetic Dataset (2021) becomes a case to be opened.

Such a row holds coded attributes of nobody in particular. They become the facts of the case. What
means the same in HTCDS goes into the case file as well; what CTDC merged or told less exactly stays
in the facts alone. An empty cell is "not recorded", never "no", and no birth date is made up from
an age band.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from cases.countries import ALPHA2_OF
from cases.imports.cells import BLANKS, whole_number
from cases.imports.rows import BadCell, Parsed, Problem, Row
from cases.imports.spellings import CTDC_HEADERS
from cases.sections import Identity, VictimContext
from cases.services.new_case import NewCase
from core.known_days import EARLIEST

NAME = "ctdc"


class Flag(NamedTuple):
    """A column that holds 1 or nothing, and the code it stands for."""

    fact: str  # field of CaseFacts
    code: str
    in_file: bool  # means the same in the case file, in VictimContext's field of that name


def _control(code: str) -> Flag:
    return Flag("methods_of_control", code, in_file=True)


FLAGS: dict[str, Flag] = {
    "meansOfControlDebtBondage": _control("DebtBondage"),
    "meansOfControlTakesEarnings": _control("TakesEarnings"),
    # CTDC counts any threat of harm; HTCDS's label says physical ones.
    "meansOfControlThreats": Flag("methods_of_control", "PhysicalThreats", in_file=False),
    "meansOfControlPsychologicalAbuse": _control("PsychologicalAbuse"),
    "meansOfControlPhysicalAbuse": _control("PhysicalAbuse"),
    "meansOfControlSexualAbuse": _control("SexualAbuse"),
    "meansOfControlFalsePromises": _control("FalsePromises"),
    "meansOfControlPsychoactiveSubstances": _control("PsychoactiveSubstance"),
    "meansOfControlRestrictsMovement": _control("RestrictsMovement"),
    "meansOfControlRestrictsMedicalCare": _control("RestrictsMedicalCare"),
    "meansOfControlExcessiveWorkingHours": _control("ExcessiveWorkingHours"),
    "meansOfControlThreatOfLawEnforce": _control("ThreatsLawEnforcement"),
    "meansOfControlWithholdsNecessities": _control("WithholdsNecessities"),
    "meansOfControlWithholdsDocuments": _control("WithholdsDocuments"),
    "meansOfControlOther": _control("Other"),
    "isForcedLabour": Flag("types_of_exploitation", "ForcedLabour", in_file=True),
    "isSexualExploit": Flag("types_of_exploitation", "SexualExploitation", in_file=True),
    "isOtherExploit": Flag("types_of_exploitation", "OtherGrouped", in_file=False),
    # CTDC means crops and animals only, which lie wholly within the wider section A.
    "typeOfLabourAgriculture": Flag(
        "forced_labour_industry", "A_AgricultureForestryAndFishing", in_file=True
    ),
    "typeOfLabourConstruction": Flag("forced_labour_industry", "F_Construction", in_file=True),
    "typeOfLabourDomesticWork": Flag(
        "forced_labour_industry", "T_ActivitiesOfHouseholdsAsEmployers", in_file=True
    ),
    "typeOfLabourHospitality": Flag(
        "forced_labour_industry", "I_AccommodationAndFoodServiceActivities", in_file=True
    ),
    "typeOfLabourOther": Flag("forced_labour_industry", "OtherIndustry", in_file=False),
    "typeOfSexProstitution": Flag("types_of_sex_exploitation", "Prostitution", in_file=True),
    "typeOfSexPornography": Flag("types_of_sex_exploitation", "Pornography", in_file=True),
    "typeOfSexOther": Flag("types_of_sex_exploitation", "OtherSexual", in_file=False),
    # The recruiter is not always the trafficker, so the file's own field stays empty.
    "recruiterRelationIntimatePartner": Flag("recruiter_relation", "IntimatePartner", False),
    "recruiterRelationFriend": Flag("recruiter_relation", "Friend", False),
    "recruiterRelationFamily": Flag("recruiter_relation", "Family", False),
    "recruiterRelationOther": Flag("recruiter_relation", "Other", False),
}
FLAG_SET = frozenset({"1", "1.0"})  # some programs write 1 as 1.0 in a column with gaps

GENDER = {
    "Female": "Feminine",
    "Male": "Masculine",
    "Transgender/NonConforming": "TransgenderOrNonConforming",
}
AGE_BAND = {
    "0--8": "0-8",
    "09--17": "9-17",
    "9--17": "9-17",
    "18--20": "18-20",
    "21--23": "21-23",
    "24--26": "24-26",
    "27--29": "27-29",
    "30--38": "30-38",
    "39--47": "39-47",
    "48+": "48+",
}
MAJORITY = {"Adult": "Adult", "Minor": "Minor"}
DURATION = {
    "0--12 (0-1 yr)": "0-12",
    "13--24 (1-2 yrs)": "13-24",
    "25--60 (2-5 yrs)": "25-60",
    "61+ (5+ yrs)": "61+",
}


def _year(text: str) -> int:
    year: int = whole_number(EARLIEST.year, timezone.localdate().year)(text)
    return year


def _country(text: str) -> str:
    # Three letters only: here "NA" would be a program's word for a gap, not Namibia.
    if text not in ALPHA2_OF:
        raise BadCell(_("is not a country; write its code of three letters (ISO 3166)"))
    return ALPHA2_OF[text]


def _one_country(text: str) -> list[str]:
    return [_country(text)]


def _one_of(known: dict[str, str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            allowed = ", ".join(known)
            raise BadCell(_("is not in the list; allowed: %(codes)s") % {"codes": allowed})
        return known[text]

    return read


# Columns with one answer -> (field of CaseFacts, how the cell is read)
ANSWERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "yearOfRegistration": ("year", _year),
    "gender": ("gender", _one_of(GENDER)),
    "ageBroad": ("age_band", _one_of(AGE_BAND)),
    "majorityStatusAtExploit": ("majority_when_exploited", _one_of(MAJORITY)),
    "traffickMonths": ("duration", _one_of(DURATION)),
    "citizenship": ("citizenship", _one_country),
    "CountryOfExploitation": ("country_of_exploitation", _country),
}
_COLUMNS = {name.casefold(): name for name in (*ANSWERS, *FLAGS)} | {
    spelling.casefold(): name for spelling, name in CTDC_HEADERS.items()
}


def column(header: str) -> str:
    """The CTDC column that a header means; "" when it means none."""
    return _COLUMNS.get(header.strip(BLANKS).casefold(), "")


def records(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Each row alone: it holds all of a case."""
    return ([row] for row in rows)


def parse(row: Row) -> Parsed:
    """The case of one row, or every reason why it cannot be opened."""
    problems = [Problem(row.number, "", row.fault)] if row.fault else []
    # Year and outcome are always given, as "not recorded" at least: that the case is opened here today
    # is no answer.
    facts: dict[str, Any] = {"year": None, "outcome": ""}
    in_file: dict[str, list[str]] = {}
    for name, cell in row.cells.items():
        text = cell.strip(BLANKS)
        if not text:
            continue
        try:
            if flag := FLAGS.get(name):
                _raise_flag(flag, text, facts, in_file)
            else:
                field, read = ANSWERS[name]
                facts[field] = read(text)
        except BadCell as error:
            problems.append(Problem(row.number, name, str(error)))
    return Parsed(None if problems else _new_case(facts, in_file), problems)


def _raise_flag(
    flag: Flag, text: str, facts: dict[str, Any], in_file: dict[str, list[str]]
) -> None:
    if text not in FLAG_SET:
        raise BadCell(_("must be 1 or empty"))
    facts.setdefault(flag.fact, []).append(flag.code)
    if flag.in_file:
        in_file.setdefault(flag.fact, []).append(flag.code)


def _new_case(facts: dict[str, Any], in_file: dict[str, list[str]]) -> NewCase:
    gender = facts.get("gender", "")
    return NewCase(
        identity=Identity(
            gender="" if gender == "TransgenderOrNonConforming" else gender,
            citizenship=list(facts.get("citizenship", [])),
        ),
        victim=VictimContext(
            country_of_exploitation=facts.get("country_of_exploitation", ""),
            methods_of_control=in_file.get("methods_of_control", []),
            types_of_exploitation=in_file.get("types_of_exploitation", []),
            forced_labour_industry=in_file.get("forced_labour_industry", []),
            types_of_sex_exploitation=in_file.get("types_of_sex_exploitation", []),
        ),
        facts=facts,
    )
