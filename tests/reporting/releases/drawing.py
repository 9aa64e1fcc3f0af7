"""Run by test_race.py in a process and on databases of its own: one release made by many at once."""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import sys
import time
from dataclasses import replace
from fractions import Fraction
from threading import Barrier, Thread

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.db import connections

from accounts.models import User
from core.exceptions import WrongState
from reporting import source
from reporting.releases import folder, kinds, services
from reporting.releases.models import Release, ReleaseFiles
from tests.audit.people import somebody
from tests.databases import make_databases
from tests.reporting.releases.spending import person

WITHIN = 30  # seconds
drawn: list[str] = []
told: list[str] = []


def draw(others: int) -> dict[str, bytes]:
    """It takes until everybody else was told something."""
    drawn.append("drawn")
    until = time.monotonic() + WITHIN
    while len(told) < others and time.monotonic() < until:
        time.sleep(0.05)
    return {"figures": b"1"}


def make(release: Release, by: User, ready: Barrier) -> None:
    try:
        ready.wait()
        services.make_release(release, by=by)
        told.append("published")
    except WrongState as error:
        told.append("refused" if error.message == services.BROKEN_OFF else str(error.message))
    except Exception as error:
        told.append(f"{type(error).__name__}: {error}")
    finally:
        connections.close_all()


def main(threads: int) -> None:
    """Make one release in as many threads; print what became of it."""
    make_databases()
    office, _user = somebody()
    kind = replace(kinds.KINDS["dp_tables"], make=lambda *given: draw(threads - 1))
    kinds.KINDS[kind.code] = kind
    source.persons = lambda **given: iter(())  # type: ignore[assignment]
    folder.fill = lambda release, made: made  # type: ignore[assignment]
    asked = {"year": 2021, "title": "Of 2021", "tables": [["gender"]], "rho": Fraction(1, 10)}
    release = services.propose_release(kind.code, asked, by=person("analyst", "analyst", office))
    directors = [person(f"director{number}", "director", office) for number in range(threads)]
    approved = services.approve_release(release, by=directors[0])
    ready = Barrier(threads)
    working = [Thread(target=make, args=(approved, by, ready)) for by in directors]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()
    outcome = {"told": sorted(told), "drawn": len(drawn), "files": ReleaseFiles.objects.count()}
    sys.stdout.write(json.dumps(outcome))


if __name__ == "__main__":
    main(int(sys.argv[1]))
