"""Secrets of the installation: sessions, seeds of one-time codes; and the column of sealed bytes."""

import base64
from collections.abc import Callable

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client

from accounts.models import User
from accounts.sessions import SessionStore
from cases.models import Case, Person
from vault.cipher import CannotOpen
from vault.fields import SealedField
from vault.keyring import keyring
from vault.secrets import seal_system, system_secret, unseal_system

pytestmark = pytest.mark.django_db


def session(**content: str) -> SessionStore:
    store = SessionStore()
    store.update(content)
    store.save()
    return store


def test_a_secret_is_the_same_after_a_restart_and_another_for_each_name() -> None:
    first = system_secret("log-signing-key")
    keyring.forget()
    assert system_secret("log-signing-key") == first
    assert system_secret("another") != first
    assert len(first) == 32


def test_a_system_value_opens_for_its_purpose_and_owner_alone() -> None:
    blob = seal_system("session", "k1", b"content")
    assert unseal_system("session", "k1", blob) == b"content"
    for purpose, owner in (("session", "k2"), ("second-factor", "k1"), ("", "k1")):
        with pytest.raises(CannotOpen):
            unseal_system(purpose, owner, blob)


def test_a_session_is_sealed_in_the_database_and_opens_under_its_key() -> None:
    store = session(seed="JBSWY3DPEHPK3PXP")
    stored = Session.objects.get(pk=store.session_key).session_data
    assert "JBSWY3DPEHPK3PXP" not in stored
    assert b"JBSWY3DPEHPK3PXP" not in base64.b64decode(stored)
    assert SessionStore(store.session_key)["seed"] == "JBSWY3DPEHPK3PXP"


def test_payloads_of_two_sessions_cannot_be_exchanged() -> None:
    one, two = session(who="alena"), session(who="rita")
    rows = {key: Session.objects.get(pk=key) for key in (one.session_key, two.session_key)}
    data = [row.session_data for row in rows.values()]
    for row, stranger in zip(rows.values(), reversed(data), strict=True):
        row.session_data = stranger
        row.save()
    assert dict(SessionStore(one.session_key).items()) == {}
    assert dict(SessionStore(two.session_key).items()) == {}


def test_who_puts_a_signed_in_session_under_an_own_key_is_signed_out(
    client_for: Callable[[User], Client], alena: User, rita: User
) -> None:
    client_for(rita)
    thief = client_for(alena)
    strong = Session.objects.exclude(pk=thief.session.session_key).get()
    Session.objects.filter(pk=thief.session.session_key).update(session_data=strong.session_data)
    assert thief.get("/").status_code == 302


@pytest.mark.parametrize("planted", ["", "e30=", "not base64!", "eyJfYXV0aF91c2VyX2lkIjoiMSJ9" * 9])
def test_a_planted_session_payload_is_no_session(planted: str) -> None:
    store = session(who="alena")
    Session.objects.update(session_data=planted)
    assert dict(SessionStore(store.session_key).items()) == {}


def test_a_session_changed_by_one_bit_is_no_session() -> None:
    store = session(who="alena")
    row = Session.objects.get()
    blob = bytearray(base64.b64decode(row.session_data))
    blob[-1] ^= 1
    Session.objects.update(session_data=base64.b64encode(blob).decode())
    assert dict(SessionStore(store.session_key).items()) == {}


def test_a_session_moves_to_its_new_key_with_its_content() -> None:
    store = session(who="alena")
    old = store.session_key
    store.cycle_key()
    store.save()
    assert store.session_key != old
    assert SessionStore(store.session_key)["who"] == "alena"


def test_the_seed_of_one_time_codes_is_stored_sealed(alena: User) -> None:
    seed = generate_totp_secret()
    TOTP.activate(alena, seed)
    stored = Authenticator.objects.get(user=alena).data["secret"]
    assert seed not in stored
    assert seed.encode() not in base64.b64decode(stored)
    assert get_adapter().decrypt(stored) == seed


def test_a_seed_planted_in_clear_is_refused() -> None:
    for planted in ("JBSWY3DPEHPK3PXP", base64.b64encode(b"JBSWY3DPEHPK3PXP" * 9).decode()):
        with pytest.raises(CannotOpen):
            get_adapter().decrypt(planted)


@pytest.mark.parametrize(
    "plaintext",
    [b"", b"{}", "Снежаньская".encode(), b'{"first_name":"Hanna"}' * 20, b"\x01short", bytes(200)],
)
def test_a_sealed_column_refuses_plaintext_and_does_not_repeat_it(plaintext: bytes) -> None:
    column = SealedField(name="identity_sealed")
    with pytest.raises(ValueError, match="identity_sealed takes sealed bytes only") as caught:
        column.get_prep_value(plaintext)
    assert "Hanna" not in str(caught.value)


def test_a_sealed_column_refuses_text() -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        SealedField(name="identity_sealed").get_prep_value("Hanna " * 40)
    assert "Hanna" not in str(caught.value)


def test_no_road_of_the_orm_brings_plaintext_into_a_sealed_column(case: Case) -> None:
    planted = b'{"first_name":"Hanna"}' * 20
    person = Person.objects.get()
    person.identity_sealed = planted
    roads = (
        person.save,
        lambda: Person.objects.update(identity_sealed=planted),
        lambda: Person.objects.bulk_update([person], ["identity_sealed"]),
    )
    for road in roads:
        with pytest.raises(ValueError, match="takes sealed bytes only"), transaction.atomic():
            road()
    assert bytes(Person.objects.get().identity_sealed) != planted


def test_a_sealed_column_takes_nothing_and_what_was_sealed() -> None:
    column = SealedField(name="identity_sealed")
    assert column.get_prep_value(None) is None
    blob = seal_system("x", "y", b"")
    assert column.get_prep_value(blob) == blob
