"""Triggers: the database itself refuses a write without its event, and copies each version.

For every tracked table: a row comes or changes only together with an event that names this row and
this revision, it is never deleted, and the version is copied into its history table. For the log and
the history tables: nothing in them is ever changed, replaced or removed, and history takes in nothing
but that copy.
"""

from collections.abc import Callable, Iterator

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.models import Checkpoint, Event, EventCase, Resealing, Tile, TrackedModel

PREFIX = "tutela_"
NEVER = "the log is never changed"

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
    """Every trigger there should be."""
    sqlite = connection.vendor == "sqlite"
    make = _sqlite_trigger if sqlite else _postgresql_trigger
    at = "" if sqlite else f"{_schema(connection)}."
    log, links, resealings, tiles, notes = (
        f"{at}{m._meta.db_table}" for m in (Event, EventCase, Resealing, Tile, Checkpoint)
    )
    replaced = {
        log: f"EXISTS (SELECT 1 FROM {log} e WHERE e.seq = NEW.seq OR e.id = NEW.id"
        " OR (e.object = NEW.object AND e.revision = NEW.revision))",
        links: f"EXISTS (SELECT 1 FROM {links} l WHERE l.id = NEW.id)",
        resealings: f"EXISTS (SELECT 1 FROM {resealings} r WHERE r.id = NEW.id)",
        tiles: f"EXISTS (SELECT 1 FROM {tiles} t WHERE t.id = NEW.id"
        ' OR (t.level = NEW.level AND t."index" = NEW."index"))',
        notes: f"EXISTS (SELECT 1 FROM {notes} c WHERE c.size = NEW.size)",
    }
    for table, condition in replaced.items():
        for when in ("UPDATE", "DELETE"):
            yield make(table, "BEFORE", when, "1=1", NEVER)
        yield make(table, "BEFORE", "INSERT", condition, NEVER)
    for model in tracked_models():
        yield from _guards_of(connection, make, at, model)
    if not sqlite:  # has no TRUNCATE; PostgreSQL fires no other trigger for one
        guarded = [*replaced, *(f"{at}{t}" for m in tracked_models() for t in _tables(m))]
        for table in guarded:
            yield make(table, "BEFORE", "TRUNCATE", "1=1", NEVER)


def _guards_of(
    connection: BaseDatabaseWrapper, make: Maker, at: str, model: type[TrackedModel]
) -> Iterator[Trigger]:
    table, history = (f"{at}{name}" for name in _tables(model))
    event = (
        f"NOT EXISTS (SELECT 1 FROM {at}{Event._meta.db_table} e WHERE e.id = NEW.last_event"
        " AND e.object = NEW.id AND e.revision = NEW.revision)"
    )
    yield make(
        table,
        "BEFORE",
        "INSERT",
        f"{event} OR NEW.revision <> 1 OR EXISTS (SELECT 1 FROM {table} t WHERE t.id = NEW.id)",
        "a row needs its event",
    )
    resealing = _not_a_resealing(connection, at, model)
    yield make(
        table,
        "BEFORE",
        "UPDATE",
        f"({event} OR NEW.id <> OLD.id OR NEW.revision <> OLD.revision + 1) AND ({resealing})",
        "a row needs its event",
    )
    yield make(table, "BEFORE", "DELETE", "1=1", "a row is erased, never deleted")
    others = " OR ".join(
        _differs(connection, column)
        for column in ("history_date", "history_change_reason", "history_type", "history_user_id")
    )
    yield make(
        history,
        "BEFORE",
        "UPDATE",
        f"{resealing} OR NEW.history_id <> OLD.history_id OR {others}",
        NEVER,
    )
    yield make(history, "BEFORE", "DELETE", "1=1", NEVER)
    yield make(
        history,
        "BEFORE",
        "INSERT",
        f"NOT EXISTS (SELECT 1 FROM {table} t WHERE t.id = NEW.id"
        " AND t.revision = NEW.revision AND t.last_event = NEW.last_event)"
        f" OR EXISTS (SELECT 1 FROM {history} h WHERE h.id = NEW.id AND h.revision = NEW.revision)",
        NEVER,
    )
    for when, kind in (("INSERT", "+"), ("UPDATE", "~")):
        yield make(table, "AFTER", when, None, _copy(at, model, history, kind, when))


