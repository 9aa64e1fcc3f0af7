"""How allauth is fitted to Tutela: no open sign-up, refusals on record, a passkey before all else."""

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import guessing, second_factor
from audit.refusals import refused, refused_once
from audit.verbs import Verb

PASSWORD = "reauthenticate"  # allauth's name of this way to confirm that it is you
PASSKEY = "mfa_reauthenticate:webauthn"
WAYS = {
    PASSKEY: _("Use a passkey"),
    "mfa_reauthenticate": _("Use a code"),
    PASSWORD: _("Use your password"),
}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": _(
            "Too many attempts. Wait five minutes, or use a passkey if you have one."
        ),
        "username_password_mismatch": _("The username or the password is not right."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made by an administrator."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """No mail leaves: there is no mail server to trust with who uses Tutela."""

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """Every refusal in a form passes here. The others have signals (accounts/signals.py)."""
        match code:
            case "too_many_login_attempts" | "rate_limited":
                refused_once(context.request, Verb.TRIED_TOO_OFTEN, code)
            case "enter_current_password":  # who sits there may not be who signed in
                refused(context.request)
        return super().validation_error(code, *args)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt in our way: allauth's would let anybody lock a colleague out."""
        if not guessing.take(request, credentials["username"]):
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Whose password this is; it takes the attempt out of the count. None when it is nobody's."""
        user = super().authenticate(request, **credentials)
        if user is not None:
            guessing.give_back(request, credentials["username"])
        return user

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """A passkey first. Whoever has a second factor confirms with that, not with the password."""
        found = {way["id"]: way for way in super().get_reauthentication_methods(user)}
        if user.is_authenticated and second_factor.has_second_factor(user):
            found.pop(PASSWORD, None)
        return [found[way] | {"description": told} for way, told in WAYS.items() if way in found]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not to set up a second factor minutes after signing in."""
        request = context.request
        records = get_authentication_records(request, request.user)
        recent = records and time.time() - records[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT
        if app == "allauth.mfa" and recent:
            return False
        return super().is_reauthentication_required(app=app, **kwargs)


class MFAAdapter(DefaultMFAAdapter):
    """Seeds need no sealing of their own: the whole row is sealed (accounts/second_factor.py)."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": _(
            "Your role needs a second factor. Set up another one first."
        ),
    }

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the last one of somebody whose role needs one."""
        return not (authenticator.user.needs_second_factor and second_factor.is_last(authenticator))

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        """What a passkey is called when its owner gives it no name."""
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey %(number)s") % {"number": number}
