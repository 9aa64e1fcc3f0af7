"""Exact counting, against a counter that goes person by person."""

from collections import Counter
from itertools import combinations, pairwise, product
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.countries import COUNTRIES
from cases.reference import UNANSWERED
from cases.sections import CaseFacts
from core.exceptions import BadInput
from reporting import frame
from reporting.dimensions import (
    ADULT,
    ANY_OTHER,
    CHILD,
    DIMENSIONS,
    EARLIER,
    NO_ANSWER,
    NOT_RECORDED,
)
from reporting.regions import REGION_OF, SUB_REGION_OF, SUB_REGIONS
from tests.reporting.people import CITIZENSHIPS, KINDS, YEAR, people

TYPES = ["ForcedLabour", "SexualExploitation", "OrganRemoval", "no such code"]

facts = st.builds(
    CaseFacts,
    year=st.sampled_from([None, 1987, 2019, 2026, 2031]),
    gender=st.sampled_from(["", "Feminine", "Masculine", "NonSpecifiedUnknown", "?"]),
    age_band=st.sampled_from(["", "9-17", "48+", "declined"]),
    citizenship=st.lists(st.sampled_from(CITIZENSHIPS[:3]), max_size=3),
    types_of_exploitation=st.lists(st.sampled_from(TYPES), max_size=4),
    forced_labour_industry=st.sampled_from(
        [[], ["F_Construction", "C_Manufacturing"], ["declined"]]
    ),
    types_of_sex_exploitation=st.sampled_from([[], ["Prostitution"], ["unknown"]]),
    country_of_exploitation=st.sampled_from(["", "RU", "not_asked", "XX"]),
    outcome=st.sampled_from(["", "Open", "AllReached"]),
)
rows = st.lists(st.tuples(st.uuids(), facts, st.sets(st.sampled_from(KINDS))), max_size=30)
few_dimensions = st.lists(st.sampled_from(list(DIMENSIONS)), max_size=3, unique=True)


def test_a_reason_why_there_is_no_answer_stands_alone():
    """Where old facts, or the two questions of one dimension, hold more: attacks count on it."""
    for facts, key, answer in (
        (
            CaseFacts(types_of_exploitation=["unknown", "ForcedLabour"]),
            "exploitation",
            "ForcedLabour",
        ),
        (CaseFacts(methods_of_control=["unknown", "declined"]), "control", "unknown"),
        (
            CaseFacts(forced_labour_industry=["declined"], types_of_sex_exploitation=["unknown"]),
            "subtype",
            "declined",
        ),
    ):
        column = frame.build([(UUID(int=1), facts, ())], YEAR).columns[key]
        assert [column.codes[place] for place in column.answers] == [answer]


def answers_of(key: str, row: frame.Row) -> set[str]:
    """The categories a person belongs to, worked out without the code under test."""
    _person, facts, kinds, *_amounts = row
    known = set(DIMENSIONS[key].labels) - {str(year) for year in range(YEAR + 1, 2100)}
    known |= {"not_asked", "unknown", "declined"} if DIMENSIONS[key].asked else set()
    match key:
        case "year":
            year = facts.year
            given = [] if year is None else [EARLIER if year < 2000 else str(year)]
        case "gender":
            given = ["unknown" if facts.gender == "NonSpecifiedUnknown" else facts.gender]
        case "age":
            given = [facts.age_band]
        case "citizenship":
            given = facts.citizenship
        case "country":
            given = [facts.country_of_exploitation]
        case "exploitation":
            given = facts.types_of_exploitation
        case "subtype":
            given = subtypes_of(facts)
        case "control":
            given = facts.methods_of_control
        case "recruiter":
            given = facts.recruiter_relation
        case "duration":
            given = [facts.duration]
        case "assistance":
            given = list(kinds)
        case "outcome":
            given = [facts.outcome]
        case "source":
            given = [facts.referral_source]
        case "assisted":
            given = ["assisted"] if kinds else []
    return {code if code in known else ANY_OTHER for code in given if code} or {NOT_RECORDED}


def subtypes_of(facts: CaseFacts) -> list[str]:
    both = facts.forced_labour_industry + facts.types_of_sex_exploitation
    told = [code for code in both if code not in ("not_asked", "unknown", "declined")] or both[:1]
    none_of_both = {"ForcedLabour", "SexualExploitation", "not_asked", "unknown", "declined"}
    if not told and facts.types_of_exploitation:
        return [] if none_of_both & set(facts.types_of_exploitation) else ["other-types"]
    return told


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
        | {code: ANY_OTHER for code in DIMENSIONS["citizenship"].labels if code != "MD"}
        | dict.fromkeys(UNANSWERED, NOT_RECORDED),
    )
    placement = frame.everyone(counted).and_by(column)
    assert np.bincount(placement.cells, minlength=3).tolist() == [0, 1, 0]


