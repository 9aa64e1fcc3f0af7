"""Exact tables that two people agreed to have shown to one of them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.models.request import TwoPeopleRequest
from cases.services.two_people import DECIDED_WITHIN
from vault.fields import SealedField

if TYPE_CHECKING:  # it brings what counts along, which most commands never need
    from reporting.tables import Definition

SHOWN_FOR = timedelta(minutes=30)  # from the approval


class VerificationState(models.TextChoices):
    ASKED = "asked", _("Waits for a decision")
    APPROVED = "approved", _("Approved")
    DECLINED = "declined", _("Declined")


class Verification(TwoPeopleRequest):
    """One person asks to see one table exactly, another decides, and the first looks at it for a while.

    It holds what the table is, and never a figure of it: these are counted anew at each look.
    """

    class Privacy:
        open = (*TwoPeopleRequest.OPEN, "table", "asked_at", "decided_at", "looks")
        sealed = ("note_sealed", "answer_sealed")

    table = models.JSONField()  # the fields of reporting.tables.Definition
    state = models.CharField(
        _("state"), max_length=10, choices=VerificationState, default=VerificationState.ASKED
    )
    asked_at = models.DateTimeField(_("asked on"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided on"), null=True, blank=True)
    looks = models.PositiveIntegerField(default=0)  # how often it was looked at
    note_sealed = SealedField()  # why it is asked for
    answer_sealed = SealedField()  # what whoever decided has to say

    class Meta:
        default_permissions = ()
        constraints = TwoPeopleRequest.decided_by_another("verification")

    @property
    def definition(self) -> "Definition":
        """The one table that is asked for."""
        from reporting.tables import Definition

        return Definition(**self.table)

    @property
    def ends(self) -> datetime:
        """Until when it can be decided on, or looked at."""
        if self.decided_at is None:
            return self.asked_at + DECIDED_WITHIN
        return self.decided_at + SHOWN_FOR

    @property
    def is_over(self) -> bool:
        """Did nobody decide in time, or is the time to look over?"""
        return timezone.now() >= self.ends
