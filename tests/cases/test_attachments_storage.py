"""Where sealed files lie: on the disk or in a bucket; moving, sealing anew, sweeping up, unlinking."""

import os
import subprocess
import sys
import threading
from datetime import timedelta
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from django.core.files.base import ContentFile
from django.utils import timezone
from moto.server import ThreadedMotoServer

from audit import guards, trail, verifier
from audit.models import Event
from audit.verbs import Verb
from cases import door, storage
from cases.models import Attachment, Case
from cases.models.attachment import file_place
from cases.services import attachments
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from core.exceptions import WrongState
from tests.audit.tools import write
from tests.cases.made_files import a_file, arrived
from tests.guards import log
from vault import files
from vault.cipher import CannotOpen
from vault.files import Reader
from vault.keyring import NoKey, keyring
from vault.models import DataKey
from vault.sealing import HEAD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
SPOKEN = "Запіс размовы, ".encode() * 20_000  # 17 chunks
BUCKET = "sealed-files"


def added(case: Case, by, content: bytes = SPOKEN) -> Attachment:
    return a_file(case, by, "a.txt", content)


def read(row: Attachment, by, start: int = 0, stop: int | None = None) -> bytes:
    opened = door.open_file(row, by=by, verb=Verb.FILE_DOWNLOADED)
    return b"".join(opened.pieces(start, opened.reader.size if stop is None else stop))


def listed() -> list[str]:
    return sorted(storage.names())


@pytest.fixture(scope="module")
def s3_server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server, settings, monkeypatch):
    """Files go into a bucket of a server that speaks S3; gives its client."""
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1", **keys)
    name = f"{BUCKET}-{uuid4().hex[:8]}"
    client.create_bucket(Bucket=name)
    options = {"bucket_name": name, "endpoint_url": s3_server, "region_name": "us-east-1"}
    options |= {"access_key": "key", "secret_key": "secret", "addressing_style": "path"}
    settings.STORAGES = settings.STORAGES | {
        "attachments": {"BACKEND": "cases.s3.Bucket", "OPTIONS": options}
    }
    client.bucket = name
    return client


@pytest.fixture(params=["disk", "bucket"])
def place(request):
    """Each of the two."""
    if request.param == "bucket":
        request.getfixturevalue("bucket")
    return request.param


# --- Both kinds of storage ------------------------------------------------------------
def test_a_file_is_kept_and_read_in_whole_and_in_part(place, case, alena):
    row = added(case, alena)
    assert listed() == [row.file] and storage.check(row)
    assert read(row, alena) == SPOKEN
    assert read(row, alena, 100_000, 100_010) == SPOKEN[100_000:100_010]


def test_nothing_is_left_on_the_way(place, case, alena, own_files):
    added(case, alena)
    assert not list((own_files / "uploads").iterdir())


def test_a_file_is_removed(place, case, alena):
    row = added(case, alena)
    attachments.remove_file(row, reason="Twice", revision=1, by=alena)
    assert listed() == []


def test_all_files_of_a_case_are_unlinked_and_no_others(place, case, alena):
    other = register_case(NewCase(), by=alena)
    for _ in range(3):
        added(case, alena)
    kept = added(other, alena)
    assert storage.remove_case(case.pk) == 3
    assert listed() == [kept.file]
    assert storage.remove_case(case.pk) == 0 and storage.remove_case(uuid4()) == 0


def test_a_file_that_is_not_there_is_not_found(place, case, alena):
    row = added(case, alena)
    storage.remove(row.file)
    storage.remove(row.file)
    assert not storage.check(row)
    with pytest.raises(FileNotFoundError):
        storage.open_sealed(row.file)
    with pytest.raises(door.Damaged):
        read(row, alena)


@pytest.mark.parametrize("name", ["../tutela.sqlite3", "/etc/passwd", "attachments/../../x", "."])
def test_a_name_that_was_changed_leads_nowhere_else(place, name, case, alena):
    row = added(case, alena)
    row.file = name
    assert not storage.check(row)
    with pytest.raises(OSError):
        storage.open_sealed(name).read()
    with pytest.raises((door.Damaged, WrongState)):
        read(row, alena)


# --- A bucket -------------------------------------------------------------------------
def test_a_bucket_holds_sealed_bytes_under_random_names(bucket, case, alena):
    row = added(case, alena)
    found = bucket.list_objects_v2(Bucket=bucket.bucket)["Contents"]
    [key] = [item["Key"] for item in found]
    assert key == row.file
    held = bucket.get_object(Bucket=bucket.bucket, Key=key)
    body = held["Body"].read()
    assert HEAD.unpack_from(body) == (1, 1) and SPOKEN[:20] not in body
    assert held["ContentType"] == "application/octet-stream" and not held["Metadata"]


