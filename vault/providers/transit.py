"""A key in the transit engine of HashiCorp Vault or OpenBao. It never leaves there."""

import base64
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from vault.providers.base import RootKey

TIMEOUT = 10  # seconds
HERE = ("127.0.0.1", "localhost", "::1")


class Transit(RootKey):
    """The derived key TUTELA_TRANSIT_KEY: what is wrapped for one context opens for no other."""

    name = "transit"

    def wrap(self, key: bytes, context: bytes) -> bytes:
        answer = _ask("encrypt_data", plaintext=_text(key), context=_text(context))
        return answer["ciphertext"].encode()

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        answer = _ask("decrypt_data", ciphertext=_sealed(wrapped), context=_text(context))
        return base64.b64decode(answer["plaintext"])

    def rewrap(self, wrapped: bytes, context: bytes) -> bytes:
        answer = _ask("rewrap_data", ciphertext=_sealed(wrapped), context=_text(context))
        return answer["ciphertext"].encode()

    def key_id(self) -> str:
        version = _ask("read_key")["latest_version"]
        return f"{settings.TRANSIT_MOUNT}/{settings.TRANSIT_KEY}:v{version}"

    def successor(self) -> "Transit":
        _ask("rotate_key")
        return self

    def health(self) -> None:
        key = _ask("read_key")
        if not key["derived"]:
            raise ImproperlyConfigured(
                f"The transit key {settings.TRANSIT_KEY} is not a derived one, so nothing it seals "
                "would be bound to its place. Make another one with derived=true."
            )
        for setting in ("exportable", "allow_plaintext_backup", "deletion_allowed"):
            if key[setting]:
                raise ImproperlyConfigured(
                    f"The transit key {settings.TRANSIT_KEY} has {setting}=true. A root key must "
                    "neither leave the engine nor be deleted: switch it off, or make another key."
                )


def _ask(method: str, **arguments: Any) -> Any:
    """One request to the engine; the data of its answer."""
    address = settings.TRANSIT_ADDRESS
    place = urlsplit(address)
    if place.scheme != "https" and place.hostname not in HERE:
        raise ImproperlyConfigured(
            "TUTELA_TRANSIT_ADDRESS must be the https:// address of Vault or OpenBao."
        )
    try:
        import hvac
        from requests.exceptions import RequestException
    except ImportError:
        raise ImproperlyConfigured(
            "TUTELA_ROOT_KEY is transit, which needs hvac. Run: pip install hvac "
            "(requirements-transit.in)"
        ) from None
    client = hvac.Client(
        url=address,
        token=settings.TRANSIT_TOKEN(),
        verify=settings.TRANSIT_CA_FILE or True,
        timeout=TIMEOUT,
        allow_redirects=False,
    )
    engine = client.secrets.transit
    named: dict[str, Any] = {"mount_point": settings.TRANSIT_MOUNT, "name": settings.TRANSIT_KEY}
    try:
        answer = getattr(engine, method)(**named, **arguments)
    except hvac.exceptions.Forbidden:
        raise ImproperlyConfigured(
            f"{address} refuses the token of TUTELA_TRANSIT_TOKEN (it may have run out), or the "
            f"token's policy does not allow what docs/self-hosting/keys.md lists."
        ) from None
    except hvac.exceptions.InvalidPath:
        raise ImproperlyConfigured(
            f"There is no transit key {settings.TRANSIT_KEY} at {settings.TRANSIT_MOUNT}. Run: "
            f"vault write -f {settings.TRANSIT_MOUNT}/keys/{settings.TRANSIT_KEY} derived=true"
        ) from None
    except hvac.exceptions.InvalidRequest:
        raise ImproperlyConfigured(
            f"The transit key {settings.TRANSIT_KEY} does not open the keys of this installation. "
            "Name the right one in TUTELA_TRANSIT_KEY; look whether its min_decryption_version was "
            "raised too far. Nothing was changed."
        ) from None
    except (hvac.exceptions.VaultError, RequestException) as error:
        raise ImproperlyConfigured(
            f"{address} does not answer as it should ({type(error).__name__}). Look whether it "
            "runs, is unsealed, and is reached from here."
        ) from None
    return answer["data"] if isinstance(answer, dict) else None


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _sealed(wrapped: bytes) -> str:
    return wrapped.decode("ascii", "replace")
