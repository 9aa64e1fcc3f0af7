"""The root key: a file on the host, outside the source tree and outside what backups of data cover."""

import base64
import os
import stat
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from vault import cipher

PREFIX = "tutela-root-1:"
CONTEXT = b"tutela/kek/"


def is_the_root_key(text: str) -> bool:
    """Is this text the root key in one of its spellings? A secret that does another job must not be."""
    key = _root_key()
    return text.strip().removeprefix(PREFIX) in (base64.b64encode(key).decode(), key.hex())


def create_key_file(path: Path | None = None) -> Path:
    """Write a new random root key to `path` (mode 0600). An existing file is left alone."""
    path = path or settings.ROOT_KEY_FILE
    _refuse_place(path)
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


def key_id(path: Path | None = None) -> str:
    """Names a root key without telling anything of it: 16 hex digits."""
    return cipher.derive(_root_key(path), b"root-key-id")[:8].hex()


def take_over_next() -> Path:
    """Put the next root key in place; the former one stays beside it under its name. Returns that."""
    former = settings.ROOT_KEY_FILE.with_name(f"root-{key_id()}.key")
    os.replace(settings.ROOT_KEY_FILE, former)
    os.replace(next_file(), settings.ROOT_KEY_FILE)
    return former


def finish_rotation(root_id: str) -> None:
    """After a crash in the middle of a rotation: put the root key of this id in place."""
    if not next_file().exists() or not root_id or key_id(next_file()) != root_id:
        return
    if settings.ROOT_KEY_FILE.exists():
        take_over_next()
    else:
        os.replace(next_file(), settings.ROOT_KEY_FILE)


def wrap(key: bytes, context: bytes, *, path: Path | None = None) -> bytes:
    """Seal a key-encryption key under the root key, or under the one at `path`."""
    return cipher.seal(_root_key(path), key, CONTEXT + context)


def unwrap(wrapped: bytes, context: bytes) -> bytes:
    """The key that `wrap` was given. Raises ImproperlyConfigured when this is another root key."""
    try:
        return cipher.unseal(_root_key(), wrapped, CONTEXT + context)
    except cipher.CannotOpen:
        raise ImproperlyConfigured(
            f"The key file {settings.ROOT_KEY_FILE} is not the one this installation was made with. "
            "Put the right file back, or name it in TUTELA_KEY_FILE. Nothing was changed."
        ) from None


def _root_key(path: Path | None = None) -> bytes:
    """The key in the file, after checking that the file is kept as a key should be."""
    path = path or settings.ROOT_KEY_FILE
    _refuse_place(path)
    try:
        status = path.stat()
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise ImproperlyConfigured(
            f"There is no key file at {path}. Put back the one this installation was made with, "
            "or name it in TUTELA_KEY_FILE. Without it no case can be read. Nothing was changed."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"The key file {path} cannot be read: {type(error).__name__}. Put the right file back, "
            "or let the user Tutela runs as read it."
        ) from None
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise ImproperlyConfigured(f"Others can read the key file {path}. Run: chmod 600 {path}")
    if status.st_uid != os.geteuid():
        raise ImproperlyConfigured(
            f"The key file {path} belongs to another user of this machine. "
            f"Start Tutela as that user, or run: chown {os.geteuid()} {path}"
        )
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not text.startswith(PREFIX) or len(key) != cipher.KEY_SIZE:
        raise ImproperlyConfigured(f"{path} is not a key file of Tutela. Put the right file back.")
    return key


def _refuse_place(path: Path) -> None:
    """A key beside the code or the data would travel with every copy of them."""
    for folder, what in ((settings.BASE_DIR, "source tree"), (settings.DATA_DIR, "data directory")):
        if path.resolve().is_relative_to(folder):
            raise ImproperlyConfigured(
                f"The key file {path} lies inside the {what}. Move it elsewhere and name the new "
                "place in TUTELA_KEY_FILE."
            )
