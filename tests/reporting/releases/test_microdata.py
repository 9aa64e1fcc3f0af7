"""Synthetic rows in CTDC's layout, and the aggregates beside them."""

import csv
import json
from fractions import Fraction

import pytest

from cases.reference import (
    AGE_BANDS,
    DURATIONS,
    FORCED_LABOUR_INDUSTRY,
    GENDER,
    METHODS_OF_CONTROL,
    RECRUITER_RELATIONS,
    TYPES_OF_SEX_EXPLOITATION,
    UNANSWERED,
)
from cases.sections import CaseFacts
from core.exceptions import BadInput, WrongState
from reporting.releases import codebook, microdata, noisy
from tests.reporting.people import people

YEARS = list(range(2019, 2027))
DEFINITION = {"years": YEARS}


@pytest.fixture(scope="module")
def files():
    return microdata.make(people(6_000), DEFINITION)


def lines(content):
    return list(csv.DictReader(content.decode().splitlines()))


def test_the_27_variables_are_those_of_the_codebook():
    assert codebook.NAMES == (
        "yearOfRegistration", "gender", "ageBroad", "traffickMonths", "citizenship",
        "CountryOfExploitation", "meansDebtBondageEarnings", "meansThreats", "meansAbusePsyPhySex",
        "meansDenyBasicNeeds", "meansFalsePromises", "meansDrugsAlcohol", "meansExcessiveWorkHours",
        "meansWithholdDocs", "isForcedLabour", "isSexualExploit", "isOtherExploit",
        "typeOfLabourAgriculture", "typeOfLabourConstruction", "typeOfLabourDomesticWork",
        "typeOfLabourHospitality", "typeOfSexProstitution", "typeOfSexPornography",
        "recruiterRelationIntimatePartner", "recruiterRelationFriend", "recruiterRelationFamily",
        "recruiterRelationOther",
    )  # fmt: skip
    told = [name for factor in codebook.factors(YEARS) for name in factor.names]
    assert sorted(told) == sorted(codebook.NAMES)


def test_every_code_of_a_case_is_known_to_the_codebook():
    assert codebook.GENDERS.keys() == GENDER.keys() - {"NonSpecifiedUnknown"}
    assert codebook.AGES.keys() == AGE_BANDS.keys()
    assert codebook.AGES["9-17"] == "9--17"
    assert codebook.MONTHS.keys() == DURATIONS.keys()
    # What no variable of the codebook tells of.
    assert METHODS_OF_CONTROL.keys() - set().union(*codebook.MEANS.values()) == {
        "UsesChildren",
        "Other",
    }
    assert RECRUITER_RELATIONS.keys() - set().union(*codebook.RECRUITERS.values()) == {"Acquainted"}
    assert codebook.INDUSTRIES.keys() <= FORCED_LABOUR_INDUSTRY.keys()
    assert codebook.SEXUAL.keys() <= TYPES_OF_SEX_EXPLOITATION.keys()


def test_a_person_goes_into_codes_and_comes_out_as_a_line():
    facts = CaseFacts(
        year=2020,
        gender="TransgenderMasculine",
        age_band="48+",
        duration="61+",
        citizenship=["BY", "RU"],
        country_of_exploitation="NA",
        methods_of_control=["TakesEarnings", "DebtBondage", "RestrictsMovement"],
        types_of_exploitation=["ForcedLabour", "OrganRemoval"],
        forced_labour_industry=["F_Construction"],
        types_of_sex_exploitation=["Prostitution"],  # without sexual exploitation
        recruiter_relation=["Acquainted"],
    )
    factors = codebook.factors(YEARS)
    (line,) = codebook.decode(codebook.encode([facts], factors), factors)
    told = {name: cell for name, cell in zip(codebook.NAMES, line, strict=True) if cell}
    assert told == {
        "yearOfRegistration": "2020",
        "gender": "Trans/Transgender/NonConforming",
        "ageBroad": "48+",
        "traffickMonths": "25+ (2+ yrs)",
        "citizenship": "BLR",
        "CountryOfExploitation": "NAM",
        "meansDebtBondageEarnings": "1",
        "meansDenyBasicNeeds": "1",
        "isForcedLabour": "1",
        "isOtherExploit": "1",
        "typeOfLabourConstruction": "1",
    }


