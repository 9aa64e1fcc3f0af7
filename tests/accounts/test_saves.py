"""Accounts that Django and allauth save by themselves: each save is a version with its event."""

import sys
from io import StringIO

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.signals import user_logged_in
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import User
from accounts.services import change_account
from audit import verifier
from audit.verbs import Verb
from tests.conftest import PASSWORD
from tests.guards import log
from vault.cipher import CannotOpen
from vault.keyring import keyring

pytestmark = pytest.mark.django_db

SEALED = ["accounts.hashers.SealedArgon2PasswordHasher"]
OLD = "django.contrib.auth.hashers.MD5PasswordHasher"


def _versions(user):
    return list(User.history.filter(id=user.pk).order_by("revision"))


# --- Saves ----------------------------------------------------------------------------
def test_an_account_that_is_simply_saved_leaves_an_event(alena):
    start = log.size()
    alena.display_name = "Alena Karol"
    alena.save()
    [event] = log.since(start)
    assert (event.verb, event.object, event.revision) == (Verb.ACCOUNT_CHANGED, alena.pk, 2)
    assert event.actor is None, "no request, so nobody is known to have done it"


def test_a_new_password_is_told_of_once(alena):
    start = log.size()
    alena.set_password("another long and quiet phrase")
    alena.save()
    alena.first_name = "A"
    alena.save()
    assert log.verbs_since(start) == [Verb.PASSWORD_CHANGED, Verb.ACCOUNT_CHANGED]


def test_a_save_of_one_field_leaves_the_others_as_somebody_else_changed_them(alena, viktar):
    change_account(alena, display_name="Alena Karol", by=viktar)
    alena.first_name = "A"
    alena.save(update_fields=["first_name"])
    stored = User.objects.get(pk=alena.pk)
    assert (stored.display_name, stored.first_name, stored.revision) == ("Alena Karol", "A", 3)
    alena.last_name = "K"
    alena.save(update_fields=["last_name"])


def test_a_save_of_what_somebody_else_changed_meanwhile_is_refused(alena, viktar):
    change_account(alena, display_name="Alena Karol", by=viktar)
    alena.is_active = False
    with pytest.raises(IntegrityError), transaction.atomic():
        alena.save()


@pytest.mark.usefixtures("password_alone")
def test_signing_in_changes_no_account(alena):
    browser = Client()
    browser.post("/account/sign-in/", {"login": "alena", "password": PASSWORD})
    assert browser.get("/").status_code == 200
    assert len(_versions(alena)) == 1
    names = [str(receiver[0]) for receiver in user_logged_in.receivers]
    assert not [name for name in names if "last_login" in name]


@pytest.mark.usefixtures("password_alone")
def test_a_password_hashed_anew_at_sign_in_is_a_version_with_its_event(alena, settings):
    settings.PASSWORD_HASHERS = [*SEALED, OLD]
    start, browser = log.size(), Client()
    browser.post("/account/sign-in/", {"login": "alena", "password": PASSWORD})
    assert browser.get("/").status_code == 200
    changed, signed_in = log.since(start)[:2]
    assert (changed.verb, changed.object, changed.actor) == (
        Verb.ACCOUNT_CHANGED,
        alena.pk,
        alena.pk,
    )
    assert signed_in.verb == Verb.SIGNED_IN
    stored = User.objects.get(pk=alena.pk)
    assert stored.password.startswith("sealed_argon2$") and stored.revision == 2
    assert verifier.verify().holds


# --- Commands -------------------------------------------------------------------------
@pytest.fixture
def typed(monkeypatch):
    """The keys are not at hand yet, and these lines come in."""

    def put(*lines):
        keyring.forget()
        monkeypatch.setattr(sys, "stdin", StringIO("".join(f"{line}\n" for line in lines)))

    return put


