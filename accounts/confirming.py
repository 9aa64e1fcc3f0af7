"""What needs a sign-in of the last five minutes, or that the person confirms to be still the one.

Asked by the door and by services, so that no view can forget it. Of sensitive classes the first
opening in a session needs it; once opened, a class stays open until the session ends. Outside a
request nobody sits there who could confirm: commands and what runs by itself are not asked.
"""

import time
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.core import context
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.http import urlencode

from core.classes import CONFIRMED_FIRST

OPENED = "opened"  # in the session: classes that were opened in it


class ConfirmationNeeded(ReauthenticationRequired):
    """allauth keeps what was posted, asks, and then does what was asked for.

    A form that was left at the question is not sent because its page is asked for again.
    """

    def __init__(self) -> None:
        super().__init__()
        if context.request.method != "POST":
            context.request.session.pop(STATE_SESSION_KEY, None)


def is_recent() -> bool:
    """Did the person sign in or confirm within the last five minutes?"""
    request = context.request
    if request is None:
        return True
    records = get_authentication_records(request, request.user)
    now = time.time()
    return any(0 <= now - r["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT for r in records[-1:])


def check_recent() -> None:
    """Raise ConfirmationNeeded unless the sign-in is recent."""
    if not is_recent():
        raise ConfirmationNeeded


def unconfirmed(classes: Iterable[str]) -> set[str]:
    """Those of these classes that stay closed until the person confirms; the others count as opened."""
    request = context.request
    if request is None:
        return set()
    before = set(request.session.get(OPENED, ()))
    asked = CONFIRMED_FIRST.intersection(classes) - before
    if not asked or not is_recent():
        return asked
    request.session[OPENED] = sorted(before | asked)
    return set()


def confirm_url(request: HttpRequest) -> str:
    """Where the person confirms by the first of their means, and comes back to this page."""
    means = get_adapter().get_reauthentication_methods(request.user)
    return f"{means[0]['url']}?{urlencode({'next': request.get_full_path()})}" if means else ""


def confirmed(view: Callable[..., HttpResponseBase]) -> Callable[..., Any]:
    """For a page that is not even begun without a recent sign-in."""

    @wraps(view)
    def guarded(*args: object, **kwargs: object) -> HttpResponseBase:
        check_recent()
        return view(*args, **kwargs)

    return guarded
