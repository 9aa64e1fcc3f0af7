"""The manifest of a backup: what its files hold. Readable, signed, and with nothing about anybody."""

import base64
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from django.conf import settings

from audit import notes, signing
from audit.digests import canonical_json
from config.backups import BackupError

FORMAT = 1
SIGNED_AS = b"tutela/backup/1\n"  # no other text that the log's key signs begins so
STAMP = "%Y%m%dT%H%M%SZ"  # in names
TIME = "%Y-%m-%dT%H:%M:%SZ"  # inside
ENDING = ".json"


class Part(msgspec.Struct):
    """One of the two encrypted files."""

    file: str
    bytes: int
    sha256: str  # of the file as it lies there
    engine: str  # of the database in it


class Files(msgspec.Struct):
    """Attachments, which travel with the data."""

    included: bool  # no: whoever made the backup keeps them elsewhere
    count: int
    bytes: int
    erased: list[str]  # named by the data, gone because their case was erased
    lost: list[str]  # named by the data, and not to be found, or changed


class Log(msgspec.Struct):
    """The log as of the moment of the data."""

    name: str
    verifier_key: str
    size: int
    checkpoint: str  # signed note of this very size


class Manifest(msgspec.Struct):
    """Everything that is told of a backup."""

    format: int
    made_at: str
    version: str  # of Tutela
    migrations: list[str]  # that the databases had
    root_key: str  # names the root key that opens the key store; it is in neither file
    recipients: list[str]  # who can decrypt
    counts: dict[str, int]
    log: Log
    data: Part
    keys: Part
    files: Files
    erasures: int  # cases on the list of erasures: one that is restored with it has no fewer
    signature: str = ""

    def sign(self) -> None:
        """Sign everything else with the key of the log."""
        signature = signing.signing_key().sign(self._signed())
        self.signature = base64.b64encode(signature).decode()

    def check(self, verifier_key: str) -> None:
        """Raise BackupError unless this very key signed."""
        _name, public = notes.parse_verifier_key(verifier_key)
        try:
            public.verify(base64.b64decode(self.signature), self._signed())
        except (InvalidSignature, ValueError):
            raise BackupError(
                "The signature under the manifest is not right: it was changed, or it is of another "
                "installation. Use another copy of the backup."
            ) from None

    def _signed(self) -> bytes:
        content: dict[str, Any] = msgspec.to_builtins(self)
        del content["signature"]
        return SIGNED_AS + canonical_json(content)

    def to_json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def read(path: Path) -> Manifest:
    """The manifest in a file, once its own key signed it. Raises BackupError.

    Whether that is the key of this installation shows when the key store is open.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Manifest)
        if found.format != FORMAT:
            raise BackupError(f"{path.name} is of another format: {found.format}.")
        found.check(found.log.verifier_key)
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, notes.BadNote):
        raise BackupError(f"{path.name} is not the manifest of a backup.") from None
    for part in (found.data, found.keys):
        if part.file != Path(part.file).name or not part.file.endswith(".age"):
            raise BackupError(f"{path.name} is not the manifest of a backup.")
    return found


# --- Names ----------------------------------------------------------------------------
def prefix(verifier_key: str) -> str:
    """What names of backups of one installation begin with: several may share a directory."""
    return f"tutela-{verifier_key.split('+')[1]}-"


def name_at(verifier_key: str, moment: datetime) -> str:
    """Name of the backup made at this moment, without endings."""
    return prefix(verifier_key) + moment.astimezone(UTC).strftime(STAMP)


def made_at(path: Path) -> datetime | None:
    """When the backup was made that this file is of, by its name; None when it is of none."""
    found = re.fullmatch(
        r"tutela-[0-9a-f]{8}-(\d{8}T\d{6}Z)\.(?:data\.age|keys\.age|json)", path.name
    )
    return datetime.strptime(found[1], STAMP).replace(tzinfo=UTC) if found else None


def newest_in(directory: Path, beginning: str = "tutela-") -> Path:
    """The newest manifest in a directory. Raises BackupError when there is none, or of several logs."""
    found = [path for path in directory.glob(f"{beginning}*{ENDING}") if made_at(path)]
    if not found:
        raise BackupError(f"There is no backup in {directory}: no {beginning}….json.")
    if len({path.name.split("-")[1] for path in found}) > 1:
        raise BackupError(f"{directory} holds backups of several installations. Name one manifest.")
    return max(found)  # their names end with the time


def version() -> str:
    """Version of this Tutela."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    return str(project["version"])
