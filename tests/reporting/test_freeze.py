"""The surface as a whole: what it holds, and what an attacker can do with all of it."""

import json
import zlib
from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import linprog

from cases.sections import CaseFacts
from reporting import frame
from reporting.dimensions import ANY_OTHER, DIMENSIONS, LEVELS, NOT_RECORDED, fit_together, together
from reporting.freeze import build, check
from reporting.protection import MAX_NOISE, THRESHOLD
from reporting.surface import MAX_DIMENSIONS, levelled, pack, unpack
from tests.reporting.people import SECRET, YEAR, people, surface_of

PLAIN = [key for key, dimension in DIMENSIONS.items() if not dimension.folds]


def exact(rows, surface, table) -> np.ndarray:
    """Exact counts of a table at level 0, flattened."""
    assert all(level == 0 for _key, level in table)
    return frame.count(frame.build(rows, YEAR), [key for key, _level in table]).ravel()


def shown_pairs(surface, keys) -> dict[tuple[str, ...], int]:
    places, numbers = surface.slice(keys, {}, 0)
    codes = [[surface.codes(key, 0)[place] for place in places[key]] for key in keys]
    return dict(zip(zip(*codes, strict=True), numbers.tolist(), strict=True))


def test_every_table_of_up_to_three_dimensions_is_there_with_its_totals(surface):
    wanted = {
        levelled(keys, level)
        for level in range(LEVELS)
        for size in range(MAX_DIMENSIONS + 1)
        for keys in together(size)
    }
    assert set(surface.cells) == wanted
    check(surface)


def test_shown_numbers_lie_within_the_noise_of_the_truth(many, surface):
    for keys in filter(fit_together, combinations(PLAIN, 2)):
        table = levelled(keys, 0)
        positions, numbers = surface.cells[table]
        assert np.abs(numbers - exact(many, surface, table)[positions]).max(initial=0) <= MAX_NOISE


def test_every_large_cell_is_shown_unless_its_split_tells(many, surface):
    table = levelled(["year", "gender"], 0)  # no sensitive dimension
    large = np.flatnonzero(exact(many, surface, table) >= THRESHOLD + MAX_NOISE)
    assert len(large) > 5
    assert set(large) <= set(surface.cells[table][0])


def test_no_small_cell_is_ever_shown(many, surface):
    for keys in filter(fit_together, combinations(PLAIN, 2)):
        table = levelled(keys, 0)
        small = np.flatnonzero(exact(many, surface, table) < THRESHOLD - MAX_NOISE)
        assert not set(small.tolist()) & set(surface.cells[table][0].tolist())
    assert all(
        numbers.min(initial=THRESHOLD) >= THRESHOLD for _p, numbers in surface.cells.values()
    )


def test_what_is_stored_says_nothing_of_cells_that_are_not_shown(surface):
    content = json.loads(zlib.decompress(pack(surface)))
    assert set(content) == {"format", "axes", "cells", "withheld", "magnitudes"}
    stored = sum(len(numbers) for _table, _steps, numbers in content["cells"])
    assert stored == sum(len(numbers) for _positions, numbers in surface.cells.values())


def test_a_surface_survives_packing(surface):
    again = unpack(pack(surface))
    assert again.axes == surface.axes
    assert again.cells.keys() == surface.cells.keys()
    for table, (positions, numbers) in surface.cells.items():
        assert np.array_equal(again.cells[table][0], positions)
        assert np.array_equal(again.cells[table][1], numbers)
    assert again.withheld.keys() == surface.withheld.keys()


def test_the_same_persons_give_the_same_numbers_in_any_order(many, surface):
    assert pack(surface_of(many[::-1])) == pack(surface)


def test_the_same_set_of_persons_shows_the_same_number_in_different_tables():
    rows = [
        (row.person, CaseFacts(year=2020, gender="Feminine", citizenship=["BY"]), frozenset())
        for row in people(60)
    ]
    surface = surface_of(rows)
    figures = {
        surface.figure(codes, 0).value
        for codes in (
            {},
            {"year": "2020"},
            {"gender": "Feminine", "citizenship": "BY"},
            {"duration": NOT_RECORDED, "age": NOT_RECORDED, "year": "2020"},
        )
    }
    assert len(figures) == 1
    assert None not in figures


