"""A passphrase that somebody gives at every start. Until then Tutela is sealed.

What is wrapped begins with the salt and the costs of Argon2id that its key was made with; the rest is a
message of format 1 whose context ends with that head.
"""

import os
import secrets
import struct
import unicodedata

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from core.terminal import ask, is_there
from vault import cipher
from vault.providers.base import RootKey
from vault.providers.local import id_of, open_with

HEAD = struct.Struct(">BIIB16s")  # version, passes, memory in KiB, lanes, salt
PASSES, MEMORY, LANES = 4, 256 * 1024, 4  # about a second on a small server
MINIMUM = 20  # characters

WRONG = "This is not the passphrase of this installation. Nothing was changed."


class Sealed(ImproperlyConfigured):
    """The passphrase is needed and was not given yet."""

    def __init__(self) -> None:
        super().__init__("Tutela is sealed: somebody has to give the passphrase first.")


class Passphrase(RootKey):
    """Holds the keys that were made of passphrases since the process began, by their heads."""

    name = "passphrase"
    may_ask = True  # on the terminal; a process that serves pages must not wait for one

    def __init__(self) -> None:
        self._held: dict[bytes, bytes] = {}

    def create(self) -> None:
        """Ask for a new passphrase: on a new installation, or when another provider is left."""
        if not self.may_ask:
            raise ImproperlyConfigured(
                "There is no passphrase yet. Run manage.py start on a terminal: it asks for one."
            )
        passphrase = _ask_for_a_new_one()
        head = HEAD.pack(1, PASSES, MEMORY, LANES, os.urandom(16))
        self._held[head] = _derive(passphrase, head)

    def successor(self) -> "Passphrase":
        self.create()
        return self

    def wrap(self, key: bytes, context: bytes) -> bytes:
        head, root = self._newest()
        return head + cipher.seal(root, key, context + head)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        head = wrapped[: HEAD.size]
        if head not in self._held:
            if not self.may_ask:
                self._held.clear()  # the passphrase was changed since it was given
                raise Sealed
            if not self.try_on(wrapped, context, _ask("Passphrase: ")):
                raise ImproperlyConfigured(WRONG)
        if opened := open_with(self._held[head], wrapped[HEAD.size :], context + head):
            return opened
        raise ImproperlyConfigured(WRONG)

    def try_on(self, wrapped: bytes, context: bytes, passphrase: str) -> bool:
        """Does this passphrase open it? If so it is held from now on. The same work either way."""
        head = wrapped[: HEAD.size]
        root = _derive(passphrase, head)
        if open_with(root, wrapped[HEAD.size :], context + head) is None:
            return False
        self._held[head] = root
        return True

    def key_id(self) -> str:
        return id_of(self._newest()[1])

    def health(self) -> None:
        """Nothing can be told before the passphrase is given."""

    def is_sealed(self) -> bool:
        return not self._held

    def _newest(self) -> tuple[bytes, bytes]:
        """Head and key of the passphrase that was given last."""
        if not self._held:
            raise Sealed
        return list(self._held.items())[-1]


def _derive(passphrase: str, head: bytes) -> bytes:
    """The root key a passphrase gives with the salt and the costs in this head."""
    spelled = unicodedata.normalize("NFKC", passphrase.strip()).encode()
    try:
        _version, passes, memory, lanes, salt = HEAD.unpack(head)
        return hash_secret_raw(spelled, salt, passes, memory, lanes, cipher.KEY_SIZE, Type.ID)
    except (struct.error, HashingError):
        raise ImproperlyConfigured(
            "The passphrase cannot be tried: there is too little memory (Argon2id takes 256 MiB "
            "for a second), or the key store was changed."
        ) from None


def _ask_for_a_new_one() -> str:
    passphrase = _ask("New passphrase for the keys of this installation: ")
    if len(passphrase.strip()) < MINIMUM:
        raise ImproperlyConfigured(
            f"The passphrase must have {MINIMUM} characters or more: six words drawn by dice are "
            "a good one. Nothing was changed."
        )
    if secrets.compare_digest(passphrase.strip().encode(), settings.SECRET_KEY.encode()):
        raise ImproperlyConfigured(
            "The passphrase must not be TUTELA_SECRET_KEY. Nothing was changed."
        )
    if is_there() and _ask("The same once more: ") != passphrase:
        raise ImproperlyConfigured("These were two different passphrases. Nothing was changed.")
    return passphrase


def _ask(prompt: str) -> str:
    try:
        return ask(prompt)
    except EOFError:
        raise Sealed from None
