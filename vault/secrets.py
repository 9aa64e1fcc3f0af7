"""Secrets of the installation itself: session payloads, one-time-code seeds, keys of other tools."""

from uuid import NAMESPACE_OID, uuid5

from vault import cipher
from vault.keyring import keyring
from vault.models import SYSTEM_SCOPE
from vault.sealing import Place, seal, unseal


def system_secret(name: str) -> bytes:
    """32 secret bytes for one named use, the same on every call and after every restart."""
    keyring.ensure(SYSTEM_SCOPE)
    # Version 1 always: a newer data key must not change what was derived from the first.
    _version, key = keyring.data_key(SYSTEM_SCOPE, 1)
    return cipher.derive(key, b"secret/" + name.encode())


def seal_system(purpose: str, owner: str, plaintext: bytes) -> bytes:
    """Seal bytes of the installation for one purpose and owner, such as a session and its key."""
    keyring.ensure(SYSTEM_SCOPE)
    return seal(_place(purpose, owner), plaintext)


def unseal_system(purpose: str, owner: str, blob: bytes) -> bytes:
    """What `seal_system` was given for this purpose and owner. Raises CannotOpen for anything else."""
    return unseal(_place(purpose, owner), blob)


def _place(purpose: str, owner: str) -> Place:
    return Place(f"system.{purpose}", "system", uuid5(NAMESPACE_OID, owner), SYSTEM_SCOPE, 0)
