"""Tokens with which programs ask for statistics, and for nothing else."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AccessToken, Session
from accounts.services import (
    change_account,
    give_role,
    suspend_account,
    take_role,
    turn_off_second_factor,
)
from accounts.tokens import MOST, end_token, make_token, token_for, tokens_of
from audit.models import Event
from audit.verbs import Verb
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from core.http import is_of_program
from reporting.services import take_snapshot
from tests.guards import log
from tests.guards.matrix import addresses
from tests.reporting.test_services import register

pytestmark = pytest.mark.django_db

TABLE, SCHEMA = "/statistics/api/table", "/statistics/api/schema"


@pytest.fixture
def frozen(alena, yury):
    register(alena, 15)
    return take_snapshot(by=yury)


@pytest.fixture
def token(yury) -> str:
    return make_token(name="Dashboard", by=yury)[1]


def get(token: str, address: str = TABLE, *, client: Client | None = None, **headers):
    return (client or Client()).get(address, headers={"Authorization": f"Bearer {token}"} | headers)


def refused(answer) -> bool:
    return answer.status_code == 401 and answer.json()["error"]["code"] == "unauthorized"


# --- What it opens --------------------------------------------------------------------
def test_a_program_gets_what_its_owner_would(frozen, token, yury, client_for):
    for address in (TABLE, SCHEMA):
        answer = get(token, address)
        assert answer.status_code == 200
        assert answer.json() == client_for(yury).get(address).json()


def test_it_leaves_no_cookie_and_no_session(frozen, token):
    client = Client()
    before = Session.objects.count()
    answer = get(token, client=client)
    assert answer.status_code == 200 and not client.cookies and not answer.cookies
    assert Session.objects.count() == before
    assert refused(client.get(TABLE))


def test_each_table_is_recorded_with_the_person_and_that_it_was_a_token(frozen, token, yury):
    start = log.size()
    get(token)
    [event] = log.since(start)
    assert (event.verb, event.actor, event.session) == (Verb.STATISTICS_VIEWED, yury.pk, "")
    assert log.details(event)["form"] == "token"
    assert log.details(event)["token"] == str(AccessToken.objects.get().pk)


def test_it_opens_nothing_but_the_answers_for_programs(frozen, token):
    client = Client()
    opened = []
    for name in addresses():
        try:
            address = reverse(name)
        except Exception:
            continue
        answer = get(token, address, client=client)
        for_programs = is_of_program(answer.wsgi_request)
        if for_programs:
            opened.append(name)
        elif not getattr(answer.resolver_match.func, "login_required", True):
            assert "Yury" not in answer.getvalue().decode()
        else:
            assert answer.status_code in (302, 405), name
            assert answer.status_code == 405 or "/sign-in/" in answer.headers["Location"], name
    assert sorted(opened) == ["reporting:api_schema", "reporting:api_table"]


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_changes_nothing(frozen, token, method):
    client = Client(enforce_csrf_checks=True)
    start = log.size()
    answer = getattr(client, method)(TABLE, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (403, 405)
    assert Verb.STATISTICS_VIEWED not in log.verbs_since(start)


# --- When it does not work ------------------------------------------------------------
@pytest.mark.parametrize(
    "told",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic eTp5", "Bearer tutela_" + "a" * 43, "\u0660"],
)
def test_what_is_no_token_is_told_so_in_json(frozen, told, yury, client_for):
    for client in (Client(), client_for(yury)):
        answer = client.get(TABLE, headers={"Authorization": told.encode().decode("latin-1")})
        assert refused(answer)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert Event.objects.filter(verb=Verb.SIGN_IN_FAILED, outcome="denied").exists()


def test_nobody_is_told_so_in_json_and_not_led_to_the_sign_in(frozen):
    for address in (TABLE, SCHEMA):
        assert refused(Client().get(address))


def test_it_ends_by_itself_and_by_its_owner(frozen, token, yury, daria, time_machine):
    made = AccessToken.objects.get()
    with pytest.raises(NotFound):
        end_token(made.pk, by=daria)
    assert get(token).status_code == 200
    end_token(made.pk, by=yury)
    assert refused(get(token)) and tokens_of(yury) == []
    with pytest.raises(NotFound):
        end_token(made.pk, by=yury)
    _row, short = make_token(name="Short", days=1, by=yury)
    time_machine.move_to(timezone.now() + timedelta(days=1, seconds=1))
    assert refused(get(short)) and tokens_of(yury) == []


def test_it_ends_for_good_with_the_right_and_with_the_account(frozen, yury, viktar):
    _row, first = make_token(name="First", by=yury)
    take_role(user=yury, role="analyst", by=None)
    assert refused(get(first))
    give_role(user=yury, role="analyst", by=None)
    assert token_for(first) is None
    _row, second = make_token(name="Second", by=yury)
    suspend_account(yury, by=viktar)
    assert refused(get(second))
    change_account(yury, is_active=True, by=None)
    assert token_for(second) is None
    _row, third = make_token(name="Third", by=yury)
    turn_off_second_factor(yury, by=None)
    assert refused(get(third))
    assert Event.objects.filter(verb=Verb.TOKEN_ENDED).count() == 3


def test_another_role_that_goes_leaves_it(frozen, yury, token):
    give_role(user=yury, role="data_protection", by=None)
    take_role(user=yury, role="data_protection", by=None)
    assert get(token).status_code == 200


def test_a_right_that_is_gone_counts_at_once(frozen, yury, token):
    """Even where nobody ended the token."""
    assert token_for(token) == AccessToken.objects.get()
    yury.is_active = False
    yury.save()
    assert token_for(token) is None


def test_guesses_are_counted_and_keep_no_token_that_works_waiting(frozen, token):
    answers = [get(f"tutela_{number}") for number in range(7)]
    assert [one.status_code for one in answers] == [401] * 5 + [429] * 2
    assert answers[-1].json()["error"]["code"] == "too_many_requests"
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert get(token).status_code == 200


# --- Making one -----------------------------------------------------------------------
def test_it_is_shown_once_and_kept_as_a_digest(yury, client_for):
    address, browser = reverse("people:tokens"), client_for(yury)
    answer = browser.post(address, {"act": "make", "name": "Dashboard", "days": "90"})
    [secret] = [
        word for word in answer.content.decode().replace("<", " <").replace(">", "> ").split()
        if word.startswith("tutela_")
    ]  # fmt: skip
    row = AccessToken.objects.get()
    assert token_for(secret) == row
    assert timedelta(days=89) < row.expires_at - timezone.now() <= timedelta(days=90)
    kept = str(AccessToken.objects.values().get()) + str(AccessToken.history.values())
    assert secret not in kept and secret.removeprefix("tutela_") not in kept
    assert secret not in browser.get(address).content.decode()
    for event in Event.objects.filter(verb=Verb.TOKEN_MADE):
        assert secret.encode() not in bytes(event.entry)
    assert browser.post(address, {"act": "end", "token": str(row.pk)}).status_code == 302
    assert tokens_of(yury) == []


def test_who_may_make_one(yury, pavel, alena, daria, rita, client_for):
    address = reverse("people:tokens")
    for user in (yury, pavel):
        assert client_for(user).get(address).status_code == 200
        assert (
            "Tokens for programs"
            in client_for(user).get("/account/second-factor/").content.decode()
        )
    for user in (alena, daria, rita):
        assert client_for(user).get(address).status_code == 403
        with pytest.raises(NotAllowed):
            make_token(name="Mine", by=user)
    take_role(user=yury, role="analyst", by=None)
    with pytest.raises(NotAllowed):
        make_token(name="Mine", by=yury)


def test_it_takes_a_fresh_sign_in(yury, client_for):
    typed = {"act": "make", "name": "Dashboard", "days": "90"}
    answer = client_for(yury, ago=600).post(reverse("people:tokens"), typed)
    assert answer.status_code == 302 and "reauthenticate" in answer.headers["Location"]
    assert not AccessToken.objects.exists()


def test_it_lasts_a_year_at_most_and_there_are_not_many(yury, client_for):
    browser, address = client_for(yury), reverse("people:tokens")
    for name, days in (("A", "366"), ("A", "0"), ("", "9"), (" ", "9"), ("x" * 61, "9")):
        answer = browser.post(address, {"act": "make", "name": name, "days": days})
        assert answer.status_code == 422
    for days in (0, 366):
        with pytest.raises(BadInput):
            make_token(name="A", days=days, by=yury)
    for number in range(MOST):
        make_token(name=f"{number}", by=yury)
    with pytest.raises(WrongState):
        make_token(name="One more", by=yury)
    assert browser.post(address, {"act": "make", "name": "A", "days": "9"}).status_code == 422
    for value in ("", "x", str(yury.pk), "a\x00b"):
        assert browser.post(address, {"act": "end", "token": value}).status_code == 404
