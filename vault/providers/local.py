"""Root keys whose bytes this process holds while it uses them."""

import base64
from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from vault import cipher
from vault.providers.base import RootKey

PREFIX = "tutela-root-1:"


class LocalKey(RootKey):
    """Wraps with a 32-byte key, as docs/format-1.md tells."""

    @abstractmethod
    def _key(self) -> bytes:
        """The key, or ImproperlyConfigured."""

    def _keys(self) -> Iterable[bytes]:
        """Every key at hand that may have wrapped something."""
        return [self._key()]

    @abstractmethod
    def _is_another(self) -> str:
        """What to tell and to do when none of the keys opens what is in the key store."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        return cipher.seal(self._key(), key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        for key in self._keys():
            if opened := open_with(key, wrapped, context):
                return opened
        raise ImproperlyConfigured(self._is_another())

    def key_id(self) -> str:
        return id_of(self._key())

    def health(self) -> None:
        self._key()

    def is_spelled(self, text: str) -> bool:
        key = self._key()
        return text.strip().removeprefix(PREFIX) in (base64.b64encode(key).decode(), key.hex())


def open_with(key: bytes, wrapped: bytes, context: bytes) -> bytes | None:
    """What was wrapped, or None when this is not the key."""
    try:
        return cipher.unseal(key, wrapped, context)
    except cipher.CannotOpen:
        return None


def id_of(key: bytes) -> str:
    """Names a root key without telling anything of it: 16 hex digits."""
    return cipher.derive(key, b"root-key-id")[:8].hex()


def read_key(path: Path) -> bytes:
    """The key in a file of Tutela's form. Raises ImproperlyConfigured; a missing file is an OSError."""
    try:
        text = path.read_text(encoding="ascii").strip()
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:  # also what is not ASCII
        text, key = "", b""
    if not text.startswith(PREFIX) or len(key) != cipher.KEY_SIZE:
        raise ImproperlyConfigured(f"{path} is not a key file of Tutela. Put the right file back.")
    return key
