"""Backups of a real installation, made by the command while others may be writing."""

import fcntl
import io
import json
import os
import signal
import sqlite3
import tarfile
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from django.utils import timezone
from pyrage import decrypt

from config.backups.archive import digest_of, identities_in
from config.demo.office import SEED
from config.demo.stories import people
from tests.browser.sweep import find_words
from tests.config.conftest import CASES, FILES
from tests.config.places import FOR_EVER, IN_FILE, Place, copied, without_databases
from tests.shares import first_of

ENDINGS = [".data.age", ".json", ".keys.age"]


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def manifests(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.json"))


def decrypted(path: Path, identity: Path) -> bytes:
    return decrypt(path.read_bytes(), identities_in(identity))


def tables(content: bytes) -> set[str]:
    """Names of the tables in an SQLite file."""
    with closing(sqlite3.connect(":memory:")) as database:
        # The copy says that it has a journal beside it, which a database in memory has not.
        database.deserialize(content[:18] + b"\1\1" + content[20:])
        return {name for (name,) in database.execute("SELECT name FROM sqlite_master")}


def events(place: Place, verb: str) -> list[dict]:
    """The entries of these events, oldest first."""
    with closing(sqlite3.connect(place.data / "tutela.sqlite3")) as database:
        rows = database.execute("SELECT entry FROM audit_event WHERE verb = ? ORDER BY seq", [verb])
        return [json.loads(entry) for (entry,) in rows]


def test_a_backup_is_two_encrypted_files_and_a_manifest(backed_up, identity):
    place, directory = backed_up
    [manifest] = manifests(directory)
    stem = manifest.name.removesuffix(".json")
    assert names_in(directory) == ["erasures.txt", *(stem + ending for ending in ENDINGS)]
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}
    told = json.loads(manifest.read_text())
    for part in ("data", "keys"):
        file = directory / told[part]["file"]
        assert told[part]["sha256"] == digest_of(file)
        assert told[part]["bytes"] == file.stat().st_size
    assert told["counts"]["cases"] == CASES
    assert told["files"]["count"] == FILES and told["files"]["included"]
    assert told["files"]["lost"] == told["files"]["erased"] == []
    assert not (place.data / "backup-work").exists()


def test_data_and_keys_are_apart(backed_up, identity):
    _place, directory = backed_up
    [data], [keys] = directory.glob("*.data.age"), directory.glob("*.keys.age")
    with tarfile.open(fileobj=io.BytesIO(decrypted(data, identity))) as archive:
        *files, database = archive.getnames()
        assert len(files) == FILES and all(name.startswith("attachments/") for name in files)
        assert database == "database"
        of_data = tables(archive.extractfile("database").read())
    of_keys = tables(decrypted(keys, identity))
    assert "cases_case" in of_data and "vault_datakey" not in of_data
    assert "vault_datakey" in of_keys and "cases_case" not in of_keys


def test_nothing_about_anybody_shows_in_a_backup(backed_up):
    place, directory = backed_up
    # A colleague's name, and what is in the files; the last must be found.
    words = {"Vishneuskaya", IN_FILE, "recipients"}
    for person in people(SEED, CASES, timezone.localdate()):
        words |= {person.identity.first_name, person.identity.second_name}
    found = find_words({word for word in words if len(word) > 4}, directory.iterdir())
    assert {line.split(" holds ")[1].split(" as ")[0] for line in found} == {"'recipients'"}
    with closing(sqlite3.connect(place.data / "tutela.sqlite3")) as database:
        references = [ref for (ref,) in database.execute("SELECT reference FROM cases_case")]
    assert len(references) == CASES and find_words(references, directory.iterdir()) == []
    [manifest] = manifests(directory)
    root_key = place.key_file.read_text().split(":")[1]
    assert find_words([root_key], directory.iterdir()) == []
    assert set(json.loads(manifest.read_text())) == {
        *("format", "made_at", "version", "migrations", "root_key", "recipients", "counts"),
        *("log", "data", "keys", "files", "erasures", "signature"),
    }


