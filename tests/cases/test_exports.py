"""Exporting a long trail: one asks, another decides, the first collects what was approved, once."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.services import give_role, suspend_account, take_role
from audit import trail
from audit.context import RequestContext, serving
from audit.verbs import WEIGHTY, Verb
from cases.court import export_approved, export_for_court
from cases.models import ExportRequest
from cases.selectors import victim_of
from cases.services import exports
from cases.services.exports import (
    approve_export,
    ask_for_export,
    collect_export,
    decline_export,
    is_large,
    open_request,
    waiting_for,
)
from cases.services.grants import give_grant, hand_over
from cases.trail_finding import TrailFilter
from core.exceptions import BadInput, NotAllowed, WrongState
from tests.cases.conftest import rename
from tests.conftest import SENTINELS
from tests.databases import run_beside
from tests.guards import log

pytestmark = pytest.mark.django_db

NOTE = "Order 2-17/26"


@pytest.fixture(autouse=True)
def low_limit(monkeypatch):
    monkeypatch.setattr(exports, "LARGE", 2)


@pytest.fixture
def long(case, alena):
    """Alena's case, with a trail that counts as long here."""
    rename(victim_of(case), alena, "Новая")
    return case


def ask(case, by, wanted=None, session="elsewhere"):
    about = {"reason": "court", "note": NOTE, "wanted": wanted or TrailFilter()}
    with serving(RequestContext("request", session)):
        return ask_for_export(case, by=by, **about)


@pytest.fixture
def asked(long, alena):
    return ask(long, alena)


def members(export):
    with zipfile.ZipFile(io.BytesIO(b"".join(export.pieces()))) as archive:
        return archive.namelist()


# --- What takes two -------------------------------------------------------------------
def test_a_short_trail_takes_one_and_a_long_one_two(case, alena, monkeypatch):
    about = {"reason": "court", "note": NOTE, "wanted": TrailFilter(), "by": alena}
    monkeypatch.setattr(exports, "LARGE", 500)
    assert not is_large(case) and export_for_court(case, **about)
    monkeypatch.setattr(exports, "LARGE", 2)
    rename(victim_of(case), alena, "Новая")
    start = log.size()
    with pytest.raises(WrongState, match="two people"):
        export_for_court(case, **about)
    assert is_large(case) and log.size() == start


def test_choosing_few_days_makes_no_export_small(long, alena, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=3))
    rename(victim_of(long), alena, "Трэцяя")
    few = TrailFilter(since=timezone.localdate())
    with pytest.raises(WrongState, match="two people"):
        export_for_court(long, reason="court", note=NOTE, wanted=few, by=alena)


# --- One asks, another decides, the first collects ------------------------------------
def test_what_was_approved_goes_out_once(asked, long, alena, pavel):
    start = log.size()
    approve_export(asked, note="Agreed", by=pavel)
    rename(victim_of(long), alena, "Later")
    export = export_approved(asked, by=alena)
    names = members(export)
    assert len([name for name in names if name.endswith(".json")]) == asked.events + 1
    assert max(export.proven[:-1]) == asked.upto, "nothing behind what was asked for, but itself"
    verbs = log.verbs_since(start)
    assert Verb.EXPORT_APPROVED in WEIGHTY
    assert [verb for verb in verbs if "export" in verb] == [
        *(Verb.EXPORT_APPROVED, Verb.EXPORT_COLLECTED, Verb.CASE_EXPORTED),
    ]
    with pytest.raises(WrongState):
        export_approved(asked, by=alena)
    found = ExportRequest.objects.get()
    assert (found.state, found.asked_by, found.decided_by) == ("collected", alena, pavel)


def test_what_is_declined_is_not_collected(asked, alena, pavel):
    decline_export(asked, note="Not yet", by=pavel)
    with pytest.raises(WrongState):
        collect_export(asked, by=alena)
    with pytest.raises(WrongState, match="decided already"):
        approve_export(asked, note="", by=pavel)
    assert open_request(asked.case) is None


