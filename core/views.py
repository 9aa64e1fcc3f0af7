"""Pages that belong to no app: help, the neutral page behind "Exit this page", and the error pages."""

import calendar

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from core import guide
from core.middleware import leave_nothing


@require_safe
@login_not_required
def help_page(request: HttpRequest) -> HttpResponse:
    """The topics of the guide, and what to do in common situations. Open to those who cannot sign in."""
    return render(request, "core/help.html", {"topics": guide.TOPICS})


@require_safe
@login_not_required
def topic(request: HttpRequest, topic: str) -> HttpResponse:
    """One topic of the guide."""
    if topic not in guide.TOPICS:
        raise Http404
    context = {"title": guide.TOPICS[topic], "text": guide.text_of(topic), "topics": guide.TOPICS}
    return render(request, "core/topic.html", context)


@require_GET
@login_not_required
def exit_page(request: HttpRequest) -> HttpResponse:
    """A month's calendar and nothing else; leaving this way also signs out.

    Whoever leaves in a hurry cannot confirm anything, hence a GET. It can do no more harm than
    signing the person out, and the session cookie is never sent with a link from another site.
    """
    logout(request)
    today = timezone.localdate()
    weeks = calendar.Calendar().monthdatescalendar(today.year, today.month)
    return leave_nothing(render(request, "core/exit.html", {"today": today, "weeks": weeks}))


def _plain(page: str, status: int) -> HttpResponse:
    """An error page that asks nothing of the database, the session or the context processors."""
    return HttpResponse(render_to_string(f"errors/{page}.html"), status=status)


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that cannot be understood, or one that is too large."""
    if isinstance(exception, RequestDataTooBig):
        return _plain("413", 413)
    return _plain("400", 400)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Known, and not allowed."""
    return render(request, "errors/403.html", status=403)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Not there, or not this person's to know of."""
    return render(request, "errors/404.html", status=404)


def handler429(request: HttpRequest) -> HttpResponse:
    """Tried too often; the limits of the sign-in library do not tell for how long."""
    return render(request, "errors/429.html", status=429)


def handler500(request: HttpRequest) -> HttpResponse:
    """Our fault. Nothing may be relied on here."""
    return _plain("500", 500)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was too old or came from elsewhere; `reason` is for developers and not shown."""
    return _plain("csrf", 403)
