"""Run by test_renewal_under_load.py in a process and on databases of its own: officers write while
all data keys are renewed, and others read."""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import sys
from threading import Event, Thread

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

import msgspec
from django.db import connections

from audit import verifier
from audit.verbs import Verb
from cases import door
from cases.models import Case
from cases.sections import Identity
from cases.selectors import victim_of
from cases.services import renewal
from cases.services.casework import change_person
from cases.services.intake import register_many
from cases.services.new_case import NewCase
from config.startup import refuse_unless_ready
from core.exceptions import Conflict
from tests.audit.people import somebody
from tests.databases import make_databases
from vault.keyring import keyring
from vault.models import DataKey
from vault.sealing import HEAD

CASES = 12
ROUNDS = 3


class Officer(Thread):
    """Renames the people of some cases again and again, and reads what was written."""

    def __init__(self, user, cases, done: Event) -> None:
        super().__init__()
        self.user, self.cases, self.done = user, cases, done
        self.names: dict[str, str] = {}
        self.errors: list[str] = []
        self.changes = self.conflicts = 0

    def run(self) -> None:
        try:
            while not self.done.is_set():
                for case in self.cases:
                    self.rename(case, f"Name {self.changes}")
        except Exception as error:
            self.errors.append(f"{type(error).__name__}: {error}")
        finally:
            connections.close_all()

    def rename(self, case: Case, name: str) -> None:
        victim = victim_of(case)
        [before] = door.open_rows([victim], by=self.user)
        if before["identity"].first_name != self.names.get(str(case.pk), "Hanna"):
            self.errors.append("a name was lost")
        after = {"identity": msgspec.structs.replace(before["identity"], first_name=name)}
        try:
            change_person(
                victim, before=before, after=after, revision=victim.revision, by=self.user
            )
        except Conflict:
            self.conflicts += 1
            return
        self.names[str(case.pk)] = name
        self.changes += 1


def main() -> None:
    """Renew every data key some times under load, then tell what is there."""
    make_databases()
    office, user = somebody()
    refuse_unless_ready(serve=False)
    new = [NewCase(identity=Identity(first_name="Hanna")) for _ in range(CASES)]
    cases = register_many(new, office=office, owner=user, by=user)
    done = Event()
    officers = [Officer(user, cases[n::3], done) for n in range(3)]
    for officer in officers:
        officer.start()
    renewed = 0
    for _round in range(ROUNDS):
        renewed += len(list(renewal.renew_all(by=None)))
    done.set()
    for officer in officers:
        officer.join()
    for _case in renewal.renew_all(by=None):  # nobody writes any more
        renewed += 1
    report = verifier.verify()
    outcome = {
        "errors": [error for officer in officers for error in officer.errors],
        "changes": sum(officer.changes for officer in officers),
        "renewed": renewed,
        "findings": report.findings,
        "unsettled": DataKey.objects.filter(settled=False).count(),
        "under_old_keys": _under_old_keys(cases),
        "wrong_names": _wrong_names(user, cases, officers),
    }
    sys.stdout.write(json.dumps(outcome))


def _under_old_keys(cases: list[Case]) -> int:
    """Sealed sections, live and of history, that are not under the newest key."""
    count = 0
    for case in cases:
        newest, _key = keyring.data_key(case.pk)
        victim = victim_of(case)
        for version in (victim, *victim.history.all()):
            for column in type(victim).resealable():
                if (blob := getattr(version, column)) is not None:
                    count += HEAD.unpack_from(bytes(blob))[1] != newest
    return count


def _wrong_names(user, cases: list[Case], officers: list[Officer]) -> int:
    names = {case: name for officer in officers for case, name in officer.names.items()}
    opened = door.open_rows([victim_of(case) for case in cases], by=user, verb=Verb.CASE_LISTED)
    return sum(
        sections["identity"].first_name != names.get(str(case.pk), "Hanna")
        for case, sections in zip(cases, opened, strict=True)
    )


if __name__ == "__main__":
    main()
