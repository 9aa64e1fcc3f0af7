"""The case list at 1,000 cases and at many, in one run: python -m bench.lists [CASES]

For an officer with 200 cases and a supervisor with all of them; whole requests through the middleware,
the read event and its commit included.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 60
SMALL = 1_000
OWN = 200
BATCH = 500


def main(many: int) -> None:
    with tempfile.TemporaryDirectory(prefix="tutela-bench-") as home:
        prepare(Path(home))
        print(f"{'cases':>9} {'page':<28}{'median ms':>10}{'p95 ms':>8}")
        officer, other, supervisor = staff()
        register(OWN, officer)
        register(SMALL - OWN, other)
        small = _measure(SMALL, officer, supervisor)
        started = time.perf_counter()
        register(many - SMALL, other)
        seconds = time.perf_counter() - started
        large = _measure(many, officer, supervisor)
        for page in small:
            print(f"{page}: {large[page] / small[page]:.2f} times the time at {SMALL} cases")
        print(f"registering took {seconds:.0f} s, {1000 * seconds / (many - SMALL):.2f} ms a case")


def prepare(home: Path) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TUTELA_DATA_DIR": str(home / "data"),
        "TUTELA_KEY_FILE": str(home / "keys" / "root.key"),
        "TUTELA_ALLOWED_HOSTS": "testserver",
    }
    import django

    django.setup()
    from django.core.management import call_command

    from vault.keyring import keyring

    call_command("migrate", database="keys", verbosity=0)
    keyring.unlock()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


def staff():
    from accounts.models import Organisation
    from accounts.services import make_office, make_user

    own = Organisation.objects.create(name="Bench", kind="NGO")
    office = make_office(code="BY-1", name="Bench", country="BY", organisation=own, by=None)
    return [
        make_user(
            username=name,
            display_name=name.title(),
            password="only for measuring",
            roles=[role],
            office=office,
            by=None,
        )
        for name, role in (
            ("officer", "case_officer"),
            ("other", "case_officer"),
            ("supervisor", "supervisor"),
        )
    ]


def register(count: int, owner) -> None:
    from cases.sections import Contact, Identity
    from cases.services.intake import register_many
    from cases.services.new_case import NewCase

    for start in range(0, count, BATCH):
        new_cases = [
            NewCase(
                identity=Identity(first_name=f"Name{n}", second_name=f"Family{n * 7919 % 100_003}"),
                contact=Contact(mobile_phone=f"+37500{n:07d}"),
            )
            for n in range(start, min(start + BATCH, count))
        ]
        register_many(new_cases, office=owner.office, owner=owner, by=owner)


def _measure(total: int, officer, supervisor) -> dict[str, float]:
    """Median milliseconds of each page, printed as well."""
    from django.test import Client

    medians = {}
    for name, user in (("officer with 200", officer), ("supervisor with all", supervisor)):
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        for page, path in (("first page", "/cases/"), ("only active", "/cases/?status=Active")):
            times = sorted(_timed(client, path) for _ in range(ROUNDS))
            label = f"{name}, {page}"
            medians[label] = statistics.median(times)
            p95 = times[int(0.95 * len(times))]
            print(f"{total:>9} {label:<28}{medians[label]:>10.1f}{p95:>8.1f}")
    return medians


def _timed(client, path: str) -> float:
    started = time.perf_counter()
    response = client.get(path)
    elapsed = 1000 * (time.perf_counter() - started)
    assert response.status_code == 200 and response.content.count(b"BY-20") >= 25
    return elapsed


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 193_025)