def test_before_somebody_agrees_nothing_is_collected(asked, alena):
    with pytest.raises(WrongState):
        collect_export(asked, by=alena)


def test_it_is_asked_for_once_at_a_time(asked, long, alena, pavel):
    with pytest.raises(WrongState, match="already"):
        ask(long, pavel)


def test_the_grounds_are_sealed(asked, long, pavel, client_for):
    assert NOTE not in str(ExportRequest.objects.values().get())
    url = reverse("cases:export_request", args=[long.reference])
    assert NOTE in client_for(pavel).get(url).content.decode()


# --- Who cannot -----------------------------------------------------------------------
def test_nobody_decides_on_what_they_asked_for(asked, alena):
    for act in (approve_export, decline_export):
        with pytest.raises(NotAllowed, match="yourself"):
            act(asked, note="", by=alena)
    assert waiting_for(alena) == []


def test_nobody_decides_in_the_session_in_which_it_was_asked_for(asked, pavel):
    with serving(RequestContext("r", "elsewhere")), pytest.raises(NotAllowed, match="session"):
        approve_export(asked, note="", by=pavel)
    approve_export(asked, note="", by=pavel)


@pytest.mark.parametrize("who", ["ihar", "iryna", "rita", "viktar", "volha"])
def test_whoever_may_not_look_at_the_trail_neither_asks_nor_decides(who, asked, long, request):
    somebody = request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        ask(long, somebody)
    for act in (approve_export, decline_export):
        with pytest.raises(NotAllowed):
            act(asked, note="", by=somebody)


def test_nobody_but_the_asker_collects(asked, pavel):
    approve_export(asked, note="", by=pavel)
    with pytest.raises(NotAllowed):
        collect_export(asked, by=pavel)


@pytest.mark.parametrize("wrong", ["person", "session"])
def test_the_database_refuses_one_alone(wrong, asked, alena, pavel):
    asked.state, asked.decided_by, asked.decided_session = "approved", pavel, "another"
    if wrong == "person":
        asked.decided_by = alena
    else:
        asked.decided_session = asked.asked_session
    with pytest.raises(IntegrityError), transaction.atomic():
        trail.save(asked, verb=Verb.EXPORT_APPROVED, by=pavel)


# --- What changed in between ----------------------------------------------------------
@pytest.mark.parametrize("at", ["approving", "collecting"])
@pytest.mark.parametrize("change", ["more", "less", "handed over", "role", "account", "events"])
def test_what_is_no_longer_the_same_is_asked_for_again(
    change, at, asked, long, alena, pavel, ihar, monkeypatch
):
    if at == "collecting":
        approve_export(asked, note="", by=pavel)
    if change in ("more", "less"):
        classes = asked.classes[:-1] if change == "more" else [*asked.classes, "other"]
        asked.refresh_from_db()
        asked.classes = classes
        trail.save(asked, verb=Verb.EXPORT_ASKED, by=alena)
    elif change == "events":
        asked.refresh_from_db()
        asked.events += 1
        trail.save(asked, verb=Verb.EXPORT_ASKED, by=alena)
    elif change == "handed over":
        hand_over(long, to=ihar, note="", by=pavel)
    elif change == "role":
        take_role(user=alena, role="case_officer", by=None)
    else:
        suspend_account(alena, by=None)
    with pytest.raises((WrongState, NotAllowed)):
        if at == "collecting":
            collect_export(asked, by=alena)
        else:
            approve_export(asked, note="", by=pavel)


def test_an_asker_who_may_read_more_now_asks_again(long, pavel, alena):
    asked = ask(long, pavel)
    give_role(user=pavel, role="case_officer", by=None)
    approve = {"note": "", "by": alena}
    with pytest.raises(WrongState, match="asked for again"):
        share_all(long, pavel, alena)
        approve_export(asked, **approve)


