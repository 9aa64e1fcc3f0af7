"""The cell-key method by itself."""

import secrets

import numpy as np
import pytest

from reporting.protection import (
    HIDDEN,
    MAX_NOISE,
    THRESHOLD,
    VARIANCE,
    derive,
    gives_answer_away,
    noise,
    noise_row,
    protect,
    record_key,
)

KEY = b"k" * 32


def random_cells(n: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    keys = np.random.default_rng(n).integers(0, 2**32, number)
    return np.full(number, n, dtype=np.int64), keys


@pytest.mark.parametrize("n", range(1, 9))
def test_noise_has_mean_zero_and_the_wanted_variance(n):
    values, probabilities = (np.array(part) for part in noise_row(n))
    assert probabilities.sum() == pytest.approx(1)
    assert probabilities @ values == pytest.approx(0, abs=1e-9)
    assert probabilities @ values**2 == pytest.approx(VARIANCE)


@pytest.mark.parametrize("n", range(9))
def test_no_cell_falls_below_zero_and_none_moves_too_far(n):
    values, probabilities = noise_row(n)
    assert min(values) + n >= 0
    assert max(map(abs, values)) <= MAX_NOISE
    assert all(p > 0 for p in probabilities)


def test_a_row_is_of_greatest_entropy_under_its_two_conditions():
    # log p of such a distribution is a parabola: its third differences vanish.
    for n in (1, 3, 5):
        _values, probabilities = noise_row(n)
        assert np.allclose(np.diff(np.log(probabilities), 3), 0, atol=1e-6)


def test_drawn_noise_follows_its_row():
    n, keys = random_cells(40, 40_000)
    drawn = noise(n, keys, KEY)
    values, probabilities = noise_row(40)
    for value, probability in zip(values, probabilities, strict=True):
        spread = 4 * np.sqrt(probability * (1 - probability) / len(drawn))
        assert abs((drawn == value).mean() - probability) < spread


def test_the_same_cell_always_gets_the_same_noise():
    n, keys = random_cells(25, 500)
    assert np.array_equal(noise(n, keys, KEY), noise(n, keys, KEY))
    order = np.random.default_rng(1).permutation(500)
    assert np.array_equal(noise(n, keys, KEY)[order], noise(n[order], keys[order], KEY))


def test_noise_depends_on_the_count_besides_the_key():
    n, keys = random_cells(25, 500)
    assert not np.array_equal(noise(n, keys, KEY), noise(n + 1, keys, KEY))


def test_another_secret_draws_other_noise():
    n, keys = random_cells(25, 500)
    assert not np.array_equal(noise(n, keys, KEY), noise(n, keys, b"x" * 32))


def test_noise_of_a_union_does_not_follow_from_the_noise_of_its_parts():
    n, left = random_cells(30, 20_000)
    _n, right = random_cells(31, 20_000)
    parts = noise(n, left, KEY) + noise(n, right, KEY)
    union = noise(n * 2, (left + right) % 2**32, KEY)
    assert abs(np.corrcoef(parts, union)[0, 1]) < 0.03


def test_nothing_below_the_threshold_is_shown():
    for n in range(THRESHOLD + MAX_NOISE + 2):
        shown = protect(*random_cells(n, 3000), KEY)
        assert not ((shown != HIDDEN) & (shown < THRESHOLD)).any()
        assert np.abs(shown[shown != HIDDEN] - n).max(initial=0) <= MAX_NOISE


def test_zero_looks_like_every_other_small_cell():
    for n in range(THRESHOLD - MAX_NOISE):
        assert set(protect(*random_cells(n, 200), KEY).tolist()) == {HIDDEN}


def test_cells_well_above_the_threshold_are_right_on_average():
    shown = protect(*random_cells(THRESHOLD + MAX_NOISE, 20_000), KEY)
    assert (shown != HIDDEN).all()
    error = shown.mean() - (THRESHOLD + MAX_NOISE)
    assert abs(error) < 4 * np.sqrt(VARIANCE / len(shown))


def test_cells_not_drawn_would_not_have_been_shown():
    # The shortcut for cells that cannot reach the threshold changes no outcome.
    n = np.arange(0, 12).repeat(200)
    keys = np.random.default_rng(3).integers(0, 2**32, len(n))
    drawn = n + noise(n, keys, KEY)
    expected = np.where(drawn >= THRESHOLD, drawn, HIDDEN)
    assert np.array_equal(protect(n, keys.astype(float), KEY), expected)


def test_record_keys_differ_by_person_epoch_and_secret():
    person, other = secrets.token_bytes(16), secrets.token_bytes(16)
    keys = {
        record_key(KEY, person, 1),
        record_key(KEY, other, 1),
        record_key(KEY, person, 2),
        record_key(derive(KEY, "another use"), person, 1),
    }
    assert len(keys) == 4
    assert all(0 <= key < 2**32 for key in keys)


@pytest.mark.parametrize(
    ("group", "largest", "tells"),
    [(20, 18, True), (20, 17, False), (49, 45, True), (50, 50, False), (0, 12, False)],
)
def test_small_group_that_shares_an_answer_gives_it_away(group, largest, tells):
    assert gives_answer_away(group, largest) is tells
