"""What somebody has for a time: roles, and places in teams."""

from datetime import datetime
from typing import Self

from django.db import models
from django.utils import timezone

from accounts.models.base import TRACKED
from accounts.models.place import Team
from accounts.models.user import User
from accounts.roles import role_choices
from audit.models import TrackedModel


class TenureQuerySet(models.QuerySet):
    def at(self, moment: datetime) -> Self:
        """Those that had begun by this moment and had not ended."""
        goes_on = models.Q(ended_at=None) | models.Q(ended_at__gt=moment)
        return self.filter(goes_on, begun_at__lte=moment)

    def now(self) -> Self:
        """Those that go on."""
        return self.filter(ended_at=None)


class Tenure(TrackedModel):
    """What somebody has from one moment to another. It ends; it is never deleted."""

    OPEN = (*TRACKED, "user", "begun_at", "ended_at")

    begun_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = TenureQuerySet.as_manager()

    class Meta:
        abstract = True


class RoleHolding(Tenure):
    """Somebody holds a role."""

    class Privacy:
        open = (*Tenure.OPEN, "role")
        sealed = ()

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_holdings")
    role = models.CharField(max_length=20, choices=role_choices())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role"],
                condition=models.Q(ended_at=None),
                name="one_holding_per_role",
            )
        ]


class TeamMembership(Tenure):
    """Somebody is in a team."""

    class Privacy:
        open = (*Tenure.OPEN, "team")
        sealed = ()

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="team_memberships")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "team"],
                condition=models.Q(ended_at=None),
                name="one_membership_per_team",
            )
        ]
