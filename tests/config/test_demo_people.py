"""Invented people are the same each time, look like a real caseload, and can be nobody's data."""

import re
import time
from collections import Counter
from dataclasses import asdict, fields
from datetime import date, timedelta
from itertools import islice

import msgspec
import pytest

from assistance.reference import (
    CURRENCIES,
    KINDS,
    LEGAL_STAGES,
    PSYCHOLOGICAL_METHODS,
    REINTEGRATION_DIMENSIONS,
    REINTEGRATION_TYPES,
)
from assistance.sections import SCHEMAS
from cases import reference
from cases.countries import COUNTRIES, LANGUAGES
from cases.sections import VictimContext
from config.demo import names, texts
from config.demo.stories import DemoPerson, people
from core.known_days import first_day

TODAY = date(2026, 11, 22)
CYRILLIC = re.compile("[а-яёўіїєґ]", re.IGNORECASE)


@pytest.fixture(scope="module")
def caseload() -> list[DemoPerson]:
    return list(people(7, 300, TODAY))


def test_the_same_seed_gives_the_same_people_and_another_seed_others(caseload):
    assert list(people(7, 300, TODAY)) == caseload
    assert list(people(7, 10, TODAY)) == caseload[:10]
    assert list(people(8, 300, TODAY)) != caseload


def test_people_come_one_by_one_and_as_many_as_asked():
    assert len(list(islice(people(1, 10**9, TODAY), 3))) == 3
    assert list(people(1, 0, TODAY)) == []


def test_three_hundred_people_take_less_than_a_second():
    start = time.perf_counter()
    assert len(list(people(3, 300, TODAY))) == 300
    assert time.perf_counter() - start < 1


def test_cases_were_opened_over_four_years_before_today(caseload):
    opened = [person.opened_on for person in caseload]
    assert max(opened) < TODAY
    assert min(opened) >= TODAY - timedelta(days=1461)
    assert {day.year for day in opened} == {2022, 2023, 2024, 2025, 2026}


@pytest.mark.parametrize("seed", range(5))
def test_some_cells_of_a_table_are_large_and_some_are_small(seed):
    cells = Counter(
        (person.opened_on.year, person.identity.gender, kind)
        for person in people(seed, 300, TODAY)
        for kind in person.victim.types_of_exploitation
    )
    assert sum(count >= 11 for count in cells.values()) >= 6
    assert sum(0 < count < 11 for count in cells.values()) >= 10


LISTS = {
    "gender": reference.GENDER,
    "marital_status": reference.MARITAL_STATUS,
    "highest_level_of_education": reference.EDUCATION,
    "primary_language": LANGUAGES,
    "citizenship": COUNTRIES,
    "mailing_country": COUNTRIES,
    "country_of_exploitation": COUNTRIES,
    "trafficking_status": reference.TRAFFICKING_STATUS,
    "trafficking_status_decided_by": reference.DECISION_MAKING_ORG,
    "relationship_to_trafficker": reference.RELATIONSHIP_TO_TRAFFICKER,
    "recruitment_websites_and_apps": reference.WEBSITES_AND_APPS,
    "method_of_recruitment": reference.METHOD_OF_RECRUITMENT,
    "methods_of_control": reference.METHODS_OF_CONTROL,
    "types_of_exploitation": reference.TYPES_OF_EXPLOITATION,
    "forced_labour_industry": reference.FORCED_LABOUR_INDUSTRY,
    "types_of_sex_exploitation": reference.TYPES_OF_SEX_EXPLOITATION,
    "purposes": reference.CONSENT_PURPOSES,
    "points_explained": reference.CONSENT_GUIDANCE,
    "form": reference.CONSENT_FORMS,
}


@pytest.mark.parametrize("name", LISTS)
def test_every_code_stands_in_its_list(caseload, name):
    used = set()
    for person in caseload:
        for section in (
            *(person.identity, person.contact, person.victim, person.consent, person.decision),
        ):
            value = getattr(section, name, [])
            used.update([value] if isinstance(value, str) else value)
    used.discard("")
    assert used, f"nobody has a {name}"
    assert used <= set(LISTS[name])


def test_no_code_of_merged_answers_is_used(caseload):
    for person in caseload:
        assert (
            not {*person.victim.types_of_exploitation} & reference.GROUPED["TYPES_OF_EXPLOITATION"]
        )
        assert person.identity.gender not in reference.GROUPED["GENDER"]


def test_sections_survive_the_way_through_json(caseload):
    for person in caseload:
        for name in ("identity", "contact", "victim", "summary", "consent"):
            section = getattr(person, name)
            assert msgspec.json.decode(msgspec.json.encode(section), type=type(section)) == section


def test_ages_fit_the_birthdates(caseload):
    children = 0
    for person in caseload:
        born, victim = person.identity.birthdate, person.victim
        age = (person.opened_on - first_day(born)).days // 365.25
        children += age < 18
        assert 9 <= age <= 67
        assert 6 <= victim.age_when_trafficked <= age
    assert 60 <= children <= 120


