"""Signing in: what is recorded, what is sealed, and who is out again at the next click."""

import base64
import hmac
import json
import re
import struct
import time
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from accounts import links
from accounts.models import Session
from audit import trail
from audit.models import Event
from audit.verbs import Verb
from tests.conftest import PASSWORD
from tests.guards import log

# Who has to have a second factor is tests/accounts/test_second_factor.py.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("password_alone")]

SIGN_IN = "/account/sign-in/"


def _sign_in(browser, username="alena", password=PASSWORD):
    return browser.post(SIGN_IN, {"login": username, "password": password})


def _is_in(browser):
    return browser.get("/").status_code == 200


def _totp(secret):
    """The six digits an app would show now (RFC 6238: SHA-1, 30 seconds)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06d}"


# --- Name and password ----------------------------------------------------------------
def test_signing_in_and_out_is_recorded(alena):
    browser, start = Client(headers={"user-agent": "A browser"}), log.size()
    assert _sign_in(browser).headers["Location"] == "/"
    assert _is_in(browser)
    assert browser.post("/account/sign-out/").status_code == 302
    assert not _is_in(browser)
    signed_in, signed_out = (e for e in log.since(start) if e.verb != Verb.CASE_LISTED)
    assert (signed_in.verb, signed_in.actor) == (Verb.SIGNED_IN, alena.pk)
    assert (signed_out.verb, signed_out.actor) == (Verb.SIGNED_OUT, alena.pk)
    assert log.details(signed_in) == {"address": "127.0.0.1", "browser": "A browser"}
    assert "127.0.0.1" not in str(log.told(signed_in))


@pytest.mark.parametrize("username", ["alena", "nobody", PASSWORD])
def test_a_failed_sign_in_is_recorded_with_the_name_under_seal(alena, username):
    """People type their password into the field of the name."""
    start = log.size()
    answer = _sign_in(Client(), username, "a wrong password")
    assert answer.status_code == 200
    [event] = log.since(start)
    assert (event.verb, event.actor, event.outcome) == (Verb.SIGN_IN_FAILED, None, "denied")
    assert username not in bytes(event.entry).decode()
    assert log.details(event)["username"] == username
    assert "a wrong password" not in str(log.details(event))


def test_a_failed_sign_in_does_not_say_whether_the_name_exists(alena):
    wrong, unknown = (
        unescape(_sign_in(Client(), name, "a wrong password").content.decode())
        for name in ("alena", "nobody")
    )
    hidden = r'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"'
    assert re.sub(hidden, "", wrong).replace("alena", "nobody") == re.sub(hidden, "", unknown)


def test_guessing_is_slowed_down(alena):
    browser = Client()
    answers = [_sign_in(browser, "alena", f"guess {n}") for n in range(12)]
    assert "Too many" in unescape(answers[-1].content.decode()) or answers[-1].status_code == 429
    assert not _is_in(browser)
    _sign_in(browser)
    assert not _is_in(browser), "the right password helps no more for a while"


def test_that_somebody_guesses_too_often_is_recorded_once_a_minute(alena, time_machine):
    time_machine.move_to(datetime.now(UTC))
    start, browser = log.size(), Client()
    for number in range(12):
        _sign_in(browser, "alena", f"guess {number}")
    *failed, too_often = log.since(start)
    assert {event.verb for event in failed} == {Verb.SIGN_IN_FAILED}
    assert (too_often.verb, too_often.outcome, too_often.actor) == (
        Verb.TRIED_TOO_OFTEN,
        "denied",
        None,
    )
    time_machine.shift(timedelta(seconds=61))
    _sign_in(browser, "alena", "another guess")
    assert log.verbs_since(start)[-2:] == [Verb.TRIED_TOO_OFTEN] * 2


def test_a_page_that_is_asked_for_too_often_is_recorded(alena):
    browser = Client()
    _sign_in(browser)
    start = log.size()
    page = reverse("account_change_password")
    answers = [browser.post(page, {"oldpassword": "wrong"}).status_code for _ in range(8)]
    assert answers[-1] == 429
    found = [event for event in log.since(start) if event.verb == Verb.TRIED_TOO_OFTEN]
    assert [(event.actor, event.outcome) for event in found] == [(alena.pk, "denied")]


def test_a_closed_account_does_not_come_in(alena):
    alena.is_active = False
    alena.save()
    browser = Client()
    _sign_in(browser)
    assert not _is_in(browser)


def test_a_closed_account_is_out_at_the_next_request(alena, case):
    browser = Client()
    _sign_in(browser)
    page = reverse("cases:detail", args=[case.reference])
    assert browser.get(page).status_code == 200
    alena.is_active = False
    alena.save()
    answer = browser.get(page)
    assert (answer.status_code, answer.headers["Location"][: len(SIGN_IN)]) == (302, SIGN_IN)


def test_nobody_signs_up(db):
    for name in (
        "account_signup",
        "account_reset_password",
        "account_email",
        "account_set_password",
    ):
        for ask in (Client().get, Client().post):
            assert ask(reverse(name)).status_code == 404


def test_after_signing_in_nobody_is_sent_to_another_host(alena):
    answer = Client().post(
        SIGN_IN + "?next=https://elsewhere.example/",
        {"login": "alena", "password": PASSWORD, "next": "https://elsewhere.example/"},
    )
    assert "elsewhere" not in answer.headers["Location"]


def test_changing_the_password_asks_for_the_old_one_and_is_recorded(alena):
    browser = Client()
    _sign_in(browser)
    new = "another long and quiet phrase"
    page = reverse("account_change_password")
    wrong = {"oldpassword": "a wrong password", "password1": new, "password2": new}
    start = log.size()
    browser.post(page, wrong)
    [refused] = log.since(start)
    assert (refused.verb, refused.actor, refused.outcome) == (Verb.REFUSED, alena.pk, "denied")
    assert log.told(refused)["reason"] == "account_change_password"
    start = log.size()
    weak = {"oldpassword": PASSWORD, "password1": "short", "password2": "short"}
    browser.post(page, weak)
    assert Verb.PASSWORD_CHANGED not in log.verbs_since(0)
    assert browser.post(page, wrong | {"oldpassword": PASSWORD}).status_code == 302
    [changed] = log.since(start)
    assert (changed.verb, changed.actor, changed.object) == (
        Verb.PASSWORD_CHANGED,
        alena.pk,
        alena.pk,
    )
    assert (changed.object_type, changed.revision) == ("accounts.User", 2)
    other = Client()
    _sign_in(other)
    assert not _is_in(other)
    _sign_in(other, password=new)
    assert _is_in(other)


def test_passwords_are_hidden_and_managers_know_which_they_are(alena, client_for):
    _link, token = links.make_link(alena, by=None)
    pages = {
        reverse("account_login"): Client(),
        reverse("account_password_link", args=[token]): Client(),
        reverse("account_change_password"): client_for(alena),
        reverse("account_reauthenticate"): client_for(alena),
    }
    for url, browser in pages.items():
        page = browser.get(url).content.decode()
        fields = re.findall(r"<input[^>]*password[^>]*>", page)
        assert fields, url
        for field in fields:
            assert 'type="password"' in field, (url, field)
            assert re.search(r'autocomplete="(current|new)-password"', field), (url, field)
            assert "maxlength" not in field and "onpaste" not in page


@pytest.mark.parametrize(
    "typed",
    [
        "  giraffe Whistle  carpet ковру ",
        "giraffe whistle carpet lantern orchid saddle thimble walnut zephyr quarry blanket drizzle",
    ],
)
def test_a_password_is_taken_as_it_was_typed(alena, typed):
    _link, token = links.make_link(alena, by=None)
    page = reverse("account_password_link", args=[token])
    assert Client().post(page, {"password1": typed, "password2": typed}).status_code == 302
    for other in {typed.strip(), typed.lower(), typed.upper(), typed[:72], " ".join(typed.split())}:
        browser = Client()
        _sign_in(browser, password=other)
        assert _is_in(browser) == (other == typed), other
    browser = Client()
    _sign_in(browser, password=typed)
    assert _is_in(browser)


# --- The session ----------------------------------------------------------------------
def test_what_a_session_holds_is_sealed(alena):
    browser = Client()
    _sign_in(browser)
    row = Session.objects.get()
    stored = bytes(row.session_data)
    assert str(alena.pk).encode() not in stored
    assert b"_auth_user" not in stored
    assert browser.cookies["session"].value not in row.pk, "nobody comes in with what is stored"


def test_two_sessions_cannot_be_exchanged(alena, ihar):
    mine, theirs = Client(), Client()
    _sign_in(mine)
    _sign_in(theirs, "ihar")
    [first, second] = Session.objects.all()
    first.session_data, second.session_data = second.session_data, first.session_data
    first.save()
    second.save()
    assert not _is_in(mine) and not _is_in(theirs)


def test_a_session_that_was_tampered_with_is_no_session(alena):
    browser = Client()
    _sign_in(browser)
    row = Session.objects.get()
    blob = bytearray(row.session_data)
    blob[-1] ^= 1
    row.session_data = bytes(blob)
    row.save()
    assert not _is_in(browser)


def test_a_session_ends_after_a_working_day(alena, time_machine):
    time_machine.move_to(datetime.now(UTC))
    browser = Client()
    _sign_in(browser)
    assert _is_in(browser)
    time_machine.shift(timedelta(hours=8, minutes=1))
    start = log.size()
    assert not _is_in(browser)
    [ended] = log.since(start)
    assert (ended.verb, ended.actor) == (Verb.SESSION_ENDED, alena.pk)
    assert not Session.objects.exists()
    assert not _is_in(browser)
    assert log.size() == start + 1


def test_a_session_that_nobody_signed_in_with_ends_without_an_event(db, time_machine):
    time_machine.move_to(datetime.now(UTC))
    browser = Client()
    session = browser.session
    session["seen"] = True
    session.save()
    browser.cookies["session"] = session.session_key
    time_machine.shift(timedelta(hours=9))
    start = log.size()
    assert not _is_in(browser)
    assert log.size() == start and not Session.objects.exists()


# --- One-time codes -------------------------------------------------------------------
@pytest.fixture
def enrolled(alena, time_machine, django_capture_on_commit_callbacks):
    """Alena has a code generator; its secret."""
    time_machine.move_to(datetime.now(UTC))
    browser = Client()
    _sign_in(browser)
    time_machine.shift(timedelta(minutes=6))
    page = reverse("mfa_activate_totp")
    asked = browser.get(page)
    assert asked.headers["Location"].startswith(reverse("account_reauthenticate"))
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    secret = re.search(r'app-code">([A-Z2-7]+)<', browser.get(page).content.decode())[1]
    assert browser.post(page, {"code": _wrong(secret)}).status_code == 200
    assert not Authenticator.objects.filter(type="totp").exists()
    with django_capture_on_commit_callbacks(execute=True):
        assert browser.post(page, {"code": _totp(secret)}).status_code == 302
    time_machine.shift(timedelta(minutes=2))  # each code opens once
    return secret


def _wrong(secret):
    return f"{(int(_totp(secret)) + 1) % 10**6:06d}"


def test_enrolling_is_recorded_and_the_seed_is_sealed(alena, enrolled):
    changes = Event.objects.filter(verb=Verb.SECOND_FACTOR_CHANGED, actor=alena.pk)
    assert [log.told(event)["reason"] for event in changes] == [
        "totp added",
        "recovery_codes added",
    ]
    for row in Authenticator.objects.filter(user=alena):
        assert enrolled == row.data.get("secret", enrolled)
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        for (stored,) in cursor.fetchall():
            [(name, blob)] = json.loads(stored).items()
            assert name == "sealed"
            assert enrolled.encode() not in base64.b64decode(blob)
            assert base64.b32decode(enrolled) not in base64.b64decode(blob)
    for row in Session.objects.all():
        assert enrolled.encode() not in bytes(row.session_data)


def test_with_a_code_generator_the_password_alone_opens_nothing(alena, enrolled, case):
    browser = Client()
    answer = _sign_in(browser)
    assert answer.headers["Location"].startswith(reverse("mfa_authenticate"))
    assert not _is_in(browser)
    assert browser.get(reverse("cases:detail", args=[case.reference])).status_code == 302
    start = log.size()
    assert browser.post(reverse("mfa_authenticate"), {"code": _wrong(enrolled)}).status_code == 200
    assert not _is_in(browser)
    [failed] = log.since(start)
    assert (failed.verb, failed.actor, failed.outcome) == (
        Verb.SECOND_FACTOR_FAILED,
        alena.pk,
        "denied",
    )
    assert log.details(failed)["address"] == "127.0.0.1"
    answer = browser.post(reverse("mfa_authenticate"), {"code": _totp(enrolled)})
    assert answer.status_code == 302
    used, signed_in = log.since(start)[1:]
    assert (used.verb, used.actor, log.told(used)["reason"]) == (
        Verb.SECOND_FACTOR_USED,
        alena.pk,
        "totp",
    )
    assert signed_in.verb == Verb.SIGNED_IN
    assert _is_in(browser)


def test_a_code_that_was_seen_over_a_shoulder_does_not_open_again(alena, enrolled):
    code = _totp(enrolled)
    for browser, opens in ((Client(), True), (Client(), False)):
        _sign_in(browser)
        browser.post(reverse("mfa_authenticate"), {"code": code})
        assert _is_in(browser) == opens


def test_a_recovery_code_opens_once(alena, enrolled):
    browser = Client()
    _sign_in(browser)
    browser.post(reverse("mfa_authenticate"), {"code": _totp(enrolled)})
    start = log.size()
    page = browser.get(reverse("mfa_view_recovery_codes")).content.decode()
    [shown] = log.since(start)
    assert (shown.verb, shown.actor) == (Verb.RECOVERY_CODES_SHOWN, alena.pk)
    page = page[page.index("<main") : page.index("</main>")]
    codes = re.findall(r"\b\d{8}\b|\b[0-9a-f]{8}\b", page)
    assert len(codes) == 10
    for browser, opens, verb in (
        (Client(), True, Verb.SECOND_FACTOR_USED),
        (Client(), False, Verb.SECOND_FACTOR_FAILED),
    ):
        _sign_in(browser)
        start = log.size()
        browser.post(reverse("mfa_authenticate"), {"code": codes[0]})
        assert log.since(start)[0].verb == verb
        if opens:
            assert log.told(log.since(start)[0])["reason"] == "recovery_codes"
        assert _is_in(browser) == opens


@pytest.fixture
def known(alena, enrolled):
    """A browser in which Alena proved both factors just now."""
    browser = Client()
    _sign_in(browser)
    browser.post(reverse("mfa_authenticate"), {"code": _totp(enrolled)})
    return browser


def _reasons_since(start):
    changes = [event for event in log.since(start) if event.verb == Verb.SECOND_FACTOR_CHANGED]
    assert all(event.actor for event in changes)
    return [log.told(event)["reason"] for event in changes]


def test_new_recovery_codes_are_recorded(known):
    start = log.size()
    assert known.post(reverse("mfa_generate_recovery_codes")).status_code == 302
    assert _reasons_since(start) == ["recovery_codes removed", "recovery_codes added"]


def test_a_second_factor_taken_off_is_recorded(known):
    start = log.size()
    assert known.post(reverse("mfa_deactivate_totp")).status_code == 302
    assert not Authenticator.objects.exists()
    assert _reasons_since(start) == ["totp removed", "recovery_codes removed"]


def test_a_second_factor_is_not_taken_off_without_an_event(known, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(trail, "_append", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        known.post(reverse("mfa_deactivate_totp"))
    assert Authenticator.objects.count() == 2


def test_a_wrong_password_of_somebody_who_is_known_is_theirs(alena):
    browser = Client()
    _sign_in(browser)
    start = log.size()
    browser.post(reverse("account_reauthenticate"), {"password": "a wrong password"})
    [event] = log.since(start)
    assert (event.verb, event.actor, event.outcome) == (Verb.SIGN_IN_FAILED, alena.pk, "denied")
