"""Doing a job: who it is done for, how far it is, and how it ends.

Whoever asked is looked up anew while it runs, so that a role that is taken away ends it. No text of an
exception gets out of here: into the log goes its class, and the page says what to do.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import datetime
from threading import Event
from time import monotonic
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, connections
from django.db.models import F, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from audit.context import RequestContext, serving
from core.closed import is_closed
from core.exceptions import DomainError, NotAllowed
from core.logs import request_id
from jobs import ending, keeping
from jobs.kinds import KINDS, Kind
from jobs.models import KEPT_FOR, Job, JobState

WORKER = uuid4().hex  # this process
STOPPING = Event()  # set when this process shall end
EVERY = 0.5  # seconds between two looks at the job's row
ATTEMPTS = 3  # at work that may end its worker each time

under_way: UUID | None = None  # the job this process does at this moment

log = logging.getLogger(__name__)


class Cancelled(Exception):
    """Whoever asked wants it no more."""


class Stopped(Exception):
    """The worker is to end, Tutela is closed, or somebody else has the job by now."""


class Run:
    """What the work of a job knows of it, and tells."""

    def __init__(self, job: Job, kind: Kind) -> None:
        self.job, self._kind = job, kind
        self.by: User = job.asked_by
        self.parameters = keeping.parameters_of(job)
        self.words = ""  # told at the end
        self._result: tuple[str, str] | None = None
        self._looked = monotonic()

    def upload(self) -> BinaryIO:
        """The file that came in with the job. Raises OSError."""
        return keeping.open_upload(self.job, self.parameters["size"])

    def begin(self, total: int | None, *, refused: int = 0) -> None:
        """Count from 0 on to `total` rows, of which these are refused."""
        self.job.rows_total, self.job.rows_done, self.job.rows_refused = total, 0, refused
        self._look()

    def advance(self, rows: int = 1) -> None:
        """So many rows more are done. Raises what ends the work: Cancelled, Stopped, NotAllowed."""
        self.job.rows_done += rows
        if monotonic() - self._looked >= EVERY:
            self._look()

    @contextmanager
    def apart(self) -> Iterator[Callable[[int], None]]:
        """Gives an `advance` for work that reads as of one moment, in a transaction that writes nothing.

        How far it is goes over a connection of its own: PostgreSQL would refuse it in that transaction,
        and SQLite would keep every writer waiting until it is over.
        """
        if connection.in_atomic_block:  # of a caller's, which sees no other connection's work
            yield self.advance
            return
        with ThreadPoolExecutor(1, "how-far-a-job-is") as thread:

            def advance(rows: int = 1) -> None:
                self.job.rows_done += rows
                if monotonic() - self._looked >= EVERY:
                    thread.submit(copy_context().run, self._look).result()

            try:
                yield advance
            finally:
                thread.submit(connections.close_all).result()

    def give(self, content: bytes, name: str) -> None:
        """Keep what the work made, to be fetched under this name, which names nobody.

        Raises what `advance` raises.
        """
        self._look()
        self._result = keeping.keep_result(self.job, content), name

    def named(self, what: str, ending: str) -> str:
        """A name for what it made, which names nobody."""
        return f"{what}-{timezone.localdate():%Y-%m-%d}-{str(self.job.pk)[-6:]}.{ending}"

    def _look(self) -> None:
        self._looked = monotonic()
        self._write(alive_at=timezone.now())
        if STOPPING.is_set() or is_closed():
            raise Stopped
        if Job.objects.filter(pk=self.job.pk, cancel_asked=True).exists():
            raise Cancelled
        self.check()

    def check(self) -> None:
        """Raise NotAllowed when whoever asked may not have such work done any more."""
        if not self._kind.is_for(User.objects.get(pk=self.by.pk)):
            raise NotAllowed(_("Your role does not include this work any more."))

    def end(self, state: JobState, words: str = "") -> None:
        """Write how it ended, and what it made, unless somebody else has the job by now: Stopped."""
        now = timezone.now()
        columns: dict[str, Any] = {"told_sealed": keeping.sealed_words(self.job, words)}
        name, shown = self._result or ("", "")
        if name:
            columns |= {"result": name, "result_name": shown, "expires_at": now + KEPT_FOR}
        columns |= {"ended_at": now} | self._far()
        if not ending.end(self.job, state, self._mine(), by=self.by, **columns):
            raise Stopped

    def put_back(self) -> None:
        """Have it taken up again."""
        self._write(state=JobState.WAITING, worker="", task="")

    def _write(self, **columns: Any) -> None:
        """Write how far it is, and these columns, unless somebody else has the job by now: Stopped."""
        if not self._mine().update(**self._far(), **columns):
            raise Stopped

    def _far(self) -> dict[str, Any]:
        names = ("rows_total", "rows_done", "rows_refused")
        return {name: getattr(self.job, name) for name in names}

    def _mine(self) -> "QuerySet[Job, Job]":
        """The job, as long as this process has it."""
        return Job.objects.filter(pk=self.job.pk, state=JobState.RUNNING, worker=WORKER)


def run(pk: UUID) -> None:
    """Do this job if it still waits, for whoever asked. Must not run inside a transaction."""
    global under_way
    named = request_id.set(Job(pk=pk).log_name)
    try:
        under_way = pk
        _run(pk)
    except BaseException as error:  # then it shows no sign of life, and is taken up again
        log.error("a job was not marked as ended", exc_info=error)
    finally:
        under_way = None
        request_id.reset(named)


def _run(pk: UUID) -> None:
    job = _claimed(pk)
    if job is None:
        return
    kind = KINDS[job.kind]
    context = RequestContext(request_id.get(), job.session)
    language = job.asked_by.language or settings.LANGUAGE_CODE
    with serving(context), translation.override(language):
        run = Run(job, kind)
        try:
            run.check()
            kind.work(run)
            run.end(JobState.DONE, run.words)
        except Cancelled:
            run.end(JobState.CANCELLED)
        except DomainError as error:
            run.end(JobState.FAILED, str(error.message))
        except Stopped:
            run.put_back() if kind.goes_on else run.end(JobState.FAILED, _broken_off())
        except BaseException as error:
            log.error("a job failed", exc_info=error)
            run.end(JobState.FAILED)


def _claimed(pk: UUID) -> Job | None:
    """The job, if it waits and nobody else was quicker."""
    now = timezone.now()
    waiting = Job.objects.filter(pk=pk, state=JobState.WAITING, kind__in=KINDS)
    begun = {"started_at": now, "alive_at": now, "attempts": F("attempts") + 1}
    if not waiting.update(state=JobState.RUNNING, worker=WORKER, **begun):
        return None
    return Job.objects.select_related("asked_by").get(pk=pk)


def give_up(job: Job, before: datetime) -> None:
    """Put back a job whose worker was not heard of since `before`; where it cannot go on, it failed."""
    forsaken = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, alive_at__lt=before)
    if KINDS[job.kind].goes_on and job.attempts < ATTEMPTS:
        forsaken.update(state=JobState.WAITING, worker="", task="")
        return
    with translation.override(job.asked_by.language or settings.LANGUAGE_CODE):
        told = keeping.sealed_words(job, _broken_off())
    ending.end(job, JobState.FAILED, forsaken, by=None, told_sealed=told)


def _broken_off() -> str:
    return _("Tutela was stopped in the middle of it.")
