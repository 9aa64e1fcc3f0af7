"""What Tutela will not do becomes an event, wherever in the program it was refused."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.forms import Form
from django.http import HttpRequest

from audit import trail
from audit.verbs import Verb

AGAIN_AFTER = 60  # seconds
NO_SUCH_PAGE = "no such page"  # reason of a refusal that no view gave


def refused(request: HttpRequest, *, reason: str = "", cases: Iterable[UUID] = ()) -> None:
    """Record that this request was refused; by default the reason is the view that was asked for."""
    reason = reason or view_name(request)
    request.is_told = True  # type: ignore[attr-defined]
    trail.record(Verb.REFUSED, by=person(request), cases=cases, outcome="denied", reason=reason)


def refused_once(request: HttpRequest, verb: Verb, reason: str) -> None:
    """Record what anybody can cause as often as they like: once a minute for each person and address."""
    whose = getattr(person(request), "pk", "")
    source = f"{whose} {request.META.get('REMOTE_ADDR', '')} {reason}"
    if cache.add(f"refused:{sha256(source.encode()).hexdigest()}", True, AGAIN_AFTER):
        trail.record(verb, by=person(request), outcome="denied", reason=reason)


def refused_choices(
    request: HttpRequest, form: Form, *fields: str, case: UUID | None = None
) -> None:
    """Record that a form asks for what its page did not offer this person, if it does."""
    if any(form.has_error(field, "invalid_choice") for field in fields):
        refused(request, cases=[case] if case else [])


def told_by_status(request: HttpRequest, status: int) -> None:
    """Record what Django itself refused, which raises nothing that we see: forms without their token,
    pages that a known person guesses at, limits that are reached."""
    match status:
        case 403:
            refused_once(request, Verb.REFUSED, f"csrf {view_name(request)}".strip())
        case 404 if request.resolver_match is None and person(request):
            refused(request, reason=NO_SUCH_PAGE)
        case 429:
            refused_once(request, Verb.TRIED_TOO_OFTEN, view_name(request))


def view_name(request: HttpRequest) -> str:
    """Name of the view that was asked for, never its address: that may hold a reference."""
    match = request.resolver_match
    return match.view_name if match else ""


def person(request: HttpRequest) -> Any:
    """Who makes the request; None for somebody not signed in."""
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None