def _not_a_resealing(connection: BaseDatabaseWrapper, at: str, model: type[TrackedModel]) -> str:
    """True unless an update only seals a version anew, once, by an event that names the version."""
    sealed = {*model.resealable(), "resealed_by"}
    changed = [
        _differs(connection, field.column)
        for field in model._meta.concrete_fields
        if field.attname not in sealed and field.column
    ]
    named = (
        f"EXISTS (SELECT 1 FROM {at}{Resealing._meta.db_table} r"
        f" JOIN {at}{Event._meta.db_table} e ON e.id = r.event"
        " WHERE r.event = NEW.resealed_by AND r.object = NEW.id AND r.revision = NEW.revision)"
    )
    same = "NOT " + _differs(connection, "resealed_by")
    return " OR ".join([*changed, same, f"NOT {named}"])


def _differs(connection: BaseDatabaseWrapper, column: str) -> str:
    """Is this column another one after the update than before? NULL is a value like others here."""
    unlike = "IS NOT" if connection.vendor == "sqlite" else "IS DISTINCT FROM"
    return f'(NEW."{column}" {unlike} OLD."{column}")'


def _tables(model: type[TrackedModel]) -> tuple[str, str]:
    """Names of the table of a tracked model and of its history."""
    return model._meta.db_table, model.history.model._meta.db_table


def _schema(connection: BaseDatabaseWrapper) -> str:
    """Where the tables are. Triggers name it: a session's temporary tables would come first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        return str(cursor.fetchone()[0])


def _copy(at: str, model: type[TrackedModel], history: str, kind: str, when: str) -> str:
    """The statement that copies a row into its history; actor and reason come from its event."""
    # A version that is sealed anew is no new version: the resealing writes its history row, too.
    is_new = "" if when == "INSERT" else " AND NEW.revision <> OLD.revision"
    names = [f'"{field.column}"' for field in model._meta.concrete_fields]
    fields = ", ".join(names)
    values = ", ".join(f"NEW.{name}" for name in names)
    return (
        f"INSERT INTO {history} ({fields}, history_date, history_change_reason, history_type,"
        f" history_user_id) SELECT {values}, e.at, e.verb, '{kind}', e.actor"
        f" FROM {at}{Event._meta.db_table} e WHERE e.id = NEW.last_event{is_new}"
    )


def _name(table: str, time: str, when: str) -> str:
    return f"{PREFIX}{table.split('.')[-1]}_{time.lower()}_{when.lower()}"


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
    each = "STATEMENT" if when == "TRUNCATE" else "ROW"
    if condition is None:
        body = f"{action}; RETURN NULL;"
    else:
        result = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}.get(when, "NULL")
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
            f"CREATE TRIGGER {name} {time} {when} ON {table}"
            f" FOR EACH {each} EXECUTE FUNCTION {name}()",
        ],
    )


def _drop(connection: BaseDatabaseWrapper, name: str, table: str) -> str:
    if connection.vendor == "sqlite":
        return f"DROP TRIGGER IF EXISTS {name}"
    return f"DROP TRIGGER IF EXISTS {name} ON {table}"


def _present(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Trigger name to its text: on PostgreSQL the statement and the body of its function.

    A trigger that is switched off, or fires for replication only, is not there.
    """
    if connection.vendor == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT t.tgname, pg_get_triggerdef(t.oid) || p.prosrc"
            " FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
        )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return dict(cursor.fetchall())


def _body(connection: BaseDatabaseWrapper, statements: list[str]) -> str:
    """What `_present` would say of a trigger made by these statements."""
    if connection.vendor == "sqlite":
        return statements[-1]
    function, trigger = statements
    return trigger + function.split("$$")[1]


def _plain(text: str) -> str:
    return " ".join(text.split())
