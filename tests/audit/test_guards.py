"""The database refuses what goes past the application, on each of the two engines."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction

from accounts.models import User
from audit import guards, signing, trail
from audit.models import Checkpoint, Event, EventCase, LogState, TrackedModel
from audit.verbs import Verb
from cases.models import Case
from config.startup import refuse_unless_ready
from core.ids import uuid7

pytestmark = pytest.mark.django_db

LOG = [Event, EventCase, Checkpoint]
TRACKED = guards.tracked_models()
HISTORY = [model.history.model for model in TRACKED]
TABLES = [*LOG, *TRACKED, *HISTORY]  # walked inside tests: filling them is what takes time
only_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="a road that PostgreSQL alone has"
)


@pytest.fixture(autouse=True)
def rows(world: dict[str, list[TrackedModel]]) -> None:
    signing.checkpoint()
    nothing_pending()


def nothing_pending() -> None:
    """PostgreSQL alters and empties no table while checks of this transaction are put off."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


TAKEN = "|duplicate key"  # what PostgreSQL says of its own accord


@contextmanager
def refused(words: str = "") -> Iterator[None]:
    """What is done inside is refused by the database, in our words."""
    with pytest.raises(DatabaseError, match=f"Tutela: {words}"), transaction.atomic():
        yield


def column(model: type[models.Model]) -> str:
    """Some column that is not the key."""
    return next(f.column for f in model._meta.concrete_fields if not f.primary_key)


def copy_statement(model: type[models.Model], verb: str) -> str:
    """A statement that puts a row into the table once more, under the same key."""
    names = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
    table = model._meta.db_table
    return f"{verb} INTO {table} ({names}) SELECT {names} FROM {table} LIMIT 1"


def test_every_row_of_a_person_is_tracked() -> None:
    assert {"cases.Case", "cases.Person", "cases.Consent", "assistance.Assistance"} <= {
        model._meta.label for model in TRACKED
    }
    assert guards.missing() == []


def test_raw_update_is_refused(raw_sql: Callable[..., int]) -> None:
    for model in TABLES:
        name = column(model)
        with refused():
            raw_sql(f'UPDATE {model._meta.db_table} SET "{name}" = "{name}"')


def test_raw_delete_is_refused(raw_sql: Callable[..., int]) -> None:
    for model in TABLES:
        count = model._default_manager.count()
        with refused():
            raw_sql(f"DELETE FROM {model._meta.db_table}")
        assert model._default_manager.count() == count > 0


def test_raw_insert_under_a_key_in_use_is_refused(raw_sql: Callable[..., int]) -> None:
    for model in TABLES:
        with refused(TAKEN):
            raw_sql(copy_statement(model, "INSERT"))


def test_replacing_is_refused(raw_sql: Callable[..., int]) -> None:
    for model in TABLES:
        if connection.vendor == "sqlite":
            with refused():
                raw_sql(copy_statement(model, "INSERT OR REPLACE"))
            with refused():
                raw_sql(copy_statement(model, "REPLACE"))
        else:
            name, key = column(model), model._meta.pk.column
            rest = f' ON CONFLICT ("{key}") DO UPDATE SET "{name}" = EXCLUDED."{name}"'
            with refused():
                raw_sql(copy_statement(model, "INSERT") + rest)


def test_replacing_is_refused_on_a_connection_without_our_settings() -> None:
    """SQLite fires delete triggers for a REPLACE only where recursive triggers are switched on."""
    if connection.vendor != "sqlite":
        pytest.skip("SQLite alone has REPLACE")
    for model in TABLES:
        bare = sqlite3.connect(":memory:")
        bare.executescript("\n".join(connection.connection.iterdump()))
        assert bare.execute("PRAGMA recursive_triggers").fetchone() == (0,)
        with pytest.raises(sqlite3.IntegrityError, match="Tutela: "):
            bare.execute(copy_statement(model, "INSERT OR REPLACE"))
        bare.close()


