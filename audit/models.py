"""The log, and the base of every row that only changes together with an event."""

from typing import Any

from django.db import models
from django.utils import timezone
from simple_history.models import HistoricalRecords

from core.ids import uuid7
from vault.fields import SealedField


class Event(models.Model):
    """One entry of the log. `entry` is the truth; the other columns are there to find it by.

    No foreign keys: the log never follows or blocks a deletion.
    """

    class Privacy:
        # Details in `entry` are sealed inside it.
        open = [
            "seq",
            "id",
            "at",
            "actor",
            "session",
            "verb",
            "outcome",
            "object_type",
            "object",
            "revision",
            "entry",
        ]
        sealed = ()

    seq = models.BigIntegerField(primary_key=True)  # position in the tree, from 0
    id = models.UUIDField(unique=True)
    at = models.DateTimeField()
    actor = models.UUIDField(null=True)
    session = models.CharField(max_length=16, blank=True)
    verb = models.CharField(max_length=40)
    outcome = models.CharField(max_length=8)
    object_type = models.CharField(max_length=60, blank=True)
    object = models.UUIDField(null=True)
    revision = models.PositiveIntegerField(null=True)
    entry = models.BinaryField()

    class Meta:
        ordering = ["seq"]
        indexes = [models.Index(fields=["actor", "seq"], name="event_by_actor")]
        constraints = [
            models.UniqueConstraint(fields=["object", "revision"], name="one_event_per_revision")
        ]


class EventCase(models.Model):
    """Which cases an event names."""

    class Privacy:
        open = ("id", "seq", "case")
        sealed = ()

    seq = models.BigIntegerField()
    case = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["case", "seq"], name="event_by_case")]


class Resealing(models.Model):
    """Which version of a row an event sealed anew, under a newer key: its content stays the same."""

    class Privacy:
        open = ("id", "event", "object", "revision")
        sealed = ()

    event = models.UUIDField()
    object = models.UUIDField()
    revision = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event", "object", "revision"], name="one_resealing_per_version_and_event"
            )
        ]


class LogState(models.Model):
    """One row: how far the log goes, and what appending to its tree needs."""

    class Privacy:
        open = ("id", "size", "frontier")
        sealed = ()

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField(default=0)
    frontier = models.BinaryField(default=bytes)


class Tile(models.Model):
    """256 hashes of one level of the log's tree, and the root over them."""

    class Privacy:
        open = ("id", "level", "index", "hashes", "root")
        sealed = ()

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField()
    root = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="one_tile_a_place")]


class Checkpoint(models.Model):
    """A signed note: at this size the tree had this root."""

    class Privacy:
        open = ("size", "at", "note")
        sealed = ()

    size = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    note = models.TextField()


class TrackedModel(models.Model):
    """A row that is written only through `audit.trail.save`, each time with an event of its own.

    The database refuses anything else (see audit/guards.py) and copies each version into the
    history table.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)
    last_event = models.UUIDField(editable=False)

    # The event that last sealed this version anew; empty until a data key is renewed.
    resealed_by = models.UUIDField(null=True, blank=True, editable=False)

    history = HistoricalRecords(inherit=True)

    class Meta:
        abstract = True

    @classmethod
    def resealable(cls) -> list[str]:
        """Columns that change when a version is sealed anew: the sealed ones."""
        return [f.attname for f in cls._meta.concrete_fields if isinstance(f, SealedField)]

    def case_ids(self) -> list[Any]:
        """The cases this row belongs to, for its events."""
        return []

    def prepare(self) -> None:
        """Called with the new revision set, before the digest is taken."""