def test_a_range_fetches_its_part_of_the_bucket_alone(bucket, case, alena, monkeypatch):
    row = added(case, alena)
    fetched = []
    readinto = storage.files()._open(row.file).__class__.readinto

    def count(self, buffer):
        fetched.append(readinto(self, buffer))
        return fetched[-1]

    monkeypatch.setattr("cases.s3._Remote.readinto", count)
    assert read(row, alena, 100_000, 100_010) == SPOKEN[100_000:100_010]
    assert sum(fetched) <= files.START + 2 * files.PIECE


def test_a_bucket_that_changes_a_byte_is_found_out(bucket, case, alena):
    row = added(case, alena)
    body = bytearray(bucket.get_object(Bucket=bucket.bucket, Key=row.file)["Body"].read())
    body[90_000] ^= 1
    bucket.put_object(Bucket=bucket.bucket, Key=row.file, Body=bytes(body))
    assert not storage.check(row)
    with pytest.raises(door.Damaged):
        read(row, alena)


def test_requests_are_signed_the_present_way(bucket):
    url = storage.files().url("attachments/x")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url


def test_a_bucket_that_does_not_answer_is_told_and_keeps_nothing(
    bucket, case, alena, settings, own_files
):
    row = added(case, alena)
    options = settings.STORAGES["attachments"]["OPTIONS"] | {"endpoint_url": "http://127.0.0.1:9"}
    settings.STORAGES = settings.STORAGES | {
        "attachments": settings.STORAGES["attachments"] | {"OPTIONS": options}
    }
    storage.files().client_config = storage.files().client_config.merge(_impatient())
    upload = arrived(case, "a.txt", SPOKEN)
    with pytest.raises(attachments.FileRefused) as caught:
        attachments.add_file(case, upload=upload, cls="medical", by=alena)
    assert caught.value.code == "storage"
    assert Attachment.objects.count() == 1 and not list((own_files / "uploads").iterdir())
    with pytest.raises(WrongState):
        read(row, alena)
    assert not storage.check(row)


def _impatient():
    return Config(connect_timeout=1, retries={"max_attempts": 0})


