from datetime import date, timedelta

import pytest
from django.utils import timezone

from assistance.sections import SupportPlanContent
from cases.entries import ENTRY_KINDS
from cases.imports import htcds
from cases.imports.htcds_fields import HTCDS_FIELDS
from cases.imports.rows import Row
from cases.sections import (
    CaseSummary,
    CommentContent,
    ConsentTerms,
    Contact,
    Identity,
    PerpetratorContent,
    StatusDecisionContent,
    TraffickingEventContent,
    VictimContext,
)

SECTIONS = {
    "identity": Identity,
    "contact": Contact,
    "victim": VictimContext,
    "summary": CaseSummary,
    "consent": ConsentTerms,
}


def parse(**cells):
    return htcds.parse(Row(3, cells))


def opened(**cells):
    parsed = parse(**cells)
    assert parsed.problems == []
    return parsed.new_case


def reason(column, cell):
    """Why the cell is refused; checks that row and column are told and nothing is opened."""
    parsed = htcds.parse(Row(3, {"prs_Salutation": "Ms", column: cell}))
    assert parsed.new_case is None
    (problem,) = parsed.problems
    assert (problem.row, problem.column) == (3, column)
    return problem.message


def test_every_field_has_a_place_that_exists():
    by_prefix = {}
    for name, place in HTCDS_FIELDS.items():
        by_prefix[name[:3]] = by_prefix.get(name[:3], 0) + 1
        if place.section == "other":
            assert place.field == name
        elif place.section in ENTRY_KINDS:
            assert place.field in ENTRY_KINDS[place.section].schema.__struct_fields__
        else:
            assert place.field in SECTIONS[place.section].__struct_fields__
    # 81 live fields of HTCDS 2.0, and three deprecated ones of the victim's context.
    assert sum(by_prefix.values()) == 81 + 3
    assert by_prefix == {
        "org": 10,
        "prs": 25,
        "vic": 16,
        "per": 3,
        "cas": 13,
        "cco": 1,
        "hte": 10,
        "spl": 5,
        "con": 1,
    }


def test_no_two_fields_share_a_place():
    places = [(place.section, place.field) for place in HTCDS_FIELDS.values()]
    assert len(set(places)) == len(places)


def test_a_full_row_fills_every_section():
    new_case = opened(
        prs_FirstName="  Марына ",
        prs_SecondName="Казлова",
        prs_Birthdate="31.12.1999",
        prs_Gender="Feminine",
        prs_Deceased="FALSE",
        prs_NumberOfChildren="2",
        prs_PrimaryLanguage="bel",
        prs_Citizenship="BY; Ukraine;",
        prs_Email="anna@example.org",
        prs_MobilePhone="+375 (29) 123-45-67",
        prs_MailingCountry="NA",
        prs_MailingLatitude="-22.57",
        vic_TraffickingStatus="Actual victim of trafficking",
        vic_AgeWhenTrafficked="17",
        vic_MethodsOfControl="DebtBondage ; withholds documents",
        vic_TypeOfExploitation="ForcedLabour",
        cas_IncomingReferralDate="2024-03-31",
        cas_ReasonForCaseClosure="First line\nsecond line",
        con_Consent="TRUE",
    )
    assert new_case.identity == Identity(
        first_name="Марына",
        second_name="Казлова",
        birthdate="1999-12-31",
        gender="Feminine",
        deceased=False,
        number_of_children=2,
        primary_language="be",
        citizenship=["BY", "UA"],
    )
    assert new_case.contact == Contact(
        email="anna@example.org",
        mobile_phone="+375291234567",
        mailing_country="NA",
        mailing_latitude="-22.57",
    )
    assert new_case.victim == VictimContext(
        age_when_trafficked=17,
        methods_of_control=["DebtBondage", "WithholdsDocuments"],
        types_of_exploitation=["ForcedLabour"],
    )
    decided = StatusDecisionContent(trafficking_status="ActualVictimOfTrafficking")
    assert new_case.entries == [("decision", decided)]
    assert new_case.summary == CaseSummary(
        incoming_referral_date=date(2024, 3, 31),
        reason_for_case_closure="First line\nsecond line",
    )
    assert new_case.consent == ConsentTerms(consented=True)
    assert new_case.opened_on == date(2024, 3, 31)
    assert new_case.facts == {}


def test_nobody_asked_is_not_the_same_as_a_refusal():
    assert opened(prs_FirstName="Anna", con_Consent="").consent is None
    assert opened(con_Consent="no").consent == ConsentTerms(consented=False)