def test_a_backup_is_an_event_with_its_digests(backed_up):
    place, directory = backed_up
    told = json.loads(manifests(directory)[0].read_text())
    [event] = events(place, "backup_made")
    assert event["outcome"] == "ok" and event["actor"] == "system"
    digests = f"data {told['data']['sha256']} keys {told['keys']['sha256']}"
    assert event["reason"] == f"{told['made_at']} {digests}"
    assert told["log"]["size"] == _size_before(place)


def _size_before(place: Place) -> int:
    """How many events there were before the one of the backup."""
    with closing(sqlite3.connect(place.data / "tutela.sqlite3")) as database:
        query = "SELECT seq FROM audit_event WHERE verb = 'backup_made'"
        return database.execute(query).fetchone()[0]


def test_what_the_operator_is_told(place, tmp_path, recipient):
    ended = place.run("backup", tmp_path, "--to", recipient)
    assert ended.returncode == 0
    assert "is NOT in it, and without it nothing opens" in ended.stdout
    assert "on the same disk as the data" in ended.stderr


def test_a_backup_that_fails_is_an_event_and_leaves_nothing(place, tmp_path, recipient):
    assert "To whom is the backup encrypted?" in place.refusal("backup", tmp_path)
    assert "is not an age recipient" in place.refusal("backup", tmp_path, "--to", "age1none")
    missing = tmp_path / "not mounted"
    assert "Is its disk mounted?" in place.refusal("backup", missing, "--to", recipient)
    assert [e["outcome"] for e in events(place, "backup_made")] == ["error"] * 3
    assert names_in(tmp_path) == []


def test_a_full_disk_leaves_nothing_behind(place, tmp_path, recipient):
    command = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    command += "resource.setrlimit(resource.RLIMIT_FSIZE, (1_300_000, 1_300_000))\n"
    command += "from django.core.management import call_command\n"
    command += f"call_command('backup', {str(tmp_path)!r}, to=[{recipient!r}])"
    # The copy of the database still fits, the archive with it does not.
    with closing(sqlite3.connect(place.data / "tutela.sqlite3")) as database:  # its journal counts
        pages, page = (
            database.execute(f"PRAGMA page_{of}").fetchone()[0] for of in ("count", "size")
        )
    command = command.replace("1_300_000", str((pages + 8) * page))
    ended = place.run("shell", "--no-imports", "--command", command)
    assert "cannot be written" in ended.stderr and "File too large" in ended.stderr
    assert names_in(tmp_path) == []
    assert not (place.data / "backup-work").exists()


@pytest.mark.parametrize("inside", ["data", "data/deeper", "source tree"])
def test_a_place_with_the_data_is_refused(place, recipient, inside):
    where = Path(__file__).parent if inside == "source tree" else place.home / inside
    where.mkdir(exist_ok=True)
    said = place.refusal("backup", where, "--to", recipient)
    assert "lies inside the" in said


def test_a_place_with_the_root_key_is_refused(place, recipient):
    said = place.refusal("backup", place.key_file.parent, "--to", recipient)
    assert "Beside the backups it would open them" in said


def test_an_installation_in_which_nothing_happened_is_not_backed_up(tmp_path, recipient):
    """Most likely the variables of the timer name another folder than those of the server."""
    empty = Place(tmp_path / "empty")
    empty.home.mkdir()
    said = empty.refusal("backup", tmp_path, "--to", recipient)
    assert "nothing was ever recorded" in said and "TUTELA_DATA_DIR" in said


def test_recipients_come_from_the_settings_too(place, tmp_path, recipient, identity):
    place.variables["TUTELA_BACKUP_RECIPIENTS"] = recipient
    place.manage("backup", tmp_path)
    [manifest] = manifests(tmp_path)
    assert json.loads(manifest.read_text())["recipients"] == [recipient]
    assert decrypted(next(tmp_path.glob("*.keys.age")), identity)


