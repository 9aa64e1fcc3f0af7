"""Run by test_glass_races.py in a process and on databases of its own: several people, or one person
several times, break the glass at the same moment; access ends while its reader waits."""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from time import sleep

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

import time_machine
from django.db import connection, connections, transaction

from accounts.services import make_user
from audit.models import Event
from audit.verbs import Verb
from cases import door
from cases.access import access_to
from cases.models import BrokenGlass
from cases.services.glass import break_glass, end_run_out
from cases.services.intake import register_many
from cases.services.new_case import NewCase
from core.exceptions import DomainError
from tests.audit.people import somebody
from tests.databases import make_databases

AT_ONCE = 4


def at_once(*works):
    """Begin these together; what each came to, an error by its name."""
    gate = Barrier(len(works))

    def do(work):
        try:
            gate.wait()
            work()
            return "done"
        except DomainError as error:
            return type(error).__name__
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return sorted(pool.map(do, works))


def breaking(case, by):
    return break_glass(case, ground="danger", note="Now", classes=["identity"], by=by)


def waits_and_expires(case, by, grant):
    """Reading begins while the grant is live, and gets its turn to write when it has ended."""
    before = grant.ends - timedelta(milliseconds=200)
    with time_machine.travel(before) as now, ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            reading = pool.submit(at_once, lambda: door.open_rows([case], by=by))
            sleep(0.1)
            now.shift(timedelta(seconds=1))
            if connection.vendor == "postgresql":  # where readers do not wait for writers
                assert reading.result(timeout=30)
                reading = pool.submit(at_once, lambda: door.open_rows([case], by=by))
        return reading.result(timeout=30)


def main() -> None:
    make_databases()
    office, owner = somebody()
    common = {"password": "correct horse battery staple", "roles": ["case_officer"]}
    by, other = (
        make_user(username=name, display_name=name, office=office, by=None, **common)
        for name in ("breaker", "another")
    )
    new = [NewCase()] * (2 + AT_ONCE)
    cases = register_many(new, office=office, owner=owner, by=owner)
    for case in cases[:2]:
        breaking(case, by)
    told = {
        "limit": at_once(*(lambda c=case: breaking(c, by) for case in cases[2:])),
        "one_case": at_once(*[lambda: breaking(cases[0], other)] * AT_ONCE),
        "open": BrokenGlass.objects.filter(grant__user=by, ended_at=None).count(),
    }
    grant = BrokenGlass.objects.filter(grant__user=other).get().grant
    told["expiring"] = waits_and_expires(cases[0], other, grant)
    with time_machine.travel(grant.ends + timedelta(minutes=5)):
        at_once(*[end_run_out] * AT_ONCE)
        told["ends"] = Event.objects.filter(verb=Verb.GLASS_ENDED).count()
        told["sees"] = len(access_to(by, [case.pk for case in cases]))
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
