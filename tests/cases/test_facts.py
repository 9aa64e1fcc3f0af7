from datetime import date

import pytest

from cases.facts import (
    age_band,
    age_on,
    facts_of,
    majority,
    outcome_of,
    search_entry_of,
    source_of,
)
from cases.reference import AGE_BANDS, MAJORITY, OUTCOMES, RECRUITER_RELATIONS, REFERRAL_SOURCES
from cases.sections import CaseFacts, Contact, Identity, VictimContext

OPENED = date(2024, 3, 1)


def facts(identity=None, victim=None, **kwargs):
    return facts_of(
        identity=identity or Identity(),
        victim=victim or VictimContext(),
        opened_on=OPENED,
        **kwargs,
    )


def test_an_empty_case_is_open_has_a_year_and_nothing_else():
    assert facts() == CaseFacts(year=2024, outcome="Open")


def test_what_is_coded_in_the_case_is_taken_over():
    identity = Identity(gender="Feminine", birthdate="2000-01-01", citizenship=["BY", "UA"])
    victim = VictimContext(
        age_when_trafficked=17,
        relationship_to_trafficker=["Familial", "Unaquainted"],
        methods_of_control=["DebtBondage"],
        types_of_exploitation=["ForcedLabour"],
        forced_labour_industry=["F_Construction"],
        types_of_sex_exploitation=["Prostitution"],
        country_of_exploitation="RU",
    )
    assert facts(identity, victim) == CaseFacts(
        year=2024,
        gender="Feminine",
        age_band="24-26",
        majority_when_exploited="Minor",
        citizenship=["BY", "UA"],
        country_of_exploitation="RU",
        methods_of_control=["DebtBondage"],
        types_of_exploitation=["ForcedLabour"],
        forced_labour_industry=["F_Construction"],
        types_of_sex_exploitation=["Prostitution"],
        recruiter_relation=["Family", "Other"],
        outcome="Open",
    )


def test_facts_do_not_share_lists_with_the_case():
    victim = VictimContext(methods_of_control=["Other"])
    derived = facts(victim=victim)
    victim.methods_of_control.append("DebtBondage")
    assert derived.methods_of_control == ["Other"]


def test_unspecified_gender_is_not_known():
    assert facts(Identity(gender="NonSpecifiedUnknown")).gender == "unknown"


def test_an_acquaintance_is_not_guessed_to_be_a_friend():
    victim = VictimContext(relationship_to_trafficker=["Acquainted"])
    assert facts(victim=victim).recruiter_relation == ["Acquainted"]
    assert "Acquainted" in RECRUITER_RELATIONS


def test_overrides_win_also_when_they_say_not_recorded():
    identity = Identity(birthdate="2000-01-01")
    given = facts(identity, overrides={"year": None, "age_band": "18-20", "duration": "0-12"})
    assert (given.year, given.age_band, given.duration) == (None, "18-20", "0-12")


def test_an_override_of_no_fact_is_refused():
    with pytest.raises(TypeError):
        facts(overrides={"name": "Anna"})


@pytest.mark.parametrize(
    ("age", "band"),
    [
        *[(0, "0-8"), (8, "0-8"), (9, "9-17"), (17, "9-17"), (18, "18-20"), (20, "18-20")],
        *[(21, "21-23"), (24, "24-26"), (29, "27-29"), (30, "30-38"), (38, "30-38")],
        *[(39, "39-47"), (47, "39-47"), (48, "48+"), (120, "48+")],
    ],
)
def test_ages_fall_into_their_band_on_both_edges(age, band):
    assert age_band(f"{OPENED.year - age}-03-01", OPENED) == band
    assert band in AGE_BANDS


def test_the_band_changes_on_the_birthday_and_not_before():
    assert age_band("2006-03-02", OPENED) == "9-17"
    assert age_band("2006-03-01", OPENED) == "18-20"


def test_somebody_born_on_29_february_ages_on_1_march():
    born = date(2004, 2, 29)
    assert age_on(born, date(2022, 2, 28)) == 17
    assert age_on(born, date(2022, 3, 1)) == 18


@pytest.mark.parametrize("born", ["", "2024-03-02", "2025", "1890-01-01", "1890"])
def test_unknown_and_impossible_ages_have_no_band(born):
    assert age_band(born, OPENED) == ""


@pytest.mark.parametrize(
    ("born", "band"),
    [
        *[
            ("1999", "24-26"),
            ("2000", ""),
            ("2006", ""),
            ("2006-02", "18-20"),
            ("2006-03", ""),
            ("2006-04", "9-17"),
        ],
        *[
            ("2024", "0-8"),
            ("2024-03", "0-8"),
            ("1900", ""),
            ("1904", "48+"),
            ("2015", ""),
            ("2016", "0-8"),
        ],
    ],
)
def test_a_date_that_is_known_in_part_has_a_band_where_it_can_have_no_other(born, band):
    assert age_band(born, OPENED) == band


def test_why_there_is_no_answer_stands_in_its_place():
    """Statistics have it as a category of its own, never as "no"."""
    reasons = dict.fromkeys(VictimContext.__struct_fields__, "declined")
    victim = VictimContext(unanswered=reasons | {"unanswered": "declined"})
    identity = Identity(unanswered=dict.fromkeys(Identity.__struct_fields__, "not_asked"))
    assert facts(identity, victim) == CaseFacts(
        year=2024,
        gender="not_asked",
        age_band="not_asked",
        citizenship=["not_asked"],
        country_of_exploitation="declined",
        methods_of_control=["declined"],
        types_of_exploitation=["declined"],
        forced_labour_industry=["declined"],
        types_of_sex_exploitation=["declined"],
        recruiter_relation=["declined"],
        outcome="Open",
    )


@pytest.mark.parametrize(
    ("reason", "reached", "outcome"),
    [
        ("Supported", [], "Supported"),
        ("Supported", [False], "Supported"),
        ("Supported", [True, False], "PartlyReached"),
        ("Supported", [True, True], "AllReached"),
        ("LostContact", [True], "LostContact"),
    ],
)
def test_the_goals_tell_more_where_support_ended_as_it_was_meant_to(reason, reached, outcome):
    assert outcome_of(reason, reached) == outcome
    assert outcome in OUTCOMES


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("", ""),
        ("  ", ""),
        (" la strada ", "NGO"),
        ("A neighbour", "OtherBody"),
        ("Ours", "OtherBody"),
    ],
)
def test_the_source_is_the_type_of_who_referred_the_person(name, source):
    assert source_of(name, {"la strada": "NGO", "ours": ""}) == source
    assert not source or source in REFERRAL_SOURCES


@pytest.mark.parametrize(
    ("age", "code"), [(17, "Minor"), (18, "Adult"), (0, "Minor"), (None, ""), (-1, ""), (121, "")]
)
def test_majority_starts_at_eighteen(age, code):
    assert majority(age) == code
    assert not code or code in MAJORITY


def test_a_person_is_found_under_each_name_and_number():
    identity = Identity(
        first_name="Марына",
        second_name="Казлова",
        other_names="Marina Kozlova; Мася",
        birthdate="1999-12-31",
        identity_number="4311299A001PB1",
    )
    entry = search_entry_of(identity, Contact(mobile_phone="+375291234567"))
    assert entry.names == ["Казлова Марына", "Marina Kozlova", "Мася"]
    assert entry.numbers == ["4311299A001PB1", "+375291234567"]
    assert entry.born == "1999-12-31"


def test_a_person_without_names_has_an_empty_entry():
    entry = search_entry_of(Identity(), Contact())
    assert (entry.names, entry.numbers, entry.born) == ([], [], "")
