"""Fifty releases approved at once against a budget for three: three, on real databases."""

import json

from tests.databases import run_beside

THREADS, FIT = 50, 3


def test_no_more_is_spent_than_there_is_whoever_is_at_it(own_databases: dict[str, str]) -> None:
    done = run_beside(
        "reporting.releases.spending", str(THREADS), str(FIT), databases=own_databases
    )
    told = json.loads(done.stdout)
    assert told["told"] == ["refused"] * (THREADS - FIT) + ["spent"] * FIT
    assert told["numbers"] == [1, 2, 3]
    assert (told["left"], told["broken"], told["approved"]) == ("0", 0, FIT)
