"""Whatever is changed behind the application's back, the verifier names it."""

from datetime import date, timedelta
from pathlib import Path
from random import Random
from threading import Thread

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import make_organisation
from audit import guards, marks, notes, reading, signing, tiles, trail, verifier
from audit.digests import columns, instance_digest
from audit.marks import Mark
from audit.models import (
    Checkpoint,
    Event,
    EventCase,
    LogState,
    Pending,
    Tile,
    TrackedModel,
    Verification,
)
from audit.trail import Entry
from audit.verbs import Verb
from audit.verifier import Report
from cases.models import Case, Person, RetentionRule
from cases.sections import Identity
from cases.services import renewal
from core.ids import uuid7
from tests.audit import tampering
from tests.audit.tampering import DEEDS, Deed, rebuild_state
from tests.audit.tools import write
from tests.conftest import SENTINELS
from tests.shares import first_of
from vault.models import SignedHead
from verify import tutela_verify

pytestmark = pytest.mark.django_db
World = dict[str, list[TrackedModel]]
EACH = 10  # tamperings of each kind, with other rows each time
SEEDS = (range(3), range(3, EACH))


@pytest.fixture
def rows(world: World, alena: User) -> World:
    """The world, with a checkpoint over a part of the log and one over all of it."""
    signing.checkpoint()
    trail.record(Verb.CASE_VIEWED, by=alena, cases=[world["cases.Case"][0].pk])
    signing.checkpoint()
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
    assert report.checkpoints == Checkpoint.objects.count() + 1
    assert report.not_checked == []
    assert len(report.root) == 64


@pytest.mark.parametrize("seeds", first_of(SEEDS), ids=str)
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_the_verifier_names_what_was_tampered_with(rows: World, deed: Deed, seeds: range) -> None:
    without_guards()
    assert findings() == []
    for seed in seeds:
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
    assert any("The guard tutela_audit_event_before_update is" in text for text in report.findings)


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
    assert any(
        f"the checkpoint you kept covers {kept.size}" in text
        for text in findings(kept_note=kept.note)
    )


def test_the_log_of_another_installation_is_noticed(rows: World) -> None:
    stranger = notes.sign(Ed25519PrivateKey.generate(), "tutela.local/log", 3, bytes(32))
    assert any("The checkpoint you kept" in text for text in findings(kept_note=stranger))
    assert any("The checkpoint you kept" in text for text in findings(kept_note="hello"))


def test_many_findings_are_counted_and_not_all_listed(
    rows: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tutela_verify, "MOST_TOLD", 3)
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
    assert any("vent 4 " in text for text in found), found


@pytest.mark.parametrize(
    "entry",
    [b"", b"[]", b"{}", b"null", b'{"object":"x"}', b"\xff", b"[" * 50_000, b'{"a":1,"a":2}'],
)
def test_an_entry_that_is_no_event_is_named(rows: World, entry: bytes) -> None:
    without_guards()
    write(Event, 4, entry=entry)
    rebuild_state()
    assert any(text.startswith("The entry of event 4 ") for text in findings())


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
    assert verifier.verify().findings == [
        f"cases.Ghost {ghost.object} was removed behind the application's back.",
        f"cases.Ghost {ghost.object}: version 1 is missing from its history.",
    ]


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
        row.opened_on = date(2026, 1, 1) + timedelta(days=row.revision)
        trail.save(row, verb=Verb.CASE_CHANGED, by=alena)
        signing.checkpoint()
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
    events, checkpoints = Event.objects.count(), Checkpoint.objects.count()
    code, out = run(capsys)
    assert code == 0
    assert f"{events} events, {checkpoints} checkpoints" in out
    assert "The record holds." in out
    assert f"Verifier key: {signing.verifier_key()}" in out
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
    assert "The checkpoint you kept is not a checkpoint." in out
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("verify_audit", "--checkpoint", str(path))


@pytest.fixture
def tiled(rows: World, alena: User) -> World:
    """A log of two full tiles, covered by a checkpoint."""
    trail.append([Entry(Verb.LOG_READ, alena) for _number in range(600)])
    signing.checkpoint()
    without_guards()
    return rows


def test_tiles_are_compared_with_the_entries(tiled: World) -> None:
    assert findings() == []
    tile = Tile.objects.get(level=0, index=1)
    for change in (
        {"hashes": tampering.flip(Random(1), bytes(tile.hashes))},
        {"root": tampering.flip(Random(1), bytes(tile.root))},
    ):
        write(Tile, tile.pk, **change)
        assert findings() == ["Tile 1 of level 0 was changed."]
        write(Tile, tile.pk, hashes=bytes(tile.hashes), root=bytes(tile.root))


