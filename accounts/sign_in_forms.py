"""allauth's forms of second factors, with our limits, events and guard against a code used twice."""

from typing import Any

from allauth.core import context
from allauth.mfa.base import forms as codes
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as passkeys
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts import guessing
from accounts.adapters import AccountAdapter
from accounts.second_factor import spend_code
from accounts.signals import passkey_failed

USED_UP = _("This code was used already. Wait for the next one.")


# --- Codes ----------------------------------------------------------------------------
class _Code(forms.Form):
    def clean_code(self) -> str:
        guessed = (context.request, self.user.get_username(), "code")
        if not guessing.take(*guessed):
            raise AccountAdapter().validation_error("too_many_login_attempts")
        code = super().clean_code()
        used = self.authenticator
        if used.type == Authenticator.Type.TOTP and not spend_code(
            self.user, used.data["secret"], code
        ):
            self._emit_authentication_failed(used)
            raise ValidationError(USED_UP)
        guessing.give_back(*guessed)
        return code


class AuthenticateForm(_Code, codes.AuthenticateForm):
    pass


class ReauthenticateForm(_Code, codes.ReauthenticateForm):
    pass


class ActivateTOTPForm(totp.ActivateTOTPForm):
    def clean_code(self) -> str:
        code = super().clean_code()
        if not spend_code(self.user, self.secret, code):
            raise ValidationError(USED_UP)
        return code


# --- A password of one's own, out of a link --------------------------------------------
class PasswordForm(forms.Form):
    password1 = forms.CharField(
        label=_("Password"),
        help_text=_("15 characters or more. Four or five unrelated words are easy to keep."),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label=_("Password, once more"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_password2(self) -> str:
        again = self.cleaned_data["password2"]
        if self.cleaned_data.get("password1", again) != again:
            raise ValidationError(_("This is not the same password."))
        return again


# --- Passkeys -------------------------------------------------------------------------
class AddPasskeyForm(passkeys.AddWebAuthnForm):
    passwordless = None  # every passkey is one that signs in by itself (accounts/sign_in_views.py)
    name = forms.CharField(
        label=_("What you call it"),
        help_text=_("So that you know it again, as “work phone”."),
        max_length=60,
        required=False,
    )


class _Passkey(forms.Form):
    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()
        except ValidationError:
            passkey_failed(context.request, self.user)
            raise


class AuthenticatePasskeyForm(_Passkey, passkeys.AuthenticateWebAuthnForm):
    pass


class LoginPasskeyForm(_Passkey, passkeys.LoginWebAuthnForm):
    pass


class ReauthenticatePasskeyForm(_Passkey, passkeys.ReauthenticateWebAuthnForm):
    pass
