"""Whole case files of invented people: the same seed gives the same people on every machine."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from cases.reference import CONSENT_GUIDANCE, CONSENT_PURPOSES
from cases.sections import (
    CaseSummary,
    ConsentTerms,
    Contact,
    Identity,
    StatusDecisionContent,
    VictimContext,
)
from config.demo import names, texts
from config.demo.assistance import DemoAssistance, assistance_of

YEARS = 4  # over which the cases were opened
DAYS = round(YEARS * 365.25)

# Adults: code of the type of exploitation -> weight. Two types lead, the rest stay rare.
_OF_WOMEN = {"SexualExploitation": 64, "ForcedLabour": 20, "Servitude": 7, "ForcedMarriage": 4}
_OF_WOMEN |= {"ForcedBegging": 3, "Other": 2}
_OF_MEN = {"ForcedLabour": 78, "ForcedCriminality": 10, "ForcedBegging": 6, "SexualExploitation": 4}
_OF_MEN |= {"Other": 2}
_OF_CHILDREN = {"SexualExploitation": 50, "ForcedCriminality": 18, "ForcedBegging": 14}
_OF_CHILDREN |= {"ChildLabour": 12, "ForcedMarriage": 6}

_INDUSTRIES = {
    "F_Construction": 45,
    "A_AgricultureForestryAndFishing": 25,
    "C_Manufacturing": 12,
    "I_AccommodationAndFoodServiceActivities": 10,
    "T_ActivitiesOfHouseholdsAsEmployers": 8,
}
_SEXUAL = {"Prostitution": 60, "RemoteInteractiveServices": 25, "PrivateSexualServices": 15}
_CONTROLS = {
    "FalsePromises": 30,
    "WithholdsDocuments": 20,
    "DebtBondage": 14,
    "TakesEarnings": 14,
    "PsychologicalAbuse": 12,
    "ExcessiveWorkingHours": 10,
    "RestrictsMovement": 9,
    "PhysicalThreats": 8,
    "ThreatensChildrenFamily": 5,
    "PhysicalAbuse": 4,
}
_RECRUITMENT = {
    "ThroughFriendsOrSocialEvents": 30,
    "ThroughOnlineSocialNetworks": 30,
    "ThroughAnOnlineAdvertisement": 22,
    "AtWork": 8,
    "ThroughFamilyOrFamilyEvents": 6,
    "Other": 4,
}
_APPS = {"Telegram": 45, "Viber": 20, "Instagram": 20, "TikTok": 10, "Other": 5}
_COUNTRIES = {"RU": 34, "BY": 24, "PL": 14, "TR": 9, "DE": 7, "AE": 6, "LT": 4, "IT": 2}
_ONLINE = ("ThroughOnlineSocialNetworks", "ThroughAnOnlineAdvertisement")
_WORK = ("ForcedLabour", "Servitude", "ChildLabour")


@dataclass(frozen=True)
class DemoPerson:
    """One invented person's case, in the sections of a case file."""

    identity: Identity
    contact: Contact
    victim: VictimContext
    decision: StatusDecisionContent
    summary: CaseSummary
    consent: ConsentTerms
    opened_on: date
    assistance: list[DemoAssistance] = field(default_factory=list)


def people(seed: int, n: int, today: date) -> Iterator[DemoPerson]:
    """So many invented people whose cases were opened in the four years before today."""
    rng = Random(seed)
    for _ in range(n):
        yield _person(rng, today)


def _person(rng: Random, today: date) -> DemoPerson:
    opened_on = today - timedelta(days=rng.randint(1, DAYS))
    age = rng.randint(9, 17) if rng.random() < 0.3 else min(18 + int(rng.expovariate(0.1)), 66)
    culture = names.culture_of(rng)
    woman = rng.random() < 0.62
    identity = _identity(rng, culture, woman, age, opened_on)
    victim = _victim(rng, woman, age)
    return DemoPerson(
        identity=identity,
        contact=_contact(rng, culture),
        victim=victim,
        decision=_decision(rng, opened_on),
        summary=_summary(rng, opened_on),
        consent=_consent(rng, identity.primary_language),
        opened_on=opened_on,
        assistance=assistance_of(rng, opened_on, today),
    )


