"""Sums and means: whose part could be told from them, and that it cannot."""

import json
import random
import zlib
from collections import defaultdict
from itertools import combinations, product

import numpy as np
import pytest

from cases.sections import CaseFacts
from reporting.dimensions import DIMENSIONS, NOT_RECORDED, together
from reporting.frame import Row
from reporting.frame import build as frame_of
from reporting.freeze import build
from reporting.magnitudes import check, is_safe, perturb, two_largest
from reporting.measures import DAYS, MAGNITUDES, MEASURES, SCORE, cost_in, figure_of
from reporting.protection import MAX_NOISE, THRESHOLD
from reporting.surface import MOST_OF_AMOUNTS, levelled, pack, unpack
from tests.reporting.people import SECRET, YEAR, people, surface_of, with_amounts
from tests.reporting.test_frame import answers_of
from tests.shares import first_of

COST = cost_in("BYN")
PAIRS = [("year", "gender"), ("exploitation", "assistance"), ("citizenship",), ()]


def parts_of(rows: list[Row], keys: tuple[str, ...], name: str) -> dict[tuple, list[float]]:
    """Codes → the amounts of the persons there, worked out without the code under test."""
    parts: dict[tuple, list[float]] = defaultdict(list)
    for row in rows:
        if name in row.amounts:
            for codes in product(*(answers_of(key, row) for key in keys)):
                parts[codes].append(row.amounts[name])
    return parts


def shown(surface, keys: tuple[str, ...], name: str) -> dict[tuple, tuple[int, int]]:
    """Codes → number of persons and sum, of the cells that are shown at level 0."""
    table = levelled(keys, 0)
    assert [key for key, _level in table] == list(keys)
    positions, numbers, sums = surface.magnitudes[name][table]
    names = [tuple(codes.values()) for codes in surface.codes_at(table, positions)]
    return dict(zip(names, zip(numbers.tolist(), sums.tolist(), strict=True), strict=True))


def alike(number: int, amounts: list[dict[str, float]], **facts) -> list[Row]:
    """Persons with the same facts, each with the amounts of the next."""
    told = CaseFacts(**{"year": 2021, "gender": "Feminine", **facts})
    return [
        Row(row.person, told, frozenset(), amounts[n % len(amounts)])
        for n, row in enumerate(people(number, seed=3))
    ]


@pytest.mark.parametrize("keys", first_of(PAIRS), ids="-".join)
@pytest.mark.parametrize("name", [COST, SCORE])
def test_a_sum_is_moved_by_a_part_of_the_largest_amount_and_by_no_more(many, surface, keys, name):
    scale, parts = MAGNITUDES[name].scale, parts_of(many, keys, name)
    cells = shown(surface, keys, name)
    assert cells
    for codes, (number, total) in cells.items():
        moved = abs(total / scale - sum(parts[codes])) / max(parts[codes])
        rounding = 0.5 / scale / max(parts[codes])
        assert 0.3 - rounding <= moved <= 0.6 + rounding
        assert number >= THRESHOLD
        assert abs(number - len(parts[codes])) <= 5


def test_sums_go_up_as_often_as_down(many, surface):
    ups = [
        total > sum(parts[codes])
        for keys in combinations(list(DIMENSIONS)[:6], 2)
        if (parts := parts_of(many, keys, COST))
        for codes, (_number, total) in shown(surface, keys, COST).items()
    ]
    assert len(ups) > 300
    assert 0.4 < sum(ups) / len(ups) < 0.6


@pytest.mark.parametrize("largest", [[100_000.0], [50_000.0, 48_000.0]])
def test_a_cell_that_one_or_two_make_up_is_never_shown(largest):
    parts = [*largest, *[20.0] * (40 - len(largest))]
    rich = alike(40, [{COST: part, DAYS: 3.0} for part in parts])
    others = [row for row in with_amounts(people(800)) if row.facts.year != 2021]
    surface = surface_of(rich + others)
    assert surface.figure({"year": "2021"}, 0).value is not None
    for key in DIMENSIONS.keys() - {"year"}:
        for code in surface.codes(key, 0):
            assert surface.amount(COST, {"year": "2021", key: code}, 0) is None
    assert surface.amount(COST, {"year": "2021"}, 0) is None
    assert surface.amount(DAYS, {"year": "2021"}, 0) is not None
    # The same persons with even amounts are shown, so it was the rule that held them back.
    even = [row._replace(amounts={COST: 20.0}) for row in rich]
    assert surface_of(even + others).amount(COST, {"year": "2021"}, 0) is not None


