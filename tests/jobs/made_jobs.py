"""Jobs as they stand before and after a worker had them."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from cases.uploads import SealedUpload
from jobs import keeping
from jobs.models import KEPT_FOR, Job, JobState, upload_place
from vault.keyring import keyring
from vault.models import SYSTEM_SCOPE


def a_job(by: User, result: bytes = b"", kept_for: timedelta = KEPT_FOR) -> Job:
    """A workbook that somebody asked for: it waits, or is there when there is a result."""
    job = Job(kind="workbook", asked_by=by)
    if result:
        job.result, job.result_name = keeping.keep_result(job, result), "made.xlsx.age"
        job.state, job.ended_at = JobState.DONE, timezone.now()
        job.expires_at = job.ended_at + kept_for
    job.save(force_insert=True)
    return job


def sent_in(content: bytes) -> SealedUpload:
    """A file as the upload handler leaves it where cases are brought in."""
    keyring.ensure(SYSTEM_SCOPE)
    upload = SealedUpload("cases.csv", SYSTEM_SCOPE, upload_place)
    upload.take(content)
    upload.finish()
    return upload
