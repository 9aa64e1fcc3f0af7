"""What every page needs: the navigation this person may use, help that fits, and settings it shows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from core.guide import topic_for
from core.rights import Right


@dataclass(frozen=True)
class NavItem:
    """One entry of the navigation. `right` None shows it to everyone who is signed in."""

    label: object  # a lazy translation
    url_name: str
    right: Right | None = None
    count: Callable[[Any], int] | None = None  # how many things wait there for this person


# Upper apps add theirs in AppConfig.ready(); the order of installed apps is the reverse of the
# order on the page, so each says where it belongs by `NAV.insert` or `NAV.append`.
NAV: list[NavItem] = []

# Parts of the page frame that a right switches on, by the name templates/base.html knows them by.
FRAME_RIGHTS: dict[str, Right] = {"search": Right.CASE_SEARCH, "tokens": Right.STATISTICS_BUILD}


def _may(user: Any, right: Right | None) -> bool:
    return user.is_authenticated and (right is None or user.has_right(right))


def _whole(request: HttpRequest) -> Any:
    """Who makes the request. None while a second factor is still to come (accounts/middleware.py)."""
    is_half = getattr(request, "is_half_signed_in", False)
    return None if is_half else getattr(request, "user", None)


def _navigation(request: HttpRequest) -> list[dict[str, object]]:
    user = _whole(request)
    if user is None:
        return []
    allowed = [(item, reverse(item.url_name)) for item in NAV if _may(user, item.right)]
    # Of addresses below each other the longest one is where the page belongs.
    here = max((url for _item, url in allowed if request.path.startswith(url)), key=len, default="")
    return [
        {
            "label": item.label,
            "url": url,
            "current": url == here,
            "count": item.count(user) if item.count else 0,
        }
        for item, url in allowed
    ]


def _frame_rights(request: HttpRequest) -> dict[str, bool]:
    user = _whole(request)
    if user is None:
        return {}
    return {name: _may(user, right) for name, right in FRAME_RIGHTS.items()}


def _help_url(request: HttpRequest) -> str:
    """Where help for this page is: a topic of the guide, or the list of all."""
    topic = topic_for(request.resolver_match.view_name) if request.resolver_match else None
    return reverse("core:topic", args=[topic]) if topic else reverse("core:help")


def site(request: HttpRequest) -> dict[str, object]:
    """Context processor: `nav`, `nav_rights`, `help_url`, `languages`, `hotlines` and `DEMO`. Nothing is
    asked of the user until used."""
    return {
        "nav": SimpleLazyObject(lambda: _navigation(request)),
        "nav_rights": SimpleLazyObject(lambda: _frame_rights(request)),
        "help_url": SimpleLazyObject(lambda: _help_url(request)),
        "hotlines": settings.HOTLINES,
        "DEMO": getattr(settings, "DEMO", False),
        "languages": settings.LANGUAGES,
    }
