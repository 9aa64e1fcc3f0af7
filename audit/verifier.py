"""Does the record hold? Recomputes the log from its entries and compares every row with its event."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Model

from audit import guards, notes, trail
from audit.digests import canonical_json, columns, row_digest
from audit.merkle import Frontier, leaf_hash
from audit.models import Checkpoint, Event, EventCase, LogState, Resealing, TrackedModel
from audit.reading import CHUNK, each, one_moment, raw_id

MOST_FINDINGS = 200
HISTORY_COLUMNS = ("history_date", "history_change_reason", "history_user_id", "history_type")

Progress = Callable[[int], None]
# (row, revision) → digest of the row and stamp of its history row, as its event tells them.
Told = dict[tuple[UUID, int], bytes]


class _Content(msgspec.Struct):
    """What the verifier takes from an entry; its other columns are compared as they stand."""

    at: str
    actor: str
    verb: str
    cases: list[UUID]
    object: UUID | None = None
    object_type: str = ""
    revision: int = 0
    digest: str = ""
    # Versions that were sealed anew: model, row, revision, digest from then on.
    resealed: list[tuple[str, UUID, int, str]] = []


@dataclass(slots=True)
class Report:
    """What a verification found. `findings` name rows by label and identifier, never by content."""

    events: int = 0
    rows: int = 0
    versions: int = 0
    checkpoints: int = 0
    pinned: int = 0
    root: str = ""
    findings: list[str] = field(default_factory=list)
    more_findings: int = 0

    @property
    def holds(self) -> bool:
        return not self.findings

    def found(self, text: str) -> None:
        """Note something wrong; beyond MOST_FINDINGS only their number."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(text)
        else:
            self.more_findings += 1


# What upper applications pin by a digest in their rows, such as files: each yields a finding, or None
# for something that is as it was pinned. A list, so it can be printed.
PINNED: list[Callable[[], Iterator[str | None]]] = []


def verify(*, kept_note: str | None = None, progress: Progress = lambda done: None) -> Report:
    """Verify the whole log, every tracked row and version as of one moment, and what rows pin.

    `kept_note` is a checkpoint the auditor kept from before: the log must still contain it.
    `progress` is called with the number of events or rows dealt with since the last call.
    """
    report = Report()
    with one_moment():
        for name in guards.missing():
            report.found(f"The guard {name} is missing from the database or was changed.")
        told = _verify_log(report, kept_note, progress)
        for model in guards.tracked_models():
            _verify_rows(model, told.pop(model._meta.label, {}), report, progress)
    for label, versions in told.items():
        for row_id, revision in versions:
            report.found(f"{label} {row_id}: revision {revision} is in no table.")
    for pinned in PINNED:
        for finding in pinned():
            report.pinned += 1
            if finding:
                report.found(finding)
    return report


def _verify_log(report: Report, kept_note: str | None, progress: Progress) -> dict[str, Told]:
    """Recompute the tree; return what the events tell of each row, by label of its model."""
    expected_roots = _signed_roots(report, kept_note)
    frontier = Frontier()
    links = _Links(report)
    told: dict[str, Told] = defaultdict(dict)
    resealings: set[tuple[UUID, UUID, int]] = set()
    previous: datetime | None = None
    position = 0
    if 0 in expected_roots and expected_roots.pop(0) != frontier.root():
        report.found("The checkpoint at 0 does not fit.")
    for event, is_readable in _events(report):
        if event.seq != position:
            report.found(f"Event {position} is missing from the log.")
        content = _checked_entry(event, report, compare=is_readable)
        if content is not None:
            if sorted(content.cases) != sorted(links.of(event.seq)):
                report.found(f"Event {event.seq} is linked to other cases than its entry names.")
            if content.object is not None:
                key = (content.object, content.revision)
                told[content.object_type][key] = bytes.fromhex(content.digest) + _stamp(
                    content.at, content.verb, content.actor, content.revision == 1
                )
            resealings |= _apply_resealing(event, content, told, report)
        if previous and event.at and event.at < previous:
            report.found(f"Event {event.seq} is dated before the one it follows.")
        previous = event.at
        if position == event.seq == frontier.size:  # beyond a gap there is no tree to compare
            frontier.append(leaf_hash(bytes(event.entry)))
            expected = expected_roots.pop(frontier.size, None)
            if expected and expected != frontier.root():
                report.found(
                    f"The log was rewritten: it differs from the checkpoint at {frontier.size}."
                )
        position = event.seq + 1
        report.events += 1
        if report.events % CHUNK == 0:
            progress(CHUNK)
    progress(report.events % CHUNK)
    links.finish()
    if resealings != set(Resealing.objects.values_list("event", "object", "revision")):
        report.found("The list of versions that were sealed anew does not fit the log.")
    for size in sorted(expected_roots):
        report.found(
            f"The log was cut: a checkpoint covers {size} events, {frontier.size} are left."
        )
    state = LogState.objects.filter(id=1).first()
    if not state or (state.size, bytes(state.frontier)) != (frontier.size, frontier.to_bytes()):
        report.found("The end of the log does not fit its entries.")
    report.root = frontier.root().hex()
    return told


