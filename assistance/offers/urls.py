"""Address of the page on which an office says what it gives."""

from django.urls import path

from assistance.offers import views

app_name = "offers"
urlpatterns = [path("", views.offer, name="offer")]
