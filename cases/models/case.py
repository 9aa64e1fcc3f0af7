"""The case: open workflow facts, and what statistics and search need under seal."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.models.base import SealedModel
from cases.sections import CaseFacts, CaseSummary, SearchEntry
from vault.fields import SealedField


class CaseStatus(models.TextChoices):
    """HTCDS codes; a case is what it is worked on, whatever became of the person."""

    ACTIVE = "Active", _("Active")
    FOLLOW_UP = "FollowUp", _("Follow-up")
    CLOSED = "Closed", _("Closed")
    CLOSED_REFERRED = "ClosedReferred", _("Closed, referred")
    ERASED = "Erased", _("Erased")  # ours: a tombstone, whose key is destroyed


CLOSED = (CaseStatus.CLOSED, CaseStatus.CLOSED_REFERRED)


class Stage(models.TextChoices):
    """How far the work has come. Who acts there and where it may go on: cases/stages.py."""

    IDENTIFICATION = "identification", _("Identification")
    ASSESSMENT = "assessment", _("Assessment")
    ASSISTANCE = "assistance", _("Assistance")
    REINTEGRATION = "reintegration", _("Reintegration")
    FOLLOW_UP = "follow_up", _("Follow-up")
    CLOSED = "closed", _("Closed")


class Case(SealedModel):
    """Work with one person over time."""

    SEALED_BY = "pk"
    SECTIONS = {
        "summary": ("narrative", CaseSummary),
        "facts": ("facts", CaseFacts),
        "search": ("search", SearchEntry),
    }

    class Privacy:
        open = [
            "id",
            "revision",
            "last_event",
            "resealed_by",
            "sealed_at",
            "reference",
            "status",
            "stage",
            "stage_since",
            "office",
            "owner",
            "opened_on",
            "is_test",
            "closed_on",
            "retain_until",
            "on_hold",
            "erased_on",
        ]
        sealed = ("summary_sealed", "facts_sealed", "search_sealed")

    reference = models.CharField(_("reference"), max_length=20, unique=True)
    status = models.CharField(
        _("status"), max_length=20, choices=CaseStatus, default=CaseStatus.ACTIVE
    )
    # Empty in cases of before there were stages, until they are moved (cases.stages.stage_of).
    stage = models.CharField(_("stage"), max_length=20, choices=Stage, null=True, blank=True)  # noqa: DJ001
    stage_since = models.DateField(_("in this stage since"), null=True, blank=True)
    office = models.ForeignKey("accounts.Office", on_delete=models.PROTECT)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    opened_on = models.DateField(_("opened on"))
    is_test = models.BooleanField(default=False)  # never counted
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    retain_until = models.DateField(_("kept until"), null=True, blank=True)
    on_hold = models.BooleanField(_("legal hold"), null=True, blank=True)  # nothing may be erased
    erased_on = models.DateField(_("erased on"), null=True, blank=True)
    summary_sealed = SealedField()
    facts_sealed = SealedField()
    search_sealed = SealedField()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        permissions = [("read_case", _("Read a case")), ("write_case", _("Write in a case"))]
        indexes = [
            models.Index(
                fields=["retain_until", "id"],
                condition=models.Q(retain_until__isnull=False, erased_on=None),
                name="case_by_retention",
            ),
            # All that lists ask of a case, so that its row with the sealed bytes is not looked up.
            models.Index(
                fields=["id", "office", "owner", "stage", "status", "opened_on"],
                name="case_of_lists",
            ),
            models.Index(fields=["owner", "stage", "stage_since"], name="case_by_stage"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(erased_on__isnull=False, status="Erased")
                | (models.Q(erased_on=None) & ~models.Q(status="Erased")),
                name="case_erased_on_a_day",
            )
        ]

    def __str__(self) -> str:
        return self.reference

    def case_id_(self):  # type: ignore[no-untyped-def]
        return self.id


class ReferenceCounter(models.Model):
    """The last number given out for a country and year, so that a reference is never reused."""

    class Privacy:
        open = ("id", "prefix", "last")
        sealed = ()

    prefix = models.CharField(max_length=10, unique=True)
    last = models.PositiveIntegerField(default=0)


class SearchChange(models.Model):
    """A case that each process's name index has to read again.

    Made in the transaction of the change, after its event: whoever appends to the log holds its end
    until commit, so that keys become visible in their order and none is overlooked.
    """

    class Privacy:
        open = ("id", "case")
        sealed = ()

    case = models.UUIDField()
