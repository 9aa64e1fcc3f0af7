"""Picking rows at random, and changing them past every check of Django's."""

from datetime import timedelta
from random import Random
from typing import Any

from django.db import connection, models
from django.utils import timezone

from audit import guards
from audit.models import TrackedModel
from core.ids import uuid7


def some_model(random: Random, base: type = TrackedModel) -> type[TrackedModel]:
    """One of the tracked models of which there are rows, two at least."""
    found = [m for m in guards.tracked_models() if issubclass(m, base)]
    return random.choice([m for m in found if m._default_manager.count() >= 2])


def some_row(random: Random, model: type[models.Model]) -> Any:
    return random.choice(list(model._default_manager.order_by("pk")))


def write(table: type[models.Model], pk: object, **columns: object) -> None:
    """Set columns of one row as they stand in the database, past every check of Django's."""
    key = table._meta.pk.get_db_prep_value(pk, connection)
    marks = ", ".join(f'"{table._meta.get_field(name).column}" = %s' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table._meta.db_table} SET {marks} WHERE {table._meta.pk.column} = %s",
            [*columns.values(), key],
        )
        assert cursor.rowcount == 1


def flip(random: Random, blob: bytes) -> bytes:
    """The bytes with one bit changed."""
    changed = bytearray(blob)
    bit = random.randrange(len(changed) * 8)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def sealed_columns(row: Any) -> list[str]:
    return [
        field.name
        for field in row._meta.concrete_fields
        if isinstance(field, models.BinaryField) and getattr(row, field.name)
    ]


def changed_value(random: Random, field: models.Field, value: Any) -> Any:
    """Another value of the column's own type."""
    if field.is_relation:
        others = field.related_model._default_manager.exclude(pk=value)
        return random.choice(list(others.values_list("pk", flat=True)) or [value])
    match field:
        case models.BooleanField():
            return not value
        case models.IntegerField():
            return (value or 0) + random.randint(1, 9)
        case models.DateTimeField():
            by = timedelta(seconds=random.randint(1, 9**6))
            return (value or timezone.now()) + (-by if field.name == "starts" else by)
        case models.DateField():
            by = timedelta(days=random.randint(1, 9))
            return (value or timezone.localdate()) + (-by if field.name == "starts_on" else by)
        case models.JSONField():
            return [value, "medical"]
        case models.UUIDField():
            return uuid7()
        case models.CharField():
            return f"x{random.randrange(10**9)}"[: field.max_length]
    raise TypeError(type(field).__name__)
