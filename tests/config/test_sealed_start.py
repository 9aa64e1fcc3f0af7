"""While nobody gave the passphrase, Tutela shows the page that takes it, and nothing else."""

import logging
import time
from collections.abc import Iterator
from threading import Event as Signal
from threading import Thread

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from audit.models import Event
from audit.verbs import Verb
from config import sealed, startup
from core.middleware import METHODS
from tests.conftest import PASSWORD
from tests.guards.test_headers import check_headers
from tests.vault import keeping
from vault import providers
from vault.keyring import keyring
from vault.models import DataKey, KeyEncryptionKey
from vault.providers.passphrase import Passphrase

pytestmark = pytest.mark.django_db

SIGN_IN = "/account/sign-in/"
WRONG = "a wrong passphrase of six words"


@pytest.fixture
def places(settings, monkeypatch, tmp_path) -> Iterator[keeping.Places]:
    with keeping.set_up(settings, monkeypatch, tmp_path) as found:
        found.use("passphrase")
        KeyEncryptionKey.objects.all().delete()
        DataKey.objects.all().delete()
        keyring.forget()
        keyring.unlock()
        monkeypatch.setattr(sealed, "PAUSE", 0)
        yield found


@pytest.fixture
def beside(monkeypatch) -> list[str]:
    """What was started beside the pages: threads of their own, which a test does without."""
    started: list[str] = []
    monkeypatch.setattr(startup, "run_beside", lambda: started.append("begun"))
    return started


@pytest.fixture
def restart(places, beside, monkeypatch):
    """The process that serves pages begins anew."""

    # The transaction of the test is on this connection.
    monkeypatch.setattr(startup.connections, "close_all", lambda: None)

    def again() -> None:
        keyring.forget()
        monkeypatch.setattr(Passphrase, "may_ask", True)  # never_ask() sets it; undone afterwards
        startup.refuse_unless_ready(serve=True)

    return again


def give(passphrase: str, browser: Client | None = None):
    return (browser or Client()).post(SIGN_IN, {"passphrase": passphrase})


# --- What is served -------------------------------------------------------------------
def paths() -> Iterator[str]:
    """A path of every address there is."""

    def walk(patterns: list, before: str) -> Iterator[str]:
        for pattern in patterns:
            route = before + str(getattr(pattern.pattern, "_route", pattern.pattern.regex.pattern))
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern):
                yield "/" + route.replace("^", "").replace("$", "")

    return walk(get_resolver("config.urls").url_patterns, "")


def test_every_other_address_waits_whatever_the_method(restart):
    restart()
    found = set(paths()) - {SIGN_IN, "/health/"}
    assert len(found) > 30
    for path in found | {"/nothing/of/the/kind"}:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            answer = Client().generic(method, path)
            assert answer.status_code == (503 if method in METHODS else 405), (method, path)
            assert method not in ("GET", "POST") or b"Tutela is sealed" in answer.content
            check_headers(f"{method} {path}", answer)
    assert not Event.objects.exists()


@pytest.mark.parametrize("state", ["sealed", "idle"])  # tests have no worker
def test_the_health_address_says_one_word(restart, state):
    restart()
    if state == "idle":
        give(keeping.FIRST)
    answer = Client().get("/health/")
    assert (answer.status_code, answer.content.decode()) == (200, state)
    assert not answer.cookies
    assert Client().post("/health/").status_code == 405


def test_the_page_that_takes_the_passphrase_keeps_the_rules_of_every_page(restart):
    restart()
    answer = Client().get(SIGN_IN)
    page = answer.content.decode()
    assert answer.status_code == 200 and 'type="password"' in page and "<script" not in page
    assert 'autocomplete="off"' in page and "csrfmiddlewaretoken" in page
    check_headers("sealed", answer)


def test_a_session_of_before_is_left_alone_and_goes_on_afterwards(restart, alena, client_for):
    browser = client_for(alena)
    restart()
    answer = browser.get("/cases/")
    assert answer.status_code == 503
    assert not answer.cookies
    give(keeping.FIRST, browser)
    assert browser.get("/cases/").status_code == 200


def test_a_sign_in_form_of_before_asks_for_the_passphrase(restart, alena):
    restart()
    answer = Client().post(SIGN_IN, {"login": "alena", "password": PASSWORD})
    assert answer.status_code == 200 and b"Passphrase of this installation" in answer.content
    assert PASSWORD not in answer.content.decode()
    assert "_auth_user_id" not in str(answer.cookies)


# --- Giving the passphrase ------------------------------------------------------------
def test_the_right_passphrase_opens_everything_and_is_recorded(restart, beside, alena):
    restart()
    assert beside == []
    answer = give(keeping.FIRST)
    assert (answer.status_code, answer.headers["Location"]) == (302, SIGN_IN)
    assert beside == ["begun"]
    event = Event.objects.latest("seq")
    assert (event.verb, event.outcome, event.actor) == ("unsealed", "ok", None)
    assert b"127.0.0.1" not in bytes(event.entry)  # an address is sealed
    signed_in = Client().post(SIGN_IN, {"login": "alena", "password": PASSWORD})
    assert signed_in.status_code == 302


