"""Making a backup while Tutela is used.

The files of the cases first, which takes long; then the data as of one moment, and what came in between;
then the key store. So every file that the data name is there, and every case of the data has its key.
"""

import fcntl
import os
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from accounts.models import User
from audit import signing, trail
from audit.models import LogState
from audit.reading import one_moment
from audit.sequencer import sequence
from audit.verbs import Verb
from cases import ledger, storage
from cases.models import Attachment, Case, Person
from config.backups import BackupError, databases, manifest, retention
from config.backups.archive import CHUNK, Progress, Sink, encrypting, recipients_of, silent
from config.backups.manifest import Files, Log, Manifest, Part
from vault.models import DataKey, KeyEncryptionKey

ATTEMPTS = 5  # snapshots taken until no file went away meanwhile
DATABASE = "database"  # member of the data archive
PART = ".part"  # ending of a file that is being written

Wanted = dict[str, tuple[UUID, str]]  # name of a file → its case and its digest


@dataclass(frozen=True)
class Snapshot:
    """The data as of one moment, copied to a file, and what was true then."""

    path: Path
    size: int  # of the log
    checkpoint: str
    counts: dict[str, int]
    wanted: Wanted


def make(
    destination: Path,
    recipients: Sequence[str],
    *,
    with_files: bool = True,
    progress: Progress,
) -> Manifest:
    """Make a backup in a directory and record it; also when it fails. Raises BackupError and OSError."""
    with _alone():
        try:
            _check_place(destination)
            made = _make(destination, recipients, with_files, progress)
        except Exception as error:
            with suppress(Exception):  # what stopped the backup may stop its event, too
                trail.record(
                    Verb.BACKUP_MADE, by=None, outcome="error", reason=type(error).__name__
                )
            raise
        digests = f"data {made.data.sha256} keys {made.keys.sha256}"
        trail.record(Verb.BACKUP_MADE, by=None, reason=f"{made.made_at} {digests}")
    return made


def size_of_work(*, with_files: bool) -> int | None:
    """Bytes that are going to be read, about; None when only a server elsewhere knows."""
    files = storage.files()
    if databases.engine("default") != "sqlite" or not isinstance(files, FileSystemStorage):
        return None
    paths = [Path(databases.place("default"))]
    if with_files:
        paths += Path(files.path(storage.FOLDER)).rglob("*")
    return sum(path.stat().st_size for path in paths)


def is_on_the_same_disk(destination: Path) -> bool:
    """Would one broken disk take the backup with the data?"""
    return destination.stat().st_dev == settings.DATA_DIR.stat().st_dev


def prune(destination: Path, now: datetime | None = None) -> list[Path]:
    """Remove what is past its retention time; returns that."""
    ours = destination.glob(manifest.prefix(signing.installation_key()) + "*")
    past = retention.past_retention(ours, now or datetime.now(UTC))
    if past:
        trail.record(Verb.BACKUPS_PRUNED, by=None, reason=f"{len(past)} files")
    for path in past:
        path.unlink()
    return past


