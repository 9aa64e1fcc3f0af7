"""Signing in, and what people keep of their own account. Only these pages of allauth are served."""

from allauth.account import views as library
from allauth.mfa.recovery_codes.views import download_recovery_codes
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path

from accounts import session_views, sign_in_views, sign_on_views
from accounts.display_views import display
from accounts.tour_views import tour
from core.downloads import gives_file


@login_not_required
def closed(request: HttpRequest) -> HttpResponse:
    """Pages that allauth's own code links to and that Tutela does not have."""
    raise Http404


urlpatterns = [
    path("sign-in/", library.login, name="account_login"),
    path("sign-out/", session_views.SignOut.as_view(), name="account_logout"),
    path("inactive/", library.account_inactive, name="account_inactive"),
    path("reauthenticate/", library.reauthenticate, name="account_reauthenticate"),
    path("password/", library.password_change, name="account_change_password"),
    path("display/", display, name="account_display"),
    path("tour/", tour, name="account_tour"),
    path("session/", session_views.session, name="account_session"),
    path("sessions/", session_views.sessions, name="account_sessions"),
    path("second-factor-needed/", sign_in_views.enrol, name="account_enrol"),
    path("sign-on/", sign_on_views.sign_on, name="account_sign_on"),
    path("sign-on/return/", sign_on_views.come_back, name="account_sign_on_return"),
    path("sign-on/finish/", sign_on_views.finish, name="account_sign_on_finish"),
    path("sign-on/link/", sign_on_views.link, name="account_sign_on_link"),
    path("sign-on/unlink/", sign_on_views.unlink, name="account_sign_on_unlink"),
    path("sign-on/accept/<str:token>/", sign_on_views.accept, name="account_sign_on_accept"),
    path("link/<str:token>/", sign_in_views.password_link, name="account_password_link"),
    path(
        "second-factor/recovery-codes/download/",
        gives_file(download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path(
        "second-factor/webauthn/add/",
        sign_in_views.AddPasskeyView.as_view(),
        name="mfa_add_webauthn",
    ),
    path(
        "second-factor/webauthn/keys/<int:pk>/remove/",
        sign_in_views.RemovePasskeyView.as_view(),
        name="mfa_remove_webauthn",
    ),
    path("second-factor/", include("allauth.mfa.urls")),
    *(
        path(f"closed/{name}/", closed, name=f"account_{name}")
        for name in ("signup", "email", "reset_password", "set_password")
    ),
]
