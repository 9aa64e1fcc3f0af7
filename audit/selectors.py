"""Finding events."""

from typing import Any
from uuid import UUID

from audit.models import Event
from audit.presenters import Line, lines_of

PAGE = 50


def page_of_events(*, before: int | None, **filters: Any) -> tuple[list[Line], int | None]:
    """Events newest first, and the position where the next page starts."""
    events = Event.objects.filter(**filters)
    if before is not None:
        events = events.filter(seq__lt=before)
    found = list(events.order_by("-seq")[: PAGE + 1])
    return lines_of(found[:PAGE]), found[PAGE - 1].seq if len(found) > PAGE else None


def events_by(actor: UUID, *, before: int | None) -> tuple[list[Line], int | None]:
    """What one person did."""
    return page_of_events(before=before, actor=actor)
