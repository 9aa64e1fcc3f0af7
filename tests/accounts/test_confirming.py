"""What needs a recent sign-in: sensitive classes at their first opening, grants, exports, erasure."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.confirming import ConfirmationNeeded, check_recent, unconfirmed
from accounts.services import give_role
from assistance.sections import FinancialAssistance, MedicalAssistance
from assistance.services import record_assistance
from audit.models import EventCase
from audit.verbs import Verb
from cases.models import CaseUserGrant
from cases.services.grants import give_grant
from reporting.services import take_snapshot
from tests.cases.made_files import a_file
from tests.conftest import PASSWORD
from tests.guards import log

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("password_alone")]

DIAGNOSIS = "Broken wrist, set badly"
CONFIRM = "/account/reauthenticate/"


@pytest.fixture(autouse=True)
def now(time_machine):
    """The clock stands still until a test moves it."""
    time_machine.move_to(datetime.now(UTC).replace(microsecond=0), tick=False)
    return time_machine


@pytest.fixture
def treated(case, alena):
    """Alena's case, with a medical record and a payment; the medical record."""
    day = {"status": "delivered", "starts_on": timezone.localdate(), "by": alena}
    record_assistance(case, content=FinancialAssistance(amount=40, currency="BYN"), **day)
    return record_assistance(case, content=MedicalAssistance(diagnosis=DIAGNOSIS), **day)


def _page(case, name="detail", **kwargs):
    return reverse(f"cases:{name}", args=[case.reference], kwargs=None)


def _confirm(browser, answer=None):
    url = answer.headers["Location"] if answer is not None else CONFIRM
    return browser.post(url, {"password": PASSWORD})


def _classes(event):
    return set(log.told(event)["classes"])


# --- Sensitive classes ----------------------------------------------------------------
def test_right_after_signing_in_everything_opens(case, treated, alena, client_for):
    page = client_for(alena).get(_page(case)).content.decode()
    assert DIAGNOSIS in page and "Confirm it is you" not in page


def test_later_the_rest_opens_and_these_wait_for_a_confirmation(case, treated, alena, client_for):
    browser, start = client_for(alena, ago=300), log.size()
    page = browser.get(_page(case)).content.decode()
    assert DIAGNOSIS not in page and "Confirm it is you" in page
    assert "40 BYN" in page and "Kept in a sawmill" in page
    [viewed] = log.since(start)
    assert _classes(viewed).isdisjoint({"medical", "psychological", "legal"})
    assert _classes(viewed) >= {"financial", "narrative"}

    link = browser.get(_page(case)).context["confirm_url"]
    assert browser.post(link, {"password": PASSWORD}).headers["Location"] == _page(case)
    start = log.size()
    assert DIAGNOSIS in browser.get(_page(case)).content.decode()
    assert "medical" in _classes(log.since(start)[0])


def test_what_waits_is_the_same_whether_or_not_there_is_a_record(case, alena, client_for):
    """Whoever finds the screen does not learn that somebody was treated."""
    assert "Confirm it is you" in client_for(alena, ago=300).get(_page(case)).content.decode()


def test_once_opened_they_stay_open_until_the_session_ends(
    case, treated, alena, client_for, now, new_case
):
    browser = client_for(alena)
    browser.get(_page(case))
    for _ in range(6):
        now.shift(timedelta(minutes=10))
        assert DIAGNOSIS in browser.get(_page(case)).content.decode()
    assert DIAGNOSIS not in client_for(alena, ago=300).get(_page(case)).content.decode()


def test_each_class_has_a_first_opening_of_its_own(case, treated, volha, share, client_for, now):
    share(volha, "psychological", "identity")
    browser = client_for(volha)
    browser.get(_page(case))
    now.shift(timedelta(minutes=10))
    give_role(user=volha, role="medical", by=None)
    share(volha, "medical", "psychological")
    page = browser.get(_page(case))
    assert page.context["waits"] and DIAGNOSIS not in page.content.decode()


def test_a_change_of_roles_closes_what_was_open(case, treated, alena, client_for, now):
    browser = client_for(alena)
    browser.get(_page(case))
    now.shift(timedelta(minutes=10))
    assert DIAGNOSIS in browser.get(_page(case)).content.decode()
    give_role(user=alena, role="legal", by=None)
    assert DIAGNOSIS not in browser.get(_page(case)).content.decode()


def test_pages_of_one_record_ask_before_they_open(case, treated, alena, client_for, own_files):
    row = a_file(case, alena, cls="medical", description=DIAGNOSIS)
    pages = [
        reverse("assistance:change", args=[case.reference, treated.pk]),
        _page(case, "trail"),
        *(
            reverse(f"cases:{name}", args=[case.reference, row.pk])
            for name in ("file", "download", "preview")
        ),
    ]
    for url in pages:
        browser = client_for(alena, ago=300)
        start = log.size()
        answer = browser.get(url)
        assert answer.status_code == 302, url
        assert answer.headers["Location"].startswith(CONFIRM), url
        assert log.verbs_since(start) == [], f"{url}: nothing was shown"
        assert _confirm(browser, answer).headers["Location"] == url
        again = browser.get(url)
        assert again.status_code == 200, url
        assert b"Broken wrist" in again.getvalue() or url.endswith(("download/", "preview/"))