def test_missing_and_unknown_tiles_are_named(tiled: World) -> None:
    Tile.objects.filter(index=1).delete()
    assert "Tile 1 of level 0 is missing." in findings()
    Tile.objects.create(level=0, index=7, hashes=b"", root=b"")
    Tile.objects.create(level=3, index=0, hashes=b"", root=b"")
    found = findings()
    assert "Tile 7 of level 0 is not of this log." in found
    assert "Tile 0 of level 3 is not of this log." in found


def test_a_log_written_anew_is_not_what_was_signed_last(rows: World) -> None:
    """Without any checkpoint left: what was signed last stands apart from the log."""
    without_guards()
    tampering.the_log_written_anew(Random(7))
    Checkpoint.objects.all().delete()
    size = SignedHead.objects.order_by("id").last().size
    words = f"its first {size:,} events are not those of what was signed last."
    assert any(words in text for text in findings())


def test_links_to_nothing_are_named(rows: World) -> None:
    size = LogState.objects.get().size
    without_guards()
    EventCase.objects.create(seq=size + 5, case=uuid7())
    EventCase.objects.create(seq=-3, case=uuid7())
    assert findings() == [
        "A case is linked to event -3, which is not in the log.",
        f"A case is linked to event {size + 5}, which is not in the log.",
    ]


def test_an_event_before_the_first_is_named(rows: World) -> None:
    without_guards()
    ghost = Event.objects.get(seq=0)
    ghost.seq, ghost.id, ghost.object = -1, uuid7(), uuid7()
    Event.objects.bulk_create([ghost])
    assert "Event -1 does not stand in its place." in findings()


