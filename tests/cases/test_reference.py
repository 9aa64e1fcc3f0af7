import pytest

from cases import reference
from cases.countries import (
    ALPHA2_OF,
    COUNTRIES,
    LANGUAGE_CODES,
    LANGUAGES,
    country_choices,
    country_name,
)

NO_LISTS = ("OURS", "GROUPED", "STEPS_OF_ADULTS", "STEPS_OF_CHILDREN", "TYPE_CHECKING")
NO_LISTS += ("DUPLICATE", "KEPT")  # codes of MERGE_LINKS
NO_LISTS += ("STILL_OPEN", "ALL_REACHED", "PARTLY_REACHED", "OTHER_BODY")  # of OUTCOMES and sources
# How many codes HTCDS 2.0 has in each list.
HTCDS_SIZES = {
    "GENDER": 6,
    "MARITAL_STATUS": 6,
    "EDUCATION": 9,
    "TRAFFICKING_STATUS": 3,
    "DECISION_MAKING_ORG": 5,
    "RELATIONSHIP_TO_TRAFFICKER": 3,
    "WEBSITES_AND_APPS": 15,
    "METHOD_OF_RECRUITMENT": 10,
    "METHODS_OF_CONTROL": 16,
    "TYPES_OF_EXPLOITATION": 11,
    "FORCED_LABOUR_INDUSTRY": 21,
    "TYPES_OF_SEX_EXPLOITATION": 4,
    "CASE_STATUS": 4,
    "REFERRAL_REASON": 3,
    "ORGANISATION_TYPE": 9,
    "HISTORIC_EVENT_TYPE": 3,
    "PERPETRATOR_ROLE": 15,
    "SUPPORT_PLAN_TYPE": 9,
}


@pytest.mark.parametrize(("name", "size"), HTCDS_SIZES.items())
def test_a_list_holds_htcds_codes_and_ours_and_no_others(name, size):
    ours = reference.OURS.get(name, frozenset())
    assert len(set(reference.codes_of(name)) - ours) == size
    assert ours <= set(reference.codes_of(name))


@pytest.mark.parametrize("name", reference.GROUPED)
def test_merged_answers_are_known_but_offered_to_nobody(name):
    offered = {code for code, _label in reference.entry_choices(name)}
    merged = reference.GROUPED[name]
    assert merged and not merged & offered
    assert offered | merged == set(reference.codes_of(name))
    assert merged <= reference.OURS[name]


def test_what_htcds_defines_but_forgot_to_list_can_be_picked():
    offered = {code for code, _label in reference.entry_choices("METHODS_OF_CONTROL")}
    assert {"RestrictsMovement", "UsesChildren"} <= offered
    assert "ForcedCriminality" in dict(reference.entry_choices("TYPES_OF_EXPLOITATION"))


def test_codes_carry_no_blanks_and_labels_are_not_empty():
    names = [name for name in vars(reference) if name.isupper() and name not in NO_LISTS]
    assert len(names) >= 25
    for name in names:
        for code, label in reference.codes_of(name).items():
            assert code == code.strip() and str(label).strip(), (name, code)


def test_only_lists_can_be_asked_for():
    for name in ("OURS", "GROUPED", "entry_choices", "NO_SUCH_LIST"):
        with pytest.raises(KeyError):
            reference.codes_of(name)


def test_consent_has_seven_points_and_ages_have_nine_bands():
    assert len(reference.CONSENT_GUIDANCE) == 7
    assert list(reference.AGE_BANDS) == [
        *("0-8", "9-17", "18-20", "21-23", "24-26"),
        *("27-29", "30-38", "39-47", "48+"),
    ]


def test_every_country_has_one_code_of_each_kind():
    assert len(COUNTRIES) == len(ALPHA2_OF) == 249
    assert all(len(alpha2) == 2 and len(alpha3) == 3 for alpha3, alpha2 in ALPHA2_OF.items())
    assert ALPHA2_OF["BLR"] == "BY" and ALPHA2_OF["UKR"] == "UA" and ALPHA2_OF["SRB"] == "RS"


def test_na_is_namibia():
    assert country_name("NA") == "Namibia"
    assert ALPHA2_OF["NAM"] == "NA"


def test_an_unknown_country_code_is_shown_as_it_is():
    assert country_name("XK") == "XK"


def test_countries_are_offered_in_the_order_of_their_names():
    names = [name for _code, name in country_choices()]
    assert len(names) == 249
    assert names.index("Afghanistan") < names.index("Åland Islands") < names.index("Zimbabwe")


def test_languages_have_codes_of_two_and_three_letters():
    assert {"be", "ru", "uk", "pl", "ro", "en"} <= set(LANGUAGES)
    assert len({alpha3 for alpha3, _name in LANGUAGE_CODES.values()}) == len(LANGUAGES) >= 60
