"""Does the record hold? Recomputes the log from its entries and compares every row with its event."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any
from uuid import UUID

from django.db.models import Model

from audit import guards, notes, trail
from audit.digests import canonical_json, columns, row_digest
from audit.merkle import Frontier, leaf_hash
from audit.models import Checkpoint, Event, LogState, TrackedModel

MOST_FINDINGS = 200
CHUNK = 2_000

Progress = Callable[[int], None]


@dataclass(slots=True)
class Report:
    """What a verification found. `findings` name rows by label and identifier, never by content."""

    events: int = 0
    rows: int = 0
    versions: int = 0
    checkpoints: int = 0
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


def verify(*, kept_note: str | None = None, progress: Progress = lambda done: None) -> Report:
    """Verify the whole log and every tracked row and version.

    `kept_note` is a checkpoint the auditor kept from before: the log must still contain it.
    `progress` is called with the number of events or rows dealt with since the last call.
    """
    report = Report()
    for name in guards.missing():
        report.found(f"The guard {name} is missing from the database or was changed.")
    digests = _verify_log(report, kept_note, progress)
    for model in guards.tracked_models():
        _verify_rows(model, digests, report, progress)
    return report


def _verify_log(
    report: Report, kept_note: str | None, progress: Progress
) -> dict[tuple[UUID, int], str]:
    """Recompute the tree; return the row digest each event gives for an object and revision."""
    expected_roots = _signed_roots(report, kept_note)
    frontier = Frontier()
    digests: dict[tuple[UUID, int], str] = {}
    previous: Any = None
    if 0 in expected_roots and expected_roots[0] != frontier.root():
        report.found("The checkpoint at 0 does not fit.")
    for event in Event.objects.order_by("seq").iterator(chunk_size=CHUNK):
        entry = bytes(event.entry)
        if event.seq != frontier.size:
            report.found(f"Event {frontier.size} is missing from the log.")
            break
        content = _checked_entry(event, entry, report)
        if content and content.get("object"):
            digests[UUID(content["object"]), content["revision"]] = content["digest"]
        if previous is not None and event.at < previous:
            report.found(f"Event {event.seq} is dated before the one it follows.")
        previous = event.at
        frontier.append(leaf_hash(entry))
        if frontier.size in expected_roots and expected_roots.pop(frontier.size) != frontier.root():
            report.found(
                f"The log was rewritten: it differs from the checkpoint at {frontier.size}."
            )
        if frontier.size % CHUNK == 0:
            progress(CHUNK)
    progress(frontier.size % CHUNK)
    expected_roots.pop(0, None)
    for size in sorted(expected_roots):
        report.found(
            f"The log was cut: a checkpoint covers {size} events, {frontier.size} are left."
        )
    state = LogState.objects.get(id=1)
    if (state.size, bytes(state.frontier)) != (frontier.size, frontier.to_bytes()):
        report.found("The end of the log does not fit its entries.")
    report.events, report.root = frontier.size, frontier.root().hex()
    return digests


def _signed_roots(report: Report, kept_note: str | None) -> dict[int, bytes]:
    """Tree size → root of every checkpoint whose signature is right."""
    key = trail.verifier_key()
    roots: dict[int, bytes] = {}
    kept = [("The checkpoint you kept", kept_note)] if kept_note else []
    stored = Checkpoint.objects.order_by("size").values_list("size", "note")
    for name, note in kept + [(f"The checkpoint at {size}", note) for size, note in stored]:
        try:
            size, root = notes.verify(note, key)
        except notes.BadNote as error:
            report.found(f"{name}: {error}")
            continue
        if roots.setdefault(size, root) != root:
            report.found(f"{name} contradicts another one of the same size.")
        report.checkpoints += 1
    return roots


def _checked_entry(event: Event, entry: bytes, report: Report) -> dict[str, Any] | None:
    """The content of an entry, after comparing the columns beside it."""
    try:
        content: dict[str, Any] = json.loads(entry)
        is_canonical = canonical_json(content) == entry
    except ValueError:
        report.found(f"Event {event.seq} cannot be read.")
        return None
    beside = {
        "id": str(event.id),
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": str(event.actor) if event.actor else "system",
        "session": event.session,
        "verb": event.verb,
        "outcome": event.outcome,
        "object_type": event.object_type or None,
        "object": str(event.object) if event.object else None,
        "revision": event.revision,
    }
    if not is_canonical or any(content.get(name) != value for name, value in beside.items()):
        report.found(f"Event {event.seq} was changed: its columns do not fit its entry.")
    return content


def _verify_rows(
    model: type[TrackedModel],
    digests: dict[tuple[UUID, int], str],
    report: Report,
    progress: Progress,
) -> None:
    """Every live row is the last version its events tell of, and every version is what they say."""
    label = model._meta.label
    newest: dict[UUID, int] = {}
    for row_id, revision, digest in _digests_of(model, model):
        report.rows += 1
        newest[row_id] = revision
        if digests.get((row_id, revision)) != digest:
            report.found(f"{label} {row_id} was changed behind the application's back.")
        elif (row_id, revision + 1) in digests:
            report.found(f"{label} {row_id} was set back to an earlier version.")
        if report.rows % CHUNK == 0:
            progress(CHUNK)
    seen: dict[UUID, int] = {}
    for row_id, revision, digest in _digests_of(model, model.history.model):
        report.versions += 1
        seen[row_id] = seen.get(row_id, 0) + 1
        if digests.get((row_id, revision)) != digest:
            report.found(f"{label} {row_id}: version {revision} in its history was changed.")
        if report.versions % CHUNK == 0:
            progress(CHUNK)
    for row_id, revision in newest.items():
        if seen.get(row_id, 0) != revision:
            report.found(f"{label} {row_id}: versions are missing from its history.")
    for row_id in seen.keys() - newest.keys():
        report.found(f"{label} {row_id} was removed behind the application's back.")


def _digests_of(model: type[TrackedModel], table: type[Model]) -> Iterator[tuple[UUID, int, str]]:
    """(row, revision, hex digest) of each stored row of `table`, which has the columns of `model`."""
    names = columns(model)
    at_id, at_revision = names.index("id"), names.index("revision")
    rows = table._default_manager.order_by().values_list(*names)
    for values in rows.iterator(chunk_size=CHUNK):
        yield values[at_id], values[at_revision], row_digest(model, values).hex()


def size_of_work() -> int:
    """Events, rows and versions together, for a progress bar."""
    models = guards.tracked_models()
    rows = sum(m._default_manager.count() + m.history.count() for m in models)
    return LogState.objects.get(id=1).size + rows
