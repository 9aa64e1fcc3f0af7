"""Addresses below /budgets/report/. A query holds the code of a project and days only."""

from django.urls import path

from reporting.donors import views

app_name = "donors"
urlpatterns = [
    path("", views.report, name="report"),
    path("pdf/", views.report_file, {"form": "pdf"}, name="pdf"),
    path("xlsx/", views.report_file, {"form": "xlsx"}, name="xlsx"),
]
