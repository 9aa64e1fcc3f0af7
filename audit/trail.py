"""Writing to the log: `record` for what happened, `save` for a change together with its event."""

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from functools import cache
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from audit import limits, sequencer, signing
from audit.context import current
from audit.digests import canonical_json, instance_digest, version_digest
from audit.models import Event, Resealing, TrackedModel
from audit.verbs import WEIGHTY, Verb
from core.exceptions import Conflict
from core.ids import time_of, uuid7
from vault.keyring import keyring
from vault.sealing import Place, seal

ENTRY_VERSION = 1
MOST_RESEALED = 250  # versions one event names: an entry has room for 65,535 bytes
DETAILS = "audit.Event"  # where sealed details belong: model label of their Place


@dataclass(slots=True)
class Entry:
    """An event that is still to be appended."""

    verb: Verb
    by: Any = None  # a user, or None for the system itself
    cases: Sequence[UUID] = ()
    classes: Iterable[str] = ()
    outcome: str = "ok"  # "ok" | "denied" | "error"
    reason: str = ""  # a code, never free text
    details: dict[str, Any] | None = None  # sealed; may hold free text
    keys: Sequence[UUID] = ()  # data keys that are destroyed, as keyring.ids() names them
    row: TrackedModel | None = None
    resealed: Sequence[TrackedModel] = ()  # versions out of histories, sealed anew
    id: UUID = field(default_factory=uuid7)


def record(
    verb: Verb,
    *,
    by: Any,
    cases: Iterable[UUID] = (),
    classes: Iterable[str] = (),
    outcome: str = "ok",
    reason: str = "",
    details: dict[str, Any] | None = None,
    keys: Sequence[UUID] = (),
) -> Event:
    """Append one event in the current transaction, or in one of its own.

    Raises NoKey when there are details and the one case of the event was erased, and TooOften when the
    person has done so much of this that it stops for now.
    """
    entry = Entry(verb, by, tuple(cases), classes, outcome, reason, details, keys)
    return append([entry])[0]


def save(
    row: TrackedModel,
    *,
    verb: Verb,
    by: Any,
    reason: str = "",
    details: dict[str, Any] | None = None,
    keys: Sequence[UUID] = (),
) -> Event:
    """Write one row and its event in one transaction.

    The row's revision rises by one. Raises ValidationError when a field holds what it may not.
    """
    if row.seals():
        keyring.refresh()
    entry = _prepare(row, verb, by, reason, details)
    entry.keys = keys
    # The guards let the row in only because its event is there.
    if not row._state.adding:
        return append([entry], changed=row)[0]
    with transaction.atomic():
        [event] = _append([entry])
        row.save(force_insert=True)
    return event


def insert_many(rows: Sequence[TrackedModel], *, verb: Verb, by: Any) -> None:
    """Write new rows of one model with an event each, in one transaction and few statements."""
    if not rows:
        return
    if any(row.seals() for row in rows):
        keyring.refresh()
    with transaction.atomic():
        _append([_prepare(row, verb, by) for row in rows])
        type(rows[0])._default_manager.bulk_create(rows)


def save_resealed(
    changed: Sequence[tuple[TrackedModel, Sequence[TrackedModel]]], *, verb: Verb, by: Any
) -> list[Event]:
    """Write versions of rows that were sealed anew, and the rows themselves, with their events.

    Each row comes with versions out of its history. Their revisions stay: an event tells the digest
    that each has from now on. Raises Conflict when a row changed since it was read or is being
    changed: read it again and try again.
    """
    versions = [version for _row, several in changed for version in several]
    cases = sorted({case for row, _versions in changed for case in row.case_ids()})
    entries = []
    for start in range(0, len(versions), MOST_RESEALED):
        entries.append(Entry(verb, by, cases, resealed=versions[start : start + MOST_RESEALED]))
        for version in entries[-1].resealed:
            version.resealed_by = entries[-1].id
    with transaction.atomic():
        for row, _versions in changed:
            _refuse_if_moved_on(row)
        events = _append(entries)
        Resealing.objects.bulk_create(
            Resealing(event=entry.id, object=version.id, revision=version.revision)
            for entry in entries
            for version in entry.resealed
        )
        for row, several in changed:
            columns = [*row.resealable(), "resealed_by"]
            for version in several:
                version.save(update_fields=columns)
                if version.revision == row.revision:
                    for column in columns:
                        setattr(row, column, getattr(version, column))
                    row.save(update_fields=columns)
    return events


def _refuse_if_moved_on(row: TrackedModel) -> None:
    stored = type(row)._default_manager.select_for_update(nowait=True).filter(pk=row.pk)
    try:
        revision = stored.values_list("revision", flat=True).get()
    except OperationalError:
        raise Conflict from None
    if revision != row.revision:
        raise Conflict


