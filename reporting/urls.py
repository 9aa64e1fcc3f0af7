"""Addresses below /statistics/. They hold names of dimensions and categories only.

A table has an id (tables.Definition.id): its page and its files are asked for by it.
"""

from django.urls import path

from reporting import api, views
from reporting.dashboards.views import dashboards, dashboards_pdf
from reporting.releases import views as releases

app_name = "reporting"
urlpatterns = [
    path("", views.table, name="table"),
    path("tables/<str:table>/", views.kept_table, name="kept"),
    path("tables/<str:table>/of/<int:number>/", views.kept_table, name="kept_of"),
    *(
        path(f"tables/<str:table>/{form}/", views.table_file, {"form": form}, name=form)
        for form in views.FILES
    ),
    path("saved/", views.save_table, name="save_table"),
    path("saved/<uuid:saved>/", views.saved_table, name="saved_table"),
    path("api/schema", api.schema, name="api_schema"),
    path("api/table", api.table, name="api_table"),
    path("dashboards/", dashboards, name="dashboards"),
    path("dashboards/pdf/", dashboards_pdf, name="dashboards_pdf"),
    path("snapshots/", views.snapshots, name="snapshots"),
    path("releases/", releases.releases, name="releases"),
    path("releases/propose/", releases.propose, name="release_propose"),
    path("releases/<uuid:release>/", releases.one_release, name="release"),
    path("releases/<uuid:release>/zip/", releases.release_file, name="release_file"),
]
