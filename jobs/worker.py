"""The worker: takes tasks out of the library's table one after the other, and looks after what was left.

It is a process of its own (`manage.py work`), or a thread where keys stay within one process.
"""

import logging
import time
from datetime import timedelta
from threading import Thread

from django.db import connections
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from core.closed import is_closed
from core.planning import note_sizes
from jobs import keeping, lives, running, tasks
from jobs.kinds import KINDS
from jobs.models import Job, JobState

PAUSE = 1.0  # seconds between two looks for work
ALIVE_EVERY = 15  # seconds
FORSAKEN_AFTER = timedelta(minutes=1)  # without a sign of the worker
SWEEP_EVERY = 30  # seconds
NOTE_EVERY = (
    60 * 60
)  # seconds between two looks at how large tables are; they grow fast in an import
TASKS_KEPT = timedelta(days=1)
JOBS_KEPT = timedelta(days=30)  # in the list of whoever asked

log = logging.getLogger(__name__)


def work() -> None:
    """Do what waits, until `running.STOPPING` is set; nothing while Tutela is closed."""
    Thread(target=_show_life, name="worker-alive", daemon=True).start()
    swept = noted = -float("inf")
    while not running.STOPPING.is_set():
        if is_closed():  # what is being mended is left alone
            running.STOPPING.wait(PAUSE)
            continue
        try:
            if time.monotonic() - swept >= SWEEP_EVERY:
                sweep()
                swept = time.monotonic()
            if time.monotonic() - noted >= NOTE_EVERY:
                note_sizes()
                noted = time.monotonic()
            if not do_next():
                running.STOPPING.wait(PAUSE)
        except Exception:
            log.exception("failed; the worker goes on")
            connections.close_all()
            running.STOPPING.wait(PAUSE)
    connections.close_all()


def do_next() -> bool:
    """Do one task, if there is one. The library locks the database to take it, so look first."""
    if not DBTaskResult.objects.ready().exists():
        return False
    Worker(
        queue_names=["default"],
        excluded_queue_names=[],
        backend_name="default",
        worker_id=running.WORKER,
        interval=0,
        batch=True,
        max_tasks=1,
        startup_delay=False,
    ).run()
    return True


def sweep() -> None:
    """Take up what was forsaken, destroy what expired, forget what is old."""
    take_up_forsaken()
    now = timezone.now()
    for job in Job.objects.exclude(result="").filter(expires_at__lte=now):
        Job.objects.filter(pk=job.pk).update(result="")
        keeping.destroy(job.result)
    for name in keeping.left_over(now - TASKS_KEPT):
        keeping.destroy(name)
    Job.objects.filter(ended_at__lt=now - JOBS_KEPT, result="").delete()
    finished = DBTaskResult.objects.exclude(pk__in=DBTaskResult.objects.ready().values("pk"))
    finished.filter(enqueued_at__lt=now - TASKS_KEPT).delete()


def take_up_forsaken() -> None:
    """Have jobs whose worker ended go on, or fail where they cannot; a job is never lost for ever."""
    before = timezone.now() - FORSAKEN_AFTER
    for job in Job.objects.filter(state=JobState.RUNNING, alive_at__lt=before, kind__in=KINDS):
        log.error("the worker of a job ended", extra={"step": job.kind})
        running.give_up(job, before)
    ready = {str(pk) for pk in DBTaskResult.objects.ready().values_list("pk", flat=True)}
    waiting = Job.objects.filter(state=JobState.WAITING, asked_at__lt=before, kind__in=KINDS)
    for pk, task in waiting.values_list("pk", "task"):
        if task not in ready:
            tasks.enqueue(pk)


def _show_life() -> None:
    """Say that this worker lives, and the same of the job under way, however long a step takes."""
    while True:
        try:
            if not is_closed():
                lives.show_life()
            if (pk := running.under_way) is not None:
                mine = Job.objects.filter(pk=pk, state=JobState.RUNNING, worker=running.WORKER)
                mine.update(alive_at=timezone.now())
        except Exception:
            log.exception("failed; the worker goes on")
        finally:
            connections.close_all()
        if running.STOPPING.wait(ALIVE_EVERY):
            return
