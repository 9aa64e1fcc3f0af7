"""Exports for a court that take two people."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.models.request import CaseRequest


class CourtReason(models.TextChoices):
    COURT = "court", _("A court or a prosecutor")
    PERSON = "person", _("The person the case is about, or their lawyer")
    AUTHORITY = "authority", _("An authority that oversees us or protects data")
    INQUIRY = "inquiry", _("An inquiry of our own")


class ExportState(models.TextChoices):
    ASKED = "asked", _("Waits for a decision")
    DECLINED = "declined", _("Declined")
    APPROVED = "approved", _("Approved, not collected")
    COLLECTED = "collected", _("Collected")


class ExportRequest(CaseRequest):
    """One person asks to export a long trail, another decides, and the first collects it, once.

    What would go out is fixed: events of these days up to a position in the log, and the classes whose
    changes are shown. It is compared again when it is approved and when it is collected.
    """

    class Privacy:
        open = (
            *(*CaseRequest.OPEN, "reason", "since", "until", "upto", "events", "classes"),
            *("asked_at", "decided_at"),
        )
        sealed = ()

    reason = models.CharField(_("reason"), max_length=20, choices=CourtReason)
    state = models.CharField(
        _("state"), max_length=10, choices=ExportState, default=ExportState.ASKED
    )
    since = models.DateField(_("events from"), null=True, blank=True)
    until = models.DateField(_("events until"), null=True, blank=True)
    upto = models.BigIntegerField()  # position in the log of the last event that goes out
    events = models.PositiveIntegerField(_("events"))
    classes = models.JSONField(_("classes"))  # what whoever asked may read
    asked_at = models.DateTimeField(_("asked on"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided on"), null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = CaseRequest.decided_by_another("export")
