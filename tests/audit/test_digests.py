"""One value has one spelling, whatever the database gives back."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import guards
from audit.digests import _canonical, canonical_json, columns, instance_digest, row_digest
from audit.models import Event, TrackedModel

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("aбz", max_size=3), inner),
    max_leaves=12,
)


@given(json_values)
def test_canonical_json_reads_back_and_is_spelled_the_same_again(value: object) -> None:
    spelled = canonical_json(value)
    assert json.loads(spelled) == value
    assert canonical_json(json.loads(spelled)) == spelled


def test_canonical_json_sorts_keys_and_wastes_nothing() -> None:
    assert canonical_json({"б": [1, None], "a": "é"}) == '{"a":"é","б":[1,null]}'.encode()


def test_values_of_different_types_never_look_alike() -> None:
    values = [True, False, 0, 1, "", "0", "1", b"", b"0", [], {}, [0], date(2026, 1, 1)]
    values += ["2026-01-01", datetime(2026, 1, 1, tzinfo=UTC), UUID(int=0), str(UUID(int=0))]
    values += [Decimal(1), Decimal("1.5"), "b1", "i1"]
    assert len({_canonical(value) for value in values}) == len(values)


def test_a_column_that_is_empty_leaves_no_trace_and_one_that_is_filled_does() -> None:
    """So that a column a later version adds changes no digest of a row written before."""
    names = columns(Event)
    values: list[object] = [None] * len(names)
    filled = {name: [*values[:i], 1, *values[i + 1 :]] for i, name in enumerate(names)}
    digests = {row_digest(Event, row) for row in (values, *filled.values())}
    assert len(digests) == len(names) + 1
    assert row_digest(Event, values) == sha256(b"audit.Event").digest()


def test_the_same_moment_is_the_same_in_every_zone() -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert _canonical(noon) == _canonical(noon.astimezone(timezone(timedelta(hours=3))))


def test_numbers_are_the_same_with_and_without_noughts() -> None:
    assert _canonical(Decimal("10.00")) == _canonical(Decimal("1E+1")) == b"n10"


def test_a_value_without_a_form_is_refused() -> None:
    with pytest.raises(TypeError, match="no canonical form for float"):
        _canonical(1.5)


@pytest.mark.django_db
def test_a_row_has_the_same_digest_in_memory_and_from_the_database(
    world: dict[str, list[TrackedModel]],
) -> None:
    for model in guards.tracked_models():
        stored = model._default_manager.order_by("pk").values_list(*columns(model))
        for row, values in zip(world[model._meta.label], stored, strict=True):
            assert instance_digest(row) == row_digest(model, values)


@pytest.mark.django_db
def test_every_column_counts(world: dict[str, list[TrackedModel]]) -> None:
    for model in guards.tracked_models():
        (values, *_rest) = model._default_manager.values_list(*columns(model))
        whole = row_digest(model, values)
        for at in range(len(values)):
            other = [*values]
            other[at] = "something else"
            assert row_digest(model, other) != whole, columns(model)[at]
