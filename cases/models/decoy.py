"""A case nobody has a reason to open."""

from django.db import models
from django.utils import timezone

from audit.models import TrackedModel
from cases.models.case import Case


class Decoy(TrackedModel):
    """That a case is a decoy from one moment to another. No page of a case reads this table.

    Its events name no case: the trail of the case would tell.
    """

    class Privacy:
        open = ("id", "revision", "last_event", "resealed_by", "case", "since", "until")
        sealed = ()

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=models.Q(until=None), name="one_decoy_a_case"
            )
        ]
