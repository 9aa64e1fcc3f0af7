"""A small server that speaks the transit API of Vault and OpenBao: real AES-GCM, its refusals."""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TOKEN = "s.only-for-tests"


class Refused(Exception):
    """An answer with this status and these errors."""

    def __init__(self, status: int, *errors: str) -> None:
        self.status, self.errors = status, errors


@dataclass
class Key:
    """A named key and all its versions."""

    derived: bool = False
    exportable: bool = False
    allow_plaintext_backup: bool = False
    deletion_allowed: bool = False
    min_decryption_version: int = 1
    versions: list[bytes] = field(default_factory=lambda: [os.urandom(32)])

    def told(self) -> dict[str, Any]:
        return {
            "type": "aes256-gcm96",
            "derived": self.derived,
            "exportable": self.exportable,
            "allow_plaintext_backup": self.allow_plaintext_backup,
            "deletion_allowed": self.deletion_allowed,
            "latest_version": len(self.versions),
            "min_decryption_version": self.min_decryption_version,
        }

    def encrypt(self, plaintext: bytes, context: bytes) -> str:
        number, nonce = len(self.versions), os.urandom(12)
        sealed = self._cipher(number, context).encrypt(nonce, plaintext, None)
        return f"vault:v{number}:{base64.b64encode(nonce + sealed).decode()}"

    def decrypt(self, text: str, context: bytes) -> bytes:
        try:
            head, version, body = text.split(":")
            number, sealed = int(version.removeprefix("v")), base64.b64decode(body, validate=True)
        except ValueError:
            raise Refused(400, "invalid ciphertext: no prefix") from None
        if head != "vault" or not 1 <= number <= len(self.versions):
            raise Refused(400, "invalid ciphertext: version is too new")
        if number < self.min_decryption_version:
            raise Refused(400, "ciphertext or signature version is disallowed by policy (too old)")
        try:
            return self._cipher(number, context).decrypt(sealed[:12], sealed[12:], None)
        except (InvalidTag, ValueError):
            raise Refused(400, "invalid ciphertext: unable to decrypt") from None

    def _cipher(self, number: int, context: bytes) -> AESGCM:
        key = self.versions[number - 1]
        if self.derived:
            if not context:
                raise Refused(400, "missing 'context' for key derivation; the key was created …")
            key = HKDF(SHA256(), 32, None, context).derive(key)
        return AESGCM(key)


class Engine(ThreadingHTTPServer):
    """The keys of one server, and whether it is sealed."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.keys: dict[str, Key] = {}
        self.is_sealed = False
        self.asked: list[str] = []  # methods and paths, in order

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, method: str, path: str, token: str | None, given: dict) -> dict | None:
        self.asked.append(f"{method} {path}")
        if self.is_sealed:
            raise Refused(503, "Vault is sealed")
        if token != TOKEN:
            raise Refused(403, "permission denied")
        match method, path.split("/")[1:]:
            case "GET", ["v1", "transit", "keys", name]:
                return self._key(name, 404).told()
            case _, ["v1", "transit", "keys", name, "rotate"]:
                self._key(name, 400).versions.append(os.urandom(32))
                return None
            case _, ["v1", "transit", "encrypt" | "decrypt" | "rewrap" as what, name]:
                return self._use(self._key(name, 400), what, given)
        raise Refused(404, "no handler for route")

    def _key(self, name: str, status: int) -> Key:
        if name not in self.keys:
            raise Refused(status, *(["encryption key not found"] if status == 400 else []))
        return self.keys[name]

    @staticmethod
    def _use(key: Key, what: str, given: dict) -> dict[str, str]:
        context = base64.b64decode(given.get("context", ""))
        if what == "encrypt":
            return {"ciphertext": key.encrypt(base64.b64decode(given["plaintext"]), context)}
        plaintext = key.decrypt(given["ciphertext"], context)
        if what == "rewrap":
            return {"ciphertext": key.encrypt(plaintext, context)}
        return {"plaintext": base64.b64encode(plaintext).decode()}


class Handler(BaseHTTPRequestHandler):
    server: Engine

    def do_GET(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        given = json.loads(self.rfile.read(size) or b"{}")
        token = self.headers.get("X-Vault-Token")
        try:
            data = self.server.answer(self.command, self.path, token, given)
            self._send(200 if data else 204, {"data": data} if data else None)
        except Refused as refused:
            self._send(refused.status, {"errors": refused.errors})

    do_POST = do_PUT = do_GET

    def _send(self, status: int, content: dict | None) -> None:
        body = json.dumps(content).encode() if content else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@contextmanager
def running() -> Iterator[Engine]:
    """The server, with the derived key `tutela`, until the block ends."""
    engine = Engine()
    engine.keys["tutela"] = Key(derived=True)
    thread = Thread(target=engine.serve_forever, daemon=True)
    thread.start()
    try:
        yield engine
    finally:
        engine.shutdown()
        engine.server_close()
        thread.join()
