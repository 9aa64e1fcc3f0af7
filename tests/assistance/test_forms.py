"""The form of each kind of assistance: its own fields, what it asks for, what it refuses."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from assistance.forms import FORMS, Choices
from assistance.kinds import KINDS as REGISTRY
from assistance.kinds import TYPES
from assistance.reference import KINDS, REINTEGRATION_DIMENSIONS, REINTEGRATION_TYPES
from assistance.sections import SCHEMAS

TODAY = timezone.localdate()
COMMON = {"status": "delivered", "starts_on": TODAY.isoformat(), "provider": "Red Cross"}
# The least each kind needs beside what is common.
LEAST = {
    "medical": {},
    "psychological": {"method": "psychotherapy"},
    "legal": {"matter": "Residence", "stage": "advice"},
    "financial": {"amount": "120.50", "currency": "BYN"},
    "reintegration": {"type": "housing"},
    "shelter": {"type": "safe_house"},
    "immediate": {"type": "clothing"},
    "safety": {"type": "relocation"},
    "return": {"type": "tickets"},
    "interpretation": {"language": "ru", "type": "in_person"},
}
FIELDS = {
    "medical": ["diagnosis", "treatment"],
    "psychological": ["method", "sessions", "observations"],
    "legal": ["matter", "court", "stage"],
    "financial": ["amount", "currency", "project_code", "receipt"],
    "reintegration": ["type"],
    "shelter": ["type", "capacity"],
    "immediate": ["type", "given"],
    "safety": ["type", "measures"],
    "return": ["type", "country"],
    "interpretation": ["language", "type", "interpreter"],
}
LAST = ["provider", "place", "status", "starts_on", "ends_on", "outcome", "satisfaction", "notes"]


def _form(kind, **values):
    return FORMS[kind](COMMON | LEAST[kind] | values)


def test_every_kind_has_a_form_a_schema_and_a_name():
    assert set(FORMS) == set(SCHEMAS) == set(KINDS) == set(REGISTRY) == set(LEAST)
    for kind, schema in SCHEMAS.items():
        assert kind == schema.KIND and schema.CLASS


@pytest.mark.parametrize("kind", LEAST)
def test_a_form_has_the_fields_of_its_kind_first_and_the_common_ones_last(kind):
    assert list(FORMS[kind]().fields) == FIELDS[kind] + LAST
    # What is not open is sealed, and nothing typed falls between the two.
    opened = {"status", "starts_on", "ends_on"}
    assert set(FORMS[kind]().fields) - opened <= set(SCHEMAS[kind].__struct_fields__)


@pytest.mark.parametrize("kind", LEAST)
def test_the_least_is_enough_and_becomes_a_section_of_its_kind(kind):
    form = _form(kind)
    assert form.is_valid(), form.errors
    content = form.content()
    assert type(content) is SCHEMAS[kind]
    assert content.provider == "Red Cross"
    assert form.open_values() == {"status": "delivered", "starts_on": TODAY, "ends_on": None}


@pytest.mark.parametrize("kind", LEAST)
@pytest.mark.parametrize("name", ["status", "starts_on"])
def test_status_and_first_day_are_asked_for(kind, name):
    assert list(_form(kind, **{name: ""}).errors) == [name]


@pytest.mark.parametrize(
    "kind, name", [(kind, name) for kind, values in LEAST.items() for name in values]
)
def test_what_a_kind_needs_is_asked_for(kind, name):
    assert list(_form(kind, **{name: ""}).errors) == [name]


@pytest.mark.parametrize(
    "kind, name, value",
    [
        ("medical", "status", "done"),
        ("medical", "starts_on", "yesterday"),
        ("medical", "starts_on", "0000-01-01"),
        ("medical", "starts_on", "1899-12-31"),
        ("medical", "diagnosis", "a\0b"),
        ("medical", "diagnosis", "x" * 10_001),
        ("medical", "provider", "x" * 201),
        ("psychological", "method", "hypnosis"),
        ("psychological", "sessions", "-1"),
        ("psychological", "sessions", "1001"),
        ("psychological", "sessions", "three"),
        ("legal", "stage", "won"),
        ("legal", "matter", "   "),
        ("financial", "amount", "120,50"),
        ("financial", "amount", "1 200"),
        ("financial", "amount", "0"),
        ("financial", "amount", "-5"),
        ("financial", "amount", "0.001"),
        ("financial", "amount", "99999999999.00"),
        ("financial", "amount", "NaN"),
        ("financial", "amount", "Infinity"),
        ("financial", "amount", "1e400"),
        ("financial", "currency", "XXX"),
        ("reintegration", "type", "palace"),
    ],
)
def test_a_value_that_cannot_be_is_refused_at_its_field(kind, name, value):
    form = _form(kind, **{name: value})
    assert list(form.errors) == [name]


def test_an_amount_with_a_comma_is_told_how_to_write_it():
    assert "as 120.50" in str(_form("financial", amount="120,50").errors)


@pytest.mark.parametrize(
    "status, starts, ends, wrong",
    [
        ("delivered", 0, 0, None),
        ("delivered", -5, 3, None),
        ("delivered", 1, None, "starts_on"),
        ("planned", 30, None, None),
        ("under_way", -3, 30, None),
        ("planned", 30, 29, "ends_on"),
        ("planned", 3660, None, "starts_on"),
        ("cancelled", -1, -2, "ends_on"),
    ],
)
def test_days_fit_each_other_and_the_status(status, starts, ends, wrong):
    days = {
        "status": status,
        "starts_on": (TODAY + timedelta(days=starts)).isoformat(),
        "ends_on": "" if ends is None else (TODAY + timedelta(days=ends)).isoformat(),
    }
    assert list(_form("medical", **days).errors) == ([wrong] if wrong else [])


def test_an_amount_is_kept_to_the_last_digit():
    form = _form("financial", amount="0.10")
    assert form.is_valid()
    assert form.content().amount == Decimal("0.10")


def test_each_type_of_reintegration_belongs_to_one_dimension():
    codes = [code for types in REINTEGRATION_TYPES.values() for code in types]
    assert len(codes) == len(set(codes))
    assert set(REINTEGRATION_TYPES) == set(REINTEGRATION_DIMENSIONS)
    for dimension, types in REINTEGRATION_TYPES.items():
        for code in types:
            form = _form("reintegration", type=code)
            assert form.is_valid()
            content = form.content()
            assert (content.dimension, content.type, content.detail) == (dimension, code, code)


@pytest.mark.parametrize("code", REGISTRY)
def test_a_row_of_the_registry_names_what_its_section_has(code):
    kind = REGISTRY[code]
    fields = set(kind.schema.__struct_fields__)
    assert set(kind.fields) <= fields and bool(kind.grouped) == bool(kind.group)
    assert all(hasattr(kind.schema(), name) for name in kind.tells) and kind.label
    assert not kind.group or kind.group in fields


def test_a_code_of_a_type_stands_in_one_kind_only():
    """The page tells a type by its code alone."""
    codes = []
    for kind in REGISTRY.values():
        if "type" not in kind.fields:
            continue
        for code, label in kind.fields["type"].choices:
            codes += [one for one, _ in label] if isinstance(label, list) else [code][: bool(code)]
    assert sorted(codes) == sorted(TYPES)


def test_each_type_of_return_belongs_to_one_phase():
    form = _form("return", type="reception", country="")
    assert form.is_valid()
    assert (form.content().phase, form.content().detail) == ("post_arrival", "reception")


def test_whether_somebody_is_content_is_told_apart_from_not_having_asked():
    for code in ("unknown", "not_asked", "declined", ""):
        form = _form("medical", satisfaction=code)
        assert form.is_valid() and form.content().satisfaction == code
    assert list(_form("medical", satisfaction="maybe").errors) == ["satisfaction"]


def test_a_goal_is_chosen_among_those_the_person_may_read():
    goals = [("0192", "Housing")]
    form = FORMS["medical"](COMMON | {"goal": "0192"}, choices=Choices(goals=goals))
    assert form.is_valid() and form.content().goal == "0192"
    assert not FORMS["medical"](COMMON | {"goal": "0193"}, choices=Choices(goals=goals)).is_valid()
    base = SCHEMAS["medical"](goal="0192")
    form = FORMS["medical"](COMMON | {"goal": ""})  # for somebody who reads no goals
    assert form.is_valid() and form.content(base).goal == "0192"


def test_what_the_form_lacks_is_kept_from_the_version_before():
    base = SCHEMAS["medical"](diagnosis="Fracture", outcome="Healing")
    form = FORMS["medical"](COMMON | {"diagnosis": "Fracture", "outcome": ""})
    assert form.is_valid()
    assert form.content(base).outcome == "", "a field that was emptied is empty"
    del form.cleaned_data["outcome"]
    assert form.content(base).outcome == "Healing"


def test_a_new_form_proposes_today():
    assert FORMS["medical"]()["starts_on"].value() == timezone.localdate()
    assert date.fromisoformat(TODAY.isoformat()) == TODAY
