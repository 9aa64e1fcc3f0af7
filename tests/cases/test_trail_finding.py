"""Finding in the trail of a case: each filter, all together, and no more work than a page takes."""

import re
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assistance.sections import MedicalAssistance, PsychologicalAssistance
from assistance.services import record_assistance
from audit import trail as log_trail
from audit.models import Event, EventCase
from audit.verbs import READS, Verb
from cases import trail_finding
from cases.services.grants import revoke_grant
from cases.trail import trail_of
from cases.trail_finding import KINDS, NOBODY, EventKind, TrailFilter, find, find_all
from tests.cases.made_files import a_file
from tests.guards import log

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 3, 9, tzinfo=timezone.get_fixed_timezone(0))


def _told(case, by, **wanted):
    page = trail_of(case, by=by, before=None, wanted=TrailFilter(**wanted))
    return [(item.line.verb, item.line.outcome) for item in page.lines]


def _verbs(case, by, **wanted):
    return {verb for verb, _outcome in _told(case, by, **wanted)}


@pytest.fixture
def lived(case, alena, pavel, volha, ihar, share, client_for, own_files):
    """Alena's case, after a few days of work on it."""
    revoke_grant(share(volha, "psychological"), by=alena)
    client_for(pavel).get(f"/cases/{case.reference}/")
    client_for(ihar).get(f"/cases/{case.reference}/")
    a_file(case, alena)
    return case


# --- Each filter ----------------------------------------------------------------------
def test_by_kind(lived, pavel):
    assert _verbs(lived, pavel, kind="reads") <= READS
    assert Verb.CASE_VIEWED in _verbs(lived, pavel, kind="reads")
    changes = _verbs(lived, pavel, kind="changes")
    assert changes >= {Verb.CASE_REGISTERED, Verb.GRANT_REVOKED, Verb.FILE_ADDED}
    assert not changes & (READS | {Verb.REFUSED})
    assert _told(lived, pavel, kind="refusals") == [(Verb.REFUSED, "denied")]
    assert _verbs(lived, pavel, kind="access") == {Verb.GRANT_GIVEN, Verb.GRANT_REVOKED}
    assert _verbs(lived, pavel, kind="files") == {Verb.FILE_ADDED}
    assert _verbs(lived, pavel, kind="keys") == set()
    assert _verbs(lived, pavel, kind="trail") == {Verb.CASE_AUDITED}


def test_what_the_kinds_look_for_is_there():
    """Kinds name verbs by how they begin: a verb that is called otherwise would be missed."""
    assert set(KINDS) == set(EventKind)
    for beginning in ("grant_", "file_", "key_", "erasure_", "closure_", "hold_"):
        assert [verb for verb in Verb if verb.startswith(beginning)]


def test_by_person(lived, pavel, alena, ihar):
    assert _told(lived, pavel, person=ihar) == [(Verb.REFUSED, "denied")]
    assert Verb.CASE_REGISTERED in _verbs(lived, pavel, person=alena)
    log_trail.record(Verb.KEY_ROTATED, by=None, cases=[lived.pk])
    assert _told(lived, pavel, person=NOBODY) == [(Verb.KEY_ROTATED, "ok")]


def test_by_days(case, alena, pavel, time_machine):
    today = timezone.localdate()
    seen = {}
    for days in (1, 2, 3):
        noon = timezone.make_aware(datetime.combine(today + timedelta(days=days), NOON.time()))
        time_machine.move_to(noon, tick=False)
        log_trail.record(Verb.CASE_VIEWED, by=alena, cases=[case.pk])
        seen[days] = Event.objects.order_by("-seq").first().seq
    day = [today + timedelta(days=days) for days in range(5)]

    def found(**wanted):
        page = trail_of(
            case, by=pavel, before=None, wanted=TrailFilter(person=alena, kind="reads", **wanted)
        )
        return [item.line.seq for item in page.lines]

    assert found(since=day[2]) == [seen[3], seen[2]]
    assert found(since=day[2], until=day[2]) == [seen[2]]
    assert found(until=day[1])[0] == seen[1] and seen[2] not in found(until=day[1])
    assert found(since=day[4]) == []
    assert found(until=day[0] - timedelta(days=1)) == []