def _apply_resealing(
    event: Event, content: _Content, told: dict[str, Told], report: Report
) -> set[tuple[UUID, UUID, int]]:
    """Replace the digests that earlier events told of these versions; what they are of stays."""
    for object_type, row, revision, digest in content.resealed:
        versions, key = told[object_type], (row, revision)
        if key in versions:
            versions[key] = bytes.fromhex(digest) + versions[key][32:]
        else:
            report.found(f"Event {event.seq} seals a version anew that no event before it made.")
    return {(event.id, row, revision) for _type, row, revision, _digest in content.resealed}


def _signed_roots(report: Report, kept_note: str | None) -> dict[int, bytes]:
    """Tree size → root of every checkpoint whose signature is right."""
    key = trail.verifier_key()
    roots: dict[int, bytes] = {}
    stored = Checkpoint.objects.order_by("size").values_list("size", "note")
    kept = [(None, kept_note)] if kept_note else []
    for column, note in [*kept, *stored]:
        name = "The checkpoint you kept" if column is None else f"The checkpoint at {column}"
        try:
            size, root = notes.verify(note, key)
        except notes.BadNote as error:
            report.found(f"{name}: {error}")
            continue
        if column not in (None, size) or roots.setdefault(size, root) != root:
            report.found(f"{name} contradicts another one, or was moved.")
        report.checkpoints += 1
    return roots


def _events(report: Report) -> Iterator[tuple[Event, bool]]:
    """Every event in order, and whether its columns can be read: else it has `seq` and `entry` alone."""
    rows = Event.objects.order_by("seq")
    for position, event in each(rows, _with_bytes):
        if event is not None:
            yield event, True
            continue
        seq, entry = rows.values_list("seq", "entry")[position]
        report.found(f"Event {seq} was changed: its columns cannot be read.")
        yield Event(seq=seq, entry=b"" if isinstance(entry, str) else bytes(entry)), False


def _with_bytes(event: Event) -> Event:
    event.entry = bytes(event.entry)
    return event


def _checked_entry(event: Event, report: Report, *, compare: bool) -> _Content | None:
    """The content of an entry, after comparing it with the columns beside it if they can be read."""
    try:
        raw = json.loads(bytes(event.entry))
        is_canonical = canonical_json(raw) == event.entry
        content = msgspec.convert(raw, _Content)
        for digest in (content.digest, *(digest for *_, digest in content.resealed)):
            bytes.fromhex(digest)
    except (ValueError, RecursionError):
        report.found(f"Event {event.seq} was changed: its entry cannot be read.")
        return None
    if not compare:
        return content
    beside = {
        "id": str(event.id),
        "at": _moment(event.at) if event.at else "",
        "actor": _actor(event.actor),
        "session": event.session,
        "verb": event.verb,
        "outcome": event.outcome,
        "object_type": event.object_type or None,
        "object": str(event.object) if event.object else None,
        "revision": event.revision,
    }
    if not is_canonical or any(raw.get(name) != value for name, value in beside.items()):
        report.found(f"Event {event.seq} was changed: its columns do not fit its entry.")
    return content


