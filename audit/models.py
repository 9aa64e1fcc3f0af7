"""The log, and the base of every row that only changes together with an event."""

from functools import cache
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.manager import HistoryManager
from simple_history.models import HistoricalRecords

from core.ids import uuid7
from vault.fields import SealedField


class Recorded(models.Model):
    """An event. `entry` is the truth; the other columns are there to find it by.

    No foreign keys: the log never follows or blocks a deletion.
    """

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
        abstract = True


OPEN_OF_EVENTS = (
    *("id", "at", "actor", "session", "verb", "outcome"),
    *("object_type", "object", "revision", "entry"),
)


class Event(Recorded):
    """One entry of the log."""

    class Privacy:
        # Details in `entry` are sealed inside it.
        open = ("seq", *OPEN_OF_EVENTS)
        sealed = ()

    seq = models.BigIntegerField(primary_key=True)  # position in the tree, from 0

    class Meta:
        ordering = ["seq"]
        indexes = [
            models.Index(fields=["actor", "seq"], name="event_by_actor"),
            # All that limits ask of an event, so that those of an import are counted without being read.
            models.Index(fields=["actor", "at", "verb", "outcome"], name="event_by_actor_and_time"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["object", "revision"], name="one_event_per_revision")
        ]


class Pending(Recorded):
    """An event on PostgreSQL that has no place in the log yet (audit/sequencer.py)."""

    class Privacy:
        open = ("position", *OPEN_OF_EVENTS)
        sealed = ()

    position = models.BigAutoField(primary_key=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["object", "revision"], name="one_pending_event_per_revision"
            )
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

    @property
    def cosigned(self) -> str:
        """The note with the cosignatures of witnesses under it."""
        lines = Cosignature.objects.filter(size=self.size).order_by("witness")
        return self.note + "".join(lines.values_list("line", flat=True))


class Cosignature(models.Model):
    """A witness signed a checkpoint, too."""

    class Privacy:
        open = ("id", "size", "witness", "at", "line")
        sealed = ()

    size = models.BigIntegerField()
    witness = models.CharField(max_length=255)  # its name
    at = models.DateTimeField()  # as the witness says
    line = models.TextField()  # that goes under the note

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["witness", "size"], name="one_cosignature_a_checkpoint")
        ]


class WitnessState(models.Model):
    """How the last attempt to reach a witness ended."""

    class Privacy:
        open = ("name", "trouble")
        sealed = ()

    name = models.CharField(max_length=255, primary_key=True)
    trouble = models.CharField(max_length=12, blank=True)


class VersionManager(HistoryManager):
    """Its class is made once; the library would make it anew whenever somebody asks for `history`."""

    @classmethod
    @cache
    def from_queryset(cls, queryset_class: Any, class_name: str | None = None) -> Any:
        return super().from_queryset(queryset_class, class_name)


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

    history = HistoricalRecords(inherit=True, history_manager=VersionManager)

    class Meta:
        abstract = True

    @classmethod
    def resealable(cls) -> list[str]:
        """Columns that change when a version is sealed anew: the sealed ones."""
        return [f.attname for f in cls._meta.concrete_fields if isinstance(f, SealedField)]

    def case_ids(self) -> list[Any]:
        """The cases this row belongs to, for its events."""
        return []

    def seals(self) -> bool:
        """Will `prepare` seal anything? Then keys are asked for anew: one may be destroyed by now."""
        return False

    def prepare(self) -> None:
        """Called with the new revision set, before the digest is taken."""


class ReviewState(models.TextChoices):
    OPEN = "open", _("Open")
    ESCALATED = "escalated", _("With the auditor")
    SIGNED_OFF = "signed_off", _("Signed off")


class ReviewItem(TrackedModel):
    """Something that a rule found in the log, and that somebody has to look at and sign off.

    It names no case: the trail of a case would tell its officer that somebody looks at them. The note
    has a column instead of an event's details for the same reason, and because the auditor reads what
    the supervisor wrote.
    """

    class Privacy:
        open = (
            *("id", "revision", "last_event", "resealed_by"),
            *("rule", "event", "at", "officer", "office", "cases", "state"),
        )
        sealed = ("note_sealed",)

    rule = models.CharField(max_length=20)  # code of audit.rules.RULES
    event = models.UUIDField()  # the one at which the rule found it
    at = models.DateTimeField()  # when that happened
    officer = models.UUIDField(
        null=True, blank=True
    )  # whose act it was; none: somebody not signed in
    office = models.UUIDField(
        null=True, blank=True
    )  # whose supervisor looks at it; none: the auditor
    cases = models.PositiveIntegerField(default=0)  # how many it is about
    state = models.CharField(max_length=12, choices=ReviewState, default=ReviewState.OPEN)
    note_sealed = SealedField()  # of the last step

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["office", "at"],
                condition=~models.Q(state="signed_off"),
                name="review_item_by_office",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="signed_off") | models.Q(note_sealed__isnull=False),
                name="review_item_signed_off_with_a_note",
            )
        ]


class Reviewed(models.Model):
    """One row: how far the log has been looked through by the rules."""

    class Privacy:
        open = ("id", "position")
        sealed = ()

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0)


class Verification(models.Model):
    """That the record was verified, how far the log went, and whether it held (audit/marks.py)."""

    class Privacy:
        open = ("id", "at", "size", "root", "is_full", "holds", "note")
        sealed = ()

    at = models.DateTimeField(default=timezone.now)
    size = models.BigIntegerField()
    root = models.BinaryField()
    is_full = models.BooleanField()  # or else only what came since the one before
    holds = models.BooleanField()
    note = models.TextField(blank=True)  # signed, when it held: what a later run goes on from