def test_fields_without_a_screen_are_kept_under_their_htcds_name():
    new_case = opened(
        org_Name="Red Cross",
        org_Type="NGO",
        cas_Status="follow up",
        vic_AgreementToManagePersonalData="yes",
        vic_DetailsOfVulnerabilities="old notes",
    )
    assert new_case.summary.other_htcds == {
        "org_Name": "Red Cross",
        "org_Type": "NGO",
        "cas_Status": "FollowUp",
        "vic_AgreementToManagePersonalData": "TRUE",
        "vic_DetailsOfVulnerabilities": "old notes",
    }


def test_what_a_file_holds_several_of_becomes_entries():
    new_case = opened(
        hte_Type="Transit",
        hte_Date="2024-05",
        hte_Country="Poland",
        hte_City="Terespol",
        per_RoleInProcess="Recruiter or intermediary; Exploiter",
        per_Organisation="Bar at the border",
        cco_CaseComment="Called twice",
        spl_Type="Livelihood",
        spl_PlannedEndDate="31.01.2099",
    )
    assert dict(new_case.entries) == {
        "event": TraffickingEventContent(
            event_type="Transit", event_date="2024-05", country="PL", city="Terespol"
        ),
        "perpetrator": PerpetratorContent(
            role_in_process=["RecruiterOrIntermediary", "Exploiter"],
            organisation="Bar at the border",
        ),
        "comment": CommentContent(cls="narrative", comment="Called twice"),
        "plan": SupportPlanContent(plan_type="Livelihood", planned_end_date=date(2099, 1, 31)),
    }
    assert opened(prs_FirstName="Anna").entries == []


def test_the_country_of_an_exploitation_event_is_the_country_of_exploitation():
    new_case = opened(hte_Type="Exploitation", hte_Country="Russia")
    assert new_case.victim.country_of_exploitation == "RU"


@pytest.mark.parametrize("kind", ["Transit", ""])
def test_the_country_of_another_event_is_not(kind):
    assert opened(hte_Type=kind, hte_Country="PL").victim.country_of_exploitation == ""


def test_an_event_needs_a_country_that_exists():
    (problem,) = parse(hte_Type="Transit", hte_Country="Atlantis").problems
    assert problem.column == "hte_Country"
    assert "Atlantis" not in problem.message


@pytest.mark.parametrize(
    ("column", "cell", "codes"),
    [
        ("vic_MethodsOfControl", "PsychoactiveSubstances", ["PsychoactiveSubstance"]),
        ("vic_MethodsOfControl", "ThreatOfLawEnforcement", ["ThreatsLawEnforcement"]),
        ("vic_MethodsOfControl", "DebtBondage ", ["DebtBondage"]),
        ("vic_MethodsOfControl", "MethodsOfControlUsesChildren", ["UsesChildren"]),
        ("vic_MethodsOfControl", "Other;other; OTHER", ["Other"]),
        ("vic_MethodsOfControl", "Threatens children/family", ["ThreatensChildrenFamily"]),
        ("vic_TypeOfExploitation", "Forced criminality", ["ForcedCriminality"]),
    ],
)
def test_spellings_of_codes_and_labels_are_forgiven(column, cell, codes):
    new_case = opened(**{column: cell})
    field = HTCDS_FIELDS[column].field
    assert getattr(new_case.victim, field) == codes


def test_labels_that_hold_a_semicolon_are_not_cut():
    cell = (
        "Construction; Water supply; sewerage, waste management and remediation;"
        "public administration and defence;compulsory social security; P_Education"
    )
    assert opened(vic_ForcedLabourIndustry=cell).victim.forced_labour_industry == [
        "F_Construction",
        "E_WaterSupplySewerageWasteManagement",
        "O_PublicAdministrationAndDefence",
        "P_Education",
    ]


