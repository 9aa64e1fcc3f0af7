"""The exported log is whole, of one moment, and holds for a program that has nothing of Tutela."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from accounts.models import User
from audit import export, guards, notes, signing, trail, verifier
from audit.models import Checkpoint, Event, LogState, TrackedModel
from audit.trail import Entry
from audit.verbs import Verb
from cases.models import Case, Person
from tests.audit.tools import write
from tests.conftest import SENTINELS
from tests.verify.conftest import Check, check

__all__ = ["check"]  # a fixture

pytestmark = pytest.mark.django_db
World = dict[str, list[TrackedModel]]


@pytest.fixture
def long_log(world: World) -> World:
    """More than two full bundles."""
    trail.append([Entry(Verb.LOG_READ, reason=str(number)) for number in range(600)])
    return world


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where to export to; it is not there yet."""
    return tmp_path / "log"


Holds = Callable[[Path], Any]


@pytest.fixture
def holds(check: Check) -> Holds:
    """holds(folder): the report of the auditor's program, which found nothing."""

    def run(folder: Path) -> Any:
        rows = ["--rows", folder / "rows.jsonl"]
        kept = [
            word for one in (folder / "checkpoints").iterdir() for word in ("--checkpoint", one)
        ]
        said = check(folder, "--key", signing.verifier_key(), *rows, *kept)
        assert (said.code, said.findings) == (0, [])
        return said.json

    return run


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Path → (when it was written, content)."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): (p.stat().st_mtime_ns, p.read_bytes()) for p in found}


def test_an_exported_log_holds_and_has_everything(
    long_log: World, folder: Path, holds: Holds
) -> None:
    checkpoint = export.export_log(folder, by=None)
    report = holds(folder)
    assert report["size"] == checkpoint.size == Event.objects.count()
    assert report["figures"]["rows compared"] == sum(map(len, long_log.values()))
    versions = sum(model.history.count() for model in guards.tracked_models())
    assert report["figures"]["versions in the history compared"] == versions
    earlier = Checkpoint.objects.filter(size__lt=checkpoint.size)
    assert len(report["earlier_checkpoints"]) == earlier.count() > 0
    assert report["not_checked"] == []


def test_its_files_are_those_of_the_specification(long_log: World, folder: Path) -> None:
    size = export.export_log(folder, by=None).size
    width, upper = size % 256, size // 256
    assert {path for path in files(folder) if not path.startswith("checkpoints/")} == {
        *("checkpoint", "rows.jsonl"),
        *(f"tile/{kind}/{number:03d}" for kind in ("entries", "0") for number in range(upper)),
        *(f"tile/{kind}/{upper:03d}.p/{width}" for kind in ("entries", "0")),
        f"tile/1/000.p/{upper}",
    }


def test_its_files_are_for_their_owner_alone(long_log: World, folder: Path) -> None:
    umask = os.umask(0)
    try:
        export.export_log(folder / "deeper", by=None)
    finally:
        os.umask(umask)
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in [folder, *folder.rglob("*")]}
    assert modes == {(True, 0o700), (False, 0o600)}


def test_nothing_under_seal_is_in_it(long_log: World, folder: Path) -> None:
    export.export_log(folder, by=None)
    for _at, content in files(folder).values():
        assert not [word for word in SENTINELS.values() if word.encode() in content]


def test_the_export_is_an_event_that_the_export_has(
    long_log: World, folder: Path, rita: User
) -> None:
    before = LogState.objects.get().size
    checkpoint = export.export_log(folder, by=rita)
    event = Event.objects.get(verb=Verb.LOG_EXPORTED)
    assert (event.actor, event.outcome) == (rita.pk, "ok")
    assert before <= event.seq < checkpoint.size


def test_an_export_into_the_same_folder_writes_what_is_new(
    long_log: World, folder: Path, alena: User, holds: Holds
) -> None:
    export.export_log(folder, by=None)
    before = files(folder)
    trail.append([Entry(Verb.LOG_READ, alena) for _number in range(300)])
    export.export_log(folder, by=None)
    after = files(folder)
    rewritten = {path for path in before if before[path][0] != after[path][0]}
    assert rewritten == {"checkpoint", "rows.jsonl"}
    assert {"tile/entries/002", "tile/0/002"} <= after.keys() - before.keys()
    assert holds(folder)["size"] > 900