def test_the_file_has_the_layout_and_no_impossible_row(files):
    rows = lines(files["microdata.csv"])
    assert len(rows) == pytest.approx(6_000, abs=300)
    assert len(rows) % microdata.ROUNDED_TO == 0
    assert tuple(rows[0]) == codebook.NAMES
    assert {row["yearOfRegistration"] for row in rows} <= {str(year) for year in YEARS}
    for row in rows:
        for name, cell in row.items():
            assert cell in ("", "1") or name in codebook.NAMES[:6]
            if cell and name.startswith("typeOfLabour"):
                assert row["isForcedLabour"]
            if cell and name.startswith("typeOfSex"):
                assert row["isSexualExploit"]


def test_no_factor_has_a_code_for_what_cannot_be():
    for factor in codebook.factors(YEARS):
        if len(factor.names) > 1:
            without = [cells for cells in factor.answers if not cells[0]]
            assert without == [("",) * len(factor.names)]


def test_aggregates_are_of_declared_pairs_and_not_below_the_threshold(files):
    rows = list(csv.reader(files["aggregates.csv"].decode().splitlines()))[1:]
    assert {row[0] for row in rows} | {row[2] for row in rows} == set(microdata.AGGREGATED)
    assert min(int(row[4]) for row in rows) >= 11
    women = sum(
        int(row[4])
        for row in rows
        if (row[0], row[2], row[3]) == ("yearOfRegistration", "gender", "Woman")
    )
    exact = sum(row.facts.gender == "Feminine" and row.facts.year in YEARS for row in people(6_000))
    assert women == pytest.approx(exact, rel=0.05)


def test_the_charge_is_the_sum_of_what_is_declared(files):
    assert microdata.charge(DEFINITION) == Fraction(1, 2)
    asked = DEFINITION | {"rho": "1/10", "aggregates_rho": "1/20"}
    assert microdata.charge(asked) == Fraction(3, 20)
    sheet = json.loads(files["microdata.json"])
    assert Fraction(sheet["rho_rows"]) + Fraction(sheet["rho_aggregates"]) == Fraction(sheet["rho"])
    assert sheet["epsilon"] == pytest.approx(5.22, abs=0.01)
    assert sheet["persons_rounded"] % 100 == 0


def test_aggregates_spend_exactly_their_share(monkeypatch):
    spent = []
    with_noise = noisy.with_noise
    monkeypatch.setattr(noisy, "with_noise", lambda *a: spent.append(a[1]) or with_noise(*a))
    microdata.make(people(6_000), DEFINITION)
    factors = len(codebook.factors(YEARS))
    model = factors + factors - 1  # columns and pairs of the tree
    assert sum(spent[model:]) == microdata.AGGREGATES_RHO
    assert sum(spent[:model]) == microdata.ROWS_RHO * Fraction(2, 3)  # the rest chose the pairs


def test_too_few_persons_are_refused():
    with pytest.raises(WrongState, match="too few persons"):
        microdata.make(people(1_000), DEFINITION)


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"years": []},
        DEFINITION | {"rho": "much"},
        DEFINITION | {"rho": "0"},
        {"years": ["2020"]},
    ],
)
def test_a_definition_that_says_too_little_is_refused(definition):
    with pytest.raises(BadInput):
        microdata.charge(definition)


@pytest.mark.parametrize("reason", list(UNANSWERED))
def test_a_reason_for_no_answer_is_no_answer_in_any_column(reason):
    silent = CaseFacts(
        year=2024,
        types_of_exploitation=[reason],
        methods_of_control=[reason],
        recruiter_relation=[reason],
        forced_labour_industry=[reason],
        types_of_sex_exploitation=[reason],
        citizenship=[reason],
    )
    for factor in codebook.factors([2024]):
        assert factor.read(silent) == factor.read(CaseFacts(year=2024)), factor