def test_pages_of_other_classes_do_not_ask(case, treated, alena, client_for):
    browser = client_for(alena, ago=300)
    for name in ("person", "victim", "consent", "close", "sharing", "who"):
        assert browser.get(_page(case, name)).status_code == 200, name
    for url in ("/", "/cases/"):
        assert browser.get(url).status_code == 200


def test_a_change_that_waits_for_a_confirmation_is_made_after_it(case, treated, alena, client_for):
    url = reverse("assistance:change", args=[case.reference, treated.pk])
    sent = {
        "status": "delivered",
        "starts_on": "2026-03-02",
        "diagnosis": "Healed",
        "revision": "1",
    }
    browser = client_for(alena, ago=300)
    start = log.size()
    answer = browser.post(url, sent)
    assert answer.headers["Location"].startswith(CONFIRM)
    assert log.verbs_since(start) == [Verb.DRAFT_KEPT]
    assert _confirm(browser, answer).headers["Location"] == _page(case)
    assert "Healed" in browser.get(_page(case)).content.decode()


# --- Grants, exports, erasure ---------------------------------------------------------
def test_giving_and_taking_access_wait_for_a_confirmation(case, alena, ihar, client_for):
    browser = client_for(alena, ago=300)
    until = (timezone.localdate() + timedelta(days=5)).isoformat()
    sent = {"to": str(ihar.pk), "classes": ["identity"], "until": until, "reason": "review"}
    given = CaseUserGrant.objects.filter(user=ihar)
    answer = browser.post(_page(case, "sharing"), sent)
    assert answer.headers["Location"].startswith(CONFIRM) and not given.exists()
    assert browser.post(answer.headers["Location"], {"password": "wrong"}).status_code == 200
    assert not given.exists()
    assert _confirm(browser, answer).headers["Location"] == _page(case, "sharing")
    grant = given.get()

    other = client_for(alena, ago=300)
    url = reverse("cases:revoke", args=[case.reference, grant.pk])
    answer = other.post(url)
    assert given.get().revoked_at is None
    _confirm(other, answer)
    assert given.get().revoked_at is not None


def test_a_table_and_a_proof_wait_for_a_confirmation(case, alena, yury, client_for):
    take_snapshot(by=yury)
    number = EventCase.objects.filter(case=case.pk).first().seq
    proof = reverse("cases:proof", args=[case.reference, number])
    for who, url in ((yury, reverse("reporting:csv", args=["gender"])), (alena, proof)):
        browser = client_for(who, ago=300)
        start = log.size()
        answer = browser.get(url)
        assert answer.headers["Location"].startswith(CONFIRM), url
        assert log.size() == start
        assert _confirm(browser, answer).headers["Location"] == url
        assert browser.get(url).status_code == 200


def test_a_service_asks_though_its_view_forgot(case, alena, ihar, rf):
    """Within a request; a command has nobody to ask."""
    from allauth.core import context

    request = rf.get("/")
    request.user, request.session = alena, {}
    grant = {"to": ihar, "classes": ["legal"], "may_write": False, "reason": "review", "by": alena}
    with context.request_context(request):
        with pytest.raises(ConfirmationNeeded):
            check_recent()
        with pytest.raises(ConfirmationNeeded):
            give_grant(case, ends=timezone.now() + timedelta(days=1), **grant)
        assert unconfirmed({"medical", "identity"}) == {"medical"}
    give_grant(case, ends=timezone.now() + timedelta(days=1), **grant)
    assert unconfirmed({"medical"}) == set()


def test_a_form_left_at_the_question_is_not_sent_later(case, alena, client_for):
    """The page is asked for anew; what had been typed before must not be done by that."""
    browser = client_for(alena, ago=300)
    url = _page(case, "erase")
    sent = {"reason": "person_asked", "note": "x", "reference": case.reference}
    browser.post(url, sent)
    answer = browser.get(url)
    start = log.size()
    assert _confirm(browser, answer).headers["Location"] == url
    assert Verb.ERASURE_ASKED not in log.verbs_since(start)


def test_neither_is_a_change_that_the_door_asked_about(case, treated, alena, client_for):
    url = reverse("assistance:change", args=[case.reference, treated.pk])
    browser = client_for(alena, ago=300)
    browser.post(url, {"status": "delivered", "starts_on": "2026-03-02", "revision": "1"})
    start = log.size()
    assert _confirm(browser, browser.get(url)).headers["Location"] == url
    assert Verb.ASSISTANCE_CHANGED not in log.verbs_since(start)


def test_the_five_minutes(case, alena, client_for, now):
    browser = client_for(alena)
    now.shift(timedelta(seconds=299))
    assert browser.get(_page(case, "court")).status_code == 200
    now.shift(timedelta(seconds=1))
    answer = browser.get(_page(case, "court"))
    assert answer.headers["Location"].startswith(CONFIRM)
    start = log.size()
    _confirm(browser, answer)
    assert log.verbs_since(start) == [Verb.CONFIRMED]
    assert browser.get(_page(case, "court")).status_code == 200


def test_a_sign_in_out_of_the_future_is_not_recent(case, alena, client_for):
    assert client_for(alena, ago=-30).get(_page(case, "court")).status_code == 302
