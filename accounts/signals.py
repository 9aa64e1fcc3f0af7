"""Sign-ins are made by allauth; its signals are where Tutela hears of them."""

from typing import Any

from allauth.account.signals import password_changed
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from audit import trail
from audit.verbs import Verb


@receiver(user_logged_in)
def signed_in(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    trail.record(Verb.SIGNED_IN, by=user, details=_where(request))


@receiver(user_logged_out)
def signed_out(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    if user is not None:
        trail.record(Verb.SIGNED_OUT, by=user)


@receiver(user_login_failed)
def sign_in_failed(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """The name that was tried is sealed: people type passwords into the wrong field."""
    details = {"username": str(credentials.get("username", ""))[:150]}
    if request is not None:
        details |= _where(request)
    trail.record(Verb.SIGN_IN_FAILED, by=None, outcome="denied", details=details)


@receiver([authenticator_added, authenticator_removed, authenticator_reset])
def second_factor_changed(sender: Any, user: Any, **kwargs: Any) -> None:
    trail.record(Verb.SECOND_FACTOR_CHANGED, by=user)


@receiver(password_changed)
def password_was_changed(sender: Any, user: Any, **kwargs: Any) -> None:
    trail.record(Verb.PASSWORD_CHANGED, by=user)


def _where(request: HttpRequest) -> dict[str, str]:
    return {
        "address": request.META.get("REMOTE_ADDR", ""),
        "browser": request.headers.get("User-Agent", "")[:200],
    }