def test_what_fails_the_rule_is_hidden_and_nothing_else_is(many):
    chance = random.Random(8)
    rows = [row._replace(amounts={COST: chance.lognormvariate(3, 3)}) for row in many[:1500]]
    surface = surface_of(rows)
    failing = 0
    for keys in combinations(["year", "age", "country", "duration"], 2):  # none is sensitive
        seen = shown(surface, keys, COST)
        for codes, parts in parts_of(rows, keys, COST).items():
            *_rest, second, largest = sorted([0.0, *parts])
            fails = sum(parts) - largest - second < 0.1 * largest
            failing += fails and len(parts) >= THRESHOLD
            if len(parts) >= THRESHOLD + MAX_NOISE or fails:
                assert (codes in seen) == (not fails)
    assert failing > 20  # of cells with enough persons, else nothing was tested


def test_where_nobody_has_anything_nothing_is_told():
    same = alike(60, [{DAYS: 0.0}])
    surface = surface_of(same + [r for r in with_amounts(people(300)) if r.facts.year != 2021])
    assert surface.figure({"year": "2021"}, 0).value is not None
    assert surface.amount(DAYS, {"year": "2021"}, 0) is None


def test_the_same_persons_give_the_same_sum_in_every_table():
    same = alike(60, [{COST: 10.0 * n} for n in range(1, 61)], citizenship=["BY"])
    surface = surface_of(same)
    amounts = {
        surface.amount(COST, codes, 0)
        for codes in (
            {},
            {"year": "2021"},
            {"gender": "Feminine", "citizenship": "BY"},
            {"duration": NOT_RECORDED, "age": NOT_RECORDED},
        )
    }
    assert len(amounts) == 1
    [(number, _total)] = amounts
    assert number == surface.figure({}, 0).value  # the count of the same persons, too


def test_a_set_that_was_drawn_again_has_that_number_beside_its_sum():
    """Everybody has an amount, so that each cell of sums holds the persons of the cell of persons."""
    rows = [row._replace(amounts={DAYS: 3.0}) for row in people(600, seed=3)]
    surface = surface_of(rows)
    for table, (positions, numbers, _sums) in surface.magnitudes[DAYS].items():
        shown_positions, of_persons = surface.cells[table]
        at = np.searchsorted(shown_positions, positions)
        assert numbers.tolist() == of_persons[at].tolist(), table


def test_a_sum_of_a_set_that_shows_too_few_is_not_shown(monkeypatch):
    monkeypatch.setattr(
        "reporting.redraws.Draws.number_of", lambda draws, persons, keys: persons * 0 + 10
    )
    assert surface_of(alike(60, [{DAYS: 3.0}])).magnitudes == {}


def test_amounts_narrow_down_like_a_dimension(many, surface):
    child = {"age": "child", "exploitation": "SexualExploitation"}
    assert surface.figure(child, 1).value is not None
    assert surface.amount(DAYS, child, 1) is None
    assert surface.amount(DAYS, {"age": "child"}, 1) is not None
    for codes in product(surface.codes("gender", 0)):
        organs = {"exploitation": "OrganRemoval", "gender": codes[0]}
        assert surface.amount(DAYS, organs, 0) is None
    for tables in surface.magnitudes.values():
        assert max(map(len, tables)) == MOST_OF_AMOUNTS
        for table, (positions, _numbers, _sums) in tables.items():
            assert set(positions.tolist()) <= set(surface.cells[table][0].tolist())


def test_a_telling_split_of_those_with_an_amount_is_withheld():
    # 90 persons, half of them helped in many ways; but whoever has a cost was given legal help.
    rows = [
        row._replace(kinds=frozenset({"legal"}) if n < 30 else frozenset({"medical"}))
        for n, row in enumerate(alike(90, [{COST: 100.0 + n} for n in range(90)]))
    ]
    rows = [row if n < 30 else row._replace(amounts={}) for n, row in enumerate(rows)]
    surface = surface_of(rows)
    codes = {"year": "2021", "assistance": "legal"}
    assert surface.figure(codes, 0).value is not None
    assert surface.amount(COST, {"year": "2021"}, 0) is not None
    assert surface.amount(COST, codes, 0) is None


def test_a_total_less_what_is_shown_does_not_tell_the_cost_of_the_one_who_is_not():
    """In each year thirty women and one man have a cost; the attacker subtracts the women."""
    chance, rows, truth = random.Random(4), [], {}
    for number, row in enumerate(people(25 * 31, seed=11)):
        year, is_man = 2001 + number // 31, number % 31 == 0
        cost = round(chance.lognormvariate(6, 0.7), 2)
        facts = CaseFacts(year=year, gender="Masculine" if is_man else "Feminine")
        rows.append(Row(row.person, facts, frozenset(), {COST: cost}))
        if is_man:
            truth[str(year)] = cost
    surface = surface_of(rows)
    guesses = []
    for year, cost in truth.items():
        assert surface.amount(COST, {"year": year, "gender": "Masculine"}, 0) is None
        women = surface.amount(COST, {"year": year, "gender": "Feminine"}, 0)
        guesses.append((surface.amount(COST, {"year": year}, 0)[1] - women[1]) / cost)
    assert sum(0.9 <= guess <= 1.1 for guess in guesses) <= 5  # of 25