def test_another_secret_gives_other_numbers(many, surface):
    assert pack(surface_of(many, secret=b"x" * 32)) != pack(surface)


def test_one_more_person_moves_only_the_cells_that_hold_them(many):
    facts = CaseFacts(year=2022, gender="Feminine", age_band="24-26", citizenship=["BY"])
    newcomer = (people(1, seed=99)[0][0], facts, frozenset({"legal"}))
    before, after = surface_of(many), surface_of([*many, newcomer])
    answers = {key: set(_answers(key, newcomer, after)) for key in DIMENSIONS}
    for keys in together(2):
        old, new = shown_pairs(before, keys), shown_pairs(after, keys)
        for codes in old.keys() | new.keys():
            holds_them = all(code in answers[key] for key, code in zip(keys, codes, strict=True))
            if not holds_them:
                assert old.get(codes) == new.get(codes), (keys, codes)
    assert before.figure({}, 0) != after.figure({}, 0) or before.figure(
        {"year": "2022"}, 0
    ) != after.figure({"year": "2022"}, 0)


def _answers(key, row, surface):
    column = frame.build([row], YEAR).columns[key]
    return [column.codes[place] for place in column.answers]


def test_small_group_that_shares_a_sensitive_answer_is_not_split():
    same = CaseFacts(year=2021, gender="Masculine", types_of_exploitation=["ForcedLabour"])
    group = [(row.person, same, frozenset()) for row in people(30, seed=5)]
    others = [row for row in people(600) if row[1].year != 2021]
    surface = surface_of(group + others)
    assert surface.figure({"year": "2021"}, 0).value is not None
    for codes in (
        {"year": "2021", "exploitation": "ForcedLabour"},
        {"year": "2021", "exploitation": "OrganRemoval"},
        {"year": "2021", "gender": "Masculine", "exploitation": "ForcedLabour"},
    ):
        figure = surface.figure(codes, 0)
        assert (figure.value, figure.withheld) == (None, True), codes
    assert surface.figure({"exploitation": "ForcedLabour"}, 0).value is not None


def test_the_most_sensitive_categories_are_not_narrowed_by_a_third_dimension(surface):
    child = {"age": "child", "exploitation": "SexualExploitation"}
    assert surface.figure(child, 1).value is not None
    for key, code in (("gender", "Feminine"), ("year", "2022")):
        assert surface.figure(child | {key: code}, 1).withheld
        organs = {"exploitation": "OrganRemoval", "duration": "0-12", key: code}
        assert surface.figure(organs, 0).withheld


def test_regions_are_levels_of_countries(surface):
    countries, sub_regions, regions = (
        surface.codes("citizenship", level) for level in range(LEVELS)
    )
    assert countries[:3] == ["AM", "BG", "BY"]
    assert "m49-151" in sub_regions
    assert regions == ["m49-150", "m49-142", ANY_OTHER, NOT_RECORDED]


def test_a_category_that_is_named_and_not_shown_fails_the_check(surface):
    broken, table = unpack(pack(surface)), (("country", 0),)
    positions, numbers = broken.cells[table]
    broken.cells[table] = positions[1:], numbers[1:]
    with pytest.raises(ArithmeticError, match="named"):
        check(broken)


def test_a_new_epoch_redraws_the_cells_of_its_persons_alone(many, surface):
    counted = frame.build(many, YEAR)
    years = counted.columns["year"]
    of_2022 = years.answers == years.codes.index("2022")
    redrawn = build(counted, SECRET, np.where(of_2022, 2, 1))
    keys = ["year", "control"]
    old, new = shown_pairs(surface, keys), shown_pairs(redrawn, keys)
    moved = {codes[0] for codes in old.keys() | new.keys() if old.get(codes) != new.get(codes)}
    assert moved == {"2022"}


ATTACKED = ["gender", "age", "duration"]  # one answer a person: every sum binds
FEWEST = 5  # a hidden cell must stay open by this many persons


