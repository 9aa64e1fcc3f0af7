"""Addresses of assistance, below those of the case it belongs to."""

from django.urls import path

from assistance import views

app_name = "assistance"
urlpatterns = [
    path("<slug:reference>/assistance/", views.record, name="record"),
    path("<slug:reference>/assistance/<uuid:assistance>/", views.change, name="change"),
    path(
        "<slug:reference>/assistance/<uuid:assistance>/session/",
        views.session,
        name="session",
    ),
]
