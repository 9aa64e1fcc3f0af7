"""The pages of closing, keeping and erasing: a fresh sign-in leads back to what was being done."""

import re
from datetime import timedelta
from urllib.parse import quote_plus

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Session
from accounts.sessions import opened
from audit.models import EventCase
from audit.verbs import Verb
from cases import keeping, ledger
from cases.approvals import approve
from cases.models import Case, Closure, ErasureRequest, RetentionRule
from cases.services import erasure, retention
from cases.services.intake import register_case
from tests.cases.closed import close_case
from tests.conftest import PASSWORD
from tests.guards import log

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
NOTE = "Пані Ганна папрасіла нас пра гэта"


@pytest.fixture(autouse=True)
def places(settings, tmp_path):
    settings.DATA_DIR, settings.BACKUP_DIR = tmp_path, None


@pytest.fixture
def fresh(client_for):
    """A browser of somebody who has just confirmed who they are."""

    def make(user):
        browser = client_for(user)
        answer = browser.post("/account/reauthenticate/", {"password": PASSWORD})
        assert answer.status_code == 302
        return browser

    return make


def page_of(case, name):
    return reverse(f"cases:{name}", args=[case.reference])


def asking(case, **other):
    return {"reason": "person_asked", "note": NOTE, "reference": case.reference} | other


def deciding(case, **other):
    return {"decision": "approve", "note": "Згодзен", "reference": case.reference} | other


# --- A fresh sign-in ------------------------------------------------------------------
@pytest.mark.parametrize("who, name", [("alena", "erase"), ("pavel", "decide")])
def test_the_page_comes_after_a_fresh_sign_in(case, alena, request, client_for, who, name):
    if name == "decide":
        erasure.ask_for_erasure(case, reason="person_asked", note=NOTE, by=alena)
    browser, url = client_for(request.getfixturevalue(who), ago=301), page_of(case, name)
    answer = browser.get(url)
    assert answer.headers["Location"].startswith("/account/reauthenticate/?next=")
    again = browser.post(answer.headers["Location"], {"password": PASSWORD})
    assert again.headers["Location"] == url
    assert browser.get(url).status_code == 200


def test_a_wrong_password_leads_nowhere(case, alena, client_for):
    browser = client_for(alena, ago=301)
    answer = browser.get(page_of(case, "erase"))
    assert browser.post(answer.headers["Location"], {"password": "wrong"}).status_code == 200
    assert browser.get(page_of(case, "erase")).status_code == 302


def test_after_five_minutes_it_is_asked_for_again_and_nothing_typed_is_lost(
    case, alena, pavel, fresh, time_machine
):
    now = timezone.now()
    time_machine.move_to(now)
    browser = fresh(alena)
    assert browser.get(page_of(case, "erase")).status_code == 200
    time_machine.move_to(now + timedelta(seconds=299))
    assert browser.get(page_of(case, "erase")).status_code == 200
    time_machine.move_to(now + timedelta(seconds=301))
    answer = browser.post(page_of(case, "erase"), asking(case))
    assert answer.headers["Location"].startswith("/account/reauthenticate/")
    assert not ErasureRequest.objects.exists()
    answer = browser.post(answer.headers["Location"], {"password": PASSWORD})
    assert answer.headers["Location"] == page_of(case, "detail")
    request = ErasureRequest.objects.get()
    assert keeping.note_of(request, by=pavel) == NOTE


def test_what_waited_in_the_session_is_gone_afterwards(case, alena, client_for):
    browser = client_for(alena, ago=301)
    answer = browser.post(page_of(case, "erase"), asking(case))
    assert quote_plus(NOTE) in str(opened(Session.objects.get()))
    assert NOTE.encode() not in bytes(Session.objects.get().session_data)
    browser.post(answer.headers["Location"], {"password": PASSWORD})
    [session] = Session.objects.all()
    assert quote_plus(NOTE) not in str(opened(session))


def test_strangers_are_turned_away_before_that(case, ihar, volha, client_for):
    assert client_for(ihar).get(page_of(case, "erase")).status_code == 404
    assert client_for(volha).get(page_of(case, "erase")).status_code == 403


