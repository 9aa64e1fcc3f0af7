"""An event exists if and only if what it tells of happened."""

import base64
import json
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from audit import digests, sequencer, signing, trail
from audit.context import RequestContext, serving
from audit.merkle import Frontier, leaf_hash, root_of
from audit.models import Checkpoint, Event, EventCase, LogState, TrackedModel
from audit.selectors import events
from audit.sequencer import sequenced
from audit.verbs import Verb
from cases.models import Case, Person
from cases.sections import Identity
from cases.selectors import victim_of
from core.ids import uuid7
from tests.conftest import SENTINELS
from vault import sealing
from vault.cipher import CannotOpen
from vault.keyring import NoKey, keyring
from vault.models import DataKey, KeyStore

pytestmark = pytest.mark.django_db


def told(event: Event) -> dict:
    return json.loads(bytes(event.entry))


def state_fits() -> bool:
    """The stored end of the log is that of its entries."""
    entries = list(Event.objects.order_by("seq").values_list("seq", "entry"))
    assert [seq for seq, _entry in entries] == list(range(len(entries)))
    state = LogState.objects.get(id=1)
    frontier = Frontier.from_bytes(state.size, bytes(state.frontier))
    leaves = [leaf_hash(bytes(entry)) for _seq, entry in entries]
    return state.size == len(entries) and frontier.root() == root_of(leaves)


def test_an_event_says_who_did_what_when_and_why(alena: User, case: Case) -> None:
    with serving(RequestContext("request1", "session1")):
        event = trail.record(
            Verb.CASE_VIEWED,
            by=alena,
            cases=[case.pk],
            classes={"narrative", "identity"},
            outcome="denied",
            reason="cases:detail",
        )
    assert told(event) == {
        "v": 1,
        "id": str(event.id),
        "at": event.at.isoformat(timespec="microseconds"),
        "actor": str(alena.pk),
        "session": "session1",
        "request": "request1",
        "verb": "case_viewed",
        "outcome": "denied",
        "reason": "cases:detail",
        "cases": [str(case.pk)],
        "classes": ["identity", "narrative"],
    }
    assert bytes(event.entry) == digests.canonical_json(told(event))
    named = EventCase.objects.filter(seq=sequenced(event).seq)
    assert list(named.values_list("case", flat=True)) == [case.pk]
    assert state_fits()


def test_what_the_system_does_has_no_actor() -> None:
    event = trail.record(Verb.LOG_VERIFIED, by=None)
    assert event.actor is None
    assert told(event)["actor"] == "system"


def test_a_rollback_leaves_neither_event_nor_row(alena: User, case: Case) -> None:
    size, person = LogState.objects.get().size, Person.objects.get()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        person.put("identity", Identity(first_name="Other"))
        trail.save(person, verb=Verb.PERSON_CHANGED, by=alena)
        trail.record(Verb.CASE_VIEWED, by=alena)
        1 / 0  # noqa: B018
    assert LogState.objects.get().size == size == Event.objects.count()
    assert Person.objects.get().revision == 1
    assert Person.history.count() == 1
    assert state_fits()


def test_each_save_gives_one_event_one_revision_and_one_version(alena: User, case: Case) -> None:
    person = Person.objects.get()
    for revision in (2, 3):
        person.put("identity", Identity(first_name=f"Version {revision}"))
        event = trail.save(person, verb=Verb.PERSON_CHANGED, by=alena, reason="correction")
        stored = Person.objects.values_list(*digests.columns(Person)).get()
        assert (person.revision, event.revision) == (revision, revision)
        assert told(event)["revision"] == revision
        assert told(event)["object"] == str(person.pk)
        assert told(event)["object_type"] == "cases.Person"
        assert told(event)["digest"] == digests.row_digest(Person, stored).hex()
        assert told(event)["cases"] == [str(case.pk)]
    versions = Person.history.order_by("revision")
    assert [version.revision for version in versions] == [1, 2, 3]
    assert [version.history_type for version in versions] == ["+", "~", "~"]
    assert {version.history_user_id for version in versions} == {alena.pk}
    assert versions[2].last_event == person.last_event
    assert Event.objects.filter(object=person.pk).count() == 3


def test_every_row_has_as_many_events_as_revisions(world: dict[str, list[TrackedModel]]) -> None:
    for label, rows in world.items():
        for row in rows:
            events = Event.objects.filter(object=row.pk, object_type=label)
            assert sorted(events.values_list("revision", flat=True)) == [
                *range(1, row.revision + 1)
            ]
            assert events.order_by("-revision")[0].id == row.last_event
    assert state_fits()


def test_a_row_that_may_not_be_saved_leaves_no_event(alena: User, case: Case) -> None:
    size = LogState.objects.get().size
    case.status = "Nonsense"
    with pytest.raises(ValidationError):
        trail.save(case, verb=Verb.CASE_CHANGED, by=alena)
    assert LogState.objects.get().size == size


def test_the_later_of_two_writers_from_the_same_revision_loses(alena: User, case: Case) -> None:
    first, second = Person.objects.get(), Person.objects.get()
    trail.save(first, verb=Verb.PERSON_CHANGED, by=alena)
    size = LogState.objects.get().size
    with pytest.raises(DatabaseError), transaction.atomic():
        trail.save(second, verb=Verb.PERSON_CHANGED, by=alena)
    assert LogState.objects.get().size == size
    assert Person.objects.get().last_event == first.last_event


