"""Identifiers made in Python, before a row exists, so that its sealed bytes can be bound to it."""

import secrets
import time
from datetime import UTC, datetime
from uuid import UUID


def uuid7() -> UUID:
    """A time-ordered UUID, version 7 of RFC 9562: milliseconds, their 4096th parts, 62 random bits.

    Rows that are made one after the other sort in that order, though a millisecond makes several.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    value = (milliseconds & (2**48 - 1)) << 80 | secrets.randbits(64)
    value |= (rest * 4096 // 1_000_000) << 64
    value = value & ~(0xF << 76) | 0x7 << 76  # version
    value = value & ~(0x3 << 62) | 0x2 << 62  # variant
    return UUID(int=value)


def time_of(made: UUID) -> datetime:
    """When a UUID of version 7 was made, to the millisecond."""
    return datetime.fromtimestamp((made.int >> 80) / 1000, UTC)
