"""What must hold before a page is served, and what runs beside the pages."""

import logging
from threading import Event, Thread

from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from audit import guards, trail
from cases.search.live import warm_up
from vault.keyring import keyring

CHECKPOINT_EVERY = 60  # seconds

log = logging.getLogger(__name__)


def refuse_unless_ready(*, serve: bool = True) -> None:
    """Open the key store and look that every guard stands; then, to serve, start what runs beside.

    Raises ImproperlyConfigured, with what to do, when something is missing.
    """
    keyring.unlock()
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


def _sign_now_and_then() -> None:
    """Sign a checkpoint every minute in which something happened."""
    while not Event().wait(CHECKPOINT_EVERY):
        try:
            trail.checkpoint()
        except Exception:
            log.exception("no checkpoint could be signed; the next minute tries again")
        finally:
            connections.close_all()
