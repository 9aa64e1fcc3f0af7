"""What one person asks for and another decides."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.base import TRACKED
from accounts.models.user import User
from audit.models import TrackedModel
from vault.fields import SealedField


class ProposalState(models.TextChoices):
    ASKED = "asked", _("Waits for a decision")
    APPROVED = "approved", _("Approved")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Nobody decided in time")


class Proposal(TrackedModel):
    """One person asks for an act that takes two, another decides. What each kind does is in
    accounts/proposals.py."""

    class Privacy:
        open = (
            *(*TRACKED, "kind", "subject", "parameter", "state", "asked_by", "asked_at"),
            *("asked_session", "decided_by", "decided_at", "decided_session"),
        )
        sealed = ("note_sealed", "answer_sealed")

    kind = models.CharField(max_length=20)  # code of accounts.proposals.KINDS
    subject = models.ForeignKey(User, on_delete=models.PROTECT, related_name="proposals")
    parameter = models.CharField(max_length=40, blank=True)  # a role's code, or the id of a row
    state = models.CharField(max_length=10, choices=ProposalState, default=ProposalState.ASKED)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    asked_session = models.CharField(max_length=16, blank=True)  # as in events
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_session = models.CharField(max_length=16, blank=True)
    note_sealed = SealedField()  # why it is asked for
    answer_sealed = SealedField()  # what whoever decided has to say

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject", "parameter"],
                condition=models.Q(state="asked"),
                name="one_proposal_at_a_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["approved", "declined"])
                | models.Q(decided_by__isnull=False)
                & ~models.Q(decided_by=models.F("asked_by"))
                & ~models.Q(decided_by=models.F("subject"))
                & ~models.Q(decided_session=models.F("asked_session")),
                name="proposal_decided_by_somebody_else",
            ),
        ]