def test_totals_minus_shown_cells_pin_down_no_hidden_cell():
    """The attacker knows every figure of the surface, the threshold and the largest noise."""
    rows = people(300, seed=7)
    surface = surface_of(rows)
    truth = frame.count(frame.build(rows, YEAR), ATTACKED)

    def told(codes: dict[str, str]) -> tuple[float, float]:
        figure = surface.figure(codes, 0)
        if figure.value is not None:
            return figure.value - MAX_NOISE, figure.value + MAX_NOISE
        return (0, len(rows)) if figure.withheld else (0, THRESHOLD - 1 + MAX_NOISE)

    widths = attack(truth, surface.axes, told)
    assert len(widths) == 40
    assert min(widths) >= FEWEST, "a hidden cell is known too well"


def test_the_same_attack_opens_tables_with_a_threshold_but_exact_totals():
    # Without this, the test above would pass for an attack that is too weak.
    rows = people(300, seed=7)
    counted = frame.build(rows, YEAR)
    truth = frame.count(counted, ATTACKED)
    axes = {key: [list(counted.columns[key].codes)] for key in ATTACKED}

    def told(codes: dict[str, str]) -> tuple[float, float]:
        keys = list(codes)
        places = tuple(axes[key][0].index(code) for key, code in codes.items())
        count = int(frame.count(counted, keys)[places])
        is_total = len(keys) < len(ATTACKED)
        return (count, count) if is_total or count >= THRESHOLD else (0, THRESHOLD - 1)

    widths = attack(truth, axes, told)
    assert sum(width < FEWEST for width in widths) > len(widths) / 2


def attack(truth: np.ndarray, axes, told, tries: int = 40) -> list[int]:
    """Linear programmes: how many values each of some hidden, non-empty cells may still take.

    `told` gives the interval that is known of a cell, or of a sum of cells, from its codes.
    """
    codes = [axes[key][0] for key in ATTACKED]
    cells = np.arange(truth.size).reshape(truth.shape)

    def names(places, kept=(0, 1, 2)) -> dict[str, str]:
        return {ATTACKED[k]: codes[k][place] for k, place in zip(kept, places, strict=True)}

    bounds = [told(names(places)) for places in np.ndindex(truth.shape)]
    sides, lows, highs = [], [], []
    for kept in [part for size in range(3) for part in combinations(range(3), size)]:
        for places in np.ndindex(*(truth.shape[k] for k in kept)):
            index: list = [slice(None)] * 3
            for k, place in zip(kept, places, strict=True):
                index[k] = place
            side = np.zeros(truth.size)
            side[cells[tuple(index)].ravel()] = 1
            low, high = told(names(places, kept))
            sides.append(side)
            lows.append(low)
            highs.append(high)
    a = np.vstack([np.array(sides), -np.array(sides)])
    b = np.concatenate([highs, -np.array(lows)])
    # The truth must be among what the attacker thinks possible, or the attack proves nothing.
    assert (a @ truth.ravel() <= b).all()
    assert all(
        low <= count <= high for (low, high), count in zip(bounds, truth.ravel(), strict=True)
    )
    hidden = [
        cell
        for cell, (low, high) in enumerate(bounds)
        if low < THRESHOLD - MAX_NOISE and high > low and truth.ravel()[cell] > 0
    ]
    widths = []
    for cell in np.random.default_rng(1).permutation(hidden)[:tries]:
        goal = np.zeros(truth.size)
        goal[cell] = 1
        least = linprog(goal, A_ub=a, b_ub=b, bounds=bounds, method="highs")
        most = linprog(-goal, A_ub=a, b_ub=b, bounds=bounds, method="highs")
        assert least.status == most.status == 0
        widths.append(int(np.floor(-most.fun + 1e-6) - np.ceil(least.fun - 1e-6)))
    return widths


def test_too_many_persons_are_refused_before_sums_lose_digits(monkeypatch):
    monkeypatch.setattr("reporting.protection.MAX_PERSONS", 10)
    with pytest.raises(OverflowError):
        surface_of(people(11))
