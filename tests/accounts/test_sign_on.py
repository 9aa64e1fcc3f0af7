"""Single sign-on against a provider that tells the truth, and against one that lies."""

import html
import json
import os
import re
import subprocess
import sys
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import links
from accounts.identities import link_identity, person_of, unlink_identity
from accounts.models import LinkedIdentity, User
from accounts.provider import WAITED_FOR, Identity, SignOnRefused
from accounts.services import change_account, make_office, make_organisation
from audit import guards, verifier
from audit.verbs import Verb
from core.exceptions import NotAllowed, WrongState
from tests.accounts import oidc
from tests.audit.tools import write
from tests.guards import log

pytestmark = pytest.mark.django_db

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SET = {"TUTELA_OIDC_CLIENT_ID": "tutela", "TUTELA_OIDC_CLIENT_SECRET": "x"}
ADDRESSES = {
    "account_sign_on": (),
    "account_sign_on_return": (),
    "account_sign_on_finish": (),
    "account_sign_on_link": (),
    "account_sign_on_unlink": (),
    "account_sign_on_accept": ("token",),
}


@pytest.fixture
def provider(settings):
    with oidc.provider() as running:
        settings.OIDC_ISSUER = running.issuer
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = oidc.CLIENT, oidc.SECRET
        settings.OIDC_NAME = "Harbour ID"
        yield running


@pytest.fixture
def nina(person, provider):
    """A colleague without a role, linked with the subject that the provider tells of."""
    user = person("nina", "analyst")
    link_identity(Identity(provider.issuer, provider.subject), user=user)
    return user


# --- The way a browser takes ----------------------------------------------------------
def led_to(answer):
    """Where a page that goes on by itself leads."""
    assert answer.status_code == 200, answer.status_code
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', answer.content.decode())
    return html.unescape(found[1])


def there(answer):
    """What the provider answers to the browser: the way back, as path and query."""
    location = requests.get(led_to(answer), allow_redirects=False, timeout=5).headers["Location"]
    return location.removeprefix("http://testserver")


def back(browser, path):
    """From the provider to our page, and on with our cookies."""
    return browser.get(led_to(browser.get(path)))


def sign_on(browser, **form):
    return back(browser, there(browser.post(reverse("account_sign_on"), form)))


def is_signed_in(browser):
    return browser.get(reverse("mfa_index")).status_code == 200


def refused(answer, start, browser, code, actor=None):
    """One plain page, one event, nobody signed in."""
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "What Harbour ID said signs nobody in here." in page
    assert "Nina" not in page and "nina" not in page
    [event] = log.since(start)
    assert (event.verb, event.outcome, event.actor) == (Verb.SIGN_IN_FAILED, "denied", actor)
    assert log.told(event)["reason"] == f"single sign-on: {code}"
    assert not is_signed_in(browser)


def test_somebody_signs_in(provider, nina):
    browser, start = Client(), log.size()
    answer = sign_on(browser)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    [event] = log.since(start)
    assert (event.verb, event.actor) == (Verb.SIGNED_IN, nina.pk)
    assert log.told(event)["reason"] == "single_sign_on"
    assert is_signed_in(browser)


def test_what_is_sent_to_the_provider(provider, nina):
    browser = Client()
    sign_on(browser)
    [asked] = provider.asked
    assert asked.keys() == {
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce"),
        *("code_challenge", "code_challenge_method"),
    }
    assert (asked["response_type"], asked["scope"]) == ("code", "openid")
    assert asked["code_challenge_method"] == "S256"
    assert min(len(asked[part]) for part in ("state", "nonce")) >= 20
    assert asked["redirect_uri"] == "http://testserver" + reverse("account_sign_on_return")
    sign_on(Client())
    assert not {asked[p] for p in ("state", "nonce", "code_challenge")} & {
        *provider.asked[1].values()
    }


def test_a_token_signed_with_an_elliptic_key_is_as_good(provider, nina):
    provider.header, provider.sign = {"alg": "ES256", "kid": "e"}, oidc.sign_es256
    browser = Client()
    assert sign_on(browser).status_code == 302
    assert is_signed_in(browser)