def test_nothing_more_than_a_code_is_told_of_children_and_sexual_exploitation(caseload):
    neutral = {*texts.ACCOUNTS["Other"], texts.ACCOUNTS["SexualExploitation"][-1]}
    for person in caseload:
        grown = (person.opened_on - first_day(person.identity.birthdate)).days >= 18 * 365.25
        if not grown and "SexualExploitation" in person.victim.types_of_exploitation:
            assert person.victim.account in neutral
            assert person.victim.types_of_sex_exploitation == []


def test_half_of_the_names_are_cyrillic_and_half_latin(caseload):
    cyrillic = sum(bool(CYRILLIC.search(person.identity.full_name)) for person in caseload)
    assert 120 <= cyrillic <= 180
    for person in caseload:
        written = person.identity.full_name
        assert not (CYRILLIC.search(written) and re.search("[A-Za-z]", written)), written


def test_a_file_has_texts_in_several_languages(caseload):
    accounts = [person.victim.account for person in caseload]
    assert sum(bool(CYRILLIC.search(text)) for text in accounts) >= 60
    assert any(re.search("[ўі]", text) for text in accounts)
    assert len(set(accounts)) >= 15
    assert max(map(len, accounts)) <= 300


def test_nobody_can_be_reached(caseload):
    for person in caseload:
        contact = person.contact
        assert re.fullmatch(r"(\+375 00 \d{3}-\d\d-\d\d)?", contact.mobile_phone)
        assert re.fullmatch(r"(person\d{6}@example\.org)?", contact.email)
        assert not contact.home_phone and not contact.mailing_street
        assert re.fullmatch(r"(XX\d{7})?", person.identity.identity_number)


def test_names_vary_and_none_is_empty(caseload):
    assert all(p.identity.first_name and p.identity.second_name for p in caseload)
    assert len({person.identity.full_name for person in caseload}) >= 290


def test_every_kind_and_status_of_assistance_occurs(caseload):
    pieces = [piece for person in caseload for piece in person.assistance]
    assert {piece.kind for piece in pieces} == set(KINDS) == set(SCHEMAS)
    assert {piece.status for piece in pieces} == {"planned", "under_way", "delivered", "cancelled"}
    assert all(1 <= len(person.assistance) <= 5 for person in caseload)


def test_assistance_follows_the_opening_and_only_plans_lie_ahead(caseload):
    for person in caseload:
        for piece in person.assistance:
            assert piece.on >= person.opened_on
            assert (piece.on > TODAY) == (piece.status == "planned")


def test_contents_fit_the_section_of_their_kind(caseload):
    for person in caseload:
        for piece in person.assistance:
            section = msgspec.json.decode(
                msgspec.json.encode(piece.content), type=SCHEMAS[piece.kind]
            )
            not_told = {"planned_from", "planned_until", "goal"}  # made by the service, or none
            not_told |= {"subtype", "files"}
            fields = {field.name for field in msgspec.structs.fields(section)}
            assert set(piece.content) == fields - not_told
            assert piece.content["provider"] in names.PROVIDERS[piece.kind]


def test_codes_of_assistance_stand_in_their_lists(caseload):
    contents = [piece.content for person in caseload for piece in person.assistance]
    for name, codes in (
        ("method", PSYCHOLOGICAL_METHODS),
        ("stage", LEGAL_STAGES),
        ("currency", CURRENCIES),
        ("dimension", REINTEGRATION_DIMENSIONS),
    ):
        assert {content[name] for content in contents if name in content} == set(codes)
    for content in contents:
        if "dimension" in content:
            assert content["type"] in REINTEGRATION_TYPES[content["dimension"]]


def test_a_reintegration_code_tells_its_dimension():
    assert set(REINTEGRATION_TYPES) == set(REINTEGRATION_DIMENSIONS)
    codes = [code for types in REINTEGRATION_TYPES.values() for code in types]
    assert len(codes) == len(set(codes)) == 23


def test_every_type_a_person_may_draw_has_an_account():
    drawn = {
        kind for person in people(5, 2000, TODAY) for kind in person.victim.types_of_exploitation
    }
    assert drawn == set(texts.ACCOUNTS)


@pytest.mark.parametrize("spelling", names.SPELLINGS)
def test_no_cyrillic_letter_is_left_in_a_latin_spelling(spelling):
    for culture in names.CULTURES:
        for word in (*culture.women, *culture.men, *culture.stems, *culture.fathers):
            latin = names.in_latin(word, spelling)
            assert not CYRILLIC.search(latin)
            assert latin[0].isupper()


def test_words_of_one_culture_are_of_one_script():
    for culture in names.CULTURES:
        words = (*culture.women, *culture.men, *culture.stems, *culture.fathers, *culture.towns)
        assert len({bool(CYRILLIC.search(word)) for word in words}) == 1
        for word in words:
            assert not (CYRILLIC.search(word) and re.search("[A-Za-z]", word)), word


def test_a_person_has_all_the_parts_of_a_case(caseload):
    assert [part.name for part in fields(DemoPerson)][:6] == [
        "identity",
        "contact",
        "victim",
        "decision",
        "summary",
        "consent",
    ]
    assert any(person.victim != VictimContext() for person in caseload)
    assert all(asdict(person)["opened_on"] for person in caseload)