def test_days_begin_and_end_at_midnight_here(case, alena, pavel, time_machine):
    midnight = timezone.make_aware(datetime(2027, 5, 4))
    for at in (-timedelta(microseconds=1), timedelta(0), timedelta(hours=23, minutes=59)):
        time_machine.move_to(midnight + at, tick=False)
        log_trail.record(Verb.CASE_VIEWED, by=alena, cases=[case.pk])
    day = date(2027, 5, 4)
    wanted = TrailFilter(person=alena, since=day, until=day)
    assert len(find(case, wanted).events) == 2
    assert len(find(case, TrailFilter(person=alena, kind="reads", until=day)).events) == 3


def test_by_class_what_was_read_and_what_was_changed(case, alena, pavel, volha, share, client_for):
    share(volha, "psychological")
    client_for(volha).get(f"/cases/{case.reference}/")
    day = {"status": "delivered", "starts_on": date(2026, 3, 1), "by": alena}
    record_assistance(case, content=PsychologicalAssistance(observations="Sleeps"), **day)
    record_assistance(case, content=MedicalAssistance(diagnosis="Fracture"), **day)
    found = _told(case, alena, cls="psychological")
    assert found.count((Verb.ASSISTANCE_RECORDED, "ok")) == 1
    assert (Verb.CASE_VIEWED, "ok") in found and (Verb.GRANT_GIVEN, "ok") in found
    assert Verb.PERSON_REGISTERED not in {verb for verb, _outcome in found}
    assert Verb.PERSON_REGISTERED in _verbs(case, alena, cls="contact")
    assert Verb.CONSENT_RECORDED in _verbs(case, alena, cls="narrative")
    # Who may not read a class learns of it what every page tells, and not which records are of it.
    assert Verb.ASSISTANCE_RECORDED not in _verbs(case, pavel, cls="psychological")
    assert Verb.CASE_VIEWED in _verbs(case, pavel, cls="psychological")


def test_with_a_class_nothing_of_another_is_opened(case, alena):
    start = log.size()
    page = trail_of(case, by=alena, before=None, wanted=TrailFilter(cls="contact"))
    [event] = log.since(start)
    assert log.told(event)["classes"] == ["contact"]
    [registered] = [item for item in page.lines if item.line.verb == Verb.PERSON_REGISTERED]
    labels = {difference.label for difference in registered.differences}
    assert "Mobile phone" in labels and "Family name" not in labels
    assert not registered.is_partly_hidden, "the rest is left out by the filter, not by rights"


def test_all_filters_together(lived, pavel, alena):
    today = timezone.localdate()
    wanted = {
        "person": alena,
        "kind": "access",
        "cls": "psychological",
        "since": today,
        "until": today,
    }
    found = _told(lived, pavel, **wanted)
    assert found[0] == (Verb.GRANT_REVOKED, "ok") or (Verb.GRANT_GIVEN, "ok") in found
    assert {verb for verb, _outcome in found} <= {Verb.GRANT_GIVEN, Verb.GRANT_REVOKED}


def test_one_sentence_says_what_is_shown(alena):
    assert TrailFilter().in_words() == "Everything, newest first."
    wanted = TrailFilter(alena, "reads", "medical", date(2026, 3, 1), date(2026, 3, 5))
    assert wanted.in_words() == (
        "Reads by Alena of the part “medical” from 1 Mar 2026 until 5 Mar 2026, newest first."
    )
    on = TrailFilter(since=date(2026, 3, 1), until=date(2026, 3, 1))
    assert on.in_words() == "Everything on 1 Mar 2026, newest first."


# --- Many events ----------------------------------------------------------------------
@pytest.fixture
def busy(case, alena, volha):
    """A case with 900 events: every 90th of Volha, who read medical records."""
    for number in range(90):
        log_trail.append(
            [log_trail.Entry(Verb.CASE_VIEWED, alena, [case.pk], ["identity"]) for _ in range(9)]
        )
        reader, classes = (volha, ["medical"]) if number % 9 == 0 else (alena, ["legal"])
        log_trail.record(Verb.CASE_VIEWED, by=reader, cases=[case.pk], classes=classes)
    return case


def _all_pages(case, wanted):
    found, before, pages = [], None, 0
    while True:
        page = find(case, wanted, before=before)
        found += [event.seq for event in page.events]
        before, pages = page.more, pages + 1
        if before is None:
            return found, pages


