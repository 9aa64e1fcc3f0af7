"""On real databases: fifty releases approved at once against a budget for three, one made by ten."""

import json

from tests.databases import run_beside

THREADS, FIT = 50, 3
AT_ONCE = 10


def test_no_more_is_spent_than_there_is_whoever_is_at_it(own_databases: dict[str, str]) -> None:
    done = run_beside(
        "reporting.releases.spending", str(THREADS), str(FIT), databases=own_databases
    )
    told = json.loads(done.stdout)
    assert told["told"] == ["refused"] * (THREADS - FIT) + ["spent"] * FIT
    assert told["numbers"] == [1, 2, 3]
    assert (told["left"], told["broken"], told["approved"]) == ("0", 0, FIT)


def test_whoever_comes_at_once_draws_once(own_databases: dict[str, str]) -> None:
    done = run_beside("reporting.releases.drawing", str(AT_ONCE), databases=own_databases)
    told = json.loads(done.stdout)
    assert told["told"] == ["published"] + ["refused"] * (AT_ONCE - 1)
    assert (told["drawn"], told["files"]) == (1, 2)
