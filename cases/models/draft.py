"""What somebody was typing when they were interrupted."""

from uuid import UUID, uuid5

from django.conf import settings
from django.db import models
from django.utils import timezone

from cases.models.case import Case
from core.schema import Section
from vault.fields import SealedField
from vault.models import SYSTEM_SCOPE
from vault.sealing import Place

DRAFTS = UUID("5b0f8c1e-3a52-4e0f-9d57-6a1c2f7e9b40")  # made once, at random


class DraftContent(Section):
    """The fields of a form as they would have been posted, and what one could read when typing them."""

    classes: list[str] = []
    fields: list[tuple[str, str]] = []


class DraftQuerySet(models.QuerySet):
    def forget(self) -> bool:
        """Remove these; was there any?"""
        removed, _by_table = self.delete()
        return removed > 0


class Draft(models.Model):
    """One unfinished form of one person, for some days. Under the key of its case, where it has one.

    It is no part of the record: no history is kept of it, and it goes when the form is sent.
    """

    class Privacy:
        open = ("id", "user", "case", "path", "kept_at")
        sealed = ("content_sealed",)

    id = models.UUIDField(primary_key=True)  # made of the person and the path: `id_of`
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, null=True, related_name="drafts")
    path = models.CharField(max_length=200)  # the address of the form; it says nothing about anyone
    kept_at = models.DateTimeField(default=timezone.now, db_index=True)
    content_sealed = SealedField()

    objects = DraftQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    @staticmethod
    def id_of(user: UUID, path: str) -> UUID:
        """The draft of this person at this address."""
        return uuid5(DRAFTS, f"{user} {path}")

    def place(self) -> Place:
        """Sealed to the person, the address and the case, so that none can be put in another's hands."""
        return Place("cases.Draft", "draft", self.id, self.case_id or SYSTEM_SCOPE, 0)
