"""Secrets of the installation: sessions; and the column of sealed bytes."""

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test import Client

from accounts.models import Session, User
from accounts.sessions import SessionStore, digest_of
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
    row = Session.objects.get()
    assert b"JBSWY3DPEHPK3PXP" not in bytes(row.session_data)
    assert row.pk == digest_of(store.session_key)
    assert SessionStore(store.session_key)["seed"] == "JBSWY3DPEHPK3PXP"


def test_payloads_of_two_sessions_cannot_be_exchanged() -> None:
    one, two = session(who="alena"), session(who="rita")
    rows = {s: Session.objects.get(pk=digest_of(s.session_key)) for s in (one, two)}
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
    own = Session.objects.filter(pk=digest_of(thief.session.session_key))
    strong = Session.objects.exclude(pk=own.get().pk).get()
    own.update(session_data=strong.session_data)
    assert thief.get("/").status_code == 302


@pytest.mark.parametrize("planted", [b"", b"\x01" + bytes(120), b'{"_auth_user_id": "1"}' * 9])
def test_a_planted_session_payload_is_no_session(planted: bytes) -> None:
    store = session(who="alena")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_session SET session_data = %s", [planted])
    assert dict(SessionStore(store.session_key).items()) == {}


def test_a_session_changed_by_one_bit_is_no_session() -> None:
    store = session(who="alena")
    blob = bytearray(Session.objects.get().session_data)
    blob[-1] ^= 1
    Session.objects.update(session_data=bytes(blob))
    assert dict(SessionStore(store.session_key).items()) == {}


def test_a_session_moves_to_its_new_key_with_its_content() -> None:
    store = session(who="alena")
    old = store.session_key
    store.cycle_key()
    store.save()
    assert store.session_key != old
    assert SessionStore(store.session_key)["who"] == "alena"


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
