"""A backup restored into an empty place: what comes back, what does not, and what is refused."""

import json
import os
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pyrage import x25519

from audit import notes
from config.backups import manifest as manifests
from tests.config.conftest import CASES, FILES
from tests.config.places import NAME, Place, copied, without_databases

MARKER = "restore-not-finished"


@pytest.fixture(scope="session")
def contents(installed) -> dict[str, str]:
    """What can be read in the cases of the installation that all of these begin with."""
    return copied(installed, installed.home.with_name("read")).contents()


@pytest.fixture
def there(installed, tmp_path) -> Place:
    """An empty place with the root key: where backups are restored."""
    return without_databases(installed, tmp_path / "there")


@pytest.fixture
def backups(backed_up, tmp_path) -> Path:
    """A directory with one backup, of this test alone."""
    return Path(shutil.copytree(backed_up[1], tmp_path / "backups"))


def one(directory: Path, ending: str) -> Path:
    [path] = directory.glob(f"tutela-*{ending}")
    return path


def rows(place: Place, query: str, *, file: str = "tutela.sqlite3") -> list[tuple]:
    with closing(sqlite3.connect(place.data / file)) as database:
        return database.execute(query).fetchall()


def restored(place: Place, source: Path, identity: Path, *words: object) -> str:
    return place.manage("restore", source, "--identity", identity, *words)


def test_everything_comes_back(there, backups, identity, contents):
    said = restored(there, backups, identity)

    assert "Restored, and the record holds." in said
    assert f"{CASES} cases, {FILES} files" in said
    assert there.contents() == contents and len(contents) == CASES
    assert "The record holds." in there.manage("verify_audit")
    assert all(path.stat().st_mode & 0o077 == 0 for path in there.files())
    assert not (there.data / MARKER).exists() and not (there.data / "restore-work").exists()


def test_the_restore_is_an_event_that_names_where_the_log_went_back_to(there, backups, identity):
    said = restored(there, one(backups, ".json"), identity)
    told = json.loads(one(backups, ".json").read_text())
    assert told["log"]["checkpoint"] in said and "whatever was recorded after it" in said
    [(seq, entry)] = rows(there, "SELECT seq, entry FROM audit_event WHERE verb = 'restored'")
    assert seq == told["log"]["size"]
    assert json.loads(entry)["reason"] == f"{told['made_at']} back to {seq}"
    # The checkpoint that was signed for the backup is one of this log.
    kept = there.home / "checkpoint"
    kept.write_text(told["log"]["checkpoint"])
    assert "The record holds." in there.manage("verify_audit", "--checkpoint", kept)


@pytest.mark.drill
def test_a_reference_given_out_after_the_backup_goes_to_nobody_else(
    place, tmp_path, recipient, identity
):
    (tmp_path / "backups").mkdir()
    place.manage("backup", tmp_path / "backups", "--to", recipient)
    query = "SELECT reference FROM cases_case ORDER BY reference"
    before = {reference for (reference,) in rows(place, query)}
    place.do("register", 2)
    lost = {reference for (reference,) in rows(place, query)} - before
    there = without_databases(place, tmp_path / "there")
    restored(there, tmp_path / "backups", identity)
    there.do("register", 2)
    after = {reference for (reference,) in rows(there, query)}
    assert len(lost) == 2 and before < after and not after & lost


def test_nobody_stays_signed_in(place, tmp_path, recipient, identity):
    place.shell(
        "from accounts.sessions import SessionStore\n"
        "for _ in range(3): session = SessionStore(); session['a'] = 1; session.create()"
    )
    assert rows(place, "SELECT count(*) FROM accounts_session") == [(3,)]
    directory = tmp_path / "backups"
    directory.mkdir()
    place.manage("backup", directory, "--to", recipient)
    there = without_databases(place, tmp_path / "there")
    restored(there, directory, identity)
    assert rows(there, "SELECT count(*) FROM accounts_session") == [(0,)]


