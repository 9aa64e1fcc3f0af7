"""Run by test_killed_writers.py on databases of its own: forks writers that are there to be killed.

It reads orders from its standard input and answers each with a line of JSON. Writers fork from a process
that has everything loaded and no connection open. What a writer was told is committed, it notes in a
file; nothing of that may be missing afterwards.
"""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.conf import settings
from django.db import connection, connections, transaction

from accounts.models import User
from audit import guards, sequencer, signing, trail, verifier
from audit.models import Checkpoint, Event, LogState, Pending
from audit.verbs import Verb
from cases.models import Case, ImportRun
from cases.sections import CaseSummary
from cases.services.intake import register_many
from cases.services.new_case import NewCase
from tests.audit.people import somebody
from tests.databases import make_databases
from vault.keyring import keyring

CASES = 6
GROUP = "group"


def prepare() -> dict[str, Any]:
    """Make the tables, open a few cases that all writers change, and close every connection."""
    make_databases()
    office, user = somebody()
    cases = register_many([NewCase()] * CASES, office=office, owner=user, by=user)
    trail.record(Verb.OFFICER_AUDITED, by=user, details={"note": "makes the key of this month"})
    keyring.load([case.pk for case in cases])
    signing.checkpoint()
    connections.close_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are nobody's to wait for
    return {"database": str(settings.DATABASES["default"]["NAME"])}


# --- Writers ----------------------------------------------------------------------------------


def grow(folder: str, number: str) -> dict[str, Any]:
    """Fork so many writers; each notes in a file of its own in `folder` what it wrote."""
    born = []
    for _ in range(int(number)):
        if child := os.fork():
            born.append(child)
            continue
        try:
            write_until_killed(Path(folder))
        finally:
            os._exit(1)  # never back into the loop of the parent
    return {"born": born}


