"""Choosing how pages are shown: the language, the colours."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts import services
from accounts.display import COOKIES, check_offered
from accounts.second_factor import is_proved
from core.exceptions import BadInput
from core.http import answers_get


@require_POST
@login_not_required
def display(request: HttpRequest) -> HttpResponse:
    """Show the page the person came from, and all that follow, in the language or theme that was chosen.

    The browser remembers it, and so does the account of somebody who is signed in all the way.
    """
    name = "theme" if "theme" in request.POST else "language"
    code = request.POST.get(name, "")
    try:
        check_offered(name, code)
    except BadInput:
        raise BadRequest from None
    user = request.user
    if user.is_authenticated and (is_proved(request) or not user.needs_second_factor):
        services.choose_display(user, name, code)
    answer = HttpResponseRedirect(_back(request))
    answer.set_cookie(
        COOKIES[name],
        code,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )
    return answer


def _back(request: HttpRequest) -> str:
    """The page of ours that the person came from, or the start page where that only answered a form.

    The browser tells it: a page that named its own address would answer differently to each.
    """
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(
        page, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return page if ours and answers_get(urlsplit(page).path) else reverse("home")