# --- Erasures -------------------------------------------------------------------------
@pytest.fixture(scope="module")
def erased_since(installed, recipient, tmp_path_factory):
    """A backup, then a case with a file erased, then another backup: place, directory, case."""
    place = copied(installed, tmp_path_factory.mktemp("erasing") / "home")
    directory = tmp_path_factory.mktemp("erasing-backups")
    place.manage("backup", directory, "--to", recipient)
    [(case,)] = rows(place, "SELECT case_id FROM cases_attachment ORDER BY id LIMIT 1")
    case = f"{case[:8]}-{case[8:12]}-{case[12:16]}-{case[16:20]}-{case[20:]}"
    place.variables["TUTELA_BACKUP_DIR"] = str(directory)
    assert place.do("erase", case)[-1] == f"finished {case}"
    time.sleep(1.1)  # names tell the second
    place.manage("backup", directory, "--to", recipient)
    return place, directory, case


def older(directory: Path, ending: str = ".json") -> Path:
    return min(directory.glob(f"tutela-*{ending}"))


def newer(directory: Path, ending: str = ".json") -> Path:
    return max(directory.glob(f"tutela-*{ending}"))


def check_erased(place: Place, case: str, contents: dict[str, str]) -> None:
    """This case opens nowhere, every other one does, and the log holds."""
    assert place.contents() == contents | {case: "erased"}
    scope = case.replace("-", "")
    query = f"SELECT count(*) FROM vault_datakey WHERE scope = '{scope}'"
    assert rows(place, query, file="keys.sqlite3") == [(0,)]
    assert not (place.data / "attachments" / case).exists()
    assert "The record holds." in place.manage("verify_audit")


def test_who_was_erased_after_the_backup_is_erased_again(erased_since, there, identity, contents):
    _place, directory, case = erased_since
    said = restored(there, older(directory), identity)
    assert "Erased again: 1." in said
    check_erased(there, case, contents)
    assert [line for line in (there.data / "erasures.txt").read_text().splitlines() if case in line]


@pytest.mark.drill
def test_a_newer_backup_needs_no_second_erasure(erased_since, there, identity, contents):
    _place, directory, case = erased_since
    assert "Erased again: 0." in restored(there, directory, identity)  # its newest
    check_erased(there, case, contents)


@pytest.mark.drill
def test_an_older_backup_with_the_newest_key_store(erased_since, there, identity, contents):
    """How data are restored whose own copy of the keys is no longer kept."""
    _place, directory, case = erased_since
    keys = newer(directory, ".keys.age")
    restored(there, older(directory), identity, "--keys", keys)
    check_erased(there, case, contents)


@pytest.mark.drill
def test_without_the_list_of_erasures_nothing_is_restored(erased_since, there, identity, tmp_path):
    place, original, case = erased_since
    directory = Path(shutil.copytree(original, tmp_path / "backups"))
    ledger = directory / "erasures.txt"
    kept = ledger.read_text()
    words = ("restore", older(directory), "--identity", identity)

    ledger.unlink()
    assert "There is no list of erasures" in there.refusal(*words)
    assert not (there.data / MARKER).exists()

    ledger.write_text("")  # somebody emptied it: the newest manifest knows of one
    assert "names 0 erased cases of this installation, and there were 1" in there.refusal(*words)
    ledger.write_text(kept.replace(case, case[:-1] + ("0" if case[-1] != "0" else "1")))
    assert "names 0 erased cases" in there.refusal(*words)

    said = there.manage(*words, "--ledger", place.data / "erasures.txt")  # the installation's own
    assert "Erased again: 1." in said


@pytest.mark.drill
def test_a_lost_list_can_be_gone_without(erased_since, there, identity, contents, tmp_path):
    _place, original, _case = erased_since
    directory = Path(shutil.copytree(original, tmp_path / "backups"))
    (directory / "erasures.txt").unlink()
    restored(there, older(directory), identity, "--without-ledger")
    assert there.contents() == contents


# --- Keys of another day --------------------------------------------------------------
@pytest.mark.drill
def test_data_of_long_ago_open_with_the_newest_key_store(place, tmp_path, recipient, identity):
    """In between, every data key and the key that wraps them were renewed, and cases came."""
    before = place.contents()
    for directory in ("old", "new"):
        (tmp_path / directory).mkdir()
    place.manage("backup", tmp_path / "old", "--to", recipient)
    place.manage("rotate_keys", "--kek")
    place.manage("rotate_keys", "--dek")
    place.do("register", 2)
    place.manage("backup", tmp_path / "new", "--to", recipient)
    one(tmp_path / "old", ".keys.age").unlink()  # its days are over

    there = without_databases(place, tmp_path / "there")
    words = ("restore", tmp_path / "old", "--identity", identity)
    assert "name the newest with --keys" in there.refusal(*words)
    there.manage(*words, "--keys", one(tmp_path / "new", ".keys.age"))
    assert there.contents() == before


