"""Run by test_worker.py in a process and on databases of its own: a worker does what waits there."""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import sys
import time

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import tests.settings

tests.settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

import django

django.setup()

from threading import Thread

from django.forms.models import model_to_dict
from django_tasks_db.models import DBTaskResult

from core.rights import Right
from jobs import lives, running, services, worker
from jobs.kinds import KINDS, Kind
from jobs.models import Job
from tests.audit.people import somebody
from tests.conftest import SENTINELS
from tests.databases import make_databases

WITHIN = 60  # seconds


def _make(run):
    run.begin(3)
    for _ in range(3):
        run.advance()
    run.give(run.parameters["note"].encode(), "made.csv")


def _fail(run):
    raise ValueError(run.parameters["note"])


def main() -> None:
    make_databases()
    words = dict.fromkeys(("title", "rows", "on_failure", "on_stop"), "Words")
    for name, work in {"make": _make, "fail": _fail}.items():
        KINDS[name] = Kind(**words, right=Right.CASE_READ, work=work)
    _office, alena = somebody()
    note = {"note": SENTINELS["identity"]}
    asked = [services.ask(kind, by=alena, parameters=note) for kind in ("make", "fail", "make")]
    ready = DBTaskResult.objects.ready().count()
    seen = [lives.is_there()]
    works = Thread(target=worker.work)
    works.start()
    until = time.monotonic() + WITHIN
    while Job.objects.filter(ended_at=None).exists() and time.monotonic() < until:
        time.sleep(0.1)
    running.STOPPING.set()
    works.join(WITHIN)
    seen.append(lives.is_there())
    told = {
        "seen": seen,
        "ready": ready,
        "states": [Job.objects.get(pk=job.pk).state for job in asked],
        "made": services.fetch(Job.objects.get(pk=asked[0].pk), by=alena).decode(),
        "ids": [str(job.pk) for job in asked],
        "tasks": [model_to_dict(task) for task in DBTaskResult.objects.order_by("enqueued_at")],
        "is_over": not works.is_alive(),
    }
    sys.stdout.write(json.dumps(told, default=str))


if __name__ == "__main__":
    main()
