"""Encrypted files: nothing in clear is put down, and nothing that was changed is taken for whole."""

import io
import os
import shutil
import subprocess
import tarfile

import pytest
from pyrage import x25519

from config.backups import BackupError
from config.backups.archive import (
    Sink,
    check_opens,
    decrypting,
    digest_of,
    encrypting,
    identities_in,
    recipients_of,
    silent,
)

SECRET = b"a sentence that must not be found " * 20_000  # several pieces of age


@pytest.fixture
def identity():
    return x25519.Identity.generate()


@pytest.fixture
def archive(tmp_path, identity):
    """An encrypted file and its sink."""
    sink = Sink(tmp_path / "archive.age", silent)
    with encrypting(sink, [identity.to_public()]) as pipe:
        for start in range(0, len(SECRET), 1000):
            pipe.write(SECRET[start : start + 1000])
    return sink


def test_what_went_in_comes_out(archive, identity, tmp_path):
    path = tmp_path / "archive.age"
    assert path.stat().st_mode & 0o777 == 0o600
    assert SECRET[:34] not in path.read_bytes()
    assert (archive.size, archive.digest) == (path.stat().st_size, digest_of(path))
    seen = []
    with decrypting(path, [identity], seen.append) as source:
        assert source.read() == SECRET
    assert sum(seen) == archive.size


@pytest.mark.skipif(shutil.which("age") is None, reason="needs age: apt-get install age")
def test_age_itself_opens_it(archive, identity, tmp_path):
    """The file is what age says it is: another program can open it."""
    (tmp_path / "key.txt").write_text(f"# created by hand\n{identity}\n")
    opened = subprocess.run(
        ["age", "--decrypt", "-i", tmp_path / "key.txt", tmp_path / "archive.age"],
        capture_output=True,
        check=True,
    )
    assert opened.stdout == SECRET
    [read] = identities_in(tmp_path / "key.txt")
    assert str(read) == str(identity)


def test_another_identity_is_told_so(archive, tmp_path):
    other = x25519.Identity.generate()
    path = tmp_path / "archive.age"
    with pytest.raises(BackupError, match="made for another one"):
        check_opens(path, [other])
    with pytest.raises(BackupError, match="made for another one"), decrypting(path, [other]):
        pass


@pytest.mark.parametrize("cut", [1, 17, 70_000, 600_000])
def test_a_cut_file_is_not_taken_for_whole(archive, identity, tmp_path, cut):
    path = tmp_path / "archive.age"
    os.truncate(path, archive.size - cut)
    with pytest.raises(BackupError, match="changed or cut"), decrypting(path, [identity]) as source:
        source.read()
    with pytest.raises(BackupError, match="changed or cut"), decrypting(path, [identity]):
        pass  # nobody read to the end, and it shows all the same


@pytest.mark.parametrize("at", [5, 250, 70_000, -1])
def test_a_changed_byte_is_found(archive, identity, tmp_path, at):
    path = tmp_path / "archive.age"
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(BackupError), decrypting(path, [identity]) as source:
        source.read()


def test_the_reader_hears_of_the_file_rather_than_of_the_tar(tmp_path, identity):
    sink = Sink(tmp_path / "tar.age", silent)
    member = tarfile.TarInfo("big")
    member.size = len(SECRET)
    to = [identity.to_public()]
    with encrypting(sink, to) as pipe, tarfile.open(fileobj=pipe, mode="w|") as tar:
        tar.addfile(member, io.BytesIO(SECRET))
    os.truncate(tmp_path / "tar.age", 300_000)
    with (
        pytest.raises(BackupError, match="changed or cut"),
        decrypting(tmp_path / "tar.age", [identity]) as source,
        tarfile.open(fileobj=source, mode="r|") as tar,
    ):
        tar.extractfile(tar.next()).read()


def test_an_error_of_the_reader_stays_what_it_is(archive, identity, tmp_path):
    with pytest.raises(ZeroDivisionError), decrypting(tmp_path / "archive.age", [identity]):
        raise ZeroDivisionError


def test_a_full_disk_is_told(tmp_path, identity):
    sink = Sink(tmp_path / "archive.age", silent)

    def full(data):
        raise OSError(28, "No space left on device")

    sink.write = full
    with (
        pytest.raises(BackupError, match="No space left"),
        encrypting(sink, [identity.to_public()]) as pipe,
    ):
        pipe.write(os.urandom(2**20))


def test_a_sink_never_overwrites(tmp_path):
    (tmp_path / "there").write_text("kept")
    with pytest.raises(FileExistsError):
        Sink(tmp_path / "there", silent)
    assert (tmp_path / "there").read_text() == "kept"


def test_what_is_no_recipient_or_identity_is_told(tmp_path):
    with pytest.raises(BackupError, match="age1wrong is not an age recipient"):
        recipients_of(["age1wrong"])
    with pytest.raises(BackupError, match="no identity file"):
        identities_in(tmp_path / "none")
    for content in ("hello\n", "# only a comment\n", "АGE\n"):
        (tmp_path / "key").write_text(content)
        with pytest.raises(BackupError, match="identity"):
            identities_in(tmp_path / "key")
