"""Feeds the tracked tables to an examination: each row as it stands, each version in a history."""

import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import UTC
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Max, Model

from audit import guards
from audit.digests import columns, row_digest
from audit.models import Event as LogEvent
from audit.models import Resealing, TrackedModel
from audit.proven import Proven
from audit.reading import each, raw_id
from verify.tutela_verify import Event, Examination, Findings, event_of, leaf_hash, stamp

BATCH = 500  # rows whose events and versions are looked up at once
HISTORY_COLUMNS = ("history_date", "history_change_reason", "history_user_id", "history_type")

Progress = Callable[[int], None]
Counts = dict[str, dict[str, int]]  # label of a model → "rows" and "versions" in its tables
# Label of a model → (row, revision) of each version that was sealed anew → its digest from then on.
Resealed = Mapping[str, Mapping[tuple[str, int], str]]


class Stored(NamedTuple):
    """A row or a version as it is stored."""

    row: UUID
    revision: int
    digest: bytes
    last_event: UUID
    resealed_by: UUID | None
    told: tuple[str, str, str, bool] | None  # when, verb, actor, is it the first; of a version only


def stored(
    model: type[TrackedModel], table: type[Model], findings: Findings, **only: Any
) -> Iterator[Stored]:
    """Each row of `table`, which is that of `model` or its history; tells of what cannot be read."""
    names = columns(model)
    width = len(names)
    places = [names.index(name) for name in ("id", "revision", "last_event", "resealed_by")]
    beside = () if table is model else HISTORY_COLUMNS

    def made(values: tuple[Any, ...]) -> Stored:
        row, revision, last_event, resealed_by = (values[place] for place in places)
        if type(revision) is not int:
            raise ValueError("a revision is a number")
        told = None
        if beside:
            at, verb, actor, kind = values[width:]
            moment = at.astimezone(UTC).isoformat(timespec="microseconds")
            told = moment, verb, str(actor) if actor else "system", kind == "+"
        return Stored(
            row, revision, row_digest(model, values[:width]), last_event, resealed_by, told
        )

    rows = table._default_manager.filter(**only).order_by("pk").values_list(*names, *beside)
    for position, row in each(rows, made):
        if row is not None:
            yield row
            continue
        which = model._meta.label if only else f"{model._meta.label} {raw_id(table, position)}"
        what = "" if table is model else ": a version in its history"
        findings.append(f"{which}{what} cannot be read.")


def feed_all(examination: Examination, progress: Progress) -> Counts:
    """Every row and every version of every tracked model. Returns how many there are."""
    counts: Counts = {}
    for model in guards.tracked_models():
        label, before = model._meta.label, (examination.rows, examination.history)
        rows = stored(model, model, examination.findings)
        while some := list(islice(rows, BATCH)):
            for row in some:
                examination.live_row(label, str(row.row), row.revision, row.digest)
            progress(len(some))
        versions = stored(model, model.history.model, examination.findings)
        while some := list(islice(versions, BATCH)):
            for version in some:
                feed_version(examination, label, version)
            progress(len(some))
        counts[label] = {
            "rows": examination.rows - before[0],
            "versions": examination.history - before[1],
        }
    examination.end_of_rows()
    return counts


def feed_version(examination: Examination, label: str, version: Stored) -> None:
    stamped = stamp(*version.told) if version.told else b""
    examination.version(label, str(version.row), version.revision, version.digest, stamped)


# --- Since an earlier verification ----------------------------------------------------


