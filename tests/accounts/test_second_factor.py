"""Second factors: sealed to their person, used once, and asked of whom the role asks it."""

import base64
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.middleware import ALWAYS, TO_PROVE_ONE, TO_SET_ONE_UP
from accounts.models import Session, UsedCode
from accounts.proposals import approve_proposal, propose
from accounts.second_factor import spend_code
from accounts.services import take_role
from audit.context import RequestContext, serving
from audit.verbs import READS, Verb
from core.exceptions import NotAllowed
from core.http import is_of_program
from core.middleware import METHODS
from tests.conftest import PASSWORD
from tests.databases import run_beside
from tests.guards import log
from tests.guards.matrix import addresses

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.django_db


def _code(secret=SECRET):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def _sign_in(user):
    browser = Client()
    browser.post(reverse("account_login"), {"login": user.username, "password": PASSWORD})
    return browser


def _prove(browser, code):
    return browser.post(reverse("mfa_authenticate"), {"code": code})


@pytest.fixture
def still(time_machine):
    """The clock stands, so that a code stays right."""
    time_machine.move_to(datetime.now(UTC), tick=False)
    return time_machine


# --- Sealed rows ----------------------------------------------------------------------
def _stored(row):
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator WHERE id = %s", [row.pk])
        return cursor.fetchone()[0]


def _store(row, data):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE mfa_authenticator SET data = %s WHERE id = %s", [data, row.pk])


def test_what_a_row_says_is_sealed_in_the_database_and_plain_in_memory(alena):
    row = TOTP.activate(alena, SECRET).instance
    assert row.data == {"secret": SECRET}
    [(name, blob)] = json.loads(_stored(row)).items()
    assert name == "sealed" and SECRET not in blob
    assert SECRET.encode() not in base64.b64decode(blob)
    assert Authenticator.objects.get(pk=row.pk).data == {"secret": SECRET}
    row.refresh_from_db()
    assert row.data == {"secret": SECRET}


def test_the_seed_of_somebody_else_opens_nothing(alena, rita, still):
    own = TOTP.activate(rita, SECRET).instance
    victim = TOTP.activate(alena, "AAAA" * 8).instance
    _store(victim, _stored(own))
    browser, start = _sign_in(alena), log.size()
    assert _prove(browser, _code()).status_code == 403
    assert browser.get("/").status_code == 302
    assert [event.verb for event in log.since(start)] == [Verb.REFUSED]
    assert _prove(_sign_in(rita), _code()).status_code == 302


@pytest.mark.parametrize(
    "planted",
    [{"secret": SECRET}, {"sealed": "AAAA"}, {"sealed": 5}, {}, [], "x", None],
)
def test_a_row_that_was_written_into_the_database_opens_nothing(alena, still, planted):
    row = TOTP.activate(alena, SECRET).instance
    _store(row, json.dumps(planted))
    assert _prove(_sign_in(alena), _code()).status_code == 403


def test_a_row_of_another_type_opens_nothing(alena):
    codes = RecoveryCodes.activate(alena).instance
    seed = TOTP.activate(alena, SECRET).instance
    _store(codes, _stored(seed))
    with pytest.raises(NotAllowed):
        Authenticator.objects.get(pk=codes.pk).wrap().get_unused_codes()


def test_a_row_that_was_tampered_with_can_be_removed(alena):
    row = TOTP.activate(alena, SECRET).instance
    _store(row, "{}")
    Authenticator.objects.filter(user=alena).delete()
    assert not Authenticator.objects.exists()


def test_recovery_codes_stand_nowhere_in_clear(alena):
    codes = RecoveryCodes.activate(alena)
    unused, seed = codes.get_unused_codes(), codes.instance.data["seed"]
    assert len(set(unused)) == 10
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            stored = str(cursor.fetchall())
            assert not [word for word in (*unused, seed) if word in stored], table


def test_a_seed_that_is_being_set_up_stands_nowhere_in_clear(alena):
    browser = _sign_in(alena)
    browser.get(reverse("mfa_activate_totp"))
    seed = browser.session["mfa.totp.secret"]
    forms = {seed.encode(), base64.b32decode(seed), base64.b64encode(seed.encode())}
    assert Session.objects.exists()
    for row in Session.objects.all():
        assert not any(form in bytes(row.session_data) for form in forms)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM core_cache")
        assert seed not in str(cursor.fetchall())


