"""Background work as whoever asked for it sees it: how far it is, cancelling, fetching what it made."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.middleware import is_no_use
from core.downloads import file_answer, gives_file
from core.http import StaffRequest
from jobs import keeping, services
from jobs.kinds import KINDS
from jobs.models import Job, JobState

PARTLY = (JobState.FAILED, JobState.CANCELLED)  # and perhaps some rows were done by then
LONG_WAIT = timedelta(minutes=2)  # until a worker takes it; then something is wrong


@require_GET
def job_list(request: StaffRequest) -> HttpResponse:
    """What somebody asked for lately."""
    found = [(job, KINDS[job.kind]) for job in services.jobs_of(request.user)]
    return render(request, "jobs/list.html", {"jobs": found})


@require_GET
def job(request: StaffRequest, job: UUID) -> HttpResponse:
    """How far it is, or how it ended."""
    return render(request, "jobs/job.html", _context(services.job_for(request.user, job)))


@is_no_use
@require_GET
def state(request: StaffRequest, job: UUID) -> HttpResponse:
    """The same, for the page that asks every two seconds by itself.

    Whoever comes here otherwise, as after having to sign in again, is led to the page.
    """
    if not request.htmx:
        return redirect("jobs:job", services.job_for(request.user, job).pk)
    context = _context(services.job_for(request.user, job))
    return render(request, "jobs/job.html#state", context)


@require_POST
def cancel(request: StaffRequest, job: UUID) -> HttpResponse:
    """Have it end where it is."""
    services.cancel(services.job_for(request.user, job), by=request.user)
    messages.success(request, _("It ends as soon as it can."))
    return redirect("jobs:job", job)


@gives_file
@require_GET
def result(request: StaffRequest, job: UUID) -> HttpResponse:
    """What it made."""
    found = services.job_for(request.user, job)
    content = services.fetch(found, by=request.user)
    return file_answer(content, "application/octet-stream", found.result_name)


def _context(job: Job) -> dict[str, Any]:
    waits_long = job.state == JobState.WAITING and timezone.now() - job.asked_at > LONG_WAIT
    return {
        "job": job,
        "kind": KINDS[job.kind],
        "words": keeping.words_of(job),
        "waits_long": waits_long,
        "is_partly_done": job.state in PARTLY and job.rows_total and job.rows_done,
    }
