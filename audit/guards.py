"""Triggers: the database itself refuses a write without its event, and copies each version.

For every tracked table: a row comes or changes only together with an event that names this row and
this revision, it is never deleted, and the version is copied into its history table. For the log and
the history tables: nothing in them is ever changed or removed.
"""

from collections.abc import Callable, Iterator

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.models import Checkpoint, Event, EventCase, TrackedModel

PREFIX = "tutela_"

Trigger = tuple[str, str, list[str]]  # its name, its table, the statements that create it
Maker = Callable[[str, str, str, str | None, str], Trigger]


def tracked_models() -> list[type[TrackedModel]]:
    """Every model whose rows are written with an event."""
    return [model for model in apps.get_models() if issubclass(model, TrackedModel)]


def install(using: str = "default") -> None:
    """Put every trigger in place, replacing what is there."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for name, table, statements in _wanted(connection):
            cursor.execute(_drop(connection, name, table))
            for statement in statements:
                cursor.execute(statement)


def remove(using: str = "default") -> None:
    """Take every trigger away, before a migration that rebuilds tables."""
    connection = connections[using]
    with connection.cursor() as cursor:
        present = _present(connection)
        for name, table, _statements in _wanted(connection):
            if name in present:
                cursor.execute(_drop(connection, name, table))


def missing(using: str = "default") -> list[str]:
    """Names of triggers that are not there, or not as they should be."""
    connection = connections[using]
    present = _present(connection)
    return [
        name
        for name, _table, statements in _wanted(connection)
        if _plain(present.get(name, "")) != _plain(_body(connection, statements))
    ]


def _wanted(connection: BaseDatabaseWrapper) -> Iterator[Trigger]:
    """(trigger name, table, statements that create it)."""
    make = _sqlite_trigger if connection.vendor == "sqlite" else _postgresql_trigger
    for table in (Event._meta.db_table, EventCase._meta.db_table, Checkpoint._meta.db_table):
        for when in ("UPDATE", "DELETE"):
            yield make(table, "BEFORE", when, "1=1", "the log is never changed")
    yield make(
        Event._meta.db_table,
        "BEFORE",
        "INSERT",
        "EXISTS (SELECT 1 FROM audit_event e WHERE e.seq = NEW.seq OR e.id = NEW.id"
        " OR (e.object = NEW.object AND e.revision = NEW.revision))",
        "the log is never changed",
    )
    for model in tracked_models():
        yield from _guards_of(make, model)


def _guards_of(make: Maker, model: type[TrackedModel]) -> Iterator[Trigger]:
    table = model._meta.db_table
    history = model.history.model._meta.db_table
    event = (
        "NOT EXISTS (SELECT 1 FROM audit_event e WHERE e.id = NEW.last_event"
        " AND e.object = NEW.id AND e.revision = NEW.revision)"
    )
    yield make(
        table,
        "BEFORE",
        "INSERT",
        f"{event} OR NEW.revision <> 1 OR EXISTS (SELECT 1 FROM {table} t WHERE t.id = NEW.id)",
        "a row needs its event",
    )
    yield make(
        table,
        "BEFORE",
        "UPDATE",
        f"{event} OR NEW.id <> OLD.id OR NEW.revision <> OLD.revision + 1",
        "a row needs its event",
    )
    yield make(table, "BEFORE", "DELETE", "1=1", "a row is erased, never deleted")
    for when in ("UPDATE", "DELETE"):
        yield make(history, "BEFORE", when, "1=1", "history is never changed")
    for when, kind in (("INSERT", "+"), ("UPDATE", "~")):
        yield make(table, "AFTER", when, None, _copy(model, history, kind))


def _copy(model: type[TrackedModel], history: str, kind: str) -> str:
    """The statement that copies a row into its history; actor and reason come from its event."""
    names = [f'"{field.column}"' for field in model._meta.concrete_fields]
    fields = ", ".join(names)
    values = ", ".join(f"NEW.{name}" for name in names)
    return (
        f"INSERT INTO {history} ({fields}, history_date, history_change_reason, history_type,"
        f" history_user_id) SELECT {values}, e.at, e.verb, '{kind}', e.actor"
        " FROM audit_event e WHERE e.id = NEW.last_event"
    )


def _name(table: str, time: str, when: str) -> str:
    return f"{PREFIX}{table}_{time.lower()}_{when.lower()}"


def _sqlite_trigger(
    table: str, time: str, when: str, condition: str | None, action: str
) -> Trigger:
    name = _name(table, time, when)
    if condition is None:
        body, guard = action, ""
    else:
        body, guard = f"SELECT RAISE(ABORT, 'Tutela: {action}')", f"WHEN {condition} "
    return (
        name,
        table,
        [f"CREATE TRIGGER {name} {time} {when} ON {table} FOR EACH ROW {guard}BEGIN {body}; END"],
    )


def _postgresql_trigger(
    table: str, time: str, when: str, condition: str | None, action: str
) -> Trigger:
    name = _name(table, time, when)
    if condition is None:
        body = f"{action}; RETURN NULL;"
    else:
        result = "OLD" if when == "DELETE" else "NEW"
        body = (
            f"IF {condition} THEN RAISE EXCEPTION 'Tutela: {action}'"
            f" USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {result};"
        )
    return (
        name,
        table,
        [
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
            f" AS $$ BEGIN {body} END $$",
            f"CREATE TRIGGER {name} {time} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
        ],
    )


def _drop(connection: BaseDatabaseWrapper, name: str, table: str) -> str:
    if connection.vendor == "sqlite":
        return f"DROP TRIGGER IF EXISTS {name}"
    return f"DROP TRIGGER IF EXISTS {name} ON {table}"


def _present(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Trigger name to its text: the whole statement on SQLite, the function's body on PostgreSQL."""
    if connection.vendor == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'"
        )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return dict(cursor.fetchall())


def _body(connection: BaseDatabaseWrapper, statements: list[str]) -> str:
    """What `_present` would say of a trigger made by these statements."""
    if connection.vendor == "sqlite":
        return statements[-1]
    return statements[0].split("$$")[1]


def _plain(text: str) -> str:
    return " ".join(text.split())
