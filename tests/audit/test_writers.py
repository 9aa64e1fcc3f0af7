"""Many writers at once lose nothing: real connections, real files or a real server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
THREADS, EVENTS = 8, 25
PAIR = ("DATABASE_URL", "KEYS_DATABASE_URL")


@pytest.fixture
def databases() -> Iterator[dict[str, str]]:
    """Names of two databases that nobody else uses; on SQLite the process makes files of its own."""
    if "DATABASE_URL" not in os.environ:
        yield {}
        return
    names = [f"writers_{os.getpid()}_{part}" for part in ("log", "keys")]
    urls = [urlsplit(os.environ[variable]) for variable in PAIR]
    server = urlunsplit(urls[0]._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}")
        yield {
            variable: urlunsplit(url._replace(path=f"/{name}"))
            for variable, url, name in zip(PAIR, urls, names, strict=True)
        }
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_writers_and_a_verifier_at_once_lose_nothing(databases: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.audit.writers", str(THREADS), str(EVENTS)],
        cwd=ROOT,
        env=os.environ | databases,
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
