"""The trail of one case: who read, who changed what, with versions side by side.

Versions come out of the history tables through the door, so everybody sees changes within their own
rights. The log tells of the rest that it happened, not what it was.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.apps import apps
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from audit.models import Event
from audit.presenters import Line, lines_of
from audit.verbs import READS, Verb
from cases import differences, door
from cases.access import Access, access_to, may_act
from cases.differences import Difference
from cases.explained import CLASSES, team_name
from cases.links import link_differences, seen_of
from cases.models import Attachment, Case, CaseTeamGrant, CaseUserGrant, SealedModel
from cases.presenters import answer_of, answers, difference_of, label_of_column, text_of
from cases.sections import CaseLinks, FileContent
from cases.selectors import is_gone
from cases.trail_finding import TrailFilter, find, named_cases
from core.classes import MACHINE, SHORT_NAMES
from core.exceptions import NotAllowed
from core.rights import Right
from core.schema import Section

CHUNK = 500  # rows looked up in one query
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
        "glass",
        "cost",
        "reverses",
        "grant",
        "consent",
    ]
)


@dataclass(slots=True)
class TrailLine:
    """One event as the trail shows it."""

    line: Line
    is_read: bool
    is_first: bool = False  # the version a row began with: there is no before
    differences: list[Difference] = field(default_factory=list)
    about: str = ""  # of access that was given or changed: to whom, to what, until when
    note: str = ""  # what was typed along with the act, or what it was about, under seal in the log
    is_partly_hidden: bool = False  # a class outside the reader's rights changed as well
    is_erased: bool = False  # what was written then fell with the case
    is_damaged: bool = False  # a version does not open: its bytes were changed or moved
    names_unseen: bool = False  # among the cases it names is one that the reader does not see


@dataclass(slots=True)
class TrailPage:
    """A part of the trail. `more` is the position before which it goes on."""

    lines: list[TrailLine]
    more: int | None
    # Looking ended here, before the page was full: what is older was not looked at yet.
    looked_back_to: datetime | None = None


def trail_of(
    case: Case, *, by: User, before: int | None, wanted: TrailFilter | None = None
) -> TrailPage:
    """A page of the case's events, newest first, beginning before the position `before`.

    Looking is an event itself, which names the classes shown. With a class in `wanted` no other is
    opened. Raises NotAllowed when the person may not look at the trail.
    """
    check_may_audit(by, case)
    wanted = wanted or TrailFilter()
    found = find(case, wanted, before=before)
    only = [wanted.cls] if wanted.cls else None
    lines = tell(case, found.events, by=by, verb=Verb.CASE_AUDITED, classes=only)
    return TrailPage([line for line in lines if line is not None], found.more, found.looked_back_to)


def check_may_audit(by: User, case: Case) -> None:
    """Raise NotAllowed unless this person may look at the trail of the case."""
    if not may_act(by, case.pk, Right.CASE_AUDIT):
        raise NotAllowed(_("You may not look at who saw and changed what in this case."))


def tell(
    case: Case,
    events: Sequence[Event],
    *,
    by: User,
    verb: Verb,
    classes: Collection[str] | None = None,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> list[TrailLine | None]:
    """Events of a case as lines, recorded as `verb` before anything of them is opened.

    With `classes`, nothing of another class is opened, and what turns out to be of another comes out as
    None: the class of a record of assistance or of a file is told only to those who may read it.
    Raises NotFound when the person does not see the case.
    """
    versions = _versions([event for event in events if event.revision])
    gone = is_gone(case)
    sealed = [row for pair in versions.values() for row in pair if _is_sealed(row) and not gone]
    files = [] if gone else _files_read(case, events)
    # The case itself is among the rows, so that the reading is recorded though nothing changed.
    rows = [case, *sealed, *files]
    only = () if gone else classes
    opened = door.open_each(rows, by=by, verb=verb, classes=only, reason=reason, details=details)
    contents = dict(zip(map(id, rows), opened, strict=True))
    reader = _Reader(
        contents, access_to(by, [case.pk], glass=False).get(case.pk, Access()), classes
    )
    links = (one for sections in opened for one in (sections or {}).values())
    reader.linked = seen_of((one for one in links if isinstance(one, CaseLinks)), by)
    lines = [
        _line(event, line, versions.get(event.seq, []), reader, gone=gone)
        for event, line in zip(events, lines_of(events), strict=True)
    ]
    _add_notes(lines, door.open_details(events, by=by, case=case), _names_of(files, contents))
    unseen = _naming_unseen(events, by)
    for item, event in zip(lines, events, strict=True):
        if item is not None:
            item.names_unseen = event.seq in unseen
            item.is_erased = item.is_erased or (gone and _had_details(event, case))
    return lines


@dataclass(slots=True)
class Words:
    """Open columns of versions in words; rows they refer to are looked up once."""

    _told: dict[tuple[type, Any], str] = field(default_factory=dict)

    def told(self, row: Any, column: Any) -> str:
        """One column of a version; "" when there is no version."""
        if row is None:
            return ""
        value = getattr(row, column.attname)
        if column.is_relation:
            key = (column.related_model, value)
            if key not in self._told:
                target = column.related_model.objects.filter(pk=value).first()
                team = getattr(target, "team", None)  # of a group of accounts
                self._told[key] = team_name(team) if team else str(target or "")
            return self._told[key]
        display = getattr(row, f"get_{column.name}_display", None)
        return text_of(column.name, display() if display else value)


@dataclass(slots=True)
class _Reader:
    """What was opened for whoever looks."""

    contents: dict[int, door.Sections | None]  # by id() of the row; None: damaged
    access: Access
    classes: Collection[str] | None  # no others were asked for
    linked: dict[str, Case] = field(default_factory=dict)  # of cases linked, those they may know of
    words: Words = field(default_factory=Words)

    def sections(self, row: Any) -> door.Sections:
        """What could be opened of a version."""
        return self.contents.get(id(row)) or {}

    def is_damaged(self, row: Any) -> bool:
        return row is not None and id(row) in self.contents and self.contents[id(row)] is None


# --- Versions -------------------------------------------------------------------------
def _is_sealed(row: Any) -> bool:
    return issubclass(door.type_of(row), SealedModel)


def _versions(events: Sequence[Event]) -> dict[int, list[Any]]:
    """Event position → [version before (when there was one), version it made]."""
    found: dict[int, list[Any]] = {}
    for label in {event.object_type for event in events}:
        history = apps.get_model(label).history.model
        of_type = [event for event in events if event.object_type == label]
        for start in range(0, len(of_type), CHUNK):
            found |= _versions_of(history, of_type[start : start + CHUNK])
    return found


def _versions_of(history: Any, events: Sequence[Event]) -> dict[int, list[Any]]:
    pairs = {
        event.seq: [(event.object, event.revision - 1), (event.object, event.revision)]
        for event in events
    }
    wanted = {key for pair in pairs.values() for key in pair}
    rows = history.objects.filter(
        id__in={row for row, _revision in wanted},
        revision__in={revision for _row, revision in wanted},
    )
    by_key = {(row.id, row.revision): row for row in rows}
    return {seq: [by_key[key] for key in pair if key in by_key] for seq, pair in pairs.items()}


def _line(
    event: Event, line: Line, pair: list[Any], reader: _Reader, *, gone: bool
) -> TrailLine | None:
    """None when nothing of the class that was asked for could be opened."""
    shown = TrailLine(line, is_read=event.verb in READS)
    if not pair:
        return shown
    old, new = (pair[0] if len(pair) == 2 else None), pair[-1]
    shown.is_first = old is None
    if isinstance(new.instance, CaseUserGrant | CaseTeamGrant):
        shown.about = told_access(new, reader.words)
    shown.differences = open_differences(old, new, reader.words)
    if not _is_sealed(new):
        return shown
    written = {name for name, revision in new.sealed_at.items() if revision == new.revision}
    if gone:
        shown.is_erased = bool(written)
        return shown
    now, earlier = reader.sections(new), reader.sections(old)
    if reader.classes and door.type_of(new).ROUTED and not now:
        return None
    shown.is_damaged = reader.is_damaged(new) or reader.is_damaged(old)
    if not shown.is_damaged:
        for section, content in now.items():
            if isinstance(content, CaseLinks):
                before: Any = earlier.get(section)
                shown.differences += link_differences(before, content, reader.linked)
            else:
                shown.differences += section_differences(earlier.get(section), content)
        shown.is_partly_hidden = any(
            name not in now and not _is_readable(new, name, reader) for name in written
        )
    return shown


def told_access(grant: Any, words: Words) -> str:
    """A grant, or a version of one, in a line: to whom, to what, until when."""
    model = door.type_of(grant)
    holder = "user" if issubclass(model, CaseUserGrant) else "group"
    names = [str(SHORT_NAMES[cls]) for cls in CLASSES if cls in grant.classes]
    return _("%(who)s: %(classes)s, until %(day)s") % {
        "who": words.told(grant, model._meta.get_field(holder)),
        "classes": ", ".join(names),
        "day": date_format(timezone.localtime(grant.ends), "DATE_FORMAT"),
    }


def _is_readable(version: Any, section: str, reader: _Reader) -> bool:
    """Is a section that was not opened one that the reader could open, or one for no reader at all?"""
    cls = door.type_of(version).SECTIONS[section][0]
    is_known = not door.type_of(version).ROUTED or cls in MACHINE
    return is_known and cls in reader.access.read | MACHINE


def open_differences(old: Any, new: Any, words: Words) -> list[Difference]:
    """What differs between two versions of a row outside its sections; `old` may be None."""
    fields = [
        field
        for field in door.type_of(new)._meta.concrete_fields
        if field.name not in TECHNICAL and not isinstance(field, models.BinaryField)
    ]
    return [
        differences.of_texts(label_of_column(field), before, after)
        for field in fields
        if (before := words.told(old, field)) != (after := words.told(new, field))
    ]


def section_differences(old: Section | None, new: Section) -> list[Difference]:
    """What differs in one section."""
    return [
        difference_of(
            name,
            getattr(old, name, None),
            getattr(new, name),
            texts=(answer_of(old, name), answer_of(new, name)),
        )
        for name in answers(new)
        if answer_of(old, name) != answer_of(new, name)
    ]


# --- What stands beside the change ----------------------------------------------------
def _files_read(case: Case, events: Sequence[Event]) -> list[Attachment]:
    """The files of a case, when one of these events is about reading one."""
    is_about = {Verb.FILE_DOWNLOADED, Verb.FILE_PREVIEWED, Verb.FILE_SCANNED}
    return list(case.attachments.all()) if is_about & {event.verb for event in events} else []


def _names_of(
    files: Sequence[Attachment], contents: dict[int, door.Sections | None]
) -> dict[str, str]:
    """File → its name, of the files this reader may see."""
    opened = {str(file.pk): (contents[id(file)] or {}).get("content") for file in files}
    return {pk: content.name for pk, content in opened.items() if isinstance(content, FileContent)}


def _add_notes(
    lines: Sequence[TrailLine | None], details: Sequence[dict[str, Any]], files: dict[str, str]
) -> None:
    asked_about = {told["person"] for told in details if told.get("person")}
    people = {str(pk): str(user) for pk, user in User.objects.in_bulk(asked_about).items()}
    for item, told in zip(lines, details, strict=True):
        if item is not None:
            item.note = _note(told, files, people)


def _note(told: dict[str, Any], files: dict[str, str], people: dict[str, str]) -> str:
    """What was typed along with an act, or what it was about."""
    if "number" in told:
        return _("No. %s") % told["number"]
    about = people.get(told.get("person", "")) or files.get(told.get("file", ""))
    return str(told.get("note") or about or "")


def _had_details(event: Event, case: Case) -> bool:
    return msgspec.json.decode(bytes(event.entry)).get("scope") == str(case.pk)


def _naming_unseen(events: Iterable[Event], by: User) -> set[int]:
    """Positions of the events that name a case this person does not see."""
    several = {event.seq: named for event in events if len(named := named_cases(event)) > 1}
    seen = access_to(by, {case for named in several.values() for case in named})
    return {seq for seq, named in several.items() if not seen.keys() >= set(named)}


def sees_all_named(event: Event, by: User) -> bool:
    """Does this person see every case that an event names?"""
    named: list[UUID] = named_cases(event)
    return access_to(by, named).keys() >= set(named)
