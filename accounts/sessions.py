"""Sessions in the database, sealed: when one began, when it was last used, and what it holds.

Both times are inside the seal, so whoever writes into the database prolongs none. A session ends
after a while without use, after a working day, and when the clock was set back behind its last use.
The table holds a digest of each session key: whoever reads it has no cookie to come in with.
"""

import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.core.signing import JSONSerializer
from django.utils import timezone

from audit import trail
from audit.verbs import Verb
from vault.cipher import CannotOpen
from vault.keyring import NoKey
from vault.secrets import seal_system, unseal_system

BEGUN, USED = "begun", "used"  # seconds since 1970
FROM = "from"  # address and browser of the sign-in
PURPOSE = "session"
DIGITS = 40  # of SHA-256, in hexadecimal: the first sixteen name the session in the log
STEP_BACK = 60  # seconds that a clock may be corrected by without ending every session
LEFT_LYING = timedelta(days=1)  # until then a form sent too late is still known to be whose


class SessionStore(DatabaseStore):
    """Each payload is bound to its row, so that two cannot be exchanged."""

    was_of: UUID | None = (
        None  # who was signed in with the session this request came with, if it is over
    )

    def load(self) -> dict[str, Any]:
        row = self._row()
        data = opened(row) if row else {}
        if row and data and (reason := why_over(data)):
            self.was_of = whose_is(data)
            _end(row, self.was_of, reason)
            data = {}
        if not data:  # no session, or an unreadable one: the person signs in again under a new key
            self._session_key = None
        return data

    def _row(self) -> Any:
        return self.model.objects.filter(pk=digest_of(self.session_key or "")).first()

    def note_use(self) -> None:
        """The person did something; written once in a fifteenth of the idle time, a minute."""
        now = time.time()
        if now - self[USED] >= settings.SESSION_IDLE / 15:
            self[USED] = now

    def begin(self, **where: str) -> None:
        """Somebody signed in just now: the day and the idle time count from here."""
        self[BEGUN] = self[USED] = time.time()
        self[FROM] = where

    def seconds_left(self) -> tuple[int, bool]:
        """Until it ends unless it is used, and whether using it prolongs it."""
        now = time.time()
        idle = self[USED] + settings.SESSION_IDLE - now
        day = self[BEGUN] + settings.SESSION_COOKIE_AGE - now
        return ceil(min(idle, day)), idle < day

    def exists(self, session_key: str) -> bool:
        return super().exists(digest_of(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        key = digest_of(self._get_or_create_session_key())
        now = time.time()
        last = min(
            data.setdefault(USED, now) + settings.SESSION_IDLE,
            data.setdefault(BEGUN, now) + settings.SESSION_COOKIE_AGE,
        )
        return self.model(
            session_key=key,
            session_data=seal_system(PURPOSE, key, JSONSerializer().dumps(data)),
            expire_date=datetime.fromtimestamp(last, UTC),
            user_id=whose_is(data),
        )

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            self.model.objects.filter(pk=digest_of(key)).end()

    @classmethod
    def get_model_class(cls) -> Any:
        from accounts.models import Session

        return Session


def digest_of(key: str) -> str:
    """What stands in the table for a session key."""
    return sha256(key.encode()).hexdigest()[:DIGITS]


def opened(row: Any) -> dict[str, Any]:
    """What a stored session holds; nothing when it was not sealed for this row."""
    try:
        blob = bytes(row.session_data or b"")
        return JSONSerializer().loads(unseal_system(PURPOSE, row.pk, blob))
    except (ValueError, CannotOpen, NoKey):
        return {}


def why_over(data: dict[str, Any]) -> str:
    """Why a session is over, as a code; "" while it is not."""
    now, used, begun = time.time(), data.get(USED, 0), data.get(BEGUN, 0)
    if now < used - STEP_BACK:
        return "clock set back"
    if now >= begun + settings.SESSION_COOKIE_AGE:
        return "age"
    return "idle" if now >= used + settings.SESSION_IDLE else ""


def whose_is(data: dict[str, Any]) -> UUID | None:
    """Who is signed in with a session that holds this."""
    return UUID(data[SESSION_KEY]) if SESSION_KEY in data else None


def _end(row: Any, whose: UUID | None, reason: str) -> None:
    """Remove a session that is over; whoever does it first records it."""
    if type(row).objects.filter(pk=row.pk).end() and whose:
        trail.record(Verb.SESSION_ENDED, by=get_user_model()(pk=whose), reason=reason)


def sweep() -> None:
    """Remove sessions that ran out a day ago or more, and that nobody came back to."""
    model = SessionStore.get_model_class()
    for row in model.objects.filter(expire_date__lt=timezone.now() - LEFT_LYING):
        _end(row, whose_is(opened(row)), "never came back")
