"""The digest of a row as it is stored: what an event pins and what the verifier compares."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db.models import Model


def row_digest(model: type[Model], values: Iterable[Any]) -> bytes:
    """SHA-256 over label, column names and `values`, which come in the order of `columns(model)`.

    Sealed columns enter as ciphertext, so the digest says nothing about anybody. Empty (NULL) columns
    are left out: one that a later version adds changes no digest of a row written before.
    """
    digest = sha256(model._meta.label.encode())
    filled = zip(columns(model), values, strict=True)
    for column, value in sorted((column, value) for column, value in filled if value is not None):
        for part in (column.encode(), _canonical(value)):
            digest.update(len(part).to_bytes(4) + part)
    return digest.digest()


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
