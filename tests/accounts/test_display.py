"""Choosing the language and the colours of the pages: where it is remembered, and for whom it counts."""

from contextlib import suppress
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.urls import NoReverseMatch, reverse

from audit.models import Event
from audit.verbs import Verb
from core.http import answers_get
from tests.conftest import PASSWORD
from tests.guards.matrix import table
from tests.guards.test_logs import patterns

pytestmark = pytest.mark.django_db

CHOOSE = "/account/display/"
RUSSIAN, BELARUSIAN = '<html lang="ru" dir="ltr">', '<html lang="be" dir="ltr">'


def _page(browser, address="/help/", **more):
    return browser.get(address, **more).content.decode()


def test_whoever_is_not_signed_in_chooses_for_the_browser():
    browser = Client(headers={"accept-language": "ru"})
    page = _page(browser, "/account/sign-in/?next=/cases/")
    assert RUSSIAN in page
    assert (
        '<button class="app-button-link" type="submit" name="language" value="be" lang="be">'
        in page
    )
    assert '<span lang="ru" aria-current="true">Русский</span>' in page
    came_from = "http://testserver/account/sign-in/?next=/cases/"
    answer = browser.post(CHOOSE, {"language": "be"}, headers={"referer": came_from})
    assert answer.url == came_from
    cookie = answer.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and not cookie["domain"]
    assert BELARUSIAN in _page(browser)


def test_an_account_keeps_its_language_in_every_browser(alena, client_for):
    client_for(alena).post(CHOOSE, {"language": "be"})
    alena.refresh_from_db()
    assert alena.language == "be"
    elsewhere = Client(headers={"accept-language": "ru"})
    assert RUSSIAN in _page(elsewhere)
    elsewhere.post("/account/sign-in/", {"login": "alena", "password": PASSWORD})
    assert BELARUSIAN in _page(elsewhere)


def test_a_choice_is_recorded_once(alena, client_for):
    browser = client_for(alena)
    for _again in range(2):
        browser.post(CHOOSE, {"language": "ru"})
    assert Event.objects.filter(verb=Verb.ACCOUNT_CHANGED, actor=alena.pk).count() == 1
    assert alena.history.count() == 2


def test_colours_are_chosen_like_the_language(alena, client_for):
    nobody = Client()
    assert "data-theme" not in _page(nobody)  # the device says
    answer = nobody.post(CHOOSE, {"theme": "contrast", "next": "/help/"})
    cookie = answer.cookies[settings.THEME_COOKIE_NAME]
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and not cookie["domain"]
    assert ' data-theme="contrast">' in _page(nobody)
    assert ' data-theme="contrast">' in _page(nobody, "/calendar/")
    browser = client_for(alena)
    browser.post(CHOOSE, {"theme": "dark"})
    alena.refresh_from_db()
    assert (alena.theme, alena.language) == ("dark", "")
    assert Event.objects.filter(verb=Verb.ACCOUNT_CHANGED, actor=alena.pk).count() == 1
    nobody.post("/account/sign-in/", {"login": "alena", "password": PASSWORD})
    assert ' data-theme="dark">' in _page(nobody)  # the account goes before the browser
    browser.post(CHOOSE, {"theme": "device"})
    assert "data-theme" not in _page(browser)
    assert '<span aria-current="true">Colours as on this device</span>' in _page(browser)


def test_half_a_sign_in_changes_no_account(alena, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    browser = Client()
    browser.post("/account/sign-in/", {"login": "alena", "password": PASSWORD})
    browser.post(CHOOSE, {"language": "ru"})
    alena.refresh_from_db()
    assert alena.language == ""
    assert RUSSIAN in _page(browser, "/account/second-factor-needed/")


@pytest.mark.parametrize(
    "address",
    ["https://example.org/", "//example.org", "javascript:alert(1)", "", "/\\example.org"],
)
def test_nobody_is_led_elsewhere(address):
    answer = Client().post(CHOOSE, {"language": "ru"}, headers={"referer": address})
    assert answer.url == reverse("home")


@pytest.mark.parametrize("page", ["/account/display/", "/statistics/saved/", "/no/such/page/"])
def test_who_comes_from_an_address_that_only_takes_a_form_is_led_to_the_start_page(
    alena, client_for, page
):
    """Such as the page of an error that answered one."""
    came_from = f"http://testserver{page}"
    answer = client_for(alena).post(CHOOSE, {"language": "ru"}, headers={"referer": came_from})
    assert answer.url == reverse("home")
    assert client_for(alena).get(answer.url).status_code == 200


def test_which_address_answers_a_browser_is_known_of_each():
    """It is read off the decorators of the views. The table of all addresses tells the same."""
    some = {
        "UUIDConverter": uuid4(),
        "IntConverter": 1,
        "SlugConverter": "a",
        "StringConverter": "a",
    }
    answers = {
        name: row.statuses.values() for (name, method), row in table().items() if method == "GET"
    }
    asked = 0
    for name, pattern in patterns():
        if not {200, 405}.intersection(answers[name]):
            continue  # there only with single sign-on, or in a demonstration
        parts = pattern.pattern.converters.items()
        wanted = {part: some[type(converter).__name__] for part, converter in parts}
        with suppress(NoReverseMatch):  # a part of it stands in the address that it is part of
            assert answers_get(reverse(name, kwargs=wanted)) == (200 in answers[name]), name
            asked += 1
    assert asked > 100


def test_nothing_else_is_taken(alena, client_for):
    browser = client_for(alena)
    assert browser.post(CHOOSE, {"language": "xx"}).status_code == 400
    assert browser.post(CHOOSE, {"theme": "pink"}).status_code == 400
    assert browser.post(CHOOSE, {"next": "/"}).status_code == 400
    assert browser.get(CHOOSE).status_code == 405
    browser.cookies[settings.THEME_COOKIE_NAME] = '"><b>'
    assert "data-theme" not in _page(browser)


def test_other_sites_choose_nothing():
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(CHOOSE, {"language": "ru"}).status_code == 403


def test_programs_are_answered_in_english(yury, client_for):
    browser = client_for(yury)
    browser.post(CHOOSE, {"language": "be"})
    answer = browser.get("/statistics/api/table")
    assert answer.json()["error"]["message"] == "No statistics have been taken yet."
    stranger = Client(headers={"accept-language": "ru", "authorization": "Bearer wrong"})
    assert "Sign in" in stranger.get("/statistics/api/table").json()["error"]["message"]


def test_a_language_written_from_right_to_left_turns_the_page(settings):
    settings.LANGUAGES = [*settings.LANGUAGES, ("ar", "العربية")]
    assert '<html lang="ar" dir="rtl">' in _page(Client(headers={"accept-language": "ar"}))
