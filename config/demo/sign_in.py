"""Signing in to a demonstration by choosing one of its accounts. Elsewhere the address is not there."""

from typing import Any

from allauth.account.internal.flows import login
from allauth.account.internal.flows.reauthentication import resume_request
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.decorators import rate_limit
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.second_factor import has_second_factor
from config.demo.installation import has_others, is_demonstration
from config.demo.staff import USERNAMES


def offered() -> list[User]:
    """The accounts that may be chosen, in the order of STAFF.

    There are none but in a demonstration in which nobody else has an account.
    """
    if not is_demonstration() or has_others():
        return []
    found = User.objects.filter(is_active=True).select_related("office")
    return sorted(found, key=lambda user: USERNAMES.index(user.username))


def demonstration(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `demo_accounts`, asked for by the page that lists them alone."""
    return {"demo_accounts": SimpleLazyObject(offered)}


@login_not_required
def choose(request: HttpRequest) -> HttpResponse:
    """Sign in as one of the accounts; who is signed in as it already confirms to be still the one."""
    accounts = {user.username: user for user in offered()}
    if not accounts:
        raise Http404
    return _choose(request, accounts)


@require_POST
@rate_limit(action="login")
def _choose(request: HttpRequest, accounts: dict[str, User]) -> HttpResponse:
    user = accounts.get(request.POST.get("username", ""))
    if user is None:
        raise BadRequest
    if user == request.user and not has_second_factor(user):
        login.record_authentication(request, user, "demonstration", reauthenticated=True)
        return resume_request(request) or redirect("home")
    if request.user.is_authenticated:
        logout(request)
    # As after the right password: a second factor that is set up is asked for next.
    login.record_authentication(request, user, "demonstration")
    return login.perform_login(
        request, Login(user=user, redirect_url=get_next_redirect_url(request))
    )
