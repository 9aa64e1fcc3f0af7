"""The trail of a case: versions side by side, within the reader's own rights."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from msgspec.structs import replace

from assistance.sections import MedicalAssistance
from assistance.services import change_assistance, record_assistance
from audit import guards
from audit.models import Event, EventCase
from audit.verbs import Verb
from cases import door, trail, trail_finding
from cases.models import Person
from cases.selectors import victim_of
from cases.services.casework import change_person
from cases.services.grants import give_grant, revoke_grant
from core.exceptions import NotAllowed
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db


def _change(case, by, section, **fields):
    person = victim_of(case)
    [before] = door.open_rows([person], by=by)
    after = {section: replace(before[section], **fields)}
    change_person(person, before=before, after=after, revision=person.revision, by=by)


def _lines(case, by, verb=None):
    lines = trail.trail_of(case, by=by, before=None).lines
    return [item for item in lines if verb is None or item.line.verb == verb]


def _shown(item):
    return {
        difference.label: (difference.before, difference.after) for difference in item.differences
    }


def test_a_change_shows_what_was_and_what_is(case, alena):
    _change(case, alena, "identity", second_name="Новая", birthdate="1990-01-02")
    [item] = _lines(case, alena, Verb.PERSON_CHANGED)
    assert _shown(item) == {
        "Family name": (SENTINELS["identity"], "Новая"),
        "Date of birth": ("", "2 Jan 1990"),
    }
    assert not item.is_read
    assert str(item.line.who) == "Alena"


def test_a_first_version_shows_against_nothing(case, alena):
    [item] = _lines(case, alena, Verb.PERSON_REGISTERED)
    shown = _shown(item)
    assert shown["Family name"] == ("", SENTINELS["identity"])
    assert shown["Types of exploitation"][0] == ""
    assert shown["Types of exploitation"][1] != "ForcedLabour", "codes are told in words"


def test_the_supervisor_sees_that_something_changed_and_not_what(case, alena, pavel):
    _change(case, alena, "contact", mobile_phone="+375447654321")
    _change(case, alena, "victim", account="Another account")
    told, hidden = _lines(case, pavel, Verb.PERSON_CHANGED)
    assert _shown(told) == {"What happened, in short": (SENTINELS["narrative"], "Another account")}
    assert not told.is_partly_hidden
    assert _shown(hidden) == {}
    assert hidden.is_partly_hidden
    for item in _lines(case, pavel):
        assert SENTINELS["contact"] not in str(item) and "+375447654321" not in str(item)


def test_assistance_shows_to_those_who_hold_its_class(case, alena, pavel):
    common = {"status": "delivered", "starts_on": date(2026, 3, 1), "by": alena}
    row = record_assistance(case, content=MedicalAssistance(diagnosis="Fracture"), **common)
    healed = MedicalAssistance(diagnosis="Fracture", outcome="Healed")
    change_assistance(row, content=healed, revision=1, **common)
    [item] = _lines(case, alena, Verb.ASSISTANCE_CHANGED)
    assert _shown(item) == {"Outcome": ("", "Healed")}
    [item] = _lines(case, pavel, Verb.ASSISTANCE_CHANGED)
    assert _shown(item) == {} and item.is_partly_hidden


def test_access_given_and_taken_back_is_told(case, alena, pavel, volha, share):
    grant = share(volha, "psychological")
    revoke_grant(grant, by=alena)
    [taken] = _lines(case, pavel, Verb.GRANT_REVOKED)
    assert ("", "Alena") in _shown(taken).values()
    [given, *_] = _lines(case, pavel, Verb.GRANT_GIVEN)
    assert ("", "Volha") in _shown(given).values()


def test_reads_and_refusals_are_told_as_such(case, alena, ihar, client_for):
    client_for(alena).get(f"/cases/{case.reference}/")
    client_for(ihar).get(f"/cases/{case.reference}/")
    refused, read = _lines(case, alena)[:2]
    assert (refused.line.verb, refused.line.outcome) == (Verb.REFUSED, "denied")
    assert (read.line.verb, read.is_read) == (Verb.CASE_VIEWED, True)


def test_looking_leaves_an_event_of_its_own_with_the_classes_shown(case, pavel):
    start = log.size()
    trail.trail_of(case, by=pavel, before=None)
    [event] = log.since(start)
    told = log.told(event)
    assert (event.verb, told["cases"]) == (Verb.CASE_AUDITED, [str(case.pk)])
    assert told["classes"] == ["financial", "identity", "narrative"]


def test_a_stranger_has_no_trail_to_look_at(case, ihar):
    start = log.size()
    with pytest.raises(NotAllowed):
        trail.trail_of(case, by=ihar, before=None)
    assert log.size() == start


def test_pages_follow_each_other_without_gap_or_overlap(case, alena, monkeypatch):
    monkeypatch.setattr(trail_finding, "PAGE", 7)
    for number in range(8):
        _change(case, alena, "identity", first_name=f"Ганна{number}")
    there = list(
        EventCase.objects.filter(case=case.pk).order_by("-seq").values_list("seq", flat=True)
    )
    found, before = [], there[0] + 1
    while before is not None:
        page = trail.trail_of(case, by=alena, before=before)
        assert len(page.lines) <= 7
        found += [item.line.seq for item in page.lines]
        before = page.more
    assert found == there
    assert len(there) > 3 * 7


def test_a_version_before_the_page_is_still_compared_with(case, alena, monkeypatch):
    """The version before the oldest change of a page is looked up, though its event is on the next."""
    _change(case, alena, "identity", first_name="Анна")
    changed = Event.objects.get(verb=Verb.PERSON_CHANGED)
    monkeypatch.setattr(trail_finding, "PAGE", 1)
    [item] = trail.trail_of(case, by=alena, before=changed.seq + 1).lines
    assert _shown(item) == {"Given name": ("Ганна", "Анна")}


def test_a_note_typed_while_sharing_is_told_to_who_may_audit(case, alena, volha, client_for):
    give_grant(
        case,
        to=volha,
        classes=["psychological"],
        may_write=True,
        ends=timezone.now() + timedelta(days=7),
        reason="treatment",
        note="Asked for by the clinic",
        by=alena,
    )
    page = client_for(alena).get(f"/cases/{case.reference}/trail/").content.decode()
    assert "Asked for by the clinic" in page


def test_of_a_long_text_and_of_a_list_only_what_changed_is_marked(case, alena, client_for):
    account = "They were kept in a sawmill near Pskov. " + "Nobody was allowed to leave. " * 12
    _change(case, alena, "victim", account=account, methods_of_control=["Debt", "FalsePromises"])
    changed = account.replace("a sawmill", "a brickworks")
    _change(case, alena, "victim", account=changed, methods_of_control=["FalsePromises", "Threats"])
    item, *_rest = _lines(case, alena, Verb.PERSON_CHANGED)
    told = {difference.label: difference for difference in item.differences}
    text = told["What happened, in short"]
    assert (text.before, text.after) == (account, changed)
    [mark] = [piece.text for piece in text.new if piece.kind == "changed"]
    assert mark == "brickworks" and text.is_cut
    [controls] = [difference for difference in item.differences if difference.is_list]
    assert (len(controls.removed), len(controls.added), controls.kept) == (1, 1, 1)
    page = client_for(alena).get(f"/cases/{case.reference}/trail/").content.decode()
    assert "<del>sawmill</del>" in page and "<ins>brickworks</ins>" in page
    assert "The whole text of “What happened, in short”" in page


def test_a_version_that_does_not_open_is_told_and_the_others_are_shown(
    case, alena, pavel, client_for
):
    _change(case, alena, "identity", second_name="Новая")
    _change(case, alena, "identity", second_name="Трэцяя")
    second = victim_of(case).history.get(revision=2)
    blob = bytearray(second.identity_sealed)
    blob[-20] ^= 1
    guards.remove()
    Person.history.filter(id=second.id, revision=2).update(identity_sealed=bytes(blob))
    guards.install()
    answer = client_for(alena).get(f"/cases/{case.reference}/trail/")
    assert answer.status_code == 200
    third, changed, first = (
        item for item in _lines(case, alena) if item.line.verb.startswith("person_")
    )
    assert third.is_damaged and changed.is_damaged and not first.is_damaged
    assert third.differences == changed.differences == []
    assert _shown(first)["Family name"] == ("", SENTINELS["identity"])
    assert "does not open: its bytes were changed or moved" in answer.content.decode()
    assert Event.objects.filter(verb=Verb.REFUSED, outcome="error").exists()


def test_access_is_told_in_a_line(case, alena, volha, share):
    share(volha, "psychological", "identity")
    given, *_rest = _lines(case, alena, Verb.GRANT_GIVEN)
    day = timezone.localdate(timezone.now() + timedelta(days=7))
    assert given.about == f"Volha: identity, psychological, until {day.day} {day:%b %Y}"
    assert any(item.about.startswith("Supervisors of Minsk: ") for item in _rest)