def test_events_that_get_no_place_are_told_of(rows: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ATTEMPTS", 2)
    monkeypatch.setattr(reading, "sequence", lambda: None)
    without_guards()
    columns = [field.attname for field in Pending._meta.concrete_fields if not field.primary_key]
    waiting = Pending(**Event.objects.values(*columns).first())
    waiting.id, waiting.object = uuid7(), None
    Pending.objects.bulk_create([waiting])
    assert "Events wait for a place in the log and do not get it." in findings()


# --- since an earlier verification --------------------------------------------------------


@pytest.fixture
def mark(rows: World, alena: User) -> Mark:
    """The world was verified; since then something was read, changed and sealed anew."""
    trail.append([Entry(Verb.LOG_READ, alena) for _number in range(300)])
    verify_and_keep()
    for number in (1, 2):
        person = Person.objects.get(pk=rows["cases.Person"][0].pk)
        person.put("identity", Identity(first_name="Hanna", second_name=f"Later {number}"))
        trail.save(person, verb=Verb.PERSON_CHANGED, by=alena)
    make_organisation(name="Since", kind="NGO", by=None)
    renewal.renew_case(rows["cases.Case"][0].pk, by=None)
    trail.append([Entry(Verb.LOG_READ, alena) for _number in range(300)])
    signing.checkpoint()
    found = marks.last()
    assert found is not None
    return found


def verify_and_keep(since: Mark | None = None) -> Report:
    report = verifier.verify(since=since)
    root = bytes.fromhex(report.root)
    marks.keep(report.size, root, since=since, counts=report.counts, holds=report.holds)
    return report


def since(mark: Mark) -> list[str]:
    """What an incremental verification finds beside the guards."""
    found = verifier.verify(since=mark).findings
    return [text for text in found if not text.startswith("The guard ")]


def test_a_record_that_nobody_touched_holds_since_the_mark(mark: Mark) -> None:
    report = verifier.verify(since=mark)
    assert report.findings == []
    assert report.since == mark.size
    assert report.size == Event.objects.count()
    assert report.events == report.size - mark.size // 256 * 256
    assert report.rows == verifier.verify().rows
    assert 0 < report.versions < verifier.verify().versions
    assert len(report.not_checked) == 4
    assert report.counts == verifier.verify().counts


def test_marks_follow_one_another(mark: Mark, alena: User) -> None:
    assert verify_and_keep(mark).holds
    second = marks.last()
    assert second is not None and second.size > mark.size and second.full_at == mark.full_at
    assert since(second) == []
    trail.record(Verb.LOG_READ, by=alena)
    assert since(second) == []
    assert [v.is_full for v in Verification.objects.order_by("id")] == [True, False]


def test_a_verification_that_failed_is_no_mark(mark: Mark, rows: World) -> None:
    without_guards()
    with transaction.atomic():
        write(Person, rows["cases.Person"][0].pk, role="x")
        assert not verify_and_keep(mark).holds
        assert marks.last() == mark
        last = Verification.objects.order_by("id").last()
        assert (last.holds, last.note) == (False, "")
        Verification.objects.filter(pk=last.pk).update(holds=True)
        assert marks.last() == mark
        transaction.set_rollback(True)


def test_who_can_write_into_the_table_cannot_make_a_mark(mark: Mark, rows: World) -> None:
    """The columns do not count, nor do other notes of ours, nor ones that others signed."""
    without_guards()
    size, root = LogState.objects.get().size, tiles.tree(LogState.objects.get().size).root()
    ours = Verification.objects.get()
    stranger = Ed25519PrivateKey.generate()
    for note in (
        "",
        signing.checkpoint().note,
        ours.note.replace(f"\n{mark.size}\n", f"\n{size}\n"),
        ours.note.replace('"rows":', '"rows":1'),
        notes.sign(stranger, f"{signing.name()}/verified", size, root),
    ):
        Verification.objects.all().delete()
        Verification.objects.create(size=size, root=root, is_full=True, holds=True, note=note)
        assert marks.last() is None, note
    ours.size, ours.root, ours.pk = size, root, None
    ours.save(force_insert=True)
    assert marks.last() == mark  # as it was signed, whatever the columns say


def test_a_mark_under_an_earlier_name_of_the_log_counts(mark: Mark) -> None:
    signing.take_new_name(timezone.now())
    assert marks.last() == mark
    assert since(mark) == []
    assert verifier.verify().findings == []


def test_a_mark_of_a_log_that_was_rewritten_does_not_fit(mark: Mark) -> None:
    without_guards()
    other = mark._replace(root=bytes(32))
    [found] = since(other)
    assert found == (
        f"The log was rewritten: its first {mark.size:,} events are not those of the last verification."
    )


def test_without_its_tiles_a_mark_cannot_be_used(mark: Mark) -> None:
    without_guards()
    Tile.objects.filter(level=0).delete()
    assert "Tiles of the log are missing: verify all of it." in since(mark)


def test_a_kept_checkpoint_from_before_the_mark_is_compared(mark: Mark) -> None:
    first = Checkpoint.objects.order_by("size").first()
    assert first.size < mark.size
    assert verifier.verify(since=mark, kept_note=first.note).findings == []
    key = signing.signing_key()
    other = notes.sign(key, signing.name(), first.size, bytes(32))
    assert verifier.verify(since=mark, kept_note=other).findings == [
        f"The log was rewritten: its first {first.size:,} events are not those of the checkpoint you"
        " kept."
    ]


# What happens to rows as they stand, and to what came since, is found; the rest by a full verification.
FOUND_SINCE = [
    tampering.an_open_column,
    tampering.two_sealed_values_of_two_rows,
    tampering.two_sealed_values_of_one_row,
    tampering.one_bit_of_a_sealed_value,
    tampering.an_old_version_in_place_of_the_new,
    tampering.a_row_of_nowhere,
    tampering.an_event_put_at_the_end,
    tampering.the_state,
]


@pytest.mark.parametrize("seeds", first_of(SEEDS), ids=str)
@pytest.mark.parametrize("deed", FOUND_SINCE, ids=lambda deed: deed.__name__)
def test_an_incremental_verification_names_it_too(mark: Mark, deed: Deed, seeds: range) -> None:
    without_guards()
    for seed in seeds:
        with transaction.atomic():
            words = deed(Random(f"{deed.__name__} {seed}"))
            found = since(mark)
            assert [text for text in found if all(word in text for word in words)], (words, found)
            transaction.set_rollback(True)


@pytest.mark.parametrize(
    "deed", [tampering.a_row_gone, tampering.a_version_gone, tampering.a_version_twice]
)
def test_a_row_or_version_that_went_or_came_is_counted(mark: Mark, deed: Deed) -> None:
    without_guards()
    for seed in range(EACH):
        with transaction.atomic():
            label = deed(Random(f"{deed.__name__} {seed}"))[0].split()[0]
            assert any(text.startswith(label) for text in since(mark))
            transaction.set_rollback(True)


def test_a_log_cut_short_since_the_mark_or_before_is_named(mark: Mark) -> None:
    without_guards()
    for left in (mark.size + 5, mark.size - 1, 10):
        Event.objects.filter(seq__gte=left).delete()
        EventCase.objects.filter(seq__gte=left).delete()
        rebuild_state()
        assert any("The log was cut" in text for text in since(mark))


def test_what_came_since_is_compared_as_a_whole(mark: Mark, rows: World) -> None:
    person = rows["cases.Person"][0]
    without_guards()
    version = Person.history.filter(id=person.pk).order_by("revision").last()
    write(type(version), version.pk, role="x")
    later = Event.objects.filter(seq__gte=mark.size, object=person.pk).first()
    Event.objects.filter(pk=later.pk).update(outcome="denied")
    EventCase.objects.filter(seq=later.seq).delete()
    assert since(mark) == [
        f"Event {later.seq} was changed: its columns do not fit its entry.",
        f"Event {later.seq} is linked to other cases than its entry names.",
        f"cases.Person {person.pk}: version {version.revision} in its history was changed.",
    ]


def test_a_version_sealed_anew_since_is_compared(mark: Mark, rows: World) -> None:
    """Of which nothing else was told since."""
    without_guards()
    versions = Case.history.filter(id=rows["cases.Case"][0].pk).order_by("revision")
    first, second = versions[:2]
    write(type(first), first.pk, summary_sealed=b"other")
    second.delete()
    found = since(mark)
    named = f"cases.Case {first.id}: version"
    assert f"{named} {first.revision} in its history was changed." in found
    assert f"{named} {second.revision} is missing from its history." in found


def test_an_older_sealing_in_place_of_the_last_is_named(rows: World) -> None:
    """Sealed anew twice, and set back to the first time: an event tells of that, too."""
    case = rows["cases.Case"][0]
    renewal.renew_case(case.pk, by=None)
    first = Case.objects.values(*columns(Case)).get(pk=case.pk)
    renewal.renew_case(case.pk, by=None)
    trail.append([Entry(Verb.LOG_READ) for _number in range(300)])
    verify_and_keep()
    mark = marks.last()
    without_guards()
    Case.objects.filter(pk=first.pop("id")).update(**first)
    assert mark and since(mark) == [
        f"cases.Case {case.pk} was changed behind the application's back."
    ]


def fit_the_last_event_to(row: TrackedModel) -> None:
    """Change an entry so that it tells what the row has become."""
    row.refresh_from_db()
    event = Event.objects.get(id=row.last_event)
    content = tampering.json.loads(bytes(event.entry)) | {"digest": instance_digest(row).hex()}
    write(Event, event.seq, entry=tampering.canonical_json(content))


def test_an_old_entry_that_was_changed_along_with_its_row_is_noticed(
    mark: Mark, rows: World
) -> None:
    """Row and event fit again; but the event has not the hash any more that was verified."""
    rule = rows["cases.RetentionRule"][0]
    without_guards()
    write(RetentionRule, rule.pk, years=99)
    fit_the_last_event_to(rule)
    named = f"cases.RetentionRule {rule.pk} was changed behind the application's back."
    assert since(mark) == [named]
    # The tile with that hash, too: but it has not the root any more that the tile above it has.
    tile = Tile.objects.get(level=0, index=0)
    entries = Event.objects.filter(seq__lt=256).order_by("seq").values_list("entry", flat=True)
    hashes = b"".join(tampering.leaf_hash(bytes(entry)) for entry in entries)
    write(Tile, tile.pk, hashes=hashes)
    assert named in since(mark)
    # And that: but then they do not lead to what was verified.
    write(Tile, tile.pk, root=tiles.root_over(hashes))
    assert (
        f"The log was rewritten: its first {mark.size:,} events are not those of the last verification."
        in since(mark)
    )


def test_the_command_goes_on_from_the_last_verification(
    rows: World, alena: User, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = run(capsys)
    assert code == 0 and "Went on" not in out and "not checked" not in out
    size = Verification.objects.get().size
    code, out = run(capsys)
    assert code == 0
    assert f"Went on from {size:,} events, verified on " in out
    assert "not checked: files that rows name" in out
    assert "The record holds." in out
    code, out = run(capsys, "--full")
    assert "Went on" not in out
    assert [(v.is_full, v.holds) for v in Verification.objects.order_by("id")] == [
        *((True, True), (False, True), (True, True)),
    ]


def test_the_command_prints_json(rows: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, "--json")
    told = tampering.json.loads(out)
    assert (code, told["holds"], told["findings"], told["since"]) == (0, True, [], 0)
    assert told["verifier_key"] == signing.verifier_key()
    assert told["checkpoint"] == Checkpoint.objects.order_by("size").last().note
    without_guards()
    write(Person, rows["cases.Person"][0].pk, role="x")
    code, out = run(capsys, "--json", "--full")
    assert (code, tampering.json.loads(out)["holds"]) == (1, False)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_verification SET size = 0", "DELETE FROM audit_verification"],
)
def test_verifications_are_never_changed(mark: Mark, statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