def test_an_export_that_broke_off_is_taken_up(
    long_log: World, folder: Path, holds: Holds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it left is written anew: without a checkpoint nobody knows what it is."""
    written: list[Path] = []
    put = export._put

    def fail(path: Path, content: bytes) -> None:
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(path)
        put(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(export, "_put", fail)
        with pytest.raises(OSError, match="No space left"):
            export.export_log(folder, by=None)
    assert Event.objects.order_by("seq").last().outcome == "error"
    written[0].write_bytes(b"half")
    export.export_log(folder, by=None)
    assert not [path for path in files(folder) if path.endswith(".part")]
    holds(folder)


def test_a_file_that_is_gone_is_written_again(long_log: World, folder: Path, holds: Holds) -> None:
    export.export_log(folder, by=None)
    (folder / "tile" / "entries" / "000").unlink()
    (folder / "tile" / "0" / "001").unlink()
    export.export_log(folder, by=None)
    holds(folder)


def test_a_folder_with_anything_else_in_it_is_refused(long_log: World, folder: Path) -> None:
    folder.mkdir()
    (folder / "letter.txt").write_text("Dear Sir")
    with pytest.raises(export.CannotExport, match="is not empty and holds no log"):
        export.export_log(folder, by=None)
    (folder / "checkpoint").write_text("hello")
    with pytest.raises(export.CannotExport, match="holds another log"):
        export.export_log(folder, by=None)
    assert not Event.objects.filter(verb=Verb.LOG_EXPORTED).exists()


def test_a_log_that_this_one_does_not_continue_is_refused(
    long_log: World, folder: Path, alena: User
) -> None:
    """Such as from before a backup was restored: same key, but other events from some place on."""
    export.export_log(folder, by=None)
    note = (folder / "checkpoint").read_text()
    size = int(note.split("\n")[1])
    for other in (
        notes.sign(signing.signing_key(), signing.name(), size, bytes(32)),
        notes.sign(signing.signing_key(), signing.name(), size + 9_999, bytes(32)),
        notes.sign(signing.signing_key(), "other.example.org/log", size, bytes(32)),
    ):
        (folder / "checkpoint").write_text(other)
        with pytest.raises(export.CannotExport, match="holds another log"):
            export.export_log(folder, by=None)


def test_a_row_that_cannot_be_read_stops_the_export(long_log: World, folder: Path) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps columns to their types")
    guards.remove()
    write(Case, long_log["cases.Case"][0].pk, opened_on="2026-99-99")
    with pytest.raises(export.CannotExport, match="cannot be read"):
        export.export_log(folder, by=None)
    assert not (folder / "checkpoint").exists()


def test_what_was_changed_in_the_database_shows_in_the_export(
    long_log: World, folder: Path, check: Check
) -> None:
    person = long_log["cases.Person"][0]
    guards.remove()
    write(Person, person.pk, role="x")
    export.export_log(folder, by=None)
    said = check(folder, "--key", signing.verifier_key(), "--rows", folder / "rows.jsonl")
    assert said.findings == [f"cases.Person {person.pk} was changed behind the application's back."]


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_rows_and_log_are_of_one_moment(
    long_log: World, folder: Path, alena: User, holds: Holds
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("an SQLite database in memory has one connection; see the command's own test")
    case = long_log["cases.Case"][0]

    def change() -> None:
        row = Case.objects.get(pk=case.pk)
        row.status = "FollowUp" if row.status == "Active" else "Active"
        trail.save(row, verb=Verb.CASE_CHANGED, by=alena)
        connections.close_all()

    def meanwhile(done: int) -> None:
        thread = Thread(target=change)
        thread.start()
        thread.join()

    checkpoint = export.export_log(folder, by=None, progress=meanwhile)
    assert Event.objects.count() > checkpoint.size
    holds(folder)
    assert verifier.verify().holds


# --- the command --------------------------------------------------------------------------


def test_the_command_says_how_to_check(
    long_log: World, folder: Path, capsys: pytest.CaptureFixture[str], check: Check
) -> None:
    call_command("export_log", str(folder))
    told = capsys.readouterr().out
    size = json.loads(check(folder, "--key", signing.verifier_key()).out)["size"]
    assert f"{size} events in {folder}." in told
    command = next(line for line in told.splitlines() if line.startswith("python3"))
    assert check(*command.split()[2:]).code == 0


def test_the_command_says_why_not(long_log: World, folder: Path) -> None:
    folder.mkdir()
    (folder / "letter.txt").write_text("Dear Sir")
    with pytest.raises(CommandError, match="Name another folder"):
        call_command("export_log", str(folder))
    if os.getuid():
        (folder / "closed").mkdir(mode=0o500)
        with pytest.raises(CommandError, match="Permission denied"):
            call_command("export_log", str(folder / "closed" / "log"))
    with pytest.raises(CommandError, match="Not a directory"):
        call_command("export_log", str(folder / "letter.txt"))
