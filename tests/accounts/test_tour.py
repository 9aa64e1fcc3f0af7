"""The tour of the start page: by role, put away once and for good, and seen again when wanted."""

import pytest
from django.test import Client

from accounts.tour import tour_for
from audit.models import Event
from audit.verbs import Verb

pytestmark = pytest.mark.django_db

TOUR = "/account/tour/"


def _cards(browser, address) -> list[str]:
    return [str(card.title) for card in browser.get(address).context["tour"]]


def test_each_role_has_cards_of_its_own(alena, pavel, rita, yury, viktar):
    tours = [tour_for(user) for user in (alena, pavel, rita, yury, viktar)]
    assert [len(tour) for tour in tours] == [5, 5, 5, 5, 3]
    assert len({tour[0] for tour in tours}) == 5


def test_who_puts_it_away_sees_it_only_when_asking(alena, client_for):
    browser = client_for(alena)
    assert _cards(browser, "/")[0] == "Search before you register"
    assert b'action="/account/tour/"' in browser.get("/").content
    for _again in range(2):
        assert browser.post(TOUR).url == "/"
    assert _cards(browser, "/") == []
    assert _cards(browser, TOUR)[0] == "Search before you register"
    assert b'action="/account/tour/"' not in browser.get(TOUR).content
    events = Event.objects.filter(verb=Verb.ACCOUNT_CHANGED, actor=alena.pk)
    assert events.count() == 1


def test_help_shows_hotlines_and_the_topic_of_the_page(settings, alena, client_for):
    settings.HOTLINES = [("Ambulance", "103")]
    browser = client_for(alena)
    for page in ("/help/", "/account/sign-in/"):
        assert "103" in Client().get(page).content.decode(), page
    assert 'class="app-help" href="/help/register/"' in browser.get("/cases/").content.decode()
    assert 'class="app-help" href="/help/"' in browser.get("/nowhere/").content.decode()
    assert browser.get("/help/nothing/").status_code == 404