def test_when_what_follows_fails_tutela_stays_sealed(restart, monkeypatch):
    restart()

    def fail() -> None:
        assert Client().get("/help/").status_code == 503  # nothing is served before it is done
        raise RuntimeError("a fault")

    monkeypatch.setattr(startup, "run_beside", fail)
    answer = Client(raise_request_exception=False).post(SIGN_IN, {"passphrase": keeping.FIRST})
    assert answer.status_code == 500
    assert keyring.is_sealed()


def test_a_wrong_one_opens_nothing_is_recorded_and_shown_nowhere(restart, beside, caplog):
    restart()
    with caplog.at_level(logging.DEBUG):
        answer = give(WRONG)
    assert answer.status_code == 422 and b"This is not the passphrase" in answer.content
    assert keyring.is_sealed() and beside == []
    [event] = Event.objects.all()
    assert (event.verb, event.outcome) == ("unsealing_failed", "denied")
    everywhere = answer.content.decode() + str(answer.headers) + caplog.text + str(event.entry)
    assert WRONG not in everywhere
    assert not _stored(WRONG)
    give(keeping.FIRST)
    assert not _stored(keeping.FIRST) and keeping.FIRST not in caplog.text


def _stored(text: str) -> bool:
    """Is this text anywhere in the main database?"""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            if any(text in str(value) for row in cursor for value in row):
                return True
    return False


@pytest.mark.parametrize("given", ["", " ", "x" * 5000])
def test_what_cannot_be_a_passphrase_opens_nothing(restart, given):
    restart()
    assert give(given).status_code in (200, 422)
    assert keyring.is_sealed()


def test_without_the_token_of_the_form_nothing_is_tried(restart):
    restart()
    answer = give(keeping.FIRST, Client(enforce_csrf_checks=True))
    assert answer.status_code == 403
    assert keyring.is_sealed()
    assert list(Event.objects.values_list("verb", "outcome")) == [(Verb.REFUSED, "denied")]


def test_a_wrong_one_costs_time_on_top_of_its_work(restart, monkeypatch):
    restart()
    monkeypatch.setattr(sealed, "PAUSE", 0.5)
    began = time.monotonic()
    give(WRONG)
    assert time.monotonic() - began > 0.5


def test_one_is_tried_at_a_time(restart, monkeypatch):
    """While one is being tried, others are turned away without being tried."""
    restart()
    tried, may_end, trying = [], Signal(), Signal()

    def slowly(passphrase: str) -> bool:
        tried.append(passphrase)
        trying.set()
        return may_end.wait(10) and False

    monkeypatch.setattr(keyring, "open_with", slowly)
    monkeypatch.setattr(sealed.trail, "record", lambda *args, **options: None)
    first = Thread(target=give, args=("first",))
    first.start()
    assert trying.wait(10)
    answer = give("second")
    may_end.set()
    first.join()
    assert tried == ["first"]
    assert answer.status_code == 422 and b"being tried at this moment" in answer.content


def test_two_right_ones_at_once_start_things_once(restart, beside):
    """The second was let in while Tutela was still sealed, and comes to its turn later."""
    restart()
    give(keeping.FIRST)
    answer = sealed.passphrase(RequestFactory().post(SIGN_IN, {"passphrase": keeping.FIRST}))
    assert answer.status_code == 302 and beside == ["begun"]


# --- Start ----------------------------------------------------------------------------
def test_with_a_passphrase_there_is_one_worker(places):
    with pytest.raises(CommandError, match="runs one worker"):
        call_command("start", workers=2)


def test_a_served_process_never_waits_at_a_terminal(restart):
    restart()
    with pytest.raises(ImproperlyConfigured, match="sealed"):
        keyring.unlock()


def test_a_served_process_makes_no_passphrase(restart, places):
    KeyEncryptionKey.objects.all().delete()
    places.type(keeping.FIRST)
    with pytest.raises(ImproperlyConfigured, match="start on a terminal"):
        restart()
    assert not KeyEncryptionKey.objects.exists()


def test_preparing_to_serve_asks_for_no_passphrase(places):
    keyring.forget()
    places.type()  # nothing comes in
    startup.refuse_unless_ready(serve=False)
    assert keyring.is_sealed()


def test_start_refuses_keys_that_another_provider_keeps(places, settings):
    settings.ROOT_KEY_PROVIDER = "file"
    with pytest.raises(ImproperlyConfigured, match="rotate_keys --root"):
        startup.refuse_unless_ready(serve=False)


def test_with_a_key_file_nothing_is_ever_sealed(settings):
    assert settings.ROOT_KEY_PROVIDER == "file"
    assert not keyring.is_sealed() and not providers.configured().is_sealed()
    assert Client().get("/health/").content == b"idle"  # tests have no worker
