"""What start refuses."""

import resource

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from audit import guards, trail
from audit.verbs import Verb
from config.startup import missing_guards, refuse_unless_ready, unlock
from vault.keyring import keyring
from vault.models import DataKey, KeyEncryptionKey


@pytest.mark.django_db
def test_an_empty_key_store_beside_a_log_gets_no_new_keys():
    trail.record(Verb.LOG_READ, by=None)
    KeyEncryptionKey.objects.all().delete()
    DataKey.objects.all().delete()
    keyring.forget()

    with pytest.raises(ImproperlyConfigured, match="key store is empty"):
        unlock()

    assert not KeyEncryptionKey.objects.exists()


@pytest.mark.django_db
def test_a_new_installation_gets_its_first_keys():
    KeyEncryptionKey.objects.all().delete()
    keyring.forget()

    unlock()

    assert KeyEncryptionKey.objects.count() == 1


@pytest.mark.django_db
def test_a_guard_taken_away_between_two_starts_is_told():
    name, table, statements = next(guards._wanted(connection))
    assert missing_guards() == []
    trail.record(Verb.LOG_READ, by=None)
    with connection.cursor() as cursor:
        cursor.execute(guards._drop(connection, name, table))
    assert missing_guards() == [name]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    assert missing_guards() == []


@pytest.mark.django_db
def test_a_served_process_writes_no_core_file(monkeypatch):
    limits = []
    monkeypatch.setattr(resource, "setrlimit", lambda which, limit: limits.append((which, limit)))
    refuse_unless_ready(serve=False)
    assert limits == [(resource.RLIMIT_CORE, (0, 0))]
