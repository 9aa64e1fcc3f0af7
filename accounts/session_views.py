"""Signing out, how long the session lasts, and the browsers one is signed in with."""

from typing import Any

from allauth.account.views import LogoutView
from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.middleware import is_no_use
from accounts.own_sessions import end_sessions, sessions_of
from core.http import StaffRequest
from core.middleware import leave_nothing


class SignOut(LogoutView):
    """The library's page; the browser is told to forget what it kept of us."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return leave_nothing(super().post(*args, **kwargs))


@is_no_use
@require_http_methods(["GET", "POST"])
def session(request: StaffRequest) -> HttpResponse:
    """For the script that warns before the end: how long is left. POST, from "Stay signed in", is a
    use of the session; being asked is none."""
    if request.method == "POST":
        request.session.note_use()
    left, can_stay = request.session.seconds_left()
    told = {"left": left, "can_stay": can_stay, "person": str(request.user.pk)}
    return JsonResponse(told | {"token": get_token(request)})


@require_http_methods(["GET", "POST"])
def sessions(request: StaffRequest) -> HttpResponse:
    """Where one is signed in; POST ends one of them, or all but this one."""
    this = request.session.session_key
    if request.method == "POST":
        ended = end_sessions(request.user, this=this, key=request.POST.get("key", ""))
        said = ngettext("%d session is ended.", "%d sessions are ended.", ended) % ended
        messages.success(request, said if ended else _("It had ended already."))
        return redirect("account_sessions")
    return render(request, "account/sessions.html", {"own": sessions_of(request.user, this=this)})
