"""Freezes: the moments at which statistics are counted, and what may be shown of each."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.models import TrackedModel
from core.ids import uuid7
from reporting.releases.models import LedgerEntry, Release, ReleaseFiles
from reporting.verification.models import Verification, VerificationState
from vault.fields import SealedField

__all__ = [
    "LedgerEntry",
    "LoadedRows",
    "Release",
    "ReleaseFiles",
    "Snapshot",
    "Verification",
    "VerificationState",
]


class Snapshot(TrackedModel):
    """One freeze. It holds protected numbers and keyed digests, never an exact figure."""

    class Privacy:
        open = (
            "id",
            "revision",
            "last_event",
            "resealed_by",
            "number",
            "taken_at",
            "taken_by",
            "persons",
            "surface",
            "epochs",
            "digests",
            "of_loaded_rows",
            "damaged",
        )
        sealed = ()

    number = models.PositiveIntegerField(_("number"), unique=True)
    taken_at = models.DateTimeField(_("as of"), default=timezone.now)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    # The protected total; None stands for fewer than the threshold.
    persons = models.PositiveIntegerField(_("persons"), null=True, blank=True)
    surface = models.BinaryField()  # reporting.surface.pack
    epochs = models.JSONField(default=dict)  # year of registration -> freeze that last redrew it
    digests = models.JSONField(default=dict)  # reporting.epochs.describe
    # Empty where it was made of the cases; else of rows that were loaded (reporting/loading.py).
    of_loaded_rows = models.BooleanField(_("of loaded rows"), null=True, blank=True)
    # Cases that did not open and are not in it; empty for none.
    damaged = models.PositiveIntegerField(_("damaged cases left out"), null=True, blank=True)

    class Meta:
        ordering = ("-number",)

    def __str__(self) -> str:
        return f"{self.number}"


class LoadedRows(models.Model):
    """Some thousand rows of facts that statistics are tried with; no part of the record.

    In test and demonstration installations only. Sealed for the installation and bound to their place.
    """

    class Privacy:
        open = ("id", "load", "place")
        sealed = ("content_sealed",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    load = models.UUIDField()  # the same for all rows of one file
    place = models.PositiveIntegerField(unique=True)
    content_sealed = SealedField()  # reporting.loading

    class Meta:
        default_permissions = ()

    @property
    def owner(self) -> str:
        """What the content is sealed to."""
        return f"{self.load} {self.place}"
