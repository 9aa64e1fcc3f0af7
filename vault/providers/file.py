"""A key file on the host, outside the source tree and outside what backups of data cover."""

import base64
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from vault import cipher
from vault.providers.local import PREFIX, LocalKey, read_key


class KeyFile(LocalKey):
    """The file TUTELA_KEY_FILE names, or another one while the root key is being rotated."""

    name = "file"

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        return self._path or settings.ROOT_KEY_FILE

    def create(self) -> None:
        create_key_file(self.path)

    def health(self) -> None:
        """Whether a missing file should be there is known only with the key store at hand."""
        if self.path.exists():
            self._key()

    def is_spelled(self, text: str) -> bool:
        return self.path.exists() and super().is_spelled(text)

    def successor(self) -> "KeyFile":
        return KeyFile(create_key_file(next_file()))

    def settle(self, root_id: str) -> None:
        """Put the next key file in place when it is the one; the former stays beside it."""
        if not next_file().exists() or KeyFile(next_file()).root_id() != root_id:
            return
        if settings.ROOT_KEY_FILE.exists():
            os.replace(settings.ROOT_KEY_FILE, former_file(KeyFile().key_id()))
        os.replace(next_file(), settings.ROOT_KEY_FILE)

    def _key(self) -> bytes:
        """The key in the file, after checking that the file is kept as a key should be."""
        path = self.path
        refuse_place(path, "key file", "TUTELA_KEY_FILE")
        try:
            status = path.stat()
            key = read_key(path)
        except FileNotFoundError:
            raise ImproperlyConfigured(
                f"There is no key file at {path}. Put back the one this installation was made "
                "with, or name it in TUTELA_KEY_FILE. Without it, or shares to recover with, no "
                "case can be read. Nothing was changed."
            ) from None
        except OSError as error:
            raise ImproperlyConfigured(
                f"The key file {path} cannot be read: {type(error).__name__}. Put the right file "
                "back, or let the user Tutela runs as read it."
            ) from None
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise ImproperlyConfigured(
                f"Others can read the key file {path}. Run: chmod 600 {path}"
            )
        if status.st_uid != os.geteuid():
            raise ImproperlyConfigured(
                f"The key file {path} belongs to another user of this machine. "
                f"Start Tutela as that user, or run: chown {os.geteuid()} {path}"
            )
        return key

    def _keys(self) -> Iterator[bytes]:
        """During a rotation, until the files are exchanged, there are two."""
        yield self._key()
        for path in (settings.ROOT_KEY_FILE, next_file()):
            if path != self.path and path.exists():
                yield KeyFile(path)._key()

    def _is_another(self) -> str:
        return (
            f"The key file {self.path} is not the one this installation was made with. "
            "Put the right file back, or name it in TUTELA_KEY_FILE. Nothing was changed."
        )


def create_key_file(path: Path) -> Path:
    """Write a new random root key to `path` (mode 0600). An existing file is left alone."""
    refuse_place(path, "key file", "TUTELA_KEY_FILE")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path
    with os.fdopen(descriptor, "w") as file:
        file.write(PREFIX + base64.b64encode(os.urandom(cipher.KEY_SIZE)).decode() + "\n")
        file.flush()
        os.fsync(file.fileno())  # before anything is sealed under it
    return path


def next_file() -> Path:
    """Where the next root key lies while the root is being rotated."""
    return settings.ROOT_KEY_FILE.with_name(settings.ROOT_KEY_FILE.name + ".next")


def former_file(key_id: str) -> Path:
    """Where a key file is moved to when another one takes its place."""
    return settings.ROOT_KEY_FILE.with_name(f"root-{key_id}.key")


def refuse_place(path: Path, what: str, named_by: str) -> None:
    """A secret beside the code or the data would travel with every copy of them."""
    for folder, place in (
        (settings.BASE_DIR, "source tree"),
        (settings.DATA_DIR, "data directory"),
    ):
        if path.resolve().is_relative_to(folder):
            raise ImproperlyConfigured(
                f"The {what} {path} lies inside the {place}. Move it elsewhere and name the new "
                f"place in {named_by}."
            )
