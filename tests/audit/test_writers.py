"""Many writers at once lose nothing: real connections, real files or a real server."""

import json

from tests.databases import run_beside

THREADS, EVENTS = 8, 25


def test_writers_and_a_verifier_at_once_lose_nothing(own_databases: dict[str, str]) -> None:
    done = run_beside("audit.writers", str(THREADS), str(EVENTS), databases=own_databases)
    told = json.loads(done.stdout)
    assert told["errors"] == []
    assert told["each"] == [EVENTS] * THREADS
    first = told["before"]
    assert told["seqs"] == list(range(first, first + THREADS * EVENTS))
    assert told["findings"] == []  # the root and the end of the log are those of the entries
    assert told["meanwhile"] == []
    assert (told["keys"], told["data_keys"]) == (1, 1)
