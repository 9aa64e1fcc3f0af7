"""What somebody looks for again and again: in the list of cases, and among the tables of statistics."""

from django.conf import settings
from django.db import models

from core.ids import uuid7
from core.schema import Section
from vault.fields import SealedField


class SavedContent(Section):
    """The name its person gave it; what the form of its page takes; the page, none for the cases."""

    name: str = ""
    query: list[tuple[str, str]] = []
    page: str = ""


class SavedListQuerySet(models.QuerySet):
    def forget(self) -> bool:
        """Remove these; was there any?"""
        removed, _by_table = self.delete()
        return removed > 0


class SavedList(models.Model):
    """A view of a list that one person keeps for themselves (cases/saved_lists.py).

    It is no part of the record: no history is kept of it. The name is free text, so it is sealed.
    """

    class Privacy:
        open = ("id", "user", "is_first")
        sealed = ("content_sealed",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    is_first = models.BooleanField(default=False)  # what the list opens with
    content_sealed = SealedField()

    objects = SavedListQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(is_first=True),
                name="one_first_list_a_person",
            )
        ]