def test_leaving_one_person_out_does_not_tell_their_cost(many):
    """The attacker has two figures, with and without one person, and subtracts."""
    small = many[:1200]
    before = surface_of(small)
    guesses = []
    for row in [row for row in small if COST in row.amounts][:3]:
        after = surface_of([other for other in small if other is not row])
        for size in (1, 2):
            for keys in together(size):
                for codes in product(*(answers_of(key, row) for key in keys)):
                    at = dict(zip(keys, codes, strict=True))
                    old, new = before.amount(COST, at, 0), after.amount(COST, at, 0)
                    if old and new:
                        guesses.append((old[1] - new[1]) / row.amounts[COST])
    assert len(guesses) > 60
    near = sum(0.9 <= guess <= 1.1 for guess in guesses) / len(guesses)
    assert near <= 0.15


def test_without_noise_the_same_attack_tells_it(many, monkeypatch):
    # Without this, the test above would pass for an attack that is too weak.
    monkeypatch.setattr("reporting.magnitudes.perturb", lambda totals, largest, drawn: totals)
    small = many[:600]
    row = next(row for row in small if row.amounts.get(COST, 0) > 100)
    before, after = surface_of(small), surface_of([other for other in small if other is not row])
    told = before.amount(COST, {}, 0)[1] - after.amount(COST, {}, 0)[1]
    assert told == pytest.approx(row.amounts[COST], abs=1)


def test_a_mean_is_made_of_protected_figures(many, surface):
    for measure in MEASURES.values():
        if measure.magnitude in surface.magnitudes:
            number, total = surface.amount(measure.magnitude, {"year": "2022"}, 0)
            figure = figure_of(surface, measure, {"year": "2022"}, 0, "")
            value = total / MAGNITUDES[measure.magnitude].scale
            expected = value / number if measure.is_mean else value
            assert figure.value == pytest.approx(expected, abs=0.5 * 10**-measure.decimals)


def test_no_mean_score_is_above_one():
    surface = surface_of(alike(20, [{SCORE: 1.0}]))
    figure = figure_of(surface, MEASURES["score-mean"], {}, 0, "")
    assert figure.value is not None and figure.value <= 1


def test_sums_survive_packing_and_older_snapshots_have_none(surface):
    again = unpack(pack(surface))
    assert again.magnitudes.keys() == surface.magnitudes.keys() == set(MAGNITUDES) - {"cost-USD"}
    for name, tables in surface.magnitudes.items():
        assert tables.keys() == again.magnitudes[name].keys()
        for table, arrays in tables.items():
            pairs = zip(arrays, again.magnitudes[name][table], strict=True)
            assert all(np.array_equal(one, other) for one, other in pairs)
    content = json.loads(zlib.decompress(pack(surface)))
    del content["magnitudes"]
    older = unpack(zlib.compress(json.dumps(content | {"format": 1}).encode()))
    assert older.magnitudes == {}
    assert older.figure({"year": "2022"}, 0) == surface.figure({"year": "2022"}, 0)


def test_another_epoch_draws_the_noise_of_sums_anew(many, surface):
    counted = frame_of(many, YEAR)
    redrawn = build(counted, SECRET, np.full(len(counted), 2))
    assert shown(redrawn, ("year",), COST) != shown(surface, ("year",), COST)


def test_the_self_check_finds_what_should_not_be_shown(surface):
    def broken(**changes):
        found = unpack(pack(surface))
        for name, value in changes.items():
            setattr(found, name, value)
        return found

    check(broken())
    table = levelled(["year", "gender"], 0)
    positions, numbers, sums = surface.magnitudes[COST][table]
    few = (positions, np.where(numbers == numbers[0], THRESHOLD - 1, numbers), sums)
    three = levelled(["year", "gender", "age"], 0)
    for tables in ({table: few}, {three: (positions, numbers, sums)}):
        with pytest.raises(ArithmeticError):
            check(broken(magnitudes={COST: tables}))
    hidden = {**surface.cells, table: (positions[:0], numbers[:0])}
    with pytest.raises(ArithmeticError, match="hidden persons"):
        check(broken(cells=hidden))


def test_the_two_largest_amounts_of_each_cell():
    cells, amounts = np.array([0, 2, 0, 2, 2]), np.array([1.0, 2.0, 3.0, 4.0, 4.0])
    largest, second = two_largest(cells, amounts, 3)
    assert largest.tolist() == [3, 0, 4]
    assert second.tolist() == [1, 0, 4]
    assert is_safe(np.array([4.0, 0, 10]), largest, second).tolist() == [False, False, True]
    assert perturb(np.array([10.0, 10]), np.array([10.0, 10]), np.array([0, 0.5])).tolist() == [
        7,
        13,
    ]
