"""Addresses of the pages of budgets."""

from django.urls import path

from assistance.money import budget_views

app_name = "budgets"
urlpatterns = [
    path("", budget_views.lines, name="list"),
    path("new/", budget_views.new, name="new"),
    path("<uuid:line>/", budget_views.change, name="change"),
]
