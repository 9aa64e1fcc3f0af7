"""How a job ends, however that comes: its row, its event, and what came in with it."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from jobs import keeping
from jobs.models import Job, JobState


def end(
    job: Job, state: JobState, rows: "QuerySet[Job, Job]", *, by: User | None, **columns: Any
) -> bool:
    """Write that the job ended, with its event, and destroy what it was asked with and what came in.

    `rows` is the job as it has to be found for that. Returns whether it was: otherwise nothing is done.
    """
    ended = {"state": state, "ended_at": timezone.now(), "parameters_sealed": None, "upload": ""}
    with transaction.atomic():
        if not rows.update(**(ended | columns)):
            return False
        outcome = "error" if state == JobState.FAILED else "ok"
        trail.record(Verb.JOB_ENDED, by=by, reason=f"{job.kind} {state}", outcome=outcome)
    keeping.destroy(job.upload)
    return True
