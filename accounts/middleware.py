"""What a request is asked: a program its token, a session its second factor and its use."""

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation

from accounts import guessing
from accounts.confirming import OPENED
from accounts.second_factor import has_second_factor, is_proved
from accounts.tokens import token_for
from audit.refusals import refused_once
from audit.verbs import Verb
from core.http import error_for_programs, is_of_program, not_signed_in

ROLES = "roles"  # in the session: the roles its person held when it was last used
GetResponse = Callable[[HttpRequest], HttpResponse]

# Names of addresses, never beginnings of paths: what is new is closed until it stands here.
ALWAYS = frozenset(
    {
        "health",
        "core:help",
        "core:topic",
        "glossary",
        "core:exit",
        "account_display",
        "account_logout",
        "account_password_link",
    }
)
TO_SET_ONE_UP = frozenset(
    {
        "account_enrol",
        "account_reauthenticate",
        "mfa_add_webauthn",
        "mfa_activate_totp",
    }
)
TO_PROVE_ONE = frozenset({"mfa_reauthenticate", "mfa_reauthenticate_webauthn"})


def tokens_of_programs(get_response: GetResponse) -> GetResponse:
    """Who asks for statistics with a token is its owner, for this one request and without a session.

    A token is looked at where programs are answered and nowhere else. One that does not work is told so,
    even in a browser where somebody is signed in.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.token = None  # type: ignore[attr-defined]
        return get_response(request)

    def process_view(
        request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        told = request.headers.get("Authorization")
        if told is None or not is_of_program(request):
            return None
        scheme, _space, secret = told.partition(" ")
        token = token_for(secret.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            return _wrong_token(request)
        request.token, request.user = token, token.user  # type: ignore[attr-defined]
        return None

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def language_of_account(get_response: GetResponse) -> GetResponse:
    """Whoever chose a language has it in every browser. A program is always answered in English: what
    it reads must not depend on who asks."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        code = getattr(request.user, "language", "")
        if is_of_program(request):
            code = settings.LANGUAGE_CODE
        if code in dict(settings.LANGUAGES):
            translation.activate(code)
            request.LANGUAGE_CODE = code

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def _wrong_token(request: HttpRequest) -> HttpResponse:
    """Counted as guesses of passwords are: a token that works is never kept waiting by them."""
    request.is_told = True  # type: ignore[attr-defined]
    if guessing.take(request, "any", "token"):
        refused_once(request, Verb.SIGN_IN_FAILED, "token")
        return not_signed_in()
    refused_once(request, Verb.TRIED_TOO_OFTEN, "token")
    answer = error_for_programs(429)
    answer["Retry-After"] = str(int(guessing.HERE.within.total_seconds()))
    return answer


def second_factor_required(get_response: GetResponse) -> GetResponse:
    """Send somebody whose role needs a second factor to where it is set up, or proved."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(
        request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        name = request.resolver_match.view_name
        if name in ALWAYS or _comes_without_session(request):
            return None
        if is_proved(request) or not request.user.needs_second_factor:
            return None
        if is_of_program(request):
            return not_signed_in()
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
        if _comes_without_session(request):
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


def _comes_without_session(request: HttpRequest) -> bool:
    return bool(request.token) or not request.user.is_authenticated  # type: ignore[attr-defined]


def is_no_use(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For a view that a page asks by itself: the person need not be there."""
    view.is_no_use = True  # type: ignore[attr-defined]
    return view
