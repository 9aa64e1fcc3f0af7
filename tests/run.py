"""The tests: on SQLite, on PostgreSQL, in a browser. `make test` runs this; the drill goes further.

The databases one after the other, the browser beside them; what fails in one keeps no other from being
run. Nothing is skipped for lack of a tool.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)  # it was tests/, whose packages are named like those they test

from tests.browser.chromium import find_chromium  # noqa: E402

# A test that hangs says where, and fails.
STOP = ["-o", "faulthandler_timeout=600", "-o", "faulthandler_exit_on_timeout=true"]
WORKERS = str(min(max(os.cpu_count() or 2, 2), 4))  # more would wait for the disk
QUICK = ["-q", "-n", WORKERS, *STOP, "-m", "not browser and not drill"]
# What a database has a say in: triggers, locks, who comes first, statements written by hand, tables.
# Whatever else asks a database asks PostgreSQL in the drill, too.
ON_POSTGRESQL = [
    *("accounts/test_proposals", "accounts/test_saves"),
    *("assistance/test_services", "assistance/test_timeline", "assistance/test_plans"),
    *("audit/test_digests", "audit/test_fails_closed", "audit/test_guards", "audit/test_limits"),
    *("audit/test_officer", "audit/test_review", "audit/test_sequencer", "audit/test_signing"),
    *("audit/test_state", "audit/test_tiles", "audit/test_trail", "audit/test_writers"),
    *("cases/test_access", "cases/test_approvals", "cases/test_casework", "cases/test_door"),
    *(
        "cases/test_due",
        "cases/test_entries",
        "cases/test_erasure",
        "cases/test_erasure_broken_off",
    ),
    *("cases/test_exclusions", "cases/test_explaining", "cases/test_glass", "cases/test_grants"),
    *("cases/test_glass_races", "cases/test_intake", "cases/test_list_filters", "cases/test_lists"),
    *("cases/test_live_search", "cases/test_matching", "cases/test_merging", "cases/test_renewal"),
    *("cases/test_saved_lists", "cases/test_tasks", "cases/test_trail", "cases/test_trail_finding"),
    *("cases/test_transfers", "config/test_migrations", "config/test_new_keys"),
    *("guards/test_access_oracle", "guards/test_every_model", "jobs/test_running"),
    *("jobs/test_worker", "reporting/releases/test_race", "reporting/releases/test_services"),
    *("reporting/test_oversight", "reporting/test_source", "vault/test_keyring"),
    *("vault/test_rotation", "verify/test_real_entries"),
]
# Single tests of other files, for the same reason.
ALSO_ON_POSTGRESQL = [
    "accounts/test_second_factor.py::test_of_many_processes_one_takes_a_code",
    "adversary/test_thousand_tamperings.py::test_a_verification_leaves_no_cursor_of_the_server_open",
    "audit/test_export.py::test_rows_and_log_are_of_one_moment",
    "audit/test_verifier.py::test_what_is_written_while_the_verifier_runs_is_no_finding",
    "cases/test_exports.py::test_of_those_who_act_at_once_one_decides_and_one_collects",
    "jobs/test_verification.py::test_a_worker_tells_how_far_it_is_and_keeps_nobody_from_writing",
]
ON_DATABASES = {
    "on SQLite": ["-m", "pytest", *QUICK, "tests"],
    "on PostgreSQL": [
        *("-m", "tests.postgres", *QUICK),
        *(f"tests/{name}.py" for name in ON_POSTGRESQL),
        *(f"tests/{name}" for name in ALSO_ON_POSTGRESQL),
    ],
}
IN_CHROMIUM = ["-m", "pytest", "-q", *STOP, "tests/browser", "-m", "not drill"]
PACKAGES = ("chromium", "chromium-headless-shell")
NO_CHROMIUM = (
    "The tests drive Chromium, and there is none on this machine. Install it (on Debian:"
    f" apt-get install {' '.join(PACKAGES)}) or name one in the variable CHROMIUM."
)


def main() -> int:
    if not (find_chromium(whole=True) or _install_chromium()):
        _say(NO_CHROMIUM)
        return 1
    started = time.monotonic()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryFile() as said:
        # A browser waits a good part of its time: the others work meanwhile.
        with _begun(IN_CHROMIUM, counts, said) as in_chromium:
            codes = []
            for name, words in ON_DATABASES.items():
                _say(f"--- Tests {name}")
                with _begun(words, counts) as part:
                    codes.append(part.wait())
            codes.append(in_chromium.wait())
        _say("--- Tests in Chromium")
        said.seek(0)
        _say(said.read().decode(errors="replace"))
    told = ", ".join(f"{counts[word]} {word}" for word in ("passed", "failed"))
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    _say(f"{told}{skipped} in {time.monotonic() - started:.0f} s")
    return next((code for code in codes if code), 0)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def _begun(
    words: list[str], counts: Counter[str], said: IO[bytes] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """One part, running, which says what it does into `said`; its results are added to `counts`."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, *words, f"--junitxml={report}"]
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=_environment(),
            stdout=said,
            stderr=subprocess.STDOUT if said else None,
        ) as process:
            yield process
        if report.exists():
            counts.update(_results(report))


def _environment() -> dict[str, str]:
    """This process's environment without databases it may name: each part brings its own."""
    databases = ("DATABASE_URL", "KEYS_DATABASE_URL")
    return {name: value for name, value in os.environ.items() if name not in databases}


def _results(report: Path) -> dict[str, int]:
    """How many tests of a JUnit report passed, failed and were skipped."""
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    total: Counter[str] = Counter()
    for suite in suites:
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        total["failed"] += failed
        total["skipped"] += skipped
        total["passed"] += int(suite.get("tests", 0)) - failed - skipped
    return total


def _install_chromium() -> str | None:
    """Fetch Chromium with apt where this user may; its path when that worked."""
    if not shutil.which("apt-get"):
        return None
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and not shutil.which("sudo"):
        return None
    _say("--- Installing Chromium")
    for words in (
        ["update"],
        ["install", "-y", "--no-install-recommends", *PACKAGES],
    ):
        command = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", *words]
        if subprocess.run(command).returncode:
            return None
    return find_chromium(whole=True)


if __name__ == "__main__":
    sys.exit(main())
