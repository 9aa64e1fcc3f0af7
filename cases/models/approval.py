"""That somebody approved a record as it stood, and nothing else."""

from django.conf import settings
from django.db import models

from audit.models import TrackedModel
from cases.models.case import Case


class Approval(TrackedModel):
    """An approval of one version of one row: its number, and the digest of its bytes.

    A later version is not approved by it. The row itself never changes.
    """

    class Privacy:
        open = (
            *("id", "revision", "last_event", "resealed_by", "case", "object_type", "object"),
            *("version", "digest", "approved_by", "approved_on"),
        )
        sealed = ()

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="approvals")
    object_type = models.CharField(max_length=60)  # label of the row's model
    object = models.UUIDField()
    version = models.PositiveIntegerField()  # the row's revision
    digest = models.CharField(max_length=64)  # of the row as it was stored (audit/digests.py), hex
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    approved_on = models.DateField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["object", "version"], name="one_approval_a_version")
        ]

    def case_ids(self):  # type: ignore[no-untyped-def]
        return [self.case_id]
