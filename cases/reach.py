"""Keeping `Reach`: what every list of cases is read from.

The triggers that copy the versions of a table (audit/guards.py) keep it, too: whoever writes, the lists
follow in the same transaction. A change of a case is any write of a row whose events name the case.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from audit.guards import tracked_models
from audit.models import TrackedModel
from cases.models import Case, CaseTeamGrant, CaseUserGrant, GrantReason, Reach
from core.ids import uuid7

BATCH = 500  # cases looked at together
COLUMNS = ", ".join(f.column for f in Reach._meta.concrete_fields)
# Whose people a grant counts for, as `access.reaches` says.
ORGANISATION = (
    f"CASE {{grant}}.reason WHEN '{GrantReason.REFERRAL}' THEN NULL ELSE o.organisation_id END"
)
LAST = UUID(int=2**128 - 1)
# Who holds a grant, and where that is found.
PRINCIPALS: dict[type[TrackedModel], tuple[str, str]] = {
    CaseUserGrant: ("{grant}.user_id", ""),
    CaseTeamGrant: ("t.id", " JOIN {at}accounts_team t ON t.group_id = {grant}.group_id"),
}


# --- By the database, with every write ------------------------------------------------
def statements(model: type[TrackedModel], when: str, *, at: str, sqlite: bool) -> Iterator[str]:
    """What follows a write of a row of this model: the statements for its trigger.

    `when` is "INSERT" or "UPDATE", `at` the schema with its dot.
    """
    column = case_column(model)
    if column is None or (model is Case and when == "INSERT"):
        return
    if not sqlite:  # two who write in one case take turns, or each would overlook the other's row
        yield f"PERFORM 1 FROM {at}cases_case WHERE id = NEW.{column} FOR NO KEY UPDATE"
    if model in PRINCIPALS:
        if when == "UPDATE":
            yield f"DELETE FROM {at}cases_reach WHERE grant_id = NEW.id"
        yield _reached_by_new(model, at)
    if model is Case:
        yield (
            f"UPDATE {at}cases_reach SET status = NEW.status, is_own = (principal = NEW.owner_id)"
            " WHERE case_id = NEW.id"
            " AND (status <> NEW.status OR is_own <> (principal = NEW.owner_id))"
        )
    yield (
        f"UPDATE {at}cases_reach SET event = NEW.last_event"
        f" WHERE case_id = NEW.{column} AND event < NEW.last_event"
    )


@cache
def case_column(model: type[TrackedModel]) -> str | None:
    """The column with the case of a row; None where the events of a row name no case.

    So what stands beside a case without being told in its trail, such as a decoy, moves no list.
    """
    if model is Case:
        return "id"
    some = uuid7()
    for field in model._meta.concrete_fields:
        if field.related_model is Case and some in model(**{field.attname: some}).case_ids():
            return str(field.column)
    return None


def _reached_by_new(model: type[TrackedModel], at: str) -> str:
    """The row of a grant that comes or changes. A clock that was set back puts it behind no other."""
    principal, join = (part.format(grant="NEW", at=at) for part in PRINCIPALS[model])
    newest = (
        f"COALESCE((SELECT r.event FROM {at}cases_reach r WHERE r.case_id = NEW.case_id"
        " AND r.event > NEW.last_event ORDER BY r.event DESC LIMIT 1), NEW.last_event)"
    )
    organisation = ORGANISATION.format(grant="NEW")
    return (
        f"INSERT INTO {at}cases_reach ({COLUMNS}) SELECT NEW.id, {principal}, NEW.case_id,"
        f" {organisation}, c.status, {principal} = c.owner_id, NEW.starts, NEW.ends, {newest}"
        f" FROM {at}cases_case c JOIN {at}accounts_office o ON o.id = c.office_id{join}"
        " WHERE c.id = NEW.case_id AND NEW.revoked_at IS NULL"
    )


# --- Every minute ---------------------------------------------------------------------
def sweep() -> None:
    """Remove what has ended. Lists pass over it until then."""
    Reach.objects.filter(ends__lte=timezone.now()).delete()


# --- Beside the grants ----------------------------------------------------------------
def differing() -> Iterator[UUID]:
    """The cases whose rows are not what grants, cases and histories say they should be."""
    at = timezone.now()
    for low, high in _spans():
        yield from _differing(low, high, at)


def mend() -> int:
    """Make the rows of differing cases anew; returns how many cases differed."""
    count = 0
    for low, high in _spans():
        if cases := _differing(low, high, timezone.now()):
            _make_anew(low, high)
            count += len(cases)
    return count


def _spans() -> Iterator[tuple[UUID, UUID]]:
    """(low, high] around some cases at a time; together they hold every key there can be."""
    low = UUID(int=0)
    while low != LAST:
        keys = Case.objects.filter(pk__gt=low).order_by("pk").values_list("pk", flat=True)
        some = list(keys[:BATCH])
        high = some[-1] if len(some) == BATCH else LAST
        yield low, high
        low = high


def _differing(low: UUID, high: UUID, at: datetime) -> list[UUID]:
    wanted = f"SELECT * FROM ({_wanted()}) wanted"
    there = (
        f"SELECT {COLUMNS} FROM cases_reach"
        " WHERE case_id > %(low)s AND case_id <= %(high)s AND ends > %(at)s"
    )
    query = (
        f"SELECT DISTINCT case_id FROM (SELECT * FROM ({wanted} EXCEPT {there}) lacking"
        f" UNION ALL SELECT * FROM ({there} EXCEPT {wanted}) surplus) differing"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, _values(low, high, at))
        return [as_uuid(row[0]) for row in cursor.fetchall()]


def _make_anew(low: UUID, high: UUID) -> None:
    with transaction.atomic():
        # As the triggers do: nobody writes in these cases meanwhile.
        cases = Case.objects.filter(pk__gt=low, pk__lte=high).order_by("pk")
        list(cases.select_for_update(no_key=True).values_list("pk"))
        Reach.objects.filter(case__gt=low, case__lte=high).delete()
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO cases_reach ({COLUMNS}) {_wanted()}",
                _values(low, high, timezone.now()),
            )


def _wanted() -> str:
    """Every row there should be for the cases of a span, but for grants that have ended."""
    text, back = (
        ("last_event", "") if connection.vendor == "sqlite" else ("last_event::text", "::uuid")
    )
    span = "%(low)s AND {column} <= %(high)s"
    versions = " UNION ALL ".join(
        f"SELECT {column} AS case_id, {text} AS event"
        f" FROM {model.history.model._meta.db_table} WHERE {column} > {span.format(column=column)}"
        for model in tracked_models()
        if (column := case_column(model))
    )
    latest = f"SELECT case_id, MAX(event){back} AS event FROM ({versions}) v GROUP BY case_id"
    parts = []
    for model, (principal, join) in PRINCIPALS.items():
        principal, join = (part.format(grant="g", at="") for part in (principal, join))
        parts.append(
            f"SELECT g.id, {principal}, g.case_id, {ORGANISATION.format(grant='g')}, c.status,"
            f" {principal} = c.owner_id, g.starts, g.ends, l.event"
            f" FROM {model._meta.db_table} g JOIN cases_case c ON c.id = g.case_id"
            " JOIN accounts_office o ON o.id = c.office_id"
            f" JOIN ({latest}) l ON l.case_id = g.case_id{join}"
            f" WHERE g.case_id > {span.format(column='g.case_id')}"
            " AND g.revoked_at IS NULL AND g.ends > %(at)s"
        )
    return " UNION ALL ".join(parts)


def _values(low: UUID, high: UUID, at: datetime) -> dict[str, Any]:
    return {"low": of_uuid(low), "high": of_uuid(high), "at": of_time(at)}


# --- Values of raw statements ---------------------------------------------------------
_uuid, _time = (Reach._meta.get_field(name).get_db_prep_value for name in ("case", "ends"))


def of_uuid(value: UUID) -> Any:
    """As the database takes it."""
    return _uuid(value, connection)


def of_time(value: datetime) -> Any:
    """As the database takes it."""
    return _time(value, connection)


def as_uuid(value: Any) -> UUID:
    """As the database gave it: SQLite has text."""
    return value if isinstance(value, UUID) else UUID(value)


def as_time(value: Any) -> datetime | None:
    """As the database gave it: SQLite has a time of Greenwich that does not say so."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
