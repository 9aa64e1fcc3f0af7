"""That a case is a duplicate of another."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.models.entry import Entry
from cases.sections import MergeContent, MergeFacts
from vault.fields import SealedField


class MergeState(models.TextChoices):
    MERGED = "merged", _("Merged")
    UNDONE = "undone", _("Taken back")


class Merge(Entry):
    """A duplicate, from the day on it is merged; into which case stands under its own key.

    Open is that there is one. What it was before stands in the history of the case.
    """

    SECTIONS = {"facts": ("facts", MergeFacts), "content": ("narrative", MergeContent)}

    class Privacy(Entry.Privacy):
        open = (*Entry.Privacy.open, "state", "ended_on", "made_at")
        sealed = ("facts_sealed", "content_sealed")

    state = models.CharField(
        _("state"), max_length=10, choices=MergeState, default=MergeState.MERGED
    )
    # The version of the case that taking it back brings back.
    made_at = models.PositiveIntegerField(_("made at version"))
    ended_on = models.DateField(_("taken back on"), null=True, blank=True)
    facts_sealed = SealedField()

    class Meta(Entry.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=models.Q(state="merged"), name="one_merge_a_case"
            )
        ]