def test_a_sign_in_that_is_fresh_for_one_person_is_so_for_nobody_else(case, alena, pavel, fresh):
    browser = fresh(alena)
    browser.force_login(pavel, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.get(page_of(case, "erase")).status_code == 302


# --- Asking and deciding --------------------------------------------------------------
def test_from_asking_to_the_tombstone(case, alena, pavel, fresh):
    answer = fresh(alena).post(page_of(case, "erase"), asking(case), follow=True)
    assert "Somebody else has to decide." in answer.content.decode()
    supervisor = fresh(pavel)
    page = supervisor.get(page_of(case, "decide")).content.decode()
    assert NOTE in page and "The person asked for it" in page and "Alena" in page
    answer = supervisor.post(page_of(case, "decide"), deciding(case), follow=True)
    assert answer.redirect_chain == [(page_of(case, "detail"), 302)]
    shown = answer.content.decode()
    assert "The case is erased." in shown and "Certificate as PDF" in shown
    assert NOTE not in shown


@pytest.mark.parametrize("typed", ["", "BY-2026-000002", "yes"])
def test_the_reference_must_be_typed(case, alena, pavel, fresh, typed):
    answer = fresh(alena).post(page_of(case, "erase"), asking(case, reference=typed))
    assert answer.status_code == 422
    assert NOTE in answer.content.decode(), "what was typed is kept"
    erasure.ask_for_erasure(case, reason="person_asked", note=NOTE, by=alena)
    answer = fresh(pavel).post(page_of(case, "decide"), deciding(case, reference=typed))
    assert answer.status_code == 422
    assert Case.objects.get(pk=case.pk).erased_on is None


def test_small_letters_and_spaces_are_the_reference_too(case, alena, fresh):
    typed = f"  {case.reference.lower()} "
    assert (
        fresh(alena).post(page_of(case, "erase"), asking(case, reference=typed)).status_code == 302
    )


@pytest.mark.parametrize("missing", ["reason", "note", "decision"])
def test_reason_note_and_decision_are_needed(case, alena, pavel, fresh, missing):
    if missing != "decision":
        answer = fresh(alena).post(page_of(case, "erase"), asking(case, **{missing: ""}))
    else:
        erasure.ask_for_erasure(case, reason="person_asked", note=NOTE, by=alena)
        answer = fresh(pavel).post(page_of(case, "decide"), deciding(case, decision=""))
    assert answer.status_code == 422


def test_keeping_needs_no_reference(case, alena, pavel, fresh):
    erasure.ask_for_erasure(case, reason="person_asked", note=NOTE, by=alena)
    sent = deciding(case, decision="decline", reference="")
    answer = fresh(pavel).post(page_of(case, "decide"), sent, follow=True)
    assert "The case is kept." in answer.content.decode()
    assert ErasureRequest.objects.get().state == "declined"
    answer = fresh(pavel).get(page_of(case, "decide"))
    assert answer.status_code == 404, "there is nothing to decide on"


def test_who_asked_is_told_so_and_refused(case, pavel, fresh):
    erasure.ask_for_erasure(case, reason="person_asked", note=NOTE, by=pavel)
    browser = fresh(pavel)
    page = browser.get(page_of(case, "decide"))
    assert page.status_code == 200
    assert "somebody else has to decide" in page.content.decode()
    assert 'name="decision"' not in page.content.decode()
    assert browser.post(page_of(case, "decide"), deciding(case)).status_code == 403
    assert Case.objects.get(pk=case.pk).erased_on is None


def test_a_hold_is_told_on_both_pages(case, alena, pavel, fresh):
    erasure.ask_for_erasure(case, reason="person_asked", note=NOTE, by=alena)
    retention.put_on_hold(case, note="Court", by=pavel)
    browser = fresh(pavel)
    assert "it cannot be erased" in browser.get(page_of(case, "decide")).content.decode()
    assert browser.post(page_of(case, "decide"), deciding(case)).status_code == 409
    erasure.decline_erasure(ErasureRequest.objects.get(), note="Held", by=pavel)
    page = fresh(alena).get(page_of(case, "erase")).content.decode()
    assert "under legal hold" in page
    answer = fresh(alena).post(page_of(case, "erase"), asking(case))
    assert answer.status_code == 422 and NOTE in answer.content.decode()


def test_time_is_offered_as_the_reason_once_it_is_over(case, overdue, alena, fresh):
    chosen = re.compile(r'value="retention_over"[^>]*\bchecked')
    browser = fresh(alena)
    pages = (browser.get(page_of(one, "erase")).content.decode() for one in (case, *overdue(1)))
    assert [bool(chosen.search(page)) for page in pages] == [False, True]


# --- Closing, reopening, holding ------------------------------------------------------
def test_closing_reopening_and_holding_by_the_pages(case, alena, pavel, client_for):
    browser = client_for(alena)
    closing = {"status": "Closed", "closed_on": TODAY.isoformat(), "reason": "Moved"}
    closing |= {"details": "Вярнулася", "done_documents": "on"}
    shown = browser.post(page_of(case, "close"), closing, follow=True).content.decode()
    assert "Waits for approval" in shown and "Kept until" not in shown and "Вярнулася" in shown
    assert browser.get(page_of(case, "close")).status_code == 302, "it waits already"
    approve(Closure.objects.get(case=case), revision=1, by=pavel)
    shown = browser.get(page_of(case, "detail")).content.decode()
    assert "Kept until" in shown
    assert browser.get(page_of(case, "close")).status_code == 302, "it is closed already"
    back = {"note": "Back", "stage": "assistance"}
    shown = browser.post(page_of(case, "reopen"), back, follow=True).content.decode()
    assert "The case is open again." in shown and "Kept until" not in shown
    hold = {"note": "Court", "act": "put"}
    shown = browser.post(page_of(case, "hold"), hold, follow=True).content.decode()
    assert "Legal hold" in shown
    assert browser.post(page_of(case, "hold"), hold).status_code == 409
    lift = {"note": "Done", "act": "lift"}
    shown = browser.post(page_of(case, "hold"), lift, follow=True).content.decode()
    assert "The legal hold is lifted." in shown


@pytest.mark.parametrize("day", ["", "yesterday", "2001-01-01", "2999-01-01"])
def test_a_day_that_does_not_fit_is_told_and_the_reason_kept(case, alena, client_for, day):
    closing = {"status": "Closed", "closed_on": day, "reason": "Moved", "done_documents": "on"}
    closing["details"] = "Вярнулася дадому"
    answer = client_for(alena).post(page_of(case, "close"), closing)
    assert answer.status_code == 422
    assert "Вярнулася дадому" in answer.content.decode()


def test_the_case_page_offers_each_what_the_role_includes(
    case, alena, pavel, volha, share, client_for
):
    share(volha, "identity", "psychological")
    offers = {
        "alena": {"Close the case", "Put under legal hold", "Ask for erasure"},
        "pavel": {"Put under legal hold", "Ask for erasure"},
        "volha": set(),
    }
    every = offers["alena"] | {"Decide on the erasure"}
    for user in (alena, pavel, volha):
        page = client_for(user).get(page_of(case, "detail")).content.decode()
        assert {offer for offer in every if offer in page} == offers[user.username]
    erasure.ask_for_erasure(case, reason="person_asked", note=NOTE, by=alena)
    assert (
        "Decide on the erasure" in client_for(pavel).get(page_of(case, "detail")).content.decode()
    )
    assert "Decide on" not in client_for(alena).get(page_of(case, "detail")).content.decode()


# --- The rules ------------------------------------------------------------------------
def test_the_administrator_sets_the_years(viktar, client_for):
    browser, url = client_for(viktar), reverse("cases:retention")
    assert browser.get(url).content.decode().count('value="10"') == 3
    sent = {"adult": "7", "child": "25", "unknown": "25"}
    shown = browser.post(url, sent, follow=True).content.decode()
    assert "Saved." in shown and 'value="7"' in shown
    assert dict(RetentionRule.objects.values_list("kind", "years")) == {
        kind: int(years) for kind, years in sent.items()
    }


@pytest.mark.parametrize("years", ["", "-1", "101", "ten"])
def test_years_that_are_none_are_told(viktar, client_for, years):
    sent = {"adult": years, "child": "25", "unknown": "25"}
    assert client_for(viktar).post(reverse("cases:retention"), sent).status_code == 422
    assert not RetentionRule.objects.exists()


# --- The list -------------------------------------------------------------------------
@pytest.fixture
def overdue(new_case, alena, viktar):
    """So many cases of Alena's that were kept long enough."""
    retention.set_years({"unknown": 0}, by=viktar)

    def make(number):
        new_case.opened_on = TODAY - timedelta(days=400)
        closing = {"status": "Closed", "reason": "Over", "by": alena}
        return [
            close_case(
                register_case(new_case, by=alena),
                closed_on=TODAY - timedelta(days=number - n),
                **closing,
            )
            for n in range(number)
        ]

    return make


def test_the_list_shows_open_facts_and_is_recorded(overdue, pavel, client_for):
    cases = overdue(3)
    start = log.size()
    page = client_for(pavel).get(reverse("cases:due")).content.decode()
    for case in cases:
        assert case.reference in page
    assert "Снежаньская" not in page and "Over" not in page
    [event] = [event for event in log.since(start) if event.verb == Verb.RETENTION_LISTED]
    assert event.actor == pavel.pk
    named = EventCase.objects.filter(seq=event.seq).values_list("case", flat=True)
    assert set(named) == {case.pk for case in cases}


def test_an_empty_list_names_nobody_and_says_why(ihar, client_for):
    start = log.size()
    page = client_for(ihar).get(reverse("cases:due")).content.decode()
    assert "Nothing is due." in page
    assert Verb.RETENTION_LISTED not in log.verbs_since(start)


def test_the_list_goes_on_on_a_next_page(overdue, pavel, client_for, monkeypatch):
    monkeypatch.setattr(keeping, "PAGE", 2)
    cases = overdue(3)
    first = client_for(pavel).get(reverse("cases:due"))
    assert cases[2].reference not in first.content.decode()
    after = first.context["more"]
    second = client_for(pavel).get(reverse("cases:due"), {"after": str(after)}).content.decode()
    assert cases[2].reference in second and cases[0].reference not in second
    for nonsense in ("1", "x" * 40, str(pavel.pk)):
        answer = client_for(pavel).get(reverse("cases:due"), {"after": nonsense})
        assert answer.status_code == 200


def test_what_waits_and_whose_turn_it_is(overdue, alena, pavel, client_for):
    case = overdue(1)[0]
    erasure.ask_for_erasure(case, reason="retention_over", note=NOTE, by=alena)
    page = client_for(pavel).get(reverse("cases:due")).content.decode()
    assert "Waiting for a decision" in page and page_of(case, "decide") in page and NOTE not in page
    page = client_for(alena).get(reverse("cases:due")).content.decode()
    assert "somebody else decides" in page and page_of(case, "decide") not in page


def test_the_start_page_tells_how_many(overdue, alena, pavel, viktar, yury, client_for):
    cases = overdue(3)
    for by, case in ((alena, cases[0]), (pavel, cases[1])):
        erasure.ask_for_erasure(case, reason="retention_over", note=NOTE, by=by)
    for user, number in ((alena, 1), (pavel, 2)):  # one is due, and one waits for Pavel
        pill = f'<span class="app-pill app-pill--wait">{number}</span>'
        assert pill in client_for(user).get("/").content.decode()
    assert "Due for erasure" in client_for(alena).get("/").content.decode()
    assert "How long cases are kept" in client_for(viktar).get("/").content.decode()
    assert "Due for erasure" not in client_for(yury).get("/").content.decode()


def test_a_damaged_list_of_erasures_is_told(overdue, alena, pavel, client_for):
    case = overdue(1)[0]
    asked = erasure.ask_for_erasure(case, reason="retention_over", note=NOTE, by=alena)
    erasure.approve_erasure(asked, note="Yes", by=pavel)
    path = ledger.places()[0]
    path.write_text(path.read_text().replace('"v":1', '"v":2'))
    page = client_for(pavel).get(reverse("cases:due")).content.decode()
    assert "The list of erasures is damaged" in page
    assert f"Line 1 of {path} cannot be trusted." in page
    assert "is damaged" not in client_for(alena).get(reverse("cases:due")).content.decode()


def test_sessions_that_ended_go_with_an_erasure(case, alena, pavel, client_for, time_machine):
    """One of them could hold the text of a search that nobody looked at."""
    browser = client_for(alena)
    browser.post("/cases/search/", {"q": "Снежаньская"})
    assert Session.objects.count() == 1
    time_machine.move_to(timezone.now() + timedelta(hours=9))
    asked = erasure.ask_for_erasure(case, reason="person_asked", note=NOTE, by=alena)
    erasure.approve_erasure(asked, note="Yes", by=pavel)
    assert Session.objects.count() == 0
