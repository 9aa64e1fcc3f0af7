"""Rotating keys: data stay as they are and open, a broken-off rotation goes on, destroyed is gone."""

import os
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from audit import verifier
from audit.guards import tracked_models
from audit.models import Event
from cases import door
from cases.selectors import victim_of
from core.ids import uuid7
from tests.conftest import SENTINELS
from vault import cipher, rotation
from vault.keyring import Keyring, NoKey, keyring
from vault.models import DataKey, KeyEncryptionKey
from vault.providers.file import KeyFile, create_key_file, next_file
from vault.rotation import State
from vault.sealing import Place, seal, unseal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_key_file(settings: object, tmp_path: Path) -> None:
    """A root key of this test alone, since some tests rotate it."""
    KeyEncryptionKey.objects.all().delete()
    DataKey.objects.all().delete()
    keyring.forget()
    settings.ROOT_KEY_FILE = tmp_path / "keys" / "root.key"  # type: ignore[attr-defined]
    keyring.unlock()


def digests() -> dict[str, str]:
    """Table → digest of all its rows, for every tracked table and its history."""
    found = {}
    with connection.cursor() as cursor:
        for model in tracked_models():
            for table in (model._meta.db_table, model.history.model._meta.db_table):
                cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
                found[table] = sha256(repr(cursor.fetchall()).encode()).hexdigest()
    return found


def name_of(case, user) -> str:
    [sections] = door.open_rows([victim_of(case)], by=user)
    return sections["identity"].second_name


def test_a_new_kek_wraps_every_key_and_changes_no_data_row(case, alena) -> None:
    before, keys = digests(), dict(DataKey.objects.values_list("scope", "wrapped"))

    call_command("rotate_keys", kek=True)

    assert digests() == before
    assert set(DataKey.objects.values_list("kek_version", flat=True)) == {2}
    after = dict(DataKey.objects.filter(scope__in=keys).values_list("scope", "wrapped"))
    assert not set(map(bytes, keys.values())) & set(map(bytes, after.values()))
    keyring.forget()
    assert name_of(case, alena) == SENTINELS["identity"]
    assert verifier.verify().holds
    assert Event.objects.filter(verb="key_rotated").count() == 1


def test_the_former_kek_only_decrypts_and_has_a_day_to_die_by() -> None:
    today = date(2026, 3, 1)
    assert rotation.begin_kek(today=today) == 2
    states = dict(KeyEncryptionKey.objects.values_list("version", "state"))
    assert states == {1: State.DECRYPT_ONLY, 2: State.ACTIVE}
    assert KeyEncryptionKey.objects.get(version=1).destroy_by == today + rotation.KEEP


def test_a_rotation_broken_off_goes_on_where_it_was(monkeypatch) -> None:
    monkeypatch.setattr(rotation, "BATCH", 3)
    scopes = [uuid7() for _ in range(8)]
    keyring.create(scopes)
    keys = {scope: keyring.data_key(scope) for scope in scopes}
    rotation.begin_kek()
    rotation.rewrap_some()  # and here the power goes
    waiting = rotation.waiting()
    assert 0 < waiting < DataKey.objects.count()
    keyring.forget()
    assert {scope: keyring.data_key(scope) for scope in scopes} == keys

    assert rotation.begin_kek() == 2  # the same one, not a third
    while rotation.rewrap_some():
        pass

    keyring.forget()
    assert rotation.waiting() == 0
    assert {scope: keyring.data_key(scope) for scope in scopes} == keys


def test_a_process_that_slept_through_a_rotation_uses_the_new_kek() -> None:
    sleeper = Keyring()
    sleeper.unlock()
    scope, later = uuid7(), uuid7()
    sleeper.create([scope])

    call_command("rotate_keys", kek=True)
    sleeper.create([later])

    assert DataKey.objects.get(scope=later).kek_version == 2


def test_a_kek_dies_on_its_day_and_not_before() -> None:
    today = date(2026, 3, 1)
    rotation.begin_kek(today=today)
    while rotation.rewrap_some():
        pass
    assert rotation.destroy_due(today=today + rotation.KEEP - timedelta(days=1)) == []
    assert rotation.destroy_due(today=today + rotation.KEEP) == [1]
    row = KeyEncryptionKey.objects.get(version=1)
    assert (row.state, bytes(row.wrapped)) == (State.DESTROYED, b"")


def test_a_kek_that_still_wraps_a_key_is_not_destroyed() -> None:
    keyring.create([uuid7()])
    today = date(2026, 3, 1)
    rotation.begin_kek(today=today)
    assert rotation.destroy_due(today=today + 2 * rotation.KEEP) == []


def test_a_data_key_from_before_a_rotation_is_dead_once_its_kek_is_destroyed() -> None:
    scope = uuid7()
    keyring.create([scope])
    copy = DataKey.objects.get(scope=scope)
    today = date(2026, 3, 1)
    rotation.begin_kek(today=today)
    while rotation.rewrap_some():
        pass
    rotation.destroy_due(today=today + rotation.KEEP)
    keyring.forget()
    with pytest.raises(NoKey):
        keyring._unwrap(copy)


def test_a_new_root_key_opens_everything_and_the_former_one_nothing(case, alena) -> None:
    before, former_key = digests(), KeyFile()._key()

    call_command("rotate_keys", root=True)

    assert digests() == before
    assert KeyFile()._key() != former_key
    assert not next_file().exists()
    keyring.forget()
    keyring.unlock()
    assert name_of(case, alena) == SENTINELS["identity"]
    row = KeyEncryptionKey.objects.get(state=State.ACTIVE)
    assert row.root_id == KeyFile().root_id()
    with pytest.raises(cipher.CannotOpen):
        cipher.unseal(former_key, bytes(row.wrapped), b"tutela/kek/1")


@pytest.mark.parametrize("step", ["rows are written", "the former file is moved away"])
def test_a_root_rotation_broken_off_is_finished_at_the_next_start(
    step: str, monkeypatch, settings
) -> None:
    place = Place("test.Row", "identity", uuid7(), uuid7(), 1)
    keyring.create([place.scope])
    blob = seal(place, b"still here")

    def power_cut(source: Path, target: Path) -> None:
        if step == "the former file is moved away":
            source.rename(target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", power_cut)
        rotation.rotate_root()

    keyring.forget()
    keyring.unlock()
    assert unseal(place, blob) == b"still here"
    assert not next_file().exists()


def test_a_root_rotation_broken_off_before_anything_was_written_begins_again(
    case, alena, monkeypatch: pytest.MonkeyPatch, share: Callable[..., object]
) -> None:
    create_key_file(next_file())  # and here the power goes
    keyring.forget()
    keyring.unlock()
    assert name_of(case, alena) == SENTINELS["identity"]
    call_command("rotate_keys", root=True)
    keyring.forget()
    assert name_of(case, alena) == SENTINELS["identity"]