def test_insert_many_writes_all_rows_or_none(alena: User, case: Case) -> None:
    size = LogState.objects.get().size
    good, bad = Person(case=case), Person(case=case, role="Nobody")
    with pytest.raises(ValidationError):
        trail.insert_many([good, bad], verb=Verb.PERSON_REGISTERED, by=alena)
    assert (LogState.objects.get().size, Person.objects.count()) == (size, 1)
    people = [Person(case=case) for _ in range(5)]
    trail.insert_many(people, verb=Verb.PERSON_REGISTERED, by=alena)
    assert Event.objects.filter(object__in=[p.pk for p in people], revision=1).count() == 5
    assert Person.history.count() == 6
    trail.insert_many([], verb=Verb.PERSON_REGISTERED, by=alena)
    assert LogState.objects.get().size == size + 5
    assert state_fits()


@pytest.mark.django_db(transaction=True)
def test_a_change_of_a_row_that_is_not_there_leaves_no_event(alena: User, case: Case) -> None:
    ghost, count = Case.objects.get(pk=case.pk), events().count()
    ghost.pk = uuid7()
    with pytest.raises(DatabaseError, match="not there"):
        trail.save(ghost, verb=Verb.CASE_CHANGED, by=alena)
    assert events().count() == count


@pytest.mark.django_db(transaction=True)
def test_a_change_that_seals_nothing_is_cheap(
    alena: User, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One statement where many write at once, and the key store is not asked."""
    monkeypatch.setattr(sequencer, "sequence_soon", lambda: None)
    with (
        CaptureQueriesContext(connection) as data,
        CaptureQueriesContext(connections["keys"]) as keys,
    ):
        trail.save(case, verb=Verb.CASE_CHANGED, by=alena)
    assert len(keys) == 0
    assert len(data) == (1 if sequencer.waits() else 7)
    assert Case.history.filter(id=case.pk).count() == 2
    assert state_fits()


def test_nothing_is_sealed_under_a_key_that_somebody_else_destroyed(
    alena: User, case: Case
) -> None:
    victim = victim_of(case)
    keyring.load([victim.case_id])
    DataKey.objects.filter(scope=victim.case_id).delete()
    store = KeyStore.objects.get(id=1)
    store.generation += 1
    store.save()
    victim.put("identity", Identity(first_name="Anew"))
    with pytest.raises(NoKey):
        trail.save(victim, verb=Verb.PERSON_CHANGED, by=alena)
    assert not Event.objects.filter(object=victim.pk, revision=2).exists()
    fresh = Person(case_id=victim.case_id, role="relative")
    fresh.put("identity", Identity(first_name="Anew"))
    with pytest.raises(NoKey):
        trail.insert_many([fresh], verb=Verb.PERSON_REGISTERED, by=alena)


def test_details_are_sealed_and_fall_with_their_case(alena: User, case: Case) -> None:
    details = {"name": SENTINELS["identity"], "note": SENTINELS["narrative"]}
    event = trail.record(Verb.CASE_SEARCHED, by=alena, cases=[case.pk], details=details)
    content = told(event)
    blob = base64.b64decode(content["sealed"])
    for raw in (bytes(event.entry), blob):
        assert SENTINELS["narrative"].encode() not in raw
        assert SENTINELS["identity"].encode() not in raw
    assert content["scope"] == str(case.pk)
    place = trail.details_place(event.id, case.pk)
    assert json.loads(sealing.unseal(place, blob)) == details
    other = trail.record(Verb.CASE_SEARCHED, by=alena, cases=[case.pk], details=details)
    with pytest.raises(CannotOpen):
        sealing.unseal(trail.details_place(other.id, case.pk), blob)


def test_details_of_several_cases_or_none_are_sealed_for_the_month(alena: User, case: Case) -> None:
    scopes = {
        told(trail.record(Verb.CASE_SEARCHED, by=alena, cases=cases, details={"n": 1}))["scope"]
        for cases in ([], [case.pk, uuid7()])
    }
    assert len(scopes) == 1
    assert DataKey.objects.filter(scope=UUID(scopes.pop())).exists()


def test_no_entry_and_no_table_of_the_log_holds_plaintext(
    world: dict[str, list[TrackedModel]],
) -> None:
    everything = b"".join(bytes(entry) for entry in Event.objects.values_list("entry", flat=True))
    for words in SENTINELS.values():
        assert words.encode() not in everything
        assert json.dumps(words)[1:-1].encode() not in everything
        assert base64.b64encode(words.encode())[:-4] not in everything


def test_an_event_cannot_be_recorded_when_its_details_cannot_be_sealed(
    alena: User, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = LogState.objects.get().size
    DataKey.objects.all().delete()
    keyring.forget()
    monkeypatch.setattr(keyring, "create", lambda scopes: None)
    with pytest.raises(Exception, match="no key"):
        trail.record(Verb.CASE_VIEWED, by=alena, cases=[case.pk], details={"a": 1})
    assert LogState.objects.get().size == size


def test_a_checkpoint_is_signed_once_for_each_size(alena: User) -> None:
    first = signing.checkpoint()
    assert signing.checkpoint() == first
    trail.record(Verb.SIGNED_IN, by=alena)
    second = signing.checkpoint()
    assert second.size == first.size + 1
    assert Checkpoint.objects.filter(size__gte=first.size).count() == 2
    keyring.forget()
    trail.record(Verb.SIGNED_IN, by=alena)
    assert signing.verifier_key().split("+")[0] == second.note.splitlines()[0]


def test_an_event_of_the_same_revision_is_refused_by_the_database(case: Case) -> None:
    event = Event.objects.filter(object=case.pk).first()
    event.seq, event.id = LogState.objects.get().size, uuid7()
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.bulk_create([event])
