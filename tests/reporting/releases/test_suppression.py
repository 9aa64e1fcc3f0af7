"""Exact tables: what is hidden cannot be reckoned back, and the audit would see it if it could."""

import csv
import ctypes
import json
from fractions import Fraction

import numpy as np
import pytest

from cases.reference import UNANSWERED
from cases.sections import CaseFacts
from core.exceptions import BadInput, WrongState
from reporting import frame
from reporting.dimensions import (
    AGE_GROUPS,
    ANY_OTHER,
    CHILD,
    DIMENSIONS,
    LEVELS,
    NOT_RECORDED,
    OTHER_TYPES,
)
from reporting.frame import Column, Row
from reporting.protection import THRESHOLD
from reporting.releases import linked, suppression
from reporting.releases.linked import hidden_cells, system_of, under_protected
from tests.reporting.people import people

DEFINITION = {"years": list(range(2019, 2027)), "tables": [["gender", "age"], ["gender", "year"]]}
INNER = {  # one small cell in a table of two: with its margins it can be reckoned
    ("a", "b"): np.array([[4, 30, 50], [40, 35, 60], [25, 45, 70]]),
}


def counter(inner):
    """Counts of all margins of tables of which every person is in one cell."""

    def count(dims):
        for table, counts in inner.items():
            if set(dims) <= set(table):
                others = tuple(i for i, key in enumerate(table) if key not in dims)
                return counts.sum(axis=others)
        raise KeyError(dims)

    return count


@pytest.fixture
def system():
    return system_of(INNER, counter(INNER))


def test_without_secondary_suppression_the_audit_finds_what_can_be_reckoned(system):
    hidden = hidden_cells(system, secondary=False)
    assert hidden.sum() == 1
    assert under_protected(system, hidden).tolist() == np.flatnonzero(hidden).tolist()


def test_with_it_every_small_cell_may_be_anything_up_to_the_threshold(system):
    hidden = hidden_cells(system)
    assert under_protected(system, hidden).size == 0
    assert hidden[system.primary].all()
    assert hidden.sum() == 4  # the smallest rectangle through the cell
    assert not hidden[system.places["a", "b"][2, 2]]


def test_a_pattern_that_is_too_narrow_is_found(system):
    hidden = hidden_cells(system, secondary=False)
    cells = system.places["a", "b"]
    hidden[[cells[0, 1], cells[1, 0], cells[1, 1]]] = True
    assert under_protected(system, hidden).size == 0
    hidden[cells[1, 0]] = False
    assert under_protected(system, hidden).tolist() == [cells[0, 0]]


@pytest.mark.parametrize("seed", range(4))
def test_tables_of_three_dimensions_hold_too(seed):
    counts = np.random.default_rng(seed).poisson(25, (4, 5, 3))
    counts[0, 0, 0], counts[1, 2, 1], counts[3, 3, 2] = 0, 3, 10
    inner = {("a", "b", "c"): counts}
    system = system_of(inner, counter(inner))
    assert under_protected(system, hidden_cells(system, secondary=False)).size > 0
    assert under_protected(system, hidden_cells(system)).size == 0


def test_linked_tables_share_their_cells_and_are_protected_together():
    chance = np.random.default_rng(3)
    whole = chance.poisson(30, (3, 4, 4))
    whole[0, 0] = [1, 1, 1, 1]  # a0 b0 is 4: small in the table that both are margins of
    inner = {("a", "b", "c"): whole}
    tables = [("a", "b"), ("b", "c"), ("a", "c")]
    together = system_of(tables, counter(inner))
    apart = [system_of([table], counter(inner)) for table in tables]
    # the total, 3 + 4 + 4 margins, and the inner cells: each once
    assert len(together.counts) == 1 + 11 + 12 + 16 + 12
    assert sum(len(system.counts) for system in apart) > len(together.counts)
    assert under_protected(together, hidden_cells(together)).size == 0


def test_patterns_made_table_by_table_do_not_protect_linked_tables():
    """Four in a0 trade places with a1 in one table and with a2 in the other: together with neither."""
    inner = {
        ("a", "b"): np.array([[2, 2], [11, 29], [20, 20]]),
        ("a", "c"): np.array([[2, 2], [20, 20], [11, 29]]),
    }
    whole = system_of(inner, counter(inner))
    pattern = whole.primary.copy()
    for table in inner:
        alone = system_of([table], counter(inner))
        hidden = hidden_cells(alone)
        assert under_protected(alone, hidden).size == 0
        for dims, places in alone.places.items():
            pattern[whole.places[dims]] |= hidden[places]
    assert under_protected(whole, pattern).size > 0
    assert under_protected(whole, hidden_cells(whole)).size == 0


