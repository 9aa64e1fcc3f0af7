"""Every address during maintenance."""

from django.urls import path

from config import maintenance, sealed

urlpatterns = [
    path("health/", sealed.health, name="health"),
    path("<path:path>", maintenance.closed, name="closed"),
    path("", maintenance.closed, {"path": ""}, name="home"),
]
handler400 = "core.views.handler400"
handler500 = "core.views.handler500"
