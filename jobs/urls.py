"""Addresses of background work."""

from django.urls import path

from jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.job_list, name="list"),
    path("<uuid:job>/", views.job, name="job"),
    path("<uuid:job>/state/", views.state, name="state"),
    path("<uuid:job>/cancel/", views.cancel, name="cancel"),
    path("<uuid:job>/result/", views.result, name="result"),
]
