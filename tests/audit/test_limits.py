"""Somebody who got hold of an account does not take everything out of Tutela in an hour."""

import json
import os
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit import limits, review, sequencer, trail
from audit.context import RequestContext, serving
from audit.models import Pending, ReviewItem
from audit.verbs import EXPORTS, Verb
from core.exceptions import TooOften
from core.ids import uuid7
from reporting.services import take_snapshot
from tests.databases import run_beside
from tests.guards import log

pytestmark = pytest.mark.django_db

NUMBERS = [
    (Verb.CASE_SEARCHED, 30, 60),
    (Verb.MATCH_TOLD, 10, 3600),
    (Verb.CASE_VIEWED, 500, 3600),
    (Verb.FILE_DOWNLOADED, 200, 3600),
    (Verb.LETTER_MADE, 60, 3600),
    *((verb, 20, 3600) for verb in sorted(EXPORTS)),
]


def acts(person, verb, number, **more):
    """As if this had been done so often: a command has no limit."""
    entries = [trail.Entry(verb, person, **more) for _ in range(number)]
    return trail.append(entries)


@pytest.fixture
def a_request():
    with serving(RequestContext("0123456789abcdef", "")):
        yield


@pytest.mark.parametrize("verb, number, seconds", NUMBERS)
def test_the_last_one_is_let_through_and_the_next_one_is_not(
    alena, ihar, a_request, time_machine, verb, number, seconds
):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    with serving(RequestContext()):
        acts(alena, verb, number - 1)
    trail.record(verb, by=alena)
    with pytest.raises(TooOften) as stopped:
        trail.record(verb, by=alena)
    assert stopped.value.seconds == pytest.approx(seconds)
    trail.record(verb, by=ihar)
    time_machine.move_to(now + timedelta(seconds=seconds - 1), tick=False)
    with pytest.raises(TooOften):
        trail.record(verb, by=alena)
    time_machine.move_to(now + timedelta(seconds=seconds), tick=False)
    trail.record(verb, by=alena)


def test_exports_of_every_kind_count_together(alena, a_request):
    with serving(RequestContext()):
        for verb in EXPORTS:
            acts(alena, verb, 7)
    with pytest.raises(TooOften):
        trail.record(Verb.CASE_EXPORTED, by=alena)


def test_what_was_refused_or_failed_does_not_count(alena, a_request):
    with serving(RequestContext()):
        acts(alena, Verb.CASE_SEARCHED, 40, outcome="denied")
        acts(alena, Verb.CASE_LISTED, 40)
    trail.record(Verb.CASE_SEARCHED, by=alena)


def test_the_system_and_commands_have_no_limit(alena):
    acts(alena, Verb.CASE_SEARCHED, 40)
    acts(None, Verb.CASE_VIEWED, 10)
    trail.record(Verb.CASE_SEARCHED, by=alena)


# --- What people see ------------------------------------------------------------------
def test_a_search_too_many_shows_nothing_and_says_when_it_goes_on(case, alena, client_for):
    browser = client_for(alena)
    acts(alena, Verb.CASE_SEARCHED, 29)
    words = {"q": "Снежаньская"}
    assert (
        case.reference in browser.post(reverse("cases:search"), words, follow=True).content.decode()
    )
    start = log.size()
    for _twice in range(2):
        answer = browser.post(reverse("cases:search"), words, follow=True)
        page = answer.content.decode()
        assert answer.status_code == 429 and case.reference not in page
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        assert "Searching goes on at" in page and "Nothing was opened" in page
    [told] = log.since(start)  # of what can be repeated at will, once a minute
    assert (told.verb, told.outcome, told.actor) == (Verb.TRIED_TOO_OFTEN, "denied", alena.pk)
    assert log.told(told)["reason"] == "cases:search"