def test_several_answers_bind_less_than_sums():
    """Of 4 with one answer and 96 with another, 98 in all, nobody can say what the 4 are."""
    counts = {("a",): np.array([4, 96]), (): np.array(98)}
    bound = system_of([("a",)], lambda dims: counts[dims] if dims else np.array(100))
    loose = system_of([("a",)], counts.__getitem__, several={"a": []})
    assert under_protected(bound, bound.primary).size == 1
    assert under_protected(loose, loose.primary).size == 1  # at least 2: 98 less 96
    counts[("a",)] = np.array([4, 98])
    loose = system_of([("a",)], counts.__getitem__, several={"a": []})
    assert under_protected(loose, loose.primary).size == 0


# Women and men by form of exploitation: everybody was in forced labour whose form is known.
FORMS = {
    ("gender", "exploitation"): np.array([[97, 10, 3], [200, 200, 15]]),
    ("exploitation",): np.array([297, 210, 18]),
    ("gender",): np.array([100, 215]),
    (): np.array(315),
}


def of_forms(dims):
    return FORMS[dims[::-1]].T if len(dims) > 1 else FORMS[dims]


def test_who_has_no_answer_has_no_other_one():
    """At most 3 of 100 women have no answer when 97 have one: their 3 and the men's 15 are exact."""
    system = system_of([("exploitation", "gender")], of_forms, {"exploitation": [2]})
    cells = system.places["exploitation", "gender"]
    pattern = system.primary.copy()
    pattern[cells[2, 1]] = True
    assert pattern.sum() == 3
    assert cells[2, 0] in under_protected(system, pattern)
    loose = system_of([("exploitation", "gender")], of_forms, {"exploitation": []})
    assert cells[2, 0] not in under_protected(loose, pattern)
    hidden = hidden_cells(system)
    assert under_protected(system, hidden).size == 0
    assert hidden.sum() > 3


def test_two_answers_that_nearly_everybody_gave_are_given_by_some_together():
    """Of 100, 12 in a0 and 92 in b0: 4 at least are in both, though less than 11 are."""
    a, b = np.ones((2, 100), dtype=int), np.ones((2, 100), dtype=int)
    a[0, 12:], b[0, :8] = 0, 0
    counts = {("a", "b"): a @ b.T, ("a",): a.sum(1), ("b",): b.sum(1), (): np.array(100)}
    assert counts["a", "b"].tolist() == [[4, 12], [92, 100]]
    system = system_of([("a", "b")], counts.__getitem__, {"a": [], "b": []})
    cell = system.places["a", "b"][0, 0]
    assert under_protected(system, system.primary).tolist() == [cell]
    assert under_protected(system, hidden_cells(system)).size == 0


def test_where_nobody_has_an_answer_reasons_add_up_to_the_total():
    counts = {("a",): np.array([4, 96]), (): np.array(100)}
    system = system_of([("a",)], counts.__getitem__, {"a": [0, 1]})
    assert under_protected(system, system.primary).size == 1


def test_files_do_not_give_the_unanswered_away():
    gender = {"Feminine": 0, "Masculine": 1}
    answers = [["ForcedLabour"], ["ForcedLabour", "SexualExploitation"], []]
    persons = [
        Row(person, CaseFacts(year=2021, gender=code, types_of_exploitation=given), ())
        for code, numbers in {"Feminine": (87, 10, 3), "Masculine": (0, 200, 15)}.items()
        for given, number in zip(answers, numbers, strict=True)
        for (person, *_rest) in people(number, seed=gender[code])
    ]
    asked = {"year": 2021, "tables": [["gender", "exploitation"]]}
    files = suppression.make(persons, asked)
    lines = files["table-1-gender-exploitation.csv"].decode().splitlines()
    shown = {(sex, form): number for sex, form, number in csv.reader(lines)}
    assert shown["Feminine", "Total"] == "100" and shown["Total", "Total"] == "315"
    reckoning = [("Feminine", "Forced labour"), ("Masculine", "Forced labour")]
    reckoning += [("Masculine", "Total"), ("Total", "Not recorded")]
    assert "not shown" in [shown[cell] for cell in reckoning]


@pytest.mark.parametrize("level", range(LEVELS))
@pytest.mark.parametrize("key", [key for key, each in DIMENSIONS.items() if each.several])
def test_what_the_system_knows_is_true_of_the_persons(level, key):
    dims = tuple(sorted({key, "gender", "control"}))
    types = {"forced_labour_industry": ["not_asked"], "types_of_sex_exploitation": ["declined"]}
    reasons = [Row(row.person, CaseFacts(**types), ()) for row in people(900, seed=2)]
    counted = frame.build([*people(1_500), *reasons], 2026)
    folded = suppression._folded(counted, dims, level)
    several = suppression._several(folded)
    system = system_of([dims], lambda dims: frame.count(folded, dims), several)
    values = system.relations @ system.counts
    assert (system.lower <= values).all() and (values <= system.upper).all()


