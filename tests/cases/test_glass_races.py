"""Broken glass under races: the limit, one case twice, access that ends while its reader waits."""

import json

from tests.cases.breaking import AT_ONCE
from tests.databases import run_beside


def test_what_happens_at_once_breaks_no_rule(own_databases: dict[str, str]) -> None:
    done = run_beside("cases.breaking", databases=own_databases, timeout=300)
    assert json.loads(done.stdout) == {
        "limit": [*["WrongState"] * (AT_ONCE - 1), "done"],
        "one_case": [*["NotAllowed"] * (AT_ONCE - 1), "done"],
        "open": 3,
        "expiring": ["NotFound"],
        "ends": 4,
        "sees": 0,
    }