def test_the_orm_past_the_services_is_refused() -> None:
    for model in TABLES:
        objects, row = model._default_manager, model._default_manager.first()
        name = model._meta.get_field(_attribute(model)).name
        with refused():
            objects.update(**{name: getattr(row, name)})
        with refused():
            objects.bulk_update([row], [name])
        with refused():
            objects.filter(pk=row.pk)._raw_delete(using="default")
        if model is User:  # its own way goes through the trail: tests/accounts/test_saves.py
            continue
        with refused():
            row.save()


def _attribute(model: type[models.Model]) -> str:
    return next(
        field.name
        for field in model._meta.concrete_fields
        if not field.primary_key and not field.is_relation
    )


def test_the_orm_cannot_delete_a_tracked_row() -> None:
    for model in TRACKED:
        with pytest.raises((DatabaseError, models.ProtectedError)), transaction.atomic():
            model._default_manager.all().delete()
        with pytest.raises((DatabaseError, models.ProtectedError)), transaction.atomic():
            model._default_manager.first().delete()


def test_a_new_row_without_its_event_is_refused() -> None:
    for model in TRACKED:
        row = model._default_manager.first()
        row.pk, row.last_event, row.revision = uuid7(), uuid7(), 1
        for field in model._meta.concrete_fields:
            if field.unique and not field.primary_key:
                setattr(row, field.attname, _another(getattr(row, field.attname)))
        with refused():
            model._default_manager.bulk_create([row])
        # An event of another row, or of another revision, is not its event.
        row.last_event = Event.objects.filter(object_type=model._meta.label)[0].id
        with refused():
            model._default_manager.bulk_create([row])


def _another(value: object) -> object:
    if value is None:  # as often as one likes
        return None
    if isinstance(value, UUID):
        return uuid7()
    return value + 1000 if isinstance(value, int) else f"{value}x"[-18:]


def test_a_change_under_an_event_already_used_is_refused() -> None:
    for model in TRACKED:
        row = model._default_manager.order_by("-revision").first()
        old = Event.objects.get(object=row.pk, revision=1)
        with refused("a row needs its event"):
            model._default_manager.filter(pk=row.pk).update(last_event=old.id, revision=1)
        with refused("a row needs its event"):
            model._default_manager.filter(pk=row.pk).update(revision=row.revision + 1)
        with refused("a row needs its event"):
            model._default_manager.filter(pk=row.pk).update(revision=row.revision)


def test_a_version_that_never_was_is_not_taken_into_history() -> None:
    for model in TRACKED:
        history = model.history.model
        version = history._default_manager.first()
        version.pk, version.revision = None, 77
        with refused():
            version.save()
        version.pk, version.id, version.revision = None, uuid7(), 1
        with refused():
            version.save()


def test_the_log_takes_no_second_event_under_a_position_or_identifier(case: Case) -> None:
    event = Event.objects.order_by("seq")[3]
    event.verb = "signed_in"
    event.object = event.revision = None
    original = event.id
    for seq, id_ in ((event.seq, uuid7()), (LogState.objects.get().size, original)):
        event.seq, event.id = seq, id_
        with refused(TAKEN):
            Event.objects.bulk_create([event])
        if connection.vendor == "sqlite":
            with refused():
                _replace(event)


def _replace(event: Event) -> None:
    names = "seq, id, at, session, verb, outcome, object_type, entry"
    values = [event.seq, event.id.hex, event.at, "", event.verb, "ok", "", bytes(event.entry)]
    with connection.cursor() as cursor:
        marks = ", ".join(["%s"] * len(values))
        cursor.execute(f"INSERT OR REPLACE INTO audit_event ({names}) VALUES ({marks})", values)


@only_postgresql
def test_truncate_is_refused(raw_sql: Callable[..., int]) -> None:
    for model in TABLES:
        with refused():
            raw_sql(f"TRUNCATE {model._meta.db_table} CASCADE")


