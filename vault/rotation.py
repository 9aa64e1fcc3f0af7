"""Rotating keys. Data are not touched: a data key stays the same key under a new wrapping.

Every step can be broken off and begun again: what is left to do shows in the key store itself.
"""

import os
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from vault import cipher, root
from vault.keyring import keyring, tell_other_processes
from vault.models import DataKey, KeyEncryptionKey, KeyStore

KEEP = timedelta(days=90)  # how long a key-encryption key outlives its rotation, for backups
BATCH = 500  # data keys rewrapped in one transaction

State = KeyEncryptionKey.State


def begin_kek(*, today: date | None = None) -> int:
    """Make the next key-encryption key the active one; returns its version.

    While data keys wait for an earlier rotation to be finished, that one goes on instead.
    """
    active = KeyEncryptionKey.objects.get(state=State.ACTIVE)
    if waiting():
        return active.version
    version = active.version + 1
    wrapped = root.wrap(os.urandom(cipher.KEY_SIZE), str(version).encode())
    with transaction.atomic(using="keys"):
        active.state = State.DECRYPT_ONLY
        active.destroy_by = (today or timezone.localdate()) + KEEP
        active.save(update_fields=["state", "destroy_by"])
        KeyEncryptionKey.objects.create(version=version, wrapped=wrapped, root_id=root.key_id())
        tell_other_processes()
    return version


def waiting() -> int:
    """How many data keys are still wrapped by a key-encryption key that is not active."""
    return _waiting().count()


def rewrap_some() -> int:
    """Rewrap one batch of waiting data keys; returns how many. 0 means that none is left."""
    keyring.refresh()
    with transaction.atomic(using="keys"):
        rows = list(_waiting().select_for_update()[:BATCH])
        for row in rows:
            keyring.rewrap(row)
            row.save(update_fields=["wrapped", "kek_version"])
    return len(rows)


def destroy_due(*, today: date | None = None) -> list[int]:
    """Destroy key-encryption keys whose day has come and that wrap nothing; returns their versions."""
    due = KeyEncryptionKey.objects.filter(
        state=State.DECRYPT_ONLY, destroy_by__lte=today or timezone.localdate()
    ).exclude(version__in=DataKey.objects.values("kek_version"))
    with transaction.atomic(using="keys"):
        rows = list(due.select_for_update())
        for row in rows:
            row.state, row.wrapped = State.DESTROYED, b""
            row.save(update_fields=["state", "wrapped"])
        if rows:
            tell_other_processes()
    return [row.version for row in rows]


def rotate_root() -> str:
    """Wrap every key-encryption key under a new root key; returns the path of the former key file.

    The former root key opens copies of the key store made before, so it is kept beside the new one
    for whoever runs Tutela to store away or destroy.
    """
    keyring.unlock()  # finishes a rotation that was broken off after its rows were written
    path = root.create_key_file(root.next_file())
    new_id = root.key_id(path)
    with transaction.atomic(using="keys"):
        for row in KeyEncryptionKey.objects.exclude(state=State.DESTROYED).select_for_update():
            context = str(row.version).encode()
            row.wrapped = root.wrap(root.unwrap(bytes(row.wrapped), context), context, path=path)
            row.root_id = new_id
            row.save(update_fields=["wrapped", "root_id"])
        tell_other_processes()
    return str(root.take_over_next())


def _waiting() -> QuerySet[DataKey]:
    active = KeyEncryptionKey.objects.filter(state=State.ACTIVE).values("version")
    return DataKey.objects.exclude(kek_version__in=active).order_by("pk")


def begin_renewal(now: datetime) -> datetime:
    """Note that the data keys of all cases are being renewed; returns since when they are."""
    store = KeyStore.objects.get(id=1)
    if store.renewal_began is None:
        store.renewal_began = now
        store.save(update_fields=["renewal_began"])
    return store.renewal_began


def not_renewed(scopes: Sequence[UUID], since: datetime) -> list[UUID]:
    """Those whose newest data key is older than `since`, or is not settled yet."""
    newest = {
        row.scope: row for row in DataKey.objects.filter(scope__in=scopes).order_by("version")
    }
    return [
        scope
        for scope in scopes
        if (row := newest.get(scope)) and (row.created_at < since or not row.settled)
    ]


def finish_renewal() -> None:
    """Every data key was renewed."""
    store = KeyStore.objects.get(id=1)
    store.renewal_began = None
    store.save(update_fields=["renewal_began"])
