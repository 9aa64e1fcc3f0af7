"""1,000 cases into a workbook, into an empty installation, and out again: python -m bench.workbooks [N]

Two installations one after the other, each on databases of its own. Both workbooks have to hold the same
cells. Seconds are of asking, deciding and collecting together, and of the command that brings them in.
"""

import os
import subprocess
import sys
import tempfile
import time
from io import BytesIO, StringIO
from pathlib import Path
from random import Random

CASES = 1_000
SHEET = "HTCDS"


def environment() -> dict[str, str]:
    """This process's environment without databases it may name: each step brings its own."""
    named = ("DATABASE_URL", "KEYS_DATABASE_URL")
    kept = {name: value for name, value in os.environ.items() if name not in named}
    return kept | {"PYTHONUNBUFFERED": "1"}


def main() -> None:
    number = sys.argv[1] if len(sys.argv) > 1 else str(CASES)
    with tempfile.TemporaryDirectory(prefix="tutela-bench-") as folder:
        home = Path(folder)
        identity = make_identity(home)
        for step in ("out", "in"):
            command = [sys.executable, "-m", "bench.workbooks", number, step, folder]
            subprocess.run(command, check=True, env=environment())
        first, second = (cells(home / f"{step}.xlsx.age", identity) for step in ("out", "in"))
    if first != second or not first:
        sys.exit("The second workbook holds other cells than the first.")
    filled = sum(1 for row in first for cell in row if cell)
    print(
        f"the same: {len(first)} rows, {len(first[0])} columns, {filled} cells that are not empty"
    )


def make_identity(home: Path):
    from pyrage import x25519

    identity = x25519.Identity.generate()
    (home / "identity.txt").write_text(f"{identity}\n")
    (home / "recipient.txt").write_text(str(identity.to_public()))
    return identity


def cells(path: Path, identity) -> list[list[object]]:
    """Every cell of the sheet of cases."""
    from python_calamine import CalamineWorkbook

    from vault import age

    book = BytesIO(age.decrypt(path.read_bytes(), [identity]))
    return CalamineWorkbook.from_filelike(book).get_sheet_by_name(SHEET).to_python()


def step(number: int, name: str, home: Path) -> None:
    """One installation, which has nothing in it before."""
    from bench.lists import prepare, staff

    prepare(home / name)
    from django.core.management import call_command

    officer, _other, supervisor = staff()
    if name == "out":
        fill(number, officer)
    else:
        began = time.perf_counter()
        call_command(
            "import_cases",
            home / "out.xlsx.age",
            identity=home / "identity.txt",
            commit=True,
            office=officer.office.code,
            owner=officer.username,
            by=supervisor.username,
            stdout=StringIO(),
        )
        print(f"in: {number} cases in {time.perf_counter() - began:.1f} s")
    began = time.perf_counter()
    made = take_out(officer, supervisor, (home / "recipient.txt").read_text())
    seconds = time.perf_counter() - began
    print(
        f"{'again out' if name == 'in' else 'out'}: {number} cases in {seconds:.1f} s, {len(made)} B"
    )
    (home / f"{name}.xlsx.age").write_bytes(made)


def take_out(officer, supervisor, recipient: str) -> bytes:
    from audit.context import RequestContext, serving
    from cases.services import workbooks

    cases = workbooks.wanted_cases(officer, references=[], since=None, until=None)
    about = {"purpose": "ourselves", "recipient": recipient, "note": "We move."}
    with serving(RequestContext("request", "elsewhere")):
        asked = workbooks.ask_for_workbook(cases, **about, by=officer)
    workbooks.approve_workbook(asked, note="", by=supervisor)
    asked.refresh_from_db()
    return workbooks.collect_workbook(asked, by=officer)


def fill(number: int, officer) -> None:
    """Invented people, with up to three of each of what there are several of."""
    from django.utils import timezone

    from assistance.sections import SupportPlanContent
    from cases.sections import (
        CommentContent,
        PerpetratorContent,
        StatusDecisionContent,
        TraffickingEventContent,
    )
    from cases.services.intake import register_many
    from cases.services.new_case import NewCase
    from config.demo.stories import people

    rng = Random(7)
    comments = [f"=Talked, {n}; she is well.\r\nNext time on Monday." for n in range(3)]
    several = {
        "comment": [CommentContent(cls="narrative", comment=text) for text in comments],
        "decision": [
            StatusDecisionContent(trafficking_status=status, trafficking_status_decided_by="Police")
            for status in ("PossibleVictimOfTrafficking", "ActualVictimOfTrafficking")
        ],
        "event": [
            TraffickingEventContent(event_type=phase, country=country, event_date=day)
            for phase, country, day in (
                ("Recruitment", "BY", "2024"),
                ("Transit", "LT", "2024-05"),
                ("Exploitation", "PL", "2024-05-17"),
            )
        ],
        "perpetrator": [PerpetratorContent(role_details="Drove", role_in_process=["Transporter"])],
        "plan": [SupportPlanContent(plan_type="Health", objectives="Sleeps again")],
    }
    new_cases = [
        NewCase(
            identity=person.identity,
            contact=person.contact,
            victim=person.victim,
            summary=person.summary,
            consent=person.consent,
            entries=[
                (kind, content)
                for kind, contents in several.items()
                for content in contents[: rng.randint(0, len(contents))]
            ],
            opened_on=person.opened_on,
        )
        for person in people(7, number, timezone.localdate())
    ]
    for start in range(0, number, 500):
        register_many(
            new_cases[start : start + 500], office=officer.office, owner=officer, by=officer
        )


if __name__ == "__main__":
    if len(sys.argv) == 4:
        step(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
    else:
        main()
