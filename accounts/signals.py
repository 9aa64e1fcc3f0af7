"""Sign-ins are made by allauth; its signals are where Tutela hears of them."""

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.account.signals import authentication_step_completed
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
)
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import pre_delete, pre_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import guessing
from accounts.own_sessions import end_sessions
from accounts.second_factor import MAIN, forget_proof, has_second_factor
from audit import trail
from audit.refusals import person
from audit.verbs import Verb


@receiver(user_logged_in)
def signed_in(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    where = _where(request)
    request.session.begin(**where)  # type: ignore[attr-defined]
    ways = [record["method"] for record in get_authentication_records(request, user)]
    trail.record(Verb.SIGNED_IN, by=user, reason=" ".join(ways), details=where)
    if "REMOTE_ADDR" in request.META:
        guessing.note_address(request, user.get_username())


@receiver(authentication_step_completed)
def confirmed(sender: Any, request: HttpRequest, user: Any, method: str, **kwargs: Any) -> None:
    """Somebody signed in confirmed to be the one: from here on the session may do more."""
    if kwargs.get("reauthenticated"):
        request.session.cycle_key()
        trail.record(Verb.CONFIRMED, by=user, reason=method)


@receiver(user_logged_out)
def signed_out(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    if user is not None:
        trail.record(Verb.SIGNED_OUT, by=user)


@receiver(user_login_failed)
def sign_in_failed(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """The name that was tried is sealed: people type passwords into the wrong field.

    Somebody who is asked for the password again is known already.
    """
    details = {"username": str(credentials.get("username", ""))[:150]}
    by = None
    if request is not None:
        details |= _where(request)
        by = person(request)
    trail.record(Verb.SIGN_IN_FAILED, by=by, outcome="denied", details=details)


# --- The second factor ----------------------------------------------------------------
# Its rows are allauth's. Each event comes before its write, so there is no write without one.
@receiver(pre_save, sender=Authenticator)
def second_factor_is_written(
    sender: Any, instance: Authenticator, update_fields: Any, **kwargs: Any
) -> None:
    """A new one, codes that are shown, or one that is used: a code is struck out just before."""
    written = update_fields or ()
    if instance._state.adding:
        trail.record(Verb.SECOND_FACTOR_CHANGED, by=instance.user, reason=f"{instance.type} added")
    elif "last_used_at" in written:
        trail.record(Verb.SECOND_FACTOR_USED, by=instance.user, reason=instance.type)
    elif "data" in written:
        trail.record(Verb.RECOVERY_CODES_SHOWN, by=instance.user)


@receiver(pre_delete, sender=Authenticator)
def second_factor_is_removed(sender: Any, instance: Authenticator, **kwargs: Any) -> None:
    """By its owner, unless `services.turn_off_second_factor` says by whom."""
    if (by := getattr(instance, "turned_off_by", None)) is None:
        told = f"{instance.type} removed"
        trail.record(Verb.SECOND_FACTOR_CHANGED, by=instance.user, reason=told)
    else:
        details = {"of": str(instance.user_id)}
        trail.record(Verb.SECOND_FACTOR_TURNED_OFF, by=by, reason=instance.type, details=details)


@receiver(authentication_failed)
def second_factor_failed(sender: Any, user: Any, request: HttpRequest, **kwargs: Any) -> None:
    """The password was right before this."""
    details = _where(request)
    trail.record(Verb.SECOND_FACTOR_FAILED, by=user, outcome="denied", details=details)


def passkey_failed(request: HttpRequest, user: Any) -> None:
    """`user` is None where a passkey was to sign in by itself: whose it is nobody proved."""
    verb = Verb.SECOND_FACTOR_FAILED if user else Verb.SIGN_IN_FAILED
    details = _where(request) | {"with": "passkey"}
    trail.record(verb, by=user, outcome="denied", details=details)


@receiver(authenticator_added)
def second_factor_is_proved(
    sender: Any, request: HttpRequest, user: Any, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Setting one up takes a right answer of it: this session need not ask again."""
    if authenticator.type in MAIN:
        record_authentication(
            request, user, "mfa", id=authenticator.pk, type=str(authenticator.type)
        )


@receiver(authenticator_removed)
def second_factor_is_gone(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Whoever has what was taken off, such as a lost telephone, may be signed in with it."""
    end_sessions(user, this=request.session.session_key or "")
    if not has_second_factor(user):
        forget_proof(request)


def _where(request: HttpRequest) -> dict[str, str]:
    return {
        "address": request.META.get("REMOTE_ADDR", ""),
        "browser": request.headers.get("User-Agent", "")[:200],
    }
