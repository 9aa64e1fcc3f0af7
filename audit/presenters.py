"""An event as a sentence. Storing is elsewhere: this only tells, within what is open."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from django.contrib.auth import get_user_model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.models import Event
from audit.verbs import READS, TOLD_AS, Verb
from core.classes import SHORT_NAMES

# Names for the cases of an event; the application that knows cases puts its function here.
CASE_NAMES: list[Callable[[Iterable[UUID]], dict[UUID, str]]] = []


@dataclass(slots=True)
class Line:
    """One event, told."""

    seq: int
    at: datetime
    who: str | Promise
    actor: UUID | None
    told: str | Promise
    verb: str
    outcome: str
    is_read: bool
    classes: list[str]
    reason: str
    cases: list[str]
    case_count: int


MOST_CASES = 5  # named on one line


def lines_of(events: Sequence[Event]) -> list[Line]:
    """A line for each event, in their order, with two queries for all of them."""
    contents = [msgspec.json.decode(bytes(event.entry)) for event in events]
    cases = [[UUID(case) for case in content["cases"]] for content in contents]
    names = _case_names({case for few in cases for case in few[:MOST_CASES]})
    people = get_user_model().objects.in_bulk({event.actor for event in events if event.actor})
    return [
        Line(
            seq=event.seq,
            at=event.at,
            who=_who(event, people),
            actor=event.actor,
            told=_told(event.verb),
            verb=event.verb,
            outcome=event.outcome,
            is_read=event.verb in READS,
            classes=[str(SHORT_NAMES.get(cls, cls)) for cls in content["classes"]],
            reason=content["reason"],
            cases=[names.get(case, str(case)) for case in few[:MOST_CASES]],
            case_count=len(few),
        )
        for event, content, few in zip(events, contents, cases, strict=True)
    ]


def _who(event: Event, people: Mapping[UUID, object]) -> str | Promise:
    if event.actor is None:
        return _("Tutela itself") if event.outcome == "ok" else _("Somebody not signed in")
    return str(people.get(event.actor, event.actor))


def _case_names(cases: Iterable[UUID]) -> dict[UUID, str]:
    names: dict[UUID, str] = {}
    for name in CASE_NAMES:
        names |= name(cases)
    return names


def _told(verb: str) -> str | Promise:
    """A verb this version does not know is still shown, as it stands."""
    try:
        return TOLD_AS[Verb(verb)]
    except (KeyError, ValueError):
        return verb
