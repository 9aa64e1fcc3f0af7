"""Run by test_erasure_broken_off.py in processes of their own, on databases of their own.

`prepare` makes a case and asks for its erasure; `approve POINT` approves it and kills the process at
that point; `start` does what every start does, and tells what is left. `watch` is another process that
had the case open before; `race` has threads of one process meet in the key store.
"""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from datetime import date
from threading import Barrier, Thread
from threading import Event as Event_
from time import sleep
from uuid import UUID

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

import django

django.setup()

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connections

from accounts.models import User
from accounts.services import make_office, make_organisation, make_user
from assistance.sections import MedicalAssistance
from assistance.services import record_assistance
from audit import signing, trail, verifier
from audit.models import Checkpoint, Event
from audit.sequencer import sequence
from audit.verbs import Verb
from cases import door, ledger, storage
from cases.models import Case, ErasureRequest
from cases.search.live import live_index
from cases.sections import ConsentTerms, Identity
from cases.selectors import victim_of
from cases.services import casework, erasure, retention
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from cases.services.renewal import renew_case
from config.startup import refuse_unless_ready
from core.exceptions import Erased
from tests.databases import make_databases
from vault import keyring as module
from vault.keyring import Keyring, NoKey, keyring
from vault.models import DataKey


def prepare() -> dict[str, object]:
    """A new installation with one case, a file, and a request that waits."""
    make_databases()
    own = make_organisation(name="Our mission", kind="NGO", by=None)
    office = make_office(code="BY-MSQ", name="Minsk", country="BY", organisation=own, by=None)
    alena, _pavel = (
        make_user(
            username=name,
            display_name=name,
            password="correct horse battery staple",
            roles=[role],
            office=office,
            by=None,
        )
        for name, role in (("alena", "case_officer"), ("pavel", "supervisor"))
    )
    new = NewCase(identity=Identity(second_name="Снежаньская"), consent=ConsentTerms())
    case = register_case(new, by=alena)
    help_given = MedicalAssistance(diagnosis="Fracture")
    day = {"status": "delivered", "starts_on": date(2026, 3, 1)}
    record_assistance(case, content=help_given, **day, by=alena)
    storage.files().save(f"{storage.FOLDER}/{case.pk}/one", ContentFile(b"sealed"))
    erasure.ask_for_erasure(case, reason="person_asked", note="Просіць", by=alena)
    [key] = DataKey.objects.filter(scope=case.pk)
    return {"case": str(case.pk), "wrapped": bytes(key.wrapped).hex()}


def die(*args: object, **kwargs: object) -> None:
    """As a power cut does: nothing is flushed, nothing is closed."""
    os.kill(os.getpid(), signal.SIGKILL)


def approve(point: str) -> None:
    """Approve the one request that waits, and die at this point."""
    if point.isdecimal():
        steps = list(erasure.DESTRUCTION)
        steps[int(point)] = (die, (), None)
        erasure.DESTRUCTION = tuple(steps)
    elif point == "journal":
        module.leave_no_trace = die
    elif point == "tombstone":
        erasure._leave_tombstone = die
    elif point == "in the tombstone":
        erasure.open_request = die  # the case row is written, its transaction is not committed
    elif point == "signature":
        signing.checkpoint = die
    request = ErasureRequest.objects.get()
    erasure.approve_erasure(request, note="Так", by=User.objects.get(username="pavel"))
    die()


def start() -> dict[str, object]:
    """What is left after a start."""
    refuse_unless_ready()
    case = Case.objects.get()
    try:
        keyring.load([case.pk])
        opens = True
    except NoKey:
        opens = False
    finished = Event.objects.filter(verb=Verb.ERASURE_FINISHED).latest("seq")
    events = [event.verb for event in Event.objects.order_by("seq")]
    starting = {Verb.SEARCH_INDEX_BUILT, Verb.SYSTEM_STARTED, Verb.SETTINGS_CHANGED}
    events = [verb for verb in events if verb not in starting]
    return {
        "opens": opens,
        "status": case.status,
        "state": ErasureRequest.objects.get().state,
        "files": list(storage.names()),
        "listed": [[str(entry) for entry in ledger.read(path).entries] for path in ledger.places()],
        "lines": [len(path.read_text().splitlines()) for path in ledger.places()],
        "erased": events.count(Verb.CASE_ERASED),
        "destroyed": events.count(Verb.KEY_DESTROYED),
        "keys_named": [
            json.loads(bytes(event.entry)).get("keys")
            for event in Event.objects.filter(verb=Verb.CASE_ERASED)
        ],
        "signed": Checkpoint.objects.latest("size").size > finished.seq,
        "findings": verifier.verify().findings,
        "events": len(events),
    }


def watch() -> dict[str, object]:
    """Open the case, wait until told to go on, and try once more."""
    alena, case = User.objects.get(username="alena"), Case.objects.get()
    victim = victim_of(case)
    before = door.open_rows([victim], by=alena)[0]["identity"].second_name
    found = live_index.find("Снежаньская", by=alena)
    sys.stderr.write("ready\n")
    sys.stderr.flush()
    sys.stdin.readline()
    held = (case.pk, 1) in keyring._keys
    try:
        door.open_rows([victim], by=alena)
        after = "opened"
    except Erased:
        after = "erased"
    return {
        "before": before,
        "found": found == [case.pk],
        "held": held,
        "after": after,
        "found after": bool(live_index.find("Снежаньская", by=alena)),
    }


