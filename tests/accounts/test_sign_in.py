"""Signing in: what is recorded, what is sealed, and who is out again at the next click."""

import base64
import hmac
import re
import struct
import time
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import UUID

import msgspec
import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from audit import trail
from audit.models import Event
from audit.verbs import Verb
from tests.conftest import PASSWORD
from tests.guards import log
from vault import sealing

pytestmark = pytest.mark.django_db

SIGN_IN = "/account/sign-in/"


def _sign_in(browser, username="alena", password=PASSWORD):
    return browser.post(SIGN_IN, {"login": username, "password": password})


def _is_in(browser):
    return browser.get("/").status_code == 200


def _details(event):
    told = log.told(event)
    place = trail.details_place(event.id, UUID(told["scope"]))
    return msgspec.json.decode(sealing.unseal(place, base64.b64decode(told["sealed"])))


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
    assert _details(signed_in) == {"address": "127.0.0.1", "browser": "A browser"}
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
    assert _details(event)["username"] == username
    assert "a wrong password" not in str(_details(event))


def test_a_failed_sign_in_does_not_say_whether_the_name_exists(alena):
    wrong, unknown = (
        unescape(_sign_in(Client(), name, "a wrong password").content.decode())
        for name in ("alena", "nobody")
    )
    hidden = r'name="csrfmiddlewaretoken" value="\w+"'
    assert re.sub(hidden, "", wrong).replace("alena", "nobody") == re.sub(hidden, "", unknown)


def test_guessing_is_slowed_down(alena):
    browser = Client()
    answers = [_sign_in(browser, "alena", f"guess {n}") for n in range(12)]
    assert "Too many" in unescape(answers[-1].content.decode()) or answers[-1].status_code == 429
    assert not _is_in(browser)
    _sign_in(browser)
    assert not _is_in(browser), "the right password helps no more for a while"


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
    browser.post(page, wrong)
    start = log.size()
    weak = {"oldpassword": PASSWORD, "password1": "short", "password2": "short"}
    browser.post(page, weak)
    assert Verb.PASSWORD_CHANGED not in log.verbs_since(0)
    assert browser.post(page, wrong | {"oldpassword": PASSWORD}).status_code == 302
    assert log.verbs_since(start) == [Verb.PASSWORD_CHANGED]
    other = Client()
    _sign_in(other)
    assert not _is_in(other)
    _sign_in(other, password=new)
    assert _is_in(other)


# --- The session ----------------------------------------------------------------------
def test_what_a_session_holds_is_sealed(alena):
    browser = Client()
    _sign_in(browser)
    row = Session.objects.get()
    stored = base64.b64decode(row.session_data)
    assert str(alena.pk).encode() not in stored
    assert b"_auth_user" not in stored
    assert row.get_decoded() == {}, "nothing is read with Django's own means"


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
    blob = bytearray(base64.b64decode(row.session_data))
    blob[-1] ^= 1
    row.session_data = base64.b64encode(blob).decode()
    row.save()
    assert not _is_in(browser)


def test_a_session_ends_after_a_working_day(alena, time_machine):
    time_machine.move_to(datetime.now(UTC))
    browser = Client()
    _sign_in(browser)
    assert _is_in(browser)
    time_machine.shift(timedelta(hours=8, minutes=1))
    assert not _is_in(browser)


# --- One-time codes -------------------------------------------------------------------
@pytest.fixture
def enrolled(alena, time_machine, django_capture_on_commit_callbacks):
    """Alena has a code generator; its secret."""
    time_machine.move_to(datetime.now(UTC))
    browser = Client()
    _sign_in(browser)
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
    assert Event.objects.filter(verb=Verb.SECOND_FACTOR_CHANGED, actor=alena.pk).exists()
    for row in Authenticator.objects.filter(user=alena):
        assert enrolled not in str(row.data)
        assert base64.b32decode(enrolled) not in base64.b64decode(next(iter(row.data.values())))
    for row in Session.objects.all():
        assert enrolled.encode() not in base64.b64decode(row.session_data)


def test_with_a_code_generator_the_password_alone_opens_nothing(alena, enrolled, case):
    browser = Client()
    answer = _sign_in(browser)
    assert answer.headers["Location"].startswith(reverse("mfa_authenticate"))
    assert not _is_in(browser)
    assert browser.get(reverse("cases:detail", args=[case.reference])).status_code == 302
    start = log.size()
    assert browser.post(reverse("mfa_authenticate"), {"code": _wrong(enrolled)}).status_code == 200
    assert not _is_in(browser)
    assert Verb.SIGNED_IN not in log.verbs_since(start)
    answer = browser.post(reverse("mfa_authenticate"), {"code": _totp(enrolled)})
    assert answer.status_code == 302
    assert _is_in(browser)
    assert Verb.SIGNED_IN in log.verbs_since(start)


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
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = browser.get(reverse("mfa_view_recovery_codes")).content.decode()
    codes = re.findall(r"\b\d{8}\b|\b[0-9a-f]{8}\b", page)
    assert len(codes) == 10
    for browser, opens in ((Client(), True), (Client(), False)):
        _sign_in(browser)
        browser.post(reverse("mfa_authenticate"), {"code": codes[0]})
        assert _is_in(browser) == opens
