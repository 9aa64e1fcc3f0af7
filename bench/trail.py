"""What the evidence costs, each figure beside its yardstick in one run: python -m bench.trail

An audited write beside a plain save of the same row and beside django-simple-history's own way; the read
event beside the page it belongs to; on PostgreSQL four writers beside one. Both databases.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from bench.lists import prepare, register, staff

ROUNDS = 30
BLOCK = 20  # acts of one way before it is the next one's turn
PAGES = 60
WRITERS = 4
SECONDS = 4.0  # a round of writers


def main() -> None:
    from tests.postgres import server

    run = [sys.executable, "-m", "bench.trail"]
    subprocess.run([*run, "SQLite"], check=True)
    with server(settings=()) as address:  # it waits for the disk
        databases = {"DATABASE_URL": f"{address}/tutela", "KEYS_DATABASE_URL": f"{address}/keys"}
        make_databases(address)
        subprocess.run([*run, "PostgreSQL"], env=os.environ | databases, check=True)


def make_databases(address: str) -> None:
    import psycopg

    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        for name in ("tutela", "keys"):
            if not connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [name]
            ).fetchone():
                connection.execute(f"CREATE DATABASE {name}")


def measure(engine: str) -> None:
    with tempfile.TemporaryDirectory(prefix="tutela-bench-") as home:
        prepare(Path(home))
        officer, _other, _supervisor = staff()
        register(20, officer)
        print(f"--- {engine}")
        writes(officer)
        reads(officer)
        limited(officer)
        if engine == "PostgreSQL":
            many_writers()


# --- a write --------------------------------------------------------------------------
def writes(officer: Any) -> None:
    """The same change of the same row: a plain save, with simple-history's signals, with the trail."""
    from django.conf import settings
    from django.db import transaction
    from simple_history.models import HistoricalRecords

    from assistance.models import Assistance
    from assistance.sections import LegalAssistance
    from assistance.services import record_assistance
    from audit import sequencer, trail
    from audit.verbs import Verb
    from cases.models import Case

    sequencer.run_beside()
    case = Case.objects.first()
    said = {"status": "delivered", "starts_on": date.today(), "by": officer}
    row = record_assistance(case, content=LegalAssistance(), **said)
    plain = like(Assistance, "PlainAssistance")
    signalled = like(Assistance, "SignalledAssistance", history=HistoricalRecords())
    make_tables(plain, signalled, signalled.history.model)
    plain_row, signalled_row = copied(row, plain), copied(row, signalled)
    plain_row.save(force_insert=True)
    settings.SIMPLE_HISTORY_ENABLED = True
    signalled_row.save(force_insert=True)

    def change(one: Any) -> None:
        one.status = "planned" if one.status == "delivered" else "delivered"

    def save_plain() -> None:
        change(plain_row)
        with transaction.atomic():
            plain_row.save()

    def save_signalled() -> None:
        change(signalled_row)
        settings.SIMPLE_HISTORY_ENABLED = True  # off where triggers write the history
        with transaction.atomic():
            signalled_row.save()

    def save_ordinarily() -> None:
        change(signalled_row)
        settings.SIMPLE_HISTORY_ENABLED = True
        signalled_row.save()

    def save_audited() -> None:
        change(row)
        settings.SIMPLE_HISTORY_ENABLED = False
        trail.save(row, verb=Verb.ASSISTANCE_CHANGED, by=officer)

    ways = {
        "plain save": save_plain,
        "simple-history, one transaction": save_signalled,
        "simple-history, as it comes": save_ordinarily,
        "audited: row, history, event, leaf": save_audited,
    }
    taken = alternately(ways)
    for name, seconds in taken.items():
        ratio = seconds / taken["plain save"]
        print(f"{name:<38}{1e3 * seconds:>8.2f} ms{ratio:>7.2f} times a plain save")


def like(model: Any, name: str, **more: Any) -> Any:
    """A model with the same columns, indexes and constraints, for a table of its own."""
    from django.db import models

    fields = {}
    for field in model._meta.concrete_fields:
        fields[field.name] = clone = field.clone()
        if clone.is_relation:
            clone.remote_field.related_name = "+"
    rules = [rule.clone() for rule in model._meta.constraints]
    for rule in rules:
        rule.name = f"{name.lower()}_{rule.name}"
    meta = type("Meta", (), {"app_label": "assistance", "constraints": rules})
    return type(name, (models.Model,), {**fields, **more, "Meta": meta, "__module__": __name__})


def make_tables(*models: Any) -> None:
    from django.db import connection

    with connection.schema_editor() as editor:
        for model in models:
            editor.create_model(model)


