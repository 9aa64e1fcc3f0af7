"""Addresses below /statistics/verifications/. There is none that gives out a file."""

from django.urls import path

from reporting.verification import views

app_name = "verification"
urlpatterns = [
    path("", views.ask, name="list"),
    path("<uuid:asked>/", views.verification, name="one"),
]
