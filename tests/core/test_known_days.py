"""Dates as far as they are known: how they are typed, kept and shown."""

import pytest
from django.utils import translation

from cases.forms import KnownDayField
from core.known_days import known_day, typed_day


@pytest.mark.parametrize("typed", ["2024-05-17", "17.05.2024", "17.5.2024"])
def test_a_day_is_kept_in_one_form(typed):
    assert known_day(typed) == "2024-05-17"


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", ["2024", "2024-05", "2024-05-17"]),
        ("ru", ["2024", "05.2024", "17.05.2024"]),
        ("be", ["2024", "05.2024", "17.05.2024"]),
    ],
)
def test_what_is_kept_stands_in_a_field_as_one_types_it(language, shown):
    kept = ["2024", "2024-05", "2024-05-17"]
    with translation.override(language):
        field = KnownDayField("Date of birth")
        assert [field.prepare_value(one) for one in kept] == shown
        assert [field.clean(one) for one in shown] == kept


@pytest.mark.parametrize("typed", ["17-05", "in spring", "2024-5-17-1", ""])
def test_what_is_no_date_stays_as_it_was_typed(typed):
    with translation.override("ru"):
        assert typed_day(typed) == typed
