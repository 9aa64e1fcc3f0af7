"""Run by test_verification.py in a process and on databases of its own: the record is verified by a job
while others look at how far it is, and write."""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import tests.settings

tests.settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}

import django

django.setup()

from django.db import connections

from accounts.models import User
from accounts.services import make_user
from audit import trail, verifier
from audit.trail import Entry
from audit.verbs import Verb
from config import long_work
from config.startup import refuse_unless_ready
from jobs import running, services
from jobs.models import Job
from tests.audit.people import somebody
from tests.databases import make_databases


class Elsewhere:
    """Another process, as it were: a thread with connections of its own."""

    def __init__(self, user: User) -> None:
        self._user, self._thread = user, ThreadPoolExecutor(1)
        self.seen: list[int] = []
        self.written = 0
        self.cancels = False

    def look(self, job: Job) -> None:
        """See how far the job is, and write an event."""
        self._thread.submit(self._look, job).result()

    def _look(self, job: Job) -> None:
        found = Job.objects.get(pk=job.pk)
        self.seen.append(found.rows_done)
        trail.record(Verb.LOG_READ, by=self._user)
        self.written += 1
        if self.cancels:
            services.cancel(found, by=self._user)

    def end(self) -> None:
        self._thread.submit(connections.close_all).result()


def main() -> None:
    make_databases()
    refuse_unless_ready(serve=False)
    somebody()
    about = {"username": "rita", "display_name": "Rita", "password": None, "office": None}
    user = make_user(**about, roles=["auditor"], by=None)
    trail.append([Entry(Verb.LOG_READ, user) for _number in range(3_000)])
    running.EVERY = 0
    other, verify = Elsewhere(user), verifier.verify

    def looked_at(*, progress, **more):
        done = iter(range(10_000))

        def advance(rows):
            progress(rows)
            if job.rows_total and next(done) % 500 == 2:
                other.look(job)

        return verify(progress=advance, **more)

    import audit.verification

    audit.verification.verifier.verify = looked_at
    job = services.ask(long_work.VERIFICATION, by=user, parameters={"checkpoint": ""})
    job.rows_total = 1
    running.run(job.pk)
    told = {"seen": [*other.seen], "written": other.written}
    job.refresh_from_db()
    told |= {"state": job.state, "total": job.rows_total}
    other.cancels = True
    job = services.ask(long_work.VERIFICATION, by=user, parameters={"checkpoint": ""})
    job.rows_total = 1
    running.run(job.pk)
    other.end()
    job.refresh_from_db()
    sys.stdout.write(json.dumps(told | {"cancelled": job.state}))


if __name__ == "__main__":
    main()
