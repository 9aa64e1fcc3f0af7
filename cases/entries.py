"""What a case file may hold several of, each with a form of its own: see ENTRY_KINDS."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.verbs import Verb
from cases.access import Access
from cases.door import Sections
from cases.entry_forms import (
    CommentForm,
    ContactPointForm,
    DocumentForm,
    EntryForm,
    PerpetratorForm,
    ProtectionForm,
    RiskForm,
    ScreeningForm,
    StatusDecisionForm,
    TraffickingEventForm,
)
from cases.models import (
    Case,
    Comment,
    ContactPoint,
    Entry,
    IdentityDocument,
    Perpetrator,
    ProtectionStep,
    RiskAssessment,
    Screening,
    SealedModel,
    StatusDecision,
    TraffickingEvent,
)
from cases.panels import Item, Panel
from cases.presenters import item_of, told
from cases.reference import RISK_LEVELS
from core.classes import CONTENT, SHORT_NAMES
from core.rights import Right
from core.schema import Section
from core.trends import FEWEST, Line, Trend

UNKNOWN = "~"  # behind every date
WITH_NUMBER = frozenset({"mobile", "landline", "messenger"})  # of reference.CHANNELS


def _no_numbers(content: Any) -> list[str]:
    return []


def _as_written(content: Any) -> int:
    return 0


def _no_trend(entries: list[dict[str, Any]]) -> None:
    return None


def _empty(case: Case) -> dict[str, Any]:
    return {}


def _trend_of_risk(entries: list[dict[str, Any]]) -> Trend | None:
    """How high the risk was, assessment by assessment; None of fewer than two."""
    levels = list(RISK_LEVELS)
    rows = [entry["row"] for entry in reversed(entries) if entry["row"].risk_level in levels]
    if len(rows) < FEWEST:
        return None
    return Trend(
        name="risk-trend",
        title=_("Risk over time"),
        days=[row.recorded_on for row in rows],
        lines=[Line(_("Risk"), [levels.index(row.risk_level) for row in rows])],
        steps=list(enumerate(RISK_LEVELS.values())),
        told=lambda value: RISK_LEVELS[levels[int(value)]],
    )


@dataclass(frozen=True)
class EntryKind:
    """One kind: its table, its form, its events and its words."""

    model: type[Entry]
    form: type[EntryForm]
    recorded: Verb
    changed: Verb | None  # None: it stays as it was written
    rights: tuple[Right, ...]  # one of them is needed to write
    heading: Any  # above all of them
    add: Any
    none: Any
    title: Callable[[Any], str]  # of one, out of its content
    titled: tuple[str, ...]  # fields that the title tells
    template: str = "cases/entries_panel.html"
    in_story: bool = True  # stands with what happened, below what is worked on
    on_paper: bool = True  # a summary of the case tells of them
    numbers: Callable[[Any], list[str]] = _no_numbers  # by which searches find the person
    order: Callable[[Any], Any] = _as_written  # by which they stand, out of the content of each
    trend: Callable[[list[dict[str, Any]]], Trend | None] = _no_trend  # of what the panel shows
    form_template: str = "cases/entry.html"
    initial: Callable[[Case], dict[str, Any]] = _empty  # what the form of a new one begins with
    # Fields that tell how far it is, and the event when no other differs: it says the same as before.
    follows: frozenset[str] = frozenset()
    followed: Verb | None = None

    @property
    def schema(self) -> type[Section]:
        return self.form.SCHEMA

    @property
    def classes(self) -> frozenset[str]:
        """What its entries may be of: one class, or the one that the writer of each chooses."""
        return CONTENT if self.model.ROUTED else frozenset({self.model.SECTIONS["content"][0]})

    def changed_by(self, before: Section, after: Section) -> Verb | None:
        """The event of this change; None where nothing is changed."""
        now = after.as_dict()
        differs = {name for name, value in before.as_dict().items() if now[name] != value}
        return self.followed if self.followed and differs <= self.follows else self.changed


ENTRY_KINDS: dict[str, EntryKind] = {
    "risk": EntryKind(
        *(RiskAssessment, RiskForm),
        *(Verb.RISK_ASSESSED, Verb.RISK_CHANGED),
        (Right.CASE_EDIT,),
        heading=_("Risk and safety"),
        add=_("Assess the risk"),
        none=_("The risk is not assessed yet."),
        title=lambda content: item_of("risk_level", content.risk_level),
        titled=("risk_level",),
        template="cases/risk_panel.html",
        in_story=False,
        trend=_trend_of_risk,
    ),
    "document": EntryKind(
        *(IdentityDocument, DocumentForm),
        *(Verb.DOCUMENT_RECORDED, Verb.DOCUMENT_CHANGED),
        (Right.CASE_EDIT,),
        heading=_("Identity documents"),
        add=_("Add a document"),
        none=_("No document is recorded."),
        title=lambda content: item_of("document_type", content.document_type),
        titled=("document_type",),
        numbers=lambda content: [content.document_number],
    ),
    "phone": EntryKind(
        *(ContactPoint, ContactPointForm),
        *(Verb.CONTACT_RECORDED, Verb.CONTACT_CHANGED),
        (Right.CASE_EDIT,),
        heading=_("Phones and accounts"),
        add=_("Add a phone or account"),
        none=_("No further phone or account is recorded."),
        title=lambda content: item_of("channel", content.channel),
        titled=("channel",),
        numbers=lambda content: [content.reached_at] if content.channel in WITH_NUMBER else [],
    ),
    "screening": EntryKind(
        *(Screening, ScreeningForm),
        *(Verb.SCREENING_RECORDED, Verb.SCREENING_CHANGED),
        (Right.CASE_EDIT,),
        heading=_("Screening"),
        add=_("Add a screening"),
        none=_("Nobody has looked for signs of trafficking yet."),
        title=lambda content: item_of("screening_result", content.screening_result),
        titled=("screening_result",),
    ),
    "decision": EntryKind(
        *(StatusDecision, StatusDecisionForm),
        *(Verb.STATUS_DECIDED, Verb.STATUS_CHANGED),
        (Right.CASE_EDIT,),
        heading=_("Identification"),
        add=_("Add a decision"),
        none=_("Nobody has decided yet whether the person was trafficked."),
        title=lambda content: item_of("trafficking_status", content.trafficking_status),
        titled=("trafficking_status",),
    ),
    "protection": EntryKind(
        *(ProtectionStep, ProtectionForm),
        *(Verb.PROTECTION_RECORDED, Verb.PROTECTION_CHANGED),
        (Right.CASE_EDIT,),
        heading=_("Protection"),
        add=_("Add a step of protection"),
        none=_("No step of protection is recorded."),
        title=lambda content: item_of("protection_step", content.protection_step),
        titled=("protection_step",),
    ),
    "event": EntryKind(
        *(TraffickingEvent, TraffickingEventForm),
        *(Verb.TRAFFICKING_EVENT_RECORDED, Verb.TRAFFICKING_EVENT_CHANGED),
        (Right.CASE_EDIT,),
        heading=_("On the way"),
        add=_("Add an event"),
        none=_("No recruitment, transit or exploitation is recorded as an event."),
        title=lambda content: item_of("event_type", content.event_type),
        titled=("event_type",),
        order=lambda content: content.event_date or UNKNOWN,
    ),
    "perpetrator": EntryKind(
        *(Perpetrator, PerpetratorForm),
        *(Verb.PERPETRATOR_RECORDED, Verb.PERPETRATOR_CHANGED),
        (Right.CASE_EDIT,),
        heading=_("Who took part"),
        add=_("Add a person"),
        none=_("Nobody who took part is recorded."),
        title=lambda content: content.full_name or _("Not known by name"),
        titled=("second_name", "first_name", "middle_name"),
    ),
    "comment": EntryKind(
        *(Comment, CommentForm),
        *(Verb.COMMENT_WRITTEN, None),
        (Right.CASE_EDIT, Right.ASSISTANCE_RECORD),
        heading=_("Comments"),
        add=_("Write a comment"),
        none=_("No comment that you may read is written yet."),
        title=lambda content: str(SHORT_NAMES.get(content.cls, content.cls)),
        titled=("cls",),
        template="cases/comment_panel.html",
        in_story=False,
        on_paper=False,
    ),
}


def new_entry(case: Case, kind: EntryKind, content: Section, *, by: User) -> Entry:
    """An entry that is not saved yet."""
    row = kind.model(case=case, recorded_on=timezone.localdate(), recorded_by=by)
    cls = class_of(row, content)
    row.put("content", content, cls)
    row.take(content)
    if kind.model.ROUTED:
        row.put("facts", kind.model.SECTIONS["facts"][1](cls=cls))  # type: ignore[call-arg]
    return row


def class_of(entry: Entry, content: Section) -> str:
    """The class of an entry's content: that of its kind, or the one its writer chose."""
    return getattr(content, "cls", "") or entry.SECTIONS["content"][0]


