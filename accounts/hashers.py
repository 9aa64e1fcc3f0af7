"""Passwords: hashed with Argon2id, and the hash sealed.

The history of an account keeps every version, former hashes included. Sealed they are of no use to
whoever has the database without the keys, and neither is the present one.
"""

import base64
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher

from vault.secrets import seal_system, unseal_system

PLACE = ("password", "hash")  # whose it is, the row's digest says


class SealedArgon2PasswordHasher(Argon2PasswordHasher):
    """Django's Argon2 hasher, with everything behind the name of the algorithm sealed."""

    algorithm = "sealed_argon2"

    def encode(self, password: str, salt: str) -> str:
        hashed = super().encode(password, salt)
        return f"{self.algorithm}${base64.b64encode(seal_system(*PLACE, hashed.encode())).decode()}"

    def decode(self, encoded: str) -> dict[str, Any]:
        return super().decode(self._opened(encoded))

    def verify(self, password: str, encoded: str) -> bool:
        return super().verify(password, self._opened(encoded))

    def _opened(self, encoded: str) -> str:
        _algorithm, blob = encoded.split("$", 1)
        return unseal_system(*PLACE, base64.b64decode(blob)).decode()
