"""That somebody asks to close a case. The case is closed when another person approves it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.models.entry import Entry
from cases.sections import ClosureContent


class ClosureState(models.TextChoices):
    ASKED = "asked", _("Waits for approval")
    SENT_BACK = "sent_back", _("Sent back")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    APPROVED = "approved", _("Approved")


class Closure(Entry):
    """How and why a case shall end, and what is explained of what still stands open."""

    SECTIONS = {"content": ("narrative", ClosureContent)}

    class Privacy(Entry.Privacy):
        open = (*Entry.Privacy.open, "state")

    state = models.CharField(
        _("state"), max_length=10, choices=ClosureState, default=ClosureState.ASKED
    )

    class Meta(Entry.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=models.Q(state="asked"),
                name="one_closure_waits_at_a_time",
            )
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(state="asked"), name="closure_that_waits"
            )
        ]
