"""How long a session lasts, what ends it, its person's list of them, and what a stolen one is worth."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Session, User
from accounts.own_sessions import device_of
from accounts.services import change_account, give_role, take_role
from accounts.sessions import BEGUN, USED, SessionStore, digest_of, opened, sweep
from audit.verbs import Verb
from tests.conftest import PASSWORD
from tests.guards import log

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("password_alone")]

SIGN_IN = "/account/sign-in/"
HOME = "/help/"  # asks nothing of the log


@pytest.fixture(autouse=True)
def now(time_machine):
    """The clock stands still until a test moves it."""
    time_machine.move_to(datetime.now(UTC).replace(microsecond=0), tick=False)
    return time_machine


def _sign_in(username="alena", password=PASSWORD, **headers):
    browser = Client(headers=headers)
    browser.post(SIGN_IN, {"login": username, "password": password})
    return browser


def _is_in(browser):
    return browser.get("/").status_code == 200


def _key(browser):
    return browser.cookies["session"].value


def _with_cookie(key):
    """Somebody who stole the cookie."""
    thief = Client()
    thief.cookies["session"] = key
    return thief


# --- How long it lasts ----------------------------------------------------------------
def test_fifteen_minutes_without_use_end_it(alena, now):
    browser = _sign_in()
    for _ in range(3):
        now.shift(timedelta(minutes=14, seconds=59))
        assert _is_in(browser)
    now.shift(timedelta(minutes=15))
    start = log.size()
    assert not _is_in(browser)
    [ended] = log.since(start)
    assert (ended.verb, ended.actor, log.told(ended)["reason"]) == (
        Verb.SESSION_ENDED,
        alena.pk,
        "idle",
    )
    assert not Session.objects.exists()


def test_a_working_day_ends_it_however_much_it_is_used(alena, now):
    browser = _sign_in()
    for _ in range(47):
        now.shift(timedelta(minutes=10))
        assert _is_in(browser)
    now.shift(timedelta(minutes=9, seconds=59))
    assert _is_in(browser)
    now.shift(timedelta(seconds=1))
    start = log.size()
    assert not _is_in(browser)
    assert log.told(log.since(start)[0])["reason"] == "age"


def test_confirming_does_not_prolong_the_day(alena, now):
    browser = _sign_in()
    for _ in range(48):
        now.shift(timedelta(minutes=9, seconds=59))
        browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    now.shift(timedelta(minutes=1))
    assert not _is_in(browser)


def test_a_clock_that_was_set_back_ends_it(alena, now):
    browser = _sign_in()
    now.shift(timedelta(seconds=-50))  # as a time server corrects it
    assert _is_in(browser)
    now.shift(timedelta(minutes=-5))
    start = log.size()
    assert not _is_in(browser)
    assert log.told(log.since(start)[0])["reason"] == "clock set back"


def test_small_steps_back_do_not_add_up(alena, now):
    browser = _sign_in()
    outcomes = []
    for _ in range(4):
        now.shift(timedelta(seconds=-30))
        outcomes.append(_is_in(browser))
    assert outcomes == [True, True, False, False]


def test_the_times_are_under_seal(alena, now):
    """Whoever writes into the database prolongs nothing."""
    browser = _sign_in()
    Session.objects.update(expire_date=datetime.now(UTC) + timedelta(days=30))
    now.shift(timedelta(minutes=15))
    assert not _is_in(browser)


def test_using_it_writes_once_a_minute(alena, now):
    browser = _sign_in()
    browser.get(HOME)

    def writes():
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(HOME).status_code == 200
        return [q["sql"] for q in captured if q["sql"].startswith(("UPDATE", "INSERT"))]

    assert writes() == []
    now.shift(timedelta(seconds=59))
    assert writes() == []
    now.shift(timedelta(seconds=1))
    [once] = writes()
    assert "accounts_session" in once
    assert writes() == []


def test_being_asked_how_long_is_left_is_no_use_and_staying_is(alena, now):
    browser, page = _sign_in(), reverse("account_session")
    now.shift(timedelta(minutes=13))
    told = browser.get(page).json()
    assert (told["left"], told["can_stay"], told["person"]) == (120, True, str(alena.pk))
    now.shift(timedelta(minutes=1))
    assert browser.get(page).json()["left"] == 60
    assert browser.post(page).json()["left"] == 900
    now.shift(timedelta(minutes=15))
    assert browser.get(page).status_code == 302


def test_near_the_end_of_the_day_it_says_that_staying_does_not_help(alena, now):
    browser = _sign_in()
    for _ in range(47):
        now.shift(timedelta(minutes=10))
        browser.get(HOME)
    now.shift(timedelta(minutes=9))
    told = browser.post(reverse("account_session")).json()
    assert (told["left"], told["can_stay"]) == (60, False)


def test_what_nobody_came_back_to_is_swept_up_after_a_day(alena, ihar, now):
    _sign_in()
    now.shift(timedelta(hours=25))
    other = _sign_in("ihar")
    start = log.size()
    sweep()
    [ended] = log.since(start)
    assert (ended.verb, ended.actor) == (Verb.SESSION_ENDED, alena.pk)
    assert _is_in(other)


# --- A stolen cookie ------------------------------------------------------------------
def _sign_out(browser, user):
    browser.post("/account/sign-out/")


def _leave(browser, user):
    browser.get("/calendar/")


def _change_password(browser, user):
    new = "another long and quiet phrase"
    sent = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert browser.post(reverse("account_change_password"), sent).status_code == 302
    assert _is_in(browser), "whoever changes the own password goes on"


def _new_password_by_command(browser, user):
    user.set_password("set by somebody at the console")
    user.save()


def _close(browser, user):
    change_account(user, is_active=False, by=None)


def _close_and_open_again(browser, user):
    change_account(user, is_active=False, by=None)
    change_account(user, is_active=True, by=None)


def _confirm(browser, user):
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert _is_in(browser)


def _get_a_role(browser, user):
    give_role(user=user, role="legal", by=None)
    assert _is_in(browser)


def _lose_a_role(browser, user):
    take_role(user=user, role="case_officer", by=None)
    assert _is_in(browser)


def _end_in_the_list(browser, user):
    other = _sign_in()
    other.post(reverse("account_sessions"), {"key": digest_of(_key(browser))})
    assert _is_in(other)


@pytest.mark.parametrize(
    "act",
    [
        *(_sign_out, _leave, _change_password, _new_password_by_command, _close),
        *(_close_and_open_again, _confirm, _get_a_role, _lose_a_role, _end_in_the_list),
    ],
)
def test_a_stolen_cookie_opens_nothing_any_more_after(act, alena):
    browser = _sign_in()
    key = _key(browser)
    assert _is_in(_with_cookie(key))
    act(browser, User.objects.get(pk=alena.pk))
    assert not _is_in(_with_cookie(key))


def test_a_stolen_cookie_opens_nothing_after_the_end_of_the_session(alena, now):
    key = _key(_sign_in())
    now.shift(timedelta(minutes=15))
    assert not _is_in(_with_cookie(key))
    now.shift(timedelta(minutes=-10))
    assert not _is_in(_with_cookie(key))


def test_what_the_table_holds_is_no_cookie(alena):
    _sign_in()
    assert not _is_in(_with_cookie(Session.objects.get(user=alena).pk))


def test_signing_in_gives_a_new_key(alena):
    browser = Client()
    session = SessionStore()
    session["planted"] = True
    session.create()
    browser.cookies["session"] = session.session_key
    browser.post(SIGN_IN, {"login": "alena", "password": PASSWORD})
    assert _key(browser) != session.session_key
    assert not _is_in(_with_cookie(session.session_key))


def test_a_role_that_was_taken_counts_no_more_at_the_next_request(alena, case):
    browser, page = _sign_in(), reverse("cases:detail", args=[case.reference])
    assert browser.get(page).status_code == 200
    take_role(user=alena, role="case_officer", by=None)
    assert browser.get(page).status_code == 403


def test_whoever_signs_out_leaves_nothing_in_the_browser(alena):
    for answer in (_sign_in().post("/account/sign-out/"), _sign_in().get("/calendar/")):
        assert answer.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert "Clear-Site-Data" not in _sign_in().get(HOME).headers


def test_a_session_that_ended_meanwhile_is_not_written_back(alena):
    browser = _sign_in()
    store = SessionStore(_key(browser))
    store["late"] = True
    browser.post("/account/sign-out/")
    with pytest.raises(UpdateError):
        store.save()
    assert not Session.objects.filter(user=alena).exists()


# --- The list of one's own ------------------------------------------------------------
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/139.0.0.0 Mobile Safari/537.36"
)


@pytest.mark.parametrize(
    "browser, told",
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Chrome on Android"),
        (PHONE + " Edg/139.0", "Edge on Android"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/17.4 Safari/605.1",
            "Safari on Mac",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Something", "A browser on Windows"),
        ("curl/8.1", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_told_in_plain_words(browser, told):
    assert device_of(browser) == told


def test_everybody_sees_their_own_sessions(alena, ihar, now):
    phone = _sign_in(**{"user-agent": PHONE})
    _sign_in("ihar")
    now.shift(timedelta(minutes=3))
    desk = _sign_in(**{"user-agent": FIREFOX})
    own = desk.get(reverse("account_sessions")).context["own"]
    assert [(one.device, one.is_this) for one in own] == [
        ("Firefox on Linux", True),
        ("Chrome on Android", False),
    ]
    assert own[1].used == own[1].begun == own[0].begun - timedelta(minutes=3)
    assert own[1].address == "127.0.0.1"
    now.shift(timedelta(minutes=12))
    assert len(desk.get(reverse("account_sessions")).context["own"]) == 1, "the other ran out"
    assert not _is_in(phone)


def test_all_others_are_ended_at_once(alena, ihar):
    others = [_sign_in(), _sign_in()]
    this, stranger = _sign_in(), _sign_in("ihar")
    start = log.size()
    answer = this.post(reverse("account_sessions"), follow=True)
    assert "2 sessions are ended." in answer.content.decode()
    [cut] = log.since(start)
    assert (cut.verb, cut.actor, log.told(cut)["reason"]) == (Verb.SESSION_CUT, alena.pk, "2")
    assert [_is_in(one) for one in (*others, this, stranger)] == [False, False, True, True]


def test_nobody_ends_the_session_of_somebody_else(alena, ihar):
    victim, attacker = _sign_in(), _sign_in("ihar")
    for key in (digest_of(_key(victim)), _key(victim), "x"):
        start = log.size()
        attacker.post(reverse("account_sessions"), {"key": key})
        assert log.size() == start and _is_in(victim)


def test_the_own_session_is_not_ended_from_the_list(alena):
    browser = _sign_in()
    browser.post(reverse("account_sessions"), {"key": digest_of(_key(browser))})
    assert _is_in(browser)


def test_a_key_in_the_list_is_the_digest_that_the_log_knows(alena, case):
    browser = _sign_in()
    start = log.size()
    browser.get("/")
    assert digest_of(_key(browser)).startswith(log.since(start)[0].session)


def test_a_session_holds_when_it_began_and_was_used(alena):
    _sign_in()
    data = opened(Session.objects.get())
    assert data[BEGUN] == data[USED] == time.time()
    assert settings.SESSION_IDLE == 900 and settings.SESSION_COOKIE_AGE == 28_800


# --- Cookies --------------------------------------------------------------------------
def test_over_tls_cookies_belong_to_this_host_alone(tmp_path):
    """__Host-: a browser takes it over TLS only, for every path, and no subdomain can set it."""
    told = "import config.settings as s; print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, "
    told += "s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_SAMESITE)"
    own = {"TUTELA_HTTPS": "true", "TUTELA_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", told],
        env=os.environ | own,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["__Host-session", "__Host-csrf", "True", "True", "Strict"]
    assert settings.SESSION_COOKIE_PATH == settings.CSRF_COOKIE_PATH == "/"
    assert settings.SESSION_COOKIE_DOMAIN is settings.CSRF_COOKIE_DOMAIN is None


@pytest.mark.parametrize(
    "own",
    [
        {"TUTELA_IDLE_MINUTES": "0"},
        {"TUTELA_IDLE_MINUTES": "600"},
        {"TUTELA_SESSION_HOURS": "25"},
    ],
)
def test_a_session_without_an_end_is_refused_at_start(tmp_path, own):
    own |= {"TUTELA_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        env=os.environ | own,
        capture_output=True,
        text=True,
    )
    assert done.returncode and "TUTELA_SESSION_HOURS" in done.stderr
