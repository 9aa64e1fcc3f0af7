"""What tells who the person is stays closed on the case page until somebody asks for it.

Asking is a form that is posted to the page itself, so the answer stands on that page alone: not in its
address, and nowhere in the browser. It is a look of its own in the trail, which names what it opened.
"""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from accounts import confirming
from accounts.models import User
from cases import door
from cases.access import Access
from cases.door import Sections
from cases.facts import is_child
from cases.models import SealedModel
from cases.presenters import age_in_words
from core.classes import TELLS_WHO, choices_of
from core.http import StaffRequest
from core.schema import Section


def is_asked(request: StaffRequest) -> bool:
    """Does this request ask who the person is?"""
    return request.method == "POST"


def closed_to(access: Access, *, shown: bool) -> set[str]:
    """Classes that the reader holds and the page leaves closed."""
    return set() if shown else access.read & TELLS_WHO


def open_for_page(
    rows: Sequence[SealedModel], *, by: User, access: Access, shown: bool
) -> list[Sections]:
    """Sections of rows of one case; of who the person is nothing, unless that is to be `shown`.

    What waits for a confirmation is left out. Raises what `door.open_rows` raises.
    """
    found = door.open_rows(rows, by=by, closed=TELLS_WHO, withhold=True)
    if not (shown and access.read & TELLS_WHO):
        return found
    asked = door.open_rows(rows, by=by, classes=TELLS_WHO)
    return [one | other for one, other in zip(found, asked, strict=True)]


def waiting_of(request: StaffRequest, access: Access) -> dict[str, Any]:
    """Which classes open after a confirmation, by name, and where one confirms (cases/_waits.html)."""
    waits = [name for _cls, name in choices_of(confirming.unconfirmed(access.read))]
    return {"waits": waits, "confirm_url": confirming.confirm_url(request) if waits else ""}


def bar_of(access: Access, identity: Section | None, *, shown: bool) -> dict[str, Any]:
    """What the bar of a case says of the person, and the button that shows or hides it."""
    birthdate, today = getattr(identity, "birthdate", ""), timezone.localdate()
    born = "" if getattr(identity, "deceased", None) else birthdate
    return {
        "shown": shown,
        "may_show": bool(access.read & TELLS_WHO),
        "name": getattr(identity, "full_name", ""),
        "age": age_in_words(born, today),
        "is_child": is_child(born, today),
    }
