"""Keys in memory: unwrapped when needed, bounded in number and age, dropped when one is destroyed."""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, connections, transaction

from vault import cipher, providers
from vault.models import DataKey, KeyEncryptionKey, KeyStore

MAX_KEYS = 2_000
MAX_AGE = 300.0  # seconds


class NoKey(Exception):
    """A scope has no key: it was never made, or it was destroyed. `scopes` are those of several."""

    def __init__(self, scopes: Iterable[UUID] = ()) -> None:
        super().__init__("There is no key for this record: it was erased or never sealed.")
        self.scopes = frozenset(scopes)


class StillInFile(Exception):
    """A key is destroyed, but its wrapped bytes are in the key store's file until nobody reads it."""


@dataclass(slots=True)
class _Held:
    """An unwrapped data key, and the class keys derived from it so far."""

    key: bytes = field(repr=False)
    until: float  # on the monotonic clock
    classes: dict[str, bytes] = field(default_factory=dict, repr=False)


class Keyring:
    """Finds and keeps the data keys of this process."""

    def __init__(self) -> None:
        # Held from reading the generation or a key until that is remembered: what was read before a
        # key was destroyed cannot be remembered after the others were forgotten for it.
        self._lock = threading.RLock()
        self._keys: OrderedDict[tuple[UUID, int], _Held] = OrderedDict()
        self._current: dict[UUID, int] = {}
        self._keks: dict[int, bytes] = {}
        self._active = 0  # version of the key-encryption key that wraps new data keys; 0: not known
        self._generation = 0

    def unlock(self) -> None:
        """Make sure that a key-encryption key exists and opens. Raises ImproperlyConfigured if not.

        On a new installation this makes the root key and the first key-encryption key.
        """
        if not KeyEncryptionKey.objects.exists():
            providers.configured().create()
            first = KeyEncryptionKey(version=1)
            providers.wrap(first, os.urandom(cipher.KEY_SIZE))
            first.save(force_insert=True)
            KeyStore.objects.get_or_create(id=1)
        store = KeyStore.objects.get(id=1)
        if store.format != cipher.FORMAT:
            raise ImproperlyConfigured(
                f"What is here was sealed in format {store.format}, and this version of Tutela knows "
                f"format {cipher.FORMAT}. Start the version that was used last. Nothing was changed."
            )
        newest = KeyEncryptionKey.objects.latest("version")
        providers.of(newest).settle(newest.root_id)
        self.refresh()
        self._active_kek()

    def create(self, scopes: Iterable[UUID]) -> None:
        """Make a first data key for each scope, in one statement."""
        self.refresh()
        version, kek = self._active_kek()
        rows, keys = [], {}
        for scope in scopes:
            key = os.urandom(cipher.KEY_SIZE)
            wrapped = cipher.seal(kek, key, _wrap_context(scope, 1, version))
            rows.append(DataKey(scope=scope, version=1, kek_version=version, wrapped=wrapped))
            keys[scope] = key
        DataKey.objects.bulk_create(rows)
        for scope, key in keys.items():
            self._remember(scope, 1, key, current=True)

    def ensure(self, scope: UUID) -> None:
        """Make the data key of a scope that may have one already."""
        try:
            self.load([scope])
        except NoKey:
            try:
                with transaction.atomic(using="keys"):
                    self.create([scope])
            except IntegrityError:  # another process was quicker
                self._drop(scope)

    def renew(self, scope: UUID) -> int:
        """Make the next version of a scope's data key; returns it. Older ones still open. Or NoKey.

        A version that is not settled yet is gone on with.
        """
        self.refresh()
        with transaction.atomic(using="keys"):
            tell_other_processes()  # first: whoever destroys the keys of this scope waits, or is done
            newest = DataKey.objects.select_for_update().filter(scope=scope).order_by("-version")
            row = newest.first()
            if row is None:
                raise NoKey
            if not row.settled:
                return row.version
            version, (kek_version, kek) = row.version + 1, self._active_kek()
            wrapped = cipher.seal(
                kek, os.urandom(cipher.KEY_SIZE), _wrap_context(scope, version, kek_version)
            )
            DataKey.objects.create(
                scope=scope,
                version=version,
                kek_version=kek_version,
                wrapped=wrapped,
                settled=False,
            )
        self.refresh()
        return version

    def settle(self, scope: UUID) -> None:
        """Nothing is left under an older version of this scope's data key, but for old details."""
        with transaction.atomic(using="keys"):
            for row in DataKey.objects.select_for_update().filter(scope=scope, settled=False):
                row.settled = True
                row.save(update_fields=["settled"])

    def ids(self, scope: UUID) -> list[UUID]:
        """What the data keys of a scope are called in the log: identifiers of their rows."""
        rows = DataKey.objects.filter(scope=scope).order_by("version")
        return list(rows.values_list("pk", flat=True))

    def having(self, scopes: Iterable[UUID]) -> set[UUID]:
        """Those of these scopes that have a data key."""
        return set(DataKey.objects.filter(scope__in=scopes).values_list("scope", flat=True))

    def destroy(self, scope: UUID) -> int:
        """Destroy every version of a scope's data key; returns how many there were.

        Nobody opens what they sealed from now on. Raises StillInFile when the bytes are not out of
        the file of the key store yet; then call again.
        """
        try:
            with transaction.atomic(using="keys"):
                tell_other_processes()
                count, _tables = DataKey.objects.filter(scope=scope).delete()
                transaction.on_commit(leave_no_trace, using="keys")
        finally:
            self._forget_data_keys()
        return count

    def load(self, scopes: Iterable[UUID]) -> None:
        """Unwrap the keys of these scopes in one query. Raises NoKey, with those that have none."""
        with self._lock:
            self.refresh()
            missing = {scope for scope in scopes if not self._has(scope)}
            if not missing:
                return
            found = set()
            for row in DataKey.objects.filter(scope__in=missing).order_by("version").iterator():
                self._remember(row.scope, row.version, self._unwrap(row), current=True)
                found.add(row.scope)
        if missing - found:
            raise NoKey(missing - found)

    def data_key(self, scope: UUID, version: int | None = None) -> tuple[int, bytes]:
        """(version, 32-byte key) of the scope; its newest version when none is named. Or NoKey."""
        found, held = self._find(scope, version)
        return found, held.key

    def class_key(self, scope: UUID, cls: str, version: int | None = None) -> tuple[int, bytes]:
        """As `data_key`, for one sensitivity class: the key derived from the data key for it."""
        found, held = self._find(scope, version)
        key = held.classes.get(cls)
        if key is None:
            key = held.classes[cls] = cipher.derive(held.key, b"class/" + cls.encode())
        return found, key

    def _find(self, scope: UUID, version: int | None) -> tuple[int, _Held]:
        with self._lock:
            wanted = self._current.get(scope) if version is None else version
            held = self._keys.get((scope, wanted)) if wanted is not None else None
            if wanted is not None and held and held.until > time.monotonic():
                return wanted, held
            rows = DataKey.objects.filter(scope=scope)
            row = (
                rows.order_by("-version").first()
                if version is None
                else rows.filter(version=version).first()
            )
            if row is None:
                raise NoKey([scope])
            key = self._unwrap(row)
            return row.version, self._remember(scope, row.version, key, current=version is None)

    def is_sealed(self) -> bool:
        """Must somebody give a passphrase before any key can be used?"""
        return providers.configured().is_sealed()

    def open_with(self, passphrase: str) -> bool:
        """Give this process the passphrase. False when it is another one: nothing changed then."""
        return providers.open_with(KeyEncryptionKey.objects.latest("version"), passphrase)

    def adopt(self, keks: dict[int, bytes]) -> None:
        """Use these key-encryption keys, by version, in place of what the root key gives."""
        self.forget()
        self._keks.update(keks)

    def forget(self) -> None:
        """Drop every unwrapped key of this process, and the root key if it holds one."""
        with self._lock:
            self._forget_data_keys()
            self._keks.clear()
            providers.forget()

    def _forget_data_keys(self) -> None:
        """Key-encryption keys stay: the root key is not asked for because a case was erased."""
        with self._lock:
            self._keys.clear()
            self._current.clear()
            self._active = 0

    def refresh(self) -> None:
        """Forget what another process may have destroyed or made anew."""
        with self._lock:
            with connections["keys"].cursor() as cursor:  # at every act: a model's way takes longer
                cursor.execute("SELECT generation FROM vault_keystore WHERE id = 1")
                [generation] = cursor.fetchone()
            if generation != self._generation:
                self._forget_data_keys()
                gone = KeyEncryptionKey.objects.filter(state=KeyEncryptionKey.State.DESTROYED)
                for version in gone.values_list("version", flat=True):
                    self._keks.pop(version, None)
                self._generation = generation

    def rewrap(self, row: DataKey) -> None:
        """Wrap a data key under the active key-encryption key, in memory; the key stays the same."""
        key = self._unwrap(row)
        version, kek = self._active_kek()
        row.wrapped = cipher.seal(kek, key, _wrap_context(row.scope, row.version, version))
        row.kek_version = version

    def _active_kek(self) -> tuple[int, bytes]:
        if not self._active:
            row = KeyEncryptionKey.objects.filter(state=KeyEncryptionKey.State.ACTIVE).first()
            if row is None:
                raise NoKey
            self._active = row.version
        return self._active, self._kek(self._active)

    def _kek(self, version: int) -> bytes:
        if version not in self._keks:
            row = KeyEncryptionKey.objects.get(version=version)
            if row.state == KeyEncryptionKey.State.DESTROYED:
                raise NoKey
            self._keks[version] = providers.unwrap(row)
        return self._keks[version]

    def _unwrap(self, row: DataKey) -> bytes:
        context = _wrap_context(row.scope, row.version, row.kek_version)
        return cipher.unseal(self._kek(row.kek_version), bytes(row.wrapped), context)

    def _has(self, scope: UUID) -> bool:
        with self._lock:
            held = self._keys.get((scope, self._current.get(scope, 0)))
        return held is not None and held.until > time.monotonic()

    def _remember(self, scope: UUID, version: int, key: bytes, *, current: bool) -> _Held:
        held = _Held(key, time.monotonic() + MAX_AGE)
        with self._lock:
            self._keys[scope, version] = held
            self._keys.move_to_end((scope, version))
            if current:
                self._current[scope] = version
            while len(self._keys) > MAX_KEYS:
                (old, _), _ = self._keys.popitem(last=False)
                self._current.pop(old, None)
        return held

    def _drop(self, scope: UUID) -> None:
        with self._lock:
            version = self._current.pop(scope, 0)
            self._keys.pop((scope, version), None)


def tell_other_processes() -> None:
    """Raise the generation of the key store: every process forgets the keys it holds."""
    store = KeyStore.objects.select_for_update().get(id=1)
    store.generation += 1
    store.save(update_fields=["generation"])


def leave_no_trace() -> None:
    """Empty SQLite's journal into the file: until then, the bytes of a deleted row stand in both.

    They are not copied over: PRAGMA secure_delete put zeros in their place. Raises StillInFile when
    somebody else still reads an older state of the file.
    """
    connection = connections["keys"]
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        is_busy, *_pages = cursor.fetchone()
    if is_busy:
        raise StillInFile


def _wrap_context(scope: UUID, version: int, kek_version: int) -> bytes:
    """Binds a wrapped data key to its scope and versions, so that two cannot be exchanged."""
    return b"tutela/dek/1" + scope.bytes + version.to_bytes(4) + kek_version.to_bytes(4)


keyring = Keyring()