def _prepare(
    row: TrackedModel, verb: Verb, by: Any, reason: str = "", details: dict[str, Any] | None = None
) -> Entry:
    """Give the row its next revision and event, and let it seal what waits to be sealed."""
    entry = Entry(verb, by, tuple(row.case_ids()), reason=reason, details=details, row=row)
    row.revision += 1
    row.last_event, row.resealed_by = entry.id, None
    row.prepare()
    row.clean_fields(exclude=_relations(type(row)))
    return entry


@cache
def _relations(model: type[TrackedModel]) -> frozenset[str]:
    """Foreign keys: the database checks them, and checking here would cost a query each."""
    return frozenset(field.name for field in model._meta.concrete_fields if field.is_relation)


def append(entries: Sequence[Entry], changed: TrackedModel | None = None) -> list[Event]:
    """Append events to the log and its tree, in the current transaction or in one of its own.

    `changed` is a row that is there already and that the one event is about: it is written, too.
    Where many write at once they have no `seq` until the transaction is over (audit/sequencer.py).
    When one of them is weighty, the transaction's end waits for a checkpoint that covers it.
    """
    limited = [one for one in entries if one.outcome == "ok" and limits.applies(one.verb, one.by)]
    is_alone = len(entries) == 1 and not limited and not connection.in_atomic_block
    if sequencer.waits() and is_alone:
        return _append(entries, changed)  # one statement, which is a transaction by itself
    with transaction.atomic():
        for entry in limited:
            limits.check(entry.verb, entry.by)
        return _append(entries, changed)


def _append(entries: Sequence[Entry], changed: TrackedModel | None = None) -> list[Event]:
    # A month's key is made with its first details. A case's is not: it would be back after erasure.
    detailed = [entry for entry in entries if entry.details]
    if cases := {entry.cases[0] for entry in detailed if len(entry.cases) == 1}:
        keyring.load(cases)
    for month in {_details_scope(entry) for entry in detailed if len(entry.cases) != 1}:
        keyring.ensure(month)
    events = [_event(entry) for entry in entries]
    sequencer.take(events, changed)
    if sequencer.waits():
        _once_after_commit(sequencer.sequence_soon)
    if any(entry.verb in WEIGHTY for entry in entries):
        _once_after_commit(_cover)
    return events


def _cover() -> None:
    """Sign the log with what was just done. While Tutela is sealed, the first minute after does."""
    if not keyring.is_sealed():
        signing.checkpoint()


def _once_after_commit(work: Callable[[], object]) -> None:
    """Do `work` after the commit, once for however many events a transaction appends."""
    if not any(work in waiting for waiting in connection.run_on_commit):
        transaction.on_commit(work)


def _event(entry: Entry) -> Event:
    context = current()
    event = Event(
        id=entry.id,
        at=timezone.now(),
        actor=getattr(entry.by, "pk", None),
        session=context.session,
        verb=entry.verb,
        outcome=entry.outcome,
    )
    content: dict[str, Any] = {
        "v": ENTRY_VERSION,
        "id": str(event.id),
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": str(event.actor) if event.actor else "system",
        "session": context.session,
        "request": context.request_id,
        "verb": str(entry.verb),
        "outcome": entry.outcome,
        "reason": entry.reason,
        "cases": [str(case) for case in entry.cases],
        "classes": sorted(entry.classes),
    }
    if (row := entry.row) is not None:
        event.object_type, event.object, event.revision = row._meta.label, row.pk, row.revision
        content |= {
            "object_type": event.object_type,
            "object": str(row.pk),
            "revision": row.revision,
            "digest": instance_digest(row).hex(),
        }
    if entry.keys:
        content["keys"] = [str(key) for key in entry.keys]
    if entry.resealed:
        content["resealed"] = _resealed(entry.resealed)
    if entry.details:
        place = details_place(event.id, _details_scope(entry))
        blob = seal(place, canonical_json(entry.details))
        content |= {"scope": str(place.scope), "sealed": base64.b64encode(blob).decode()}
    event.entry = canonical_json(content)
    return event


def _resealed(versions: Sequence[TrackedModel]) -> list[list[Any]]:
    """[model, row, revision, digest it has from now on] of each version."""
    found = []
    for version in versions:
        model = version.instance_type  # type: ignore[attr-defined]
        digest = version_digest(model, version).hex()
        found.append([model._meta.label, str(version.id), version.revision, digest])
    return found


def details_place(event: UUID, scope: UUID) -> Place:
    """Where the sealed details of an event belong."""
    return Place(DETAILS, "audit", event, scope, 0)


def _details_scope(entry: Entry) -> UUID:
    """The one case an event is about, so that its details fall with the case; else the month."""
    if len(entry.cases) == 1:
        return entry.cases[0]
    return uuid5(NAMESPACE_OID, f"tutela/month/{time_of(entry.id):%Y-%m}")  # the same on every call
