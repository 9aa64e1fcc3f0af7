"""Run by test_sequencer.py on databases of its own: processes that write while others give places."""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import sys
import time
from threading import Thread

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.db import connections

from audit import sequencer, signing, trail
from audit.models import Event, LogState, Pending
from audit.verbs import Verb
from tests.audit.people import somebody
from tests.databases import make_databases

EACH = 40


def write(writer: int) -> None:
    for number in range(EACH):
        trail.record(Verb.CASE_VIEWED, by=None, reason=f"{writer} {number}")
    connections.close_all()


def main(beside: bool, threads: int) -> None:
    make_databases()
    somebody()
    if beside:
        sequencer.run_beside()
    working = [Thread(target=write, args=(number,)) for number in range(threads)]
    for thread in working:
        thread.start()
    signed = []
    while any(thread.is_alive() for thread in working):
        signed.append(signing.checkpoint().size)
    for thread in working:
        thread.join()
    until = time.monotonic() + 20
    while Pending.objects.exists() and time.monotonic() < until:
        time.sleep(0.01)  # nobody asks for the log: the thread beside has to come by itself
    reasons = [
        json.loads(bytes(entry))["reason"].split()
        for entry in Event.objects.order_by("seq").values_list("entry", flat=True)
    ]
    told = {
        "pending": Pending.objects.count(),
        "seqs": list(Event.objects.order_by("seq").values_list("seq", flat=True)),
        "size": LogState.objects.get().size,
        "in_order": all(
            [int(r[1]) for r in reasons if r[:1] == [str(writer)] and len(r) == 2]
            == list(range(EACH))
            for writer in range(threads)
        ),
        "signed_in_order": signed == sorted(signed),
        "signed": signing.checkpoint().size,
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1] == "beside", int(sys.argv[2]))
