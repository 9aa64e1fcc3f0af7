"""Addresses below /statistics/. A query holds names of dimensions and categories only."""

from django.urls import path

from reporting import api, views

app_name = "reporting"
urlpatterns = [
    path("", views.table, name="table"),
    path("csv/", views.table_file, {"form": "csv"}, name="csv"),
    path("xlsx/", views.table_file, {"form": "xlsx"}, name="xlsx"),
    path("json/", views.table_file, {"form": "json"}, name="json"),
    path("api/schema", api.schema, name="api_schema"),
    path("api/table", api.table, name="api_table"),
    path("snapshots/", views.snapshots, name="snapshots"),
]
