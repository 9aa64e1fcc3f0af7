"""Format 1: bytes in, bytes out. No Django, no database; docs/format-1.md describes every byte.

One message key, nonce and commitment per message come out of HKDF-Expand-SHA512 over a random salt and
the context, the place where the message belongs. A wrong key or a wrong place shows in the commitment,
before anything is decrypted. The construction follows the C2SP chunked-encryption draft; the layout
around it is our own.
"""

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

FORMAT = 1
LABEL = b"tutela/format-1/AES-256-GCM\x00"
KEY_SIZE = 32
SALT_SIZE = 24
NONCE_SIZE = 12
COMMITMENT_SIZE = 32
MATERIAL_SIZE = KEY_SIZE + NONCE_SIZE + COMMITMENT_SIZE
HASH = SHA512()
CHUNK_SIZE = 16 * 1024
TAG_SIZE = 16
PAD_QUANTUM = 64


class CannotOpen(Exception):
    """The bytes are not a message sealed for this place under this key. Says nothing else."""

    def __init__(self) -> None:
        super().__init__("These bytes were not sealed for this place, or were changed since.")


def derive(key: bytes, label: bytes) -> bytes:
    """A 32-byte key for one purpose out of another key (HKDF-Expand, RFC 5869)."""
    return HKDFExpand(HASH, KEY_SIZE, b"tutela/derive/1\x00" + label).derive(key)


def seal(key: bytes, plaintext: bytes, context: bytes, *, salt: bytes | None = None) -> bytes:
    """Seal `plaintext` for `context`: salt(24) · commitment(32) · AES-256-GCM chunks.

    `key` is 32 bytes. `salt` is for test vectors only; every message takes fresh random bytes.
    """
    salt = os.urandom(SALT_SIZE) if salt is None else salt
    aead, nonce, commitment = message_key(key, salt, context)
    if len(plaintext) < CHUNK_SIZE:  # nearly every section
        return salt + commitment + aead.encrypt(nonce, plaintext, None)
    chunks = [
        aead.encrypt(chunk_nonce(nonce, i), plaintext[start : start + CHUNK_SIZE], None)
        # The last chunk is always shorter than the others, so a cut end is noticed.
        for i, start in enumerate(range(0, len(plaintext) + 1, CHUNK_SIZE))
    ]
    return salt + commitment + b"".join(chunks)


def unseal(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """The plaintext of `sealed`, or CannotOpen. Nothing of it is returned unless all of it is right."""
    head = SALT_SIZE + COMMITMENT_SIZE
    if len(sealed) < head + TAG_SIZE:
        raise CannotOpen
    aead, nonce, commitment = message_key(key, sealed[:SALT_SIZE], context)
    if not hmac.compare_digest(commitment, sealed[SALT_SIZE:head]):
        raise CannotOpen
    size = CHUNK_SIZE + TAG_SIZE
    if len(sealed) - head < size:  # nearly every section
        try:
            return aead.decrypt(nonce, sealed[head:], None)
        except InvalidTag:
            raise CannotOpen from None
    pieces = [sealed[start : start + size] for start in range(head, len(sealed), size)]
    if len(pieces[-1]) == size:  # the short last chunk was cut off
        raise CannotOpen
    try:
        return b"".join(
            aead.decrypt(chunk_nonce(nonce, i), piece, None) for i, piece in enumerate(pieces)
        )
    except (InvalidTag, ValueError):
        raise CannotOpen from None


def pad(plaintext: bytes, quantum: int = PAD_QUANTUM) -> bytes:
    """ISO 7816-4 padding to a multiple of `quantum` bytes, which hides the length."""
    return plaintext + b"\x80" + bytes(-(len(plaintext) + 1) % quantum)


def unpad(padded: bytes) -> bytes:
    """What `pad` was given. Raises CannotOpen on bytes that it never made."""
    plaintext, mark, rest = padded.rpartition(b"\x80")
    if not mark or rest.strip(b"\x00"):
        raise CannotOpen
    return plaintext


def message_key(key: bytes, salt: bytes, context: bytes) -> tuple[AESGCM, bytes, bytes]:
    """The cipher, the base nonce and the commitment of the message with this salt and context."""
    material = HKDFExpand(HASH, MATERIAL_SIZE, LABEL + salt + context).derive(key)
    return (
        AESGCM(material[:KEY_SIZE]),
        material[KEY_SIZE:-COMMITMENT_SIZE],
        material[-COMMITMENT_SIZE:],
    )


def chunk_nonce(nonce: bytes, counter: int) -> bytes:
    return (int.from_bytes(nonce) ^ counter).to_bytes(NONCE_SIZE)