def copied(row: Any, model: Any) -> Any:
    """The same values in a row of another model."""
    return model(
        **{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    )


def alternately(ways: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Median seconds of each way, in blocks by turns; what a block leaves pending counts to it."""
    from audit import sequencer

    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _round in range(ROUNDS):
        for name, way in ways.items():
            began = time.perf_counter()
            for _act in range(BLOCK):
                way()
            sequencer.sequence()
            taken[name].append((time.perf_counter() - began) / BLOCK)
    return {name: statistics.median(times) for name, times in taken.items()}


# --- a reading ------------------------------------------------------------------------
def reads(officer: Any) -> None:
    """The page of a case, and what of it is the event of reading."""
    from django.test import Client
    from django.test.utils import override_settings

    from audit import sequencer, trail
    from cases.models import Case

    sequencer.run_beside()
    client = Client()
    client.force_login(officer, backend="allauth.account.auth_backends.AuthenticationBackend")
    path = f"/cases/{Case.objects.first().reference}/"
    events: list[float] = []
    record = trail.record

    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return record(*args, **kwargs)
        finally:
            events.append(time.perf_counter() - began)

    pages = []
    with override_settings(ALLOWED_HOSTS=["testserver"], SECOND_FACTOR_REQUIRED=False):
        client.get(path)
        trail.record = timed
        for _round in range(PAGES):
            began = time.perf_counter()
            assert client.get(path).status_code == 200
            pages.append(time.perf_counter() - began)
    trail.record = record
    page, event = statistics.median(pages), sum(events) / PAGES
    print(f"case page {1e3 * page:.1f} ms, its event {1e3 * event:.2f} ms, {event / page:.0%}")


def limited(officer: Any) -> None:
    """Looking whether somebody opened too much, who opened nearly so much within the hour."""
    from django.db import transaction

    from audit import limits, sequencer, trail
    from audit.context import RequestContext, serving
    from audit.verbs import Verb

    for verb, number in ((Verb.CASE_LISTED, 300), (Verb.CASE_VIEWED, 430)):
        trail.append([trail.Entry(verb, officer) for _ in range(number)])
    sequencer.sequence()
    times = []
    with serving(RequestContext("0123456789abcdef")):
        for _round in range(200):
            with transaction.atomic():
                began = time.perf_counter()
                limits.check(Verb.CASE_VIEWED, officer)
                times.append(time.perf_counter() - began)
    print(f"looking at a limit {1e3 * statistics.median(times):.2f} ms")


# --- writers --------------------------------------------------------------------------
def many_writers() -> None:
    """How much more several writers do than one; what the machine has for them plain saves tell."""
    for way in ("plain saves", "audited writes"):
        rates = [(rate(1, way), rate(WRITERS, way)) for _round in range(3)]
        one, several = sorted(rates, key=lambda both: both[1] / both[0])[1]
        ratios = " ".join(f"{many / alone:.2f}" for alone, many in rates)
        print(
            f"{way}: 1 writer {one:.0f} a second, {WRITERS} writers {several:.0f};"
            f" times in each round: {ratios}"
        )


def rate(writers: int, way: str) -> float:
    """Writes a second of so many processes together."""
    command = [sys.executable, "-m", "bench.trail", "writer", way]
    working = [
        subprocess.Popen(
            [*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(writers)
    ]
    for process in working:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in working:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate()[0] for process in working]
    return sum(float(text) for text in told)


def write(way: str, number: int) -> None:
    """A writer: changes a row of its own until the time is over, and tells how often a second."""
    import django

    django.setup()
    from django.db import transaction

    from accounts.models import User
    from assistance.models import Assistance
    from assistance.sections import LegalAssistance
    from assistance.services import record_assistance
    from audit import sequencer, trail
    from audit.verbs import Verb
    from cases.models import Case
    from core.ids import uuid7
    from vault.keyring import keyring

    keyring.unlock()
    sequencer.run_beside()
    officer = User.objects.get(username="officer")
    said = {"status": "delivered", "starts_on": date.today(), "by": officer}
    # Each in a case of its own: in one case writers take turns.
    case = Case.objects.order_by("pk")[number]
    row = record_assistance(case, content=LegalAssistance(), **said)
    plain = copied(row, like(Assistance, "PlainAssistance"))
    plain.pk = uuid7()
    plain.save(force_insert=True)
    print("ready", flush=True)
    sys.stdin.readline()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        if way == "audited writes":
            row.status = "planned" if row.status == "delivered" else "delivered"
            trail.save(row, verb=Verb.ASSISTANCE_CHANGED, by=officer)
        else:
            plain.status = "planned" if plain.status == "delivered" else "delivered"
            with transaction.atomic():
                plain.save()
        count += 1
    sequencer.sequence()  # what it left pending is its own work
    print(count / (time.perf_counter() - began))


if __name__ == "__main__":
    words = sys.argv[1:]
    if not words:
        main()
    elif words[0] == "writer":
        write(words[1], int(words[2]))
    else:
        measure(words[0])
