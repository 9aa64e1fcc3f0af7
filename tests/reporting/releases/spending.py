"""Run by test_race.py in a process and on databases of its own: many releases approved at once."""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import sys
from fractions import Fraction
from threading import Barrier, Thread

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.conf import settings
from django.db import connections

from accounts.models import User
from accounts.services import make_user
from core.exceptions import WrongState
from reporting.releases import ledger, services
from reporting.releases.models import Release
from tests.audit.people import somebody
from tests.databases import make_databases

RHO = Fraction(1, 10)
PAIRS = 10


def person(name: str, role: str, office: object) -> User:
    words = {"password": "correct horse battery staple", "office": office, "by": None}
    return make_user(username=name, display_name=name, roles=[role], **words)


def approve(release: Release, by: User, ready: Barrier, told: list[str]) -> None:
    try:
        ready.wait()
        services.approve_release(release, by=by)
        told.append("spent")
    except WrongState as error:
        told.append("refused" if "is left" in str(error.message) else str(error.message))
    except Exception as error:
        told.append(f"{type(error).__name__}: {error}")
    finally:
        connections.close_all()


def main(threads: int, fit: int) -> None:
    """Propose as many releases as threads against a budget for `fit`; print what became of them."""
    make_databases()
    office, _user = somebody()
    settings.STATISTICS_PRIVACY_CAP = str(RHO * fit)
    # Whoever has an account in common waits at its lock; these have to meet at the ledger.
    analysts = [person(f"analyst{n}", "analyst", office) for n in range(PAIRS)]
    directors = [person(f"director{n}", "director", office) for n in range(PAIRS)]
    releases = [
        services.propose_release(
            "dp_tables",
            {"year": 2021, "title": f"{number}", "tables": [["gender"]], "rho": RHO},
            by=analysts[number % PAIRS],
        )
        for number in range(threads)
    ]
    ready, told = Barrier(threads), []
    working = [
        Thread(target=approve, args=(one, directors[number % PAIRS], ready, told))
        for number, one in enumerate(releases)
    ]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()
    found = ledger.entries()
    outcome = {
        "told": sorted(told),
        "numbers": [entry.number for entry in found],
        "left": str(ledger.left(2021)),
        "broken": len(ledger.broken(found)),
        "approved": Release.objects.filter(state="approved").count(),
    }
    sys.stdout.write(json.dumps(outcome))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
