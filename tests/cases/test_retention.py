"""Closing a case, how long it is kept, and the legal hold."""

from datetime import date, timedelta

import msgspec
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from audit import verifier
from audit.verbs import Verb
from cases import door, keeping
from cases.models import Case, CaseTeamGrant, RetentionKind, RetentionRule
from cases.sections import CaseFacts
from cases.services import erasure, retention
from cases.services.intake import register_case
from core.exceptions import BadInput, Conflict, Erased, NotAllowed, WrongState
from tests.cases.closed import close_case
from tests.guards import log

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
WHY = "Жанчына вярнулася дадому"
CLOSING = {"status": "Closed", "reason": WHY, "closed_on": TODAY}


def of_age(new_case, years):
    """The same person, born so many years before today; None: nobody knows when."""
    born = "" if years is None else retention.years_later(TODAY, -years).isoformat()
    return msgspec.structs.replace(new_case.identity, birthdate=born)


def summary_of(case, by):
    [sections] = door.open_rows([case], by=by, classes=["narrative"])
    return sections["summary"]


# --- Closing --------------------------------------------------------------------------
def test_a_closed_case_says_when_and_seals_why(case, alena):
    closed = close_case(case, **CLOSING, by=alena)
    assert (closed.status, closed.closed_on) == ("Closed", TODAY)
    assert closed.retain_until == retention.years_later(TODAY, RetentionRule.DEFAULT_YEARS)
    summary = summary_of(closed, alena)
    assert summary.reason_for_case_closure == WHY
    assert summary.referring_organisation == "Red Cross", "what was there stays"
    assert WHY.encode() not in b"".join(bytes(event.entry) for event in log.since(0))


def test_a_case_that_was_referred_closes_so(case, alena):
    closed = close_case(case, **CLOSING | {"status": "ClosedReferred"}, by=alena)
    assert closed.status == "ClosedReferred"


@pytest.mark.parametrize("wrong", ["Active", "Erased", "", "closed"])
def test_a_case_closes_with_a_code_for_closing(case, alena, wrong):
    with pytest.raises(BadInput):
        close_case(case, **CLOSING | {"status": wrong}, by=alena)


@pytest.mark.parametrize("days", [-1, 1])
def test_a_case_closes_between_its_opening_and_today(case, alena, days):
    with pytest.raises(BadInput):
        close_case(case, **CLOSING | {"closed_on": TODAY + timedelta(days=days)}, by=alena)


def test_a_case_closes_once(case, alena):
    close_case(case, **CLOSING, by=alena)
    with pytest.raises(WrongState):
        close_case(Case.objects.get(pk=case.pk), **CLOSING, by=alena)


def test_a_change_meanwhile_is_not_overwritten(case, alena):
    old = Case.objects.get(pk=case.pk)
    retention.put_on_hold(case, note="Court", by=alena)
    with pytest.raises(Conflict):
        close_case(old, **CLOSING, by=alena)


@pytest.mark.parametrize("who", ["ihar", "pavel", "rita", "viktar", "zoya", "volha"])
def test_only_who_writes_in_the_case_closes_it(case, share, request, who):
    user = request.getfixturevalue(who)
    if who == "volha":
        share(user, "psychological", "identity")
    with pytest.raises(NotAllowed):
        close_case(case, **CLOSING, by=user)
    assert Case.objects.get(pk=case.pk).closed_on is None


def test_a_reopened_case_is_kept_on(case, alena):
    closed = close_case(case, **CLOSING, by=alena)
    opened = retention.reopen_case(closed, note="She came back", by=alena)
    assert (opened.status, opened.closed_on, opened.retain_until) == ("Active", None, None)
    with pytest.raises(WrongState):
        retention.reopen_case(opened, note="Again", by=alena)


def test_supervisors_see_a_closed_case_until_it_can_be_erased(case, alena, pavel, viktar):
    retention.set_years({"unknown": 30}, by=viktar)
    closed = close_case(case, **CLOSING, by=alena)
    grant = CaseTeamGrant.objects.get(content_object=case)
    assert grant.ends.date() >= closed.retain_until + timedelta(days=365)
    assert grant.ends > timezone.now() + timedelta(days=30 * 365)


