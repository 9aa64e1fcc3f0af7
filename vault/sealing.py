"""Sections sealed to their place: a blob moved to another row, column, case or revision does not open.

Blob = format(1) · data key version(4) · salt(24) · commitment(32) · AES-256-GCM chunks.
"""

import struct
from dataclasses import dataclass
from uuid import UUID

from vault import cipher
from vault.cipher import CannotOpen
from vault.keyring import NoKey, keyring

FORMAT = 1
HEAD = struct.Struct(">BI")  # format, data key version
CONTEXT_LABEL = b"tutela/context/1"


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
        parts = (self.model.encode(), self.cls.encode(), self.row.bytes, self.scope.bytes)
        return (
            CONTEXT_LABEL
            + b"".join(struct.pack(">I", len(part)) + part for part in parts)
            + struct.pack(">IIB", self.revision, key_version, FORMAT)
        )


def seal(place: Place, plaintext: bytes, *, quantum: int = cipher.PAD_QUANTUM) -> bytes:
    """Seal `plaintext` at `place`, padded to a multiple of `quantum` bytes. Raises NoKey."""
    version, key = keyring.data_key(place.scope)
    body = cipher.seal(
        _class_key(key, place.cls), cipher.pad(plaintext, quantum), place.context(version)
    )
    return HEAD.pack(FORMAT, version) + body


def unseal(place: Place, blob: bytes) -> bytes:
    """What was sealed at `place`. Raises CannotOpen when these bytes were not, NoKey after erasure."""
    return cipher.unpad(_open(place, blob))


def _open(place: Place, blob: bytes) -> bytes:
    """The padded content of a blob."""
    if len(blob) < HEAD.size:
        raise CannotOpen
    form, version = HEAD.unpack_from(blob)
    if form != FORMAT:
        raise CannotOpen
    try:
        _version, key = keyring.data_key(place.scope, version)
    except NoKey:
        keyring.data_key(place.scope)  # NoKey again when the scope was erased
        raise CannotOpen from None  # a version that never was: these bytes were changed
    return cipher.unseal(_class_key(key, place.cls), blob[HEAD.size :], place.context(version))


def reseal(place: Place, blob: bytes) -> bytes:
    """The same content at the same place under the newest data key; `blob` itself if it is already.

    Raises CannotOpen and NoKey as `unseal` does. The content does not leave this function.
    """
    version, key = keyring.data_key(place.scope)
    if blob[: HEAD.size] == HEAD.pack(FORMAT, version):
        return blob
    padded = _open(place, blob)
    body = cipher.seal(_class_key(key, place.cls), padded, place.context(version))
    return HEAD.pack(FORMAT, version) + body


def _class_key(data_key: bytes, cls: str) -> bytes:
    return cipher.derive(data_key, b"class/" + cls.encode())
