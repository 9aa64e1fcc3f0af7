"""Checkpoints as signed notes: C2SP tlog-checkpoint and signed-note v1.0.0, with Ed25519."""

import base64
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"  # kind of key that signs a log's checkpoints
COSIGNATURE = b"\x04"  # kind of key that witnesses sign with, along with the time


class BadNote(Exception):
    """The text is not a checkpoint signed by this key; the message says what is wrong."""


def body(origin: str, size: int, root: bytes) -> str:
    """The text that is signed: origin, tree size and root hash, a line each."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def sign(key: Ed25519PrivateKey, origin: str, size: int, root: bytes) -> str:
    """A signed checkpoint note."""
    text = body(origin, size, root)
    packed = _key_id(origin, key.public_key()) + key.sign(text.encode())
    return f"{text}\n\u2014 {origin} {base64.b64encode(packed).decode()}\n"


def verify(note: str, verifier_key: str) -> tuple[int, bytes]:
    """(size, root) of a note signed by the key `verifier_key` names. Raises BadNote."""
    name, public = parse_verifier_key(verifier_key)
    text, _separator, signatures = note.partition("\n\n")
    text += "\n"
    try:
        origin, size, root = text.split("\n")[:3]
        lines = [line.split(" ") for line in signatures.splitlines() if line]
        packed = [base64.b64decode(line[2]) for line in lines if line[:2] == ["\u2014", name]]
        result = int(size), base64.b64decode(root, validate=True)
    except (ValueError, IndexError):
        raise BadNote("This is not a checkpoint note.") from None
    if origin != name:
        raise BadNote("The checkpoint belongs to another log.")
    for candidate in packed:
        if candidate[:4] != _key_id(name, public):
            continue
        try:
            public.verify(candidate[4:], text.encode())
            return result
        except InvalidSignature:
            break
    raise BadNote("The signature under the checkpoint is not right.")


def verifier_key(origin: str, public: Ed25519PublicKey) -> str:
    """`name+hex+base64` as signed-note defines it: what an auditor keeps to check checkpoints."""
    key_id = _key_id(origin, public).hex()
    return f"{origin}+{key_id}+{base64.b64encode(ED25519 + public.public_bytes_raw()).decode()}"


def verify_cosignature(note: str, line: str, verifier_key: str) -> datetime:
    """When the witness of `verifier_key` cosigned this note (c2sp.org/tlog-cosignature).

    `line` is the signature line it gave. Raises BadNote.
    """
    name, public = parse_verifier_key(verifier_key, COSIGNATURE)
    text = note.partition("\n\n")[0] + "\n"
    try:
        dash, signer, packed = line.removesuffix("\n").split(" ")
        raw = base64.b64decode(packed, validate=True)
        at = int.from_bytes(raw[4:12])
        moment = datetime.fromtimestamp(at, UTC)
        public.verify(raw[12:], b"cosignature/v1\ntime %d\n" % at + text.encode())
    except (ValueError, OverflowError, OSError, InvalidSignature):
        raise BadNote("This is not a cosignature of this checkpoint.") from None
    if (dash, signer, raw[:4]) != ("\u2014", name, _key_id(name, public, COSIGNATURE)):
        raise BadNote("This is not a cosignature of this witness.")
    return moment


def parse_verifier_key(text: str, kind: bytes = ED25519) -> tuple[str, Ed25519PublicKey]:
    """(name, public key) of a verifier key string of this kind. Raises BadNote."""
    try:
        name, key_id, packed = text.strip().split("+", 2)
        raw = base64.b64decode(packed, validate=True)
        public = Ed25519PublicKey.from_public_bytes(raw[1:])
    except ValueError:
        raise BadNote("This is not a verifier key.") from None
    if raw[:1] != kind or _key_id(name, public, kind).hex() != key_id:
        raise BadNote("This is not a verifier key.")
    return name, public


def _key_id(name: str, public: Ed25519PublicKey, kind: bytes = ED25519) -> bytes:
    return sha256(name.encode() + b"\x0a" + kind + public.public_bytes_raw()).digest()[:4]
