"""Keys in memory and in the key store."""

import copy
import pickle
import threading
from uuid import UUID

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from core.ids import uuid7
from vault import cipher
from vault import keyring as module
from vault.cipher import CannotOpen
from vault.keyring import Keyring, NoKey, keyring
from vault.models import DataKey, KeyEncryptionKey, KeyStore
from vault.providers.file import KeyFile, create_key_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def scope() -> UUID:
    scope = uuid7()
    keyring.create([scope])
    return scope


def in_another_process() -> Keyring:
    """A keyring that has nothing in memory."""
    return Keyring()


def erase(scope: UUID) -> None:
    """What destroying a case's key does to the key store."""
    DataKey.objects.filter(scope=scope).delete()
    store = KeyStore.objects.get()
    store.generation += 1
    store.save()


def test_every_process_finds_the_same_key(scope: UUID) -> None:
    assert in_another_process().data_key(scope) == keyring.data_key(scope)


def test_two_cases_have_two_keys(scope: UUID) -> None:
    other = uuid7()
    keyring.create([other])
    assert keyring.data_key(scope)[1] != keyring.data_key(other)[1]


def test_the_key_store_holds_no_key_in_clear(scope: UUID) -> None:
    _version, key = keyring.data_key(scope)
    _kek_version, kek = keyring._active_kek()
    stored = [bytes(row.wrapped) for row in DataKey.objects.all()]
    stored += [bytes(row.wrapped) for row in KeyEncryptionKey.objects.all()]
    assert not [blob for blob in stored if key in blob or kek in blob or KeyFile()._key() in blob]


def test_wrapped_keys_of_two_cases_cannot_be_exchanged(scope: UUID) -> None:
    other = uuid7()
    keyring.create([other])
    one, two = DataKey.objects.get(scope=scope), DataKey.objects.get(scope=other)
    DataKey.objects.filter(pk=one.pk).update(wrapped=two.wrapped)
    DataKey.objects.filter(pk=two.pk).update(wrapped=one.wrapped)
    for wanted in (scope, other):
        with pytest.raises(CannotOpen):
            in_another_process().load([wanted])
        with pytest.raises(CannotOpen):
            in_another_process().data_key(wanted)


def test_a_wrapped_key_under_another_version_does_not_open(scope: UUID) -> None:
    DataKey.objects.filter(scope=scope).update(version=2)
    with pytest.raises(CannotOpen):
        in_another_process().data_key(scope)


def test_an_erased_key_is_gone_for_the_process_that_still_held_it(scope: UUID) -> None:
    keyring.load([scope])
    erase(scope)
    with pytest.raises(NoKey):
        keyring.load([scope])
    with pytest.raises(NoKey):
        keyring.data_key(scope)


def test_a_new_generation_drops_every_key_and_those_left_are_found_again(scope: UUID) -> None:
    other = uuid7()
    keyring.create([other])
    keyring.load([scope, other])
    erase(other)
    keyring.load([scope])
    assert (other, 1) not in keyring._keys
    assert (scope, 1) in keyring._keys


def test_one_missing_key_among_many_is_noticed(scope: UUID) -> None:
    with pytest.raises(NoKey) as caught:
        keyring.load([scope, uuid7()])
    assert str(scope) not in str(caught.value)


def test_a_version_that_never_was_has_no_key(scope: UUID) -> None:
    for version in (0, 2, 2**31, 2**32 - 1):
        with pytest.raises(NoKey):
            keyring.data_key(scope, version)


def test_keys_in_memory_do_not_show_and_do_not_travel(scope: UUID) -> None:
    """Not in a log line, a traceback with its locals, a pickle or a copy."""
    _version, key = keyring.class_key(scope, "identity")
    data_key = keyring.data_key(scope)[1]
    shown = f"{keyring!r} {vars(keyring)!r} {keyring._keys!r} {list(keyring._keys.values())!r}"
    for secret in (key, data_key):
        assert repr(secret)[2:-1] not in shown and secret.hex() not in shown
    with pytest.raises(TypeError):
        pickle.dumps(keyring)
    with pytest.raises(TypeError):
        copy.deepcopy(keyring)


def test_keys_in_memory_are_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEYS", 10)
    scopes = [uuid7() for _ in range(25)]
    small = Keyring()
    small.create(scopes)
    assert len(small._keys) == len(small._current) == 10
    assert small.data_key(scopes[0])[1] == in_another_process().data_key(scopes[0])[1]