@pytest.mark.drill
def test_a_key_store_older_than_the_data_is_refused_unless_there_is_no_other(
    place, tmp_path, recipient, identity, contents
):
    for directory in ("old", "new"):
        (tmp_path / directory).mkdir()
    place.manage("backup", tmp_path / "old", "--to", recipient)
    [new] = place.do("register", 1)
    place.manage("backup", tmp_path / "new", "--to", recipient)

    there = without_databases(place, tmp_path / "there")
    words = ("restore", tmp_path / "new", "--identity", identity)
    words += ("--keys", one(tmp_path / "old", ".keys.age"))
    assert "1 cases have no key in this key store" in there.refusal(*words)
    assert (there.data / MARKER).exists()

    ended = there.run(*words, "--accept-lost-cases")
    assert ended.returncode == 1 and f"Case {new} has no key" in ended.stdout
    assert not (there.data / MARKER).exists()
    assert there.contents() == contents | {new: "erased"}


@pytest.mark.drill
def test_keys_and_data_of_two_installations_are_not_mixed(
    backups, there, identity, recipient, tmp_path
):
    (tmp_path / "other").mkdir()
    other = Place(tmp_path / "other")
    other.install(0)
    other.shell(
        "from audit import trail; from audit.verbs import Verb; trail.record(Verb.LOG_READ, by=None)"
    )
    (tmp_path / "theirs").mkdir()
    other.manage("backup", tmp_path / "theirs", "--to", recipient)
    keys = one(tmp_path / "theirs", ".keys.age")
    said = there.refusal("restore", backups, "--identity", identity, "--keys", keys)
    assert "backups of two installations" in said
    for path in (tmp_path / "theirs").glob("tutela-*"):
        path.rename(backups / path.name)
    said = there.refusal("restore", backups, "--identity", identity)
    assert "several installations" in said


@pytest.mark.drill
def test_with_a_lost_root_key_recovery_shares_bring_everything_back(
    place, tmp_path, recipient, identity, contents
):
    shares = place.shell(
        "from config.startup import unlock; unlock()\n"
        "from vault import recovery; private, shares = recovery.new_shares(3, 2)\n"
        "recovery.put_to_use(private, shares=3, threshold=2); print('\\n'.join(shares))"
    ).splitlines()
    (tmp_path / "backups").mkdir()
    place.manage("backup", tmp_path / "backups", "--to", recipient)
    there = without_databases(place, tmp_path / "there")
    there.key_file.unlink()
    words = ("restore", tmp_path / "backups", "--identity", identity)
    assert "There is no key file" in there.refusal(*words)

    few = there.run(*words, "--shares", typed=shares[2])
    assert few.returncode == 1 and "There are too few shares" in few.stderr
    assert (there.data / MARKER).exists()
    said = there.run(*words, "--shares", typed="\n".join(shares[1:])).stdout

    assert "Restored, and the record holds." in said
    assert there.key_file.read_text() != place.key_file.read_text()
    assert there.contents() == contents
    assert rows(there, "SELECT count(*) FROM audit_event WHERE verb = 'keys_recovered'") == [(1,)]
    assert not [share for share in shares if share in said]


# --- What is refused ------------------------------------------------------------------
def refused(place: Place, source: Path, identity: Path) -> str:
    """Restore what must be refused before anything is written."""
    said = place.refusal("restore", source, "--identity", identity)
    assert not (place.data / MARKER).exists()
    assert not list(place.data.glob("attachments/*"))
    return said


def test_another_identity_is_refused(there, backups, tmp_path):
    (tmp_path / "other.txt").write_text(f"{x25519.Identity.generate()}\n")
    assert "was made for another one" in refused(there, backups, tmp_path / "other.txt")
    assert "There is no identity file" in refused(there, backups, tmp_path / "none.txt")