def test_age_groups_follow_the_bands():
    [groups] = DIMENSIONS["age"].groups
    assert {band for band, group in groups.items() if group == CHILD} == {"0-8", "9-17"}
    assert set(groups.values()) == {CHILD, ADULT}


def test_every_country_is_in_one_sub_region_and_each_of_these_in_one_region():
    assert set(COUNTRIES) - SUB_REGION_OF.keys() == {"AQ"}
    assert sum(len(countries.split()) for _name, countries in SUB_REGIONS.values()) == 249 - 1
    assert set(REGION_OF) == set(SUB_REGIONS)
    assert (SUB_REGION_OF["BY"], REGION_OF["m49-151"]) == ("m49-151", "m49-150")


def facts_of_citizens(**numbers: int) -> list[frame.Row]:
    every = [code for code, number in numbers.items() for _ in range(number)]
    return [
        frame.Row(UUID(int=place), CaseFacts(citizenship=[code]), frozenset())
        for place, code in enumerate(every)
    ]


def sizes_by_level(least: int = 11, **numbers: int) -> list[dict[str, int]]:
    """How many citizens each category holds at each level when those of fewer than `least` fold."""
    column = frame.build(facts_of_citizens(**numbers), YEAR).columns["citizenship"]

    def sizes_of(column: frame.Column) -> dict[str, int]:
        counts = np.bincount(column.answers, minlength=len(column.codes)).tolist()
        return {code: count for code, count in zip(column.codes, counts, strict=True) if count}

    def shown_of(column: frame.Column) -> list[str]:
        return [code for code, count in sizes_of(column).items() if count >= least]

    return [sizes_of(c) for c in frame.levels_of(column, DIMENSIONS["citizenship"], shown_of)]


def test_rare_countries_are_put_with_the_others_of_their_region():
    levels = sizes_by_level(
        BY=40, UA=20, MD=5, PL=4, LV=3, LT=2, KZ=12, UZ=2, NG=3, AQ=1, declined=2
    )
    eastern, europe = "m49-151", "m49-150"
    assert levels == [
        {
            "BY": 40,
            "UA": 20,
            "KZ": 12,
            "elsewhere-in-m49-151": 9,
            "elsewhere-in-m49-150": 5,
            "elsewhere-in-m49-143": 2,
            "any-other": 4,
            "declined": 2,
        },
        {eastern: 69, "elsewhere-in-m49-150": 5, "m49-143": 14, "any-other": 4, NOT_RECORDED: 2},
        {europe: 74, "m49-142": 14, "any-other": 4, NOT_RECORDED: 2},
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(COUNTRIES)), st.integers(1, 30), max_size=40),
    st.integers(2, 40),
)
def test_each_level_nests_in_the_next(numbers, least):
    column = frame.build(facts_of_citizens(**numbers), YEAR).columns["citizenship"]

    def shown_of(column: frame.Column) -> list[str]:
        counts = np.bincount(column.answers, minlength=len(column.codes))
        return [code for code, count in zip(column.codes, counts, strict=True) if count >= least]

    found = frame.levels_of(column, DIMENSIONS["citizenship"], shown_of)
    for finer, coarser in pairwise(found):
        pairs = set(zip(finer.answers.tolist(), coarser.answers.tolist(), strict=True))
        assert len(pairs) == len({place for place, _above in pairs}), (
            "one group above each category"
        )
    labels = [str(DIMENSIONS["citizenship"].label_of(code)) for c in found for code in c.codes]
    assert not any("m49" in label for label in labels)


def test_no_answer_is_told_apart_at_the_finest_level_only():
    dimension = DIMENSIONS["gender"]
    assert NO_ANSWER == {"not_asked", "unknown", "declined", NOT_RECORDED} == dimension.unanswered
    assert DIMENSIONS["duration"].unanswered == {NOT_RECORDED}
    column = frame.build(
        [(UUID(int=n), CaseFacts(gender=code), ()) for n, code in enumerate(["declined", "", "?"])],
        YEAR,
    ).columns["gender"]
    finest, broader = frame.levels_of(column, dimension, lambda column: [])
    assert [finest.codes[place] for place in finest.answers] == [
        "declined",
        NOT_RECORDED,
        ANY_OTHER,
    ]
    assert [broader.codes[place] for place in broader.answers] == [
        *(NOT_RECORDED, NOT_RECORDED),
        ANY_OTHER,
    ]


def test_what_is_not_declared_is_refused_by_name():
    counted = frame.build(people(5), YEAR)
    with pytest.raises(BadInput, match="shelter"):
        frame.count(counted, ["shelter"])
    with pytest.raises(BadInput, match="gender has no category 12"):
        frame.count(counted, ["year"], {"gender": "12"})