# --- Codes that open once -------------------------------------------------------------
def test_a_code_opens_once_though_the_cache_was_emptied(alena, still):
    TOTP.activate(alena, SECRET)
    first, second = _sign_in(alena), _sign_in(alena)
    assert _prove(first, _code()).status_code == 302
    cache.clear()
    start = log.size()
    answer = _prove(second, _code())
    assert "used already" in answer.content.decode()
    assert log.verbs_since(start) == [Verb.SECOND_FACTOR_FAILED]
    assert second.get("/").status_code == 302
    still.shift(30)
    assert _prove(second, _code()).status_code == 302


def test_a_code_of_two_minutes_ago_opens_nothing(alena, still):
    TOTP.activate(alena, SECRET)
    code = _code()
    still.shift(120)
    browser = _sign_in(alena)
    _prove(browser, code)
    assert browser.get("/").status_code == 302
    _prove(browser, _code())
    assert browser.get("/").status_code == 200


def test_the_code_of_setting_up_does_not_sign_in(alena, still):
    browser = _sign_in(alena)
    browser.get(reverse("mfa_activate_totp"))
    code = _code(browser.session["mfa.totp.secret"])
    assert browser.post(reverse("mfa_activate_totp"), {"code": code}).status_code == 302
    assert browser.get("/").status_code == 200
    cache.clear()
    assert "used already" in _prove(_sign_in(alena), code).content.decode()


