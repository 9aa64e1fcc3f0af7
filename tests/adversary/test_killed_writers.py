"""Writers are killed a hundred times, in the middle of it: nothing that was acknowledged is lost.

Half of those killed were holding the end of the log: the lock of SQLite's writer, or the one under which
events get their places on PostgreSQL. They are stopped first, so that they do hold it when they die.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]
WRITERS, KILLS = 8, 100
SEED = 9009
WAL_WRITE_LOCK = 120  # the byte of SQLite's -shm file that whoever writes holds a lock on

pytestmark = pytest.mark.slow


class Nursery:
    """The process that forks writers; each order gets a line of JSON back."""

    def __init__(self, databases: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.adversary.nursery"],
            cwd=ROOT,
            env=os.environ | databases,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.prepared = self._answer()

    def order(self, *words: object) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the nursery ended with {self.process.wait()}"
        return json.loads(line)


@contextmanager
def holder_on_sqlite(database: str) -> Iterator[Callable[[], int | None]]:
    """Tells which process holds the lock of the one that writes."""
    shared = Path(f"{database}-shm")

    def holder() -> int | None:
        inode = str(shared.stat().st_ino)
        for line in Path("/proc/locks").read_text().splitlines():
            words = [word for word in line.split() if word != "->"]
            _number, _kind, _advisory, how, pid, file, start, end = words[:8]
            is_here = file.rsplit(":", 1)[-1] == inode and how == "WRITE"
            if is_here and end != "EOF" and int(start) <= WAL_WRITE_LOCK <= int(end):
                return int(pid)
        return None

    yield holder


@contextmanager
def holder_on_postgresql(url: str) -> Iterator[Callable[[], int | None]]:
    """Tells which process is giving events their places."""
    query = (
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted AND a.application_name LIKE 'writer %'"
        " AND a.datname = current_database()"
    )
    with psycopg.connect(url, autocommit=True) as connection:

        def holder() -> int | None:
            found = connection.execute(query).fetchone()
            return int(found[0].split()[1]) if found else None

        yield holder


def stopped_in_the_act(holder: Callable[[], int | None], alive: set[int]) -> int | None:
    """A writer that stands still, and holds what it held before it was stopped."""
    until = time.monotonic() + 1
    while time.monotonic() < until:
        if (pid := holder()) not in alive:
            continue
        os.kill(pid, signal.SIGSTOP)
        if holder() == pid:
            return pid
        os.kill(pid, signal.SIGCONT)
    return None


@pytest.mark.drill
def test_nothing_acknowledged_is_lost_when_writers_are_killed(
    own_databases: dict[str, str], tmp_path: Path, say: Callable[[str], None]
) -> None:
    random, notes, kept = Random(SEED), tmp_path / "notes", []
    notes.mkdir()
    nursery = Nursery(own_databases)
    holders = (
        holder_on_postgresql(own_databases["DATABASE_URL"])
        if own_databases
        else holder_on_sqlite(nursery.prepared["database"])
    )
    alive: set[int] = set()
    in_the_act = 0
    try:
        with holders as holder:
            alive |= set(nursery.order("grow", notes, WRITERS)["born"])
            time.sleep(0.5)
            for number in range(KILLS):
                victim = stopped_in_the_act(holder, alive) if number % 2 else None
                in_the_act += victim is not None
                if victim is None:
                    time.sleep(random.uniform(0, 0.1))
                    victim = random.choice(sorted(alive))
                with suppress(ProcessLookupError):  # it ended by itself; its note says why
                    os.kill(victim, signal.SIGKILL)
                alive.remove(victim)
                alive |= set(nursery.order("grow", notes, 1)["born"])
                if number % 20 == 10:
                    kept.append(nursery.order("note")["note"])
            time.sleep(0.5)  # the last ones write, too
    finally:
        for pid in alive:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    if own_databases:
        wait_until_alone(own_databases["DATABASE_URL"])
    file = tmp_path / "kept.json"
    file.write_text(json.dumps(kept))
    told = nursery.order("look", notes, file)
    nursery.process.communicate()
    assert not told["wrong"], "\n".join(sorted(told["wrong"])[:20])
    assert in_the_act >= KILLS // 4, (
        f"only {in_the_act} were killed while they held the end of the log"
    )
    assert told["acknowledged"] > 10 * WRITERS
    say(
        f"{KILLS + WRITERS} writers killed, {in_the_act} of them holding the end of the log: "
        f"{told['acknowledged']} acknowledged events, all there among {told['events']}; "
        f"{told['rows']} rows, {told['checkpoints']} checkpoints, seed {SEED}"
    )


def wait_until_alone(url: str) -> None:
    """The server notices only after a while that a client is dead, and may commit until then."""
    with psycopg.connect(url, autocommit=True) as connection:
        others = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'writer %'"
        )
        until = time.monotonic() + 30
        while connection.execute(others).fetchone() != (0,):
            assert time.monotonic() < until, "a dead writer is still connected"
            time.sleep(0.05)
