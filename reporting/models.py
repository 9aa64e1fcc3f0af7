"""Freezes: the moments at which statistics are counted, and what may be shown of each."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.models import TrackedModel


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

    class Meta:
        ordering = ("-number",)

    def __str__(self) -> str:
        return f"{self.number}"