@pytest.mark.parametrize(
    "ending, how",
    [
        (".data.age", "changed"),
        pytest.param(".data.age", "cut", marks=pytest.mark.drill),
        pytest.param(".data.age", "gone", marks=pytest.mark.drill),
        pytest.param(".keys.age", "changed", marks=pytest.mark.drill),
        (".keys.age", "another"),
    ],
)
def test_an_archive_that_is_not_whole_is_refused(there, backups, identity, ending, how):
    path = one(backups, ending)
    content = bytearray(path.read_bytes())
    match how:
        case "changed":
            content[len(content) // 2] ^= 1
        case "cut":
            del content[-100:]
        case "another":
            content = one(backups, {".data.age": ".keys.age"}.get(ending, ".data.age")).read_bytes()
    path.write_bytes(content)
    if how == "gone":
        path.unlink()
    said = refused(there, backups, identity)
    assert (
        "is not there" if how == "gone" else "is not the file that the manifest tells of"
    ) in said


@pytest.mark.parametrize("what", ["a number", "a digest", "the signature", "no manifest", "format"])
def test_a_manifest_that_was_changed_is_refused(there, backups, identity, what):
    path = one(backups, ".json")
    told = json.loads(path.read_text())
    match what:
        case "a number":
            told["log"]["size"] += 1
        case "a digest":
            told["data"]["sha256"] = "0" * 64
        case "the signature":
            told["signature"] = told["signature"][::-1]
        case "no manifest":
            told = {"hello": 1}
        case "format":
            told["format"] = 2
    path.write_text(json.dumps(told))
    said = refused(there, backups, identity)
    expected = {"no manifest": "is not the manifest of a backup", "format": "another format: 2"}
    assert expected.get(what, "The signature under the manifest is not right") in said


def test_a_manifest_signed_by_somebody_else_is_refused(there, backups, identity, recipient):
    """Who can write to the backups can make all of it anew, but for the key of our log."""
    path = one(backups, ".json")
    told = manifests.read(path)
    theirs = Ed25519PrivateKey.generate()
    told.log.verifier_key = notes.verifier_key(told.log.name, theirs.public_key())
    told.erasures = 0
    told.signature = notes.base64.b64encode(theirs.sign(told._signed())).decode()
    path.write_bytes(told.to_json())
    renamed = path.with_name(manifests.prefix(told.log.verifier_key) + path.name.split("-")[2])
    path.rename(renamed)
    said = there.refusal("restore", backups, "--identity", identity)
    assert "The signature under the manifest is not right" in said
    assert (there.data / MARKER).exists()
    assert rows(there, "SELECT name FROM sqlite_master") == []  # no data were put down


def test_files_outside_the_directory_are_not_followed(backups):
    path = one(backups, ".json")
    told = manifests.read(path)
    told.data.file = "../" + told.data.file
    theirs = Ed25519PrivateKey.generate()
    told.log.verifier_key = notes.verifier_key(told.log.name, theirs.public_key())
    told.signature = notes.base64.b64encode(theirs.sign(told._signed())).decode()
    path.write_bytes(told.to_json())
    with pytest.raises(manifests.BackupError, match="not the manifest of a backup"):
        manifests.read(path)


def test_a_place_with_something_in_it_is_refused(place, backups, identity, contents):
    before = {path: path.read_bytes() for path in place.files()}
    said = place.refusal("restore", backups, "--identity", identity)
    assert "is not empty" in said and "Move it aside" in said
    after = {path: path.read_bytes() for path in place.files() if path in before}
    assert after == before
    assert not (place.data / MARKER).exists()


@pytest.mark.drill
def test_a_log_of_another_name_is_told(there, backups, identity):
    there.variables["TUTELA_LOG_NAME"] = "elsewhere.example/log"
    said = refused(there, backups, identity)
    assert "Set TUTELA_LOG_NAME to that" in said and "tutela.local/log" in said


def test_a_backup_of_a_newer_tutela_is_told(place, tmp_path, recipient, identity):
    with closing(sqlite3.connect(place.data / "tutela.sqlite3")) as database, database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('cases', '9999_of_tomorrow', '2026-01-01')"
        )
    (tmp_path / "backups").mkdir()
    place.manage("backup", tmp_path / "backups", "--to", recipient)
    there = without_databases(place, tmp_path / "there")
    said = refused(there, tmp_path / "backups", identity)
    assert "made by a newer Tutela" in said and "cases.9999_of_tomorrow" in said


def test_a_directory_without_backups_is_told(there, tmp_path, identity):
    (tmp_path / "empty").mkdir()
    assert "There is no backup in" in refused(there, tmp_path / "empty", identity)
    assert "cannot be read" in refused(there, tmp_path / "none.json", identity)


