"""Sessions in the database, sealed: they hold a one-time-code seed while somebody enrols."""

import base64
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from vault.cipher import CannotOpen
from vault.keyring import NoKey
from vault.secrets import seal_system, unseal_system


class SessionStore(DatabaseStore):
    """Each payload is bound to its session key, so that two cannot be exchanged."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        payload = self.serializer().dumps(session_dict)
        blob = seal_system("session", self._get_or_create_session_key(), payload)
        return base64.b64encode(blob).decode()

    def decode(self, session_data: str) -> dict[str, Any]:
        try:
            blob = base64.b64decode(session_data, validate=True)
            payload = unseal_system("session", self.session_key or "", blob)
            return self.serializer().loads(payload)
        except (ValueError, CannotOpen, NoKey):
            return {}  # an unreadable session is no session: the person signs in again

    @classmethod
    def get_model_class(cls) -> Any:
        from django.contrib.sessions.models import Session

        return Session
