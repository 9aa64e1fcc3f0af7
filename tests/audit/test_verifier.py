"""Whatever is changed behind the application's back, the verifier names it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.models import User
from audit import guards, trail, verifier
from audit.models import Checkpoint, Event, EventCase, LogState, TrackedModel
from audit.verbs import Verb
from cases.models import Case, Person
from core.ids import uuid7
from tests.audit import tampering
from tests.audit.tampering import DEEDS, Deed, rebuild_state
from tests.audit.tools import write
from tests.conftest import SENTINELS

pytestmark = pytest.mark.django_db
World = dict[str, list[TrackedModel]]
EACH = 10  # tamperings of each kind, with other rows each time


@pytest.fixture
def rows(world: World, alena: User) -> World:
    """The world, with a checkpoint over a part of the log and one over all of it."""
    trail.checkpoint()
    trail.record(Verb.CASE_VIEWED, by=alena, cases=[world["cases.Case"][0].pk])
    trail.checkpoint()
    return world


def findings(**how: str) -> list[str]:
    """What is found beside the guards, which an attacker took away."""
    found = verifier.verify(**how).findings
    return [text for text in found if not text.startswith("The guard ")]


def without_guards() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    guards.remove()


def test_a_record_that_nobody_touched_holds(rows: World) -> None:
    report = verifier.verify(kept_note=Checkpoint.objects.first().note)
    assert report.findings == []
    assert report.holds
    assert report.events == Event.objects.count()
    assert report.rows == sum(len(found) for found in rows.values())
    assert report.versions == sum(m.history.count() for m in guards.tracked_models())
    assert report.checkpoints == 3
    assert len(report.root) == 64


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_the_verifier_names_what_was_tampered_with(rows: World, deed: Deed) -> None:
    without_guards()
    assert findings() == []
    for seed in range(EACH):
        with transaction.atomic():
            words = deed(Random(f"{deed.__name__} {seed}"))
            found = findings()
            assert [text for text in found if all(word in text for word in words)], (words, found)
            assert not [text for text in found if any(s in text for s in SENTINELS.values())]
            transaction.set_rollback(True)
    assert findings() == []


def test_there_are_at_least_two_hundred_tamperings() -> None:
    assert len(DEEDS) * EACH >= 200


def test_an_attacker_who_puts_the_guards_back_is_found_all_the_same(rows: World) -> None:
    without_guards()
    words = tampering.one_bit_of_a_sealed_value(Random(1))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    guards.install()
    report = verifier.verify()
    assert len(report.findings) == 1
    assert all(word in report.findings[0] for word in words)


def test_one_tampering_is_one_finding_and_blames_no_other_row(rows: World) -> None:
    without_guards()
    person = rows["cases.Person"][0]
    write(Person, person.pk, role="x")
    assert findings() == [f"cases.Person {person.pk} was changed behind the application's back."]


def test_a_gap_in_the_log_blames_no_row(rows: World) -> None:
    without_guards()
    gap = Event.objects.filter(object=None).order_by("seq")[1].seq
    Event.objects.filter(seq=gap).delete()
    assert not [text for text in findings() if "behind" in text]


def test_missing_guards_are_findings(rows: World) -> None:
    without_guards()
    report = verifier.verify()
    assert not report.holds
    assert report.findings[0].startswith("The guard tutela_audit_event_before_update is missing")


def test_a_log_written_anew_differs_from_the_checkpoint_somebody_kept(rows: World) -> None:
    """Who may write everything can also remove the stored checkpoints; a kept one still tells."""
    kept = Checkpoint.objects.last().note
    without_guards()
    tampering.the_log_written_anew(Random(5))
    Checkpoint.objects.all().delete()
    found = findings(kept_note=kept)
    assert any("The log was rewritten" in text for text in found)


def test_a_log_cut_short_no_longer_reaches_the_checkpoint_somebody_kept(rows: World) -> None:
    kept = Checkpoint.objects.last()
    without_guards()
    tampering.the_last_events_gone(Random(5))
    Checkpoint.objects.all().delete()
    assert any(f"covers {kept.size} events" in text for text in findings(kept_note=kept.note))


def test_the_log_of_another_installation_is_noticed(rows: World) -> None:
    stranger = trail.notes.sign(
        trail.Ed25519PrivateKey.generate(), "tutela.local/log", 3, bytes(32)
    )
    assert any("The checkpoint you kept" in text for text in findings(kept_note=stranger))
    assert any("The checkpoint you kept" in text for text in findings(kept_note="hello"))


def test_many_findings_are_counted_and_not_all_listed(
    rows: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "MOST_FINDINGS", 3)
    without_guards()
    Event.objects.update(session="x")
    report = verifier.verify()
    assert len(report.findings) == 3
    assert report.more_findings >= Event.objects.count()


only_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="PostgreSQL keeps columns to their types"
)


@only_sqlite
@pytest.mark.parametrize(
    ("column", "garbage"),
    [
        ("opened_on", "2026-99-99"),
        ("opened_on", b"\xff"),
        ("last_event", 1.5),
        ("revision", "many"),
        ("status", 2.5),
        ("summary_sealed", "text in place of bytes"),
    ],
)
def test_a_value_of_another_type_is_named_and_the_rest_verified(
    rows: World, column: str, garbage: object
) -> None:
    one, two = rows["cases.Case"]
    without_guards()
    write(Case, one.pk, **{column: garbage})
    write(Case, two.pk, status="x")
    found = findings()
    assert any(str(one.pk) in text for text in found), found
    assert f"cases.Case {two.pk} was changed behind the application's back." in found


@only_sqlite
@pytest.mark.parametrize(
    ("column", "garbage"),
    [("at", "yesterday"), ("id", "x"), ("actor", "x"), ("entry", "text"), ("revision", "x")],
)
def test_an_event_with_a_value_of_another_type_is_named(
    rows: World, column: str, garbage: object
) -> None:
    without_guards()
    write(Event, 4, **{column: garbage})
    found = findings()
    assert any(text.startswith("Event 4 was changed") for text in found), found


@pytest.mark.parametrize(
    "entry",
    [b"", b"[]", b"{}", b"null", b'{"object":"x"}', b"\xff", b"[" * 50_000, b'{"a":1,"a":2}'],
)
def test_an_entry_that_is_no_event_is_named(rows: World, entry: bytes) -> None:
    without_guards()
    write(Event, 4, entry=entry)
    rebuild_state()
    assert any(text.startswith("Event 4 was changed") for text in findings())


def test_an_event_of_a_record_that_never_was_is_named(rows: World, case: Case) -> None:
    """Somebody who can append events, and even signs them, cannot conjure up what they tell of."""
    ghost = Person(case=case)
    trail.append([trail._prepare(ghost, Verb.PERSON_REGISTERED, None)])
    assert any(f"cases.Person {ghost.pk}" in text for text in verifier.verify().findings)


def test_an_event_of_a_kind_that_does_not_exist_is_named(rows: World) -> None:
    ghost = Event(seq=LogState.objects.get().size, id=uuid7(), object=uuid7(), revision=1)
    template = Event.objects.exclude(object=None).last()
    for name in ("actor", "session", "verb", "outcome"):
        setattr(ghost, name, getattr(template, name))
    ghost.at = timezone.now()
    content = tampering.json.loads(bytes(template.entry))
    ghost.object_type = "cases.Ghost"
    content |= {"id": str(ghost.id), "object": str(ghost.object), "revision": 1}
    content |= {"object_type": "cases.Ghost", "at": ghost.at.isoformat(timespec="microseconds")}
    ghost.entry = tampering.canonical_json(content)
    Event.objects.bulk_create([ghost])
    EventCase.objects.bulk_create(EventCase(seq=ghost.seq, case=c) for c in content["cases"])
    rebuild_state()
    assert verifier.verify().findings == [f"cases.Ghost {ghost.object}: revision 1 is in no table."]


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_what_is_written_while_the_verifier_runs_is_no_finding(rows: World, alena: User) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("an SQLite database in memory has one connection; see test_writers")
    case = rows["cases.Case"][0]

    def meanwhile(done: int) -> None:
        thread = Thread(target=change)
        thread.start()
        thread.join()

    def change() -> None:
        row = Case.objects.get(pk=case.pk)
        row.opened_on = date(2026, 1, row.revision)
        trail.save(row, verb=Verb.CASE_CHANGED, by=alena)
        trail.checkpoint()
        connections.close_all()

    assert verifier.verify(progress=meanwhile).findings == []
    assert Case.objects.get(pk=case.pk).revision > case.revision
    assert verifier.verify().findings == []


# --- the command --------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """(exit code, what was printed) of manage.py verify_audit."""
    code = 0
    try:
        call_command("verify_audit", *arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, capsys.readouterr().out


def test_the_command_says_that_the_record_holds(
    rows: World, capsys: pytest.CaptureFixture[str]
) -> None:
    events = Event.objects.count()
    code, out = run(capsys)
    assert code == 0
    assert f"{events} events, 2 checkpoints" in out
    assert "The record holds." in out
    assert f"Verifier key: {trail.verifier_key()}" in out
    assert Checkpoint.objects.order_by("size").last().note in out
    last = Event.objects.last()
    assert (last.verb, last.outcome, last.actor) == ("log_verified", "ok", None)


def test_the_command_names_what_does_not_hold_and_exits_with_1(
    rows: World, capsys: pytest.CaptureFixture[str]
) -> None:
    person = rows["cases.Person"][0]
    without_guards()
    write(Person, person.pk, role="x")
    code, out = run(capsys)
    assert code == 1
    assert f"cases.Person {person.pk} was changed" in out
    assert "The record does NOT hold." in out
    assert "The record holds." not in out
    assert Event.objects.last().outcome == "error"


def test_the_command_takes_a_checkpoint_kept_from_before(
    rows: World, alena: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text(Checkpoint.objects.order_by("size").first().note, encoding="utf-8")
    trail.record(Verb.SIGNED_IN, by=alena)
    assert run(capsys, "--checkpoint", str(kept))[0] == 0
    without_guards()
    tampering.the_log_written_anew(Random(3))
    Checkpoint.objects.all().delete()
    rebuild_state()
    code, _out = run(capsys, "--checkpoint", str(kept))
    assert code == 1


def test_the_command_refuses_a_checkpoint_that_is_none(
    rows: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("hello")
    code, out = run(capsys, "--checkpoint", str(wrong))
    assert code == 1
    assert "The checkpoint you kept: " in out
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("verify_audit", "--checkpoint", str(path))


@pytest.mark.usefixtures("rows")
def test_the_auditor_verifies_on_a_page(rita: User, client_for: Callable[[User], object]) -> None:
    note = Checkpoint.objects.order_by("size").first().note.replace("\n", "\r\n")
    page = client_for(rita).post("/audit/verify/", {"checkpoint": note})  # type: ignore[attr-defined]
    assert page.status_code == 200
    assert page.context["report"].findings == []
