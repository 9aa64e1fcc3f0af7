"""That a case shall go to another office. It goes there when somebody of that office accepts."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.models.consent import Consent
from cases.models.entry import Entry
from cases.sections import TransferAnswer, TransferContent
from vault.fields import SealedField


class TransferState(models.TextChoices):
    ASKED = "asked", _("Waits for the other office")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Transfer(Entry):
    """What the other office is told, and what it answers. Open is where the case shall go.

    The answer is a section of its own: whoever declines writes it and sees nothing of the case.
    """

    SECTIONS = {
        "content": ("narrative", TransferContent),
        "answer": ("narrative", TransferAnswer),
    }

    class Privacy(Entry.Privacy):
        open = (*Entry.Privacy.open, "to", "consent", "state")
        sealed = (*Entry.Privacy.sealed, "answer_sealed")

    to = models.ForeignKey(
        "accounts.Office", verbose_name=_("to"), on_delete=models.PROTECT, related_name="+"
    )
    # What it rests on, when the case leaves the organisation: it has to count still on acceptance.
    consent = models.ForeignKey(
        Consent, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(
        _("state"), max_length=10, choices=TransferState, default=TransferState.ASKED
    )
    answer_sealed = SealedField()

    class Meta(Entry.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=models.Q(state="asked"),
                name="one_transfer_waits_at_a_time",
            )
        ]
        indexes = [
            models.Index(
                fields=["to"], condition=models.Q(state="asked"), name="transfer_that_waits"
            )
        ]
