"""Is this installation a demonstration, and nothing but one? And how to begin it anew."""

import shutil
import socket
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections

from accounts.models import User
from audit.models import Event, Pending
from audit.verbs import Verb
from cases import ledger, storage
from config.demo.staff import USERNAMES
from config.models import Configuration
from jobs import keeping

# The keys first: as long as the other is there, it tells that this is a demonstration.
DATABASES = {"keys": "keys.sqlite3", "default": "tutela.sqlite3"}
FILES = (*DATABASES.values(), "demo-accounts.txt", ledger.FILE)
BESIDE = ("", "-wal", "-shm", "-journal")  # of a database
FOLDERS = (storage.FOLDER, keeping.FOLDER, settings.UPLOAD_DIR.name)


def is_demonstration() -> bool:
    """Was it made by load_demo, and never served as anything else?"""
    return settings.DEMO and _is_loaded() and not _was_served_as_real()


def has_others() -> bool:
    """Has anybody an account who is nobody of the demonstration?"""
    return User.objects.exclude(username__in=USERNAMES).exists()


def refuse_real_data() -> None:
    """Raise ImproperlyConfigured where TUTELA_DEMO is on and people work who are no demonstration's.

    Nobody has to have a second factor then, and accounts are chosen from a list.
    """
    if not settings.DEMO or is_demonstration():
        return
    if User.objects.exists() or _is_loaded():
        raise ImproperlyConfigured(
            "TUTELA_DEMO is on, but this installation was not made as a demonstration, or was served as "
            "a real one since. Set TUTELA_DEMO=false; or name another folder in TUTELA_DATA_DIR for the "
            "demonstration. Nothing was changed."
        )


def remove(*, host: str, port: int) -> None:
    """Remove the data of this demonstration, so that it is loaded anew; the root key stays.

    Raises ImproperlyConfigured, and removes nothing, where it is no demonstration, where it is served on
    `host` and `port`, where others have accounts, where its databases are others than the files that
    would be removed, or where there are keys and no database that tells whose they are.
    """
    if not settings.DEMO:
        raise ImproperlyConfigured("--reset needs TUTELA_DEMO=1: nothing else can be begun anew.")
    if not _lies_here():
        raise ImproperlyConfigured(
            "The data of this demonstration lie in databases or a bucket elsewhere. Empty those "
            "yourself, and start again without --reset. Nothing was changed."
        )
    if _answers(host, port):
        raise ImproperlyConfigured(f"Something is served on {host}:{port}. Stop it first.")
    has_log = Event._meta.db_table in connection.introspection.table_names()
    if has_log:
        refuse_real_data()
        if has_others():
            raise ImproperlyConfigured(
                "Somebody has an account here who is nobody of the demonstration, so what lies here may "
                "be real. Remove the data directory yourself if it is not. Nothing was changed."
            )
    if not (has_log and is_demonstration()) and (settings.DATA_DIR / DATABASES["keys"]).exists():
        raise ImproperlyConfigured(
            "There are keys here, and no database that tells whether they are a demonstration's. Start "
            "again without --reset. Nothing was changed."
        )
    connections.close_all()
    for name in FILES:
        for ending in BESIDE:
            (settings.DATA_DIR / f"{name}{ending}").unlink(missing_ok=True)
    for name in FOLDERS:
        shutil.rmtree(settings.DATA_DIR / name, ignore_errors=True)


def _is_loaded() -> bool:
    """Does the log tell so? On PostgreSQL the event may still wait for its place there."""
    told = (model.objects.filter(verb=Verb.DEMO_LOADED) for model in (Event, Pending))
    return any(events.exists() for events in told)


def _was_served_as_real() -> bool:
    return Configuration.history.filter(settings__DEMO="False").exists()


def _lies_here() -> bool:
    """Are the databases that are asked the very files that would be removed, and files beside them?"""
    if settings.STORAGES["attachments"]["OPTIONS"].get("location") != settings.DATA_DIR:
        return False
    return all(
        Path(str(settings.DATABASES[alias]["NAME"])) == settings.DATA_DIR / name
        for alias, name in DATABASES.items()
    )


def _answers(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
