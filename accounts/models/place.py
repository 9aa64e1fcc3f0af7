"""Organisations, their offices, and teams."""

from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.base import TRACKED
from audit.models import TrackedModel


class Organisation(TrackedModel):
    """Any agency: our own, a state body, a partner."""

    class Privacy:
        open = (*TRACKED, "name", "kind", "is_partner", "desk")
        sealed = ()

    name = models.CharField(_("name"), max_length=200, unique=True)
    kind = models.CharField(_("type"), max_length=40)  # HTCDS organisation type
    # Never changed: it decides which roles people there can hold. Empty for our own.
    is_partner = models.BooleanField(_("partner"), null=True, blank=True)
    # The team that cases are referred to, of people who work there (accounts/services.py).
    desk = models.OneToOneField(
        "accounts.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="desk_of"
    )

    def __str__(self) -> str:
        return self.name


class Team(TrackedModel):
    """People who are given access together, such as the supervisors of an office."""

    class Privacy:
        open = (*TRACKED, "name", "group")
        sealed = ()

    name = models.CharField(_("name"), max_length=200, unique=True)
    # What guardian's grants to a team refer to. It has no meaning but this row's.
    group = models.OneToOneField(Group, on_delete=models.PROTECT)

    def __str__(self) -> str:
        return self.name


class Office(TrackedModel):
    """Where cases are worked on. Its supervisors hold a grant on each of its cases."""

    class Privacy:
        open = (*TRACKED, "code", "name", "country", "organisation", "supervisors")
        sealed = ()

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=200)
    country = models.CharField(_("country"), max_length=2)  # ISO 3166 alpha-2, heads references
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    supervisors = models.OneToOneField(Group, on_delete=models.PROTECT)

    def __str__(self) -> str:
        return self.name

    @property
    def partner(self) -> Organisation | None:
        """The partner organisation this is an office of; None for an office of our own."""
        return self.organisation if self.organisation.is_partner else None
