"""Run by test_limits.py in a process and on databases of its own: threads that search for one person."""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import sys
from threading import Barrier, Thread

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.db import connections

from audit import trail
from audit.context import RequestContext, serving
from audit.models import Event
from audit.sequencer import sequence
from audit.verbs import Verb
from core.exceptions import TooOften
from tests.audit.people import somebody
from tests.databases import make_databases


def search(times: int, ready: Barrier, let_through: list[bool]) -> None:
    try:
        _office, user = somebody()
        ready.wait()
        for _time in range(times):
            try:
                with serving(RequestContext("0123456789abcdef")):
                    trail.record(Verb.CASE_SEARCHED, by=user)
                let_through.append(True)
            except TooOften:
                let_through.append(False)
    finally:
        connections.close_all()


def main(threads: int, times: int) -> None:
    """Let every thread search, and print how many searches were let through and recorded."""
    make_databases()
    somebody()
    ready, let_through = Barrier(threads), []
    working = [Thread(target=search, args=(times, ready, let_through)) for _n in range(threads)]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()
    sequence()
    recorded = Event.objects.filter(verb=Verb.CASE_SEARCHED).count()
    print(json.dumps([len(let_through), sum(let_through), recorded]))  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
