"""What start refuses."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from audit import trail
from audit.verbs import Verb
from config.startup import unlock
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