@only_postgresql
def test_a_temporary_table_does_not_stand_in_for_the_log(
    case: Case, raw_sql: Callable[..., int]
) -> None:
    """Names without a schema find a session's temporary tables first, also inside triggers."""
    raw_sql("CREATE TEMPORARY TABLE audit_event (LIKE public.audit_event)")
    event, row = uuid7(), case.pk
    raw_sql(
        "INSERT INTO pg_temp.audit_event (seq, id, at, session, verb, outcome, object_type,"
        " object, revision, entry) VALUES (1, %s, now(), '', 'x', 'ok', '', %s, 9, '')",
        event,
        row,
    )
    raw_sql("UPDATE pg_temp.audit_event SET revision = %s", case.revision + 1)
    change = "UPDATE cases_case SET revision = revision + 1, last_event = %s WHERE id = %s"
    with refused():
        raw_sql(change, event, row)


def wanted() -> list[tuple[str, str]]:
    return [(name, table) for name, table, _statements in guards._wanted(connection)]


def drop(name: str, table: str) -> str:
    on = "" if connection.vendor == "sqlite" else f" ON {table}"
    return f"DROP TRIGGER {name}{on}"


def test_each_dropped_guard_is_named(raw_sql: Callable[..., int]) -> None:
    assert len(wanted()) > 60
    for name, table in wanted():
        with transaction.atomic():
            raw_sql(drop(name, table))
            assert guards.missing() == [name]
            transaction.set_rollback(True)
    assert guards.missing() == []


def test_an_altered_guard_is_named(raw_sql: Callable[..., int]) -> None:
    name, table = "tutela_cases_person_before_update", "cases_person"
    if connection.vendor == "sqlite":
        raw_sql(drop(name, table))
        raw_sql(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW WHEN 1=0"
            " BEGIN SELECT RAISE(ABORT, 'Tutela: a row needs its event'); END"
        )
    else:
        raw_sql(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RETURN NEW; END $$"
        )
    assert guards.missing() == [name]


@only_postgresql
@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE cases_person DISABLE TRIGGER {name}",
        "ALTER TABLE cases_person ENABLE REPLICA TRIGGER {name}",
        "DROP TRIGGER {name} ON cases_person; CREATE TRIGGER {name} BEFORE UPDATE ON cases_person"
        " FOR EACH ROW WHEN (false) EXECUTE FUNCTION {name}()",
        "DROP TRIGGER {name} ON cases_person; CREATE TRIGGER {name} BEFORE UPDATE OF role"
        " ON cases_person FOR EACH ROW EXECUTE FUNCTION {name}()",
        "DROP TRIGGER {name} ON cases_person; CREATE TRIGGER {name} BEFORE UPDATE ON accounts_user"
        " FOR EACH ROW EXECUTE FUNCTION {name}()",
    ],
)
def test_a_guard_that_no_longer_fires_is_named(change: str, raw_sql: Callable[..., int]) -> None:
    name = "tutela_cases_person_before_update"
    raw_sql(change.format(name=name))
    assert guards.missing() == [name]


def test_a_start_is_refused_while_a_guard_is_missing(raw_sql: Callable[..., int]) -> None:
    raw_sql(drop("tutela_audit_event_before_delete", "audit_event"))
    with pytest.raises(ImproperlyConfigured) as caught:
        refuse_unless_ready(serve=False)
    assert "tutela_audit_event_before_delete" in str(caught.value)
    assert "manage.py migrate" in str(caught.value)


def test_migrate_puts_missing_guards_back(raw_sql: Callable[..., int]) -> None:
    raw_sql(drop("tutela_audit_event_before_delete", "audit_event"))
    call_command("migrate", verbosity=0)
    assert guards.missing() == []


def test_installing_again_changes_nothing() -> None:
    guards.install()
    assert guards.missing() == []


def test_the_guards_do_not_stand_in_the_way_of_the_application(alena: User, case: Case) -> None:
    case.status = "FollowUp"
    trail.save(case, verb=Verb.CASE_CHANGED, by=alena)
    assert Case.objects.get(pk=case.pk).status == "FollowUp"