def test_the_session_gets_another_key_when_somebody_signs_in(provider, nina):
    browser = Client()
    path = there(browser.post(reverse("account_sign_on")))
    before = browser.cookies["session"].value
    back(browser, path)
    assert browser.cookies["session"].value != before
    old = Client()
    old.cookies["session"] = before
    assert not is_signed_in(old)


def test_who_was_signed_in_here_is_out(provider, nina, alena, client_for):
    browser = client_for(alena)
    assert sign_on(browser).status_code == 302
    assert browser.session["_auth_user_id"] == str(nina.pk)


def test_it_leads_to_where_one_wanted_to_go_and_to_no_other_site(provider, nina):
    assert sign_on(Client(), next="/people/me/").headers["Location"] == "/people/me/"
    for elsewhere in ("https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"):
        assert sign_on(Client(), next=elsewhere).headers["Location"] == "/"


def test_a_second_factor_is_asked_for_as_after_a_password(provider, nina):
    TOTP.activate(nina, SEED)
    browser, start = Client(), log.size()
    assert sign_on(browser).headers["Location"] == reverse("mfa_authenticate")
    assert not is_signed_in(browser)
    code = format_hotp_value(hotp_value(SEED, int(time.time()) // 30))
    browser.post(reverse("mfa_authenticate"), {"code": code})
    assert is_signed_in(browser)
    signed_in = log.since(start)[-1]
    assert (signed_in.verb, log.told(signed_in)["reason"]) == (Verb.SIGNED_IN, "single_sign_on mfa")


def test_a_role_that_needs_a_second_factor_leads_to_setting_one_up(provider, alena):
    """Whatever the provider says of how it asked."""
    link_identity(Identity(provider.issuer, provider.subject), user=alena)
    provider.claims = {"amr": ["mfa", "otp", "hwk"], "acr": "3"}
    browser = Client()
    sign_on(browser)
    assert browser.get("/").headers["Location"] == reverse("account_enrol")


def test_nothing_that_the_provider_says_is_kept(provider, nina):
    browser = Client()
    sign_on(browser)
    secret = [*provider.told, provider.subject, provider.issuer, "nina.hay@example.org", "Nina Hay"]
    assert len(secret) == 7
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table != "config_configuration":
                cursor.execute(f'SELECT * FROM "{table}"')
                rows = str(cursor.fetchall())
                assert [word for word in secret if word in rows] == [], table
    kept = json.dumps(dict(browser.session.items()))
    assert [word for word in secret if word in kept] == []


# --- From the provider to our page ----------------------------------------------------
def test_the_page_that_one_comes_back_to_needs_no_cookies_and_sets_none(provider, nina):
    """The browser withholds ours, because another site sends it. A new one would take its place."""
    browser = Client()
    path = there(browser.post(reverse("account_sign_on")))
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    answer = Client().get(path, headers=headers | {"Sec-Fetch-Dest": "document"})
    assert not answer.cookies
    on = led_to(answer)
    assert on.startswith(reverse("account_sign_on_finish") + "?")
    assert parse_qs(urlsplit(on).query) == parse_qs(urlsplit(path).query)
    assert browser.get(on).status_code == 302


def test_a_form_of_another_site_begins_nothing(provider):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(reverse("account_sign_on")).status_code == 403
    answer = Client().post(reverse("account_sign_on"), headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert provider.asked == []


@pytest.mark.parametrize(
    "name", ["account_sign_on", "account_sign_on_link", "account_sign_on_unlink"]
)
def test_what_begins_something_is_no_link(provider, nina, client_for, name):
    assert client_for(nina).get(reverse(name)).status_code == 405


def test_nobody_has_the_provider_asked_without_end(provider):
    answers = [Client().post(reverse("account_sign_on")).status_code for _time in range(62)]
    assert answers[:60] == [200] * 60 and answers[-1] == 429


# --- Lies -----------------------------------------------------------------------------
LIES = {
    "no algorithm": (
        {"header": {"alg": "none"}, "sign": lambda said: b""},
        "unsupported_algorithm",
    ),
    "an HMAC with the public key": (
        {"header": {"alg": "HS256", "kid": "r"}, "sign": oidc.sign_with_public_key},
        "unsupported_algorithm",
    ),
    "another key": (
        {"sign": lambda said: oidc.sign_rs256(said, oidc.OTHER_RSA)},
        "bad_signature",
    ),
    "a key it does not publish": ({"header": {"alg": "RS256", "kid": "x"}}, "invalid_key_id"),
    "a key it brings along": (
        {
            "header": {"alg": "ES256", "kid": "e", "jwk": oidc.jwk_of(oidc.OTHER_EC)},
            "sign": lambda said: oidc.sign_es256(said, oidc.OTHER_EC),
        },
        "bad_signature",
    ),
    "an access token in its place": (
        {"header": {"alg": "RS256", "kid": "r", "typ": "at+jwt"}, "claims": {"nonce": None}},
        "missing_claim",
    ),
    "not yet": ({"claims": {"nbf": 4_000_000_000}}, "invalid_claim"),
    "another audience": ({"claims": {"aud": "elsewhere"}}, "invalid_claim"),
    "another audience for our use": (
        {"claims": {"aud": "elsewhere", "azp": oidc.CLIENT}},
        "invalid_claim",
    ),
    "others beside us": ({"claims": {"aud": [oidc.CLIENT, "elsewhere"]}}, "invalid_claim"),
    "no audience": ({"claims": {"aud": None}}, "missing_claim"),
    "another issuer": ({"claims": {"iss": "https://elsewhere.example"}}, "invalid_claim"),
    "no issuer": ({"claims": {"iss": None}}, "missing_claim"),
    "another nonce": ({"claims": {"nonce": "of another time"}}, "invalid_claim"),
    "no nonce": ({"claims": {"nonce": None}}, "missing_claim"),
    "expired": ({"claims": {"exp": 1_700_000_000, "iat": 1_699_999_000}}, "expired_token"),
    "no end": ({"claims": {"exp": None}}, "missing_claim"),
    "an end that is no time": ({"claims": {"exp": "tomorrow"}}, "invalid_claim"),
    "of the future": ({"claims": {"iat": 4_000_000_000, "exp": 4_000_000_060}}, "invalid_claim"),
    "no subject": ({"claims": {"sub": None}}, "missing_claim"),
    "an empty subject": ({"claims": {"sub": ""}}, "invalid_claim"),
    "a subject that is a number": ({"claims": {"sub": 7}}, "invalid_claim"),
    "of another access token": ({"claims": {"at_hash": "AAAA"}}, "invalid_claim"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_lies_signs_nobody_in(provider, nina, lie):
    changes, code = LIES[lie]
    for name, value in changes.items():
        setattr(provider, name, value)
    browser, start = Client(), log.size()
    answer = sign_on(browser)
    refused(answer, start, browser, f"token {code}")


NO_ANSWERS = {
    "an error": ((500, b""), "no answer"),
    "no JSON": ((200, b"<html>"), "no answer"),
    "a list": ((200, b"[]"), "no answer"),
    "nothing in it": ((200, b"{}"), "no answer"),
    "no ID token": ((200, b'{"access_token": "a", "token_type": "Bearer"}'), "no answer"),
    "an ID token that is none": ((200, b'{"access_token": "a", "id_token": "a.b.c"}'), ""),
    "an ID token that is a number": ((200, b'{"access_token": "a", "id_token": 7}'), ""),
    "a no": ((400, b'{"error": "invalid_grant"}'), "code refused"),
    "a way elsewhere": ((307, b""), "no answer"),
}


@pytest.mark.parametrize("what", NO_ANSWERS)
def test_an_answer_that_is_none_signs_nobody_in(provider, nina, what):
    provider.answer, code = NO_ANSWERS[what]
    browser, start = Client(), log.size()
    answer = sign_on(browser)
    [event] = log.since(start)
    assert (event.verb, event.outcome) == (Verb.SIGN_IN_FAILED, "denied")
    assert answer.status_code == 403 and not is_signed_in(browser)
    assert provider.elsewhere == [], "code and secret go to nobody else"
    assert code in log.told(event)["reason"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://elsewhere.example"},
        {"issuer": None},
        {"token_endpoint": "http://elsewhere.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
def test_a_provider_that_speaks_for_another_is_not_gone_to(provider, nina, metadata):
    provider.metadata = metadata
    browser, start = Client(), log.size()
    answer = browser.post(reverse("account_sign_on"))
    refused(answer, start, browser, "provider speaks for another")


def test_a_provider_that_is_not_there_is_told_plainly(provider, nina, settings):
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    browser, start = Client(), log.size()
    refused(browser.post(reverse("account_sign_on")), start, browser, "no answer")


def test_with_a_wrong_secret_nobody_gets_in(provider, nina, settings):
    settings.OIDC_CLIENT_SECRET = "another"
    browser, start = Client(), log.size()
    refused(sign_on(browser), start, browser, "code refused")


# --- What was begun is finished once, here, and soon ----------------------------------
def test_a_way_back_that_was_used_leads_nowhere(provider, nina):
    browser = Client()
    path = there(browser.post(reverse("account_sign_on")))
    assert back(browser, path).status_code == 302
    browser.post(reverse("account_logout"))
    start = log.size()
    refused(back(browser, path), start, browser, "not begun here")


def test_what_was_refused_is_over_and_is_not_tried_again(provider, nina):
    """The provider would give another code for the same state and nonce."""
    browser = Client()
    path, provider.answer = there(browser.post(reverse("account_sign_on"))), (500, b"")
    assert back(browser, path).status_code == 403
    provider.answer = None
    again = provider.authorise(provider.asked[0]).removeprefix("http://testserver")
    start = log.size()
    refused(back(browser, again), start, browser, "not begun here")


def test_the_way_back_of_somebody_else_leads_nowhere(provider, nina):
    """Who is sent a link is not signed in as whoever made it."""
    path = there(Client().post(reverse("account_sign_on")))
    browser, start = Client(), log.size()
    refused(back(browser, path), start, browser, "not begun here")
    other = Client()
    other.post(reverse("account_sign_on"))
    assert back(other, path).status_code == 403
    assert not is_signed_in(other)


def test_a_code_that_was_used_leads_nowhere(provider, nina):
    browser = Client()
    first = there(browser.post(reverse("account_sign_on")))
    assert back(browser, first).status_code == 302
    [code] = parse_qs(urlsplit(first).query)["code"]
    other = Client()
    second = there(other.post(reverse("account_sign_on")))
    [fresh] = parse_qs(urlsplit(second).query)["code"]
    start = log.size()
    refused(back(other, second.replace(fresh, code)), start, other, "code refused")


def test_a_code_stolen_before_it_is_used_is_of_no_use_in_another_browser(provider, nina):
    """PKCE: the verifier lies in the session of the browser in which it began."""
    stolen = there(Client().post(reverse("account_sign_on")))
    [code] = parse_qs(urlsplit(stolen).query)["code"]
    thief = Client()
    own = there(thief.post(reverse("account_sign_on")))
    [fresh] = parse_qs(urlsplit(own).query)["code"]
    start = log.size()
    refused(back(thief, own.replace(fresh, code)), start, thief, "code refused")


def test_who_stays_too_long_begins_anew(provider, nina, time_machine):
    browser = Client()
    path = there(browser.post(reverse("account_sign_on")))
    time_machine.move_to(timezone.now() + timedelta(seconds=WAITED_FOR + 1))
    start = log.size()
    refused(back(browser, path), start, browser, "not begun here")


def test_when_the_provider_says_no_what_it_says_is_not_repeated(provider, nina):
    browser = Client()
    path = there(browser.post(reverse("account_sign_on")))
    [state] = parse_qs(urlsplit(path).query)["state"]
    start = log.size()
    said = {"error": "access_denied", "error_description": "Nina Hay may not", "state": state}
    answer = browser.get(reverse("account_sign_on_finish"), said)
    refused(answer, start, browser, "provider said no")


# --- Whose account it is --------------------------------------------------------------
def test_a_subject_that_nobody_linked_signs_nobody_in_and_makes_no_account(provider, nina):
    provider.subject = "somebody-else"
    browser, start, before = Client(), log.size(), User.objects.count()
    refused(sign_on(browser), start, browser, "linked with no account")
    assert User.objects.count() == before


def test_the_email_and_the_name_of_a_colleague_open_nothing(provider, nina, person):
    person("maria", "analyst", email="maria@example.org")
    provider.subject = "somebody-else"
    provider.claims = {"email": "maria@example.org", "email_verified": True}
    provider.claims |= {"preferred_username": "maria", "name": "Maria"}
    browser, start = Client(), log.size()
    refused(sign_on(browser), start, browser, "linked with no account")


def test_the_same_subject_at_another_issuer_is_somebody_else(provider, nina):
    with pytest.raises(SignOnRefused, match="linked with no account"):
        person_of(Identity("https://elsewhere.example", provider.subject))


def test_a_closed_account_stays_closed_and_the_attempt_names_it(provider, nina, viktar):
    change_account(nina, is_active=False, by=viktar)
    browser, start = Client(), log.size()
    refused(sign_on(browser), start, browser, "account is closed", actor=nina.pk)


def test_a_link_is_written_with_an_event_or_not_at_all(nina):
    row, table = LinkedIdentity.objects.get(), LinkedIdentity._meta.db_table
    for statement in (
        f"UPDATE {table} SET key = 'x'",
        f"UPDATE {table} SET ended_at = NULL, revision = revision + 1",
        f"DELETE FROM {table}",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    row.pk, row._state.adding = None, True
    with pytest.raises(IntegrityError), transaction.atomic():
        LinkedIdentity.objects.bulk_create([row])


@pytest.fixture
def without_guards():
    """Somebody owns the database."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    guards.remove()
    yield
    guards.install()


def test_somebody_elses_link_in_the_row_of_an_account_opens_nothing(
    provider, nina, alena, without_guards
):
    """Whoever is linked truly cannot come in as a colleague, and the verifier names the row."""
    row = LinkedIdentity.objects.get()
    write(LinkedIdentity, row.pk, user=User._meta.pk.get_db_prep_value(alena.pk, connection))
    browser, start = Client(), log.size()
    refused(sign_on(browser), start, browser, "link was tampered with", actor=alena.pk)
    assert any(str(row.pk) in found for found in verifier.verify().findings)


def test_a_row_that_was_written_into_the_database_opens_nothing(
    provider, nina, alena, without_guards
):
    """What another row says can be copied; what makes it another account's cannot be worked out."""
    row = LinkedIdentity.objects.get()
    unlink_identity(nina, by=nina)
    copied = {"key": row.key, "proof": row.proof, "last_event": row.last_event, "revision": 1}
    LinkedIdentity.objects.bulk_create([LinkedIdentity(user=alena, **copied)])
    browser, start = Client(), log.size()
    refused(sign_on(browser), start, browser, "link was tampered with", actor=alena.pk)
    assert any("LinkedIdentity" in found for found in verifier.verify().findings)


# --- Linking --------------------------------------------------------------------------
def _begin_to_link(browser):
    return there(browser.post(reverse("account_sign_on_link")))


@pytest.fixture
def vera(person):
    """A colleague with a password, not linked."""
    return person("vera", "analyst")


def test_somebody_links_an_account_and_signs_in_with_it(provider, vera, client_for):
    browser, start = client_for(vera), log.size()
    answer = back(browser, _begin_to_link(browser))
    assert answer.headers["Location"] == reverse("mfa_index")
    assert "Linked. You can sign in with Harbour ID" in browser.get("/account/second-factor/").text
    [event] = log.since(start)
    assert (event.verb, event.actor) == (Verb.SIGN_ON_LINKED, vera.pk)
    assert provider.asked[0]["prompt"] == "login", "who sits there is asked anew"
    other = Client()
    sign_on(other)
    assert other.session["_auth_user_id"] == str(vera.pk)


def test_linking_needs_a_recent_sign_in(provider, vera, client_for):
    browser = client_for(vera, ago=600)
    answer = browser.post(reverse("account_sign_on_link"))
    assert answer.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert provider.asked == []


def test_nobody_links_who_is_not_signed_in(provider):
    for name in ("account_sign_on_link", "account_sign_on_unlink"):
        answer = Client().post(reverse(name))
        assert answer.headers["Location"].startswith(reverse("account_login"))


def test_what_somebody_began_is_not_finished_by_somebody_else(provider, vera, alena, client_for):
    browser = client_for(vera)
    path = _begin_to_link(browser)
    session = browser.session
    [pending] = [value for key, value in session.items() if key.startswith("_state_sign-on_")]
    pending["data"]["kept"]["person"] = str(alena.pk)
    session.save()
    assert back(browser, path).status_code == 403
    assert not LinkedIdentity.objects.exists()


def test_an_identity_signs_in_to_one_account(provider, nina, vera, client_for):
    browser, start = client_for(vera), log.size()
    answer = back(browser, _begin_to_link(browser))
    assert answer.status_code == 403 and "Nina" not in answer.text
    [event] = log.since(start)
    assert (event.verb, event.actor) == (Verb.SIGN_IN_FAILED, vera.pk)
    assert log.told(event)["reason"] == "single sign-on: linked with another account"
    assert person_of(Identity(provider.issuer, provider.subject)) == nina


def test_another_identity_takes_the_place_of_the_one_before(provider, nina, client_for):
    provider.subject = "a-new-one"
    browser, start = client_for(nina), log.size()
    back(browser, _begin_to_link(browser))
    assert log.verbs_since(start) == [Verb.SIGN_ON_UNLINKED, Verb.SIGN_ON_LINKED]
    with pytest.raises(SignOnRefused):
        person_of(Identity(provider.issuer, "8f2e-nina"))
    assert person_of(Identity(provider.issuer, "a-new-one")) == nina


# --- An invitation --------------------------------------------------------------------
@pytest.fixture
def invited(office, viktar):
    """(account, token) of somebody invited as a case officer."""
    made, token = links.invite(
        username="olga", display_name="Olga Reed", roles=["case_officer"], office=office, by=viktar
    )
    return made.user, token


def _begin_to_accept(browser, token):
    return there(browser.post(reverse("account_sign_on_accept", args=[token])))


def test_an_invitation_is_accepted_without_a_password(provider, invited):
    olga, token = invited
    browser, start = Client(), log.size()
    assert "Use Harbour ID" in browser.get(reverse("account_password_link", args=[token])).text
    assert back(browser, _begin_to_accept(browser, token)).headers["Location"] == "/"
    assert log.verbs_since(start) == [Verb.LINK_USED, Verb.SIGN_ON_LINKED, Verb.SIGNED_IN]
    assert not User.objects.get(pk=olga.pk).has_usable_password()
    assert browser.get("/").headers["Location"] == reverse("account_enrol")
    again = Client()
    assert back(again, _begin_to_accept(again, token)).status_code == 403
    assert not is_signed_in(again)


def test_a_link_to_a_new_password_links_nothing(provider, vera, viktar):
    _link, token = links.make_link(vera, by=viktar)
    browser, start = Client(), log.size()
    assert "Use Harbour ID" not in browser.get(reverse("account_password_link", args=[token])).text
    path = _begin_to_accept(browser, token)
    refused(back(browser, path), start, browser, "invitation does not work")


def test_an_invitation_taken_by_a_linked_identity_stays_unused(provider, nina, invited):
    _olga, token = invited
    browser = Client()
    assert back(browser, _begin_to_accept(browser, token)).status_code == 403
    assert links.find(token)


def test_whoever_has_no_password_needs_a_second_factor_whatever_the_role(person, provider):
    """Nothing could be confirmed otherwise, and what is not asked would count as confirmed."""
    vera = person("vera", "analyst")
    vera.set_unusable_password()
    vera.save()
    link_identity(Identity(provider.issuer, provider.subject), user=vera)
    browser = Client()
    sign_on(browser)
    assert browser.get("/").headers["Location"] == reverse("account_enrol")


# --- Undoing it -----------------------------------------------------------------------
def test_a_link_is_undone_by_its_person(provider, nina, client_for):
    browser, start = client_for(nina), log.size()
    assert "Linked" in browser.get(reverse("mfa_index")).text
    assert browser.post(reverse("account_sign_on_unlink")).status_code == 302
    [event] = log.since(start)
    assert (event.verb, event.actor) == (Verb.SIGN_ON_UNLINKED, nina.pk)
    assert "Not linked" in browser.get(reverse("mfa_index")).text
    stranger, start = Client(), log.size()
    refused(sign_on(stranger), start, stranger, "linked with no account")


def test_undoing_needs_a_recent_sign_in(provider, nina, client_for):
    client_for(nina, ago=600).post(reverse("account_sign_on_unlink"))
    assert LinkedIdentity.objects.now().exists()


def test_nobody_locks_themselves_out(provider, nina):
    nina.set_unusable_password()
    nina.save()
    with pytest.raises(WrongState):
        unlink_identity(nina, by=nina)
    Authenticator.objects.create(user=nina, type="webauthn", data={})
    unlink_identity(nina, by=nina)
    assert not LinkedIdentity.objects.now().exists()


def test_an_administrator_sees_the_link_and_takes_it_away(provider, nina, viktar, client_for):
    keeper, own, start = client_for(viktar), Client(), log.size()
    sign_on(own)
    page = keeper.get(reverse("people:person", args=[nina.pk])).text
    assert "Harbour ID" in page and reverse("people:unlink", args=[nina.pk]) in page
    keeper.post(reverse("people:unlink", args=[nina.pk]))
    event = log.since(start)[-1]
    assert (event.verb, event.actor, event.object_type) == (
        *(Verb.SIGN_ON_UNLINKED, viktar.pk, "accounts.LinkedIdentity"),
    )
    assert not is_signed_in(own), "whoever came in that way is out"
    assert (
        reverse("people:unlink", args=[nina.pk])
        not in keeper.get(reverse("people:person", args=[nina.pk])).text
    )


def test_nobody_else_takes_it_away(provider, nina, pavel, vera, person):
    linden = make_organisation(name="Linden", kind="NGO", is_partner=True, by=None)
    made = {"code": "BY-LIN", "name": "Linden", "country": "BY"}
    office = make_office(organisation=linden, by=None, **made)
    for somebody in (pavel, vera, person("lena", "partner_admin", at=office)):
        with pytest.raises(NotAllowed):
            unlink_identity(nina, by=somebody)


# --- Without one ----------------------------------------------------------------------
def test_without_a_provider_no_address_answers_and_no_page_speaks_of_it(
    nina, viktar, invited, client_for, settings
):
    settings.OIDC_ISSUER = ""
    _olga, token = invited
    keeper = client_for(viktar)
    for browser in (Client(), keeper):
        for name, arguments in ADDRESSES.items():
            for ask in (browser.get, browser.post):
                assert ask(reverse(name, args=arguments)).status_code == 404, name
    assert keeper.post(reverse("people:unlink", args=[nina.pk])).status_code == 404
    pages = [
        Client().get(reverse("account_login")),
        Client().get(reverse("account_password_link", args=[token])),
        keeper.get(reverse("mfa_index")),
        keeper.get(reverse("people:person", args=[nina.pk])),
    ]
    for page in pages:
        assert page.status_code == 200
        assert "sign-on" not in page.text and "Harbour ID" not in page.text


def test_with_one_the_sign_in_page_offers_it_and_asks_nothing_of_it(provider):
    page = Client().get(reverse("account_login"), {"next": "/people/me/"}).text
    assert "Sign in with Harbour ID" in page and page.count('value="/people/me/"') == 3


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"TUTELA_OIDC_ISSUER": "https://id.example"}, "TUTELA_OIDC_CLIENT_ID"),
        ({"TUTELA_OIDC_ISSUER": "http://id.example"} | SET, "https://"),
    ],
)
def test_a_provider_that_is_half_configured_stops_the_start(variables, told):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TUTELA_OIDC")}
    ended = subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=settings.BASE_DIR,
        env=kept | variables,
        capture_output=True,
        text=True,
    )
    assert ended.returncode != 0 and told in ended.stderr
