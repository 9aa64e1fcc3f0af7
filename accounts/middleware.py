"""What a session is asked with every request of somebody signed in: its second factor, and its use."""

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.confirming import OPENED
from accounts.second_factor import has_second_factor, is_proved

ROLES = "roles"  # in the session: the roles its person held when it was last used
GetResponse = Callable[[HttpRequest], HttpResponse]

# Names of addresses, never beginnings of paths: what is new is closed until it stands here.
ALWAYS = frozenset({"health", "core:help", "core:exit", "account_logout", "account_password_link"})
TO_SET_ONE_UP = frozenset(
    {
        "account_enrol",
        "account_reauthenticate",
        "mfa_add_webauthn",
        "mfa_activate_totp",
    }
)
TO_PROVE_ONE = frozenset({"mfa_reauthenticate", "mfa_reauthenticate_webauthn"})


def second_factor_required(get_response: GetResponse) -> GetResponse:
    """Send somebody whose role needs a second factor to where it is set up, or proved."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(
        request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        name = request.resolver_match.view_name
        if name in ALWAYS or not request.user.is_authenticated:
            return None
        if is_proved(request) or not request.user.needs_second_factor:
            return None
        request.is_half_signed_in = True  # the page shows no way to anywhere else (core/context.py)
        # Once there is one, only proving it helps: a password alone must not add another.
        has_one = has_second_factor(request.user)
        if name in (TO_PROVE_ONE if has_one else TO_SET_ONE_UP):
            return None
        if has_one:
            return redirect(get_adapter().get_reauthentication_methods(request.user)[0]["url"])
        return redirect("account_enrol")

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def session_in_use(get_response: GetResponse) -> GetResponse:
    """Note the use of the session; give it a new key when the person's roles have changed."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if not request.user.is_authenticated:
            return
        session, roles = request.session, [role.code for role in request.user.roles]
        if session.get(ROLES, roles) != roles:
            session.cycle_key()
            session.pop(OPENED, None)
        if session.get(ROLES) != roles:
            session[ROLES] = roles
        if not getattr(view, "is_no_use", False):
            session.note_use()

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def is_no_use(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For a view that a page asks by itself: the person need not be there."""
    view.is_no_use = True  # type: ignore[attr-defined]
    return view
