"""The noise is the distribution it is said to be, costs what it is said to cost, and no more."""

from fractions import Fraction
from math import exp, sqrt
from uuid import UUID

import numpy as np
from scipy.stats import beta, chisquare

from cases.sections import CaseFacts
from reporting.frame import Row, build, count
from reporting.releases import noisy
from tests.reporting.people import YEAR, people

DRAWS = 20_000
SURE = 1e-6  # that a test fails by chance alone


def pmf(values: np.ndarray, scale: float) -> np.ndarray:
    """The discrete Gaussian, normalised over what can be told from 0 in a double."""
    everything = np.exp(-((np.arange(-1000, 1001) / scale) ** 2) / 2)
    return np.exp(-((values / scale) ** 2) / 2) / everything.sum()


def goodness_of_fit(drawn: np.ndarray, scale: float) -> float:
    """The p-value of chi-squared; the tails are put together where fewer than ten are expected."""
    end = int(3 * scale)
    values = np.arange(-end, end + 1)
    expected = pmf(values, scale)
    expected[0] = expected[-1] = (1 - expected[1:-1].sum()) / 2
    found = np.bincount(np.clip(drawn, -end, end) + end, minlength=len(values))
    return float(chisquare(found, expected * len(drawn)).pvalue)


def least_epsilon(scale: float, draws: int, delta: float = noisy.DELTA) -> float:
    """What epsilon is at least, by what `draws` tell of 0 and 1 persons; almost surely not too high.

    An attacker says "there is somebody" from a threshold on; the bound of Kairouz and others (2015)
    on hits and false alarms, with Clopper-Pearson intervals (Jagielski and others 2020).
    """
    without = noisy.draw(np.zeros(draws), scale)
    somebody = noisy.draw(np.ones(draws), scale)
    best = 0.0
    for threshold in range(-int(2 * scale), int(3 * scale) + 2):
        hits, alarms = int((somebody >= threshold).sum()), int((without >= threshold).sum())
        low = beta.ppf(SURE, hits, draws - hits + 1) if hits else 0.0
        high = beta.ppf(1 - SURE, alarms + 1, draws - alarms) if alarms < draws else 1.0
        if low > delta:
            best = max(best, np.log((low - delta) / high))
    return best


def test_the_noise_is_a_discrete_gaussian():
    scale = noisy.scale_for(Fraction(1, 48), 1)
    drawn = noisy.draw(np.zeros(DRAWS), scale)
    assert goodness_of_fit(drawn, scale) > SURE
    assert goodness_of_fit(drawn, scale * 1.1) < SURE  # the test would notice


def test_what_it_tells_is_not_above_the_claim():
    rho = Fraction(1, 2)
    found = least_epsilon(noisy.scale_for(rho, 1), DRAWS)
    assert 0.5 < found <= noisy.epsilon(rho)
    # One person would be seen through less noise than was claimed.
    assert least_epsilon(0.2, DRAWS) > noisy.epsilon(rho)


def test_a_cost_takes_the_noise_of_its_formula_and_never_less():
    for cells in (1, 2, 3, 6, 9):
        scale = noisy.scale_for(Fraction(1, 48), cells)
        assert abs(scale - sqrt(24 * cells)) < 1e-9
        cost = Fraction(noisy._mechanism(scale).map(noisy._sensitivity(cells)))
        assert cost <= Fraction(1, 48)
        assert Fraction(noisy._sensitivity(cells)) ** 2 >= cells


def test_epsilon_is_that_of_the_literature():
    """rho + 2 sqrt(rho ln(1/delta)) is an upper bound; OpenDP's is tighter."""
    assert 5.1 < noisy.epsilon(Fraction(1, 2)) < 0.5 + 2 * sqrt(0.5 * -np.log(1e-6))
    assert noisy.epsilon(Fraction(1, 10)) < noisy.epsilon(Fraction(1, 2)) < exp(2)


def test_cells_without_anybody_get_noise_too():
    drawn = noisy.draw(np.zeros((40, 50)), 5.0)
    assert drawn.shape == (40, 50)
    assert (drawn < 0).any() and (drawn > 0).any()
    assert (noisy.draw(np.zeros(50), 5.0) != noisy.draw(np.zeros(50), 5.0)).any()


def test_of_several_answers_as_many_count_as_the_definition_says():
    frame = build(people(500), YEAR)
    bounds = {"control": 2}
    cut = noisy.truncated(frame, ["control", "gender"], bounds, b"k" * 32)
    assert cut.columns["control"].per_person.max() == 2
    assert len(cut.columns["control"].answers) == cut.columns["control"].per_person.sum()
    assert (count(cut, ["gender"]) == count(frame, ["gender"])).all()
    again = noisy.truncated(frame, ["control"], bounds, b"k" * 32)
    assert (again.columns["control"].answers == cut.columns["control"].answers).all()
    # No answer is favoured for standing first in a list: another secret keeps others.
    other = noisy.truncated(frame, ["control"], bounds, b"l" * 32)
    assert (other.columns["control"].answers != cut.columns["control"].answers).any()


def test_one_person_moves_no_more_cells_than_they_are_charged_for():
    everybody = people(200)
    answers = ["ForcedLabour", "SexualExploitation", "OrganRemoval", "ForcedBegging"]
    facts = CaseFacts(year=2021, gender="Feminine", types_of_exploitation=answers)
    with_one = [*everybody, Row(UUID(int=7), facts, frozenset())]
    bounds = {"exploitation": 3}
    dims = ["gender", "exploitation"]
    counts = [
        count(noisy.truncated(build(rows, YEAR), dims, bounds, b"k" * 32), dims)
        for rows in (everybody, with_one)
    ]
    moved = counts[1] - counts[0]
    assert (moved**2).sum() == noisy.cells_per_person(dims, bounds) == 3
