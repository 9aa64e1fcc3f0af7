"""Restoring a backup into an empty place, and looking that it holds.

The key store first: it tells whether the manifest is ours. The list of erasures is in its place before
the data are, and whoever stands on it is erased before anything else happens. A marker keeps anything
from being served until the end; broken off, the same command begins anew.
"""

import json
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import IO
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.core.files import File
from django.core.management import call_command

from accounts.models import Office, Session
from audit import guards, signing, trail, verifier
from audit.models import LogState
from audit.verbs import Verb
from cases import door, ledger, storage
from cases.models import Attachment, Case, ReferenceCounter, SealedModel
from cases.services import erasure
from config.backups import BackupError, databases
from config.backups.archive import CHUNK, Progress, decrypting
from config.backups.examining import ANOTHER_LEDGER, Source, places
from config.backups.making import DATABASE
from core.closed import restore_marker
from vault import recovery
from vault.keyring import keyring
from vault.models import DataKey, KeyEncryptionKey

SAMPLE = 2_000  # rows of each model whose sections are opened
BATCH = 500
SKIPPED = 1_000  # references of each country

AskShares = Callable[[], bytes]  # the private recovery key, out of shares


@dataclass
class Restored:
    """What a restore found and did."""

    cases: int = 0
    erased: list[UUID] = field(default_factory=list)
    without_key: list[UUID] = field(default_factory=list)
    opened: int = 0
    damaged: list[str] = field(default_factory=list)
    files: int = 0
    lost_files: list[str] = field(default_factory=list)
    report: verifier.Report = field(default_factory=verifier.Report)
    log_size: int = 0

    @property
    def holds(self) -> bool:
        return self.report.holds and not (self.without_key or self.damaged or self.lost_files)


# --- Step by step ---------------------------------------------------------------------
def carry_out(
    source: Source,
    *,
    accept_lost_cases: bool,
    ask_shares: AskShares | None,
    loading: Progress,
    verifying: Progress,
) -> Restored:
    """Restore what `examine` found. With `ask_shares` the root key is lost, and keys get another one.

    Until it has ended, the marker stays and nothing is served. Raises BackupError, ImproperlyConfigured,
    OSError, and DomainError when shares are wrong.
    """
    _mark(source)
    with _work_folder() as work:
        recovered = _load_keys(source, work, ask_shares)
        _take_over_ledger(source)
        digests = _load_data(source, work, loading)
    _bring_up_to_date()
    signing.take_new_name(datetime.now(UTC))  # what was signed after the backup is not in this log
    if recovered:
        told = " ".join(map(str, recovered))
        trail.record(Verb.KEYS_RECOVERED, by=None, reason=f"kek {told}")
    done = Restored()
    if source.ledger:
        done.erased = erasure.replay(source.ledger)
    done.without_key = _cases_without_key()
    if done.without_key and not accept_lost_cases:
        raise BackupError(
            f"{len(done.without_key)} cases have no key in this key store: it is older than they "
            "are, or they were erased and the list does not name them. Run restore again with a newer "
            "key store (--keys) and the newest list (--ledger), or with --accept-lost-cases if there "
            "are none: these cases can never be read then."
        )
    _drop_sessions()
    _skip_references()
    _look(source, digests, done, verifying)
    _record(source, done)
    os.sync()  # everything is on the disk before the marker goes
    restore_marker().unlink()
    return done


@contextmanager
def _work_folder() -> Iterator[Path]:
    """A folder in the data directory, gone afterwards, with what a killed restore left in it."""
    folder = settings.DATA_DIR / "restore-work"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _mark(source: Source) -> None:
    """From here on nothing is served, also after a power cut."""
    told = {"backup": source.manifest.made_at, "databases": places()}
    part = restore_marker().with_suffix(".part")
    part.write_text(json.dumps(told))
    part.rename(restore_marker())
    os.sync()


def _load_keys(source: Source, work: Path, ask_shares: AskShares | None) -> list[int]:
    """Put the key store in place. The root key must open it, and its signing key be the manifest's.

    Returns the versions of key-encryption keys that were put under another root key.
    """
    with decrypting(source.keys, source.identities) as copy:
        databases.load("keys", copy, work)
    call_command("migrate", database="keys", verbosity=0)
    if not KeyEncryptionKey.objects.exists():
        raise BackupError(f"The key store in {source.keys.name} is empty. Use another one.")
    recovered = recovery.recover(ask_shares()) if ask_shares else []
    keyring.forget()
    keyring.unlock()
    for told in (source.manifest, source.keys_manifest):
        told.check(signing.verifier_key())
    return recovered