def reader() -> dict[str, object]:
    """Approve while somebody reads an older state of the key store, and once more without them."""
    with connections["keys"].cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 200")
    other = sqlite3.connect(settings.DATA_DIR / "keys.sqlite3", isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM vault_datakey").fetchall()
    pavel, asked = User.objects.get(username="pavel"), ErasureRequest.objects.get()
    states = []
    done = erasure.approve_erasure(asked, note="Yes", by=pavel)
    states.append([done.state, done.obstacle, len(keyring.ids(done.case_id))])
    other.execute("COMMIT")
    erasure.continue_erasures()
    done.refresh_from_db()
    states.append([done.state, done.obstacle, len(keyring.ids(done.case_id))])
    return {"states": states}


def race() -> dict[str, object]:
    """A thread has read a wrapped key and not kept it yet, when the key is destroyed elsewhere."""
    scope, ring, has_read, go_on = UUID(int=9), Keyring(), Event_(), Event_()
    keyring.create([scope])
    unwrap = ring._unwrap

    def slowly(row: DataKey) -> bytes:
        has_read.set()
        go_on.wait(20)
        return unwrap(row)

    ring._unwrap = slowly
    slow = Thread(target=_load, args=(ring, scope))
    slow.start()
    has_read.wait(20)
    keyring.destroy(scope)
    quick = Thread(target=_load, args=(ring, scope))
    quick.start()
    quick.join(1)
    go_on.set()
    slow.join()
    quick.join()
    return {"opens": _load(ring, scope)}


def overtaken() -> dict[str, object]:
    """A reading has looked whether the case is erased and not recorded itself yet, when it is erased."""
    alena, pavel = (User.objects.get(username=name) for name in ("alena", "pavel"))
    victim, has_looked, told = victim_of(Case.objects.get()), Event_(), {}
    record = trail.record

    def slowly(verb: Verb, **words: object) -> Event:
        if verb == Verb.CASE_VIEWED and not has_looked.is_set():
            has_looked.set()
            sleep(1)
        return record(verb, **words)

    def read() -> None:
        door.open_rows([victim], by=alena)

    def approve_it() -> None:
        has_looked.wait(20)
        erasure.approve_erasure(ErasureRequest.objects.get(), note="Yes", by=pavel)

    trail.record = slowly
    ready = Barrier(2)
    threads = [
        Thread(target=_try, args=(name, act, ready, told))
        for name, act in (("read", read), ("approved", approve_it))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sequence()
    verbs = [Verb.CASE_VIEWED, Verb.CASE_ERASED]
    order = Event.objects.filter(verb__in=verbs).order_by("seq").values_list("verb", flat=True)
    return told | {"order": list(order)[-2:], "findings": verifier.verify().findings}


def rivals(rounds: str) -> dict[str, object]:
    """At once: two who approve, one who holds, one who renews the key, one who writes, one who reads."""
    alena, pavel = (User.objects.get(username=name) for name in ("alena", "pavel"))
    office = {"office": alena.office, "by": None, "password": "correct horse battery staple"}
    olga = make_user(username="olga", display_name="olga", roles=["supervisor"], **office)
    told = [_round(f"Name {number}", alena, pavel, olga) for number in range(int(rounds))]
    return {"rounds": told, "findings": verifier.verify().findings}


def _round(name: str, alena: User, pavel: User, olga: User) -> dict[str, object]:
    case = register_case(NewCase(identity=Identity(second_name=name)), by=alena)
    asked = erasure.ask_for_erasure(case, reason="mistake", note="Twice", by=alena)
    person = victim_of(case)
    [before] = door.open_rows([person], by=alena)
    change = {"before": before, "after": {"identity": Identity(second_name="Другая")}}
    acts = {
        "pavel": lambda: erasure.approve_erasure(asked, note="Yes", by=pavel),
        "olga": lambda: erasure.approve_erasure(asked, note="Yes", by=olga),
        "alena": lambda: erasure.approve_erasure(asked, note="Mine", by=alena),
        "hold": lambda: retention.put_on_hold(case, note="Court", by=alena),
        "renew": lambda: renew_case(case.pk, by=None),
        "write": lambda: casework.change_person(person, **change, revision=1, by=alena),
        "read": lambda: [door.open_rows([person], by=alena) for _time in range(5)],
    }
    done: dict[str, str] = {}
    ready = Barrier(len(acts))
    threads = [Thread(target=_try, args=(name, act, ready, done)) for name, act in acts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    case.refresh_from_db()
    asked.refresh_from_db()
    state = {"erased": case.erased_on is not None, "held": bool(case.on_hold)}
    return done | state | {"state": asked.state, "keys": len(keyring.ids(case.pk))}


def _try(name: str, act: Callable[[], object], ready: Barrier, done: dict[str, str]) -> None:
    try:
        ready.wait()
        act()
        done[name] = "done"
    except Exception as error:
        done[name] = type(error).__name__
    finally:
        connections.close_all()


def _load(ring: Keyring, scope: UUID) -> bool:
    try:
        ring.load([scope])
        return True
    except NoKey:
        return False
    finally:
        connections.close_all()


if __name__ == "__main__":
    act, *words = sys.argv[1:]
    acts = {"prepare": prepare, "approve": approve, "start": start, "watch": watch, "race": race}
    acts |= {"rivals": rivals, "reader": reader, "overtaken": overtaken}
    told = acts[act](*words)
    sys.stdout.write(json.dumps(told))
    sys.stdout.flush()
    connections.close_all()
    os._exit(0)  # daemon threads are at work
