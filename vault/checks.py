"""What `manage.py check` says about keys before anything is served."""

from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from vault import providers, recovery


@register()
def root_key_is_kept_well(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The provider of the root key answers, and the key is private and does no other job.

    Whether it is the right key is known only with the key store at hand: `Keyring.unlock` says so.
    """
    try:
        provider = providers.configured()
        provider.health()
        if provider.is_spelled(settings.SECRET_KEY):
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
def cryptography_is_complete(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """AES-256-GCM must be there: Tutela has no weaker cipher to fall back to."""
    try:
        AESGCM(bytes(32)).encrypt(bytes(12), b"", None)
    except Exception as error:
        return [Error(f"AES-256-GCM does not work here: {type(error).__name__}.", id="vault.E002")]
    return []


@register(Tags.database)
def keys_can_be_recovered(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Somebody should hold shares, and should have tried them within a year."""
    if settings.DEMO or "keys" not in (databases or ()):
        return []
    try:
        if not recovery.is_drill_due():
            return []
    except DatabaseError:  # no tables yet
        return []
    return [
        Warning(
            "If the root key is lost, every case is lost: nobody holds recovery shares, or nobody "
            "tried them for a year.",
            hint="Run manage.py make_recovery_shares, or manage.py recovery_drill.",
            id="vault.W001",
        )
    ]
