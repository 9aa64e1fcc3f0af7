"""Links to a password: told once, used once, and a new one for whoever lost theirs."""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import links
from accounts.models import PasswordLink, User
from accounts.proposals import propose
from accounts.services import change_account, give_role, join_team, make_team, open_account
from audit.context import RequestContext, serving
from audit.verbs import Verb
from core.exceptions import WrongState
from tests.conftest import PASSWORD
from tests.guards import log

pytestmark = pytest.mark.django_db

NEW = "giraffe whistle carpet nine"


@pytest.fixture
def invited(office, viktar):
    """(link, token) of somebody invited as a case officer."""
    return links.invite(
        username="nina", display_name="Nina Hay", roles=["case_officer"], office=office, by=viktar
    )


def _page(token):
    return reverse("account_password_link", args=[token])


def _use(token, browser=None, password=NEW):
    browser = browser or Client(enforce_csrf_checks=False)
    return browser.post(_page(token), {"password1": password, "password2": password})


def test_an_invitation_leads_to_a_password_and_then_to_a_second_factor(invited, viktar):
    link, token = invited
    browser, start = Client(), log.size()
    page = browser.get(_page(token)).content.decode()
    assert "Nina Hay" in page and 'value="nina"' in page
    assert log.size() == start, "looking at it uses nothing up"
    answer = _use(token, browser)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert browser.get("/").headers["Location"] == reverse("account_enrol")
    used, changed, signed_in = log.since(start)
    assert [used.verb, changed.verb, signed_in.verb] == [
        *(Verb.LINK_USED, Verb.PASSWORD_CHANGED, Verb.SIGNED_IN),
    ]
    assert {event.actor for event in (used, changed, signed_in)} == {link.user_id}
    assert used.object == link.pk
    assert User.objects.get(username="nina").check_password(NEW)


def test_the_making_of_an_invitation_is_recorded_without_what_would_open_it(office, viktar):
    start = log.size()
    link, token = links.invite(
        username="nina", display_name="Nina Hay", roles=["legal"], office=office, by=viktar
    )
    events = log.since(start)
    assert [event.verb for event in events] == [
        *(Verb.ACCOUNT_MADE, Verb.ROLE_GIVEN, Verb.LINK_MADE),
    ]
    assert all(event.actor == viktar.pk and token not in str(log.told(event)) for event in events)
    assert link.token_digest == sha256(token.encode()).hexdigest()


def test_the_token_stands_nowhere_in_the_database(invited):
    _link, token = invited
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            assert token not in str(cursor.fetchall()), table


def test_nobody_signs_in_before(invited):
    browser = Client()
    browser.post(reverse("account_login"), {"login": "nina", "password": ""})
    browser.post(reverse("account_login"), {"login": "nina", "password": "!"})
    assert browser.get("/").headers["Location"].startswith(reverse("account_login"))


def test_a_link_works_once(invited):
    _link, token = invited
    assert _use(token).status_code == 302
    for answer in (Client().get(_page(token)), _use(token, password="another long quiet phrase")):
        assert answer.status_code == 410 and "used already" in answer.content.decode()
    assert User.objects.get(username="nina").check_password(NEW)


def test_a_link_ends_with_its_time(invited, time_machine):
    _link, token = invited
    time_machine.move_to(datetime.now(UTC) + timedelta(days=3, minutes=1))
    answer = _use(token)
    assert answer.status_code == 410 and "time of this link is over" in answer.content.decode()


def test_a_link_that_was_withdrawn_says_so(invited, viktar):
    link, token = invited
    start = log.size()
    links.withdraw(link, by=viktar)
    [event] = log.since(start)
    assert (event.verb, event.actor, event.object) == (Verb.LINK_WITHDRAWN, viktar.pk, link.pk)
    answer = _use(token)
    assert answer.status_code == 410 and "withdrawn" in answer.content.decode()
    with pytest.raises(WrongState):
        links.withdraw(link, by=viktar)


def test_a_closed_account_accepts_nothing(invited, viktar):
    link, token = invited
    change_account(link.user, is_active=False, by=viktar)
    assert _use(token).status_code == 410
    with pytest.raises(WrongState):
        links.make_link(link.user, by=viktar)


def test_a_new_link_ends_the_one_before(invited, viktar):
    link, token = invited
    again, second = links.make_link(link.user, by=viktar)
    assert again.purpose == PasswordLink.Purpose.INVITATION
    assert _use(token).status_code == 410
    assert _use(second).status_code == 302


def test_a_wrong_link_tells_nothing_and_is_recorded_once_a_minute(alena):
    start, browser = log.size(), Client()
    for _ in range(3):
        answer = browser.get(_page("A" * 43))
        assert answer.status_code == 410 and "no such link" in answer.content.decode()
    [event] = log.since(start)
    assert (event.verb, event.actor, event.outcome) == (Verb.REFUSED, None, "denied")


@pytest.mark.parametrize(
    "password, told",
    [("short", "at least 15"), ("Nina-Hay-Minsk-2026", "easy to guess")],
)
def test_a_poor_password_is_refused_and_the_link_goes_on_working(invited, password, told):
    _link, token = invited
    answer = _use(token, password=password)
    assert answer.status_code == 422 and told in answer.content.decode()
    with pytest.raises(ValidationError):
        links.accept(token, password)
    assert _use(token).status_code == 302


