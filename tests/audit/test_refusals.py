"""Every refusal is an event: of a page, of a form, of a token, of one attempt too many."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.verbs import Verb
from tests.conftest import PASSWORD
from tests.guards import log

pytestmark = pytest.mark.django_db


def _refusals(start):
    """(who, reason, cases) of each."""
    told = [(event.actor, log.told(event)) for event in log.since(start) if _is_one(event)]
    return [(actor, entry["reason"], entry["cases"]) for actor, entry in told]


def _is_one(event):
    assert (event.verb == Verb.REFUSED) <= (event.outcome == "denied")
    return event.verb == Verb.REFUSED


def test_a_case_that_is_somebody_elses(case, ihar, client_for):
    start = log.size()
    assert client_for(ihar).get(f"/cases/{case.reference}/").status_code == 403  # restricted
    assert _refusals(start) == [(ihar.pk, "cases:detail", [str(case.pk)])]


def test_a_page_for_which_one_has_no_right(case, volha, rita, client_for):
    start = log.size()
    assert client_for(rita).get(f"/cases/{case.reference}/").status_code == 403
    assert client_for(volha).get("/audit/").status_code == 403
    assert [found[:2] for found in _refusals(start)] == [
        (rita.pk, "cases:detail"),
        (volha.pk, "audit:log"),
    ]


def test_a_page_that_is_guessed_at_by_somebody_known(alena, client_for):
    start = log.size()
    assert client_for(alena).get("/admin/").status_code == 404
    assert _refusals(start) == [(alena.pk, "no such page", [])]


def test_a_page_that_is_guessed_at_by_nobody_known_fills_no_log(db):
    start = log.size()
    for number in range(3):
        assert Client().get(f"/wp-admin/{number}").status_code == 404
    assert log.size() == start


def test_a_form_without_its_token(alena, case):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alena, backend="allauth.account.auth_backends.AuthenticationBackend")
    start = log.size()
    page = reverse("cases:person", args=[case.reference])
    assert browser.post(page, {"first_name": "X"}).status_code == 403
    assert _refusals(start) == [(alena.pk, "csrf cases:person", [])]


def test_forms_without_their_token_fill_no_log(alena, time_machine):
    time_machine.move_to(datetime.now(UTC))
    browser, start = Client(enforce_csrf_checks=True), log.size()
    answers = {"login": "alena", "password": PASSWORD}
    for _ in range(5):
        assert browser.post("/account/sign-in/", answers).status_code == 403
    assert _refusals(start) == [(None, "csrf account_login", [])]
    time_machine.shift(timedelta(seconds=61))
    browser.post("/account/sign-in/", answers)
    assert len(_refusals(start)) == 2


# --- Forms that ask for more than their page offered ----------------------------------
def test_sharing_what_one_may_not_open(case, alena, volha, yury, client_for):
    browser, page = client_for(alena), reverse("cases:sharing", args=[case.reference])
    until = timezone.localdate() + timedelta(days=9)
    answers = {"to": volha.pk, "classes": ["facts"], "until": until, "reason": "treatment"}
    start = log.size()
    assert browser.post(page, answers).status_code == 422
    answers |= {"to": yury.pk, "classes": ["legal"]}  # an analyst opens no case
    assert browser.post(page, answers).status_code == 422
    assert _refusals(start) == [(alena.pk, "cases:sharing", [str(case.pk)])] * 2
    start = log.size()
    assert browser.post(page, answers | {"to": volha.pk, "until": ""}).status_code == 422
    assert _refusals(start) == [], "a mistake is no attempt"


def test_writing_in_a_class_that_is_not_shared(case, volha, share, client_for):
    share(volha, "psychological", "identity")
    browser = client_for(volha)
    start = log.size()
    browser.post(reverse("assistance:record", args=[case.reference]), {"kind": "medical"})
    browser.post(reverse("cases:add_file", args=[case.reference]), {"cls": "medical"})
    assert _refusals(start) == [
        (volha.pk, "assistance:record", [str(case.pk)]),
        (volha.pk, "cases:add_file", [str(case.pk)]),
    ]
