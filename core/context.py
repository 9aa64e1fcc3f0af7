"""What every page needs: the navigation this person may use, and whether this is a demonstration."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from core.rights import Right


@dataclass(frozen=True)
class NavItem:
    """One entry of the navigation. `right` None shows it to everyone who is signed in."""

    label: object  # a lazy translation
    url_name: str
    right: Right | None = None


# Upper apps add theirs in AppConfig.ready(); the order of installed apps is the reverse of the
# order on the page, so each says where it belongs by `NAV.insert` or `NAV.append`.
NAV: list[NavItem] = []

# Parts of the page frame that a right switches on, by the name templates/base.html knows them by.
FRAME_RIGHTS: dict[str, Right] = {"search": Right.CASE_SEARCH}


def _may(user: Any, right: Right | None) -> bool:
    return user.is_authenticated and (right is None or user.has_right(right))


def _navigation(request: HttpRequest) -> list[dict[str, object]]:
    user = getattr(request, "user", None)
    if user is None:
        return []
    items = []
    for item in NAV:
        if _may(user, item.right):
            url = reverse(item.url_name)
            here = request.path == url or (url != "/" and request.path.startswith(url))
            items.append({"label": item.label, "url": url, "current": here})
    return items


def _frame_rights(request: HttpRequest) -> dict[str, bool]:
    user = getattr(request, "user", None)
    if user is None:
        return {}
    return {name: _may(user, right) for name, right in FRAME_RIGHTS.items()}


def site(request: HttpRequest) -> dict[str, object]:
    """Context processor: `nav`, `nav_rights` and `DEMO`. Nothing is asked of the user until used."""
    return {
        "nav": SimpleLazyObject(lambda: _navigation(request)),
        "nav_rights": SimpleLazyObject(lambda: _frame_rights(request)),
        "DEMO": getattr(settings, "DEMO", False),
    }