def write_until_killed(folder: Path) -> None:
    random = Random(os.urandom(8))
    notes = os.open(folder / f"{os.getpid()}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute(f"SET application_name = 'writer {os.getpid()}'")
    if random.random() < 0.5:
        sequencer.run_beside()  # as a web process does; the others give places themselves
    try:
        writer = Writer(random)
        while True:
            events = random.choice(writer.acts)()
            told = [[str(event.id), str(event.object or ""), event.revision] for event in events]
            os.write(notes, f"{json.dumps(told)}\n".encode())
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [f"{f.name}:{f.lineno}" for f in frames if "site-packages" not in f.filename]
        said = f"{type(error).__name__}: {error} in {' > '.join(ours)}"
        os.write(notes, f"{json.dumps(said)}\n".encode())


class Writer:
    """Somebody at work: each act is one transaction, or several whose commits were waited for."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.user = User.objects.select_related("office").earliest("date_joined")
        self.run = self.new_run()
        self.acts: list[Callable[[], list[Event]]] = [
            *(self.reads,) * 3,
            *(self.advances,) * 3,
            self.begins,
            self.changes_a_case,
            self.does_two_things_or_none,
            self.does_something_weighty,
        ]

    def new_run(self) -> ImportRun:
        return ImportRun(
            file_digest=f"{os.getpid()}",
            layout="htcds",
            rows_total=1,
            office=self.user.office,
            owner=self.user,
        )

    def reads(self) -> list[Event]:
        details = {"text": "Ганна"} if self.random.random() < 0.3 else None
        return [trail.record(Verb.CASE_SEARCHED, by=self.user, details=details)]

    def advances(self) -> list[Event]:
        self.run.rows_done += 1
        return [trail.save(self.run, verb=Verb.IMPORT_ADVANCED, by=self.user)]

    def begins(self) -> list[Event]:
        """Several rows in one statement. Their events are found by what the rows say."""
        runs = [self.new_run() for _ in range(self.random.randint(1, 5))]
        trail.insert_many(runs, verb=Verb.IMPORT_ADVANCED, by=self.user)
        self.run = runs[0]
        return [Event(id=run.last_event, object=run.pk, revision=1) for run in runs]

    def changes_a_case(self) -> list[Event]:
        """One that others change as well."""
        place = self.random.randrange(CASES)
        with transaction.atomic():
            pk = Case.objects.order_by("pk").values_list("pk", flat=True)[place]
            case = Case.objects.select_for_update().get(pk=pk)
            case.put("summary", CaseSummary(summary=f"Written by {os.getpid()}"))
            return [trail.save(case, verb=Verb.CASE_CHANGED, by=self.user)]

    def does_two_things_or_none(self) -> list[Event]:
        reason = f"{GROUP} {os.getpid()} {self.random.getrandbits(60)}"
        with transaction.atomic():
            first = trail.record(Verb.CASE_LISTED, by=self.user, reason=reason)
            self.run.rows_done += 1
            return [
                first,
                trail.save(self.run, verb=Verb.IMPORT_ADVANCED, by=self.user, reason=reason),
            ]

    def does_something_weighty(self) -> list[Event]:
        """A checkpoint covers it before it returns."""
        event = trail.record(Verb.KEY_ROTATION_BEGUN, by=self.user)
        if not Checkpoint.objects.filter(size__gt=sequencer.sequenced(event).seq).exists():
            raise AssertionError("a weighty act returned before a checkpoint covered it")
        return [event]


# --- Afterwards -------------------------------------------------------------------------------


def newest_note() -> dict[str, Any]:
    """What an auditor takes along now and then."""
    note = Checkpoint.objects.order_by("size").last()
    connections.close_all()
    return {"note": note.note if note else ""}


def look(folder: str, kept: str) -> dict[str, Any]:
    """What is left when everybody is dead: everything that is wrong, and figures."""
    sequencer.sequence()
    wrong, acknowledged = _missing(Path(folder))
    events = list(Event.objects.order_by("seq"))
    if [event.seq for event in events] != list(range(len(events))):
        wrong.append("a gap in the log")
    if LogState.objects.get().size != len(events):
        wrong.append("the end of the log is another")
    if Pending.objects.exists():
        wrong.append("something is pending still")
    wrong += _unmatched(events)
    groups = Counter(reason for event in events if (reason := _group(event)))
    wrong += [f"half of {reason}" for reason, count in groups.items() if count != 2]
    signing.checkpoint()
    for note in [None, *json.loads(Path(kept).read_text())]:
        wrong += verifier.verify(kept_note=note).findings
    return {
        "wrong": wrong,
        "acknowledged": acknowledged,
        "events": len(events),
        "rows": sum(m._default_manager.count() for m in guards.tracked_models()),
        "checkpoints": Checkpoint.objects.count(),
    }


def _missing(folder: Path) -> tuple[list[str], int]:
    """What a writer noted and is not there; how much was noted. Its own errors are wrong, too."""
    there = {str(event) for event in Event.objects.values_list("id", flat=True)}
    versions = {
        (str(row), revision)
        for model in guards.tracked_models()
        for row, revision in model.history.values_list("id", "revision")
    }
    wrong, acknowledged = [], 0
    for file in sorted(folder.iterdir()):
        *lines, rest = file.read_text().split("\n")
        if rest:
            wrong.append(f"{file.name} broke off within a note")  # a write of this size never does
        for line in map(json.loads, lines):
            if isinstance(line, str):
                wrong.append(f"writer {file.name}: {line}")
                continue
            for event, row, revision in line:
                acknowledged += 1
                if event not in there:
                    wrong.append(f"event {event} was acknowledged and is lost")
                if row and (row, revision) not in versions:
                    wrong.append(f"version {revision} of {row} was acknowledged and is lost")
    return wrong, acknowledged


def _unmatched(events: list[Event]) -> list[str]:
    """Versions without their event, and events without their version."""
    told = {(event.object_type, event.object, event.revision) for event in events if event.object}
    stored, newest = set(), {}
    for model in guards.tracked_models():
        label = model._meta.label
        for row, revision in model.history.values_list("id", "revision"):
            stored.add((label, row, revision))
            newest[label, row] = max(revision, newest.get((label, row), 0))
        live = {(label, r): revision for r, revision in model.objects.values_list("id", "revision")}
        if live != {key: revision for key, revision in newest.items() if key[0] == label}:
            return [f"rows of {label} are not at their newest version"]
    wrong = [f"no event for {version}" for version in stored - told]
    return wrong + [f"no version for the event of {version}" for version in told - stored]


def _group(event: Event) -> str:
    reason = json.loads(bytes(event.entry))["reason"]
    return reason if reason.startswith(GROUP) else ""


def main() -> None:
    orders: dict[str, Callable[..., dict[str, Any]]] = {
        "grow": grow,
        "note": newest_note,
        "look": look,
    }
    answer = prepare()
    while True:
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
        if not (line := sys.stdin.readline()):
            return
        name, *words = line.split()
        answer = orders[name](*words)


if __name__ == "__main__":
    main()
