"""Run by test_second_factor.py on databases of its own: processes that take the same code at once.

Prints, for each of ten people, which processes were told that the code is theirs.
"""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import sys
from multiprocessing import get_context

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.db import connections

from accounts import second_factor
from accounts.models import User
from accounts.services import make_user
from tests.conftest import PASSWORD
from tests.databases import make_databases

SECRET, STEP = "JBSWY3DPEHPK3PXP", 59_000_000
CODE = format_hotp_value(hotp_value(SECRET, STEP))


def spend(together, told) -> None:
    """Take the code of one person after the other, each at the same moment as the others do."""
    second_factor.yield_hotp_counters_from_time = lambda: [
        STEP
    ]  # the clock does not run on meanwhile
    taken = []
    for user in User.objects.order_by("username"):
        together.wait()
        cache.clear()
        taken.append(second_factor.spend_code(user, SECRET, CODE))
    told.put(taken)


def main(processes: int) -> None:
    make_databases()
    for number in range(10):
        make_user(
            username=f"person{number}",
            display_name="Somebody",
            password=PASSWORD,
            roles=(),
            office=None,
            by=None,
        )
    connections.close_all()
    fork = get_context("fork")
    together, told = fork.Barrier(processes), fork.Queue()
    working = [fork.Process(target=spend, args=(together, told)) for _ in range(processes)]
    for process in working:
        process.start()
    answers = [told.get(timeout=120) for _ in working]
    for process in working:
        process.join()
    sys.stdout.write(json.dumps(list(zip(*answers, strict=True))))


if __name__ == "__main__":
    main(int(sys.argv[1]))
