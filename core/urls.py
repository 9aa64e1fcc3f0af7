"""Pages that belong to no app."""

from django.urls import path

from core import views

app_name = "core"
urlpatterns = [
    path("help/", views.help_page, name="help"),
    path("help/<slug:topic>/", views.topic, name="topic"),
    path("calendar/", views.exit_page, name="exit"),
]
