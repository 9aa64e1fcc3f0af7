"""What somebody asked for that takes a while."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7
from vault.fields import SealedField
from vault.models import SYSTEM_SCOPE
from vault.sealing import Place

KEPT_FOR = timedelta(hours=24)  # a result, once it is there


class JobState(models.TextChoices):
    WAITING = "waiting", _("Waits its turn")
    RUNNING = "running", _("Under way")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


UNFINISHED = (JobState.WAITING, JobState.RUNNING)


class Job(models.Model):
    """One piece of background work. It is no part of the record: it has no history, and goes in time.

    What it was asked with and what it tells is sealed, as are its files. The worker's tasks name its id
    and nothing else.
    """

    class Privacy:
        open = (
            *("id", "kind", "asked_by", "session", "state", "task", "worker", "attempts"),
            *("rows_total", "rows_done", "rows_refused", "cancel_asked"),
            *("asked_at", "started_at", "alive_at", "ended_at", "expires_at"),
            *("upload", "result", "result_name"),
        )
        sealed = ("parameters_sealed", "told_sealed")

    id = models.UUIDField(primary_key=True, default=uuid7)
    kind = models.CharField(max_length=20)  # a key of jobs.kinds.KINDS
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    session = models.CharField(max_length=16, blank=True)  # as in events
    state = models.CharField(max_length=10, choices=JobState, default=JobState.WAITING)
    task = models.CharField(max_length=36, blank=True)  # id in the table of the library
    worker = models.CharField(max_length=32, blank=True)  # which process works on it
    attempts = models.PositiveSmallIntegerField(default=0)
    rows_total = models.PositiveIntegerField(null=True)  # None while nobody knows
    rows_done = models.PositiveIntegerField(default=0)
    rows_refused = models.PositiveIntegerField(default=0)
    cancel_asked = models.BooleanField(default=False)
    asked_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    alive_at = models.DateTimeField(null=True)  # when its worker was last heard of
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)  # its result
    # Names in the storage, of sealed files; empty where there is none.
    upload = models.CharField(max_length=60, blank=True)
    result = models.CharField(max_length=60, blank=True)
    result_name = models.CharField(max_length=60, blank=True)  # for whoever saves it; names nobody
    parameters_sealed = SealedField()
    told_sealed = SealedField()  # what is told at the end, in the language of whoever asked

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["asked_by", "-asked_at"], name="job_by_person")]

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED

    @property
    def log_name(self) -> str:
        """What stands as the request in its log lines and events."""
        return self.pk.hex[-16:]

    @property
    def has_result(self) -> bool:
        """Can it still be fetched?"""
        return (
            bool(self.result) and self.expires_at is not None and timezone.now() < self.expires_at
        )


def upload_place(job: UUID, scope: UUID = SYSTEM_SCOPE) -> Place:
    """Where the file belongs that came in with a job."""
    return Place("jobs.Job", "upload", job, scope, 0)
