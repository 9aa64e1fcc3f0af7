"""A key in a hardware security module, by PKCS#11. It never leaves there.

What is wrapped: length of the label (1 byte), label, nonce (12), AES-256-GCM ciphertext with the context
as its associated data. So it names the key that opens it, and a new label can follow an old one.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from vault.providers.base import RootKey

NONCE_SIZE = 12

_one_at_a_time = Lock()


class Pkcs11(RootKey):
    """The AES key labelled TUTELA_PKCS11_KEY."""

    name = "pkcs11"

    def wrap(self, key: bytes, context: bytes) -> bytes:
        label, nonce = settings.PKCS11_KEY.encode(), os.urandom(NONCE_SIZE)
        with _session() as session:
            sealed = _key(session, settings.PKCS11_KEY).encrypt(key, **_gcm(nonce, context))
        return bytes([len(label)]) + label + nonce + sealed

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        end = 1 + (wrapped[0] if wrapped else 0)
        label, rest = wrapped[1:end], wrapped[end:]
        with _session() as session:
            from pkcs11.exceptions import PKCS11Error

            root = _key(session, label.decode(errors="replace"))
            try:
                return root.decrypt(rest[NONCE_SIZE:], **_gcm(rest[:NONCE_SIZE], context))
            except PKCS11Error:
                raise ImproperlyConfigured(
                    "The key in the security module is not the one this installation was made "
                    "with. Connect the right module, or name it in TUTELA_PKCS11_TOKEN and "
                    "TUTELA_PKCS11_KEY. Nothing was changed."
                ) from None

    def key_id(self) -> str:
        return f"{settings.PKCS11_TOKEN}/{settings.PKCS11_KEY}"

    def create(self) -> None:
        """Make the key inside the module, if there is none of this label."""
        with _session(writes=True) as session:
            from pkcs11 import Attribute, KeyType

            if not _labelled(session, settings.PKCS11_KEY):
                session.generate_key(
                    KeyType.AES,
                    256,
                    label=settings.PKCS11_KEY,
                    store=True,
                    template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
                )

    def successor(self) -> NoReturn:
        raise ImproperlyConfigured(
            "Name a new label in TUTELA_PKCS11_KEY and run this again: the key is made in the "
            "module then. Keep the former key until it is done."
        )

    def health(self) -> None:
        """Whether a missing key should be there is known only with the key store at hand."""
        with _session() as session:
            from pkcs11 import Attribute

            for key in _labelled(session, settings.PKCS11_KEY):
                if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
                    raise ImproperlyConfigured(
                        f"The key {settings.PKCS11_KEY} can be taken out of the module. Make one "
                        "that is sensitive and not extractable, and name it in TUTELA_PKCS11_KEY."
                    )


def _key(session: Any, label: str) -> Any:
    """The one key of this label."""
    found = _labelled(session, label)
    if len(found) != 1:
        raise ImproperlyConfigured(
            f"The token {settings.PKCS11_TOKEN} holds {len(found)} keys labelled {label}, and must "
            "hold one. Connect the right module, or name it in TUTELA_PKCS11_MODULE, "
            "TUTELA_PKCS11_TOKEN and TUTELA_PKCS11_KEY. Nothing was changed."
        )
    return found[0]


def _labelled(session: Any, label: str) -> list[Any]:
    from pkcs11 import Attribute, ObjectClass

    wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: label}
    return list(session.get_objects(wanted))


def _gcm(nonce: bytes, context: bytes) -> dict[str, Any]:
    from pkcs11 import Mechanism
    from pkcs11.mechanisms import GCMParams

    return {"mechanism": Mechanism.AES_GCM, "mechanism_param": GCMParams(nonce, context)}


@contextmanager
def _session(*, writes: bool = False) -> Iterator[Any]:
    """A session with the token, alone: the module is let go of afterwards, so a fork may follow."""
    try:
        import pkcs11
        from pkcs11.exceptions import NoSuchToken, PinIncorrect, PinLocked, PKCS11Error
    except ImportError:
        raise ImproperlyConfigured(
            "TUTELA_ROOT_KEY is pkcs11, which needs python-pkcs11. Run: pip install python-pkcs11 "
            "(requirements-pkcs11.in)"
        ) from None
    token = settings.PKCS11_TOKEN
    with _one_at_a_time:
        try:
            module = pkcs11.lib(settings.PKCS11_MODULE)
            try:
                found = module.get_token(token_label=token)
                with found.open(rw=writes, user_pin=settings.PKCS11_PIN()) as session:
                    yield session
            finally:
                module.finalize()
        except NoSuchToken:
            raise ImproperlyConfigured(
                f"There is no token {token} in the security module. Connect it, or name the right "
                "one in TUTELA_PKCS11_TOKEN."
            ) from None
        except (PinIncorrect, PinLocked) as error:
            raise ImproperlyConfigured(
                f"The token {token} refuses the PIN of TUTELA_PKCS11_PIN ({type(error).__name__}). "
                "Do not try often: modules lock themselves."
            ) from None
        except PKCS11Error as error:
            raise ImproperlyConfigured(
                f"The security module behind {settings.PKCS11_MODULE or 'TUTELA_PKCS11_MODULE'} "
                f"does not do what is asked ({type(error).__name__}). Look at the module and its "
                "library."
            ) from None
