"""Places in the log on PostgreSQL: given after the commit, to every event once, in order."""

import json

import pytest
from django.db import IntegrityError, connection, connections, transaction

from accounts.models import User
from audit import guards, sequencer, trail
from audit.models import Event, LogState, Pending
from audit.selectors import events
from audit.verbs import Verb
from core.ids import uuid7
from tests.databases import run_beside

COLUMNS = [f.attname for f in Pending._meta.concrete_fields if not f.primary_key]

needs_postgresql = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="on SQLite nothing is ever pending"
)


@pytest.mark.parametrize("beside", ["beside", "within"])
def test_every_event_of_many_writers_gets_one_place(
    own_databases: dict[str, str], beside: str
) -> None:
    done = run_beside("audit.sequencing", beside, "6", databases=own_databases)
    told = json.loads(done.stdout)
    assert told["pending"] == 0
    assert told["seqs"] == list(range(told["size"])) and told["size"] >= 240
    assert told["in_order"] and told["signed_in_order"]
    assert told["signed"] == told["size"]


@pytest.mark.django_db
def test_who_reads_the_log_finds_what_was_recorded() -> None:
    with transaction.atomic():
        event = trail.record(Verb.LOG_VERIFIED, by=None)
        assert (event.seq is None) == sequencer.waits()
        assert events().get(id=event.id).seq == sequencer.sequenced(event).seq


@pytest.fixture
def pending(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Pending:
    """An event that was committed and has no place yet."""
    monkeypatch.setattr(sequencer, "sequence_soon", lambda: None)
    trail.record(Verb.LOG_VERIFIED, by=None, reason="waits")
    return Pending.objects.get()


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_pending_event_is_neither_changed_nor_removed_nor_repeated(pending: Pending) -> None:
    columns = {name: getattr(pending, name) for name in COLUMNS}
    statements = [
        ("UPDATE audit_pending SET outcome = 'denied'", []),
        ("DELETE FROM audit_pending", []),
        ("TRUNCATE audit_pending", []),
    ]
    for statement, values in statements:
        with pytest.raises(IntegrityError), connection.cursor() as cursor:
            cursor.execute(statement, values)
    with pytest.raises(IntegrityError):
        Pending.objects.create(**columns)
    sequencer.sequence()
    assert not Pending.objects.exists()
    with pytest.raises(IntegrityError):
        Pending.objects.create(**columns)  # it stands in the log already
    assert Event.objects.filter(id=pending.id).count() == 1


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_an_event_whose_place_is_being_given_is_not_taken_twice(pending: Pending) -> None:
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [sequencer.LOCK])
        sequencer._take_turns(wait=False)  # returns at once: somebody is at it
        assert Pending.objects.exists() and not Event.objects.filter(id=pending.id).exists()
        cursor.execute("ROLLBACK")
    other.close()
    sequencer._take_turns(wait=False)
    assert Event.objects.get(id=pending.id).seq == LogState.objects.get().size - 1


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_batch_that_breaks_off_leaves_all_pending(pending: Pending) -> None:
    """Its last statement fails, which writes how far the tree goes."""
    size = LogState.objects.get().size
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE audit_logstate ADD CONSTRAINT stuck CHECK (size <= {size})")
    try:
        with pytest.raises(IntegrityError, match="stuck"):
            sequencer.sequence()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_logstate DROP CONSTRAINT stuck")
    assert Pending.objects.exists() and LogState.objects.get().size == size
    sequencer.sequence()
    assert LogState.objects.get().size == size + 1 and not guards.missing()


@needs_postgresql
@pytest.mark.django_db
def test_a_row_needs_an_event_of_its_own_transaction(alena: User, case) -> None:  # type: ignore[no-untyped-def]
    """One that has its place already, and named the row before, opens nothing."""
    event = Event.objects.get(object=case.pk, revision=1)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO cases_case SELECT (jsonb_populate_record(c, %s)).* FROM cases_case c",
            [f'{{"id": "{uuid7()}", "last_event": "{event.id}"}}'],
        )
