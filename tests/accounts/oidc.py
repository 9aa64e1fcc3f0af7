"""A provider of OpenID Connect on this machine. It checks what it is sent, and lies on request.

Its tokens are put together by hand, so that nothing of the library under test is believed here.
"""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CLIENT, SECRET = "tutela", "a secret of the client: + % &"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
OTHER_EC = ec.generate_private_key(ec.SECP256R1())


def coded(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int, size: int) -> str:
    return coded(value.to_bytes(size, "big"))


def sign_rs256(data: bytes, key: rsa.RSAPrivateKey = RSA) -> bytes:
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def sign_es256(data: bytes, key: ec.EllipticCurvePrivateKey = EC) -> bytes:
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def sign_with_public_key(data: bytes) -> bytes:
    """As if the public key, which anybody has, were a secret shared with the client."""
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return hmac.digest(public, data, "sha256")


def jwk_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> dict[str, str]:
    if isinstance(key, rsa.RSAPrivateKey):
        return {"kty": "RSA", "n": number(key.public_key().public_numbers().n, 256), "e": "AQAB"}
    point = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)}


def jwk_set() -> dict[str, Any]:
    keys = {"r": jwk_of(RSA), "e": jwk_of(EC)}
    return {"keys": [key | {"kid": kid, "use": "sig"} for kid, key in keys.items()]}


class Provider:
    """What it knows, and where it lies: change `claims`, `header`, `sign`, `metadata` or `answer`."""

    def __init__(self, address: str) -> None:
        self.issuer = address
        self.elsewhere: list[str] = []  # what was sent to where its redirects lead
        self.asks = False  # a page of its own stands between, as where somebody signs in
        self.subject = "8f2e-nina"  # who sits at the browser
        self.claims: dict[str, Any] = {}  # instead of the true ones; None leaves one out
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "r"}
        self.sign: Callable[[bytes], bytes] = sign_rs256
        self.metadata: dict[str, Any] = {}
        self.answer: tuple[int, bytes] | None = None  # of the token endpoint, whatever it is asked
        self.asked: list[dict[str, str]] = []  # what came to be authorised
        self.codes: dict[str, dict[str, str]] = {}
        self.told: list[str] = []  # codes and tokens it gave out

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
        } | self.metadata

    def authorise(self, query: dict[str, str]) -> str:
        """Where the browser is sent, with a code."""
        self.asked.append(query)
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        self.told.append(code)
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, authorization: str, form: dict[str, str]) -> tuple[int, bytes]:
        """An ID token for a code, once, for whoever has the secret and the verifier."""
        if self.answer is not None:
            return self.answer
        known = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if [unquote(part) for part in known.split(":", 1)] != [CLIENT, SECRET]:
            return 401, b'{"error": "invalid_client"}'
        asked = self.codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "").encode()
        if (
            asked is None
            or asked["code_challenge_method"] != "S256"
            or coded(sha256(verifier).digest()) != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
        ):
            return 400, b'{"error": "invalid_grant"}'
        access, token = secrets.token_urlsafe(16), self.id_token(asked["nonce"])
        self.told += [access, token]
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 60}
        return 200, json.dumps(answer | {"id_token": token}).encode()

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        true = {"iss": self.issuer, "sub": self.subject, "aud": CLIENT, "nonce": nonce}
        true |= {"iat": now, "exp": now + 60, "email": "nina.hay@example.org", "name": "Nina Hay"}
        claims = {name: value for name, value in (true | self.claims).items() if value is not None}
        said = ".".join(coded(json.dumps(part).encode()) for part in (self.header, claims))
        return f"{said}.{coded(self.sign(said.encode()))}"


@contextmanager
def provider(host: str = "127.0.0.1") -> Iterator[Provider]:
    """One that answers until the end, to this name of the machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {}))
    told = Provider(f"http://{host}:{server.server_port}")
    server.RequestHandlerClass.provider = told  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        match place.path:
            case "/.well-known/openid-configuration":
                self._tell(200, json.dumps(self.provider.discovery()).encode())
            case "/keys":
                self._tell(200, json.dumps(jwk_set()).encode())
            case "/authorize":
                query = {name: values[0] for name, values in parse_qs(place.query).items()}
                back = self.provider.authorise(query)
                if self.provider.asks:
                    page = f'<title>Harbour</title><a href="{escape(back)}">It is me</a>'
                    self._tell(200, page.encode(), "text/html")
                else:
                    self.send_response(302)
                    self.send_header("Location", back)
                    self.end_headers()
            case _:
                self._tell(404, b"")

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/elsewhere":
            self.provider.elsewhere.append(form)
        told = {name: values[0] for name, values in parse_qs(form).items()}
        self._tell(*self.provider.token(self.headers.get("Authorization", ""), told))

    def _tell(self, status: int, content: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status == 307:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass
