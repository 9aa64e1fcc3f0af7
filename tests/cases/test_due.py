"""What is due: found out of open columns, for whom it is, and listed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.verbs import Verb
from cases.due import DUE_KINDS, Due, DueKind, Show, due_for
from cases.entries import ENTRY_KINDS
from cases.models import Case
from cases.sections import ConsentTerms, RiskContent
from cases.services import casework
from cases.services.consents import record_consent
from cases.services.exclusions import exclude
from cases.services.intake import register_case
from tests.cases.closed import ask_closure, close_case
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db


def in_days(number):
    return timezone.localdate() + timedelta(days=number)


def kinds(user, show):
    return [one.kind for one in due_for(user)[show]]


def assess(case, by, days):
    content = RiskContent(risk_level="high", review_due=in_days(days))
    casework.record_entry(case, ENTRY_KINDS["risk"], content, by=by)


def consent(case, by, days, on=0):
    ends = None if days is None else in_days(days)
    terms = ConsentTerms(consented=True, purposes=["assistance"], expires_on=ends)
    record_consent(case, terms=terms, recorded_on=in_days(on), by=by)


def test_a_consent_comes_up_a_week_before_it_runs_out(case, alena):
    consent(case, alena, 8)
    assert kinds(alena, Show.WEEK) == []
    consent(case, alena, 7)
    assert kinds(alena, Show.WEEK) == ["consent"]
    consent(case, alena, -1)
    assert (kinds(alena, Show.WEEK), kinds(alena, Show.OVERDUE)) == ([], ["consent"])
    consent(case, alena, None)
    assert due_for(alena)[Show.OVERDUE] == [], "the last one counts"


def test_the_last_consent_is_the_one_of_the_last_day(case, alena):
    consent(case, alena, None)
    consent(case, alena, 3, on=-1)
    assert kinds(alena, Show.WEEK) == []


def test_what_was_shared_comes_up_before_it_ends(case, alena, volha, ihar, share, person):
    share(volha, "psychological", days=30)
    share(ihar, "legal", days=3)
    [line] = due_for(alena)[Show.WEEK]
    assert (line.kind, line.on) == ("grant", in_days(3)) and "Ihar" in line.note
    assert due_for(ihar) == due_for(volha), "they cannot prolong it"


def test_a_closure_waits_for_whoever_may_approve_it(case, alena, pavel, iryna, person):
    both = person("both", "case_officer", "supervisor")
    ask_closure(case, closed_on=timezone.localdate(), by=alena)
    assert kinds(pavel, Show.WAITING) == kinds(both, Show.WAITING) == ["closure"]
    assert kinds(alena, Show.WAITING) == kinds(iryna, Show.WAITING) == []
    exclude(case, person=both, ground="relative", note="", by=pavel)
    assert kinds(both, Show.WAITING) == []


def test_nothing_of_a_closed_case_is_due(case, alena, pavel):
    assess(case, alena, 1)
    consent(case, alena, 1)
    assert sorted(kinds(alena, Show.WEEK)) == ["consent", "risk"]
    close_case(Case.objects.get(pk=case.pk), closed_on=timezone.localdate(), by=alena)
    assert all(lines == [] for lines in due_for(alena).values())
    assert all(lines == [] for lines in due_for(pavel).values())


def test_each_number_of_the_start_page_opens_its_list(case, alena, pavel, client_for):
    assess(case, alena, -1)
    consent(case, alena, 2)
    browser, start = client_for(alena), log.size()
    page = browser.get(reverse("home")).content.decode()
    for show, number in (("overdue", 1), ("week", 1), ("waiting", 0)):
        shown = page[page.index(f'href="/cases/work/?show={show}"') :].split("</p>")[0]
        assert f">{number}</span>" in shown
    late = browser.get(reverse("cases:work"), {"show": "overdue"}).content.decode()
    assert SENTINELS["identity"] in late and ">High<" in late
    assert "<td" in late and late.count(f">{case.reference}<") == 1
    both = browser.get(reverse("cases:work")).content.decode()
    assert both.count(f">{case.reference}<") == 2
    one = browser.get(reverse("cases:work"), {"kind": "consent"}).content.decode()
    assert one.count(f">{case.reference}<") == 1
    nothing = browser.get(reverse("cases:work"), {"show": "waiting"}).content.decode()
    assert "Nothing here is due" in nothing and case.reference not in nothing
    assert browser.get(reverse("cases:work"), {"show": "x", "kind": "<b>"}).status_code == 200
    assert Verb.CASE_LISTED in log.verbs_since(start)


def test_an_upper_app_adds_a_kind(case, alena, ihar, monkeypatch):
    """Of a case that somebody does not see it names nothing, whatever the kind finds."""

    def visits(user, until):
        return [Due("visit", case, until)]

    monkeypatch.setattr("cases.due.DUE_KINDS", [*DUE_KINDS, DueKind("visit", "Visit", visits)])
    assert kinds(alena, Show.WEEK) == ["visit"] and kinds(ihar, Show.WEEK) == []


def test_the_number_of_queries_does_not_grow_with_the_cases(case, new_case, alena, volha, share):
    def ask():
        with CaptureQueriesContext(connection) as queries:
            found = due_for(alena)
        return len(queries), len(found[Show.WEEK])

    assess(case, alena, 1)
    consent(case, alena, 1)
    share(volha, "psychological", days=2)
    few, lines = ask()
    assert lines == 3
    for _number in range(5):
        more = register_case(new_case, by=alena)
        assess(more, alena, 1)
        consent(more, alena, 1)
    assert ask() == (few, 13)
