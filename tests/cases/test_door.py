"""The door: who gets what opened, what stays behind, and what never opens at all."""

import pytest
from django.db import OperationalError, transaction

from assistance.models import Assistance
from audit import trail
from audit.models import Event
from audit.verbs import Verb
from cases import door
from cases.entries import ENTRY_KINDS
from cases.models import Case, Person
from cases.sections import CommentContent
from cases.selectors import victim_of
from cases.services.casework import record_entry
from cases.services.intake import register_case
from core.exceptions import NotAllowed, NotFound
from tests.cases.conftest import rename
from tests.conftest import SENTINELS
from tests.guards import log
from vault import sealing
from vault.keyring import keyring
from vault.models import DataKey, KeyStore

pytestmark = pytest.mark.django_db


@pytest.fixture
def victim(case):
    return victim_of(case)


@pytest.fixture
def opened(monkeypatch):
    """Places that something was unsealed from while the test ran."""
    places = []
    unseal = sealing.unseal

    def seen(place, blob):
        places.append(place)
        return unseal(place, blob)

    monkeypatch.setattr(sealing, "unseal", seen)
    return places


def _destroy_key(scope):
    DataKey.objects.filter(scope=scope).delete()
    store = KeyStore.objects.get(id=1)
    store.generation += 1
    store.save()


def _again(row):
    """The row as the database holds it."""
    return type(row).objects.get(pk=row.pk)


# --- Who gets what --------------------------------------------------------------------
def test_a_closed_class_opens_only_where_the_class_itself_is_under_seal(
    case, victim, alena, opened
):
    closed = {"identity", "contact"}
    content = CommentContent(cls="identity", comment="Goes by Zosia")
    comment = record_entry(case, ENTRY_KINDS["comment"], content, by=alena)
    for rows, named in (([victim], set()), ([victim, _again(comment)], {"identity"})):
        opened.clear()
        start = log.size()
        on_person, *on_comment = door.open_rows(rows, by=alena, closed=closed)
        assert on_person.keys() == {"victim"}
        assert [one["content"].comment for one in on_comment] == ["Goes by Zosia"] * len(on_comment)
        [event] = log.since(start)
        assert closed.intersection(log.told(event)["classes"]) == named
        assert {place.cls for place in opened if place.row == victim.pk} == {"narrative"}


def test_the_officer_opens_every_section(case, victim, alena):
    on_case, on_person = door.open_rows([case, victim], by=alena)
    assert on_person["identity"].second_name == SENTINELS["identity"]
    assert on_person["contact"].mobile_phone == SENTINELS["contact"]
    assert on_person["victim"].account == SENTINELS["narrative"]
    assert set(on_case) == {"summary"}, "facts and search are for no reader"


def test_a_specialist_gets_the_own_class_and_nothing_else(case, victim, records, volha, share):
    share(volha, "psychological")
    sections = door.open_rows([case, victim, *map(_again, records)], by=volha)
    assert sections[:3] == [{}, {}, {}]
    assert sections[3]["content"].observations == "Sleeps badly"


def test_what_the_reader_may_not_open_is_not_even_unsealed(
    case, victim, records, volha, share, opened
):
    share(volha, "psychological")
    opened.clear()
    door.open_rows([case, victim, *map(_again, records)], by=volha)
    # Facts of both records tell the door where they belong; of the contents one was opened.
    assert sorted(place.cls for place in opened) == ["facts", "facts", "psychological"]


def test_asking_for_more_classes_than_one_has_gives_those_one_has(case, victim, volha, share):
    share(volha, "psychological", "identity")
    [sections] = door.open_rows([victim], by=volha, classes=["identity", "contact", "medical"])
    assert set(sections) == {"identity"}
    [sections] = door.open_rows([victim], by=volha, classes=["contact"])
    assert sections == {}


def test_asking_for_fewer_classes_opens_fewer(victim, alena, opened):
    [sections] = door.open_rows([victim], by=alena, classes=["identity"])
    assert set(sections) == {"identity"}
    assert [place.cls for place in opened] == ["identity"]