class Newer:
    """Feeds what events told of since an earlier verification, and each row as it stands.

    A row of which no event told since is compared with the event that last told of it: `proven` knows
    the hashes of the events before `start`, and those from there on were fed to the examination.
    """

    def __init__(
        self, examination: Examination, proven: Proven, start: int, resealed: Resealed
    ) -> None:
        self._examination, self._proven, self._start = examination, proven, start
        self._resealed = resealed
        self._found = examination.findings.append

    def feed(self, progress: Progress) -> None:
        told = self._examination.told()
        for model in guards.tracked_models():
            since = told.get(model._meta.label, {})
            rows = stored(model, model, self._examination.findings)
            while some := list(islice(rows, BATCH)):
                self._feed_rows(model, some, since)
                progress(len(some))
            self._feed_versions(model, since)
        self._examination.end_of_rows()

    def _feed_rows(
        self, model: type[TrackedModel], rows: list[Stored], since: Container[str]
    ) -> None:
        label, older = model._meta.label, []
        for row in rows:
            if str(row.row) in since:
                self._examination.live_row(label, str(row.row), row.revision, row.digest)
            else:
                older.append(row)
        self._examination.rows += len(older)
        events, newest = self._events_of(older), _newest_versions(model, older)
        resealings = _last_resealings(older)
        for row in older:
            name = f"{label} {row.row}"
            digest = _told_digest(label, row, events)
            if row.row not in newest:
                self._found(f"{name}: no event tells of this row.")
            elif digest != row.digest or row.resealed_by != resealings.get((row.row, row.revision)):
                self._found(f"{name} was changed behind the application's back.")
            elif row.revision != newest.get(row.row):
                self._found(f"{name} was set back to version {row.revision}.")

    def _events_of(self, rows: Iterable[Stored]) -> dict[UUID, Event]:
        """The events that these rows name, of those whose hash is known."""
        wanted = {event for row in rows for event in (row.last_event, row.resealed_by) if event}
        found = {}
        events = LogEvent.objects.filter(id__in=wanted).values_list("id", "seq", "entry")
        for event_id, seq, entry in events:
            event, leaf = event_of(bytes(entry)), leaf_hash(bytes(entry))
            is_known = seq >= self._start or self._proven.has(seq, leaf)
            if is_known and isinstance(event, Event) and event.id == str(event_id):
                found[event_id] = event
        return found

    def _feed_versions(self, model: type[TrackedModel], since: Iterable[str]) -> None:
        """The versions that events told of since, or sealed anew."""
        examination, label = self._examination, model._meta.label
        resealed = self._resealed.get(label, {})
        missing = {key for key in resealed if not examination.tells_of(label, *key)}
        rows = iter(sorted({*since, *(row for row, _revision in missing)}))
        while some := list(islice(rows, BATCH)):
            for version in stored(model, model.history.model, examination.findings, id__in=some):
                key = str(version.row), version.revision
                if examination.tells_of(label, *key):
                    feed_version(examination, label, version)
                elif key in missing:
                    missing.discard(key)
                    if version.digest.hex() != resealed[key]:
                        self._found(
                            f"{label} {key[0]}: version {key[1]} in its history was changed."
                        )
        for row, revision in sorted(missing):
            self._found(f"{label} {row}: version {revision} is missing from its history.")


def _newest_versions(model: type[TrackedModel], rows: Iterable[Stored]) -> dict[UUID, int]:
    versions = model.history.filter(id__in=[row.row for row in rows]).order_by()
    return dict(versions.values_list("id").annotate(Max("revision")))


def _last_resealings(rows: Iterable[Stored]) -> dict[tuple[UUID, int], UUID]:
    """(row, revision) → the event that last sealed it anew."""
    told = Resealing.objects.filter(object__in=[row.row for row in rows])
    found = list(told.values_list("object", "revision", "event"))
    events = LogEvent.objects.filter(id__in={event for *_version, event in found})
    order = dict(events.values_list("id", "seq"))
    found.sort(key=lambda resealing: order.get(resealing[2], -1))
    return {(row, revision): event for row, revision, event in found}


def _told_digest(label: str, row: Stored, events: Mapping[UUID, Event]) -> bytes | None:
    """The digest of a version as its event tells it, or the event that it names as sealing it anew."""
    version = label, str(row.row), str(row.revision)
    event = events.get(row.last_event)
    if event is None or (event.object_type, event.object, event.revision) != version:
        return None
    if row.resealed_by is None:
        return bytes.fromhex(event.digest or "")
    resealing = events.get(row.resealed_by)
    for *resealed, digest in json.loads(resealing.resealed or "[]") if resealing else ():
        if tuple(map(str, resealed)) == version:
            return bytes.fromhex(digest)
    return None
