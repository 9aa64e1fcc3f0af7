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

from audit.models import (
    Checkpoint,
    Cosignature,
    Event,
    EventCase,
    Pending,
    Recorded,
    Resealing,
    Tile,
    TrackedModel,
    Verification,
)

PREFIX = "tutela_"
NEVER = "the log is never changed"
# Rows of Django that grants point to: what the number of a permission or of a team's group means.
POINTED_TO = ("auth_permission", "auth_group", "django_content_type")
FIXED = "what grants point to is never changed"

# What upper applications keep in step with a table: (model, "INSERT" or "UPDATE", at=, sqlite=) to the
# statements that follow the copy of a version.
FOLLOWING: list[Callable[..., Iterator[str]]] = []

Trigger = tuple[str, str, list[str]]  # its name, its table, the statements that create it
Maker = Callable[..., Trigger]


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
    log, pending, links, resealings, tiles, notes, cosigned, verified = (
        f"{at}{model._meta.db_table}"
        for model in (
            *(Event, Pending, EventCase, Resealing),
            *(Tile, Checkpoint, Cosignature, Verification),
        )
    )
    replaced = {
        log: f"EXISTS (SELECT 1 FROM {log} e WHERE e.seq = NEW.seq OR e.id = NEW.id"
        " OR (e.object = NEW.object AND e.revision = NEW.revision))",
        pending: f"EXISTS (SELECT 1 FROM {log} e WHERE e.id = NEW.id) OR EXISTS (SELECT 1"
        f" FROM {log} e WHERE e.object = NEW.object AND e.revision = NEW.revision)"
        f" OR EXISTS (SELECT 1 FROM {pending} p WHERE p.position = NEW.position)",
        links: f"EXISTS (SELECT 1 FROM {links} l WHERE l.id = NEW.id)",
        resealings: f"EXISTS (SELECT 1 FROM {resealings} r WHERE r.id = NEW.id)",
        tiles: f"EXISTS (SELECT 1 FROM {tiles} t WHERE t.id = NEW.id"
        ' OR (t.level = NEW.level AND t."index" = NEW."index"))',
        notes: f"EXISTS (SELECT 1 FROM {notes} c WHERE c.size = NEW.size)",
        cosigned: f"EXISTS (SELECT 1 FROM {cosigned} c WHERE c.id = NEW.id)",
        verified: f"EXISTS (SELECT 1 FROM {verified} v WHERE v.id = NEW.id)",
    }
    for table, condition in replaced.items():
        if sqlite or table == pending:  # PostgreSQL replaces nothing but by an update
            yield make(table, "BEFORE", "INSERT", condition, NEVER)
        yield make(table, "BEFORE", "UPDATE", "1=1", NEVER)
        in_log = f"EXISTS (SELECT 1 FROM {log} e WHERE e.id = OLD.id AND e.entry = OLD.entry)"
        removed = f"NOT {in_log}" if table == pending else "1=1"
        yield make(table, "BEFORE", "DELETE", removed, NEVER)
    for model in tracked_models():
        yield from _guards_of(connection, make, at, model)
    for table in POINTED_TO:
        for when in ("UPDATE", "DELETE"):
            yield make(f"{at}{table}", "BEFORE", when, "1=1", FIXED)
    if not sqlite:  # has no TRUNCATE; PostgreSQL fires no other trigger for one
        guarded = [*replaced, *(f"{at}{t}" for m in tracked_models() for t in _tables(m))]
        for table in (*guarded, *(f"{at}{table}" for table in POINTED_TO)):
            yield make(table, "BEFORE", "TRUNCATE", "1=1", NEVER)


