"""The case page of a small case and of one of many years: python -m bench.casefile

Whole requests in turns within one run, the read event and its commit included. On SQLite.
"""

import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

FEW = {"assistance": 10, "comments": 10, "files": 10}
MANY = {"assistance": 500, "comments": 2_000, "files": 200}
ROUNDS = 40


def main() -> None:
    from bench.lists import prepare

    with tempfile.TemporaryDirectory(prefix="tutela-bench-") as home:
        prepare(Path(home))
        measure()


def measure() -> None:
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from bench.lists import staff

    settings.SECOND_FACTOR_REQUIRED = False  # signed in by force, with no factor at all
    officer = staff()[0]
    browser = Client()
    browser.force_login(officer, backend="allauth.account.auth_backends.AuthenticationBackend")
    pages = {}
    for name, numbers in (("few", FEW), ("many", MANY)):
        address = f"/cases/{fill(officer, **numbers)}/"
        assert browser.get(address).status_code == 200
        pages[name] = partial(browser.get, address)
    taken: dict[str, list[float]] = {name: [] for name in pages}
    for _round in range(ROUNDS):
        for name, get in pages.items():
            began = time.perf_counter()
            get()
            taken[name].append(time.perf_counter() - began)
    for name, get in pages.items():
        with CaptureQueriesContext(connection) as captured:
            get()
        milliseconds = 1e3 * statistics.median(taken[name])
        print(f"{name}: {milliseconds:.1f} ms, {len(captured)} queries", flush=True)
    ratio = statistics.median(taken["many"]) / statistics.median(taken["few"])
    print(f"many / few: {ratio:.2f}")


def fill(officer, *, assistance: int, comments: int, files: int) -> str:
    """A case with so many records; its reference."""
    from django.utils import timezone

    from assistance.sections import LegalAssistance
    from assistance.services import record_assistance
    from cases.entries import ENTRY_KINDS
    from cases.sections import CommentContent, Contact, Identity
    from cases.services.attachments import add_file
    from cases.services.casework import record_entry
    from cases.services.intake import register_case
    from cases.services.new_case import NewCase
    from cases.uploads import SealedUpload

    new_case = NewCase(identity=Identity(second_name="Bench"), contact=Contact())
    case = register_case(new_case, by=officer)
    today = timezone.localdate()
    for number in range(assistance):
        content = LegalAssistance(matter=f"Matter {number}")
        record_assistance(case, content=content, status="delivered", starts_on=today, by=officer)
    for number in range(comments):
        content = CommentContent(cls="narrative", comment=f"Comment {number}. " * 8)
        record_entry(case, ENTRY_KINDS["comment"], content, by=officer)
    for number in range(files):
        upload = SealedUpload(f"note {number}.txt", case.pk)
        upload.take(b"Told.")
        upload.finish()
        add_file(case, upload=upload, cls="narrative", description="", by=officer)
    return case.reference


if __name__ == "__main__":
    main()
