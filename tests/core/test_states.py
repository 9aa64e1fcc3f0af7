"""What stands where there is nothing to show, and where something did not work."""

import time

import pytest
from django.http import StreamingHttpResponse
from django.test import Client

from core.middleware import whole_pages
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

# In an installation without a case, a snapshot or a budget line: what each is told to do.
EMPTY = {
    "alena": {
        "/": "A case appears here when you register a person or a colleague shares one.",
        "/cases/": "A case appears here when you register a person or a colleague shares one.",
        "/cases/work/": "come up a week before their day.",
        "/cases/incoming/": "What a partner sends, or one of you takes down, stands here",
        "/referrals/": "Refer a case from its page.",
        "/providers/": "A supervisor adds those that you work with.",
    },
    "volha": {
        "/": "when the officer who keeps it shares it with you",
        "/cases/": "when the officer who keeps it shares it with you",
    },
    "pavel": {
        "/budgets/": "Make the first budget line",
        "/budgets/report/": "Go to the budgets",
        "/referrals/": "asks to refer somebody without consent",
        "/providers/": "Add those that you work with",
        "/statistics/": "Tables are looked up in a snapshot",
        "/audit/review/": "within a minute after a rule finds it.",
        "/cases/due-for-erasure/": "when the time is over for which it is kept.",
    },
    "yury": {
        "/statistics/": "Take the first snapshot",
        "/statistics/dashboards/": "Take the first snapshot",
        "/statistics/snapshots/": "The first one makes tables and dashboards possible.",
        "/statistics/verifications/": "There is nothing to compare exact figures with.",
        "/statistics/releases/": "What one person proposes and another approves",
    },
    "daria": {
        "/statistics/verifications/": "There is nothing to compare exact figures with.",
        "/cases/broken-glass/": "is up for review a minute later.",
    },
    "viktar": {
        "/people/?office=&state=suspended": "Show everybody",
        "/people/waiting/": "Requests of colleagues that take a second person appear here.",
    },
    "ingrid": {
        "/statistics/dashboards/": "An analyst takes it.",
        "/statistics/releases/": "What one person proposes and another approves",
    },
}


@pytest.mark.parametrize("who", EMPTY)
def test_an_empty_list_says_why_and_what_to_do(who, request, client_for):
    browser = client_for(request.getfixturevalue(who))
    for address, words in EMPTY[who].items():
        answer = browser.get(address)
        page = answer.content.decode()
        assert answer.status_code == 200, address
        assert 'class="app-empty"' in page and words in page, address


def test_an_address_that_only_takes_a_form_has_a_page(alena, client_for):
    answer = client_for(alena).get("/account/display/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "Nothing to open here" in answer.content.decode()


def test_who_was_signed_out_by_time_is_told_so_once(alena, settings, time_machine):
    settings.SECOND_FACTOR_REQUIRED = False
    browser = Client()
    browser.post("/account/sign-in/", {"login": "alena", "password": PASSWORD})
    time_machine.move_to(time.time() + settings.SESSION_IDLE + 60, tick=False)
    led = browser.get("/cases/")
    assert led.url == "/account/sign-in/?next=/cases/&over=1"
    assert "You were signed out, because nothing was done" in browser.get(led.url).content.decode()
    assert browser.get("/cases/").url == "/account/sign-in/?next=/cases/"
    assert "You were signed out" not in Client().get("/cases/", follow=True).content.decode()


def test_a_failure_that_is_sent_piece_by_piece_is_let_through(rf):
    answer = StreamingHttpResponse([b"<!doctype html>"], status=503)
    request = rf.get("/", headers={"HX-Request": "true"})
    assert whole_pages(lambda request: answer)(request) is answer
    assert "HX-Retarget" not in answer
