"""Ties every event to its request, and turns what was refused into an event and a page.

What cannot be recorded is not done and not shown: the page that says so needs no database.
"""

import logging
import traceback
from collections.abc import Callable
from hashlib import sha256
from math import ceil
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from audit.context import RequestContext, serving
from audit.refusals import refused, refused_once, told_by_status, view_name
from audit.verbs import Verb
from core.downloads import is_download
from core.exceptions import DomainError, Erased, NotAllowed, NotFound, TooOften
from core.http import error_for_programs, is_of_program
from core.logs import request_id
from vault.keyring import NoKey

log = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]
AFTER_COMMIT = "run_and_clear_commit_hooks"  # where Django does what was to be done after a commit


def request_context(get_response: GetResponse) -> GetResponse:
    """Give every event of this request the same request id and session digest."""

    def middleware(request: HttpRequest) -> HttpResponse:
        key = request.session.session_key or ""
        digest = sha256(key.encode()).hexdigest()[:16] if key else ""
        with serving(RequestContext(request_id.get(), digest)):
            return get_response(request)

    return middleware


def errors_as_pages(get_response: GetResponse) -> GetResponse:
    """Show a domain error as a page with its status; a refusal becomes an event first."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 405:
            response = _not_by_link(request, response)
        if not hasattr(request, "is_told"):
            try:
                told_by_status(request, response.status_code)
            except (DatabaseError, InterfaceError) as failure:
                return _not_recorded(request, failure)
        return response

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        try:
            return _page_of(request, error)
        except (DatabaseError, InterfaceError) as failure:  # the refusal itself cannot be recorded
            return _not_recorded(request, failure)

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


OURS = ("same-origin", "none")  # "none": typed, from a bookmark, from outside the browser


def own_requests(get_response: GetResponse) -> GetResponse:
    """Refuse what a page of another site made the browser ask, except to follow a link to a page.

    Browsers tell in Sec-Fetch-Site, which no script can change. One that does not is left to the check
    of forms, as is everything else: this stands behind it.
    """

    def process_view(
        request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if request.headers.get("Sec-Fetch-Site", "none") in OURS:
            return None
        if _follows_a_link(request) and not is_download(view):
            return None
        refused_once(request, Verb.REFUSED, f"from another site {view_name(request)}")
        return _told_page(request, NotAllowed(_("A page of another site asked for this.")))

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def _follows_a_link(request: HttpRequest) -> bool:
    fetched = (request.headers.get("Sec-Fetch-Mode"), request.headers.get("Sec-Fetch-Dest"))
    return request.method in ("GET", "HEAD") and fetched == ("navigate", "document")


def _page_of(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """The page of an error we understand; None for a mistake of ours, which is a 500."""
    if isinstance(error, DatabaseError | InterfaceError):
        return _not_recorded(request, error)
    if isinstance(error, PermissionDenied):
        error = NotAllowed()
    if isinstance(error, NoKey):  # erased since the page was asked for
        error = Erased(_("This case was erased."))
    if not isinstance(error, DomainError):
        return None
    if error.status == 503:
        return _not_recorded(request, error, error.message)
    if isinstance(error, NotAllowed | NotFound):
        # The refused transaction is over by now, so this event stays.
        refused(request, cases=getattr(error, "cases", ()))
    if isinstance(error, TooOften):
        refused_once(request, Verb.TRIED_TOO_OFTEN, view_name(request))
    return _told_page(request, error)


def _told_page(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The page of an error whose event was written, or what stands for one where programs ask."""
    request.is_told = True  # type: ignore[attr-defined]
    if is_of_program(request):
        page: HttpResponse = error_for_programs(error.status, error.message)
    else:
        context = {"message": error.message, "status": error.status}
        page = render(request, f"errors/{error.status}.html", context, status=error.status)
    if isinstance(error, TooOften):
        page["Retry-After"] = str(ceil(error.seconds))
    return page


def _not_by_link(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """A page for whoever opens an address that only takes a form; Django's own answer is empty."""
    if is_of_program(request):
        page: HttpResponse = error_for_programs(405)
    elif request.method == "GET":
        page = render(request, "errors/405.html", status=405)
    else:
        return answer
    page["Allow"] = answer["Allow"]
    return page


def _not_recorded(request: HttpRequest, error: Exception, message: object = "") -> HttpResponse:
    """The database takes no event, or the log cannot be signed: say so, and show nothing else.

    The transaction with the change was rolled back, unless all that failed is what follows a commit.
    """
    log.error("an event could not be written or signed", exc_info=error)
    if is_of_program(request):
        return error_for_programs(503, message)
    frames = traceback.extract_tb(error.__traceback__)
    context = {"message": message, "is_done": any(frame.name == AFTER_COMMIT for frame in frames)}
    return HttpResponse(render_to_string("errors/503.html", context), status=503)