def _take_over_ledger(source: Source) -> None:
    """Put the list of erasures in its places, so that every start from now on erases whom it names."""
    if source.ledger is None:
        return
    listed = ledger.read(source.ledger).entries
    if len(listed) < source.erasures:
        raise BackupError(
            f"{source.ledger} names {len(listed)} erased cases of this installation, and there were "
            f"{source.erasures} when the newest backup was made. {ANOTHER_LEDGER}"
        )
    ledger.write(list(listed.values()))


def _load_data(source: Source, work: Path, progress: Progress) -> dict[str, str]:
    """Put files and data in place. Returns name → digest of the files."""
    digests = {}
    with (
        decrypting(source.data, source.identities, progress) as copy,
        tarfile.open(fileobj=copy, mode="r|", bufsize=CHUNK) as archive,
    ):
        for member in archive:
            content = archive.extractfile(member)
            if content is None:
                raise BackupError(f"{source.data.name} holds what no backup holds: {member.name}.")
            if member.name == DATABASE:
                databases.load("default", content, work)
            else:
                digests[member.name] = _put_back(member.name, content)
    return digests


def _put_back(name: str, content: IO[bytes]) -> str:
    """Put a file into the storage under its own name. Returns its digest."""
    staged = storage.Staged()
    shutil.copyfileobj(content, staged.file, CHUNK)
    digest = storage.digest_of(staged.file)
    if _digest_in_storage(name) != digest:  # it may be there, after a try that was broken off
        storage.remove(name)
        storage.files().save(name, File(staged.file))
    staged.discard()
    return digest


def _bring_up_to_date() -> None:
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    if absent := guards.missing():
        raise BackupError(f"{len(absent)} guards of the database are missing. Run restore again.")


def _cases_without_key() -> list[UUID]:
    """Cases that were not erased, and cannot be opened."""
    held = set(DataKey.objects.values_list("scope", flat=True).iterator())
    cases = Case.objects.filter(erased_on=None).order_by("pk").values_list("pk", flat=True)
    return [case for case in cases.iterator() if case not in held]


def _drop_sessions() -> None:
    """Everybody signs in again."""
    Session.objects.all().end()


def _skip_references() -> None:
    """References given out after the backup are not known here, and must not become another person's."""
    for country in Office.objects.values_list("country", flat=True).distinct():
        ReferenceCounter.objects.get_or_create(prefix=f"{country}-{date.today().year}")
    for counter in ReferenceCounter.objects.all():
        counter.last += SKIPPED
        counter.save(update_fields=["last"])


def _record(source: Source, done: Restored) -> None:
    """The restore is an event, which names the size the log went back to."""
    trail.record(
        Verb.RESTORED,
        by=None,
        outcome="ok" if done.holds else "error",
        reason=f"{source.manifest.made_at} back to {source.manifest.log.size}",
    )
    signing.checkpoint()
    done.log_size = LogState.objects.get(id=1).size


# --- Does it hold? --------------------------------------------------------------------
def _look(source: Source, digests: dict[str, str], done: Restored, progress: Progress) -> None:
    """Compare files, open a sample, verify the log and every row; the log must be that of the backup."""
    done.cases = Case.objects.count()
    _check_files(digests, done)
    _open_sample(done)
    done.report = verifier.verify(kept_note=source.manifest.log.checkpoint, progress=progress)


def _check_files(digests: dict[str, str], done: Restored) -> None:
    """Look that every file the data name is there, byte for byte."""
    rows = Attachment.objects.exclude(file="").filter(case__erased_on=None).order_by("pk")
    for name, digest in rows.values_list("file", "file_digest").iterator():
        done.files += 1
        if (digests.get(name) or _digest_in_storage(name)) != digest:
            done.lost_files.append(name)


def _digest_in_storage(name: str) -> str:
    """Digest of a file in the storage; empty when it is not there."""
    try:
        with storage.open_sealed(name) as file:
            return storage.digest_of(file)
    except FileNotFoundError:
        return ""


def _open_sample(done: Restored) -> None:
    """Open sections of rows from all over, in the door, which gives nothing of them away."""
    for model in apps.get_models():
        if not issubclass(model, SealedModel):
            continue
        keys = model._default_manager.order_by("pk").values_list("pk", flat=True)
        some = list(islice(keys.iterator(), 0, None, max(1, keys.count() // SAMPLE)))
        for start in range(0, len(some), BATCH):
            rows = list(model._default_manager.filter(pk__in=some[start : start + BATCH]))
            whole, damaged = door.try_each(rows)
            done.opened += whole
            done.damaged += [f"{model._meta.label} {row.pk}" for row in damaged]
