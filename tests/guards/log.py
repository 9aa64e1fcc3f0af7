"""Reading the log in tests: how long it is, and what was added since."""

import base64
from typing import Any
from uuid import UUID

import msgspec

from audit import trail
from audit.models import Event, LogState
from vault import sealing


def size() -> int:
    """Number of events so far."""
    return LogState.objects.get(id=1).size


def since(start: int) -> list[Event]:
    """The events from this position on, in their order."""
    return list(Event.objects.filter(seq__gte=start).order_by("seq"))


def verbs_since(start: int) -> list[str]:
    """Their verbs."""
    return [event.verb for event in since(start)]


def told(event: Event) -> dict[str, Any]:
    """What an entry says in the open."""
    return msgspec.json.decode(bytes(event.entry))


def details(event: Event) -> dict[str, Any]:
    """What it says under seal."""
    entry = told(event)
    place = trail.details_place(event.id, UUID(entry["scope"]))
    return msgspec.json.decode(sealing.unseal(place, base64.b64decode(entry["sealed"])))
