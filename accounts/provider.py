"""The provider of single sign-on: where somebody is sent, and who it says has come back.

Authlib speaks OpenID Connect: authorisation code, PKCE, state, nonce and the check of the ID token.
Added here is what it leaves to its user: one issuer, its own addresses alone, signatures by a key
pair alone, a token for nobody but us. Of all that comes back only issuer and subject are used.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.django_client import DjangoIntegration, DjangoOAuth2App, OAuthError
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from joserfc.errors import JoseError

# Nobody but the provider makes these. With an HMAC, whoever checks a token could make one.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")
TIMEOUT = 10  # seconds for each answer of the provider
CLOCKS_DIFFER = 60  # seconds
WAITED_FOR = 600  # seconds that somebody may stay at the provider

log = logging.getLogger(__name__)


class SignOnRefused(Exception):
    """Nobody is signed in or linked by this. `code` says why, for the log."""

    def __init__(self, code: str, user: Any = None) -> None:
        super().__init__(code)
        self.code, self.user = code, user  # the account, where it is known


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody, as the provider knows them."""

    issuer: str
    subject: str


class _Session(OAuth2Session):
    def request(self, *args: Any, **kwargs: Any) -> Any:
        """Ask there and nowhere else, wherever the answer would lead: secrets are sent along."""
        return super().request(*args, **kwargs | {"allow_redirects": False})


class _Client(DjangoOAuth2App):
    """Made anew for each use, so that it knows the keys the provider has now."""

    client_cls = _Session

    def load_server_metadata(self) -> dict[str, Any]:
        """What the provider says of itself, as far as it is used."""
        if "issuer" not in self.server_metadata:
            told = super().load_server_metadata()
            self.server_metadata = {}
            if told["issuer"] != settings.OIDC_ISSUER or not all(
                _is_safe(told[name]) for name in ADDRESSES
            ):
                raise SignOnRefused("provider speaks for another")
            self.server_metadata = {name: told[name] for name in ("issuer", *ADDRESSES)}
            self.server_metadata["id_token_signing_alg_values_supported"] = ALGORITHMS
        return self.server_metadata


def begin(request: HttpRequest, *, prompt: str = "", **kept: Any) -> str:
    """The address at the provider to send the browser to. `kept` waits sealed in the session.

    `prompt` "login" has the provider ask who it is even if it knows. Raises SignOnRefused.
    """
    client, back = _client(), request.build_absolute_uri(reverse("account_sign_on_return"))
    with _understood():
        begun = client.create_authorization_url(back, **({"prompt": prompt} if prompt else {}))
    address = begun.pop("url")
    until = time.time() + WAITED_FOR
    client.save_authorize_data(request, redirect_uri=back, until=until, kept=kept, **begun)
    return address


def finish(request: HttpRequest) -> tuple[Identity, dict[str, Any]]:
    """Who came back from the provider, and what was kept for then. Raises SignOnRefused.

    What was begun is finished once, whether or not it succeeds.
    """
    client, state = _client(), request.GET.get("state", "")
    begun = client.framework.get_state_data(request.session, state) or {}
    client.framework.clear_state_data(request.session, state)
    if begun.get("until", 0) < time.time():
        raise SignOnRefused("not begun here")
    if "code" not in request.GET:
        raise SignOnRefused("provider said no")
    with _understood():
        token = client.fetch_access_token(
            begun["redirect_uri"], code=request.GET["code"], code_verifier=begun["code_verifier"]
        )
        claims = client.parse_id_token(
            token, begun["nonce"], claims_options=_claims(), leeway=CLOCKS_DIFFER
        )
        identity = Identity(claims["iss"], claims["sub"])
    return identity, begun["kept"]


def _client() -> _Client:
    return _Client(
        DjangoIntegration("sign-on"),
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        server_metadata_url=f"{settings.OIDC_ISSUER.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid",  # neither name nor e-mail: they are not used
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT,
        },
    )


def _claims() -> dict[str, Any]:
    """What an ID token has to say, besides its time and the nonce."""
    us = settings.OIDC_CLIENT_ID
    return {
        "iss": {"essential": True, "value": settings.OIDC_ISSUER},
        "sub": {"essential": True},
        "aud": {"essential": True, "validate": lambda _claims, aud: aud in (us, [us])},
    }


@contextmanager
def _understood() -> Iterator[None]:
    """Whatever a provider sends that cannot be used is a refusal, down to what is no answer at all."""
    try:
        yield
    except SignOnRefused:
        raise
    except Exception as error:
        log.warning("the provider of single sign-on was not understood", exc_info=error)
        if isinstance(error, JoseError):
            raise SignOnRefused(f"token {error.error}") from error
        said_no = isinstance(error, OAuthError)
        raise SignOnRefused("code refused" if said_no else "no answer") from error


def _is_safe(address: str) -> bool:
    """Is what is asked there hidden from others on the way?"""
    place = urlsplit(address)
    return place.scheme == "https" or (
        place.scheme == "http" and place.hostname in settings.LOCAL_HOSTS
    )