# --- Where ----------------------------------------------------------------------------
@contextmanager
def _alone() -> Iterator[None]:
    """One backup at a time: what an earlier one left behind is nobody's, then."""
    with (settings.DATA_DIR / "backup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError("Another backup is being made right now.") from None
        yield


def _check_place(destination: Path) -> None:
    """Raise BackupError for a directory that is none, or is the wrong one."""
    if not destination.is_dir():
        raise BackupError(
            f"There is no directory {destination}. Is its disk mounted? Otherwise make it."
        )
    for folder, what in ((settings.BASE_DIR, "source tree"), (settings.DATA_DIR, "data directory")):
        if destination.resolve().is_relative_to(folder):
            raise BackupError(f"{destination} lies inside the {what}. Name a place outside.")
    if settings.ROOT_KEY_FILE.resolve().is_relative_to(destination.resolve()):
        raise BackupError(
            f"The root key {settings.ROOT_KEY_FILE} lies in {destination}. Beside the backups it would "
            "open them for whoever finds them. Name another place."
        )


@contextmanager
def _work_folder(destination: Path, name: str) -> Iterator[Path]:
    """A folder in the data directory for the copy of the database, gone afterwards.

    What a killed backup left behind goes first: there, and the beginnings of files in `destination`.
    """
    folder = settings.DATA_DIR / "backup-work"
    shutil.rmtree(folder, ignore_errors=True)
    for path in destination.glob(f"{name.rpartition('-')[0]}-*{PART}"):
        path.unlink()
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for path in destination.glob(f"{name}.*{PART}"):
            path.unlink()


# --- What -----------------------------------------------------------------------------
def _make(
    destination: Path, recipients: Sequence[str], with_files: bool, progress: Progress
) -> Manifest:
    keys = recipients_of(recipients)
    if not keys:
        raise BackupError(
            "To whom is the backup encrypted? Name an age recipient with --to or in "
            "TUTELA_BACKUP_RECIPIENTS. `manage.py backup_key FILE` makes one."
        )
    moment = datetime.now(UTC)
    name = manifest.name_at(signing.installation_key(), moment)
    if any(destination.glob(f"{name}.*")):
        raise BackupError(f"{destination} has a backup of this second already. Run it again.")
    with _work_folder(destination, name) as folder:
        data = Sink(destination / f"{name}{retention.DATA}{PART}", progress)
        with encrypting(data, keys) as pipe:
            snapshot, files = _write_data(pipe, folder, with_files)
        store = Sink(destination / f"{name}{retention.KEYS}{PART}", progress)
        with encrypting(store, keys) as pipe, databases.key_store_copied(folder) as source:
            shutil.copyfileobj(source, pipe)
        made = Manifest(
            format=manifest.FORMAT,
            made_at=moment.strftime(manifest.TIME),
            version=manifest.version(),
            migrations=migrations(),
            root_key=KeyEncryptionKey.objects.latest("version").root_id,
            recipients=[str(key) for key in keys],
            counts=snapshot.counts,
            log=Log(
                settings.ORIGIN, signing.installation_key(), snapshot.size, snapshot.checkpoint
            ),
            data=_part(name + retention.DATA, data, "default"),
            keys=_part(name + retention.KEYS, store, "keys"),
            files=files,
            erasures=_copy_ledger(destination),
        )
        made.sign()
        told = Sink(destination / f"{name}{retention.MANIFEST}{PART}", progress)
        told.write(made.to_json())
        told.close()
        for ending in (retention.DATA, retention.KEYS, retention.MANIFEST):  # the manifest last
            path = destination / f"{name}{ending}"
            path.with_name(path.name + PART).rename(path)
        _settle(destination)
    return made


def _copy_ledger(destination: Path) -> int:
    """Have the list of erasures in the directory, also when nobody was erased. Returns its length."""
    ledger.write()  # each of its places has all lines
    path = destination / ledger.FILE
    if path not in ledger.places():
        ours = ledger.places()[0].read_bytes()
        there = path.read_bytes() if path.exists() else b""
        lines = dict.fromkeys([*there.splitlines(), *ours.splitlines()])  # it may be ahead of ours
        part = path.with_name(path.name + PART)
        part.unlink(missing_ok=True)
        copy = Sink(part, silent)
        copy.write(b"".join(line + b"\n" for line in lines))
        copy.close()
        part.replace(path)
    return len(ledger.read(path).entries)


def _part(file: str, sink: Sink, alias: str) -> Part:
    return Part(file, sink.size, sink.digest, databases.engine(alias))


def _settle(directory: Path) -> None:
    """Wait until the disk has the names of the directory."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def migrations() -> list[str]:
    """The migrations of our own applications that the databases have, in order."""
    ours = {config.label for config in apps.get_app_configs() if _is_ours(config.path)}
    applied = {
        f"{app}.{name}"
        for alias in ("default", "keys")
        for app, name in MigrationRecorder(connections[alias]).applied_migrations()
        if app in ours
    }
    return sorted(applied)


def _is_ours(path: str) -> bool:
    return Path(path).parent == settings.BASE_DIR


class _Files:
    """Copies files of cases into an archive, and knows what became of each."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self.copied: dict[str, str] = {}  # name → digest
        self.bytes = 0

    def copy(self, wanted: Wanted) -> set[str]:
        """Copy those that are not in the archive yet; returns the names of those that are gone."""
        gone = set()
        for name in wanted.keys() - self.copied.keys():
            try:
                file = _Digested(storage.open_sealed(name))
            except FileNotFoundError:
                gone.add(name)
                continue
            with closing(file):
                self._archive.addfile(_member(name, file.size), file)
            self.copied[name] = file.digest
            self.bytes += file.size
        return gone


class _Digested:
    """A file that knows the digest of what was read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = sha256()
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data

    def close(self) -> None:
        self._file.close()


def _write_data(pipe: IO[bytes], folder: Path, with_files: bool) -> tuple[Snapshot, Files]:
    """Write the data archive: files of cases, then the database."""
    with tarfile.open(fileobj=pipe, mode="w|", bufsize=CHUNK, copybufsize=CHUNK) as archive:
        files = _Files(archive)
        gone = files.copy(_wanted()) if with_files else set()
        for _attempt in range(ATTEMPTS):
            snapshot = _take_snapshot(folder)
            before, gone = gone, files.copy(snapshot.wanted) if with_files else set()
            if gone <= before:
                break  # a file that was gone before the snapshot and is named in it is lost or erased
        else:
            raise BackupError(
                f"In {ATTEMPTS} attempts, files of cases went away while they were being copied. Run "
                "the backup again when keys are not being renewed."
            )
        with snapshot.path.open("rb") as file:
            archive.addfile(_member(DATABASE, snapshot.path.stat().st_size), file)
    erased = _of_erased(gone, snapshot.wanted)
    damaged = {
        name
        for name, (_case, digest) in snapshot.wanted.items()
        if files.copied.get(name, digest) != digest
    }
    return snapshot, Files(
        included=with_files,
        count=len(files.copied),
        bytes=files.bytes,
        erased=sorted(erased),
        lost=sorted(gone - erased | damaged),
    )


def _of_erased(names: set[str], wanted: Wanted) -> set[str]:
    """Those of these files whose case has no key any more."""
    keys = DataKey.objects.filter(scope__in={wanted[name][0] for name in names})
    held = set(keys.values_list("scope", flat=True))
    return {name for name in names if wanted[name][0] not in held}


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _wanted() -> Wanted:
    """Every file that a row names now."""
    rows = Attachment.objects.exclude(file="").order_by("pk")
    return {
        name: (case, digest)
        for name, case, digest in rows.values_list("file", "case", "file_digest").iterator()
    }


def _take_snapshot(folder: Path) -> Snapshot:
    path = folder / DATABASE
    path.unlink(missing_ok=True)
    sequence()
    with one_moment():
        size = LogState.objects.get(id=1).size
        counts = {
            "cases": Case.objects.count(),
            "persons": Person.objects.count(),
            "accounts": User.objects.count(),
        }
        wanted = _wanted()
        databases.copy_to(path, folder)
    return Snapshot(path, size, signing.checkpoint(size).note, counts, wanted)
