"""Run by test_migrations.py in a process of its own: migrates two databases and tells their tables."""
# ruff: noqa: E402  models can be imported after the setup only

import json
import os
import re
import sys
from typing import Any

Tables = dict[str, dict[str, Any]]
# What SQLite calls constraints without a name, in the order of the columns.
NUMBERED = re.compile(r"^(__unnamed_constraint_|fk_)\d+.*")

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

    import django

    django.setup()

from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


def tables(connection: BaseDatabaseWrapper) -> Tables:
    """Each table: its columns, its constraints and indexes, and its triggers."""
    of = connection.introspection
    found: Tables = {}
    with connection.cursor() as cursor:
        for name in of.table_names(cursor):
            columns = {
                column.name: [of.get_field_type(column.type_code, column), column.null_ok]
                for column in of.get_table_description(cursor, name)
            }
            told = of.get_constraints(cursor, name).items()
            constraints = [[NUMBERED.sub("", label), sorted(one.items())] for label, one in told]
            constraints.sort(key=str)
            triggers = _triggers(connection, cursor, name)
            found[name] = {"columns": columns, "constraints": constraints, "triggers": triggers}
    return found


def _triggers(connection: BaseDatabaseWrapper, cursor: Any, table: str) -> list[str]:
    if connection.vendor == "sqlite":
        cursor.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table]
        )
    else:
        cursor.execute(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger"
            " WHERE tgrelid = %s::regclass AND NOT tgisinternal",
            [table],
        )
    return sorted(sql for (sql,) in cursor.fetchall())


def main() -> None:
    for alias in ("keys", "default"):
        call_command("migrate", database=alias, verbosity=0)
    json.dump({alias: tables(connections[alias]) for alias in ("keys", "default")}, sys.stdout)


if __name__ == "__main__":
    main()
