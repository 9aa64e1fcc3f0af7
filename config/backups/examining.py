"""Looking at a backup and at the place it is to come to, before anything is written."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from pyrage import x25519

from cases import ledger
from config.backups import BackupError, databases, manifest, retention
from config.backups.archive import Progress, check_opens, digest_of, identities_in
from config.backups.manifest import Manifest, Part
from core.closed import restore_marker

ANOTHER_LEDGER = (
    "Whoever was erased after the backup would be back. Name the newest list with --ledger, or say "
    "--without-ledger if it is lost."
)


@dataclass(frozen=True)
class Source:
    """A backup that was looked at, and may be restored here."""

    manifest: Manifest  # of the data
    data: Path
    keys_manifest: Manifest  # of the key store, which may be of a later backup
    keys: Path
    identities: Sequence[x25519.Identity]
    ledger: Path | None
    erasures: int  # on the list when the newest backup beside it was made


def examine(
    source: Path,
    identity: Path,
    *,
    keys: Path | None = None,
    erasures: Path | None = None,
    without_ledger: bool = False,
    progress: Progress,
) -> Source:
    """Look at a backup and at this place; nothing is written. Raises BackupError.

    `source` is a manifest, or a directory whose newest backup is meant. `keys` is the key store of
    another backup, beside its own manifest.
    """
    path = manifest.newest_in(source) if source.is_dir() else source
    told = manifest.read(path)
    data, keys = path.with_name(told.data.file), keys or path.with_name(told.keys.file)
    keys_told = told if keys.name == told.keys.file else manifest.read(_manifest_beside(keys))
    _check_fits_here(told, keys_told)
    identities = identities_in(identity)
    for part, file in ((told.data, data), (keys_told.keys, keys)):
        _check_file(part, file, progress)
        check_opens(file, identities)
    if without_ledger:
        return Source(told, data, keys_told, keys, identities, None, 0)
    erasures = erasures or path.with_name(ledger.FILE)
    if not erasures.exists():
        raise BackupError(f"There is no list of erasures at {erasures}. {ANOTHER_LEDGER}")
    ours = manifest.prefix(told.log.verifier_key)
    newest = manifest.read(manifest.newest_in(path.parent, ours))
    return Source(told, data, keys_told, keys, identities, erasures, newest.erasures)


def _manifest_beside(keys: Path) -> Path:
    """The manifest that tells of a copy of the key store."""
    return keys.with_name(keys.name.removesuffix(retention.KEYS) + retention.MANIFEST)


def _check_fits_here(told: Manifest, keys_told: Manifest) -> None:
    """Raise BackupError when this is not the place, or not the Tutela, for this backup."""
    if told.log.verifier_key != keys_told.log.verifier_key:
        raise BackupError("The data and the key store are backups of two installations.")
    if told.log.name != settings.ORIGIN:
        raise BackupError(
            f"The log of this backup is named {told.log.name}. Set TUTELA_LOG_NAME to that and run "
            "restore again."
        )
    steps = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    known = {step for key, migration in steps.items() for step in (key, *migration.replaces)}
    if unknown := set(told.migrations) - {f"{app}.{name}" for app, name in known}:
        raise BackupError(
            f"The backup was made by a newer Tutela, {told.version}: this one does not know "
            f"{sorted(unknown)[0]}. Install that version and run restore again."
        )
    databases.check_can_load("default", told.data.engine)
    databases.check_can_load("keys", keys_told.keys.engine)
    if restore_marker().exists():
        begun = json.loads(restore_marker().read_text())["databases"]
        if begun != places():
            raise BackupError(
                f"A restore into {' and '.join(begun)} was not finished, and now other databases are "
                f"named. Name those again, or remove {restore_marker()} if they were given up."
            )
        return
    for alias in ("default", "keys"):
        if not databases.is_empty(alias):
            raise BackupError(_not_empty(alias))


def places() -> list[str]:
    """The databases that a restore would write to."""
    return [databases.place(alias) for alias in ("default", "keys")]


def _not_empty(alias: str) -> str:
    what = databases.place(alias)
    how = (
        f"Move it aside (mv {what} {what}.before, and what lies beside it: -wal, -shm)"
        if databases.engine(alias) == "sqlite"
        else "Make a new database and name that one"
    )
    return f"{what} is not empty. Restore into an empty place only. {how}, and run restore again."


def _check_file(part: Part, path: Path, progress: Progress) -> None:
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        hint = "It lies beside the manifest."
        if path.name.endswith(retention.KEYS):
            hint = (
                "Copies of the key store are kept for a few days only. The data open with a later one, "
                "too: name the newest with --keys."
            )
        raise BackupError(f"{path} is not there. {hint}") from None
    if size != part.bytes or digest_of(path, progress) != part.sha256:
        raise BackupError(
            f"{path} is not the file that the manifest tells of: it was changed or cut, or belongs to "
            "another backup. Use another copy of it."
        )