def test_the_settings_name_the_bucket(tmp_path):
    """By the environment alone, the secret out of a file."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    environment = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TUTELA_DATA_DIR": str(tmp_path),
        "TUTELA_KEY_FILE": str(tmp_path / "key"),
        "TUTELA_S3_BUCKET": "b",
        "TUTELA_S3_ENDPOINT": "https://s3.example.org",
        "TUTELA_S3_ACCESS_KEY": "key",
        "TUTELA_S3_SECRET_KEY_FILE": str(secret),
    }
    words = (
        "import django; django.setup(); from cases import storage; s = storage.files(); "
        "import sys; sys.stdout.write('|'.join([type(s).__name__, s.bucket_name, s.endpoint_url, "
        "s.secret_key, s.client_config.signature_version]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", words], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "Bucket|b|https://s3.example.org|s3cret|s3v4"


# --- Sealed anew ----------------------------------------------------------------------
def renewed(row: Attachment) -> tuple[str, str]:
    keyring.renew(row.case_id)
    return attachments.reseal_file(row)


def test_a_file_is_written_anew_under_the_newest_key(place, case, alena):
    row = added(case, alena)
    before = row.file
    name, digest = renewed(row)
    assert name != before and listed() == sorted([before, name])
    with storage.open_sealed(name) as sealed:
        assert storage.digest_of(sealed) == digest
        sealed.seek(0)
        assert HEAD.unpack_from(sealed.read(HEAD.size)) == (1, 2)
        reader = Reader(file_place(row.pk, case.pk), sealed, len(SPOKEN))
        assert reader.readall() == SPOKEN
    with storage.open_sealed(before) as sealed:
        assert sealed.read(HEAD.size) == HEAD.pack(1, 1)


def test_a_version_out_of_the_history_will_do(case, alena):
    row = added(case, alena)
    version = Attachment.history.get(id=row.pk)
    name, _digest = renewed(version)
    with storage.open_sealed(name) as sealed:
        assert Reader(file_place(row.pk, case.pk), sealed, len(SPOKEN)).readall() == SPOKEN


def test_a_file_that_is_under_the_newest_key_or_gone_stays_as_it_is(case, alena):
    row = added(case, alena)
    assert attachments.reseal_file(row) == (row.file, row.file_digest)
    first = Attachment.history.get(id=row.pk)
    removed = attachments.remove_file(row, reason="Twice", revision=1, by=alena)
    assert renewed(removed) == ("", "")
    assert renewed(first) == (first.file, first.file_digest), "a version from before the removal"


def test_a_damaged_file_is_not_written_anew(case, alena, own_files):
    row = added(case, alena)
    path = own_files / row.file
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CannotOpen):
        renewed(row)
    assert listed() == [row.file] and not list((own_files / "uploads").iterdir())


def test_a_file_of_an_erased_case_is_not_written_anew(case, alena):
    row = added(case, alena)
    DataKey.objects.filter(scope=case.pk).delete()
    keyring.forget()
    with pytest.raises(NoKey):
        attachments.reseal_file(row)


def test_the_log_explains_a_file_that_was_sealed_anew(case, alena):
    """As the renewal of a case writes it: every version names the new file."""
    row = added(case, alena)
    before, versions = row.file, list(Attachment.history.filter(id=row.pk))
    name, digest = renewed(row)
    for version in versions:
        version.file, version.file_digest = name, digest
    trail.save_resealed([(row, versions)], verb=Verb.CASE_SEALED_ANEW, by=None)
    storage.remove(before)
    row.refresh_from_db()
    assert row.file == name and storage.check(row) and read(row, alena) == SPOKEN
    report = verifier.verify()
    assert report.holds, report.findings


# --- Sweeping up ----------------------------------------------------------------------
LATER = timedelta(days=2)


def orphan(case) -> str:
    """A file that no row names, as a process leaves it that is killed at the wrong moment."""
    return storage.files().save(f"attachments/{case}/{uuid4().hex}", ContentFile(b"sealed"))


def swept() -> int:
    return attachments.sweep(now=timezone.now() + LATER)


def test_what_nobody_names_is_swept_up_after_a_day_and_recorded(place, case, alena):
    row = added(case, alena)
    left = storage.Staged()
    orphan(case.pk)
    assert attachments.sweep() == 0, "it may belong to a request that is not over"
    assert swept() == 2
    assert listed() == [row.file] and storage.check(row) and not left.path.exists()
    [event] = Event.objects.filter(verb=Verb.FILES_SWEPT)
    assert event.actor is None and log.told(event)["reason"] == "2 files"
    assert swept() == 0 and Event.objects.filter(verb=Verb.FILES_SWEPT).count() == 1


def test_the_file_of_a_row_that_was_changed_behind_our_back_is_not_swept_up(case, alena):
    """Otherwise a changed column would be enough to have evidence deleted."""
    row = added(case, alena)
    guards.remove()
    write(Attachment, row.pk, file="attachments/elsewhere")
    guards.install()
    assert swept() == 0 and listed() == [row.file]


def test_files_of_cases_this_database_does_not_know_are_left_alone(alena):
    """Somebody started Tutela with another database than the files belong to."""
    name = orphan(uuid4())
    other = storage.files().save("attachments/readme", ContentFile(b"not ours"))
    assert swept() == 0
    assert name in listed() and storage.files().exists(other)


def test_what_a_removal_could_not_unlink_is_swept_up(case, alena, monkeypatch):
    row = added(case, alena)
    monkeypatch.setattr(storage, "remove", lambda name: None)
    attachments.remove_file(row, reason="Twice", revision=1, by=alena)
    monkeypatch.undo()
    assert listed() == [row.file]
    assert swept() == 1 and listed() == []


# --- The rest -------------------------------------------------------------------------
def test_a_staged_file_is_gone_when_nobody_holds_it(own_files):
    staged = storage.Staged()
    path = staged.path
    assert path.exists() and path.stat().st_mode & 0o777 == 0o600
    del staged
    assert not path.exists()


def test_many_files_at_once_do_not_mix(case, alena, own_files):
    """Eight threads seal and open files of one case at the same time; the database rests meanwhile."""
    keyring.load([case.pk])
    wrong, done = [], []

    def work(number: int) -> None:
        content = bytes([number]) * (100_000 + number)
        upload = arrived(case, "a.txt", content)
        wrong.extend([number] if upload.reader().readall() != content else [])
        done.append(number)
        upload.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == list(range(8)) and not wrong
    assert not list((own_files / "uploads").iterdir())


def test_a_file_is_on_the_disk_when_its_row_is(case, alena, monkeypatch):
    """The content, the name and the folder of it are written out before the row is committed."""
    synced, fsync = [], os.fsync

    def note(handle):
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    row = added(case, alena)
    folder = os.path.dirname(storage.files().path(row.file))
    assert {folder, os.path.dirname(folder)} <= set(synced)
    assert any("/uploads/" in path for path in synced)
