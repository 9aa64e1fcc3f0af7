"""Every address while Tutela is sealed."""

from django.urls import path

from config import sealed

urlpatterns = [
    path("health/", sealed.health, name="health"),
    path("account/sign-in/", sealed.passphrase, name="account_login"),
    path("<path:path>", sealed.closed, name="closed"),
    path("", sealed.closed, {"path": ""}, name="home"),
]
handler400 = "core.views.handler400"
handler403 = "core.views.handler403"
handler404 = "core.views.handler404"
handler500 = "core.views.handler500"