def test_a_grant_that_is_long_enough_stays(case, alena, viktar):
    retention.set_years({"unknown": 0}, by=viktar)
    before = CaseTeamGrant.objects.get(content_object=case).ends
    close_case(case, **CLOSING, by=alena)
    assert CaseTeamGrant.objects.get(content_object=case).ends == before


# --- Rules ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "band, kind",
    [
        ("0-8", "child"),
        ("9-17", "child"),
        ("18-20", "adult"),
        ("48+", "adult"),
        ("", "unknown"),
        ("from a file", "unknown"),
    ],
)
def test_the_age_at_registration_tells_the_kind(band, kind):
    assert retention.kind_of(CaseFacts(age_band=band)) == kind


def test_each_kind_has_years_of_its_own(new_case, alena, viktar):
    years = {"adult": 7, "child": 30, "unknown": 12}
    retention.set_years(years, by=viktar)
    for age, kind in ((34, "adult"), (9, "child"), (None, "unknown")):
        new_case.identity = of_age(new_case, age)
        closed = close_case(register_case(new_case, by=alena), **CLOSING, by=alena)
        assert closed.retain_until == retention.years_later(TODAY, years[kind]), kind


def test_at_first_all_are_kept_alike():
    """Else the dates of a case, which are open, would tell whether it is of a child."""
    assert len(set(retention.years_by_kind().values())) == 1
    assert set(retention.years_by_kind()) == set(RetentionKind)


def test_a_new_rule_leaves_closed_cases_alone_and_stands_in_the_log(case, alena, viktar):
    closed = close_case(case, **CLOSING, by=alena)
    start = log.size()
    retention.set_years({"adult": 10, "unknown": 3}, by=viktar)
    retention.set_years({"adult": 10, "unknown": 3}, by=viktar)
    [event] = log.since(start)
    assert (event.verb, event.actor) == (Verb.RETENTION_CHANGED, viktar.pk)
    assert log.told(event)["reason"] == "unknown 3"
    assert Case.objects.get(pk=case.pk).retain_until == closed.retain_until


@pytest.mark.parametrize("years", [-1, 101])
def test_years_have_limits(viktar, years):
    with pytest.raises((ValidationError, ValueError)):
        retention.set_years({"adult": years}, by=viktar)


@pytest.mark.parametrize("who", ["alena", "pavel", "rita", "zoya"])
def test_only_the_administrator_sets_them(request, who):
    with pytest.raises(NotAllowed):
        retention.set_years({"adult": 1}, by=request.getfixturevalue(who))


@pytest.mark.parametrize(
    "day, years, later",
    [
        (date(2024, 2, 29), 10, date(2034, 3, 1)),
        (date(2024, 2, 29), 4, date(2028, 2, 29)),
        (date(2025, 12, 31), 25, date(2050, 12, 31)),
    ],
)
def test_years_later_there_is_always_a_day(day, years, later):
    assert retention.years_later(day, years) == later


# --- Legal hold -----------------------------------------------------------------------
def test_a_hold_stops_asking_and_approving(case, alena, pavel):
    asked = erasure.ask_for_erasure(case, reason="person_asked", note="Her wish", by=alena)
    retention.put_on_hold(case, note="The court wrote", by=pavel)
    with pytest.raises(WrongState, match="legal hold"):
        erasure.approve_erasure(asked, note="Agreed", by=pavel)
    erasure.decline_erasure(asked, note="Held", by=pavel)
    with pytest.raises(WrongState, match="legal hold"):
        erasure.ask_for_erasure(case, reason="person_asked", note="Her wish", by=alena)
    retention.lift_hold(case, note="The court is done", by=pavel)
    erasure.ask_for_erasure(case, reason="person_asked", note="Her wish", by=alena)


def test_who_holds_and_why_is_in_the_trail_under_seal(case, pavel, client_for):
    start = log.size()
    retention.put_on_hold(case, note="Справа № 17 суда", by=pavel)
    [event] = log.since(start)
    assert (event.verb, event.actor) == (Verb.HOLD_PUT, pavel.pk)
    assert "17" not in log.told(event).get("reason", "") and "sealed" in log.told(event)
    page = client_for(pavel).get(f"/cases/{case.reference}/trail/").content.decode()
    assert "Справа № 17 суда" in page


