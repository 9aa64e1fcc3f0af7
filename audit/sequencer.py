"""Where events get their place in the log: one after another, whoever wrote them.

On SQLite, which has one writer at a time, that is within the transaction that records the event. On
PostgreSQL many write at once, and none waits for the end of the log: an event is committed as pending,
and right afterwards one process, whichever comes first, moves what is pending into the log.
"""

import logging
from collections.abc import Sequence
from threading import Event as Bell
from threading import Thread
from time import sleep
from uuid import UUID

import msgspec
from django.db import DatabaseError, connection, connections, transaction

from audit import writing
from audit.merkle import Frontier, leaf_hash
from audit.models import Event, EventCase, Pending, TrackedModel

BATCH = 1_000  # events that get their place in one transaction
ROUNDS = 20  # batches one process takes for others after its own commit
LINGER = 0.02  # seconds to wait for more: many events in one go cost little more than one
LOCK = 0x5475_7465_6C61  # the advisory lock of whoever is at it
ORDER = 0x5475_7465_6C62  # the advisory lock of events whose order matters
SIGNED = 2**63  # PostgreSQL's numbers of locks go from minus this

log = logging.getLogger(__name__)
_bell: Bell | None = None  # rung after each commit, where a thread of this process listens

COLUMNS = [str(field.column) for field in writing.fields(Pending)]
ENTRY = COLUMNS.index("entry")
NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
# The oldest pending events go into the log, within the server. `taken` is read before anything of it is
# written; each event is removed after it was placed, as its guard demands. Comes back: where the tree
# ended, and the hashes of its new leaves (RFC 9162, section 2.1.1); nothing when nothing was pending.
PLACE = f"""
    WITH taken AS (
        SELECT s.size + row_number() OVER (ORDER BY p.position) - 1 AS seq, p.*
        FROM audit_pending p, audit_logstate s WHERE s.id = 1 ORDER BY p.position LIMIT {BATCH}
    ), placed AS (
        INSERT INTO audit_event (seq, {NAMES}) SELECT seq, {NAMES} FROM taken
        RETURNING seq, id, entry
    ), linked AS (
        INSERT INTO audit_eventcase (seq, "case") SELECT seq, named::uuid FROM placed,
        json_array_elements_text(convert_from(entry, 'UTF8')::json -> 'cases') AS named
    ), removed AS (
        DELETE FROM audit_pending WHERE id = ANY (ARRAY(SELECT id FROM placed))
    )
    SELECT s.size, s.frontier, array_agg(sha256('\\x00'::bytea || entry) ORDER BY seq)
    FROM placed, audit_logstate s WHERE s.id = 1 GROUP BY s.id
"""


class _Named(msgspec.Struct):
    cases: list[UUID]


def waits() -> bool:
    """Do events of this database get their place only after their commit?"""
    return connection.vendor != "sqlite"


def take(events: Sequence[Event], changed: TrackedModel | None = None) -> None:
    """Write new events; on SQLite with their `seq`, within a transaction of the caller's.

    `changed` is a row that the one event is about: it is written with it. PostgreSQL does both in one
    statement, which is a transaction unless the caller has one.
    """
    rows = [writing.values(event, Pending) for event in events]
    if not waits():
        for seq, event in enumerate(events, start=_extend(rows)):
            event.seq = seq
        if changed is not None:
            writing.update(changed)
    elif changed is not None:
        writing.insert_and_update(Pending._meta.db_table, COLUMNS, rows[0], changed)
    else:
        writing.insert(Pending._meta.db_table, COLUMNS, rows)


def hold_order(*, shared: bool) -> None:
    """Until the transaction ends nobody who asks for it alone comes between, nor others meanwhile.

    For an event that must not follow another's: what is looked up after this still holds when the
    event stands. On SQLite a transaction is alone anyway.
    """
    if waits():
        function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [ORDER])


def hold_person(person: UUID) -> None:
    """Until the transaction ends, nobody else comes between who counts the acts of this person.

    On SQLite a transaction is alone anyway.
    """
    if waits():
        with connection.cursor() as cursor:
            number = person.int % (2 * SIGNED) - SIGNED
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _extend(rows: Sequence[writing.Row]) -> int:
    """On SQLite: put events at the end of the log and its tree. Returns the place of the first."""
    # Nobody else is here: there is one writer at a time.
    with connection.cursor() as cursor:
        cursor.execute("SELECT size, frontier FROM audit_logstate WHERE id = 1")
        first, packed = cursor.fetchone()
    frontier, links = Frontier.from_bytes(first, bytes(packed)), []
    case_value = EventCase._meta.get_field("case").get_db_prep_save
    for seq, row in enumerate(rows, start=first):
        entry = bytes(row[ENTRY])
        frontier.append(leaf_hash(entry))
        cases = msgspec.json.decode(entry, type=_Named).cases
        links += [(seq, case_value(case, connection)) for case in cases]
    placed = [(seq, *row) for seq, row in enumerate(rows, start=first)]
    writing.insert("audit_event", ["seq", *COLUMNS], placed)
    writing.insert("audit_eventcase", ["seq", "case"], links)
    _keep(frontier)
    return int(first)


def _keep(frontier: Frontier) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_logstate SET size = %s, frontier = %s WHERE id = 1",
            [frontier.size, frontier.to_bytes()],
        )


def sequence() -> None:
    """Give every committed event its place, waiting for who is at it. Who reads the log calls this."""
    if waits() and Pending.objects.exists():
        _take_turns(wait=True)


def sequence_soon() -> None:
    """The same after a commit, not waiting: beside the pages, or here where nothing runs beside."""
    if _bell:
        _bell.set()
    else:
        _try_turns()


def run_beside() -> None:
    """Give events their places in a thread of this process, so that no request waits for it."""
    global _bell
    if waits() and _bell is None:
        _bell = Bell()
        Thread(target=_listen, args=[_bell], name="sequencer", daemon=True).start()


def _listen(bell: Bell) -> None:
    while bell.wait():
        sleep(LINGER)
        bell.clear()
        _try_turns()


def _try_turns() -> None:
    """What was done is recorded already; should this fail, the next one takes it along."""
    try:
        _take_turns(wait=False)
    except DatabaseError:
        log.exception("events wait for their place in the log; the next one tries again")
        if _bell:
            connections.close_all()


def sequenced(event: Event) -> Event:
    """The event with its place in the log."""
    if event.seq is None:
        sequence()
        event.seq = Event.objects.values_list("seq", flat=True).get(id=event.id)
    return event


def _take_turns(*, wait: bool) -> None:
    # Who holds the lock looks once more after letting go of it. So nothing is left behind that was
    # committed before somebody else was turned away.
    for _round in range(ROUNDS):
        with transaction.atomic():
            if not _locked(wait=wait):
                return
            _take_batch()
        if not Pending.objects.exists():
            return


def _locked(*, wait: bool) -> bool:
    # The disk is not waited for: a crash leaves the events pending, as they were. What is signed
    # waits for it (audit/signing.py).
    lock = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(%s), set_config('synchronous_commit', 'off', true)", [LOCK])
        return wait or bool(cursor.fetchone()[0])


def _take_batch() -> None:
    """Move the oldest pending events into the log.

    Of two events of one row the later was written after the commit of the earlier, so it stands behind
    it here.
    """
    with connection.cursor() as cursor:
        cursor.execute(PLACE)
        if placed := cursor.fetchone():
            size, packed, leaves = placed
            frontier = Frontier.from_bytes(size, bytes(packed))
            for leaf in leaves:
                frontier.append(leaf)
            _keep(frontier)