def _drawn(rng: Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _several(rng: Random, weights: dict[str, int], most: int) -> list[str]:
    """One to so many codes, each once, in the order of the list."""
    chosen = {_drawn(rng, weights) for _ in range(rng.randint(1, most))}
    return [code for code in weights if code in chosen]


def _identity(
    rng: Random, culture: names.Culture, woman: bool, age: int, opened_on: date
) -> Identity:
    name = names.name_of(rng, culture, woman=woman)
    spelling = rng.choice(tuple(names.SPELLINGS)) if rng.random() < 0.45 else ""
    given, patronymic, surname = (
        names.in_latin(part, spelling) if spelling else part
        for part in (name.given, name.patronymic, name.surname)
    )
    other = f"{name.surname} {name.given}" if spelling and rng.random() < 0.3 else ""
    adult = age >= 18
    unsaid = rng.random() < 0.02
    return Identity(
        first_name=given,
        middle_name=patronymic,
        second_name=surname,
        other_names=other if other != f"{surname} {given}" else "",
        birthdate=(
            opened_on - timedelta(days=int(age * 365.25) + rng.randrange(1, 364))
        ).isoformat(),
        gender="NonSpecifiedUnknown" if unsaid else "Feminine" if woman else "Masculine",
        marital_status=rng.choice(("Single", "Single", "Married", "Divorced"))
        if adult
        else "Single",
        number_of_children=rng.choices((0, 1, 2, 3), (5, 3, 2, 1))[0] if adult else 0,
        primary_language=rng.choices(culture.languages, range(len(culture.languages), 0, -1))[0],
        highest_level_of_education=rng.choice(_ADULT_EDUCATION)
        if adult
        else "LowerSecondaryEducation",
        citizenship=[culture.country],
        identity_number=f"XX{rng.randrange(10**7):07}" if rng.random() < 0.7 else "",
    )


_ADULT_EDUCATION = (
    "LowerSecondaryEducation",
    "UpperSecondaryEducation",
    "UpperSecondaryEducation",
    "PostSecondaryNonTertiaryEducation",
    "BachelorsOrEquivalentLevel",
)


def _contact(rng: Random, culture: names.Culture) -> Contact:
    """Phones of an area code that does not exist, mail of a domain kept for examples."""
    local = f"{rng.randrange(10**7):07}"
    return Contact(
        email=f"person{rng.randrange(10**6):06}@example.org" if rng.random() < 0.4 else "",
        mobile_phone=f"+375 00 {local[:3]}-{local[3:5]}-{local[5:]}" if rng.random() < 0.9 else "",
        mailing_city=rng.choice(culture.towns),
        mailing_country=culture.country,
        safe_contact=rng.choice(texts.SAFE_CONTACTS),
    )


def _victim(rng: Random, woman: bool, age: int) -> VictimContext:
    of_adults = _OF_WOMEN if woman else _OF_MEN
    kind = _drawn(rng, of_adults if age >= 18 else _OF_CHILDREN)
    recruitment = _drawn(rng, _RECRUITMENT)
    sexual = kind == "SexualExploitation"
    return VictimContext(
        relationship_to_trafficker=[
            rng.choice(("Acquainted", "Acquainted", "Unaquainted", "Familial"))
        ],
        age_when_trafficked=max(6, age - rng.choice((0, 0, 1, 1, 2, 4))),
        method_of_recruitment=[recruitment],
        recruitment_websites_and_apps=[_drawn(rng, _APPS)] if recruitment in _ONLINE else [],
        location_of_recruitment=rng.choice(names.BELARUS.towns),
        methods_of_control=_several(rng, _CONTROLS, 4),
        types_of_exploitation=[kind],
        forced_labour_industry=[_drawn(rng, _INDUSTRIES)] if kind in _WORK else [],
        types_of_sex_exploitation=[_drawn(rng, _SEXUAL)] if sexual and age >= 18 else [],
        country_of_exploitation=_drawn(rng, _COUNTRIES),
        account=_account(rng, kind, adult_woman=woman and age >= 18),
    )


def _decision(rng: Random, opened_on: date) -> StatusDecisionContent:
    known = rng.random() < 0.75
    return StatusDecisionContent(
        trafficking_status=f"{'Actual' if known else 'Possible'}VictimOfTrafficking",
        trafficking_status_decided_by=rng.choice(("Police", "NGO", "CourtOrProsecution")),
        decided_on=opened_on - timedelta(days=rng.randrange(30)),
    )


def _account(rng: Random, kind: str, adult_woman: bool) -> str:
    """What happened, in a few words; of a man or a child only what fits everybody."""
    if kind in ("SexualExploitation", "ForcedMarriage") and not adult_woman:
        return rng.choice((*texts.ACCOUNTS["Other"], texts.ACCOUNTS["SexualExploitation"][-1]))
    return rng.choice(texts.ACCOUNTS[kind])


def _summary(rng: Random, opened_on: date) -> CaseSummary:
    return CaseSummary(
        summary=rng.choice(texts.SUMMARIES),
        referring_organisation=rng.choice(names.REFERRERS),
        incoming_referral_date=opened_on - timedelta(days=rng.randrange(10)),
        referring_case_worker=rng.choice(names.CASE_WORKERS),
        reason_for_incoming_referral=rng.choice(texts.REFERRAL_REASONS),
    )


def _consent(rng: Random, language: str) -> ConsentTerms:
    """Nearly everybody agrees to be helped; to more than that, about half."""
    if rng.random() < 0.05:
        return ConsentTerms(consented=False, form="written", language=language)
    return ConsentTerms(
        consented=True,
        purposes=[code for code in CONSENT_PURPOSES if code == "assistance" or rng.random() < 0.5],
        points_explained=list(CONSENT_GUIDANCE),
        form=rng.choices(("written", "recorded", "verbal_certified"), (85, 5, 10))[0],
        language=language,
        interpreter="Interpreter present" if language in ("uz", "ro") else "",
        remarks=rng.choice(texts.CONSENT_REMARKS),
    )