def _verify_rows(model: type[TrackedModel], told: Told, report: Report, progress: Progress) -> None:
    """Every live row is the last version its events tell of, and every version is what they say.

    Each version uses up what was told of it: what is left in the end stands in no table.
    """
    label = model._meta.label
    live: set[UUID] = set()
    for row_id, revision, digest, _stamped in _stored(model, model, report):
        live.add(row_id)
        if told.get((row_id, revision), b"")[:32] != digest:
            report.found(f"{label} {row_id} was changed behind the application's back.")
        elif (row_id, revision + 1) in told:
            report.found(f"{label} {row_id} was set back to an earlier version.")
        report.rows += 1
        if report.rows % CHUNK == 0:
            progress(CHUNK)
    for row_id, revision, digest, stamp in _stored(model, model.history.model, report):
        if told.pop((row_id, revision), None) != digest + stamp:
            report.found(f"{label} {row_id}: version {revision} in its history was changed.")
        if row_id not in live:
            report.found(f"{label} {row_id} was removed behind the application's back.")
            live.add(row_id)  # told once
        report.versions += 1
        if report.versions % CHUNK == 0:
            progress(CHUNK)
    for row_id, revision in told:
        report.found(f"{label} {row_id}: version {revision} is missing from its history.")
        if row_id not in live:
            report.found(f"{label} {row_id} was removed behind the application's back.")
            live.add(row_id)


def _stored(
    model: type[TrackedModel], table: type[Model], report: Report
) -> Iterator[tuple[UUID, int, bytes, bytes]]:
    """(row, revision, digest, stamp) of each row of `table`, which has the columns of `model`.

    The stamp is that of a history row, and empty for a live one.
    """
    names = columns(model)
    at_id, at_revision, width = names.index("id"), names.index("revision"), len(names)
    beside = [] if table is model else HISTORY_COLUMNS

    def digested(values: tuple[Any, ...]) -> tuple[UUID, int, bytes, bytes]:
        stamp = b""
        if beside:
            at, verb, actor, kind = values[width:]
            stamp = _stamp(_moment(at), verb, _actor(actor), kind == "+")
        return values[at_id], values[at_revision], row_digest(model, values[:width]), stamp

    rows = table._default_manager.order_by("pk").values_list(*names, *beside)
    for position, row in each(rows, digested):
        if row is not None:
            yield row
            continue
        what = "" if table is model else ": a version in its history"
        report.found(f"{model._meta.label} {raw_id(table, position)}{what} cannot be read.")


def _stamp(at: str, verb: str, actor: str, is_first: bool) -> bytes:
    """Digest of what a history row takes over from its event: when, what, who."""
    return sha256(f"{at} {verb} {actor} {is_first}".encode()).digest()


def _moment(at: datetime) -> str:
    """A time as entries spell it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _actor(actor: UUID | None) -> str:
    """An actor as entries spell it."""
    return str(actor) if actor else "system"


class _Links:
    """The cases that stand beside events, read in step with the log."""

    def __init__(self, report: Report) -> None:
        rows = EventCase.objects.order_by("seq").values_list("seq", "case")
        self._rows = (row for _position, row in each(rows, lambda row: row) if row is not None)
        self._next = next(self._rows, None)
        self._report = report

    def of(self, seq: int) -> list[UUID]:
        """The cases linked to this event; links passed over belong to no event that can be read."""
        found = []
        while self._next and self._next[0] <= seq:
            at, case = self._next
            if at == seq:
                found.append(case)
            else:
                self._report.found(f"Case {case} is linked to event {at}, which does not name it.")
            self._next = next(self._rows, None)
        return found

    def finish(self) -> None:
        """Tell of links beyond the last event."""
        while self._next:
            self.of(self._next[0] + 1)


def size_of_work() -> int:
    """Events, rows and versions together, for a progress bar."""
    models = guards.tracked_models()
    rows = sum(m._default_manager.count() + m.history.count() for m in models)
    return LogState.objects.get(id=1).size + rows