def test_a_hold_is_put_once_and_lifted_once(case, alena):
    with pytest.raises(WrongState):
        retention.lift_hold(case, note="None", by=alena)
    retention.put_on_hold(case, note="Court", by=alena)
    with pytest.raises(WrongState):
        retention.put_on_hold(case, note="Court", by=alena)


@pytest.mark.parametrize("who", ["ihar", "iryna", "rita", "viktar", "zoya"])
def test_a_stranger_holds_nothing(case, request, who):
    with pytest.raises(NotAllowed):
        retention.put_on_hold(case, note="Mine", by=request.getfixturevalue(who))


def test_nothing_is_held_reopened_or_closed_once_the_erasure_is_approved(case, alena, pavel):
    closed = close_case(case, **CLOSING, by=alena)
    asked = erasure.ask_for_erasure(closed, reason="person_asked", note="Her wish", by=alena)
    erasure.approve_erasure(asked, note="Agreed", by=pavel)
    for act in (retention.put_on_hold, retention.lift_hold):
        with pytest.raises(WrongState):
            act(closed, note="Too late", by=alena)
    with pytest.raises(Erased):
        retention.reopen_case(closed, note="Too late", by=alena)
    with pytest.raises(Erased):
        close_case(closed, **CLOSING, by=alena)


# --- What is due ----------------------------------------------------------------------
@pytest.fixture
def closed(new_case, alena, viktar):
    """Make a case of Alena's that was to be kept until so many days ago."""
    retention.set_years({"unknown": 0}, by=viktar)

    def make(days, by=alena):
        new_case.opened_on = TODAY - timedelta(days=400)
        case = register_case(new_case, by=by)
        on = TODAY - timedelta(days=days)
        return close_case(case, **CLOSING | {"closed_on": on}, by=by)

    return make


def test_due_is_what_was_kept_longer_than_its_day(closed, case, alena, pavel):
    old, older, _today, _open = closed(1), closed(300), closed(0), case
    assert [one.pk for one in keeping.due_page(pavel, after=None)[0]] == [older.pk, old.pk]
    assert [one.pk for one in keeping.due_page(alena, after=None)[0]] == [older.pk, old.pk]


def test_due_is_not_what_is_held_asked_for_or_erased(closed, alena, pavel):
    held, asked, gone, left = (closed(days) for days in (9, 8, 7, 6))
    retention.put_on_hold(held, note="Court", by=pavel)
    ask = {"reason": "retention_over", "note": "Over", "by": alena}
    erasure.ask_for_erasure(asked, **ask)
    erasure.approve_erasure(erasure.ask_for_erasure(gone, **ask), note="Yes", by=pavel)
    assert [one.pk for one in keeping.due_page(pavel, after=None)[0]] == [left.pk]


def test_nobody_sees_what_is_due_elsewhere(closed, ihar, iryna, rita, viktar):
    closed(5)
    for user in (ihar, iryna, rita, viktar):
        assert keeping.due_page(user, after=None) == ([], None)


def test_the_list_goes_on_page_by_page(closed, pavel, monkeypatch):
    monkeypatch.setattr(keeping, "PAGE", 2)
    cases = [closed(days) for days in (9, 7, 7, 7, 3)]
    cases.sort(key=lambda case: (case.retain_until, case.pk))
    seen, after = [], None
    while True:
        page, after = keeping.due_page(pavel, after=after)
        seen += [case.pk for case in page]
        if after is None:
            break
    assert seen == [case.pk for case in cases]


def test_time_that_is_not_over_is_no_reason(closed, alena, case):
    for not_due in (closed(0), case):
        with pytest.raises(WrongState, match="not over"):
            erasure.ask_for_erasure(not_due, reason="retention_over", note="?", by=alena)


def test_the_log_holds_after_all_this(closed, alena, pavel):
    case = closed(5)
    retention.put_on_hold(case, note="Court", by=pavel)
    retention.lift_hold(case, note="Done", by=pavel)
    retention.reopen_case(case, note="Back", by=alena)
    assert verifier.verify().findings == []