def test_keys_in_memory_are_bounded_in_age(scope: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_AGE", -1.0)
    aged = Keyring()
    aged.load([scope])
    DataKey.objects.filter(scope=scope).delete()
    with pytest.raises(NoKey):
        aged.data_key(scope)


def test_many_keys_are_loaded_in_one_query(scope: UUID, django_assert_num_queries: object) -> None:
    scopes = [uuid7() for _ in range(50)]
    keyring.create([*scopes])
    fresh = in_another_process()
    fresh.unlock()
    with django_assert_num_queries(2, connection=connections["keys"]):  # type: ignore[operator]
        fresh.load(scopes)  # the generation, and the keys


def test_a_format_that_is_not_known_is_refused() -> None:
    KeyStore.objects.filter(id=1).update(format=2)
    with pytest.raises(
        ImproperlyConfigured, match=r"format 2.*knows format 1.*Nothing was changed"
    ):
        in_another_process().unlock()


def test_another_root_key_is_refused_with_what_to_do(settings: object, tmp_path: object) -> None:
    settings.ROOT_KEY_FILE = create_key_file(tmp_path / "other.key")  # type: ignore[attr-defined, operator]
    with pytest.raises(ImproperlyConfigured) as caught:
        in_another_process().unlock()
    assert "not the one this installation was made with" in str(caught.value)
    assert "TUTELA_KEY_FILE" in str(caught.value)
    assert KeyEncryptionKey.objects.count() == 1


def test_a_lost_key_file_is_not_replaced_by_a_new_one(settings: object, tmp_path: object) -> None:
    settings.ROOT_KEY_FILE = tmp_path / "lost.key"  # type: ignore[attr-defined, operator]
    with pytest.raises(ImproperlyConfigured, match=r"no key file.*Put back.*Nothing was changed"):
        in_another_process().unlock()
    assert not (tmp_path / "lost.key").exists()  # type: ignore[operator]


def test_unlocking_twice_makes_one_key() -> None:
    in_another_process().unlock()
    in_another_process().unlock()
    assert KeyEncryptionKey.objects.count() == KeyStore.objects.count() == 1


def test_a_changed_key_encryption_key_does_not_open(scope: UUID) -> None:
    row = KeyEncryptionKey.objects.get()
    changed = bytearray(row.wrapped)
    changed[-1] ^= 1
    KeyEncryptionKey.objects.filter(pk=1).update(wrapped=bytes(changed))
    with pytest.raises(ImproperlyConfigured):
        in_another_process().data_key(scope)


def test_ensure_makes_one_key_and_keeps_it() -> None:
    scope = uuid7()
    keyring.ensure(scope)
    first = keyring.data_key(scope)
    in_another_process().ensure(scope)
    assert in_another_process().data_key(scope) == first
    assert DataKey.objects.filter(scope=scope).count() == 1


def test_ensure_takes_the_key_of_whoever_was_quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process makes the key between our look and our insert."""
    scope, slow = uuid7(), Keyring()

    def looked(scopes: list[UUID]) -> None:
        keyring.create(scopes)
        raise NoKey

    monkeypatch.setattr(slow, "load", looked)
    slow.ensure(scope)
    assert slow.data_key(scope) == keyring.data_key(scope)
    assert DataKey.objects.filter(scope=scope).count() == 1


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_many_threads_that_ensure_one_scope_agree_on_its_key() -> None:
    if connections["keys"].vendor == "sqlite":
        pytest.skip("an SQLite database in memory has one connection; see tests/audit/test_writers")
    scope, found, ready = uuid7(), [], threading.Barrier(8)

    def work() -> None:
        ring = Keyring()
        ready.wait()
        try:
            ring.ensure(scope)
            found.append(ring.data_key(scope))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert DataKey.objects.filter(scope=scope).count() == 1


def test_a_wrapped_key_is_a_message_of_format_1(scope: UUID) -> None:
    """docs/format-1.md tells a stranger how to get from the key file to a data key."""
    kek_row, row = KeyEncryptionKey.objects.get(), DataKey.objects.get(scope=scope)
    kek = cipher.unseal(KeyFile()._key(), bytes(kek_row.wrapped), b"tutela/kek/1")
    versions = (1).to_bytes(4) + (1).to_bytes(4)
    key = cipher.unseal(kek, bytes(row.wrapped), b"tutela/dek/1" + scope.bytes + versions)
    assert key == keyring.data_key(scope)[1]
