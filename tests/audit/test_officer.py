"""One officer beside what is usual for them."""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit import habits, trail
from audit.verbs import Verb
from cases import door
from cases.oversight import ASSIGNED, NONE, SHARED, TEAM
from cases.services.grants import revoke_grant
from core.ids import uuid7

pytestmark = pytest.mark.django_db
TUESDAY = timezone.make_aware(datetime(2026, 6, 9, 10, 0))


@pytest.fixture(autouse=True)
def at(time_machine):
    """Go to a moment: at(days=1, hours=2) after Tuesday, ten o'clock."""

    def go(**later):
        time_machine.move_to(TUESDAY + timedelta(**later), tick=False)

    go()
    return go


def views(person, number):
    for _ in range(number):
        trail.record(Verb.CASE_VIEWED, by=person, cases=[uuid7()])


def test_usual_is_the_median_of_days_of_work_before_today(alena, at):
    for day, number in enumerate((2, 9, 4)):
        at(days=day)
        views(alena, number)
    at(days=10)
    views(alena, 30)
    found = habits.habits_of(alena.pk)
    assert (found.usual, found.today, found.limit, found.opened) == (4, 30, 20, 45)
    assert [number for _day, number in found.unusual_days] == [30]
    assert len(found.days) == habits.USUAL_DAYS + 1
    at(days=10 + habits.USUAL_DAYS)
    assert habits.habits_of(alena.pk).usual == 30  # the others are too long ago


@pytest.mark.parametrize(
    "moment, is_out",
    [
        ((2026, 6, 9, 6, 59), True),  # Tuesday
        ((2026, 6, 9, 7, 0), False),
        ((2026, 6, 9, 19, 59), False),
        ((2026, 6, 9, 20, 0), True),
        ((2026, 6, 13, 12, 0), True),  # Saturday
    ],
)
def test_out_of_hours_is_by_the_clock_of_the_office(moment, is_out):
    assert habits.is_out_of_hours(timezone.make_aware(datetime(*moment))) is is_out


def test_acts_out_of_hours_count_and_signing_in_does_not(alena, at):
    views(alena, 2)
    at(hours=12)
    views(alena, 3)
    trail.record(Verb.SIGNED_IN, by=alena)
    at(days=4)
    views(alena, 1)
    found = habits.habits_of(alena.pk)
    assert (found.out_of_hours, found.out_of_hours_days) == (4, 2)


def test_the_ground_of_an_opening_is_that_of_its_moment(case, alena, volha, pavel, share, at):
    at(days=0, hours=1)
    grant = share(volha, "psychological")
    for person in (alena, volha, pavel):
        door.open_rows([case], by=person)
    at(days=1)
    revoke_grant(grant, by=alena)
    trail.record(Verb.CASE_VIEWED, by=volha, cases=[case.pk])
    assert habits.habits_of(alena.pk).grounds == {ASSIGNED: 1}
    assert habits.habits_of(volha.pk).grounds == {SHARED: 1, NONE: 1}
    of_supervisor = habits.habits_of(pavel.pk)
    assert of_supervisor.grounds == {TEAM: 1} and of_supervisor.not_assigned == 1


def test_refusals_and_what_was_taken_out_are_counted(alena, at):
    trail.record(Verb.REFUSED, by=alena, outcome="denied")
    trail.record(Verb.STATISTICS_EXPORTED, by=alena)
    trail.record(Verb.FILE_DOWNLOADED, by=alena, cases=[uuid7()])
    found = habits.habits_of(alena.pk)
    assert (found.refusals, found.exports) == (1, 2)


# --- The page -------------------------------------------------------------------------
@pytest.fixture
def page(alena, pavel, client_for):
    def get(**query):
        browser = client_for(pavel)  # signed in at this moment: sessions end
        answer = browser.get(reverse("audit:officer", args=[alena.pk]), query)
        assert answer.status_code == 200
        return answer

    return get


def told(answer):
    return [line.verb for line in answer.context["lines"]]


def test_acts_are_filtered_by_kind_and_day(alena, case, page, at):
    at(days=1)
    trail.record(Verb.CASE_VIEWED, by=alena, cases=[case.pk])
    trail.record(Verb.CASE_SEARCHED, by=alena, cases=[case.pk])
    at(days=2)
    trail.record(Verb.STATISTICS_EXPORTED, by=alena)
    trail.record(Verb.REFUSED, by=alena, outcome="denied")
    assert told(page(kind="opened")) == [Verb.CASE_VIEWED]
    assert told(page(kind="searched")) == [Verb.CASE_SEARCHED]
    assert told(page(kind="exported")) == [Verb.STATISTICS_EXPORTED]
    assert told(page(kind="refused")) == [Verb.REFUSED]
    assert Verb.CASE_REGISTERED in told(page(kind="changed"))
    day = (TUESDAY + timedelta(days=2)).date().isoformat()
    assert told(page(first=day)) == [Verb.REFUSED, Verb.STATISTICS_EXPORTED]
    assert Verb.CASE_REGISTERED in told(page(last=TUESDAY.date().isoformat()))
    assert told(page(kind="exported", first=day, last=day)) == [Verb.STATISTICS_EXPORTED]


def test_a_filter_lasts_over_pages(alena, page, at):
    views(alena, 60)
    trail.record(Verb.STATISTICS_EXPORTED, by=alena)
    first = page(kind="opened")
    assert len(told(first)) == 50
    assert f"?kind=opened&amp;before={first.context['more']}" in first.content.decode()
    assert told(page(kind="opened", before=first.context["more"])) == [Verb.CASE_VIEWED] * 10


def test_a_filter_that_makes_no_sense_shows_everything(alena, page):
    views(alena, 1)
    assert told(page(kind="wishes", first="soon"))


def test_the_chart_holds_every_day_in_words(alena, page, at):
    at(days=1)
    views(alena, 25)
    shown = page().content.decode()
    assert 'class="bar-1"><title>10 Jun: 25</title>' in shown  # unusual
    assert "style=" not in shown
