"""The list of erased cases: a line for each, signed by the log's key, kept beside the backups.

A backup that is older than an erasure brings the case back; whoever restores it reads this list and
erases again. A line holds an identifier and a time, and nothing that leads to anybody. The list lies in
the data directory and, when there is one, in the backup directory; a line that one of them lacks comes
from the other.
"""

import base64
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from django.conf import settings

from audit import signing
from audit.digests import canonical_json

FILE = "erasures.txt"
SIGNED_AS = b"tutela/erasure/1\n"  # no other text that the log's key signs begins so


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    at: str
    case: UUID
    signature: str
    v: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One erased case."""

    case: UUID
    at: datetime


@dataclass(slots=True)
class Ledger:
    """What a file says: its entries, and the numbers of lines that cannot be trusted."""

    entries: dict[UUID, Entry]
    damaged: list[int]


def places() -> list[Path]:
    """Every file the list is kept in."""
    folders = [settings.DATA_DIR, *([settings.BACKUP_DIR] if settings.BACKUP_DIR else [])]
    return [folder / FILE for folder in folders]


def read(path: Path) -> Ledger:
    """The list in a file; an empty one when there is no file. Raises OSError.

    A line whose signature is not this log's is damaged, whatever it says.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        lines = []
    return _parsed(lines)


def write(entries: Sequence[Entry] = ()) -> None:
    """Add entries to the list, and to each of its places what another has. Raises OSError.

    What is listed already stays as it is, so this can be done again. What is written is on the disk
    when this returns.
    """
    wanted = {entry.case: entry for entry in entries}
    for path in places():
        wanted |= read(path).entries
    for path in places():
        with _opened(path) as file:
            written = file.read()
            listed = _parsed(written.splitlines()).entries
            missing = [entry for case, entry in wanted.items() if case not in listed]
            if not missing:
                continue
            torn = bool(written) and not written.endswith(b"\n")  # a crash cut its last line off
            file.write(b"\n" * torn + b"".join(_line(entry) for entry in missing))
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(path.parent)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, made if need be, for this process alone; what is written goes to its end."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
        yield file


def _sync_folder(folder: Path) -> None:
    """The name of a new file is on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parsed(lines: Sequence[bytes]) -> Ledger:
    ledger = Ledger({}, [])
    public = signing.signing_key().public_key() if lines else None
    for number, line in enumerate(lines, start=1):
        try:
            found = msgspec.json.decode(line, type=_Line)
            at = datetime.fromisoformat(found.at)
            public.verify(base64.b64decode(found.signature), _signed(found.case, found.at))  # type: ignore[union-attr]
            if found.v != 1 or at.tzinfo is None:
                raise ValueError("not a line of version 1")
        except (msgspec.DecodeError, InvalidSignature, ValueError):
            ledger.damaged.append(number)
            continue
        ledger.entries.setdefault(found.case, Entry(found.case, at))
    return ledger


def _line(entry: Entry) -> bytes:
    at = entry.at.astimezone(UTC).isoformat(timespec="seconds")
    signature = signing.signing_key().sign(_signed(entry.case, at))
    content = {
        "v": 1,
        "case": str(entry.case),
        "at": at,
        "signature": base64.b64encode(signature).decode(),
    }
    return canonical_json(content) + b"\n"


def _signed(case: UUID, at: str) -> bytes:
    return SIGNED_AS + canonical_json({"v": 1, "case": str(case), "at": at})
