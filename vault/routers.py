"""Keys live in the database `keys`, everything else in `default`."""

from typing import Any


class KeyStoreRouter:
    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "keys" if model._meta.app_label == "vault" else "default"

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == "keys") == (app_label == "vault")
