"""Exact counting, against a counter that goes person by person."""

from collections import Counter
from itertools import combinations, product
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.sections import CaseFacts
from core.exceptions import BadInput
from reporting import frame
from reporting.dimensions import (
    ADULT,
    ANY_OTHER,
    CHILD,
    DIMENSIONS,
    EARLIER,
    NOT_RECORDED,
)
from tests.reporting.people import CITIZENSHIPS, KINDS, YEAR, people

TYPES = ["ForcedLabour", "SexualExploitation", "OrganRemoval", "no such code"]

facts = st.builds(
    CaseFacts,
    year=st.sampled_from([None, 1987, 2019, 2026, 2031]),
    gender=st.sampled_from(["", "Feminine", "Masculine", "NonSpecifiedUnknown", "?"]),
    age_band=st.sampled_from(["", "9-17", "48+"]),
    citizenship=st.lists(st.sampled_from(CITIZENSHIPS[:3]), max_size=3),
    types_of_exploitation=st.lists(st.sampled_from(TYPES), max_size=4),
)
rows = st.lists(st.tuples(st.uuids(), facts, st.sets(st.sampled_from(KINDS))), max_size=30)
few_dimensions = st.lists(st.sampled_from(list(DIMENSIONS)), max_size=3, unique=True)


def answers_of(key: str, row: frame.Row) -> set[str]:
    """The categories a person belongs to, worked out without the code under test."""
    _person, facts, kinds = row
    known = set(DIMENSIONS[key].labels) - {str(year) for year in range(YEAR + 1, 2100)}
    match key:
        case "year":
            year = facts.year
            given = [] if year is None else [EARLIER if year < 2000 else str(year)]
        case "gender":
            given = [] if facts.gender == "NonSpecifiedUnknown" else [facts.gender]
        case "age":
            given = [facts.age_band]
        case "citizenship":
            given = facts.citizenship
        case "country":
            given = [facts.country_of_exploitation]
        case "exploitation":
            given = facts.types_of_exploitation
        case "control":
            given = facts.methods_of_control
        case "recruiter":
            given = facts.recruiter_relation
        case "duration":
            given = [facts.duration]
        case "assistance":
            given = list(kinds)
    return {code if code in known else ANY_OTHER for code in given if code} or {NOT_RECORDED}


def naive_counts(rows: list[frame.Row], keys: list[str]) -> Counter:
    counts: Counter = Counter()
    for row in rows:
        counts.update(product(*(answers_of(key, row) for key in keys)))
    return counts


def as_counter(counted: frame.Frame, keys: list[str], counts: np.ndarray) -> Counter:
    axes = [counted.columns[key].codes for key in keys]
    return Counter(
        {
            tuple(axis[place] for axis, place in zip(axes, places, strict=True)): int(
                counts[places]
            )
            for places in zip(*np.nonzero(counts), strict=True)
        }
        if keys
        else {(): int(counts)}
    )


@settings(max_examples=150, deadline=None)
@given(rows, few_dimensions)
def test_counts_agree_with_counting_person_by_person(rows, keys):
    counted = frame.build(rows, YEAR)
    expected = naive_counts(rows, keys)
    assert as_counter(counted, keys, frame.count(counted, keys)) == expected


@settings(max_examples=60, deadline=None)
@given(rows, few_dimensions, st.sampled_from(["gender", "citizenship", "exploitation"]))
def test_a_filter_counts_those_who_gave_that_answer(rows, keys, by):
    counted = frame.build(rows, YEAR)
    for code in ("Feminine", "BY", "OrganRemoval", NOT_RECORDED):
        if by in keys or code not in counted.columns[by].codes:
            continue
        kept = [row for row in rows if code in answers_of(by, row)]
        counts = frame.count(counted, keys, {by: code})
        assert as_counter(counted, keys, counts) == naive_counts(kept, keys)


def test_counts_of_many_persons_agree_in_every_pair_of_dimensions():
    rows = people(400)
    counted = frame.build(rows, YEAR)
    for keys in combinations(DIMENSIONS, 2):
        counts = as_counter(counted, list(keys), frame.count(counted, keys))
        assert counts == naive_counts(rows, list(keys))


def test_empty_is_not_recorded_and_never_no():
    counted = frame.build([(UUID(int=1), CaseFacts(), frozenset())], YEAR)
    for key in DIMENSIONS:
        counts = frame.count(counted, [key])
        assert counts[counted.columns[key].codes.index(NOT_RECORDED)] == 1
        assert counts.sum() == 1


def test_a_person_counts_once_in_each_of_several_answers():
    facts = CaseFacts(citizenship=["BY", "UA", "BY"])
    counted = frame.build([(UUID(int=1), facts, frozenset())], YEAR)
    counts = frame.count(counted, ["citizenship"])
    codes = counted.columns["citizenship"].codes
    assert (counts[codes.index("BY")], counts[codes.index("UA")], counts.sum()) == (1, 1, 2)


def test_answers_that_meet_in_a_broader_group_count_once():
    facts = CaseFacts(citizenship=["BY", "UA"])
    counted = frame.build([(UUID(int=1), facts, frozenset())], YEAR)
    column = counted.columns["citizenship"].grouped(
        ["MD", ANY_OTHER, NOT_RECORDED],
        {code: ANY_OTHER for code in CITIZENSHIPS if code != "MD"}
        | {code: ANY_OTHER for code in DIMENSIONS["citizenship"].labels if code != "MD"},
    )
    placement = frame.everyone(counted).and_by(column)
    assert np.bincount(placement.cells, minlength=3).tolist() == [0, 1, 0]


def test_age_groups_follow_the_bands():
    groups = DIMENSIONS["age"].groups
    assert {band for band, group in groups.items() if group == CHILD} == {"0-8", "9-17"}
    assert set(groups.values()) == {CHILD, ADULT}


def test_what_is_not_declared_is_refused_by_name():
    counted = frame.build(people(5), YEAR)
    with pytest.raises(BadInput, match="shelter"):
        frame.count(counted, ["shelter"])
    with pytest.raises(BadInput, match="gender has no category 12"):
        frame.count(counted, ["year"], {"gender": "12"})
