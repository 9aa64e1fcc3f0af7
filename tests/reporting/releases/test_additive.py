"""Figures add up, none is below zero, and they stay near what was drawn."""

import numpy as np
import pytest

from reporting.releases.additive import Drawn, nearest, settle


def test_tables_agree_in_totals_and_single_dimensions():
    random = np.random.default_rng(1)
    true = random.poisson(np.outer([40, 20, 1, 0], [3, 1, 0.2]))
    several = random.poisson(np.full((4, 5), 6.0))
    drawn = [
        Drawn(("b",), true.sum(axis=0) + random.integers(-8, 9, 3), 5.0),
        Drawn(("a", "b"), true + random.integers(-8, 9, (4, 3)), 5.0),
        Drawn(
            ("b", "a", "d"),
            np.stack([true.T, true.T], axis=2) + random.integers(-8, 9, (3, 4, 2)),
            5.0,
        ),
        Drawn(("a", "c"), several + random.integers(-8, 9, (4, 5)), 8.0),
    ]
    found = settle(drawn, several={"c"})
    assert all((figures >= 0).all() for figures in found.values())
    assert (found["a", "b"].sum(axis=0) == found["b",]).all()
    assert (found["a", "b"].sum(axis=1) == found["a",]).all()
    assert (found["b", "a", "d"].sum(axis=(1, 2)) == found["b",]).all()
    assert (found["b", "a", "d"].sum(axis=(0, 2)) == found["a",]).all()
    assert found["a",].sum() == found["b",].sum() == found["d",].sum() == found[()]
    assert (found["a", "c"].sum(axis=0) == found["c",]).all()
    assert found["a", "c"].sum() != found[()] or several.sum() == true.sum()


def test_what_fits_already_stays_as_it_is():
    table = np.array([[5, 0], [3, 9]])
    margins = {(): np.array(17), (0,): np.array([5, 12]), (1,): np.array([8, 9])}
    assert (nearest(table, margins) == table).all()


def test_what_is_missing_is_spread_and_not_put_into_one_cell():
    moved = nearest(np.full(10, 50.0), {(): np.array(520)}) - 50
    assert moved.tolist() == [2] * 10
    moved = nearest(np.array([-9, -4, 6, 40, 60]), {(): np.array(94)})
    assert moved.tolist() == [0, 0, 2, 36, 56]


def test_margins_that_contradict_each_other_are_refused():
    with pytest.raises(ArithmeticError):
        nearest(np.zeros((2, 2)), {(0,): np.array([1, 1]), (1,): np.array([5, 5])})
