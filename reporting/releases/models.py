"""What is proposed for publication, what of the year's privacy budget it took, and what came of it."""

from fractions import Fraction

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.models import TrackedModel
from cases.models.request import TwoPeopleRequest
from vault.fields import SealedField


class ReleaseState(models.TextChoices):
    ASKED = "asked", _("Proposed")
    APPROVED = "approved", _("Approved, not published")
    DECLINED = "declined", _("Declined")
    PUBLISHED = "published", _("Published")


class Release(TwoPeopleRequest):
    """Statistics of a year of registration, or of some, that one person proposes and another approves.

    The definition holds names of dimensions and categories and how they are protected, never a
    figure. It
    is fixed when it is proposed: what is approved is what is made.
    """

    class Privacy:
        open = (
            *(*TwoPeopleRequest.OPEN, "kind", "year", "title", "definition"),
            *("asked_at", "decided_at", "begun_at", "published_at"),
        )
        sealed = ()

    kind = models.CharField(_("kind"), max_length=20)  # code of reporting.releases.kinds.KINDS
    year = models.PositiveSmallIntegerField(_("year of registration"))  # of several the last
    title = models.CharField(_("title"), max_length=120)
    definition = models.JSONField()
    state = models.CharField(
        _("state"), max_length=10, choices=ReleaseState, default=ReleaseState.ASKED
    )
    asked_at = models.DateTimeField(_("proposed on"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided on"), null=True, blank=True)
    begun_at = models.DateTimeField(null=True, blank=True)  # its drawing; nobody begins it again
    published_at = models.DateTimeField(_("published on"), null=True, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ("-asked_at",)
        constraints = [
            *TwoPeopleRequest.decided_by_another("release"),
            models.CheckConstraint(
                condition=models.Q(state__in=["asked", "declined"]) | ~models.Q(decided_by=None),
                name="release_approved_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def years(self) -> list[int]:
        """Every year of registration that this is about, ascending."""
        return self.definition.get("years") or [self.year]

    @property
    def period(self) -> str:
        """The years in words, such as 2021 or 2015–2021."""
        return f"{self.years[0]}–{self.year}" if len(self.years) > 1 else str(self.year)


class LedgerEntry(TrackedModel):
    """One release of a year, and what it cost the persons registered in that year. Never changed.

    A release of several years has an entry in each.

    Entries of a year are numbered from 1 without a gap, which no two transactions can both
    continue, and each holds the digest of the one before (reporting/releases/ledger.py).
    """

    class Privacy:
        open = (
            *("id", "revision", "last_event", "resealed_by", "year", "number", "release", "at"),
            *("rho_numerator", "rho_denominator", "mechanism", "scales", "definition_digest"),
            *("requested_by", "approved_by", "previous"),
        )
        sealed = ()

    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="entries")
    # What it cost in zero-concentrated differential privacy; 0 where no noise was drawn.
    rho_numerator = models.PositiveBigIntegerField()
    rho_denominator = models.PositiveBigIntegerField()
    mechanism = models.CharField(max_length=40)
    scales = models.JSONField(default=list, blank=True)  # of the noise of each table, as text
    definition_digest = models.CharField(max_length=64)  # SHA-256, hexadecimal
    requested_by = models.UUIDField()
    approved_by = models.UUIDField()
    at = models.DateTimeField(default=timezone.now)
    previous = models.CharField(max_length=64)  # digest of the entry before; zeros for the first

    class Meta:
        default_permissions = ()
        ordering = ("year", "number")
        constraints = [
            models.UniqueConstraint(fields=["year", "number"], name="one_ledger_entry_a_number"),
            models.UniqueConstraint(fields=["release", "year"], name="one_ledger_entry_a_release"),
            models.CheckConstraint(
                condition=models.Q(number__gt=0, rho_denominator__gt=0),
                name="ledger_entry_is_a_fraction",
            ),
        ]

    @property
    def rho(self) -> Fraction:
        return Fraction(self.rho_numerator, self.rho_denominator)


class ReleaseFiles(TrackedModel):
    """Files of a release as a zip archive: what was made from the persons, and the folder around
    it.

    Each part is written once, so that nothing is drawn a second time. They are sealed because not
    every kind is for everybody, and because nothing is public before it is published.
    """

    class Privacy:
        open = ("id", "revision", "last_event", "resealed_by", "release", "part", "made_at")
        sealed = ("content_sealed",)

    class Part(models.TextChoices):
        MADE = "made", _("What was made from the persons")
        FOLDER = "folder", _("The folder that is published")

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="files")
    part = models.CharField(max_length=6, choices=Part)
    made_at = models.DateTimeField(default=timezone.now)
    content_sealed = SealedField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["release", "part"], name="release_files_made_once")
        ]
