"""The request as views meet it: behind the sign-in, and with what the middleware adds.

And how programs are answered that ask with the session of a person.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from django.http import HttpRequest, JsonResponse


class StaffRequest(HttpRequest):
    """A request of somebody signed in. `user` is an accounts.models.User, which core cannot name."""

    user: Any
    htmx: Any


View = TypeVar("View", bound=Callable[..., object])


def for_programs(view: View) -> View:
    """Mark a view that answers programs in JSON: what is refused there is told in JSON, too."""
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
