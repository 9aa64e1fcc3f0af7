"""Closed for maintenance: one page for everybody, until whoever runs the machine opens Tutela again.

A file in the data directory says so, for every process at once and without the database, which may be
what is being mended. A restore closes what is served in the same way, by its own file.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from core.closed import is_closed, maintenance_marker

LEAST = 60  # seconds until one may ask again

GetResponse = Callable[[HttpRequest], HttpResponse]


def close(minutes: int) -> datetime:
    """Close Tutela; returns when it is expected to be open again."""
    until = timezone.now() + timedelta(minutes=minutes)
    part = maintenance_marker().with_suffix(".part")
    part.write_text(until.isoformat())
    part.rename(maintenance_marker())
    return until


def open_again() -> None:
    """Open Tutela."""
    maintenance_marker().unlink(missing_ok=True)


def expected() -> datetime | None:
    """When Tutela is expected to be open again; None when nobody said so, or that is past."""
    try:
        until = datetime.fromisoformat(maintenance_marker().read_text().strip())
    except (OSError, ValueError):
        return None
    return until if timezone.is_aware(until) and until > timezone.now() else None


def unless_closed(get_response: GetResponse) -> GetResponse:
    """During maintenance, serve the addresses of config/maintenance_urls.py alone."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if is_closed():
            request.urlconf = "config.maintenance_urls"
            request.COOKIES.pop(
                settings.SESSION_COOKIE_NAME, None
            )  # nothing is asked of the database
        return get_response(request)

    return middleware


@login_not_required
def closed(request: HttpRequest, path: str) -> HttpResponse:
    """Every page waits."""
    until = expected()
    wait = (until - timezone.now()).total_seconds() if until else 0
    answer = render(request, "errors/maintenance.html", {"until": until}, status=503)
    answer["Retry-After"] = str(max(ceil(wait), LEAST))
    return answer
