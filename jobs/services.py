"""Asking for background work, cancelling it, fetching what it made."""

from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import trail
from audit.context import current
from audit.verbs import Verb
from core.exceptions import NotAllowed, NotFound, WrongState
from core.ids import uuid7
from jobs import ending, keeping, tasks
from jobs.kinds import KINDS
from jobs.models import UNFINISHED, Job, JobState

GONE = _("This is destroyed: its 24 hours are over, or a case in it was erased. Ask for it again.")
LISTED = 50  # of one person's jobs
MOST_AT_ONCE = 5  # unfinished jobs of one person


def ask(
    kind: str,
    *,
    by: User,
    parameters: dict[str, Any],
    upload: BinaryIO | None = None,
    pk: UUID | None = None,
) -> Job:
    """Ask for work of this kind; a worker begins it after the transaction.

    `upload` is a file that is sealed to the `upload_place` of the job `pk`. Raises NotAllowed, and
    WrongState when too much of this person waits already.
    """
    check_right(kind, by)
    if Job.objects.filter(asked_by=by, state__in=UNFINISHED).count() >= MOST_AT_ONCE:
        raise WrongState(_("Enough of yours is under way. Wait until some of it is done."))
    job = Job(id=pk or uuid7(), kind=kind, asked_by=by, session=current().session)
    keeping.seal_parameters(job, parameters)
    if upload is not None:
        job.upload = keeping.keep_upload(upload)
    with transaction.atomic():
        job.save(force_insert=True)
        trail.record(Verb.JOB_ASKED, by=by, reason=kind)
        transaction.on_commit(partial(tasks.enqueue, job.pk))
    return job


def check_right(kind: str, by: User) -> None:
    """Raise NotAllowed unless this person may have such work done."""
    if not KINDS[kind].is_for(by):
        raise NotAllowed(_("Your role does not include this work."))


def jobs_of(user: User) -> "QuerySet[Job, Job]":
    """What this person asked for lately, the newest first."""
    return Job.objects.filter(asked_by=user, kind__in=KINDS).order_by("-asked_at")[:LISTED]


def job_for(user: User, pk: UUID) -> Job:
    """The job, for whoever asked for it. Raises NotFound for every other alike."""
    found = Job.objects.filter(pk=pk, asked_by=user, kind__in=KINDS).first()
    if found is None:
        raise NotFound(_("There is no such work, or it is not yours."))
    return found


def unfinished(
    kind: str, is_it: Callable[[dict[str, Any]], bool], *, asked_by: User | None = None
) -> Job | None:
    """A job that is not over, and was asked with parameters of which `is_it` holds.

    Of this person, or of anybody.
    """
    found = Job.objects.filter(kind=kind, state__in=UNFINISHED).order_by("asked_at")
    if asked_by is not None:
        found = found.filter(asked_by=asked_by)
    return next((job for job in found if is_it(keeping.parameters_of(job))), None)


def is_under_way(kind: str) -> bool:
    """Does work of this kind wait, or go on, whoever asked for it?"""
    return Job.objects.filter(kind=kind, state__in=UNFINISHED).exists()


def last_of(user: User, kind: str) -> Job | None:
    """What this person asked for last of this kind, if it is listed still."""
    return Job.objects.filter(asked_by=user, kind=kind).order_by("asked_at").last()


def cancel(job: Job, *, by: User) -> None:
    """Have the work end where it is, or not begin at all. Raises WrongState when it is over."""
    waiting = Job.objects.filter(pk=job.pk, state=JobState.WAITING)
    if ending.end(job, JobState.CANCELLED, waiting, by=by):
        return
    if not Job.objects.filter(pk=job.pk, state=JobState.RUNNING).update(cancel_asked=True):
        raise WrongState(_("It is over already."))


def fetch(job: Job, *, by: User) -> bytes:
    """What the job made, for whoever asked for it, as long as it is kept. Each fetching is an event.

    Raises NotAllowed when their role was taken away meanwhile, and NotFound when it is kept no more.
    """
    check_right(job.kind, by)
    if not job.has_result:
        raise NotFound(GONE)
    trail.record(Verb.JOB_FETCHED, by=by, reason=job.kind)
    try:
        return keeping.result_of(job)
    except FileNotFoundError:
        raise NotFound(GONE) from None