def test_zeros_are_hidden_like_small_counts():
    zero = {("a", "b"): np.array([[0, 30], [40, 50]])}
    system = system_of(zero, counter(zero))
    assert hidden_cells(system)[system.places["a", "b"][0, 0]]


def test_a_pattern_is_made_lighter_where_later_cells_made_earlier_ones_needless():
    chance = np.random.default_rng(2)
    inner = {("a", "b"): chance.poisson(14, (8, 9))}
    system = system_of(inner, counter(inner))
    greedy = system.primary.copy()
    linked._hide_more(system, greedy)
    lighter = hidden_cells(system)
    assert (lighter <= greedy).all()
    assert lighter.sum() < greedy.sum()
    assert under_protected(system, lighter).size == 0


def test_the_files_show_exact_figures_and_say_what_was_audited():
    persons = people(4_000)
    files = suppression.make(persons, DEFINITION)
    rows = list(csv.reader(files["table-1-gender-age.csv"].decode().splitlines()))[1:]
    figures = {(gender, age): number for gender, age, number in rows}
    inside = [row.facts for row in persons if row.facts.year in DEFINITION["years"]]
    assert figures["Total", "Total"] == str(len(inside))
    women = sum(facts.gender == "Feminine" for facts in inside)
    assert figures["Feminine", "Total"] == str(women)
    shown = [int(number) for number in figures.values() if number != "not shown"]
    assert min(shown) >= THRESHOLD
    sheet = json.loads(files["tables-audit.json"])
    assert sheet["audit"]["under_protected"] == 0
    assert sheet["audit"]["cells"] > len(rows)


def test_a_failed_audit_lets_nothing_out(monkeypatch):
    monkeypatch.setattr(
        suppression, "hidden_cells", lambda system: hidden_cells(system, secondary=False)
    )
    monkeypatch.setattr(suppression, "MOST_HIDDEN", 1)
    with pytest.raises(ArithmeticError):
        suppression.make(people(4_000), DEFINITION | {"tables": [["age", "year", "gender"]]})


def test_tables_that_would_be_mostly_hidden_are_refused():
    with pytest.raises(WrongState, match="More than half"):
        suppression.make(people(300), DEFINITION | {"tables": [["citizenship", "country", "age"]]})


@pytest.mark.parametrize("level", [1, 2])
def test_broader_groups_are_those_of_the_table_builder(level):
    persons = people(4_000)
    asked = DEFINITION | {"tables": [["age", "gender"], ["citizenship", "gender"]], "level": level}
    files = suppression.make(persons, asked)
    ages = list(csv.reader(files["table-1-age-gender.csv"].decode().splitlines()))[1:]
    assert {age for age, *_rest in ages} == {"Under 18", "18 and over", "Not recorded", "Total"}
    minors = sum(
        AGE_GROUPS.get(row.facts.age_band) == CHILD
        for row in persons
        if row.facts.year in DEFINITION["years"]
    )
    assert ["Under 18", "Total", str(minors)] in ages
    rows = csv.reader(files["table-2-citizenship-gender.csv"].decode().splitlines())
    places = {place for place, *_rest in rows}
    assert ("Eastern Europe" in places) is (level == 1)
    assert ("Europe" in places) is (level == 2)


def test_reasons_of_few_are_not_recorded_and_no_answer_of_all_others():
    codes = ["BY", "TJ", ANY_OTHER, *UNANSWERED, NOT_RECORDED]
    sizes = [40, 3, 0, 20, 5, 0, 2]
    column = Column.of(codes, np.repeat(np.arange(7), sizes))
    folded = suppression._without_small(column)
    assert folded.codes == ("BY", ANY_OTHER, "not_asked", NOT_RECORDED)
    assert np.bincount(folded.answers).tolist() == [40, 3, 20, 7]


def test_no_other_types_are_not_put_with_answers():
    column = Column.of(["Mining", OTHER_TYPES, ANY_OTHER], np.repeat([0, 1, 2], [40, 3, 12]))
    assert suppression._without_small(column).codes == ("Mining", OTHER_TYPES, ANY_OTHER)


def test_nothing_is_printed(system, capfd):
    assert under_protected(system, hidden_cells(system)).size == 0
    ctypes.CDLL(None).fflush(None)  # what the solver prints stands in the buffer of C
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"tables": []},
        {"tables": [["gender", "age"], ["age", "gender"]]},
        {"tables": [["gender", "gender"]]},
        {"tables": [["shelter"]]},
        {"tables": [["gender", "age", "year", "country"]]},
        {"tables": [["gender", "age", "exploitation"]]},
        {"tables": [["gender", "assistance"], ["gender", "assisted"]]},
        {"level": 3},
        {"years": []},
    ],
)
def test_what_may_not_be_asked_for_is_refused(wrong):
    with pytest.raises(BadInput):
        suppression.charge(DEFINITION | wrong)


def test_it_costs_no_budget():
    assert suppression.charge(DEFINITION) == Fraction(0)