def _guards_of(
    connection: BaseDatabaseWrapper, make: Maker, at: str, model: type[TrackedModel]
) -> Iterator[Trigger]:
    table, history = (f"{at}{name}" for name in _tables(model))
    event = (
        f"NOT EXISTS (SELECT 1 FROM {at}{_of_now(connection)} e WHERE e.id = NEW.last_event"
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
        f"{event} OR NEW.id <> OLD.id OR NEW.revision <> OLD.revision + 1",
        "a row needs its event",
        also=resealing,
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
    yield make(history, "BEFORE", "INSERT", _not_the_copy(connection, table, history), NEVER)
    for when, kind in (("INSERT", "+"), ("UPDATE", "~")):
        sqlite = connection.vendor == "sqlite"
        actions = [_copy(connection, at, model, history, kind, when)]
        for following in FOLLOWING:
            actions += following(model, when, at=at, sqlite=sqlite)
        yield make(table, "AFTER", when, None, "; ".join(actions))


def _not_the_copy(connection: BaseDatabaseWrapper, table: str, history: str) -> str:
    """True unless a version comes into the history by the trigger of its row."""
    if connection.vendor != "sqlite":
        return "pg_trigger_depth() < 2"
    return (
        f"NOT EXISTS (SELECT 1 FROM {table} t WHERE t.id = NEW.id"
        " AND t.revision = NEW.revision AND t.last_event = NEW.last_event)"
        f" OR EXISTS (SELECT 1 FROM {history} h WHERE h.id = NEW.id AND h.revision = NEW.revision)"
    )


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
        f" JOIN {at}{_of_now(connection)} e ON e.id = r.event"
        " WHERE r.event = NEW.resealed_by AND r.object = NEW.id AND r.revision = NEW.revision)"
    )
    same = "NOT " + _differs(connection, "resealed_by")
    return " OR ".join([*changed, same, f"NOT {named}"])


def _differs(connection: BaseDatabaseWrapper, column: str) -> str:
    """Is this column another one after the update than before? NULL is a value like others here."""
    unlike = "IS NOT" if connection.vendor == "sqlite" else "IS DISTINCT FROM"
    return f'(NEW."{column}" {unlike} OLD."{column}")'


def _of_now(connection: BaseDatabaseWrapper) -> str:
    """The table where a transaction finds the events that it writes itself."""
    events: type[Recorded] = Event if connection.vendor == "sqlite" else Pending
    return events._meta.db_table


def _tables(model: type[TrackedModel]) -> tuple[str, str]:
    """Names of the table of a tracked model and of its history."""
    return model._meta.db_table, model.history.model._meta.db_table


def _schema(connection: BaseDatabaseWrapper) -> str:
    """Where the tables are. Triggers name it: a session's temporary tables would come first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        return str(cursor.fetchone()[0])


def _copy(
    connection: BaseDatabaseWrapper,
    at: str,
    model: type[TrackedModel],
    history: str,
    kind: str,
    when: str,
) -> str:
    """The statement that copies a row into its history; actor and reason come from its event."""
    # A version that is sealed anew is no new version: the resealing writes its history row, too.
    is_new = "" if when == "INSERT" else " AND NEW.revision <> OLD.revision"
    names = [f'"{field.column}"' for field in model._meta.concrete_fields]
    fields = ", ".join(names)
    values = ", ".join(f"NEW.{name}" for name in names)
    return (
        f"INSERT INTO {history} ({fields}, history_date, history_change_reason, history_type,"
        f" history_user_id) SELECT {values}, e.at, e.verb, '{kind}', e.actor"
        f" FROM {at}{_of_now(connection)} e WHERE e.id = NEW.last_event{is_new}"
    )


def _name(table: str, time: str, when: str) -> str:
    return f"{PREFIX}{table.split('.')[-1]}_{time.lower()}_{when.lower()}"


def _sqlite_trigger(
    table: str, time: str, when: str, condition: str | None, action: str, also: str = ""
) -> Trigger:
    """`action` refuses what fulfils `condition` and `also`; without a condition it is done."""
    name = _name(table, time, when)
    if also:
        condition = f"({condition}) AND ({also})"
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
    table: str, time: str, when: str, condition: str | None, action: str, also: str = ""
) -> Trigger:
    """The same. `also` stands apart: PostgreSQL prepares all of a condition before it looks at any."""
    name = _name(table, time, when)
    each = "STATEMENT" if when == "TRUNCATE" else "ROW"
    if condition is None:
        body = f"{action}; RETURN NULL;"
    else:
        result = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}.get(when, "NULL")
        refusal = (
            f"RAISE EXCEPTION 'Tutela: {action}' USING ERRCODE = 'integrity_constraint_violation';"
        )
        if also:
            refusal = f"IF {also} THEN {refusal} END IF;"
        body = f"IF {condition} THEN {refusal} END IF; RETURN {result};"
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
