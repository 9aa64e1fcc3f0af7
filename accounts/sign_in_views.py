"""Pages of the sign-in that the library does not have, or has in another way than we need."""

from typing import Any

from allauth.account.internal.flows import login
from allauth.account.models import Login
from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.internal import auth
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import links
from accounts.sign_in_forms import PasswordForm
from audit.refusals import refused_once, view_name
from audit.verbs import Verb
from core.http import StaffRequest


@require_safe
def enrol(request: StaffRequest) -> HttpResponse:
    """Where somebody is sent whose role needs a second factor, until there is one."""
    return render(request, "account/enrol.html")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def password_link(request: HttpRequest, token: str) -> HttpResponse:
    """A link of accounts/links.py: asks for a password and signs its person in as far as that takes.

    The form stands under the address of the link: after a redirect from a mail, browsers withhold
    our cookies.
    """
    try:
        link = links.find(token)
        form = PasswordForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            user = _accepted(token, form)
            if user is not None:
                logout(request)  # whoever else was signed in here
                return login.perform_password_login(request, {}, Login(user=user))
    except links.DeadLink as dead:
        refused_once(request, Verb.REFUSED, view_name(request))
        request.is_told = True
        context = {"message": dead.message}
        return render(request, "account/dead_link.html", context, status=dead.status)
    status = 422 if form.errors else 200
    context = {"form": form, "link": link, "token": token}
    return render(request, "account/password_link.html", context, status=status)


def _accepted(token: str, form: PasswordForm) -> Any:
    """The person whose password this is now; None when the form says why it will not do."""
    try:
        return links.accept(token, form.cleaned_data["password1"])
    except ValidationError as error:
        form.add_error("password1", error)
        return None


class AddPasskeyView(AddWebAuthnView):
    """Every passkey is kept in the device and asks for its finger, face or PIN: it signs in alone."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = super().get_context_data(**kwargs) | kwargs
        # After the library's own, whose challenge this replaces.
        options = auth.begin_registration(self.request.user, passwordless=True)
        return found | {"js_data": {"creation_options": options}}


class RemovePasskeyView(RemoveWebAuthnView):
    def form_valid(self, form: Any) -> HttpResponse:
        adapter = get_adapter()
        if adapter.can_delete_authenticator(self.object):
            return super().form_valid(form)
        messages.error(self.request, adapter.error_messages["cannot_delete_authenticator"])
        return HttpResponseRedirect(self.get_success_url())
