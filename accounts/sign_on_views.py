"""Single sign-on: to the provider and back. Without one, none of these addresses is there."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows import login
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.decorators import rate_limit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required, login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import links, provider
from accounts.confirming import confirmed
from accounts.identities import link_identity, person_of, unlink_identity
from accounts.provider import Identity, SignOnRefused
from audit import trail
from audit.refusals import refused_once
from audit.verbs import Verb
from core.http import StaffRequest

View = Callable[..., HttpResponse]


def with_provider(view: View) -> View:
    """For a page that is there only where a provider is configured. A refusal is told and recorded."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.OIDC_ISSUER:
            raise Http404
        try:
            return view(request, *args, **kwargs)
        except SignOnRefused as refusal:
            return _refused(request, refusal)

    return login_not_required(guarded)


def _refused(request: HttpRequest, refusal: SignOnRefused) -> HttpResponse:
    """One page for whatever went wrong: it tells nobody who has an account here."""
    reason = f"single sign-on: {refusal.code}"
    if refusal.user is not None:
        trail.record(Verb.SIGN_IN_FAILED, by=refusal.user, outcome="denied", reason=reason)
    else:
        refused_once(request, Verb.SIGN_IN_FAILED, reason)
    request.is_told = True  # type: ignore[attr-defined]
    return render(request, "account/sign_on_refused.html", status=403)


# --- There ----------------------------------------------------------------------------
# By a form each, so that no other site begins one. An answer that redirects to the provider would be
# stopped by our form-action, so a page of ours goes there by itself.
@with_provider
@require_POST
@rate_limit(action="login")
def sign_on(request: HttpRequest) -> HttpResponse:
    """Begin to sign in."""
    then = get_next_redirect_url(request) or ""
    return _pass_on(request, provider.begin(request, why="sign in", then=then))


@with_provider
@require_POST
@login_required
@confirmed
def link(request: StaffRequest) -> HttpResponse:
    """Begin to link one's account: the provider asks who it is, whoever used this browser before."""
    person = str(request.user.pk)
    return _pass_on(request, provider.begin(request, prompt="login", why="link", person=person))


@with_provider
@require_POST
@rate_limit(action="login")
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Begin to accept an invitation without a password."""
    return _pass_on(request, provider.begin(request, prompt="login", why="accept", token=token))


# --- And back -------------------------------------------------------------------------
@with_provider
@require_GET
def come_back(request: HttpRequest) -> HttpResponse:
    """Where the provider sends the browser, which withholds our cookies because another site sent it.

    From this page of ours it goes on with them.
    """
    return _pass_on(request, f"{reverse('account_sign_on_finish')}?{request.GET.urlencode()}")


@with_provider
@require_GET
def finish(request: HttpRequest) -> HttpResponse:
    """Do what was begun, for whoever the provider says it is."""
    identity, kept = provider.finish(request)
    match kept["why"]:
        case "link":
            return _link(request, identity, kept["person"])
        case "accept":
            return _signed_in(request, _accepted(identity, kept["token"]))
    return _signed_in(request, person_of(identity), kept["then"])


def _link(request: HttpRequest, identity: Identity, person: str) -> HttpResponse:
    if str(request.user.pk) != person:
        raise SignOnRefused("begun by somebody else")
    link_identity(identity, user=request.user)
    messages.success(
        request, _("Linked. You can sign in with %s from now on.") % settings.OIDC_NAME
    )
    return redirect("mfa_index")


def _accepted(identity: Identity, token: str) -> Any:
    try:
        return links.accept_identity(token, identity)
    except links.DeadLink as dead:
        raise SignOnRefused("invitation does not work") from dead


def _signed_in(request: HttpRequest, user: Any, then: str = "") -> HttpResponse:
    """As after the right password: a second factor that is set up is asked for next."""
    if request.user.is_authenticated:
        logout(request)  # whoever else was signed in here
    login.record_authentication(request, user, "single_sign_on")
    return login.perform_login(request, Login(user=user, redirect_url=then or None))


def _pass_on(request: HttpRequest, address: str) -> HttpResponse:
    return render(request, "account/passed_on.html", {"address": address})


# --- Undone ---------------------------------------------------------------------------
@with_provider
@require_POST
@login_required
@confirmed
def unlink(request: StaffRequest) -> HttpResponse:
    """Undo one's link."""
    unlink_identity(request.user, by=request.user)
    messages.success(request, _("Undone. Nobody signs in to your account that way any more."))
    return redirect("mfa_index")
