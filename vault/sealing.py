"""Sections sealed to their place: a blob moved to another row, column, case or revision does not open.

Blob = format(1) · data key version(4) · salt(24) · commitment(32) · AES-256-GCM chunks.
"""

import struct
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from vault import cipher
from vault.cipher import FORMAT, CannotOpen
from vault.keyring import NoKey, keyring

HEAD = struct.Struct(">BI")  # format, data key version
TAIL = struct.Struct(">IIB")  # revision, data key version, format
CONTEXT_LABEL = b"tutela/context/1"
UUID_LENGTH = struct.pack(">I", 16)


@cache
def _prefix(model: str, cls: str) -> bytes:
    """The beginning of a context: label, model, class. There are few of them."""
    parts = (model.encode(), cls.encode())
    return CONTEXT_LABEL + b"".join(struct.pack(">I", len(part)) + part for part in parts)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value belongs."""

    model: str  # label of the model, as "cases.Person"
    cls: str  # sensitivity class, as "identity"
    row: UUID
    scope: UUID  # the case, or whatever else owns the data key
    revision: int

    def context(self, key_version: int) -> bytes:
        """The bytes a message of this place is bound to; every part carries its length."""
        return b"".join(
            (
                _prefix(self.model, self.cls),
                UUID_LENGTH,
                self.row.bytes,
                UUID_LENGTH,
                self.scope.bytes,
                TAIL.pack(self.revision, key_version, FORMAT),
            )
        )


def seal(place: Place, plaintext: bytes, *, quantum: int = cipher.PAD_QUANTUM) -> bytes:
    """Seal `plaintext` at `place`, padded to a multiple of `quantum` bytes. Raises NoKey."""
    version, key = keyring.class_key(place.scope, place.cls)
    body = cipher.seal(key, cipher.pad(plaintext, quantum), place.context(version))
    return HEAD.pack(FORMAT, version) + body


def unseal(place: Place, blob: bytes) -> bytes:
    """What was sealed at `place`. Raises CannotOpen when these bytes were not, NoKey after erasure."""
    return cipher.unpad(_open(place, blob))


def _open(place: Place, blob: bytes) -> bytes:
    """The padded content of a blob."""
    if len(blob) < HEAD.size:
        raise CannotOpen
    version, key = key_of(place, blob)
    return cipher.unseal(key, blob[HEAD.size :], place.context(version))


def key_of(place: Place, blob: bytes) -> tuple[int, bytes]:
    """(version, class key) that the head of a blob names. Raises CannotOpen, and NoKey after erasure."""
    form, version = HEAD.unpack_from(blob)
    if form != FORMAT:
        raise CannotOpen
    try:
        return keyring.class_key(place.scope, place.cls, version)
    except NoKey:
        keyring.data_key(place.scope)  # NoKey again when the scope was erased
        raise CannotOpen from None  # a version that never was: these bytes were changed


def reseal(place: Place, blob: bytes) -> bytes:
    """The same content at the same place under the newest data key; `blob` itself if it is already.

    Raises CannotOpen and NoKey as `unseal` does. The content does not leave this function.
    """
    version, key = keyring.class_key(place.scope, place.cls)
    if blob[: HEAD.size] == HEAD.pack(FORMAT, version):
        return blob
    padded = _open(place, blob)
    body = cipher.seal(key, padded, place.context(version))
    return HEAD.pack(FORMAT, version) + body