def test_createsuperuser_makes_an_account_with_its_event(typed, settings, monkeypatch):
    settings.PASSWORD_HASHERS = SEALED
    typed()
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    start = log.size()
    call_command(
        "createsuperuser", "--noinput", "--username=root", "--display_name=Root", verbosity=0
    )
    user = User.objects.get(username="root")
    [event] = log.since(start)
    assert (event.verb, event.object, event.actor) == (Verb.ACCOUNT_MADE, user.pk, None)
    assert user.is_superuser and user.check_password(PASSWORD) and user.roles == []


def test_changepassword_leaves_an_event(alena, typed, settings, monkeypatch):
    settings.PASSWORD_HASHERS = [*SEALED, OLD]
    typed()
    new, start = "another long and quiet phrase", log.size()
    monkeypatch.setattr("getpass.getpass", lambda prompt: new)
    call_command("changepassword", "alena", stdout=StringIO())
    [event] = log.since(start)
    assert (event.verb, event.object, event.actor) == (Verb.PASSWORD_CHANGED, alena.pk, None)
    assert User.objects.get(pk=alena.pk).check_password(new)


def test_the_account_command(typed, office, capsys):
    typed(PASSWORD)
    start = log.size()
    call_command("account", "vera", "--make", "--name=Vera", "--office=BY-MSQ", "--give", "legal")
    typed()
    call_command("account", "vera", "--take", "legal", "--give", "medical", "--close")
    assert log.verbs_since(start) == [
        Verb.ACCOUNT_MADE,
        Verb.ROLE_GIVEN,
        Verb.ACCOUNT_CHANGED,
        Verb.ROLE_GIVEN,
        Verb.ROLE_TAKEN,
    ]
    vera = User.objects.get(username="vera")
    assert vera.office == office and not vera.is_active and vera.check_password(PASSWORD)
    call_command("account", "vera", "--open")
    assert capsys.readouterr().out.splitlines() == [
        "vera: Vera, active; roles: legal.",
        "vera: Vera, closed; roles: none.",
        "vera: Vera, active; roles: medical.",
    ]


def test_the_account_command_sets_and_takes_away_where_reminders_go(alena):
    start = log.size()
    call_command("account", "alena", "--email", "alena@office.example")
    assert User.objects.get(pk=alena.pk).email == "alena@office.example"
    call_command("account", "alena", "--email", "")
    assert User.objects.get(pk=alena.pk).email == ""
    assert log.verbs_since(start) == [Verb.ACCOUNT_CHANGED] * 2


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["alena", "--email", "nowhere"], "valid email"),
        (["nobody", "--close"], "no account with that user name"),
        (["alena", "--office=XX"], "no office XX"),
        (["alena", "--make", "--name=A"], "already exists"),
        (["vera", "--make"], "cannot be blank"),
        (["vera", "--make", "--name=V", "--give", "legal"], "at least 15"),
    ],
)
def test_the_account_command_says_what_is_wrong(alena, typed, arguments, told):
    typed("short" if told == "at least 15" else PASSWORD)
    start = log.size()
    with pytest.raises(CommandError, match=told):
        call_command("account", *arguments)
    assert log.size() == start


# --- Hashes ---------------------------------------------------------------------------
def test_a_hash_is_sealed_and_opens_with_the_keys_alone(settings):
    settings.PASSWORD_HASHERS = SEALED
    encoded, again = make_password(PASSWORD), make_password(PASSWORD)
    assert encoded != again and len(encoded) <= User._meta.get_field("password").max_length
    assert "argon2id" not in encoded and "m=" not in encoded
    assert check_password(PASSWORD, encoded)
    assert not check_password("a wrong password", encoded)
    flipped = encoded[:-10] + ("A" if encoded[-10] != "A" else "B") + encoded[-9:]
    with pytest.raises(CannotOpen):
        check_password(PASSWORD, flipped)


def test_former_hashes_in_the_history_are_sealed(alena, settings):
    settings.PASSWORD_HASHERS = SEALED
    for word in ("a first long phrase", "a second long phrase"):
        alena.set_password(word)
        alena.save()
    first, second = (version.password for version in _versions(alena)[1:])
    assert first != second
    assert all(password.startswith("sealed_argon2$") for password in (first, second))
    assert verifier.verify().holds
