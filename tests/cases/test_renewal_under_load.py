"""Data keys are renewed while officers write and read: nobody is refused, nothing is lost."""

import json

import pytest

from tests.cases.renewing import CASES, ROUNDS
from tests.databases import run_beside


@pytest.mark.drill
def test_renewing_under_load_loses_nothing(own_databases: dict[str, str]) -> None:
    done = run_beside("cases.renewing", databases=own_databases, timeout=300)
    told = json.loads(done.stdout)
    assert told["changes"] > CASES
    del told["changes"]
    assert told == {
        "errors": [],
        "renewed": CASES * (ROUNDS + 1),
        "findings": [],
        "unsettled": 0,
        "under_old_keys": 0,
        "wrong_names": 0,
    }
