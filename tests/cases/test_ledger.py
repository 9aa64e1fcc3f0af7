"""The list of erasures: signed lines, on the disk when told so, and what is wrong with it is told."""

import base64
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import signing
from audit.notes import parse_verifier_key
from cases import ledger
from cases.ledger import Entry
from core.ids import uuid7

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 23, 16, 45, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def places(settings, tmp_path: Path) -> list[Path]:
    settings.DATA_DIR, settings.BACKUP_DIR = tmp_path / "data", tmp_path / "backups"
    for folder in (settings.DATA_DIR, settings.BACKUP_DIR):
        folder.mkdir()
    return ledger.places()


@pytest.fixture
def entries() -> list[Entry]:
    return [Entry(uuid7(), AT.replace(minute=minute)) for minute in range(3)]


def test_what_is_written_is_read(entries, places):
    for entry in entries:
        ledger.write([entry])
    for path in places:
        found = ledger.read(path)
        assert list(found.entries.values()) == entries
        assert found.damaged == []


def test_a_line_says_which_case_and_when_and_nothing_else(entries, places):
    ledger.write(entries[:1])
    [line] = places[0].read_text().splitlines()
    assert json.loads(line).keys() == {"v", "case", "at", "signature"}
    assert json.loads(line)["case"] == str(entries[0].case)
    assert json.loads(line)["at"] == "2026-11-23T16:00:12+00:00"


def test_the_signature_can_be_checked_with_the_key_of_the_log_alone(entries, places):
    ledger.write(entries[:1])
    content = json.loads(places[0].read_text())
    signature = base64.b64decode(content.pop("signature"))
    _name, public = parse_verifier_key(signing.verifier_key())
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    public.verify(signature, b"tutela/erasure/1\n" + text.encode())


def test_nobody_else_reads_the_file(entries, places):
    ledger.write(entries)
    for path in places:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_case_is_listed_once(entries, places):
    ledger.write(entries)
    ledger.write([Entry(entries[0].case, AT.replace(year=2030)), *entries])
    for path in places:
        assert len(path.read_text().splitlines()) == 3
        assert ledger.read(path).entries[entries[0].case] == entries[0], "the first time stands"


def test_without_a_place_for_backups_the_data_directory_has_it(entries, settings, places):
    settings.BACKUP_DIR = None
    ledger.write(entries)
    assert ledger.places() == places[:1] and not places[1].exists()
    assert len(ledger.read(places[0]).entries) == 3


@pytest.mark.parametrize("lost", [0, 1])
def test_what_one_place_lost_comes_from_the_other(entries, places, lost):
    ledger.write(entries[:2])
    places[lost].unlink()
    ledger.write(entries[2:])
    assert set(ledger.read(places[lost]).entries) == {entry.case for entry in entries}


def test_no_file_is_an_empty_list(tmp_path):
    assert ledger.read(tmp_path / "none.txt") == ledger.Ledger({}, [])


def _damage(line: str, how: str) -> str:
    content = json.loads(line)
    if how == "another case":
        content["case"] = str(UUID(int=7))
    elif how == "another time":
        content["at"] = "2020-01-01T00:00:00+00:00"
    elif how == "no zone":
        content["at"] = "2026-11-23T16:00:12"
    elif how == "another version":
        content["v"] = 2
    elif how == "more fields":
        content["name"] = "Hanna"
    elif how == "signed by another":
        signed = ledger._signed(UUID(content["case"]), content["at"])
        content["signature"] = base64.b64encode(Ed25519PrivateKey.generate().sign(signed)).decode()
    elif how == "cut":
        return line[: len(line) // 2]
    elif how == "empty":
        return ""
    elif how == "no text":
        return "\x00" * 40
    return json.dumps(content)


@pytest.mark.parametrize(
    "how",
    [
        *("another case", "another time", "no zone", "another version", "more fields"),
        *("signed by another", "cut", "empty", "no text"),
    ],
)
def test_a_damaged_line_is_told_and_the_others_count(entries, places, how):
    ledger.write(entries)
    lines = places[0].read_text().splitlines()
    lines[1] = _damage(lines[1], how)
    places[0].write_text("\n".join(lines) + "\n")
    found = ledger.read(places[0])
    assert found.damaged == [2]
    assert set(found.entries) == {entries[0].case, entries[2].case}


def test_a_line_that_a_crash_cut_off_is_written_again(entries, places):
    ledger.write(entries[:2])
    whole = places[0].read_bytes()
    places[0].write_bytes(whole[:-30])
    ledger.write(entries[2:])
    found = ledger.read(places[0])
    assert set(found.entries) == {entry.case for entry in entries}
    assert found.damaged == [2], "the torn line stays, and is told"


@pytest.mark.parametrize("broken", [0, 1])
def test_a_place_that_cannot_be_written_is_told(entries, places, broken):
    places[broken].parent.rmdir()
    with pytest.raises(OSError):
        ledger.write(entries)


def test_it_is_on_the_disk_before_it_is_told_so(entries, places, monkeypatch):
    synced = []

    def fsync(descriptor):
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))

    monkeypatch.setattr(os, "fsync", fsync)
    ledger.write(entries)
    for path in places:
        assert synced.index(str(path)) < synced.index(str(path.parent))


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
import django
from django.conf import settings
django.setup()
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from audit import signing
from cases import ledger
key = Ed25519PrivateKey.from_private_bytes(bytes(32))
signing.signing_key = lambda: key
settings.DATA_DIR, settings.BACKUP_DIR = Path(sys.argv[1]), None
for number in range(40):
    ledger.write([ledger.Entry(UUID(int=number), datetime(2026, 1, 1, tzinfo=UTC))])
"""


def test_two_processes_at_once_list_each_case_once(tmp_path, monkeypatch):
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], env=environment)
        for _ in range(2)
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    monkeypatch.setattr(signing, "signing_key", lambda: key)
    found = ledger.read(tmp_path / ledger.FILE)
    assert found.damaged == [] and len(found.entries) == 40
    assert len((tmp_path / ledger.FILE).read_text().splitlines()) == 40
