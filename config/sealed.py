"""While Tutela is sealed: the page that takes the passphrase, and nothing else but the health address.

Sessions are sealed with keys out of the key store, so nothing here uses one.
"""

import time
from collections.abc import Callable
from threading import Lock

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from audit import trail
from audit.verbs import Verb
from config import startup
from core.closed import is_closed
from jobs import lives
from vault.keyring import keyring

PAUSE = 1.0  # seconds after a wrong passphrase, on top of what trying one costs
LONGEST = 1000  # characters

_one_at_a_time = Lock()

GetResponse = Callable[[HttpRequest], HttpResponse]


def until_unsealed(get_response: GetResponse) -> GetResponse:
    """Until somebody gives the passphrase, serve the addresses of config/sealed_urls.py alone."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # Also while what follows the passphrase is being done: erasures are finished before pages.
        if keyring.is_sealed() or _one_at_a_time.locked():
            request.urlconf = "config.sealed_urls"
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)  # no key opens it yet
        return get_response(request)

    return middleware


@require_safe
@login_not_required
def health(request: HttpRequest) -> HttpResponse:
    """For a machine that watches: "ok", "idle", "sealed" or "maintenance", and nothing else."""
    return HttpResponse(_word(), content_type="text/plain")


def _word() -> str:
    if is_closed():
        return "maintenance"
    if keyring.is_sealed():
        return "sealed"
    return "ok" if lives.is_there() else "idle"


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def passphrase(request: HttpRequest) -> HttpResponse:
    """Stands where people sign in. Takes the passphrase; then they sign in there as ever."""
    given = request.POST.get("passphrase", "")[:LONGEST]
    error = _try(given, request) if given else ""
    if given and not error:
        return HttpResponseRedirect(request.path)
    return render(request, "core/sealed.html", {"error": error}, status=422 if error else 200)


@login_not_required
def closed(request: HttpRequest, path: str) -> HttpResponse:
    """Every other page waits."""
    return render(request, "errors/sealed.html", status=503)


def _try(given: str, request: HttpRequest) -> str:
    """Try a passphrase; returns what to tell when Tutela stays sealed. One at a time, and slowly."""
    if not _one_at_a_time.acquire(blocking=False):
        return _("Another passphrase is being tried at this moment. Wait a few seconds.")
    try:
        if not keyring.is_sealed():  # somebody was quicker
            return ""
        if keyring.open_with(given):
            _open(request)
            return ""
        trail.record(Verb.UNSEALING_FAILED, by=None, outcome="denied")
        time.sleep(PAUSE)
        return _("This is not the passphrase. Look at capital letters and spaces, and try again.")
    finally:
        _one_at_a_time.release()


def _open(request: HttpRequest) -> None:
    """What a start does once it has its keys. If that fails, Tutela is as sealed as before."""
    try:
        startup.unlock()
        address = request.META.get("REMOTE_ADDR", "")
        trail.record(Verb.UNSEALED, by=None, details={"address": address})
        startup.run_beside()
    except BaseException:
        keyring.forget()
        raise
