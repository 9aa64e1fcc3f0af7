"""Files encrypted with age. What is written goes through in a stream: nothing in clear is put down."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import IO

import pyrage
from pyrage import x25519

from config.backups import BackupError
from vault import age

CHUNK = 2**20  # bytes

Progress = Callable[[int], None]


def silent(done: int) -> None:
    """A progress that shows nothing."""


def recipients_of(texts: Sequence[str]) -> list[x25519.Recipient]:
    """The age recipients of these public keys. Raises BackupError for one that is none."""
    found = []
    for text in texts:
        try:
            found.append(age.recipient_of(text))
        except age.NoRecipient:
            raise BackupError(
                f"{text} is not an age recipient: they begin with age1. `age-keygen` or "
                "`manage.py backup_key FILE` makes one."
            ) from None
    return found


def identities_in(path: Path) -> list[x25519.Identity]:
    """The age identities in a file as `age-keygen` writes it. Raises BackupError."""
    try:
        return age.identities_of(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise BackupError(f"There is no identity file at {path}.") from None
    except (OSError, UnicodeDecodeError, age.NoIdentity) as error:
        raise BackupError(
            f"The identity file {path} cannot be read ({type(error).__name__}). It must hold lines "
            "that begin with AGE-SECRET-KEY-1."
        ) from None


class Sink:
    """A new file that only its owner can read, and the digest and size of what is written to it."""

    def __init__(self, path: Path, progress: Progress) -> None:
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._digest = sha256()
        self._progress = progress
        self.size = 0

    @property
    def digest(self) -> str:
        """SHA-256 of what was written, in hexadecimal."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.size += len(data)
        self._progress(len(data))
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Close the file once the disk has it."""
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())


@contextmanager
def encrypting(sink: Sink, recipients: Sequence[x25519.Recipient]) -> Iterator[IO[bytes]]:
    """A file object: what is written to it arrives in `sink`, encrypted. Raises BackupError."""
    reading, writing = os.pipe()
    failed: list[Exception] = []

    def encrypt() -> None:
        with os.fdopen(reading, "rb") as source:
            try:
                pyrage.encrypt_io(source, sink, recipients)
            except Exception as error:  # told by the thread that waits below
                failed.append(error)

    thread = Thread(target=encrypt, name="age")
    thread.start()
    try:
        with os.fdopen(writing, "wb", buffering=CHUNK) as pipe:
            yield pipe
    except BrokenPipeError:
        pass  # the thread stopped reading, and says why
    finally:
        thread.join()
        sink.close()
    if failed:
        raise BackupError(f"The backup cannot be written: {failed[0]}.")


@contextmanager
def decrypting(
    path: Path, identities: Sequence[x25519.Identity], progress: Progress = silent
) -> Iterator[IO[bytes]]:
    """A file object with the content of an encrypted file. Raises BackupError.

    A piece is given out once its tag was right, but that the end was cut off shows at the end only:
    do not use what you read before the block has ended.
    """
    reading, writing = os.pipe()
    failed: list[Exception] = []

    def decrypt() -> None:
        with path.open("rb") as file, os.fdopen(writing, "wb") as pipe:
            try:
                pyrage.decrypt_io(_Counted(file, progress), pipe, identities)
            except Exception as error:  # told by the thread that reads
                failed.append(error)

    thread = Thread(target=decrypt, name="age")
    thread.start()
    source = os.fdopen(reading, "rb", buffering=CHUNK)
    try:
        yield source
        while source.read(CHUNK):
            pass
    except Exception:
        _tell(path, failed[:1])  # before closing makes the other thread fail, too
        raise
    finally:
        source.close()
        thread.join()
    _tell(path, failed)


def check_opens(path: Path, identities: Sequence[x25519.Identity]) -> None:
    """Raise BackupError when an encrypted file was not made for one of these identities."""
    try:
        with path.open("rb") as file:
            pyrage.decrypt_io(file, _Enough(), identities)
    except EOFError:
        pass  # it opens
    except Exception as error:
        _tell(path, [error])


class _Enough:
    """Takes the first piece that was decrypted as a sign to stop."""

    def write(self, data: bytes) -> int:
        raise EOFError

    def flush(self) -> None:
        pass


def _tell(path: Path, failed: list[Exception]) -> None:
    """Raise what is told of a decryption that failed."""
    if not failed:
        return
    if isinstance(failed[0], pyrage.DecryptError) and "matching" in str(failed[0]):
        raise BackupError(f"The identity does not open {path.name}: it was made for another one.")
    raise BackupError(f"{path.name} was changed or cut: it does not open. Use another copy of it.")


class _Counted:
    """A file that tells how much of it was read."""

    def __init__(self, file: IO[bytes], progress: Progress) -> None:
        self._file, self._progress = file, progress

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._progress(len(data))
        return data


def digest_of(path: Path, progress: Progress = silent) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
            progress(len(piece))
    return digest.hexdigest()
