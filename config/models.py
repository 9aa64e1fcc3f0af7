"""The settings Tutela last started with, so that a changed one becomes an event."""

from django.db import models

from audit.models import TrackedModel


class Configuration(TrackedModel):
    """One row; its history holds every set of settings this installation ran with."""

    class Privacy:
        open = ("id", "revision", "last_event", "resealed_by", "settings")
        sealed = ()

    settings = models.JSONField()  # name → value as text; config/effective.py says which

    class Meta:
        default_permissions = ()
