"""A file of a case: its bytes lie sealed in the storage, what is known of it is sealed here."""

from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.models.base import SealedModel, SectionTypes
from cases.models.case import Case
from cases.sections import FileContent, FileFacts
from core.schema import Section
from vault.fields import SealedField
from vault.sealing import Place

FIRST = 1  # revision of a row when it comes; its file is sealed for that one and never changes


class AttachmentState(models.TextChoices):
    ACCEPTED = "accepted", _("Checked")
    QUARANTINED = "quarantined", _("Waiting for the virus scanner")
    REMOVED = "removed", _("Removed")


class Attachment(SealedModel):
    """One file. Even its class is sealed: a medical file would tell that there is an illness.

    `file` and `file_digest` pin the sealed bytes to the row, and so to the log. All versions of a row
    share one file; a removed one names none.
    """

    SECTIONS = {"facts": ("facts", FileFacts), "content": ("narrative", FileContent)}
    ROUTED = True

    class Privacy:
        open = (
            "id",
            "revision",
            "last_event",
            "resealed_by",
            "sealed_at",
            "case",
            "added_on",
            "added_by",
            "state",
            "file",
            "file_digest",
        )
        sealed = ("facts_sealed", "content_sealed")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="attachments")
    added_on = models.DateField(_("added on"))
    added_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT)
    state = models.CharField(_("state"), max_length=12, choices=AttachmentState)
    file = models.CharField(max_length=120, blank=True)  # name in the storage
    file_digest = models.CharField(max_length=64, blank=True)  # SHA-256 of the bytes there, hex
    facts_sealed = SealedField()
    content_sealed = SealedField()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="removed", file="", file_digest="")
                | ~models.Q(state="removed") & ~models.Q(file="") & ~models.Q(file_digest=""),
                name="attachment_has_a_file_until_removed",
            )
        ]

    @classmethod
    def route(cls, facts: Section) -> SectionTypes:
        assert isinstance(facts, FileFacts)
        return {"content": (facts.cls, FileContent)}

    @classmethod
    def resealable(cls) -> list[str]:
        """A file that is sealed anew gets a new name and digest in every version."""
        return [*super().resealable(), "file", "file_digest"]


def file_place(row: UUID, case: UUID) -> Place:
    """Where the bytes of a file belong, before there is a row and in all its versions."""
    return Place(Attachment._meta.label, "files", row, case, FIRST)
