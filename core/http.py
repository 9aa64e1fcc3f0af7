"""The request as views meet it: behind the sign-in, and with what the middleware adds.

And how programs are answered, that ask with the session of a person or with a token.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _


class StaffRequest(HttpRequest):
    """A request of somebody signed in. `user` is an accounts.models.User, which core cannot name.

    `token` is the accounts.models.AccessToken that a program came with; None where there is a session.
    """

    user: Any
    htmx: Any
    token: Any


View = Callable[..., HttpResponse]


def position_of(request: HttpRequest) -> int | None:
    """The position in the log before which a page of events begins; None for the newest."""
    text = request.GET.get("before", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None


def revision_of(request: HttpRequest) -> int:
    """The revision a form was made from; 0, which no row has, when it is missing."""
    text = request.POST.get("revision", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def answers_get(path: str) -> bool:
    """Can a browser go to this address? Some of ours only take what a form sends.

    Django's decorators keep the methods they let through to themselves, hence this look behind them.
    """
    try:
        view: Any = resolve(path).func
    except Resolver404:
        return False
    if hasattr(view, "view_class"):
        return hasattr(view.view_class, "get")
    while view is not None:
        code, cells = getattr(view, "__code__", None), getattr(view, "__closure__", None) or ()
        kept = dict(zip(code.co_freevars, cells, strict=True)) if code else {}
        if "request_method_list" in kept:
            return "GET" in kept["request_method_list"].cell_contents
        view = getattr(view, "__wrapped__", None)
    return True


def for_programs(view: View) -> View:
    """Mark a view that answers programs in JSON: what is refused there is told in JSON, too.

    Nobody signed in is told so (401) instead of being led to the sign-in.
    """
    view.is_for_programs = True  # type: ignore[attr-defined]
    return view


def is_of_program(request: HttpRequest) -> bool:
    """Is the address that was asked for one for programs?"""
    match = request.resolver_match
    return match is not None and getattr(match.func, "is_for_programs", False)


def error_for_programs(status: int, message: object = "") -> JsonResponse:
    """The one shape of an error: `code` for the program, `message` for the person who runs it."""
    told = HTTPStatus(status)
    error = {"code": told.name.lower(), "message": str(message or told.phrase)}
    return JsonResponse({"error": error}, status=status, json_dumps_params={"ensure_ascii": False})


def not_signed_in() -> JsonResponse:
    """What a program is answered that nobody is signed in with (RFC 6750)."""
    message = _("Sign in, or send a token that works. Tokens are made under “My account”.")
    answer = error_for_programs(HTTPStatus.UNAUTHORIZED, message)
    answer["WWW-Authenticate"] = "Bearer"
    return answer
