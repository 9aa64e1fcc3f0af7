"""Guessing is slow from one place and from many, and keeps nobody out of their own account."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import guessing
from accounts.models import Tally
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("password_alone")]

HOME, SIGN_IN = "192.0.2.1", "/account/sign-in/"


def _from(address):
    return Client(REMOTE_ADDR=address)


def _try(address, username="alena", password="a wrong password"):
    """Try to sign in; gives the browser."""
    browser = _from(address)
    browser.answer = browser.post(SIGN_IN, {"login": username, "password": password})
    return browser


def _is_in(browser):
    return browser.get("/").status_code == 200


def _is_slowed(browser):
    return "Too many" in browser.answer.content.decode()


def _attack(failures, username="alena", network="198.51"):
    """So many wrong guesses, each from an address of its own, without the cost of the pages."""
    guesses = 0
    for number in range(failures):
        request = RequestFactory().post(
            "/", REMOTE_ADDR=f"{network}.{number // 250}.{number % 250}"
        )
        guesses += guessing.take(request, username)
    return guesses


def test_from_one_address_an_account_is_guessed_five_times_in_five_minutes(alena, time_machine):
    time_machine.move_to(datetime.now(UTC))
    assert not any(_is_slowed(_try(HOME)) for _ in range(5))
    assert _is_slowed(_try(HOME))
    assert not _is_in(_try(HOME, password=PASSWORD)), "nor is the right one tried any more"
    time_machine.shift(timedelta(minutes=5, seconds=1))
    assert _is_in(_try(HOME, password=PASSWORD))


def test_a_thousand_failures_from_elsewhere_do_not_lock_the_owner_out(alena):
    assert _is_in(_try(HOME, password=PASSWORD))  # an address of hers from now on
    assert _attack(1_000) == guessing.STRANGERS.most
    cache.clear()
    assert _is_in(_try(HOME, password=PASSWORD))
    assert not _is_in(_try("203.0.113.9", password=PASSWORD)), "strangers have to wait"


def test_an_account_is_guessed_thirty_times_an_hour_from_everywhere(alena, time_machine):
    time_machine.move_to(datetime.now(UTC))
    assert _attack(100) == 30
    time_machine.shift(timedelta(hours=1, seconds=1))
    assert _attack(100) == 30


def test_what_is_refused_is_not_counted_against_others(alena):
    """One machine alone does not use up what all strangers have together."""
    request = RequestFactory().post("/", REMOTE_ADDR="198.51.100.1")
    assert sum(guessing.take(request, "alena") for _ in range(200)) == guessing.HERE.most
    assert _is_in(_try("203.0.113.9", password=PASSWORD))


def test_one_address_tries_few_accounts(person):
    for number in range(guessing.ADDRESS.most):
        assert not _is_slowed(_try("198.51.100.1", f"name{number}"))
    assert _is_slowed(_try("198.51.100.1", "one-more"))
    assert not _is_slowed(_try("198.51.100.2", "one-more"))


def test_machines_of_one_network_of_ipv6_are_one_address(alena):
    for number in range(5):
        _try(f"2001:db8::{number + 1}")
    assert _is_slowed(_try("2001:db8::99"))
    assert not _is_slowed(_try("2001:db8:0:1::1"))


@pytest.mark.parametrize("written", ["ALENA", " alena ", "ＡＬＥＮＡ", "Alena"])
def test_a_name_written_in_another_way_is_the_same_name(alena, written):
    for _ in range(5):
        _try(HOME)
    assert _is_slowed(_try(HOME, written))


def test_right_passwords_are_not_counted(alena):
    for _ in range(12):
        assert _is_in(_try(HOME, password=PASSWORD))


def test_a_right_password_in_between_gives_no_more_guesses(alena):
    for _ in range(4):
        _try(HOME)
    _try(HOME, password=PASSWORD)
    assert not _is_slowed(_try(HOME))
    assert _is_slowed(_try(HOME))


def test_an_address_is_known_after_a_whole_sign_in_and_for_ninety_days(alena, time_machine):
    time_machine.move_to(datetime.now(UTC))
    _try(HOME, password=PASSWORD)
    request = RequestFactory().post("/", REMOTE_ADDR=HOME)
    assert len(guessing._counted(request, "alena", "password")) == 1
    assert len(guessing._counted(request, "ihar", "password")) == 3
    time_machine.shift(timedelta(days=91))
    assert len(guessing._counted(request, "alena", "password")) == 3


def test_counts_say_neither_who_nor_where_and_are_forgotten(alena, time_machine):
    time_machine.move_to(datetime.now(UTC))
    _try(HOME)
    assert all(len(row.key) == 64 and row.key.isalnum() for row in Tally.objects.all())
    assert Tally.objects.count() == 3
    time_machine.shift(timedelta(hours=2))
    guessing.forget_old()
    assert not Tally.objects.exists()


# --- Names that nobody has ------------------------------------------------------------
def _cost(username, address, monkeypatch):
    """(times the hasher ran, statements to the database) of a sign-in that fails."""
    runs = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher, "encode", lambda self, *a: runs.append(1) or encode(self, *a)
    )
    with CaptureQueriesContext(connection) as captured:
        answer = _try(address, username).answer
    monkeypatch.undo()
    return len(runs), [query["sql"].split()[0] for query in captured], answer.status_code


@pytest.mark.parametrize("state", ["open", "closed", "invited", "nobody"])
def test_a_name_that_nobody_has_takes_as_long_as_a_name_that_is_there(
    alena, state, person, monkeypatch
):
    _try("203.0.113.1", "warming-up")
    if state == "closed":
        alena.is_active = False
    if state == "invited":
        alena.set_unusable_password()
    alena.save()
    usual = _cost("somebody", "192.0.2.7", monkeypatch)
    assert _cost("nobody" if state == "nobody" else "alena", "192.0.2.8", monkeypatch) == usual
    assert usual[0] == 1


# --- Codes ----------------------------------------------------------------------------
def test_codes_are_guessed_as_slowly(alena, client_for):
    from allauth.mfa.totp.internal.auth import TOTP

    TOTP.activate(alena, "JBSWY3DPEHPK3PXP")
    guesses = []
    for _ in range(7):
        browser = _try(HOME, password=PASSWORD)
        answer = browser.post(reverse("mfa_authenticate"), {"code": "000000"})
        guesses.append("Too many" in answer.content.decode())
    assert guesses == [False] * 5 + [True] * 2