def test_two_backups_stand_beside_each_other(place, tmp_path, recipient):
    place.manage("backup", tmp_path, "--to", recipient)
    first = {path: digest_of(path) for path in tmp_path.iterdir()}
    time.sleep(1.1)  # names tell the second
    place.manage("backup", tmp_path, "--to", recipient)
    assert len(manifests(tmp_path)) == 2
    assert {path: digest_of(path) for path in first} == first


def test_two_at_a_time_are_one_too_many(place, tmp_path, recipient):
    with (place.data / "backup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = place.refusal("backup", tmp_path, "--to", recipient)
    assert "Another backup is being made" in said


def test_what_a_killed_backup_left_is_gone_with_the_next(place, tmp_path, recipient):
    for _attempt in range(20):
        process = place.begin("backup", tmp_path, "--to", recipient)
        while process.poll() is None and not list(tmp_path.glob("*.part")):
            time.sleep(0.001)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if list(tmp_path.glob("*.part")):
            break
    left = [path for path in tmp_path.iterdir() if path.suffix == ".part"]
    assert left and (place.data / "backup-work").exists()
    before = len(manifests(tmp_path))

    time.sleep(1.1)
    place.manage("backup", tmp_path, "--to", recipient)

    assert not list(tmp_path.glob("*.part"))
    assert not (place.data / "backup-work").exists()
    assert len(manifests(tmp_path)) == before + 1


def test_pruning_takes_keys_after_a_week_and_nothing_that_is_not_ours(place, tmp_path, recipient):
    place.manage("backup", tmp_path, "--to", recipient)
    stem = manifests(tmp_path)[0].name.removesuffix(".json")
    old, older = (f"{stem[:16]}20{year}0601T000000Z" for year in (26, 19))
    for ending in ENDINGS:
        for name in (old, older):
            (tmp_path / (name + ending)).write_text("old")
    foreign = tmp_path / f"tutela-00000000-20190601T000000Z{ENDINGS[2]}"
    foreign.write_text("of another installation")
    time.sleep(1.1)

    said = place.manage("backup", tmp_path, "--to", recipient, "--prune")

    left = names_in(tmp_path)
    assert old + ".data.age" in left and old + ".json" in left
    assert old + ".keys.age" not in left and f"Removed {old}.keys.age" in said
    assert not [name for name in left if name.startswith(older)]
    assert foreign.name in left and "erasures.txt" in left
    assert len(manifests(tmp_path)) == 3


def test_a_key_pair_for_machines_without_age(place, tmp_path):
    said = place.manage("backup_key", tmp_path / "identity.txt")
    [key] = identities_in(tmp_path / "identity.txt")
    assert str(key.to_public()) in said
    assert (tmp_path / "identity.txt").stat().st_mode & 0o777 == 0o600
    assert str(key) not in said
    again = place.refusal("backup_key", tmp_path / "identity.txt")
    assert "File exists" in again
    assert "lies inside" in place.refusal("backup_key", place.data / "identity.txt")


def test_the_installation_itself_stays_as_it_was(backed_up, tmp_path):
    place, _directory = backed_up
    assert "The record holds." in copied(place, tmp_path / "copy").manage("verify_audit")


# --- While others write ---------------------------------------------------------------
def wanted_files(place: Place) -> set[str]:
    with closing(sqlite3.connect(place.data / "tutela.sqlite3")) as database:
        rows = database.execute("SELECT file FROM cases_attachment WHERE file <> ''")
        return {name for (name,) in rows}


def archived(directory: Path, identity: Path) -> tuple[dict[str, str], set[str]]:
    """The newest data archive: rows that name a file, with its digest; and the files in it."""
    content = decrypted(max(directory.glob("*.data.age")), identity)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        files = {name for name in archive.getnames() if name != "database"}
        stored = archive.extractfile("database").read()
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(stored[:18] + b"\1\1" + stored[20:])
            query = "SELECT file, file_digest FROM cases_attachment WHERE file <> ''"
            named = dict(database.execute(query).fetchall())
        for name, digest in named.items():
            if name in files:
                assert sha256(archive.extractfile(name).read()).hexdigest() == digest
    return named, files


@pytest.mark.drill
def test_backups_under_load_are_whole(place, tmp_path, recipient, identity):
    """Cases and files come, keys are renewed: each backup has every file its rows name, and holds."""
    with (
        place.doing("register", FOR_EVER) as cases,
        place.doing("add_files", FOR_EVER) as files,
        place.doing("renew_every") as renewal,
    ):
        assert cases.stdout.readline() and files.stdout.readline()
        seen = []
        for number in range(3):
            directory = tmp_path / str(number)
            directory.mkdir()
            place.manage("backup", directory, "--to", recipient)
            named, inside = archived(directory, identity)
            assert named.keys() <= inside
            seen.append(len(named))
        assert cases.poll() is files.poll() is renewal.poll() is None
    assert FILES < seen[0] < seen[1] < seen[2]

    there = without_databases(place, tmp_path / "there")
    said = there.manage("restore", tmp_path / "2", "--identity", identity)
    assert "Restored, and the record holds." in said
    assert set(there.contents().values()).isdisjoint({"erased", "Damaged", "NotFound"})


AFTER_THE_FIRST_COPY = """
import subprocess, sys
from config.backups import databases
real, times = databases.copy_to, []
def copy_to(path, folder):
    real(path, folder)
    times.append(path)
    if len(times) == 1:
        subprocess.run({deed!r}, check=True, stdout=subprocess.DEVNULL)
databases.copy_to = copy_to
from config.backups import making
copy = making._Files.copy
making._Files.copy = lambda self, wanted: copy(self, wanted) if times else set()
from django.core.management import call_command
call_command("backup", {directory!r}, to=[{recipient!r}])
print("snapshots", len(times))
"""


@pytest.mark.parametrize("deed", first_of(["remove_file", "erase"]))
def test_a_file_that_goes_between_data_and_files_costs_one_more_snapshot(
    place, tmp_path, recipient, identity, deed
):
    """Its row was copied while the file was there, and the file is gone when its turn comes."""
    name = min(wanted_files(place))
    words = [name] if deed == "remove_file" else [name.split("/")[1]]
    code = AFTER_THE_FIRST_COPY.format(
        deed=place.deed(deed, *words), directory=str(tmp_path), recipient=recipient
    )

    assert "snapshots 2" in place.shell(code)

    named, inside = archived(tmp_path, identity)
    told = json.loads(manifests(tmp_path)[0].read_text())["files"]
    assert name not in inside and told["lost"] == []
    assert named.keys() - inside == set(told["erased"])
    assert told["erased"] == ([name] if deed == "erase" else [])


def test_a_lost_file_is_told_and_the_rest_is_kept(place, tmp_path, recipient, identity):
    lost, changed, _whole = sorted(wanted_files(place))
    (place.data / lost).unlink()
    (place.data / changed).write_bytes(b"something else")

    said = place.refusal("backup", tmp_path, "--to", recipient)

    assert "The backup is made, but 2 files of cases are lost or changed" in said
    told = json.loads(manifests(tmp_path)[0].read_text())["files"]
    assert told["lost"] == [lost, changed]


def test_files_kept_elsewhere_can_be_left_out(place, tmp_path, recipient, identity):
    said = place.manage("backup", tmp_path, "--to", recipient, "--without-files")
    assert "Files of cases are NOT in it" in said
    named, inside = archived(tmp_path, identity)
    assert len(named) == FILES and inside == set()
    assert not json.loads(manifests(tmp_path)[0].read_text())["files"]["included"]
