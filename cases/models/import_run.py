"""How far the import of a file has come."""

from django.db import models

from audit.models import TrackedModel


class ImportRun(TrackedModel):
    """One file being brought in. Advanced in the same transaction as each batch of its rows."""

    class Privacy:
        open = [
            "id",
            "revision",
            "last_event",
            "resealed_by",
            "file_digest",
            "layout",
            "rows_total",
            "rows_done",
            "office",
            "owner",
        ]
        sealed = ()

    file_digest = models.CharField(max_length=64)  # SHA-256 of the file, hex
    layout = models.CharField(max_length=10)
    rows_total = models.PositiveIntegerField()
    rows_done = models.PositiveIntegerField(default=0)
    office = models.ForeignKey("accounts.Office", on_delete=models.PROTECT)
    owner = models.ForeignKey("accounts.User", on_delete=models.PROTECT)

    class Meta:
        default_permissions = ()

    @property
    def is_finished(self) -> bool:
        return self.rows_done >= self.rows_total
