"""Reading whole tables that somebody may have tampered with, as of one moment."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import Model, QuerySet

from audit.models import Pending
from audit.sequencer import sequence

CHUNK = 2_000  # rows
ATTEMPTS, PAUSE = 100, 0.05  # seconds between attempts to find a moment in which no event waits
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


@contextmanager
def settled_moment() -> Iterator[bool]:
    """One moment in which every event has its place in the log, so that it tells of every row.

    Where many write at once it is waited for, for a while; gives whether it came.
    """
    for _attempt in range(ATTEMPTS):
        sequence()
        with one_moment():
            if not Pending.objects.exists():
                yield True
                return
        time.sleep(PAUSE)
    with one_moment():
        yield False


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


# --- The log, as it is stored -------------------------------------------------------------

# Raw, since what is in the columns may be anything by now, and the models would choke on it. Times are
# spelled as in entries; UUIDs as the database spells them, see `stored_ids`.
_TIMES = {
    "sqlite": "CASE typeof(at) WHEN 'text' THEN replace(at, ' ', 'T') ||"
    " CASE length(at) WHEN 19 THEN '.000000' ELSE '' END || '+00:00' END",
    "postgresql": """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')""",
}
_TEXT = {"sqlite": "{}", "postgresql": "CAST({} AS text)"}


class StoredEvents(NamedTuple):
    """Events as they are stored, each column with its values. Only `seq` is sure to be of its type."""

    seq: Sequence[int]
    entry: Sequence[Any]
    id: Sequence[Any]
    at: Sequence[Any]
    actor: Sequence[Any]
    session: Sequence[Any]
    verb: Sequence[Any]
    outcome: Sequence[Any]
    object_type: Sequence[Any]
    object: Sequence[Any]
    revision: Sequence[Any]


def stored_events(start: int, count: int) -> Iterator[StoredEvents]:
    """The log from `start` on, `count` events at a time."""
    as_text = _TEXT[connection.vendor].format
    columns = (
        *("seq", "entry", as_text("id"), _TIMES[connection.vendor], as_text("actor"), "session"),
        *("verb", "outcome", "object_type", as_text("object"), "revision"),
    )
    query = f"SELECT {', '.join(columns)} FROM audit_event WHERE seq >= %s ORDER BY seq"
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, [start])
        while rows := cursor.fetchmany(count):
            yield StoredEvents(*zip(*rows, strict=True))


def stored_links(start: int) -> Iterator[tuple[Any, Any]]:
    """(seq, case) of every event from `start` on and every case that stands beside it, by seq."""
    case = _TEXT[connection.vendor].format('"case"')
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            f"SELECT seq, {case} FROM audit_eventcase WHERE seq >= %s ORDER BY seq", [start]
        )
        while rows := cursor.fetchmany(CHUNK):
            yield from rows


def stored_ids(ids: Sequence[str]) -> list[str]:
    """UUIDs as entries spell them, in the spelling of the database."""
    if connection.vendor == "postgresql":
        return list(ids)
    return "\n".join(ids).replace("-", "").split("\n")
