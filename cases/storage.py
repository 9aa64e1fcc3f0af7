"""Where the sealed bytes of attachments lie: `attachments/<case>/<random name>` in a Django storage.

Nothing here knows what a file says. A file that no row names is left over, and swept up in the end.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4
from weakref import finalize

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from cases.models import Attachment

FOLDER = "attachments"
PIECE = 2**20  # bytes read at a time


def files() -> Storage:
    """The storage that the settings name."""
    return storages["attachments"]


class Staged:
    """A sealed file on its way into the storage. It is gone when nobody holds it, unless it was kept."""

    def __init__(self) -> None:
        settings.UPLOAD_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path: Path = settings.UPLOAD_DIR / uuid4().hex
        self.file: BinaryIO = open(self.path, "x+b", opener=_private)  # noqa: SIM115
        self.discard = finalize(self, _discard, self.file, self.path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _discard(file: BinaryIO, path: Path) -> None:
    path.unlink(missing_ok=True)
    with suppress(OSError):  # what a full disk did not take is not missed
        file.close()


class _Staged(File):  # type: ignore[type-arg]
    """As Django's storages take a file: the one on the disk moves it, others read it."""

    def __init__(self, staged: Staged) -> None:
        super().__init__(staged.file)
        self._path = staged.path

    def temporary_file_path(self) -> str:
        return str(self._path)


def keep(staged: Staged, case: UUID) -> tuple[str, str]:
    """Move a sealed file into the storage. Returns its name there and its SHA-256 in hex. Or OSError."""
    staged.file.flush()
    os.fsync(staged.file.fileno())
    digest = digest_of(staged.file)
    storage = files()
    name = storage.save(f"{FOLDER}/{case}/{uuid4().hex}", _Staged(staged))
    if isinstance(storage, FileSystemStorage):
        _sync(Path(storage.path(name)).parent)
    staged.discard()
    return name, digest


def _sync(folder: Path) -> None:
    """Have a power cut lose neither the name of a file nor the folder it stands in."""
    for path in (folder, folder.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def open_sealed(name: str) -> Any:
    """The sealed bytes of a file, to read and seek in. Raises FileNotFoundError and other OSErrors."""
    try:
        return files().open(name, "rb")
    except SuspiciousFileOperation as error:  # a name that was changed behind our back
        raise FileNotFoundError from error


def digest_of(file: BinaryIO) -> str:
    """SHA-256 of a whole file, in hex."""
    digest = sha256()
    file.seek(0)
    while part := file.read(PIECE):
        digest.update(part)
    return digest.hexdigest()


def check(attachment: Attachment) -> bool:
    """Do the sealed bytes in the storage have the digest that the row, and so the log, tells?"""
    if not attachment.file:
        return True
    try:
        with open_sealed(attachment.file) as file:
            return digest_of(file) == attachment.file_digest
    except OSError:
        return False


def check_all() -> Iterator[str | None]:
    """A finding for each file that is not as its row says, None for each that is."""
    rows = Attachment.objects.filter(case__erased_on=None).exclude(file="")
    for row in rows.order_by("pk").iterator():
        # Sealed anew, removed or erased since it was read? Then the row says so now.
        is_right = check(row) or not rows.filter(pk=row.pk, file=row.file).exists()
        yield (
            None if is_right else f"{row._meta.label} {row.pk}: its file is missing or was changed."
        )


def remove(name: str) -> None:
    """Unlink a file; no error when it is gone already."""
    files().delete(name)


def names() -> Iterator[str]:
    """The name of every file there is, of whatever case."""
    for folder in _listed(FOLDER)[0]:
        for name in _listed(f"{FOLDER}/{folder}")[1]:
            yield f"{FOLDER}/{folder}/{name}"


def remove_case(case: UUID) -> int:
    """Unlink every file of a case. Returns how many there were."""
    folder = f"{FOLDER}/{case}"
    found = _listed(folder)[1]
    for name in found:
        remove(f"{folder}/{name}")
    remove(folder)  # of a folder on the disk the empty rest
    return len(found)


def _listed(folder: str) -> tuple[Iterable[str], list[str]]:
    """Folders and files in a folder; none when there is no such folder."""
    try:
        folders, found = files().listdir(folder)
    except FileNotFoundError:
        return [], []
    return folders, list(found)
