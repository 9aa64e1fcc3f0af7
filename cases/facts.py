"""The one place where a case becomes coded attributes for statistics, and entries for search."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import msgspec

from cases.reference import (
    ALL_REACHED,
    ORGANISATION_TYPE,
    OTHER_BODY,
    PARTLY_REACHED,
    STILL_OPEN,
    UNANSWERED,
)
from cases.sections import (
    AskedSection,
    CaseFacts,
    Contact,
    Identity,
    SearchEntry,
    VictimContext,
)
from core.known_days import first_day, last_day

ADULT_FROM = 18  # years
OLDEST = 120  # years; beyond it the birth date is a slip
LOWEST_AGE_OF_BAND = {
    "48+": 48,
    "39-47": 39,
    "30-38": 30,
    "27-29": 27,
    "24-26": 24,
    "21-23": 21,
    "18-20": 18,
    "9-17": 9,
    "0-8": 0,
}
# How the person knew the trafficker, as a relation of the recruiter. "Acquainted" may be a partner,
# a friend or another person: it stays a merged answer rather than being guessed.
RECRUITER_RELATION_OF = {
    "Familial": "Family",
    "Acquainted": "Acquainted",
    "Unaquainted": "Other",
}
UNANSWERED_ALONE = [[code] for code in UNANSWERED]  # as a list field holds it
NO_OVERRIDES: Mapping[str, Any] = MappingProxyType({})


def facts_of(
    *,
    identity: Identity,
    victim: VictimContext,
    opened_on: date,
    referral_source: str = "",
    overrides: Mapping[str, Any] = NO_OVERRIDES,
) -> CaseFacts:
    """The coded attributes of a case that is open. `referral_source` is what `source_of` says.

    `overrides` holds fields of CaseFacts known better than they can be derived (an import that
    brings an age band and no birth date). A key given as None, "" or [] says "not recorded" and
    stands too. TypeError for a name that is no field of CaseFacts.
    """
    derived = CaseFacts(
        year=opened_on.year,
        gender=_gender(identity.gender) or _why(identity, "gender"),
        age_band=age_band(identity.birthdate, opened_on) or _why(identity, "birthdate"),
        majority_when_exploited=majority(victim.age_when_trafficked),
        citizenship=_answers(identity, "citizenship"),
        country_of_exploitation=victim.country_of_exploitation
        or _why(victim, "country_of_exploitation"),
        methods_of_control=_answers(victim, "methods_of_control"),
        types_of_exploitation=_answers(victim, "types_of_exploitation"),
        forced_labour_industry=_answers(victim, "forced_labour_industry"),
        types_of_sex_exploitation=_answers(victim, "types_of_sex_exploitation"),
        recruiter_relation=_recruiter_relation(_answers(victim, "relationship_to_trafficker")),
        outcome=STILL_OPEN,
        referral_source=referral_source,
    )
    return msgspec.structs.replace(derived, **overrides) if overrides else derived


def outcome_of(reason: str, goals_reached: Collection[bool]) -> str:
    """Code of reference.OUTCOMES of a case that is closed for this reason, one of CLOSURE_REASONS.

    `goals_reached` says of each goal of the plan whether it was.
    """
    if reason != "Supported" or not any(goals_reached):
        return reason
    return ALL_REACHED if all(goals_reached) else PARTLY_REACHED


def source_of(organisation: str, kinds: Mapping[str, str]) -> str:
    """Code of reference.REFERRAL_SOURCES for the name of who referred the person; "" for none.

    `kinds` says of known organisations what type they are, by the name in lower case.
    """
    name = organisation.strip().casefold()
    if not name:
        return ""
    kind = kinds.get(name, "")
    return kind if kind in ORGANISATION_TYPE else OTHER_BODY


def search_entry_of(
    identity: Identity, contact: Contact, more_numbers: Iterable[str] = ()
) -> SearchEntry:
    """The names and numbers under which the person can be found.

    `more_numbers` are those of further documents and phones. What is in several places is there as
    often, so that taking one of them away leaves the others.
    """
    others = re.split(r"[;,\n]", identity.other_names)
    names = [identity.full_name, *(name.strip() for name in others)]
    numbers = [identity.identity_number, contact.home_phone, contact.mobile_phone]
    return SearchEntry(
        names=_without_gaps(names),
        numbers=[*_without_gaps(numbers), *filter(None, more_numbers)],
        born=identity.birthdate,
    )


def age_on(birthdate: date, day: date) -> int:
    """Whole years lived on that day; negative when the day lies before the birth."""
    had_birthday = (day.month, day.day) >= (birthdate.month, birthdate.day)
    return day.year - birthdate.year - (not had_birthday)


def ages_on(birthdate: str, day: date) -> tuple[int, int] | None:
    """The least and the most whole years that somebody born then may have lived on that day.

    `birthdate` is as far as it is known. None when that is nothing, or cannot be.
    """
    if not birthdate:
        return None
    youngest, oldest = age_on(last_day(birthdate), day), age_on(first_day(birthdate), day)
    return (max(youngest, 0), oldest) if oldest >= 0 and youngest <= OLDEST else None


def age_band(birthdate: str, day: date) -> str:
    """Code of reference.AGE_BANDS on that day; "" when unknown or impossible.

    A year of birth alone leaves two ages open: where they lie in two bands, it is unknown.
    """
    ages = ages_on(birthdate, day)
    if ages is None:
        return ""
    bands = {
        next(band for band, lowest in LOWEST_AGE_OF_BAND.items() if age >= lowest) for age in ages
    }
    return bands.pop() if len(bands) == 1 else ""


def is_child(birthdate: str, day: date) -> bool | None:
    """Is somebody born then under age on that day? None when the date leaves it open."""
    ages = ages_on(birthdate, day)
    if ages is None or ages[0] < ADULT_FROM <= ages[1]:
        return None
    return ages[1] < ADULT_FROM


def majority(age: int | None) -> str:
    """Code of reference.MAJORITY for an age in whole years; "" when unknown or impossible."""
    if age is None or not 0 <= age <= OLDEST:
        return ""
    return "Adult" if age >= ADULT_FROM else "Minor"


def is_unanswered(value: Any) -> bool:
    """Does a field of the facts hold why there is no answer?"""
    return value in UNANSWERED if isinstance(value, str) else value in UNANSWERED_ALONE


def _why(section: AskedSection, name: str) -> str:
    """Why this field of the section has no answer, as a code of reference.UNANSWERED; else ""."""
    return section.unanswered.get(name, "")


def _answers(section: AskedSection, name: str) -> list[str]:
    """The answers of a list field, or the one reason why there are none."""
    return list(getattr(section, name)) or _without_gaps([_why(section, name)])


def _gender(code: str) -> str:
    # HTCDS has a code for "not specified or unknown", which is our "not known": one unknown, not two.
    return "unknown" if code == "NonSpecifiedUnknown" else code


def _recruiter_relation(relationships: list[str]) -> list[str]:
    known = RECRUITER_RELATION_OF | {code: code for code in UNANSWERED}
    return _without_gaps(known.get(code, "") for code in relationships)


def _without_gaps(texts: Iterable[str]) -> list[str]:
    """The texts that are not empty, each once, in their order."""
    return list(dict.fromkeys(text for text in texts if text))