@pytest.mark.parametrize("wanted", ["person", "cls"])
@pytest.mark.parametrize("looked_at", [20_000, 100])
def test_pages_find_everything_once_however_little_each_looks_at(
    busy, volha, monkeypatch, wanted, looked_at
):
    monkeypatch.setattr(trail_finding, "PAGE", 4)
    monkeypatch.setattr(trail_finding, "WINDOW", 50)
    monkeypatch.setattr(trail_finding, "LOOKED_AT", looked_at)
    asked = TrailFilter(person=volha) if wanted == "person" else TrailFilter(cls="medical")
    found, pages = _all_pages(busy, asked)
    there = list(
        Event.objects.filter(actor=volha.pk).order_by("-seq").values_list("seq", flat=True)
    )
    assert [seq for seq in found if seq in there] == there
    assert len(found) == len(set(found))
    if wanted == "person":
        assert found == there and len(there) == 10
        assert pages == 3 if looked_at == 20_000 else pages > 5


def test_a_page_that_comes_up_short_says_how_far_it_looked(
    busy, alena, ihar, monkeypatch, client_for
):
    monkeypatch.setattr(trail_finding, "WINDOW", 50)
    monkeypatch.setattr(trail_finding, "LOOKED_AT", 100)
    page = find(busy, TrailFilter(person=ihar))
    assert page.events == []
    assert page.looked_back_to == Event.objects.get(seq=page.more).at
    shown = (
        client_for(alena)
        .get(f"/cases/{busy.reference}/trail/?{urlencode({'person': ihar.pk})}")
        .content.decode()
    )
    assert "were looked at so far" in shown and "Look further back" in shown
    assert f"person={ihar.pk}&amp;before=" in shown


def test_a_page_asks_the_same_of_the_database_whatever_the_trail_holds(busy, case, volha):
    def queries(wanted):
        with CaptureQueriesContext(connection) as asked:
            find(busy, wanted)
        return len(asked)

    nothing = TrailFilter()
    few = queries(nothing)
    log_trail.append([log_trail.Entry(Verb.CASE_VIEWED, volha, [case.pk]) for _ in range(3_000)])
    assert queries(nothing) == few <= 8
    since = TrailFilter(since=timezone.localdate() + timedelta(days=1))
    assert queries(since) <= 8 + 2 * len(bin(log.size()))


def test_an_export_takes_events_in_order_up_to_its_limit(busy, monkeypatch):
    monkeypatch.setattr(trail_finding, "WINDOW", 50)
    there = list(
        EventCase.objects.filter(case=busy.pk).order_by("seq").values_list("seq", flat=True)
    )
    assert [event.seq for event in find_all(busy, TrailFilter(), most=10_000)] == there
    assert [event.seq for event in find_all(busy, TrailFilter(), most=70)] == there[:70]


# --- The page -------------------------------------------------------------------------
def test_the_filter_is_remembered_and_can_be_cleared(busy, alena, volha, client_for):
    browser, base = client_for(alena), f"/cases/{busy.reference}/trail/"
    page = browser.get(base, {"kind": "reads", "person": alena.pk}).content.decode()
    assert "Reads by Alena, newest first." in page and "Clear the filter" in page
    assert re.search(rf'<option value="{alena.pk}"\s+selected', page)
    assert "kind=reads" in page.split('rel="next"')[1] and "before=" in page
    assert "Clear the filter" not in browser.get(base).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday",
        "since=2026-02-30",
        "kind=everything",
        "cls=facts",
        "person=1",
        "until=2999-01-01",
    ],
)
def test_a_filter_that_cannot_be_understood_shows_nothing_and_says_so(
    case, alena, client_for, query
):
    browser = client_for(alena)
    start = log.size()
    answer = browser.get(f"/cases/{case.reference}/trail/?{query}")
    page = answer.content.decode()
    assert answer.status_code == 422 and "There is a problem" in page
    assert "moj-timeline__item" not in page
    assert log.size() == start, "nothing was shown, so nothing was looked at"


def test_each_name_leads_to_why_they_can_see_it(case, alena, client_for):
    page = client_for(alena).get(f"/cases/{case.reference}/trail/").content.decode()
    today = timezone.localdate().isoformat()
    assert f"/cases/{case.reference}/who/?person={alena.pk}&amp;on={today}" in page
