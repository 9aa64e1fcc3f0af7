"""Root keys: where they may be kept, and which one is in use. One module for each provider."""

from collections.abc import Iterable
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from vault.models import KeyEncryptionKey
from vault.providers.aws_kms import AwsKms
from vault.providers.base import RootKey
from vault.providers.file import KeyFile
from vault.providers.passphrase import Passphrase
from vault.providers.pkcs11 import Pkcs11
from vault.providers.systemd import SystemdCredential
from vault.providers.transit import Transit

PROVIDERS: dict[str, type[RootKey]] = {
    provider.name: provider
    for provider in (KeyFile, SystemdCredential, Passphrase, Transit, AwsKms, Pkcs11)
}


def configured() -> RootKey:
    """The provider that TUTELA_ROOT_KEY names. Raises ImproperlyConfigured when there is none."""
    return _named(settings.ROOT_KEY_PROVIDER)


def of(row: KeyEncryptionKey) -> RootKey:
    """The provider that wraps this key-encryption key now."""
    return _named(row.root_id.partition(":")[0])


def wrap(row: KeyEncryptionKey, key: bytes) -> None:
    """Put a key-encryption key into its row, under the root key in use."""
    provider = configured()
    row.wrapped = provider.wrap(key, context(row))
    row.root_id = provider.root_id()


def unwrap(row: KeyEncryptionKey) -> bytes:
    """The key-encryption key of a row."""
    return of(row).unwrap(bytes(row.wrapped), context(row))


def rewrap(row: KeyEncryptionKey, target: RootKey) -> None:
    """Put the same key-encryption key into its row under the newest key of `target`."""
    if isinstance(target, type(of(row))):
        row.wrapped = target.rewrap(bytes(row.wrapped), context(row))
    else:
        row.wrapped = target.wrap(unwrap(row), context(row))


def is_moving(rows: Iterable[KeyEncryptionKey]) -> bool:
    """Does a provider other than the configured one wrap some of these?"""
    return any(of(row) is not configured() for row in rows)


def refuse_unless(row: KeyEncryptionKey, key: bytes) -> None:
    """Before a row is written: does what is in it open to this key? Raises ImproperlyConfigured."""
    if unwrap(row) != key:
        raise ImproperlyConfigured(
            f"{configured().name} gave back another key than it was given. Nothing was changed."
        )


def context(row: KeyEncryptionKey) -> bytes:
    """Binds a wrapped key-encryption key to its version."""
    return f"tutela/kek/{row.version}".encode()


def open_with(row: KeyEncryptionKey, passphrase: str) -> bool:
    """Give this process the passphrase; False when it does not open this row's key."""
    provider = of(row)
    assert isinstance(provider, Passphrase)  # no other is ever sealed
    return provider.try_on(bytes(row.wrapped), context(row), passphrase)


def never_ask() -> None:
    """From now on this process waits for nobody at a terminal; what needs a passphrase is refused."""
    Passphrase.may_ask = False


def forget() -> None:
    """Drop what providers hold in memory."""
    _named.cache_clear()


@cache
def _named(name: str) -> RootKey:
    if name not in PROVIDERS:
        raise ImproperlyConfigured(
            f"TUTELA_ROOT_KEY is {name!r}. It can be: {', '.join(PROVIDERS)}."
        )
    return PROVIDERS[name]()
