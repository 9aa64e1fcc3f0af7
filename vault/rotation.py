"""Rotating keys. Data are not touched: a data key stays the same key under a new wrapping.

Every step can be broken off and begun again: what is left to do shows in the key store itself.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from vault import cipher, providers, recovery
from vault.keyring import keyring, leave_no_trace, tell_other_processes
from vault.models import SYSTEM_SCOPE, DataKey, KeyEncryptionKey, KeyStore

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
    row, kek = KeyEncryptionKey(version=active.version + 1), os.urandom(cipher.KEY_SIZE)
    with transaction.atomic(using="keys"):
        tell_other_processes()  # first: whoever rotates the root key waits, or is done
        providers.wrap(row, kek)
        recovery.seal_also(row, kek)
        active.state = State.DECRYPT_ONLY
        active.destroy_by = (today or timezone.localdate()) + KEEP
        active.save(update_fields=["state", "destroy_by"])
        row.save(force_insert=True)
    return row.version


def next_version() -> int:
    """The version that `begin_kek` makes, or goes on with."""
    active = KeyEncryptionKey.objects.get(state=State.ACTIVE)
    return active.version if waiting() else active.version + 1


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
    if not due.exists():
        return []
    with transaction.atomic(using="keys"):
        tell_other_processes()
        rows = list(due.select_for_update())
        for row in rows:
            row.state, row.wrapped, row.recovery_sealed = State.DESTROYED, b"", None
            row.save(update_fields=["state", "wrapped", "recovery_sealed"])
        # Robust: while others read, the bytes stay in the journal until it is emptied next.
        transaction.on_commit(leave_no_trace, using="keys", robust=True)
    return [row.version for row in rows]


def rotate_root() -> tuple[str, list[str]]:
    """Wrap every key-encryption key under a new root key; returns its id and those of former ones.

    Where everything is wrapped by the root key in use, a successor is made. Where it is not, because
    the settings name another key or another provider, or a rotation was broken off, everything is
    moved to the root key in use. Former root keys open copies of the key store made before.
    """
    keyring.unlock()  # finishes a rotation that was broken off after its rows were written
    target = providers.configured()
    living = KeyEncryptionKey.objects.exclude(state=State.DESTROYED).order_by("version")
    if not providers.is_moving(living) and {row.root_id for row in living} == {target.root_id()}:
        target = target.successor()
    else:
        target.create()
    new = target.root_id()
    with transaction.atomic(using="keys"):
        tell_other_processes()
        rows = list(living.select_for_update())
        former = sorted({row.root_id for row in rows} - {new})
        for row in rows:
            kek = providers.unwrap(row)
            providers.rewrap(row, target)
            row.root_id = new
            providers.refuse_unless(row, kek)
            row.save(update_fields=["wrapped", "root_id"])
    target.settle(new)
    return new, former


def _waiting() -> QuerySet[DataKey]:
    active = KeyEncryptionKey.objects.filter(state=State.ACTIVE).values("version")  # the newest
    return DataKey.objects.filter(kek_version__lt=active).order_by("pk")


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


@dataclass(frozen=True, slots=True)
class Standing:
    """How old the keys are and what is to be done with them; no key is in it."""

    version: int  # of the key-encryption key in use
    made_at: datetime
    waiting: int  # data keys that are to be wrapped by it
    former: list[
        tuple[int, date | None]
    ]  # versions that only open, and from when they are destroyed
    renewed_at: datetime | None  # when a data key was last renewed
    renewal_began: datetime | None  # while those of all cases are


def standing() -> Standing:
    """How the keys stand now."""
    active = KeyEncryptionKey.objects.get(state=State.ACTIVE)
    former = KeyEncryptionKey.objects.filter(state=State.DECRYPT_ONLY).order_by("version")
    renewed = DataKey.objects.filter(version__gt=1).exclude(scope=SYSTEM_SCOPE)
    return Standing(
        version=active.version,
        made_at=active.created_at,
        waiting=waiting(),
        former=list(former.values_list("version", "destroy_by")),
        renewed_at=renewed.aggregate(last=Max("created_at"))["last"],
        renewal_began=KeyStore.objects.get(id=1).renewal_began,
    )


def finish_renewal() -> None:
    """Every data key was renewed."""
    store = KeyStore.objects.get(id=1)
    store.renewal_began = None
    store.save(update_fields=["renewal_began"])
