"""Addresses of the pages of budgets."""

from django.urls import path

from assistance import budget_views as views

app_name = "budgets"
urlpatterns = [
    path("", views.lines, name="list"),
    path("new/", views.new, name="new"),
    path("<uuid:line>/", views.change, name="change"),
]
