from datetime import date

import pytest

from cases import reference
from cases.facts import facts_of
from cases.imports import ctdc
from cases.imports.rows import Row
from cases.sections import CaseFacts, Identity, VictimContext


def parse(**cells):
    return ctdc.parse(Row(2, cells))


def facts(new_case):
    return facts_of(
        identity=new_case.identity,
        victim=new_case.victim,
        opened_on=date(2025, 1, 1),
        overrides=new_case.facts,
    )


def test_there_are_37_columns_and_their_codes_exist():
    assert len(ctdc.ANSWERS) + len(ctdc.FLAGS) == 37
    lists = {
        "methods_of_control": reference.METHODS_OF_CONTROL,
        "types_of_exploitation": reference.TYPES_OF_EXPLOITATION,
        "forced_labour_industry": reference.FORCED_LABOUR_INDUSTRY,
        "types_of_sex_exploitation": reference.TYPES_OF_SEX_EXPLOITATION,
        "recruiter_relation": reference.RECRUITER_RELATIONS,
    }
    for flag in ctdc.FLAGS.values():
        assert flag.code in lists[flag.fact]
    assert set(ctdc.GENDER.values()) <= set(reference.GENDER)
    assert set(ctdc.AGE_BAND.values()) == set(reference.AGE_BANDS)
    assert set(ctdc.DURATION.values()) == set(reference.DURATIONS)


def test_an_empty_row_says_nothing_not_even_a_year():
    new_case = parse(yearOfRegistration="", gender="", isForcedLabour="").new_case
    assert facts(new_case) == CaseFacts(year=None)
    assert new_case.identity == Identity()
    assert new_case.opened_on is None and new_case.consent is None


def test_answers_become_facts_in_our_codes():
    new_case = parse(
        yearOfRegistration="2019",
        gender="Female",
        ageBroad="09--17",
        majorityStatusAtExploit="Minor",
        traffickMonths="25--60 (2-5 yrs)",
        citizenship="BLR",
        CountryOfExploitation="RUS",
    ).new_case
    assert facts(new_case) == CaseFacts(
        year=2019,
        gender="Feminine",
        age_band="9-17",
        majority_when_exploited="Minor",
        duration="25-60",
        citizenship=["BY"],
        country_of_exploitation="RU",
    )
    assert new_case.identity == Identity(gender="Feminine", citizenship=["BY"])
    assert new_case.identity.birthdate == ""


def test_flags_become_lists_and_exact_ones_enter_the_file():
    new_case = parse(
        meansOfControlDebtBondage="1",
        meansOfControlThreats="1",
        meansOfControlRestrictsMovement="1",
        isSexualExploit="1",
        isOtherExploit="1",
        typeOfLabourOther="1",
        typeOfSexOther="1",
        recruiterRelationFriend="1",
    ).new_case
    known = facts(new_case)
    assert known.methods_of_control == ["DebtBondage", "PhysicalThreats", "RestrictsMovement"]
    assert known.types_of_exploitation == ["SexualExploitation", "OtherGrouped"]
    assert known.forced_labour_industry == ["OtherIndustry"]
    assert known.types_of_sex_exploitation == ["OtherSexual"]
    assert known.recruiter_relation == ["Friend"]
    assert new_case.victim == VictimContext(
        methods_of_control=["DebtBondage", "RestrictsMovement"],
        types_of_exploitation=["SexualExploitation"],
    )


def test_a_merged_gender_is_a_fact_but_nobody_picks_one_of_the_three():
    new_case = parse(gender="Transgender/NonConforming").new_case
    assert facts(new_case).gender == "TransgenderOrNonConforming"
    assert new_case.identity.gender == ""


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("yearOfRegistration", "201"),
        ("yearOfRegistration", "2,019"),
        ("yearOfRegistration", "9999"),
        ("gender", "Woman"),
        ("ageBroad", "18-99"),
        ("majorityStatusAtExploit", "Unknown"),
        ("traffickMonths", "25+ (2+ yrs)"),
        ("citizenship", "BY"),
        ("citizenship", "NA"),
        ("citizenship", "XKX"),
        ("CountryOfExploitation", "00"),
        ("isForcedLabour", "0"),
        ("isForcedLabour", "-99"),
        ("typeOfSexOther", "yes"),
    ],
)
def test_a_bad_cell_is_named_and_not_repeated(column, cell):
    parsed = ctdc.parse(Row(7, {"gender": "Male"} | {column: cell}))
    assert parsed.new_case is None
    (problem,) = parsed.problems
    assert (problem.row, problem.column) == (7, column)
    assert cell not in problem.message.split()


def test_numbers_written_with_a_decimal_nought_are_read():
    new_case = parse(yearOfRegistration="2019.0", isForcedLabour="1.0").new_case
    assert facts(new_case).year == 2019
    assert facts(new_case).types_of_exploitation == ["ForcedLabour"]


def test_the_shortened_and_the_full_header_mean_the_same_column():
    assert ctdc.column("meansOfControlThreatOfLawEnforcement") == ctdc.column(
        "meansOfControlThreatOfLawEnforce"
    )
    assert ctdc.column("meansThreats") == ""
