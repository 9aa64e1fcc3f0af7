"""That somebody outside refers a person to us. It is no case yet, and has a key of its own."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.models.base import SealedModel
from cases.models.case import Case
from cases.sections import IncomingAnswer, IncomingContact, IncomingPerson, IncomingTold
from vault.fields import SealedField


class IncomingStatus(models.TextChoices):
    RECEIVED = "received", _("Waits for an answer")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class IncomingReferral(SealedModel):
    """What is told of a person who is to be helped, and what the office answers.

    Open are the office and the organisation, days, the status, and the case that came of it. The rest is
    under a key that belongs to this row alone (docs/adr/0027-incoming-referrals.md): with it everything
    that was told is gone, some time after the answer or together with the case.
    """

    SEALED_BY = "pk"
    SECTIONS = {
        "person": ("identity", IncomingPerson),
        "contact": ("contact", IncomingContact),
        "told": ("narrative", IncomingTold),
        "answer": ("narrative", IncomingAnswer),
    }

    class Privacy:
        open = (
            *("id", "revision", "last_event", "resealed_by", "sealed_at"),
            *("office", "organisation", "is_sent", "status", "received_on", "answer_due"),
            *("decided_on", "recorded_by", "became", "erased_on"),
        )
        sealed = ("person_sealed", "contact_sealed", "told_sealed", "answer_sealed")

    office = models.ForeignKey(
        "accounts.Office", verbose_name=_("for"), on_delete=models.PROTECT, related_name="+"
    )
    # Empty when whoever refers the person is not known to Tutela.
    organisation = models.ForeignKey(
        "accounts.Organisation",
        verbose_name=pgettext_lazy("sender", "from"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    # Whether the organisation wrote it in its own sign-in; else one of the office took it down.
    is_sent = models.BooleanField(default=False)
    status = models.CharField(
        _("status"), max_length=10, choices=IncomingStatus, default=IncomingStatus.RECEIVED
    )
    received_on = models.DateField(_("received on"))
    answer_due = models.DateField(_("answer due"))
    decided_on = models.DateField(_("answered on"), null=True, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    became = models.ForeignKey(
        Case, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    erased_on = models.DateField(_("erased on"), null=True, blank=True)
    person_sealed = SealedField()
    contact_sealed = SealedField()
    told_sealed = SealedField()
    answer_sealed = SealedField()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["office", "answer_due"],
                condition=models.Q(status="received"),
                name="incoming_that_waits",
            ),
            models.Index(
                fields=["decided_on"], condition=models.Q(erased_on=None), name="incoming_to_erase"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status="received", decided_on=None)
                | ~models.Q(status="received") & models.Q(decided_on__isnull=False),
                name="incoming_decided_on_a_day",
            ),
            models.CheckConstraint(
                condition=models.Q(status="accepted", became__isnull=False)
                | ~models.Q(status="accepted") & models.Q(became=None),
                name="incoming_accepted_for_a_case",
            ),
            models.CheckConstraint(
                condition=models.Q(is_sent=False) | models.Q(organisation__isnull=False),
                name="incoming_sent_by_an_organisation",
            ),
        ]

    def case_id_(self) -> UUID:
        """What its own key is called: it is no case, and belongs to none."""
        return self.id

    def case_ids(self) -> list[Any]:
        return [self.id]
