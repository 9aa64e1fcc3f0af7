"""Addresses of the case file. They hold references and nothing about anyone."""

from django.urls import path

from cases.views import casefile, finding, sharing, trail

app_name = "cases"
urlpatterns = [
    path("", finding.case_list, name="list"),
    path("search/", finding.search, name="search"),
    path("register/", casefile.register, name="register"),
    path("<slug:reference>/", casefile.detail, name="detail"),
    path("<slug:reference>/person/", casefile.change_person, name="person"),
    path("<slug:reference>/what-happened/", casefile.change_victim, name="victim"),
    path("<slug:reference>/consent/", casefile.record_consent, name="consent"),
    path("<slug:reference>/sharing/", sharing.sharing, name="sharing"),
    path("<slug:reference>/sharing/<uuid:grant>/revoke/", sharing.revoke, name="revoke"),
    path("<slug:reference>/trail/", trail.case_trail, name="trail"),
]