def test_a_grant_to_one_case_opens_no_class_of_another(case, new_case, alena, ihar, share):
    """Each row is opened by the rights in its own case, though one call opens both."""
    other = register_case(new_case, by=ihar)
    share(ihar, "contact")
    rows = [victim_of(case), victim_of(other)]
    shared, own = door.open_rows(rows, by=ihar)
    assert set(shared) == {"contact"}
    assert set(own) == {"identity", "contact", "victim"}


@pytest.mark.parametrize("who", ["ihar", "iryna", "rita", "yury", "viktar", "zoya"])
def test_a_stranger_gets_not_found_and_nothing_is_opened(case, victim, opened, request, who):
    stranger = request.getfixturevalue(who)
    start = log.size()
    with pytest.raises(NotFound):
        door.open_rows([case, victim], by=stranger)
    assert opened == []
    assert log.verbs_since(start) == []


def test_one_row_out_of_reach_closes_the_whole_call(case, new_case, alena, ihar, opened):
    other = register_case(new_case, by=ihar)
    with pytest.raises(NotFound):
        door.open_rows([victim_of(case), victim_of(other)], by=alena)
    assert opened == []


def test_no_rows_leave_no_event(alena, case):
    start = log.size()
    assert door.open_rows([], by=alena) == []
    assert log.size() == start


# --- The event ------------------------------------------------------------------------
def test_one_event_names_every_case_and_class(new_case, case, alena, pavel, records):
    others = [register_case(new_case, by=alena) for _ in range(4)]
    rows = [victim_of(one) for one in (case, *others)]
    start = log.size()
    door.open_rows([*rows, case, *map(_again, records)], by=pavel, verb=Verb.CASE_LISTED)
    [event] = log.since(start)
    told = log.told(event)
    assert (event.verb, event.actor, event.outcome) == (Verb.CASE_LISTED, pavel.pk, "ok")
    assert set(told["cases"]) == {str(one.pk) for one in (case, *others)}
    assert told["classes"] == ["financial", "identity", "narrative"]


def test_the_event_stands_before_the_first_byte_is_opened(victim, alena, monkeypatch):
    start = log.size()
    seen = []
    unseal = sealing.unseal
    monkeypatch.setattr(
        sealing, "unseal", lambda *args: (seen.append(log.size()), unseal(*args))[1]
    )
    door.open_rows([victim], by=alena)
    assert seen == [start + 1] * 3


def test_without_its_event_nothing_is_opened(victim, alena, opened, monkeypatch):
    def full(*_entries):
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(trail, "_append", full)
    for ask in (
        lambda: door.open_rows([victim], by=alena),
        lambda: door.open_derived(victim.case, by=alena),
        lambda: list(door.stream_search_entries()),
    ):
        with pytest.raises(OperationalError):
            ask()
    assert opened == []


def test_it_does_not_open_inside_a_transaction(victim, case, alena, yury, opened):
    """A transaction could be rolled back, and the event with it."""
    for ask in (
        lambda: door.open_rows([victim], by=alena),
        lambda: door.open_derived(case, by=alena),
        lambda: door.stream_facts(by=yury, verb=Verb.STATISTICS_FROZEN),
        lambda: door.stream_rows_facts(Assistance, by=yury, verb=Verb.STATISTICS_FROZEN),
        lambda: door.stream_search_entries(),
    ):
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
            ask()
    assert opened == []


@pytest.mark.django_db(transaction=True)
def test_the_event_stays_when_what_follows_fails(victim, alena):
    start = log.size()
    with pytest.raises(ZeroDivisionError):
        _read_and_fail(victim, alena)
    assert log.verbs_since(start) == [Verb.CASE_VIEWED]


def _read_and_fail(victim, by):
    [sections] = door.open_rows([victim], by=by)
    with transaction.atomic():
        raise ZeroDivisionError(sections["identity"].gender)


