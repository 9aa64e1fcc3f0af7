"""A process dies in the middle of an erasure, and the next start finishes it. The kills are real."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.shares import first_of

ROOT = Path(__file__).resolve().parent.parent.parent
KILLED = -9
POINTS = [
    *("2", "journal", "in the tombstone"),  # a number: before that step of the destruction
    *("0", "1", "3", "4"),
    *("tombstone", "signature", "the end"),
]
pytestmark = [pytest.mark.slow, pytest.mark.either_database]
ON_SERVER = "DATABASE_URL" in os.environ


class Place:
    """An installation in a folder, or in a folder and two databases of a server."""

    def __init__(self, folder: Path, names: dict[str, str]) -> None:
        self.folder, self.names = folder, names

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Begin to run tests/cases/erasing.py here."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TUTELA_")}
        return subprocess.Popen(
            [sys.executable, "-m", "tests.cases.erasing", *words],
            cwd=ROOT,
            env=kept
            | {
                "TUTELA_DATA_DIR": str(self.folder / "data"),
                "TUTELA_KEY_FILE": str(self.folder / "keys" / "root.key"),
                "TUTELA_BACKUP_DIR": str(self.folder / "backups"),
            }
            | {variable: _server(name) for variable, name in self.names.items()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, expected: int = 0) -> dict:
        """Run it to its end; gives what it told."""
        return self.end(self.begin(*words), expected=expected)

    @staticmethod
    def end(process: subprocess.Popen[str], *, expected: int = 0) -> dict:
        """Let it come to its end; gives what it told."""
        told, errors = process.communicate("go on\n", timeout=240)
        assert process.returncode == expected, errors[-3000:]
        return json.loads(told) if told else {}

    def holds(self, content: bytes) -> list[str]:
        """Files of this place in which these bytes stand."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return [path.name for path in files if content in path.read_bytes()]


def _server(name: str) -> str:
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def _sql(statement: str) -> None:
    with psycopg.connect(_server("postgres"), autocommit=True) as connection:
        connection.execute(statement)


def _names(part: str) -> dict[str, str]:
    if not ON_SERVER:
        return {}
    pair = {"DATABASE_URL": "data", "KEYS_DATABASE_URL": "keys"}
    return {variable: f"erasing_{os.getpid()}_{part}_{what}" for variable, what in pair.items()}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, dict]]:
    """An installation in which an erasure waits for a decision."""
    place = Place(tmp_path_factory.mktemp("prepared"), _names("prepared"))
    (place.folder / "backups").mkdir()
    for name in place.names.values():
        _sql(f"CREATE DATABASE {name}")
    yield place, place.run("prepare")
    for name in place.names.values():
        _sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def place(prepared: tuple[Place, dict], tmp_path: Path) -> Iterator[Place]:
    """A copy of it."""
    original, _told = prepared
    copy = Place(tmp_path / "copy", _names("copy"))
    shutil.copytree(original.folder, copy.folder)
    for variable, name in copy.names.items():
        _sql(f"CREATE DATABASE {name} TEMPLATE {original.names[variable]}")
    yield copy
    for name in copy.names.values():
        _sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("point", first_of(POINTS, 3))
def test_whenever_it_dies_the_next_start_finishes(
    point: str, place: Place, prepared: tuple[Place, dict]
) -> None:
    _original, told = prepared
    place.run("approve", point, expected=KILLED)
    left = place.run("start")
    assert left["opens"] is False
    assert (left["status"], left["state"]) == ("Erased", "finished")
    assert left["files"] == []
    assert left["listed"] == [[told["case"]]] * 2 and left["lines"] == [1, 1]
    assert (left["erased"], left["destroyed"]) == (1, 1)
    assert [len(keys) for keys in left["keys_named"]] == [1]
    assert left["signed"] is True
    assert left["findings"] == []
    assert place.holds(bytes.fromhex(told["wrapped"])) == []
    assert place.run("start")["events"] == left["events"], "nothing is left to be done"


def test_before_the_erasure_the_wrapped_key_is_in_the_file(prepared: tuple[Place, dict]) -> None:
    """Or the search for it above could not fail."""
    if ON_SERVER:
        pytest.skip("the key store is on a server")
    original, told = prepared
    assert original.holds(bytes.fromhex(told["wrapped"])) != []


@pytest.mark.parametrize("point, is_gone", [("journal", False), ("1", True), ("the end", True)])
def test_the_wrapped_key_leaves_the_file_with_its_journal_not_before(
    point: str, is_gone: bool, place: Place, prepared: tuple[Place, dict]
) -> None:
    """As the file is while the process lives: a closed connection would empty the journal, too."""
    if ON_SERVER:
        pytest.skip("the key store is on a server")
    place.run("approve", point, expected=KILLED)
    assert (place.holds(bytes.fromhex(prepared[1]["wrapped"])) == []) is is_gone


def test_who_reads_the_key_store_delays_the_end(place: Place) -> None:
    """The key is deleted; its bytes leave the file when the reader has gone."""
    if ON_SERVER:
        pytest.skip("the key store is on a server")
    assert place.run("reader")["states"] == [["approved", "keys", 0], ["finished", "", 0]]


def test_workers_that_start_at_once_finish_it_once(
    place: Place, prepared: tuple[Place, dict]
) -> None:
    place.run("approve", "0", expected=KILLED)
    starts = [place.begin("start") for _ in range(3)]
    told = [place.end(start) for start in starts]
    for left in told:
        assert left["opens"] is False and left["findings"] == []
    left = place.run("start")
    assert (left["erased"], left["destroyed"], left["state"]) == (1, 1, "finished")
    assert left["lines"] == [1, 1] and left["findings"] == []


# --- Several processes and threads ----------------------------------------------------
def test_a_process_that_had_it_open_opens_and_finds_nothing_more(place: Place) -> None:
    other = place.begin("watch")
    assert other.stderr is not None
    while other.stderr.readline() != "ready\n":
        assert other.poll() is None
    place.run("approve", "the end", expected=KILLED)
    assert place.end(other) == {
        "before": "Снежаньская",
        "found": True,
        "held": True,
        "after": "erased",
        "found after": False,
    }


def test_of_all_who_act_at_once_one_wins_and_nothing_is_half_done(place: Place) -> None:
    """Whoever comes too late is told so; a case is either erased without a key, or held with one."""
    told = place.run("rivals", "12")
    assert told["findings"] == []
    refused = {"WrongState", "Conflict", "NoKey", "Erased", "OperationalError"}
    for one in told["rounds"]:
        approved = [name for name in ("pavel", "olga") if one[name] == "done"]
        assert one["alena"] in ("NotAllowed", "WrongState"), one
        assert len(approved) == one["erased"], one
        assert one["erased"] != one["held"], one
        assert (one["hold"] == "done") == one["held"], one
        assert (one["keys"] == 0) == one["erased"], one
        assert one["state"] == ("finished" if one["erased"] else "asked"), one
        others = {one[name] for name in ("pavel", "olga", "hold", "renew", "write", "read")}
        assert others <= refused | {"done"}, one


def test_a_reading_that_an_erasure_overtakes_stands_before_it(place: Place) -> None:
    told = place.run("overtaken")
    assert told["findings"] == []
    assert told["order"] == ["case_viewed", "case_erased"]
    assert (told["read"], told["approved"]) in (("Erased", "done"), ("done", "done"))


def test_a_key_read_before_its_destruction_is_not_kept_after_it(place: Place) -> None:
    assert place.run("race") == {"opens": False}
