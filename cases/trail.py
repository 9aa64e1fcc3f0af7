"""The trail of one case: who read, who changed what, with versions side by side.

Versions come out of the history tables through the door, so everybody sees changes within their own
rights. The log tells of the rest that it happened, not what it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.apps import apps
from django.db import models

from accounts.models import User
from audit.models import Event, EventCase
from audit.presenters import Line, lines_of
from audit.verbs import READS, Verb
from cases import door
from cases.models import Attachment, Case, SealedModel
from cases.presenters import label_of, text_of
from cases.sections import FileContent
from core.exceptions import Erased
from core.schema import Section

PAGE = 40
# Columns that say nothing a reader of the trail would ask for.
TECHNICAL = frozenset(
    [
        "id",
        "revision",
        "last_event",
        "resealed_by",
        "sealed_at",
        "case",
        "permission",
        "content_object",
        "granted_by",
        "recorded_by",
        "asked_as",
        "decided_as",
        "added_by",
        "file",
        "file_digest",
    ]
)


@dataclass(slots=True)
class Difference:
    """One field before and after."""

    label: str
    before: str
    after: str


@dataclass(slots=True)
class TrailLine:
    """One event as the trail shows it."""

    line: Line
    is_read: bool
    is_first: bool = False  # the version a row began with: there is no before
    differences: list[Difference] = field(default_factory=list)
    note: str = ""  # what was typed along with the act, or the file's name, under seal in the log
    is_partly_hidden: bool = False  # a class outside the reader's rights changed as well
    is_erased: bool = False  # what was written then fell with the case


def trail_of(
    case: Case, *, by: User, before: int | None, show: str = ""
) -> tuple[list[TrailLine], int | None]:
    """A page of the case's events, newest first, and the position where the next page starts.

    `show` narrows to "reads" or "changes". Looking is an event itself, which names the classes shown.
    """
    links = EventCase.objects.filter(case=case.pk)
    if before is not None:
        links = links.filter(seq__lt=before)
    found = Event.objects.filter(seq__in=links.values("seq")).order_by("-seq")
    if show == "reads":
        found = found.filter(verb__in=READS)
    elif show == "changes":
        found = found.exclude(verb__in=READS)
    found = list(found[: PAGE + 1])
    events = found[:PAGE]
    versions = _versions([event for event in events if event.revision])
    sealed = [row for pair in versions.values() for row in pair if _is_sealed(row)]
    files = _files_read(case, events)
    contents: dict[int, door.Sections] | None = None
    try:
        # The case itself is among the rows, so that the reading is recorded though nothing changed.
        rows = [case, *sealed, *files]
        opened = door.open_rows(rows, by=by, verb=Verb.CASE_AUDITED)
        contents = dict(zip(map(id, rows), opened, strict=True))
    except Erased:  # who did what and when is told all the same
        pass
    lines = [
        _line(event, line, versions.get(event.seq), contents)
        for event, line in zip(events, lines_of(events), strict=True)
    ]
    names = _names_of(files, contents or {})
    for item, details in zip(lines, door.open_details(events, by=by, case=case), strict=True):
        item.note = details.get("note") or names.get(details.get("file"), "")
    if contents is None:
        for item, event in zip(lines, events, strict=True):
            item.is_erased = item.is_erased or _had_details(event, case)
    return lines, events[-1].seq if len(found) > PAGE else None


def _is_sealed(row: Any) -> bool:
    return issubclass(door.type_of(row), SealedModel)


def _versions(events: Sequence[Event]) -> dict[int, list[Any]]:
    """Event position → [version before (when there was one), version it made]."""
    found: dict[int, list[Any]] = {}
    for label in {event.object_type for event in events}:
        history = apps.get_model(label).history.model
        of_type = [event for event in events if event.object_type == label]
        rows = {
            (row.id, row.revision): row
            for row in history.objects.filter(id__in={event.object for event in of_type})
        }
        for event in of_type:
            keys = ((event.object, event.revision - 1), (event.object, event.revision))
            found[event.seq] = [rows[key] for key in keys if key in rows]
    return found


def _files_read(case: Case, events: Sequence[Event]) -> list[Attachment]:
    """The files of a case, when one of these events is about reading one."""
    is_about = {Verb.FILE_DOWNLOADED, Verb.FILE_PREVIEWED, Verb.FILE_SCANNED}
    return list(case.attachments.all()) if is_about & {event.verb for event in events} else []


def _names_of(files: Sequence[Attachment], contents: dict[int, door.Sections]) -> dict[str, str]:
    """File → its name, of the files this reader may see."""
    opened = {str(file.pk): contents.get(id(file), {}).get("content") for file in files}
    return {pk: content.name for pk, content in opened.items() if isinstance(content, FileContent)}


def _had_details(event: Event, case: Case) -> bool:
    return msgspec.json.decode(bytes(event.entry)).get("scope") == str(case.pk)


def _line(
    event: Event, line: Line, pair: list[Any] | None, contents: dict[int, door.Sections] | None
) -> TrailLine:
    """`contents` is None when nothing can be opened any more."""
    shown = TrailLine(line, is_read=event.verb in READS)
    if not pair:
        return shown
    old, new = (pair[0] if len(pair) == 2 else None), pair[-1]
    shown.is_first = old is None
    shown.differences = _open_differences(old, new)
    if _is_sealed(new) and contents is None:
        shown.is_erased = new.revision in new.sealed_at.values()
    elif _is_sealed(new):
        now = contents[id(new)]
        earlier = contents[id(old)] if old is not None else {}
        for section, content in now.items():
            shown.differences += _section_differences(earlier.get(section), content)
        written = {name for name, at in new.sealed_at.items() if at == new.revision}
        machine = {"facts", "search"}
        shown.is_partly_hidden = bool(written - now.keys() - machine)
    return shown


def _open_differences(old: Any, new: Any) -> list[Difference]:
    fields = [
        field
        for field in door.type_of(new)._meta.concrete_fields
        if field.name not in TECHNICAL and not isinstance(field, models.BinaryField)
    ]
    return [
        Difference(str(field.verbose_name).capitalize(), before, after)
        for field in fields
        if (before := _told(old, field)) != (after := _told(new, field))
    ]


def _section_differences(old: Section | None, new: Section) -> list[Difference]:
    before = old.as_dict() if old is not None else {}
    return [
        Difference(label_of(name), text_of(name, before.get(name)), text_of(name, value))
        for name, value in new.as_dict().items()
        if before.get(name) != value and (before.get(name) or value)
    ]


def _told(row: Any, column: Any) -> str:
    if row is None:
        return ""
    if column.is_relation:
        target = column.related_model.objects.filter(pk=getattr(row, column.attname)).first()
        return str(target or "")
    display = getattr(row, f"get_{column.name}_display", None)
    return text_of(column.name, display() if display else getattr(row, column.attname))