def test_the_database_itself_refuses_a_code_for_the_second_time(alena, rita):
    UsedCode.objects.create(user=alena, step=1)
    UsedCode.objects.create(user=rita, step=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        UsedCode.objects.create(user=alena, step=1)


def test_codes_of_long_ago_are_forgotten(alena, still):
    for _ in range(3):
        assert spend_code(alena, SECRET, _code())
        still.shift(1000)
    assert UsedCode.objects.count() == 1


@pytest.mark.either_database
def test_of_many_processes_one_takes_a_code(own_databases):
    done = run_beside("accounts.spending", "4", databases=own_databases)
    rounds = json.loads(done.stdout)
    assert len(rounds) == 10
    assert [sorted(taken) for taken in rounds] == [[False, False, False, True]] * 10


# --- Who has to have one --------------------------------------------------------------
NO_ID = "00000000-0000-0000-0000-000000000000"


def _arguments(name):
    """Something for the address to be made of; what is there does not matter."""
    for arguments in (
        (),
        (1,),
        ("BY-2026-000001",),
        ("x", 1),
        ("x", NO_ID),
        ("x", "x"),
        ("x", "x", NO_ID),
        (NO_ID,),
        (NO_ID, "x"),
        (NO_ID, NO_ID),
    ):
        try:
            return reverse(name, args=arguments)
        except Exception:
            continue
    raise AssertionError(f"no arguments are known for {name}")


def test_without_a_second_factor_every_other_address_leads_to_setting_one_up(alena, case):
    browser, start, wrong = _sign_in(alena), log.size(), []
    for name in sorted(addresses() - ALWAYS - TO_SET_ONE_UP):
        for method in METHODS:
            answer = browser.generic(method, _arguments(name))
            if is_of_program(answer.wsgi_request):
                assert answer.status_code == 401
            elif answer.headers.get("Location") != reverse("account_enrol"):
                wrong.append(f"{method} {name}: {answer.status_code}")
    assert wrong == []
    assert not READS & set(log.verbs_since(start))


def test_a_password_adds_no_second_factor_beside_one_that_is_there(alena):
    """Somebody with a stolen password waits, half signed in, until the owner set one up."""
    thief = _sign_in(alena)
    assert thief.get(reverse("mfa_activate_totp")).status_code == 200
    TOTP.activate(alena, SECRET)
    for name in sorted(addresses() - ALWAYS - TO_PROVE_ONE):
        for method in METHODS:
            answer = thief.generic(method, _arguments(name))
            if is_of_program(answer.wsgi_request):
                assert answer.status_code == 401
                continue
            assert answer.headers.get("Location") == reverse("mfa_reauthenticate"), name
    thief.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert thief.get("/").status_code == 302
    assert thief.post(reverse("mfa_reauthenticate"), {"code": "000000"}).status_code == 200
    assert thief.get("/").status_code == 302
    thief.post(reverse("mfa_reauthenticate"), {"code": _code()})
    assert thief.get("/").status_code == 200


def test_whoever_has_a_second_factor_confirms_with_that(alena, rita, client_for):
    password = {"password": PASSWORD}
    page = reverse("account_reauthenticate")
    TOTP.activate(alena, SECRET)
    assert client_for(alena).post(page, password).headers["Location"] == reverse(
        "mfa_reauthenticate"
    )
    assert client_for(rita).post(page, password).headers["Location"] == "/"


@pytest.mark.parametrize(
    "role, needed",
    [
        *(("case_officer", True), ("medical", True), ("psychological", True), ("legal", True)),
        *(("financial", True), ("supervisor", True), ("partner_officer", True)),
        *(("administrator", True), ("auditor", False), ("analyst", False)),
    ],
)
def test_who_has_to_have_one(person, role, needed):
    answer = _sign_in(person("somebody", role)).get("/")
    assert (answer.status_code == 302) == needed


def test_a_role_that_is_given_asks_at_the_next_request(person, alena):
    person("somebody", "auditor")
    browser = _sign_in(alena)
    assert browser.get("/").status_code == 302
    take_role(user=alena, role="case_officer", by=None)
    assert browser.get("/").status_code == 200


def test_the_page_shows_no_way_to_anywhere_else(alena):
    page = _sign_in(alena).get(reverse("mfa_activate_totp")).content.decode()
    assert f'href="{reverse("cases:list")}"' not in page and "site-search" not in page


def test_the_last_second_factor_of_somebody_who_needs_one_stays(alena, rita, client_for, still):
    for user, stays in ((alena, True), (rita, False)):
        TOTP.activate(user, SECRET)
        browser = _sign_in(user)
        _prove(browser, _code())
        browser.post(reverse("mfa_deactivate_totp"))
        assert Authenticator.objects.filter(user=user).exists() == stays


def test_a_session_does_not_outlive_its_last_second_factor(rita, still):
    TOTP.activate(rita, SECRET)
    browser = _sign_in(rita)
    _prove(browser, _code())
    browser.post(reverse("mfa_deactivate_totp"))
    kept = browser.session["account_authentication_methods"]
    assert [record["method"] for record in kept] == ["password"]


def test_taking_one_off_ends_the_other_sessions_and_keeps_this_one(rita, alena, still):
    TOTP.activate(rita, SECRET)
    lost, stranger, browser = _sign_in(rita), Client(), _sign_in(rita)
    stranger.force_login(alena, backend="allauth.account.auth_backends.AuthenticationBackend")
    _prove(lost, _code())
    still.shift(30)
    _prove(browser, _code())
    assert lost.get("/").status_code == 200
    start = log.size()
    browser.post(reverse("mfa_deactivate_totp"))
    assert lost.get("/").status_code == 302
    assert browser.get("/").status_code == stranger.get("/").status_code == 200
    [cut] = [event for event in log.since(start) if event.verb == Verb.SESSION_CUT]
    assert (cut.actor, log.told(cut)["reason"]) == (rita.pk, "1")


def test_turned_off_by_others_it_ends_every_session(rita, viktar, pavel, still):
    TOTP.activate(rita, SECRET)
    first, second = _sign_in(rita), _sign_in(rita)
    _prove(first, _code())
    still.shift(30)
    _prove(second, _code())
    with serving(RequestContext("request", "elsewhere")):
        asked = propose("second_factor", subject=rita, note="Lost", by=viktar)
    assert first.get("/").status_code == second.get("/").status_code == 200
    approve_proposal(asked, by=pavel)
    assert not Session.objects.filter(user=rita).exists()
    assert first.get("/").status_code == second.get("/").status_code == 302


def test_only_a_demonstration_goes_without(tmp_path):
    for demo, second, ended in (("0", "false", 1), ("1", "false", 0), ("1", "true", 0)):
        done = subprocess.run(
            [sys.executable, "-c", "import config.settings as s; print(s.SECOND_FACTOR_REQUIRED)"],
            cwd=ROOT,
            env=os.environ
            | {"TUTELA_DATA_DIR": str(tmp_path), "TUTELA_DEMO": demo}
            | {"TUTELA_SECOND_FACTOR": second},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == ended, done.stderr
        assert ended or done.stdout.strip() == str(second == "true")
