"""Acts that are up for review, as their pages tell them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from audit import trail
from audit.models import Event, ReviewItem, ReviewState
from audit.presenters import Line, lines_of
from audit.review import NOTES, item_for, may_decide
from audit.rules import rule_of
from audit.verbs import Verb
from core.exceptions import NotAllowed
from vault.secrets import unseal_system


@dataclass(slots=True)
class ToldItem:
    """An item, told."""

    item: ReviewItem
    title: Any
    advice: Any
    line: Line | None  # the event at which it was found
    may_decide: bool
    may_escalate: bool
    is_own: bool  # it is about whoever looks


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an item."""

    at: datetime
    who: Any  # a user; none for the rule that made it
    told: Any
    note: str


STEPS = {
    ReviewState.OPEN: _("A rule put it up for review"),
    ReviewState.ESCALATED: _("Passed on to the auditor"),
    ReviewState.SIGNED_OFF: _("Signed off"),
}


def told_items(items: Sequence[ReviewItem], *, by: Any) -> list[ToldItem]:
    """Items in their order, with one look at the log for all of them."""
    events = list(Event.objects.filter(id__in={item.event for item in items}))
    lines = dict(zip([event.id for event in events], lines_of(events), strict=True))
    return [_told(item, lines.get(item.event), by) for item in items]


def _told(item: ReviewItem, line: Line | None, by: Any) -> ToldItem:
    rule, can = rule_of(item.rule), may_decide(item, by)
    return ToldItem(
        item=item,
        title=rule.title if rule else item.rule,
        advice=rule.advice if rule else "",
        line=line,
        may_decide=can,
        may_escalate=can and item.office is not None and item.state == ReviewState.OPEN,
        is_own=item.officer == by.pk,
    )


def steps_of(item: ReviewItem, *, by: Any) -> list[Step]:
    """Who did what with an item, with the notes. Looking is an event, written first.

    Raises NotAllowed for somebody the item is not for.
    """
    if item_for(by, item.pk) is None:
        raise NotAllowed(_("This is not for you to review."))
    trail.record(Verb.REVIEW_READ, by=by, details={"item": str(item.pk)})
    versions = list(item.history.order_by("revision"))
    people = get_user_model().objects.in_bulk({v.history_user_id for v in versions} - {None})
    return [
        Step(
            version.history_date,
            people.get(version.history_user_id),
            STEPS[ReviewState(version.state)],
            _note_of(version),
        )
        for version in versions
    ]


def _note_of(version: Any) -> str:
    if version.note_sealed is None:
        return ""
    owner = f"{version.id} {version.revision}"
    return unseal_system(NOTES, owner, bytes(version.note_sealed)).decode()
