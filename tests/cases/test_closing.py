"""Closing a case takes two people, and what stands open is explained."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from assistance.sections import FinancialAssistance
from assistance.services import record_assistance
from audit.verbs import Verb
from cases import approvals, door
from cases.closing import CLOSURE_CHECKS, still_open
from cases.entries import ENTRY_KINDS
from cases.models import Approval, Case, Closure
from cases.sections import RiskContent
from cases.services import casework, closing
from core.exceptions import BadInput, Conflict, NotAllowed, WrongState
from tests.cases.closed import ask_closure
from tests.cases.made_files import a_file
from tests.guards import log

pytestmark = pytest.mark.django_db


def ask(case, by, **changed):
    asked = {"status": "Closed", "closed_on": timezone.localdate(), "reason": "Moved"}
    asked |= {"details": "Went home", "explained": {}}
    return closing.ask_closure(case, **asked | changed, by=by)


def names(case):
    return [check.name for check in still_open(case)]


def test_a_case_is_closed_when_somebody_else_approves(case, alena, pavel):
    closure = ask(case, alena)
    now = Case.objects.get(pk=case.pk)
    assert (now.status, now.retain_until) == ("Active", None), "it is worked on until then"
    start = log.size()
    approvals.approve(closure, revision=1, by=pavel)
    closed = Case.objects.get(pk=case.pk)
    assert (closed.status, closed.stage, closed.closed_on) == (
        "Closed",
        "closed",
        timezone.localdate(),
    )
    assert closed.retain_until is not None
    verbs = set(log.verbs_since(start))
    assert {Verb.CLOSURE_APPROVED, Verb.CASE_CLOSED, Verb.CONTENT_APPROVED} <= verbs
    [sections] = door.open_rows([closed], by=alena, classes=["narrative"])
    assert sections["summary"].reason_for_case_closure == "Went home"
    assert sections["summary"].referring_organisation == "Red Cross", "the rest stays"


def test_nobody_approves_their_own_and_no_other_version(case, alena, pavel, person):
    closure = ask(case, alena)
    both = person("both", "case_officer", "supervisor")
    with pytest.raises(NotAllowed):
        approvals.approve(closure, revision=1, by=alena)
    sent = closing.send_back(closure, note="Visit her first", by=pavel)
    with pytest.raises(WrongState):
        approvals.approve(sent, revision=sent.revision, by=pavel)
    own = ask(Case.objects.get(pk=case.pk), alena)
    with pytest.raises(Conflict):
        approvals.approve(own, revision=2, by=pavel)
    approvals.approve(own, revision=1, by=both)
    assert Case.objects.get(pk=case.pk).status == "Closed"


def test_what_stands_open_is_computed_from_the_case(case, alena, volha, share, person, settings):
    assert names(case) == []
    risk = RiskContent(risk_level="high", review_due=timezone.localdate())
    casework.record_entry(case, ENTRY_KINDS["risk"], risk, by=alena)
    share(volha, "psychological")
    assert names(case) == ["risk"], "a colleague is no other organisation"
    share(person("partner", "partner_officer"), "legal")
    payment = FinancialAssistance(amount=40, currency="BYN")
    day = {"starts_on": timezone.localdate(), "by": alena}
    record_assistance(case, content=payment, status="planned", **day)
    assert names(case) == ["referrals", "risk", "assistance"]
    later = RiskContent(risk_level="low", review_due=timezone.localdate() + timedelta(days=9))
    casework.record_entry(case, ENTRY_KINDS["risk"], later, by=alena)
    assert names(case) == ["referrals", "assistance"]


def test_a_file_that_waits_stands_open(case, alena, own_files, settings):
    settings.DATA_DIR, settings.CLAMD = own_files, "127.0.0.1:9"
    a_file(case, alena)
    assert names(case) == ["files"]


def test_what_stands_open_is_explained_or_nothing_is_closed(case, alena, pavel, person, share):
    share(person("partner", "partner_officer"), "legal")
    with pytest.raises(WrongState, match="No other organisation"):
        ask(case, alena)
    closure = ask(case, alena, explained={"referrals": "The lawyer goes on until the verdict"})
    risk = RiskContent(risk_level="high", review_due=timezone.localdate())
    casework.record_entry(case, ENTRY_KINDS["risk"], risk, by=alena)
    with pytest.raises(WrongState, match="No review of the risk"):
        approvals.approve(closure, revision=1, by=pavel)
    assert Case.objects.get(pk=case.pk).status == "Active"
    assert not Approval.objects.exists() and Closure.objects.get().state == "asked"


LONG_AGO = date(2001, 1, 1)


@pytest.mark.parametrize(
    "wrong", [{"status": "Active"}, {"reason": "Bored"}, {"closed_on": LONG_AGO}]
)
def test_what_does_not_fit_is_refused(case, alena, wrong):
    with pytest.raises(BadInput):
        ask(case, alena, **wrong)


def test_one_waits_at_a_time(case, alena, pavel):
    closure = ask(case, alena)
    with pytest.raises(WrongState):
        ask(case, alena)
    twin = Closure.objects.get(pk=closure.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        Closure.objects.bulk_create([Closure(**_columns(twin))])
    closing.send_back(closure, note="Not yet", by=alena)
    assert Closure.objects.get().state == "withdrawn"
    assert ask(case, alena).state == "asked"


def _columns(row):
    columns = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return columns | {"id": Closure().id}


def test_who_asks_and_who_sends_back(case, alena, pavel, ihar, iryna, volha, share):
    share(volha, "psychological", "identity")
    for user in (pavel, ihar, volha):
        with pytest.raises(NotAllowed):
            ask(case, user)
    closure = ask(case, alena)
    for user in (ihar, iryna, volha):
        with pytest.raises(NotAllowed):
            closing.send_back(closure, note="", by=user)
    sent = closing.send_back(closure, note="Visit her first", by=pavel)
    [sections] = door.open_rows([sent], by=alena)
    assert sections["content"].sent_back_because == "Visit her first"
    with pytest.raises(WrongState):
        closing.send_back(sent, note="", by=pavel)


def test_the_form_asks_for_what_the_case_lacks(case, alena, person, share, client_for):
    url = reverse("cases:close", args=[case.reference])
    browser = client_for(alena)
    page = browser.get(url).content.decode()
    assert "explain_referrals" not in page and "No other organisation sees the case" in page
    share(person("partner", "partner_officer"), "legal")
    assert "explain_referrals" in browser.get(url).content.decode()
    day = timezone.localdate().isoformat()
    asked = {"status": "Closed", "closed_on": day, "reason": "Moved", "details": "Went home"}
    refused = browser.post(url, asked)
    assert refused.status_code == 422 and not Closure.objects.exists()
    assert "Tick it, or say why" in refused.content.decode()
    asked |= {"explain_referrals": "The lawyer goes on", "explain_documents": "In our safe"}
    assert browser.post(url, asked).status_code == 302
    page = browser.get(reverse("cases:detail", args=[case.reference])).content.decode()
    assert "The lawyer goes on" in page and "In our safe" in page and "Waits for approval" in page


def test_sending_it_back_on_the_page(case, alena, pavel, client_for):
    closure = ask_closure(case, closed_on=timezone.localdate(), by=alena)
    url = reverse("cases:send_back", args=[case.reference, closure.pk])
    browser = client_for(pavel)
    assert browser.post(url, {"note": ""}).status_code == 422
    assert browser.post(url, {"note": "Visit her first"}).status_code == 302
    page = client_for(alena).get(reverse("cases:detail", args=[case.reference])).content.decode()
    assert "Visit her first" in page and "Sent back" in page and "Close the case" in page
    assert browser.get(url).status_code == 409


def test_every_check_has_a_name_of_its_own():
    names = [check.name for check in CLOSURE_CHECKS]
    assert len(names) == len(set(names)) and {"referrals", "assistance", "documents"} <= set(names)
