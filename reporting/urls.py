"""Addresses below /statistics/. A query holds names of dimensions and categories only."""

from django.urls import path

from reporting import views

app_name = "reporting"
urlpatterns = [
    path("", views.table, name="table"),
    path("csv/", views.csv, name="csv"),
    path("snapshots/", views.snapshots, name="snapshots"),
]
