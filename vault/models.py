"""The key store: wrapped keys only, in a database of its own with short-lived backups of its own."""

from uuid import UUID

from django.db import models
from django.utils import timezone

from core.ids import uuid7

SYSTEM_SCOPE = UUID(int=0)  # secrets of the installation, about no case


class KeyEncryptionKey(models.Model):
    """Wraps the data keys; itself wrapped by the root key."""

    class Privacy:
        open = (
            *("version", "wrapped", "recovery_sealed"),
            *("created_at", "state", "destroy_by", "root_id"),
        )
        sealed = ()

    class State(models.TextChoices):
        ACTIVE = "active"  # wraps new data keys
        DECRYPT_ONLY = "decrypt_only"  # its data keys are being rewrapped, or copies may need it
        DESTROYED = "destroyed"  # its bytes are gone, here and in every copy made from now on

    version = models.PositiveIntegerField(primary_key=True)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE)
    destroy_by = models.DateField(null=True, blank=True)
    root_id = models.CharField(max_length=255, blank=True)  # provider and key that wrap it
    recovery_sealed = models.BinaryField(null=True, blank=True)  # the same key for RecoveryKey

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["state"],
                condition=models.Q(state="active"),
                name="one_active_key_encryption_key",
            )
        ]


class DataKey(models.Model):
    """The key of one scope: a case, or a month of events that belong to no case."""

    class Privacy:
        open = ("id", "scope", "version", "kek_version", "wrapped", "created_at", "settled")
        sealed = ()

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    scope = models.UUIDField()
    version = models.PositiveIntegerField(default=1)
    kek_version = models.PositiveIntegerField()
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)
    # False while what older versions sealed is being sealed anew under this one.
    settled = models.BooleanField(default=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["scope"], condition=models.Q(settled=False), name="data_key_unsettled"
            ),
            models.Index(fields=["kek_version"], name="data_key_by_kek"),
            models.Index(fields=["version", "created_at"], name="data_key_renewed"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "version"], name="one_key_per_scope_and_version"
            )
        ]


class KeyStore(models.Model):
    """One row. Its generation rises when keys are rotated or destroyed: processes forget theirs."""

    class Privacy:
        open = ("id", "format", "generation", "renewal_began")
        sealed = ()

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    format = models.PositiveSmallIntegerField(default=1)  # of everything sealed under its keys
    generation = models.PositiveIntegerField(default=1)
    # While the data keys of all cases are being renewed: keys made before this are still to be.
    renewal_began = models.DateTimeField(null=True, blank=True)


class RecoveryKey(models.Model):
    """One row: the public half of the recovery key. Its private half exists as shares of words only."""

    class Privacy:
        open = (
            *("id", "public", "proof", "canary"),
            *("shares", "threshold", "made_at", "drilled_at"),
        )
        sealed = ()

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    public = models.BinaryField()
    proof = models.BinaryField()  # that this installation, and nobody else, wrote `public` here
    canary = models.BinaryField()  # something known, sealed to `public`
    shares = models.PositiveSmallIntegerField()
    threshold = models.PositiveSmallIntegerField()  # how many shares open it
    made_at = models.DateTimeField()
    drilled_at = models.DateTimeField(null=True, blank=True)


class SignedHead(models.Model):
    """The last size and root of the log that was signed, for each name the log had; newest name last.

    It stands here, apart from the log: who rewrites the log does not rewrite it.
    """

    class Privacy:
        open = ("id", "name", "size", "root")
        sealed = ()

    name = models.CharField(max_length=255, unique=True)
    size = models.BigIntegerField()
    root = models.BinaryField()
