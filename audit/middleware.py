"""Ties every event to its request, and turns what was refused into an event and a page."""

from collections.abc import Callable
from hashlib import sha256
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from audit import trail
from audit.context import RequestContext, serving
from audit.verbs import Verb
from core.exceptions import DomainError, Erased, NotAllowed, NotFound
from vault.keyring import NoKey

GetResponse = Callable[[HttpRequest], HttpResponse]


def request_context(get_response: GetResponse) -> GetResponse:
    """Give every event of this request the same request id and session digest."""

    def middleware(request: HttpRequest) -> HttpResponse:
        key = request.session.session_key or ""
        digest = sha256(key.encode()).hexdigest()[:16] if key else ""
        with serving(RequestContext(uuid4().hex[:16], digest)):
            return get_response(request)

    return middleware


def errors_as_pages(get_response: GetResponse) -> GetResponse:
    """Show a domain error as a page with its status; a refusal becomes an event first."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, PermissionDenied):
            error = NotAllowed()
        if isinstance(error, NoKey):  # erased since the page was asked for
            error = Erased(_("This case was erased."))
        if not isinstance(error, DomainError):
            return None
        if isinstance(error, NotAllowed | NotFound):
            # The refused transaction is over by now, so this event stays.
            match = request.resolver_match
            trail.record(
                Verb.REFUSED,
                by=request.user if request.user.is_authenticated else None,
                cases=getattr(error, "cases", ()),
                outcome="denied",
                reason=match.view_name if match else "",
            )
        context = {"message": error.message, "status": error.status}
        return render(request, f"errors/{error.status}.html", context, status=error.status)

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware
