"""A credential that systemd hands to the service; on disk it can be sealed to the machine's TPM."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from vault.providers.local import LocalKey, read_key


class SystemdCredential(LocalKey):
    """The credential TUTELA_CREDENTIAL names, in the form of a key file."""

    name = "systemd"

    def successor(self) -> NoReturn:
        raise ImproperlyConfigured(
            "Give the service a second credential with a new key, name it in TUTELA_CREDENTIAL, "
            "keep the former one loaded, and run this again."
        )

    def _key(self) -> bytes:
        path = _folder() / settings.ROOT_KEY_CREDENTIAL
        try:
            return read_key(path)
        except OSError as error:
            raise ImproperlyConfigured(
                f"systemd gave no credential {settings.ROOT_KEY_CREDENTIAL} "
                f"({type(error).__name__}). Add LoadCredentialEncrypted= for it to the unit, or "
                "name another one in TUTELA_CREDENTIAL."
            ) from None

    def _keys(self) -> Iterator[bytes]:
        """The one in use first; what wraps the rest during a rotation is loaded beside it."""
        yield self._key()
        for path in sorted(_folder().iterdir()):
            try:
                yield read_key(path)
            except (OSError, ImproperlyConfigured):
                continue  # a credential of another kind

    def _is_another(self) -> str:
        return (
            f"The credential {settings.ROOT_KEY_CREDENTIAL} is not the key this installation was "
            "made with. Load the right one, or name it in TUTELA_CREDENTIAL. Nothing was changed."
        )


def _folder() -> Path:
    """Where systemd puts the credentials of this service."""
    if folder := os.environ.get("CREDENTIALS_DIRECTORY"):
        return Path(folder)
    raise ImproperlyConfigured(
        "TUTELA_ROOT_KEY is systemd, but systemd handed over no credentials. Start Tutela as a "
        "unit with LoadCredentialEncrypted=, and commands with systemd-run, as "
        "docs/self-hosting/keys.md shows."
    )