def share_all(case, to, by):
    ends = timezone.now() + timedelta(days=1)
    give_grant(case, to=to, classes=["medical"], may_write=False, ends=ends, reason="review", by=by)


def test_within_an_hour_or_not_at_all(asked, alena, pavel, time_machine):
    approve_export(asked, note="", by=pavel)
    time_machine.move_to(timezone.now() + timedelta(minutes=61))
    with pytest.raises(WrongState):
        collect_export(asked, by=alena)
    assert waiting_for(alena) == [] and ask(asked.case, alena)


def test_after_three_days_nobody_decides(asked, pavel, time_machine):
    assert waiting_for(pavel) == [asked]
    time_machine.move_to(timezone.now() + timedelta(hours=72, minutes=1))
    assert waiting_for(pavel) == [] and open_request(asked.case) is None
    for act in (approve_export, decline_export):
        with pytest.raises(WrongState, match="in time"):
            act(asked, note="", by=pavel)


def test_days_without_an_event_are_not_asked_for(long, alena, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=9))
    with pytest.raises(BadInput):
        ask(long, alena, TrailFilter(since=timezone.localdate()))


def test_of_those_who_act_at_once_one_decides_and_one_collects(own_databases):
    done = run_beside("cases.exporting", databases=own_databases, timeout=300)
    told = json.loads(done.stdout)
    approved = 0
    for one in told["rounds"]:
        assert one["asking"] == ["WrongState", "done"]
        assert one["decided"] == ["WrongState", "WrongState", "done"]
        was_approved = one["state"] == "approved"
        approved += was_approved
        none, once = ["WrongState"] * 3, ["WrongState", "WrongState", "done"]
        assert one["collected"] == (once if was_approved else none)
    assert told["fallen"] in (["WrongState", "done"], ["done", "done"])
    assert told["after"] == ["WrongState"]
    assert told["collected"] == approved


# --- The pages ------------------------------------------------------------------------
def test_asking_deciding_and_collecting_on_the_pages(long, alena, pavel, client_for):
    court = reverse("cases:court", args=[long.reference])
    page = reverse("cases:export_request", args=[long.reference])
    officer, supervisor = client_for(alena), client_for(pavel)
    assert "takes" not in officer.get("/").content.decode().split("Good day")[0]
    assert "Ask for the export" in officer.get(court).content.decode()
    answer = officer.post(court, {"reason": "court", "note": NOTE})
    assert answer.status_code == 302 and answer.headers["Location"] == page
    told = officer.get(page).content.decode()
    assert "somebody else has to decide" in told and "Approve" not in told
    assert f"asks to export the trail of {long.reference}" in supervisor.get("/").content.decode()
    told = supervisor.get(page).content.decode()
    assert "Approve" in told and NOTE in told and SENTINELS["contact"] not in told
    assert supervisor.post(page, {"act": "approve", "note": "Agreed"}).status_code == 302
    assert "is approved: collect it" in officer.get("/").content.decode()
    assert "Collect the export" in officer.get(court, follow=True).content.decode()
    answer = officer.post(page, {"act": "collect"})
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
        assert archive.testzip() is None
    assert officer.post(page, {"act": "collect"}).status_code == 404
    trail_page = officer.get(reverse("cases:trail", args=[long.reference])).content.decode()
    for said in ("asked to export", "approved the export", "collected the export"):
        assert said in trail_page


@pytest.mark.parametrize("act", ["approve", "decline", "collect", ""])
def test_the_page_asks_for_a_fresh_sign_in(act, asked, long, pavel, client_for):
    page = reverse("cases:export_request", args=[long.reference])
    browser = client_for(pavel, ago=600)
    start = log.size()
    answer = browser.post(page, {"act": act})
    assert answer.status_code == 302 and "reauthenticate" in answer.headers["Location"]
    assert ExportRequest.objects.get().state == "asked" and log.size() == start
