"""The tree: what it costs, what it keeps, what it cannot make."""

from fractions import Fraction

import numpy as np
import pytest

from reporting.releases import noisy, synthesis

SIZES = (3, 4, 40, 2)
RHO = Fraction(31, 100)


@pytest.fixture
def codes():
    """5,000 persons: the second column follows the first, the third is skewed."""
    chance = np.random.default_rng(7)
    first = chance.choice(3, 5_000, p=(0.6, 0.3, 0.1))
    second = (first + (chance.random(5_000) < 0.1)) % 4
    third = np.minimum(chance.geometric(0.3, 5_000) - 1, 39)
    return np.column_stack([first, second, third, chance.integers(0, 2, 5_000)])


def test_what_is_spent_is_what_was_given_to_the_last_fraction(codes):
    assert sum(synthesis.fit(codes, SIZES, RHO).spent) == RHO


@pytest.mark.parametrize("rho", [Fraction(1, 3), Fraction(31, 100), Fraction(1, 7_000)])
def test_the_scale_never_costs_more_than_its_share(rho):
    scale = synthesis._scale_of_max(rho)
    assert synthesis._noisy_max(scale).map(1) <= rho
    assert Fraction(synthesis._noisy_max(scale * (1 - 1e-9)).map(1)) > rho


def test_every_number_taken_of_persons_goes_through_a_mechanism(codes, monkeypatch):
    drawn, chosen = [], []
    with_noise, noisy_max = noisy.with_noise, synthesis._noisy_max
    monkeypatch.setattr(noisy, "with_noise", lambda *a: drawn.append(a[1]) or with_noise(*a))

    def counting(scale):
        measure = noisy_max(scale)
        return lambda scores: chosen.append(scale) or measure(scores)

    monkeypatch.setattr(synthesis, "_scale_of_max", lambda rho: 5.0)
    monkeypatch.setattr(synthesis, "_noisy_max", counting)
    model = synthesis.fit(codes, SIZES, RHO)
    assert len(drawn) == len(SIZES) + len(model.edges)
    assert len(chosen) == len(model.edges) == len(SIZES) - 1
    # The shares of what was drawn, and as much for each choice as for the pair it chose.
    assert sum(drawn) + sum(drawn[len(SIZES) :]) == RHO


def test_one_person_more_moves_no_score_by_more_than_one(codes, monkeypatch):
    margins = [np.bincount(codes[:, c], minlength=s).astype(float) for c, s in enumerate(SIZES)]
    given = []
    monkeypatch.setattr(synthesis, "_scale_of_max", lambda rho: 5.0)
    monkeypatch.setattr(
        synthesis, "_noisy_max", lambda scale: lambda scores: given.append(scores) or 0
    )
    for persons in (codes, np.vstack([codes, [2, 0, 39, 1]])):
        synthesis._choose_tree(persons, margins, 5_000, Fraction(1, 10))
    before, after = given[0], given[len(SIZES) - 1]  # the first choice of each tree
    assert len(before) == len(after) == 6
    assert before != after
    assert np.abs(np.subtract(before, after)).max() <= 1


def test_the_rows_keep_the_columns_and_a_strong_pair(codes):
    made = synthesis.sample(synthesis.fit(codes, SIZES, Fraction(5)), 5_000)
    for column, size in enumerate(SIZES):
        exact = np.bincount(codes[:, column], minlength=size)
        assert np.abs(np.bincount(made[:, column], minlength=size) - exact).max() < 60
    follows = ((codes[:, 1] - codes[:, 0]) % 4 <= 1).mean()
    assert ((made[:, 1] - made[:, 0]) % 4 <= 1).mean() == pytest.approx(follows, abs=0.03)


def test_rows_differ_from_draw_to_draw_and_are_as_many_as_asked_for(codes):
    model = synthesis.fit(codes, SIZES, RHO)
    one, other = synthesis.sample(model, 1_234), synthesis.sample(model, 1_234)
    assert one.shape == other.shape == (1_234, 4)
    assert (one != other).any()
    assert (one >= 0).all()
    assert (one < SIZES).all()


def test_nobody_at_all_can_be_learned_from():
    model = synthesis.fit(np.empty((0, 4), dtype=np.int64), SIZES, RHO)
    assert synthesis.sample(model, 10).shape == (10, 4)


def test_the_simplex_is_met_from_either_side():
    for total in (5.0, 500.0):
        projected = synthesis.to_simplex(np.array([[30, -4], [0, 12]]), total)
        assert projected.sum() == pytest.approx(total)
        assert (projected >= 0).all()
        assert projected.argmax() == 0


def test_systematic_rounding_stays_within_one_row_of_the_share():
    table = np.array([[0.2, 0.5, 0.3]])
    drawn = synthesis._draw(np.zeros(1_001, dtype=np.int64), table, np.random.default_rng(1))
    assert np.abs(np.bincount(drawn) - 1_001 * table[0]).max() <= 1
