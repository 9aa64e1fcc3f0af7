"""Rows for one receiver: no group smaller than eleven, and no more blank than needed."""

import csv
import json
from collections import Counter
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from core.exceptions import BadInput, WrongState
from reporting.releases import codebook, transfer
from tests.reporting.people import people

DEFINITION = {
    "years": list(range(2019, 2027)),
    "receiver": "La Strada",
    "agreement": "2026/14",
}
WEIGHTS = list(transfer.WEIGHTS.values())


@pytest.fixture(scope="module")
def files():
    return transfer.make(people(3_000), DEFINITION)


def rows_of(files):
    return list(csv.DictReader(files["transfer.csv"].decode().splitlines()))


def test_every_row_stands_among_eleven_that_look_the_same(files):
    rows = rows_of(files)
    groups = Counter(tuple(row[name] for name in transfer.WEIGHTS) for row in rows)
    assert min(groups.values()) >= 11
    assert tuple(rows[0]) == codebook.NAMES


@pytest.mark.parametrize("seed", range(5))
def test_k_holds_by_brute_force_whatever_the_codes(seed):
    codes = np.random.default_rng(seed).geometric(0.4, (700, 5)) - 1
    kept = transfer.suppress(codes, WEIGHTS)
    placed = kept[(kept != transfer.LOST).all(axis=1)]
    for line in placed:
        assert (placed == line).all(axis=1).sum() >= transfer.K
    assert len(codes) - len(placed) < transfer.K
    # What is kept is true.
    there = kept >= 0
    assert (kept[there] == codes[there]).all()


def test_nobody_keeps_less_than_a_heavier_subset_would_have_allowed():
    codes = np.array([[1, 0, 0, 0, 0]] * 11 + [[1, 0, 0, 0, 1]] * 10)
    kept = transfer.suppress(codes, WEIGHTS)
    assert (kept[:11] == codes[:11]).all()
    assert (kept[11:] == transfer.LOST).all()  # ten cannot be a group, whatever is blanked
    kept = transfer.suppress(np.array(list(product(range(11), [0], [0], [0], [0]))), WEIGHTS)
    assert (kept == [transfer.BLANK, 0, 0, 0, 0]).all()


def test_years_are_in_bands_and_small_countries_are_one(files):
    rows = rows_of(files)
    assert {row["yearOfRegistration"] for row in rows} <= {
        "",
        "2015--2019",
        "2020--2024",
        "2025--2029",
    }
    for name in ("citizenship", "CountryOfExploitation"):
        named = {row[name] for row in rows} - {"", transfer.OTHER_COUNTRY}
        assert len(named) <= transfer.COUNTRIES_APART


def test_the_data_sheet_names_receiver_and_agreement_and_counts_nobody_exactly(files):
    sheet = json.loads(files["transfer.json"])
    assert (sheet["receiver"], sheet["agreement"], sheet["k"]) == ("La Strada", "2026/14", 11)
    assert sheet["persons_rounded"] % 100 == 0
    assert sheet["rows_left_out"] in ("0", "<11")
    assert set(sheet["share_blanked"]) == set(transfer.WEIGHTS)


def test_rows_come_in_another_order_each_time_and_name_nobody():
    persons = people(500)
    one, other = (transfer.make(persons, DEFINITION)["transfer.csv"] for _ in range(2))
    assert one != other
    assert sorted(one.splitlines()) == sorted(other.splitlines())
    assert not any(str(row.person).encode() in one for row in persons)


def test_it_costs_no_budget():
    assert transfer.charge(DEFINITION) == Fraction(0)


@pytest.mark.parametrize("missing", ["years", "receiver", "agreement"])
def test_rows_go_to_a_named_receiver_under_an_agreement_only(missing):
    with pytest.raises(BadInput):
        transfer.charge(DEFINITION | {missing: ""})
    with pytest.raises(BadInput):
        transfer.make(people(50), DEFINITION | {missing: ""})


def test_ten_persons_are_too_few():
    with pytest.raises(WrongState):
        transfer.make(people(10, years=[2020]), DEFINITION)
