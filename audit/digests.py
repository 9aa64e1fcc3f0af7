"""The digest of a row as it is stored: what an event pins and what the verifier compares."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db.models import Model


def row_digest(model: type[Model], values: Iterable[Any]) -> bytes:
    """SHA-256 over label, column names and `values`, which come in the order of `columns(model)`.

    Sealed columns enter as ciphertext, so the digest says nothing about anybody. Empty (NULL) columns
    are left out: one that a later version adds changes no digest of a row written before.
    """
    label, names, in_order = _layout(model)
    parts, values = [label], list(values)
    if len(values) != len(names):
        raise ValueError("a value for each column")
    for place in in_order:
        if (value := values[place]) is not None:
            spelled = _canonical(value)
            parts += (names[place], len(spelled).to_bytes(4), spelled)
    return sha256(b"".join(parts)).digest()


@cache
def _layout(model: type[Model]) -> tuple[bytes, list[bytes], list[int]]:
    """Label; the name of each column behind its length; the places of the columns in order of names."""
    names = columns(model)
    sized = [len(name.encode()).to_bytes(4) + name.encode() for name in names]
    return model._meta.label.encode(), sized, sorted(range(len(names)), key=names.__getitem__)


def instance_digest(row: Model) -> bytes:
    """`row_digest` of an instance in memory."""
    return version_digest(type(row), row)


def version_digest(model: type[Model], version: Model) -> bytes:
    """`row_digest` of a version out of the history of `model`."""
    return row_digest(model, (getattr(version, name) for name in columns(model)))


def columns(model: type[Model]) -> list[str]:
    """Attribute names of the concrete fields, in the order of definition."""
    return [field.attname for field in model._meta.concrete_fields]


def canonical_json(value: Any) -> bytes:
    """Sorted keys, no spaces, UTF-8: one value has one spelling."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _canonical(value: Any) -> bytes:
    kind = type(value)  # most are one of these
    if kind is str:
        return b"s" + value.encode()
    if kind is UUID:
        return b"u" + value.bytes
    if kind is bytes:
        return b"x" + value
    match value:
        case bool():
            return b"b1" if value else b"b0"
        case int():
            return b"i%d" % value
        case str():
            return b"s" + value.encode()
        case bytes() | bytearray() | memoryview():
            return b"x" + bytes(value)
        case UUID():
            return b"u" + value.bytes
        case datetime():
            return b"t" + value.astimezone(UTC).isoformat(timespec="microseconds").encode()
        case date():
            return b"d" + value.isoformat().encode()
        case Decimal():
            return b"n" + format(value.normalize(), "f").encode()
        case list() | dict() | tuple():
            return b"j" + canonical_json(value)
    raise TypeError(f"no canonical form for {type(value).__name__}")