def test_both_apostrophes_are_read():
    for apostrophe in "'’":
        new_case = opened(prs_HighestLevelOfEducation=f"Bachelor{apostrophe}s or equivalent level")
        assert new_case.identity.highest_level_of_education == "BachelorsOrEquivalentLevel"


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("prs_Gender", "Femme", "is not in the list; allowed: Feminine"),
        ("prs_Gender", "TransgenderOrNonConforming", "is not in the list"),
        ("vic_TypeOfExploitation", "OtherGrouped", "is not in the list"),
        ("vic_MethodsOfControl", "DebtBondage;Nonsense", "is not in the list"),
        ("prs_Birthdate", "31/12/1999", "cannot be read"),
        ("prs_Birthdate", "45000", "cannot be read"),
        ("prs_Birthdate", "١٩٩٩-١٢-٣١", "cannot be read"),
        ("prs_Birthdate", "1999-13", "cannot be read"),
        ("prs_Birthdate", "0000-01-01", "cannot be read"),
        ("prs_Birthdate", "1899", "between 1900 and today"),
        ("prs_Birthdate", "1899-12-31", "between 1900 and today"),
        ("spl_ActualEndDate", "1999", "cannot be read"),
        ("spl_ActualEndDate", "١٩٩٩-١٢-٣١", "cannot be read"),
        ("spl_ActualEndDate", "31.02.1999", "no such date"),
        ("spl_ActualEndDate", "0000-01-01", "no such date"),
        ("spl_ActualEndDate", "01.01.0000", "no such date"),
        ("spl_ActualEndDate", "1899-12-31", "before 1900"),
        ("spl_ActualEndDate", "0001-01-01", "before 1900"),
        ("cas_OutgoingReferralDate", "2999-01-01", "in the future"),
        ("prs_FirstName", "A" * 201, "longer than 200"),
        pytest.param("prs_FirstName", "A" * 1024**2, "longer than 200", id="a-megabyte"),
        pytest.param("cco_CaseComment", "A" * 10_001, "longer than 10000", id="a-long-text"),
        pytest.param("prs_Citizenship", ";" * 1024**2, "is not a country", id="a-megabyte-of-;"),
        pytest.param("prs_FirstName", "An\x00na", "control characters", id="a-nul"),
        ("prs_FirstName", "An\x1bna", "control characters"),
        ("cas_ReasonForCaseClosure", "a\x07b", "control characters"),
        ("prs_NumberOfChildren", "1,5", "whole number"),
        ("prs_NumberOfChildren", "two", "whole number"),
        ("prs_NumberOfChildren", "-1", "whole number"),
        ("prs_NumberOfChildren", "²", "whole number"),
        ("prs_NumberOfChildren", "100", "between 0 and 99"),
        ("vic_AgeWhenTrafficked", "121", "between 0 and 120"),
        ("prs_MailingLatitude", "53,9", "with a point"),
        ("prs_MailingLatitude", "nan", "with a point"),
        ("prs_MailingLatitude", "90.1", "between -90 and 90"),
        ("prs_MailingLongitude", "-181", "between -180 and 180"),
        ("prs_Citizenship", "BY;Atlantis", "is not a country"),
        ("prs_MailingCountry", "XX", "is not a country"),
        ("prs_MobilePhone", "ask her sister", "is not a phone number"),
        ("prs_MobilePhone", "080291234567", "is not a phone number"),
        ("prs_HomePhone", "+1234567890123456", "is not a phone number"),
        ("prs_Email", "anna at example.org", "is not an e-mail address"),
        ("prs_PrimaryLanguage", "Klingon", "is not a language"),
        ("prs_Deceased", "perhaps", "TRUE or FALSE"),
        ("con_Consent", "2", "TRUE or FALSE"),
    ],
)
def test_a_bad_cell_is_refused_with_a_reason_that_does_not_repeat_it(column, cell, words):
    message = reason(column, cell)
    assert words in message
    assert cell not in message.replace(words, "")


def test_today_is_not_in_the_future_and_tomorrow_is():
    today = timezone.localdate()
    tomorrow = (today + timedelta(days=1)).isoformat()
    assert opened(prs_Birthdate=today.isoformat()).identity.birthdate == today.isoformat()
    assert "between 1900 and today" in reason("prs_Birthdate", tomorrow)
    assert opened(cas_IncomingReferralDate=today.isoformat()).opened_on == today
    assert "in the future" in reason("cas_IncomingReferralDate", tomorrow)


@pytest.mark.parametrize(
    ("cell", "known"),
    [("1999", "1999"), ("1999-2", "1999-02"), ("12.1999", "1999-12"), ("3.2.1999", "1999-02-03")],
)
def test_a_birth_date_comes_in_as_far_as_it_is_known(cell, known):
    assert opened(prs_Birthdate=cell).identity.birthdate == known


def test_every_bad_cell_of_a_row_is_named():
    parsed = parse(prs_Birthdate="x", prs_Gender="x", prs_FirstName="Anna")
    assert [problem.column for problem in parsed.problems] == ["prs_Birthdate", "prs_Gender"]


def test_names_are_kept_on_one_line_and_in_one_form():
    identity = opened(prs_FirstName="Anna\n  Maria", prs_SecondName="Краи\u0306").identity
    assert identity.first_name == "Anna Maria"
    assert identity.second_name == "Край"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("prs_First_Name", "prs_FirstName"),
        ("prs_Second_Name", "prs_SecondName"),
        ("vic_Methods_of_Control", "vic_MethodsOfControl"),
        ("vic_TraffickinStatusDecisionMakingOrg", "vic_TraffickingStatusDecisionMakingOrg"),
        ("PRS_GENDER", "prs_Gender"),
        ("prs_Nickname", ""),
        ("", ""),
    ],
)
def test_known_other_spellings_of_headers_are_read(header, name):
    assert htcds.column(header) == name
