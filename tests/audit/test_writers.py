"""Many writers at once lose nothing: real connections, real files or a real server."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
THREADS, EVENTS = 8, 25


def test_writers_and_a_verifier_at_once_lose_nothing(own_databases: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.audit.writers", str(THREADS), str(EVENTS)],
        cwd=ROOT,
        env=os.environ | own_databases,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["errors"] == []
    assert told["each"] == [EVENTS] * THREADS
    first = told["before"]
    assert told["seqs"] == list(range(first, first + THREADS * EVENTS))
    assert told["findings"] == []  # the root and the end of the log are those of the entries
    assert told["meanwhile"] == []
    assert (told["keys"], told["data_keys"]) == (1, 1)
