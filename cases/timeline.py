"""What happened in a case, newest first, out of the log: one line for each event of some kinds.

The log says when, by whom and what was done. What it was about comes out of the row through the door,
within the reader's rights: an event on a row of a class they may not open is no line at all.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Q
from django.urls import reverse
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.models import Event
from audit.presenters import Line, lines_of
from audit.verbs import Verb
from cases.access import Access
from cases.door import Sections
from cases.models import (
    Approval,
    Attachment,
    AttachmentState,
    Case,
    CaseTeamGrant,
    CaseUserGrant,
    Closure,
    Comment,
    SealedModel,
    Stage,
)
from cases.sections import CommentContent, FileContent
from cases.services.grants import can_grant
from cases.trail import Words, told_access
from cases.trail_finding import TrailFilter, find
from core.classes import SHORT_NAMES
from core.rights import Right

PAGE = 20  # lines
LOOKED_AT = 10  # pages of the log looked at for them, for who may read few of its events
LONGEST = 200  # characters of a comment


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom the lines are."""

    case: Case
    user: User
    access: Access


@dataclass(frozen=True, slots=True)
class Told:
    """What an event was about, and where one reads on."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """Events that one may want to see by themselves."""

    code: str  # in the address
    label: Any
    verbs: frozenset[Verb]


@dataclass(slots=True)
class TimelineLine:
    """One event as the timeline shows it."""

    title: str
    by: str
    at: datetime
    text: str = ""
    url: str = ""


@dataclass(slots=True)
class Timeline:
    """A part of the timeline. `more` is the position in the log before which it goes on."""

    lines: list[TimelineLine] = field(default_factory=list)
    more: int | None = None


def _of_comment(row: SealedModel, sections: Sections, viewer: Viewer) -> Told | None:
    content = sections.get("content")
    if not isinstance(content, CommentContent):
        return None
    told = Truncator(content.comment).chars(LONGEST)
    return Told(f"{capfirst(SHORT_NAMES.get(content.cls, content.cls))}: {told}")


def _of_file(row: SealedModel, sections: Sections, viewer: Viewer) -> Told | None:
    content = sections.get("content")
    if not isinstance(content, FileContent) or not isinstance(row, Attachment):
        return None
    is_here = row.state != AttachmentState.REMOVED
    at = reverse("cases:file", args=[viewer.case.reference, row.pk]) if is_here else ""
    return Told(content.name, at)


def of_something(called: Any = "") -> Callable[[SealedModel, Sections, Viewer], Told | None]:
    """Of rows of which no more is told than what they are called."""
    return lambda row, sections, viewer: Told(str(called)) if "content" in sections else None


SHARING = "sharing"
# In the order in which one may choose; upper apps add theirs in apps.ready().
KINDS = [
    Kind("comments", _("Comments"), frozenset({Verb.COMMENT_WRITTEN})),
    Kind(
        *("files", _("Files")),
        frozenset({Verb.FILE_ADDED, Verb.FILE_RELEASED, Verb.FILE_REMOVED}),
    ),
    Kind(
        *("approvals", _("Approvals")),
        frozenset(
            {
                *(Verb.CONTENT_APPROVED, Verb.CLOSURE_ASKED, Verb.CLOSURE_APPROVED),
                *(Verb.CLOSURE_SENT_BACK, Verb.CLOSURE_WITHDRAWN),
            }
        ),
    ),
    Kind(
        *(SHARING, _("Shared and handed out")),
        frozenset(
            {
                *(Verb.GRANT_GIVEN, Verb.GRANT_REVOKED, Verb.GRANT_PROLONGED),
                *(Verb.CASE_HANDED_OVER, Verb.TRANSFER_ASKED, Verb.CASE_TRANSFERRED),
                *(Verb.LETTER_MADE, Verb.CASE_EXPORTED, Verb.CASE_IN_WORKBOOK),
            }
        ),
    ),
    Kind(
        *("stages", _("Stages")),
        frozenset(
            {
                *(Verb.CASE_REGISTERED, Verb.CASE_IMPORTED, Verb.STAGE_CHANGED),
                *(Verb.CASE_CLOSED, Verb.CASE_REOPENED),
            }
        ),
    ),
]
# What an event on a row of this model was about: None where the viewer may not open it.
TELLS: dict[str, Callable[[Any, Sections, Viewer], Told | None]] = {
    Comment._meta.label: _of_comment,
    Attachment._meta.label: _of_file,
    Closure._meta.label: of_something(),
}


def kinds_for(viewer: Viewer) -> list[Kind]:
    """The kinds this person is told of: who else sees the case only where they may look that up."""
    user, access = viewer.user, viewer.access
    may_audit = user.has_right(Right.CASE_AUDIT) and not access.by_glass
    may_see_sharing = may_audit or can_grant(user, viewer.case, access)
    return [kind for kind in KINDS if kind.code != SHARING or may_see_sharing]


@dataclass(frozen=True, slots=True)
class _Wanted(TrailFilter):
    """Events with one of these verbs."""

    verbs: frozenset[Verb] = frozenset()

    def rule(self) -> Q:
        return Q(verb__in=self.verbs, outcome="ok")


def timeline_of(
    viewer: Viewer,
    kinds: Iterable[Kind],
    *,
    before: int | None,
    opening: Callable[[Sequence[SealedModel]], list[Sections]],
) -> Timeline:
    """A page of the events of these kinds, beginning before the position `before`.

    `opening` opens rows for the viewer and records it. A page is filled with what they may read, and
    another follows only where there is more of that: nothing tells how much there is beside.
    """
    wanted = _Wanted(verbs=frozenset(verb for kind in kinds for verb in kind.verbs))
    told: list[tuple[Event, TimelineLine]] = []
    more = before
    for _round in range(LOOKED_AT):
        found = find(viewer.case, wanted, before=more)
        told += _tell(found.events, viewer, opening)
        more = found.more
        if more is None or len(told) > PAGE:
            break
    if len(told) > PAGE:
        more = told[PAGE - 1][0].seq
    return Timeline([line for _event, line in told[:PAGE]], more)


def _tell(
    events: Sequence[Event],
    viewer: Viewer,
    opening: Callable[[Sequence[SealedModel]], list[Sections]],
) -> list[tuple[Event, TimelineLine]]:
    rows = _rows_of((event.object_type, event.object) for event in events)
    approved = _rows_of(
        (row.object_type, row.object) for row in rows.values() if isinstance(row, Approval)
    )
    sealed = [row for row in {**rows, **approved}.values() if row._meta.label in TELLS]
    sections = {
        row.pk: found for row, found in zip(sealed, opening(sealed) if sealed else [], strict=True)
    }
    stages, words = _stages(events, viewer.case), Words()
    lines = []
    for event, line in zip(events, lines_of(events), strict=True):
        row = rows.get(event.object)
        if isinstance(row, Approval):
            row = approved.get(row.object)
        if row is not None and row._meta.label in TELLS:
            told = TELLS[row._meta.label](row, sections.get(row.pk, {}), viewer)
        elif isinstance(row, CaseUserGrant | CaseTeamGrant):
            told = Told(told_access(row, words))
        elif event.verb == Verb.CONTENT_APPROVED or event.object_type in TELLS:
            told = None  # of a kind of row that nothing is told of here, or of a row that is gone
        else:
            told = Told(stages.get(event.revision, "") if event.object == viewer.case.pk else "")
        if told is not None:
            lines.append((event, _line(line, told)))
    return lines


def _line(line: Line, told: Told) -> TimelineLine:
    return TimelineLine(capfirst(str(line.told)), str(line.who), line.at, told.text, told.url)


def _rows_of(named: Iterable[tuple[str, UUID | None]]) -> dict[UUID | None, Any]:
    """Rows by their ids, of those models that something is told of."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for label, pk in named:
        if pk is not None and (label in TELLS or label in OPEN):
            wanted[label].add(pk)
    return {
        pk: row
        for label, pks in wanted.items()
        for pk, row in apps.get_model(label)._default_manager.in_bulk(pks).items()
    }


# Rows without sections whose columns say more of an event.
OPEN = frozenset(model._meta.label for model in (Approval, CaseUserGrant, CaseTeamGrant))


def _stages(events: Sequence[Event], case: Case) -> dict[int | None, str]:
    """Revision of the case → the stage it was moved to."""
    moved = [event.revision for event in events if event.verb == Verb.STAGE_CHANGED]
    versions = Case.history.filter(id=case.pk, revision__in=moved) if moved else []
    return {one.revision: str(Stage(one.stage).label) for one in versions if one.stage}
