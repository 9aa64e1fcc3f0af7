"""Reading whole tables that somebody may have tampered with, as of one moment."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import Model, QuerySet

CHUNK = 2_000  # rows
# What a value that is not of its column's type can raise on its way out of the database.
UNREADABLE = (ValueError, TypeError, ArithmeticError, AttributeError, DatabaseError)

Made = TypeVar("Made")


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything read inside is as of one moment, while others go on writing.

    Inside a transaction of the caller's, the caller has chosen the moment.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")  # atomic() would begin IMMEDIATE and keep writers out
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield


def exported_snapshot() -> str:
    """Names the moment of this PostgreSQL transaction, for a program that reads as of the same one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        return str(cursor.fetchone()[0])


def each(
    rows: "QuerySet[Any, Any]", make: Callable[[Any], Made]
) -> Iterator[tuple[int, Made | None]]:
    """(position, make(row)) for each row of an ordered query; None for one that cannot be read."""
    done = 0
    while True:
        try:
            for row in rows[done:].iterator(chunk_size=CHUNK):
                made = make(row)
                done += 1
                yield done - 1, made
            return
        except UNREADABLE:
            done = yield from _up_to_the_bad_one(rows, make, done)


def _up_to_the_bad_one(
    rows: "QuerySet[Any, Any]", make: Callable[[Any], Made], start: int
) -> Generator[tuple[int, Made | None], None, int]:
    """Row by row, since a database refuses the whole batch an unreadable row is in."""
    for position in range(start, start + CHUNK):
        try:
            found = list(rows[position : position + 1])
            made = make(found[0]) if found else None
        except UNREADABLE:
            yield position, None
            return position + 1
        if not found:
            return position
        yield position, made
    return start + CHUNK


def raw_id(table: type[Model], position: int) -> str:
    """The identifier of the row at this position in key order, as it is stored."""
    meta = table._meta
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT CAST(id AS varchar(36)) FROM {meta.db_table} ORDER BY {meta.pk.column}"
            " LIMIT 1 OFFSET %s",
            [position],
        )
        text = str(cursor.fetchone()[0])
    try:
        return str(UUID(text))
    except ValueError:
        return f"at position {position}"
