"""Who is kept out of a case, because the person in it is too near to them."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.models.base import SealedModel
from cases.models.case import Case
from cases.sections import ExclusionGrounds
from vault.fields import SealedField


class ExclusionQuerySet(models.QuerySet):
    def at(self, moment: datetime) -> Self:
        """Those that had begun by this moment and had not ended."""
        goes_on = models.Q(until=None) | models.Q(until__gt=moment)
        return self.filter(goes_on, since__lte=moment)


class Exclusion(SealedModel):
    """A conflict of interest: from one moment to another somebody sees nothing of a case.

    It wins over every grant (cases/access.py). Why is sealed: that somebody is a former partner tells
    who the case is about. Its first version says who excluded them, its last who ended it.
    """

    SECTIONS = {"grounds": ("narrative", ExclusionGrounds)}

    class Privacy:
        open = (
            *("id", "revision", "last_event", "resealed_by", "sealed_at"),
            *("case", "user", "since", "until"),
        )
        sealed = ("grounds_sealed",)

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="exclusions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    since = models.DateTimeField(_("since"), default=timezone.now)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    grounds_sealed = SealedField()

    objects = ExclusionQuerySet.as_manager()

    @property
    def excluded_by(self) -> Any:
        """Who said so."""
        return self.history.get(revision=1).history_user

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["user", "case"],
                condition=models.Q(until=None),
                name="one_exclusion_a_person",
            )
        ]
