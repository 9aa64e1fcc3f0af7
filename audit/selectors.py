"""Finding events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.models import Event, EventCase
from audit.presenters import Line, lines_of
from audit.sequencer import sequence
from audit.verbs import TAKEN_OUT, Verb

PAGE = 50


@dataclass(frozen=True, slots=True)
class Kind:
    """Events that belong together on a page, as a filter."""

    label: Any
    events: Q


KINDS: dict[str, Kind] = {
    "opened": Kind(
        _("Opened"),
        Q(verb__in=[Verb.CASE_VIEWED, Verb.FILE_PREVIEWED, Verb.CASE_AUDITED], outcome="ok"),
    ),
    "searched": Kind(
        _("Searched and listed"),
        Q(
            verb__in=[
                *(Verb.CASE_SEARCHED, Verb.MATCH_TOLD),
                *(Verb.CASE_LISTED, Verb.RETENTION_LISTED),
            ]
        ),
    ),
    "changed": Kind(_("Changed"), Q(revision__isnull=False)),
    "exported": Kind(
        _("Took out"),
        Q(verb__in=TAKEN_OUT, outcome="ok"),
    ),
    "refused": Kind(_("Refused"), Q(outcome="denied")),
}


class _Named(msgspec.Struct):
    cases: list[UUID]


def events() -> "QuerySet[Event, Event]":
    """The log with everything that was committed before this call, in its order."""
    sequence()
    return Event.objects.order_by("seq")


def events_of_case(case: UUID) -> "QuerySet[Event, Event]":
    """The events that name a case, in the order of the log."""
    return events().filter(seq__in=EventCase.objects.filter(case=case).values("seq"))


def cases_named(entry: Any) -> list[UUID]:
    """The cases that an entry of the log names."""
    return msgspec.json.decode(bytes(entry), type=_Named).cases


def page_of_events(*conditions: Q, before: int | None) -> tuple[list[Line], int | None]:
    """Events newest first, and the position where the next page starts."""
    wanted = events().filter(*conditions)
    if before is not None:
        wanted = wanted.filter(seq__lt=before)
    found = list(wanted.order_by("-seq")[: PAGE + 1])
    return lines_of(found[:PAGE]), found[PAGE - 1].seq if len(found) > PAGE else None


def events_by(
    actor: UUID,
    *,
    kind: str = "",
    start: datetime | None = None,
    stop: datetime | None = None,
    number: int | None = None,
    before: int | None,
) -> tuple[list[Line], int | None]:
    """A page of what one person did: of one of KINDS or all, from `start` until before `stop`.

    With `number`, the one event at that position in the log.
    """
    wanted = Q(actor=actor)
    if kind in KINDS:
        wanted &= KINDS[kind].events
    if start:
        wanted &= Q(at__gte=start)
    if stop:
        wanted &= Q(at__lt=stop)
    if number is not None:
        wanted &= Q(seq=number)
    return page_of_events(wanted, before=before)
