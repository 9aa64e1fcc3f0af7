"""Addresses of the directory of providers."""

from django.urls import path

from assistance.providers import views

app_name = "providers"
urlpatterns = [
    path("", views.providers, name="list"),
    path("new/", views.new, name="new"),
    path("<uuid:provider>/", views.provider, name="provider"),
    path("<uuid:provider>/change/", views.change, name="change"),
    path("<uuid:provider>/places/", views.places, name="places"),
]
