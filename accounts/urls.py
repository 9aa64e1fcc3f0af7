"""Signing in, and what people keep of their own account. Only these pages of allauth are served."""

from allauth.account import views
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path


@login_not_required
def closed(request: HttpRequest) -> HttpResponse:
    """Pages that allauth's own code links to and that Tutela does not have."""
    raise Http404


urlpatterns = [
    path("sign-in/", views.login, name="account_login"),
    path("sign-out/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/", views.password_change, name="account_change_password"),
    path("second-factor/", include("allauth.mfa.urls")),
    *(
        path(f"closed/{name}/", closed, name=f"account_{name}")
        for name in ("signup", "email", "reset_password", "set_password")
    ),
]
