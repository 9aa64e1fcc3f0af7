"""The statements of an audited write, made once for each model: its own way takes three times as long.

Django's signals are not sent for a change. Nobody here listens to them (a row prepares itself:
`TrackedModel.prepare`), and simple-history's are switched off.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Field, Model

Row = Sequence[Any]  # values as the database takes them


@cache
def fields(model: type[Model]) -> "tuple[Field[Any, Any], ...]":
    """The fields of a model that have a column, but for its key."""
    return tuple(field for field in model._meta.concrete_fields if not field.primary_key)


def values(row: Model, model: type[Model]) -> list[Any]:
    """What the columns of `fields(model)` hold in `row`, as the database takes it."""
    return [
        field.get_db_prep_save(field.pre_save(row, False), connection) for field in fields(model)
    ]


def insert(table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Write rows into a table."""
    if not rows:
        return
    statement = _insert(table, tuple(columns))
    with connection.cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(statement, rows[0])
        else:
            cursor.executemany(statement, rows)


def update(row: Model) -> None:
    """Write a row that is there already. Raises DatabaseError when it is not."""
    _change(_update(type(row)), [*values(row, type(row)), _key(row)])


def insert_and_update(table: str, columns: Sequence[str], inserted: Row, row: Model) -> None:
    """On PostgreSQL: `insert` one row and `update` another, in one statement: both or neither."""
    model = type(row)
    statement = _insert_and_update(table, tuple(columns), model)
    _change(statement, [*inserted, _key(row), *values(row, model), _key(row)])


def _change(statement: str, parameters: Row) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        if cursor.rowcount != 1:
            raise DatabaseError("the row to change is not there")


def _key(row: Model) -> Any:
    return row._meta.pk.get_db_prep_save(row.pk, connection)


@cache
def _insert(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({_names(columns)}) VALUES ({_places(columns)})"


@cache
def _update(model: type[Model]) -> str:
    return f"UPDATE {model._meta.db_table} SET {_settings(model)} WHERE {_is_the_row(model)}"


@cache
def _insert_and_update(table: str, columns: tuple[str, ...], model: type[Model]) -> str:
    # What is inserted is made before the row is joined to it, so its guard finds it. Without the row
    # nothing is inserted.
    changed = model._meta.db_table
    return (
        f"WITH event AS (INSERT INTO {table} ({_names(columns)})"
        f" SELECT {_places(columns)} FROM {changed} WHERE {_is_the_row(model)} RETURNING 1)"
        f" UPDATE {changed} SET {_settings(model)} FROM event WHERE {_is_the_row(model)}"
    )


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _places(columns: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(columns))


def _settings(model: type[Model]) -> str:
    return ", ".join(f'"{field.column}" = %s' for field in fields(model))


def _is_the_row(model: type[Model]) -> str:
    return f'{model._meta.db_table}."{model._meta.pk.column}" = %s'