# --- Broken off, and gone on with -----------------------------------------------------
@pytest.mark.drill
def test_without_the_right_root_key_it_stops_and_goes_on_when_it_is_there(
    there, backups, identity, contents
):
    right = there.key_file.read_text()
    words = ("restore", backups, "--identity", identity)
    there.key_file.unlink()
    assert "There is no key file" in there.refusal(*words)
    there.key_file.write_text("tutela-root-1:" + "A" * 43 + "=\n")
    there.key_file.chmod(0o600)
    assert "is not the one this installation was made with" in there.refusal(*words)
    assert "was not finished" in there.refusal("start", "--port", 1)

    there.key_file.write_text(right)
    assert "Restored, and the record holds." in there.manage(*words)
    assert there.contents() == contents


def test_a_killed_restore_serves_nothing_and_begins_anew(there, erased_since, identity, contents):
    """kill -9 at points all over it; whoever is erased in between stays erased."""
    _place, directory, case = erased_since
    words = ("restore", older(directory), "--identity", identity)
    killed = 0
    for delay in (0, 0.3, 0.7):  # seconds; a whole one takes about one
        process = there.begin(*words)
        while process.poll() is None and not (there.data / MARKER).exists():
            time.sleep(0.005)
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if not (there.data / MARKER).exists():
            break  # it was quicker
        killed += 1
        assert "was not finished" in there.refusal("start", "--port", 1)
    assert killed
    if (there.data / MARKER).exists():
        assert "was not finished" in there.refusal("rotate_keys", "--kek")
        assert "Restored, and the record holds." in there.manage(*words)
    check_erased(there, case, contents)
    assert not (there.data / "restore-work").exists()


@pytest.mark.drill
def test_a_broken_off_restore_does_not_empty_other_databases(there, place, backups, identity):
    """The marker says which databases are ours to empty."""
    right = there.key_file.read_text()
    there.key_file.unlink()
    there.refusal("restore", backups, "--identity", identity)
    there.key_file.write_text(right)
    there.key_file.chmod(0o600)
    there.variables["DATABASE_URL"] = f"sqlite:///{place.data / 'tutela.sqlite3'}"
    said = there.refusal("restore", backups, "--identity", identity)
    assert "now other databases are named" in said
    assert rows(place, "SELECT count(*) FROM cases_case") == [(CASES,)]


# --- What does not hold is told -------------------------------------------------------
@pytest.mark.drill
def test_damage_from_before_the_backup_is_told(place, tmp_path, recipient, identity):
    with closing(sqlite3.connect(place.data / "tutela.sqlite3")) as database, database:
        database.execute("DROP TRIGGER tutela_cases_person_before_update")
        database.execute("UPDATE cases_person SET identity_sealed = zeroblob(600)")
    (tmp_path / "backups").mkdir()
    place.manage("backup", tmp_path / "backups", "--to", recipient)
    there = without_databases(place, tmp_path / "there")

    ended = there.run("restore", tmp_path / "backups", "--identity", identity)

    assert ended.returncode == 1
    assert "It does NOT hold." in ended.stdout
    assert ended.stdout.count("does not open") == CASES
    assert ended.stdout.count("was changed behind the application's back") == CASES
    [(outcome,)] = rows(there, "SELECT outcome FROM audit_event WHERE verb = 'restored'")
    assert outcome == "error"


def test_files_that_are_not_there_are_told(place, tmp_path, recipient, identity, contents):
    (tmp_path / "backups").mkdir()
    place.manage("backup", tmp_path / "backups", "--to", recipient, "--without-files")
    there = without_databases(place, tmp_path / "there")
    ended = there.run("restore", tmp_path / "backups", "--identity", identity)
    assert ended.returncode == 1 and ended.stdout.count("is not there, or was changed") == FILES

    shutil.copytree(place.data / "attachments", there.data / "attachments")
    assert there.contents() == contents


def test_nothing_in_clear_is_put_down(there, place, tmp_path, recipient, identity):
    """Neither in the data directory, nor in the temporary one, nor in what is printed."""
    from tests.browser.sweep import find_words

    place.do("register", 3)
    (tmp_path / "backups").mkdir()
    place.manage("backup", tmp_path / "backups", "--to", recipient)
    said = restored(there, tmp_path / "backups", identity)
    assert find_words([NAME], [*there.home.rglob("*.*"), *tmp_path.glob("backups/*")]) == []
    assert NAME not in said
