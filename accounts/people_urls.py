"""Addresses of the pages that keep people, teams and offices."""

from django.urls import path

from accounts import people_views as views

app_name = "people"
urlpatterns = [
    path("", views.people, name="list"),
    path("new/", views.new_person, name="new"),
    path("me/", views.me, name="me"),
    path("me/tokens/", views.tokens, name="tokens"),
    path("waiting/", views.waiting, name="waiting"),
    path("waiting/<uuid:proposal>/", views.decide, name="decide"),
    path("teams/", views.teams, name="teams"),
    path("teams/<uuid:team>/", views.team, name="team"),
    path("offices/", views.offices, name="offices"),
    path("offices/new/", views.new_office, name="new_office"),
    path("offices/<uuid:office>/", views.office, name="office"),
    path("organisations/new/", views.new_organisation, name="new_organisation"),
    path("organisations/<uuid:organisation>/", views.organisation, name="organisation"),
    path("organisations/<uuid:organisation>/desk/", views.make_desk, name="desk"),
    path("<uuid:person>/", views.person, name="person"),
    path("<uuid:person>/change/", views.change_person, name="change"),
    path("<uuid:person>/link/", views.link, name="link"),
    path("<uuid:person>/suspend/", views.suspend, name="suspend"),
    path("<uuid:person>/unlink/", views.unlink, name="unlink"),
    path("<uuid:person>/ask/<slug:kind>/", views.ask, name="ask"),
    path("<uuid:person>/leave/<uuid:team>/", views.leave_team, name="leave"),
]