def test_of_two_people_behind_one_address_both_are_told_of(case, alena, ihar, client_for):
    start = log.size()
    for person in (alena, ihar):
        acts(person, Verb.CASE_SEARCHED, 30)
        client_for(person).post(reverse("cases:search"), {"q": "x"}, follow=True)
    told = [event.actor for event in log.since(start) if event.verb == Verb.TRIED_TOO_OFTEN]
    assert told == [alena.pk, ihar.pk]


def test_no_page_of_a_case_opens_past_the_limit(case, alena, client_for):
    browser = client_for(alena)
    acts(alena, Verb.CASE_VIEWED, 500)
    for name in ("detail", "person", "victim"):
        answer = browser.get(reverse(f"cases:{name}", args=[case.reference]))
        assert answer.status_code == 429, name
        assert "Снежаньская" not in answer.content.decode()
    assert browser.get(reverse("home")).status_code == 200
    assert browser.get(reverse("core:help")).status_code == 200


def test_nothing_is_exported_past_the_limit(yury, client_for):
    take_snapshot(by=yury)
    browser = client_for(yury)
    assert browser.get(reverse("reporting:csv", args=["gender"])).status_code == 200
    acts(yury, Verb.STATISTICS_EXPORTED, 19)
    assert browser.get(reverse("reporting:csv", args=["gender"])).status_code == 429
    assert browser.get(reverse("reporting:table")).status_code == 200


# --- Before that somebody is asked to look --------------------------------------------
def found():
    review.look_through_log()
    return list(ReviewItem.objects.filter(rule="openings").order_by("at"))


def test_two_hundred_openings_within_an_hour_are_looked_at(alena, ihar, time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    cases = [uuid7() for _ in range(3)]
    for number in range(limits.OPENINGS_TO_LOOK_AT):
        trail.record(Verb.CASE_VIEWED, by=alena, cases=[cases[number % 3]])
    acts(ihar, Verb.CASE_VIEWED, 150)
    assert found() == []
    trail.record(Verb.CASE_VIEWED, by=alena, cases=[cases[0]])
    [item] = found()
    assert (item.officer, item.cases, item.office) == (alena.pk, 3, alena.office_id)
    acts(alena, Verb.CASE_VIEWED, 50)
    assert len(found()) == 1, "one item for one hour"
    time_machine.move_to(now + timedelta(minutes=59), tick=False)
    acts(ihar, Verb.CASE_VIEWED, 50)
    assert len(found()) == 1, "over the turn of an hour of the clock, and not too many in any hour"
    acts(ihar, Verb.CASE_VIEWED, 1)
    assert [item.officer for item in found()] == [alena.pk, ihar.pk]
    time_machine.move_to(now + timedelta(minutes=61), tick=False)
    acts(alena, Verb.CASE_VIEWED, 201)
    assert [item.officer for item in found()] == [alena.pk, ihar.pk, alena.pk]


def test_it_is_found_whether_looked_for_at_once_or_later(alena, time_machine):
    """Many hours looked through in one go, as after a night."""
    now = timezone.now()
    for hours in range(3):
        time_machine.move_to(now + timedelta(hours=hours), tick=False)
        acts(alena, Verb.CASE_VIEWED, 210 if hours != 1 else 100)
    assert len(found()) == 2


# --- At the same moment ---------------------------------------------------------------
def test_none_slips_past_at_the_same_moment(own_databases):
    """Eight threads, as of several workers, on real connections."""
    done = run_beside("audit.searchers", "8", "10", databases=own_databases)
    assert json.loads(done.stdout) == [80, 30, 30]


@pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="events have their place at once")
def test_events_that_have_no_place_yet_count(alena, a_request, monkeypatch):
    monkeypatch.setattr(sequencer, "sequence_soon", lambda: None)
    with serving(RequestContext()):
        acts(alena, Verb.CASE_SEARCHED, 30)
    assert Pending.objects.filter(verb=Verb.CASE_SEARCHED).count() == 30
    with pytest.raises(TooOften):
        trail.record(Verb.CASE_SEARCHED, by=alena)