# --- Versions -------------------------------------------------------------------------
def test_earlier_versions_open_with_the_same_key(victim, alena):
    rename(victim, alena, "Новая")
    versions = list(Person.history.filter(id=victim.pk).order_by("revision"))
    assert [version.revision for version in versions] == [1, 2]
    before, after = door.open_rows(versions, by=alena)
    assert before["identity"].second_name == SENTINELS["identity"]
    assert after["identity"].second_name == "Новая"
    assert after["contact"] == before["contact"]


def test_a_stranger_opens_no_earlier_version(victim, alena, ihar, opened):
    rename(victim, alena, "Новая")
    opened.clear()
    with pytest.raises(NotFound):
        door.open_rows(list(Person.history.filter(id=victim.pk)), by=ihar)
    assert opened == []


# --- The other openings ---------------------------------------------------------------
def test_what_is_derived_opens_for_those_who_may_write_in_the_case(case, volha, ihar, share):
    share(volha, "psychological", may_write=False)
    for user in (volha, ihar):
        with pytest.raises(NotAllowed):
            door.open_derived(case, by=user)
    share(volha, "psychological", may_write=True)
    start = log.size()
    facts, entry = door.open_derived(case, by=volha)
    assert facts.citizenship == ["BY"]
    assert entry.numbers == ["4010199A001PB1", SENTINELS["contact"]]
    assert log.told(log.since(start)[0])["classes"] == ["facts", "search"]


@pytest.mark.parametrize("who", ["alena", "pavel", "rita", "viktar", "zoya"])
def test_facts_stream_to_the_analyst_alone(case, request, who, opened):
    user = request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        door.stream_facts(by=user, verb=Verb.STATISTICS_FROZEN)
    with pytest.raises(NotAllowed):
        door.stream_rows_facts(Assistance, by=user, verb=Verb.STATISTICS_FROZEN)
    assert opened == []


def test_streams_leave_out_what_was_erased(case, new_case, alena, yury, monkeypatch):
    monkeypatch.setattr(door, "BATCH", 3)
    cases = [case, *(register_case(new_case, by=alena) for _ in range(7))]
    for gone in cases[2:4]:
        _destroy_key(gone.pk)
    left = [one.pk for one in cases if one not in cases[2:4]]
    start = log.size()
    streamed = list(door.stream_facts(by=yury, verb=Verb.STATISTICS_FROZEN))
    assert sorted(pk for pk, _facts in streamed) == sorted(left)
    assert sorted(pk for pk, _entry in door.stream_search_entries()) == sorted(left)
    [counted, _indexed] = log.since(start)
    assert log.told(counted)["cases"] == [], "the event does not name the cases"


def test_sealed_details_open_for_those_who_may_audit_the_case(
    case, alena, pavel, ihar, volha, share
):
    share(volha, "psychological")
    events = list(Event.objects.filter(verb=Verb.GRANT_GIVEN).order_by("-seq"))[:1]
    for user in (alena, pavel):
        assert door.open_details(events, by=user, case=case) == [{"note": "", "to": str(volha.pk)}]
    for user in (ihar, volha):
        with pytest.raises(NotAllowed):
            door.open_details(events, by=user, case=case)
    _destroy_key(case.pk)
    keyring.forget()
    assert door.open_details(events, by=alena, case=case) == [{}]


def test_test_cases_do_not_count(case, yury, alena):
    test_case = Case.objects.get(pk=case.pk)
    test_case.is_test = True
    trail.save(test_case, verb=Verb.CASE_CHANGED, by=alena)
    assert list(door.stream_facts(by=yury, verb=Verb.STATISTICS_FROZEN)) == []


def test_an_erased_case_does_not_open(case, victim, alena):
    door.open_rows([victim], by=alena)
    _destroy_key(case.pk)
    with pytest.raises(NotFound, match="erased"):
        door.open_rows([victim], by=alena)
    with pytest.raises(NotFound, match="erased"):
        door.open_derived(case, by=alena)
