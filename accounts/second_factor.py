"""Second factors: allauth's rows sealed to their person, codes that open once, what a session proved."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from allauth.account.authentication import (
    AUTHENTICATION_METHODS_SESSION_KEY,
    get_authentication_records,
)
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.db import IntegrityError, models, transaction
from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import UsedCode, User
from core.exceptions import NotAllowed
from vault.cipher import CannotOpen
from vault.secrets import seal_system, unseal_system

MAIN = (
    Authenticator.Type.WEBAUTHN,
    Authenticator.Type.TOTP,
)  # recovery codes only stand in for them
STEPS_KEPT = 20  # half-minutes; a code is of use for one


def has_second_factor(user: User) -> bool:
    """Did the person set up a passkey or a code generator?"""
    return Authenticator.objects.filter(user=user, type__in=MAIN).exists()


def is_last(authenticator: Authenticator) -> bool:
    """Would the person be left without a passkey and without a code generator?"""
    others = Authenticator.objects.filter(user=authenticator.user_id, type__in=MAIN)
    return not others.exclude(pk=authenticator.pk).exists()


def is_proved(request: HttpRequest) -> bool:
    """Was a second factor proved in this session? Asks nothing of the database but the session."""
    records = get_authentication_records(request, request.user)
    return any(record.get("method") == "mfa" for record in records)


def forget_proof(request: HttpRequest) -> None:
    """Of a session whose person has no second factor any more."""
    records = get_authentication_records(request, request.user)
    kept = [record for record in records if record.get("method") != "mfa"]
    request.session[AUTHENTICATION_METHODS_SESSION_KEY] = kept


# --- Sealed rows ----------------------------------------------------------------------
# What a row says is sealed for its person and its type. In the row of somebody else it opens
# nothing, and neither does a row that somebody wrote into the database.
class Tampered(dict):
    """Stands where a row holds what was not sealed for it. Whoever uses it is refused."""

    def __missing__(self, name: str) -> Any:
        raise NotAllowed(
            _(
                "Your second factor was changed behind Tutela's back and opens nothing. Ask your "
                "administrator."
            )
        )

    def get(self, name: str, default: Any = None) -> Any:
        return self[name]


@receiver(pre_save, sender=Authenticator)
def seal(instance: Authenticator, **kwargs: Any) -> None:
    """Write what the row says under seal."""
    blob = seal_system(*_place(instance), json.dumps(instance.data).encode())
    instance._said, instance.data = instance.data, {"sealed": base64.b64encode(blob).decode()}


@receiver(post_save, sender=Authenticator)
def show_again(instance: Authenticator, **kwargs: Any) -> None:
    """In memory it says what it said before it was written."""
    instance.data = instance.__dict__.pop("_said")


def _from_db(
    cls: type[Authenticator], db: str, field_names: Sequence[str], values: Sequence[Any]
) -> Authenticator:
    row = super(Authenticator, cls).from_db(db, field_names, values)
    if "data" in field_names:
        try:
            blob = base64.b64decode(row.data["sealed"])
            row.data = json.loads(unseal_system(*_place(row), blob))
        except (CannotOpen, KeyError, TypeError, ValueError):
            row.data = Tampered()
    return row


# The model is allauth's, and how a row is read is the one thing that no signal or setting reaches.
Authenticator.from_db = classmethod(_from_db)


def _place(row: models.Model) -> tuple[str, str]:
    return "second-factor", f"{row.user_id} {row.type}"


# --- Codes that open once -------------------------------------------------------------
def spend_code(user: User, secret: str, code: str) -> bool:
    """Use up a right code of a code generator. False when it was used, here or in any other process.

    allauth keeps used codes in the cache, which can be emptied.
    """
    for step in yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
            UsedCode.objects.filter(user=user, step__lt=step - STEPS_KEPT).delete()
            try:
                with transaction.atomic():
                    UsedCode.objects.create(user=user, step=step)
            except IntegrityError:
                return False
            return True
    return False
