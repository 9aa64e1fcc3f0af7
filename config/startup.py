"""What must hold before a page is served, and what runs beside the pages."""

import logging
import resource
from threading import Event, Thread

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections

from accounts import guessing, proposals, sessions
from audit import guards, publishing, review, sequencer
from audit.models import LogState
from cases import drafts, reach
from cases.search.live import warm_up
from cases.services import attachments, erasure, glass, incoming
from config import effective
from config.demo.installation import refuse_real_data
from core.closed import restore_marker
from jobs import worker
from vault import providers
from vault.keyring import keyring
from vault.models import KeyEncryptionKey

MINUTE = 60  # seconds
DAY = 86_400  # seconds
EVERY_MINUTE = (
    erasure.continue_erasures,
    glass.end_run_out,
    proposals.end_expired,
    review.look_through_log,
    review.escalate_overdue,
    publishing.sign_and_publish,
    reach.sweep,
)
EVERY_DAY = (
    attachments.sweep,
    guessing.forget_old,
    sessions.sweep,
    drafts.sweep,
    incoming.erase_old,
)

log = logging.getLogger(__name__)


def refuse_unless_ready(*, serve: bool = True) -> None:
    """Open the key store and look that every guard stands; then, to serve, start what runs beside.

    While Tutela is sealed, that waits until somebody gives the passphrase (config/sealed.py). Raises
    ImproperlyConfigured, with what to do, when something is missing.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash writes no keys to the disk
    if serve:
        providers.never_ask()
    open_key_store()
    if absent := guards.missing():
        raise ImproperlyConfigured(
            f"{len(absent)} guards of the database are missing or changed, the first is {absent[0]}. "
            "Somebody changed the database, or a migration did not finish. Run: manage.py migrate; "
            "then manage.py verify_audit."
        )
    refuse_real_data()
    if serve and not keyring.is_sealed():
        run_beside()
    connections.close_all()


def run_beside() -> None:
    """Finish erasures that broke off, then start what runs beside the pages and needs keys."""
    effective.tell_of_start()
    sequencer.run_beside()
    erasure.finish_erasures()
    warm_up()
    Thread(target=_every_minute, name="every-minute", daemon=True).start()
    Thread(target=_every_day, name="every-day", daemon=True).start()
    if settings.ROOT_KEY_PROVIDER == "passphrase":  # no other process has the keys
        Thread(target=worker.work, name="worker", daemon=True).start()


def refuse_half_restored() -> None:
    """Raise ImproperlyConfigured when a restore was begun here and not finished."""
    if restore_marker().exists():
        raise ImproperlyConfigured(
            "A restore into this place was not finished: people who were erased could be back in it. "
            "Run the same manage.py restore again; it begins anew."
        )


def unlock() -> None:
    """Open the key store; make its first keys on a new installation, and on no other.

    Raises ImproperlyConfigured when keys are missing for data that are there.
    """
    refuse_half_restored()
    if not KeyEncryptionKey.objects.exists() and something_is_recorded():
        raise ImproperlyConfigured(
            "The key store is empty, but the database holds a log: its keys are elsewhere. Put the "
            "right key store back (keys.sqlite3, or KEYS_DATABASE_URL). Nothing was changed."
        )
    keyring.unlock()


def open_key_store() -> None:
    """`unlock` before something is served: not while the passphrase is missing or keys are moving."""
    living = KeyEncryptionKey.objects.exclude(state=KeyEncryptionKey.State.DESTROYED)
    if providers.is_moving(living):
        raise ImproperlyConfigured(
            f"TUTELA_ROOT_KEY is {settings.ROOT_KEY_PROVIDER}, but the keys of this installation are "
            f"kept by another provider ({living.latest('version').root_id}). Set it back; or keep the "
            "settings of both and run: manage.py rotate_keys --root. Nothing was changed."
        )
    if living and keyring.is_sealed():
        refuse_half_restored()
    else:
        unlock()


def missing_guards() -> list[str]:
    """Guards that are missing where something is recorded already; none on a new installation."""
    return guards.missing() if something_is_recorded() else []


def something_is_recorded() -> bool:
    """Is there a log, with an event in it?"""
    if LogState._meta.db_table not in connection.introspection.table_names():
        return False
    return LogState.objects.filter(size__gt=0).exists()


def _every_minute() -> None:
    """What cannot wait for somebody to ask for it: endings, what is to be reviewed, signatures."""
    while not Event().wait(MINUTE):
        for work in EVERY_MINUTE:
            try:
                work()
            except Exception:
                log.exception("failed; the next minute tries again", extra={"step": work.__name__})
        connections.close_all()


def _every_day() -> None:
    """Sweep up what crashed requests left of files, old sessions and drafts, from the start on."""
    while True:
        for sweep in EVERY_DAY:
            try:
                sweep()
            except Exception:
                log.exception(
                    "sweeping failed; tomorrow tries again", extra={"step": sweep.__module__}
                )
        connections.close_all()
        Event().wait(DAY)
