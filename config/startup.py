"""What must hold before a page is served, and what runs beside the pages."""

import logging
import resource
from threading import Event, Thread

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections

from audit import guards, trail
from audit.models import LogState
from cases.search.live import warm_up
from vault.keyring import keyring
from vault.models import KeyEncryptionKey

CHECKPOINT_EVERY = 60  # seconds

log = logging.getLogger(__name__)


def refuse_unless_ready(*, serve: bool = True) -> None:
    """Open the key store and look that every guard stands; then, to serve, start what runs beside.

    Raises ImproperlyConfigured, with what to do, when something is missing.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash writes no keys to the disk
    unlock()
    if absent := guards.missing():
        raise ImproperlyConfigured(
            f"{len(absent)} guards of the database are missing or changed, the first is {absent[0]}. "
            "Somebody changed the database, or a migration did not finish. Run: manage.py migrate; "
            "then manage.py verify_audit."
        )
    connections.close_all()
    if serve:
        warm_up()
        Thread(target=_sign_now_and_then, name="checkpoints", daemon=True).start()


def unlock() -> None:
    """Open the key store; make its first keys on a new installation, and on no other.

    Raises ImproperlyConfigured when keys are missing for data that are there.
    """
    if not KeyEncryptionKey.objects.exists() and _something_is_recorded():
        raise ImproperlyConfigured(
            "The key store is empty, but the database holds a log: its keys are elsewhere. Put the "
            "right key store back (keys.sqlite3, or KEYS_DATABASE_URL). Nothing was changed."
        )
    keyring.unlock()


def missing_guards() -> list[str]:
    """Guards that are missing where something is recorded already; none on a new installation."""
    return guards.missing() if _something_is_recorded() else []


def _something_is_recorded() -> bool:
    if LogState._meta.db_table not in connection.introspection.table_names():
        return False
    return LogState.objects.filter(size__gt=0).exists()


def _sign_now_and_then() -> None:
    """Sign a checkpoint every minute in which something happened."""
    while not Event().wait(CHECKPOINT_EVERY):
        try:
            trail.checkpoint()
        except Exception:
            log.exception("no checkpoint could be signed; the next minute tries again")
        finally:
            connections.close_all()
