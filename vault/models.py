"""The key store: wrapped keys only, in a database of its own with short-lived backups of its own."""

from uuid import UUID

from django.db import models

from core.ids import uuid7

SYSTEM_SCOPE = UUID(int=0)  # secrets of the installation, about no case


class KeyEncryptionKey(models.Model):
    """Wraps the data keys; itself wrapped by the root key."""

    class Privacy:
        open = ("version", "wrapped", "created_at")
        sealed = ()

    version = models.PositiveIntegerField(primary_key=True)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)


class DataKey(models.Model):
    """The key of one scope: a case, or a month of events that belong to no case."""

    class Privacy:
        open = ("id", "scope", "version", "kek_version", "wrapped")
        sealed = ()

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    scope = models.UUIDField()
    version = models.PositiveIntegerField(default=1)
    kek_version = models.PositiveIntegerField()
    wrapped = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "version"], name="one_key_per_scope_and_version"
            )
        ]


class KeyStore(models.Model):
    """One row. Its generation rises when a key is destroyed; every process then forgets its keys."""

    class Privacy:
        open = ("id", "generation")
        sealed = ()

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    generation = models.PositiveIntegerField(default=1)
