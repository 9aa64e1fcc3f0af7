"""Addresses of the log; config/urls.py adds that of its verification, which is background work."""

from django.urls import path

from audit import views

app_name = "audit"
urlpatterns = [
    path("", views.log, name="log"),
    path("state/", views.state, name="state"),
    path("review/", views.review_queue, name="review"),
    path("review/<uuid:item>/", views.review_item, name="review_item"),
    path("officers/", views.officers, name="officers"),
    path("officers/<uuid:person>/", views.officer, name="officer"),
]
