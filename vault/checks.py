"""What `manage.py check` says about keys before anything is served."""

from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.checks import Error, register
from django.core.exceptions import ImproperlyConfigured

from vault import root


@register()
def key_file_is_kept_well(app_configs: Any, **kwargs: Any) -> list[Error]:
    """A key file that exists must be private, well formed and in a place of its own.

    Whether one is missing is known only with the key store at hand: `Keyring.unlock` says so.
    """
    if not settings.ROOT_KEY_FILE.exists():
        return []
    try:
        if root.is_the_root_key(settings.SECRET_KEY):
            return [
                Error(
                    "TUTELA_SECRET_KEY is the root key. Give it a value of its own.",
                    id="vault.E003",
                )
            ]
    except ImproperlyConfigured as error:
        return [Error(str(error), id="vault.E001")]
    return []


@register()
def cryptography_is_complete(app_configs: Any, **kwargs: Any) -> list[Error]:
    """AES-256-GCM must be there: Tutela has no weaker cipher to fall back to."""
    try:
        AESGCM(bytes(32)).encrypt(bytes(12), b"", None)
    except Exception as error:
        return [Error(f"AES-256-GCM does not work here: {type(error).__name__}.", id="vault.E002")]
    return []