def test_two_passwords_that_differ_are_refused(invited):
    _link, token = invited
    answer = Client().post(_page(token), {"password1": NEW, "password2": NEW + "x"})
    assert answer.status_code == 422 and "not the same" in answer.content.decode()


def test_a_reset_keeps_the_second_factor_and_ends_other_sessions(alena, viktar):
    TOTP.activate(alena, "JBSWY3DPEHPK3PXP")
    elsewhere = Client()
    elsewhere.force_login(alena, backend="allauth.account.auth_backends.AuthenticationBackend")
    link, token = links.make_link(alena, by=viktar)
    assert link.purpose == PasswordLink.Purpose.RESET
    assert User.objects.get(pk=alena.pk).check_password(PASSWORD), "until it is used"
    browser = Client()
    assert _use(token, browser).headers["Location"] == reverse("mfa_authenticate")
    assert browser.get("/").headers["Location"].startswith(reverse("account_login"))
    assert elsewhere.get("/").status_code == 302
    assert User.objects.get(pk=alena.pk).check_password(NEW)


def test_whoever_was_signed_in_in_that_browser_is_not_any_more(invited, alena, client_for):
    browser = client_for(alena)
    _use(invited[1], browser)
    assert browser.session["_auth_user_id"] == str(invited[0].user_id)


# --- From the pages -------------------------------------------------------------------
def _token_in(answer):
    return re.search(r"/account/link/([\w-]+)/", answer.content.decode())[1]


@pytest.fixture
def newcomer(office, viktar):
    """An account that holds nothing yet."""
    return open_account(username="olga", display_name="Olga", office=office, by=viktar)


def test_a_new_account_gets_its_link_on_one_answer_and_nowhere_else(newcomer, viktar, client_for):
    browser = client_for(viktar)
    page = reverse("people:person", args=[newcomer.pk])
    assert "Make the link" in browser.get(page).content.decode()
    start = log.size()
    answer = browser.post(reverse("people:link", args=[newcomer.pk]))
    token = _token_in(answer)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    [made] = log.since(start)
    assert (made.verb, made.actor) == (Verb.LINK_MADE, viktar.pk)
    assert token not in str(answer.headers) + str(log.told(made)) + str(browser.session.items())
    assert token not in browser.get(page).content.decode()
    again = _token_in(browser.post(reverse("people:link", args=[newcomer.pk])))
    assert _use(token).status_code == 410, "the one before"
    assert _use(again).status_code == 302
    assert "Make the link" not in browser.get(page).content.decode()


def test_making_a_link_asks_for_a_recent_sign_in(newcomer, viktar, client_for):
    browser, url = client_for(viktar, ago=600), reverse("people:link", args=[newcomer.pk])
    answer = browser.post(url)
    assert answer.status_code == 302 and "reauthenticate" in answer.headers["Location"]
    assert not newcomer.password_links.exists()
    confirmed = browser.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": url})
    assert links.find(_token_in(confirmed)).user == newcomer


@pytest.mark.parametrize("has", ["role", "team", "password"])
def test_nobody_makes_alone_a_link_that_is_power_over_somebody(has, newcomer, viktar, client_for):
    if has == "role":
        give_role(user=newcomer, role="legal", by=None)
    elif has == "team":
        join_team(user=newcomer, team=make_team(name="Night", by=None), by=None)
    else:
        newcomer.set_password(NEW)
        newcomer.save()
    browser = client_for(viktar)
    assert browser.post(reverse("people:link", args=[newcomer.pk])).status_code == 409
    assert not PasswordLink.objects.exists()
    page = browser.get(reverse("people:person", args=[newcomer.pk])).content.decode()
    assert "Make the link" not in page
    assert reverse("people:ask", args=[newcomer.pk, "link"]) in page


def test_whoever_approves_a_link_is_shown_it_once(alena, viktar, pavel, client_for):
    with serving(RequestContext("request", "elsewhere")):
        asked = propose("link", subject=alena, note="Forgot it", by=viktar)
    browser = client_for(pavel)
    waiting, url = reverse("people:waiting"), reverse("people:decide", args=[asked.pk])
    assert "hand the link over in person" in browser.get(waiting).content.decode()
    browser.post(url, {"act": "approve"})
    answer = browser.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": url})
    token = _token_in(answer)
    assert answer.headers["Cache-Control"] == "no-store" and "Alena" in answer.content.decode()
    assert links.find(token).user == alena
    assert "/link/" not in browser.get(waiting).content.decode()
    assert browser.post(url, {"act": "approve"}).status_code == 409
    assert _use(token).status_code == 302


# --- From the machine -----------------------------------------------------------------
def test_the_account_command_invites_and_makes_links(office, capsys):
    call_command(
        *("account", "nina", "--invite", "--name", "Nina Hay", "--office", office.code),
        *("--give", "legal"),
    )
    token = capsys.readouterr().out.split("/link/")[1].split("/")[0]
    assert _use(token).status_code == 302
    call_command("account", "nina", "--link")
    token = capsys.readouterr().out.split("/link/")[1].split("/")[0]
    assert _use(token, password="another long quiet phrase").status_code == 302
