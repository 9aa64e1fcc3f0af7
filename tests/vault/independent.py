"""A second implementation of format 1, written from docs/format-1.md alone, to check the first with."""

import hmac
from hashlib import sha512
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 16384


def expand(key: bytes, info: bytes, size: int) -> bytes:
    """HKDF-Expand of RFC 5869 with HMAC-SHA-512."""
    block, out, counter = b"", b"", 1
    while len(out) < size:
        block = hmac.new(key, block + info + bytes([counter]), sha512).digest()
        out, counter = out + block, counter + 1
    return out[:size]


def seal_message(key: bytes, salt: bytes, context: bytes, plaintext: bytes) -> bytes:
    material = expand(key, b"tutela/format-1/AES-256-GCM\0" + salt + context, 76)
    out, number = salt + material[44:], 0
    while True:
        chunk = plaintext[number * CHUNK : (number + 1) * CHUNK]
        out += AESGCM(material[:32]).encrypt(_nonce(material, number), chunk, b"")
        if len(chunk) < CHUNK:
            return out
        number += 1


def open_message(key: bytes, context: bytes, message: bytes) -> bytes:
    material = expand(key, b"tutela/format-1/AES-256-GCM\0" + message[:24] + context, 76)
    if len(message) < 72 or message[24:56] != material[44:]:
        raise ValueError("refused")
    rest, out, number = message[56:], b"", 0
    while len(rest) >= CHUNK + 16:
        piece, rest = rest[: CHUNK + 16], rest[CHUNK + 16 :]
        out += AESGCM(material[:32]).decrypt(_nonce(material, number), piece, b"")
        number += 1
    return out + AESGCM(material[:32]).decrypt(_nonce(material, number), rest, b"")


def open_value(data_key: bytes, place: dict, value: bytes) -> bytes:
    """`place` has model, cls, row, scope and revision."""
    if value[0] != 1:
        raise ValueError("refused")
    context = b"tutela/context/1"
    for text in (place["model"].encode(), place["cls"].encode()):
        context += len(text).to_bytes(4, "big") + text
    for name in ("row", "scope"):
        context += (16).to_bytes(4, "big") + UUID(place[name]).bytes
    context += place["revision"].to_bytes(4, "big") + value[1:5] + b"\1"
    class_key = expand(data_key, b"tutela/derive/1\0class/" + place["cls"].encode(), 32)
    padded = open_message(class_key, context, value[5:])
    return padded[: padded.rindex(b"\x80")]


def _nonce(material: bytes, number: int) -> bytes:
    return (int.from_bytes(material[32:44], "big") ^ number).to_bytes(12, "big")
