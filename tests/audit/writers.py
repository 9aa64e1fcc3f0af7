"""Run by test_writers.py in a process and on databases of its own: threads that all write at once."""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import sys
from threading import Barrier, Thread
from uuid import UUID

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.db import connections

from audit import trail, verifier
from audit.models import Event, LogState
from audit.verbs import Verb
from cases.models import ImportRun
from config.startup import refuse_unless_ready
from tests.audit.people import somebody
from tests.databases import make_databases
from vault.keyring import Keyring
from vault.models import DataKey

SCOPE = UUID(int=77)


def write(writer: int, events: int, ready: Barrier, keys: set[bytes], errors: list[str]) -> None:
    """Some events alone, some with a row, some with details; all in transactions of their own."""
    try:
        ready.wait()
        ring = Keyring()
        ring.ensure(SCOPE)
        keys.add(ring.data_key(SCOPE)[1])
        office, user = somebody()
        run = ImportRun(
            file_digest=f"{writer}", layout="htcds", rows_total=events, office=office, owner=user
        )
        for number in range(events):
            if number % 2:
                trail.record(Verb.CASE_VIEWED, by=user, reason=f"{writer}", details={"n": number})
            else:
                run.rows_done = number
                trail.save(run, verb=Verb.IMPORT_ADVANCED, by=user, reason=f"{writer}")
    except Exception as error:
        errors.append(f"{type(error).__name__}: {error}")
    finally:
        connections.close_all()


def main(threads: int, events: int) -> None:
    """Make the tables, let every thread write, and print what the log then says."""
    make_databases()
    somebody()
    refuse_unless_ready(serve=False)
    before = LogState.objects.get().size
    ready, keys, errors = Barrier(threads + 1), set(), []
    working = [Thread(target=write, args=(n, events, ready, keys, errors)) for n in range(threads)]
    for thread in working:
        thread.start()
    ready.wait()
    # The verifier at work meanwhile sees one moment, and keeps nobody from writing.
    meanwhile = []
    while any(thread.is_alive() for thread in working):
        meanwhile += verifier.verify().findings
    for thread in working:
        thread.join()
    report = verifier.verify()
    reasons = [
        json.loads(bytes(e))["reason"] for e in Event.objects.values_list("entry", flat=True)
    ]
    outcome = {
        "errors": errors,
        "meanwhile": meanwhile,
        "findings": report.findings,
        "seqs": list(Event.objects.values_list("seq", flat=True))[before:],
        "before": before,
        "each": [reasons.count(str(n)) for n in range(threads)],
        "keys": len(keys),
        "data_keys": DataKey.objects.filter(scope=SCOPE).count(),
    }
    sys.stdout.write(json.dumps(outcome))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
