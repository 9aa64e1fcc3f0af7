"""What must hold before a page is served."""

from django.core.exceptions import ImproperlyConfigured

from audit import guards
from cases.search.live import warm_up
from vault.keyring import keyring


def refuse_unless_ready() -> None:
    """Open the key store, look that every guard stands, start building the name index.

    Raises ImproperlyConfigured, with what to do, when something is missing.
    """
    keyring.unlock()
    if absent := guards.missing():
        raise ImproperlyConfigured(
            f"{len(absent)} guards of the database are missing or changed, the first is {absent[0]}. "
            "Somebody changed the database, or a migration did not finish. Run: manage.py migrate; "
            "then manage.py verify_audit."
        )
    warm_up()