def may_write(kind: EntryKind, user: User, access: Access) -> bool:
    """May the person add such an entry to a case they have this access to?"""
    return bool(access.write & kind.classes) and any(user.has_right(right) for right in kind.rights)


def panel_of(name: str, kind: EntryKind | None = None) -> Panel:
    """The part of the case page that shows entries of this kind.

    `kind` is for one that is not in ENTRY_KINDS, because it has pages of its own.
    """
    kind = kind or ENTRY_KINDS[name]

    def rows(case: Case) -> QuerySet[Any]:
        return kind.model._default_manager.filter(case=case).select_related("recorded_by")

    def context(
        case: Case, user: User, access: Access, opened: list[tuple[SealedModel, Sections]]
    ) -> dict[str, Any]:
        """Entries of the classes the reader holds; of others not even the number is told."""
        may_add = may_write(kind, user, access)
        entries = [
            {
                "row": row,
                "title": kind.title(content),
                "content": content,
                "told": told(content, without=kind.titled),
            }
            for row, sections in opened
            if (content := sections.get("content")) is not None
        ]
        entries.sort(key=lambda entry: kind.order(entry["content"]))
        return {
            "name": name,
            "kind": kind,
            "entries": entries,
            "trend": kind.trend(entries),
            "may_add": may_add,
            "may_change": may_add and kind.changed is not None,
            "is_shown": kind.model.ROUTED or may_add or bool(access.read & kind.classes),
        }

    return Panel(
        *(name, kind.heading, kind.template, rows, context),
        in_story=kind.in_story,
        is_mixed=kind.model.ROUTED,
        written=written if kind.on_paper else None,
        classes=frozenset() if kind.model.ROUTED else kind.classes,
    )


def written(context: dict[str, Any]) -> list[Item]:
    """What a summary on paper tells of entries, out of the context of their panel."""
    return [
        Item(entry["title"], entry["told"], entry["row"].recorded_on)
        for entry in context["entries"]
    ]
