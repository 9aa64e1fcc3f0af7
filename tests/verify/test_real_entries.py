"""The log that Tutela writes is the one this program knows, row digests included."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import User
from audit import guards, proofs, signing, trail
from audit.digests import columns, row_digest
from audit.models import Event
from audit.verbs import Verb
from cases.models import Case
from cases.services import erasure, renewal
from core.ids import uuid7
from tests.verify.conftest import Check
from tests.verify.logs import Log, canonical, put
from verify.tutela_verify import Examination, checkpoint_of, stamp

pytestmark = pytest.mark.django_db


@pytest.fixture
def events(case: Case, alena: User) -> list[Event]:
    """Events of every form: of rows, with details, with keys, sealed anew, denied."""
    trail.record(Verb.CASE_VIEWED, by=alena, cases=[case.pk], classes=["identity", "contact"])
    trail.record(Verb.REFUSED, by=None, outcome="denied", reason="cases:case")
    trail.record(Verb.OFFICER_AUDITED, by=alena, details={"officer": "ä\n"})
    trail.record(Verb.KEY_DESTROYED, by=None, keys=[uuid7(), uuid7()])
    renewal.renew_case(case.pk, by=None)
    return list(Event.objects.order_by("seq"))


def tables() -> Iterator[tuple[bool, dict[str, Any], dict[str, Any]]]:
    """(whether it is live, what names it, what its history row adds) of every row and version."""
    for model in guards.tracked_models():
        names = columns(model)
        for live, rows in ((True, model._default_manager), (False, model.history)):
            for row in rows.order_by("pk"):
                digest = row_digest(model, (getattr(row, name) for name in names))
                told = {"object_type": model._meta.label, "object": str(row.id)}
                told |= {"revision": row.revision, "digest": digest.hex()}
                if live:
                    yield True, told, {}
                    continue
                beside = {
                    "at": row.history_date.isoformat(timespec="microseconds"),
                    "verb": row.history_change_reason,
                    "actor": str(row.history_user_id or "system"),
                    "first": row.history_type == "+",
                }
                yield False, told, beside


def test_it_holds_when_it_is_fed_out_of_the_database(events: list[Event]) -> None:
    note = checkpoint_of(signing.checkpoint().note.encode(), "the checkpoint")
    examination = Examination([])
    examination.expect(note.size, note.root, "the checkpoint")
    for event in events:
        examination.add(event.seq, bytes(event.entry))
    examination.end_of_log()
    for live, told, beside in tables():
        which = told["object_type"], told["object"], told["revision"], bytes.fromhex(told["digest"])
        if live:
            examination.live_row(*which)
        else:
            examination.version(*which, stamp(**beside))
    examination.end_of_rows()
    assert examination.findings == []
    assert examination.events == len(events) == note.size
    assert examination.rows and examination.history >= examination.rows


def test_it_holds_when_it_is_exported(events: list[Event], tmp_path: Any, check: Check) -> None:
    export = Log()
    export.entries = [bytes(event.entry) for event in events]
    export.write(tmp_path / "log", note=signing.checkpoint().note)
    rows = [canonical(told | beside | {"live": live}) for live, told, beside in tables()]
    put(tmp_path / "rows.jsonl", b"\n".join(rows))
    key = ["--key", signing.verifier_key()]
    said = check(tmp_path / "log", *key, "--rows", tmp_path / "rows.jsonl")
    assert (said.code, said.findings) == (0, [])


def test_the_log_of_an_erased_case_holds(
    events: list[Event], alena: User, pavel: User, case: Case, settings: Any, tmp_path: Any
) -> None:
    settings.DATA_DIR, settings.BACKUP_DIR = tmp_path / "data", tmp_path / "backups"
    for folder in (settings.DATA_DIR, settings.BACKUP_DIR):
        folder.mkdir()
    asked = erasure.ask_for_erasure(case, reason="person_asked", note="x", by=alena)
    erasure.approve_erasure(asked, note="y", by=pavel)
    examination = Examination([])
    for event in Event.objects.order_by("seq"):
        examination.add(event.seq, bytes(event.entry))
    assert examination.findings == []
    forged = Log().event(verb="case_viewed", cases=[str(case.pk)], classes=["identity"])
    forged["at"] = "2100-01-01T00:00:00.000000+00:00"
    examination.add(examination.events, canonical(forged))
    assert "after its erasure" in examination.findings[0]


def test_a_proof_that_tutela_writes_holds(events: list[Event], tmp_path: Any, check: Check) -> None:
    event = events[len(events) // 2]
    put(tmp_path / "one.tlog-proof", proofs.proof_of(event).encode())
    put(tmp_path / "one.entry", bytes(event.entry))
    files = ["--proof", tmp_path / "one.tlog-proof", "--entry", tmp_path / "one.entry"]
    said = check("--key", signing.verifier_key(), *files)
    assert (said.code, said.findings) == (0, [])
    assert said.json["proof"]["event"] == event.seq
