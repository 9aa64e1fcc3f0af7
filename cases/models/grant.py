"""Who may read or write what in a case, and until when.

These are guardian's direct-foreign-key permission models; what a live grant opens is decided in
cases/access.py alone.
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from audit.models import TrackedModel
from cases.models.case import Case


class GrantReason(models.TextChoices):
    ASSIGNMENT = "assignment", _("Assigned to the case")
    SUPERVISION = "supervision", _("Supervises the office")
    TREATMENT = "treatment", _("Provides assistance")
    REFERRAL = "referral", _("The case was referred")
    HAND_OVER = "hand_over", _("Takes over the work")
    REVIEW = "review", _("Reviews the case")
    BREAK_GLASS = "break_glass", _("Emergency access")


# What a grant is given by hand for. The others come with the work, or by breaking the glass.
BY_HAND = (GrantReason.TREATMENT, GrantReason.REFERRAL, GrantReason.REVIEW)


class Grant(TrackedModel):
    """What a grant to a person and one to a team have in common."""

    OPEN = [
        "id",
        "revision",
        "last_event",
        "resealed_by",
        "permission",
        "content_object",
        "classes",
        "reason",
        "granted_by",
        "starts",
        "ends",
        "revoked_at",
        "revoked_by",
    ]

    content_object = models.ForeignKey(Case, on_delete=models.PROTECT, db_column="case_id")
    classes = models.JSONField(_("classes"))
    reason = models.CharField(_("reason"), max_length=20, choices=GrantReason)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    starts = models.DateTimeField(_("from"))
    ends = models.DateTimeField(_("until"))
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        abstract = True

    def case_ids(self):  # type: ignore[no-untyped-def]
        return [self.content_object_id]

    @classmethod
    def constraints_for(cls, name: str) -> list[models.BaseConstraint]:
        """A grant ends after it starts, and is taken back by somebody at some time or not at all."""
        return [
            models.CheckConstraint(
                condition=models.Q(ends__gt=models.F("starts")), name=f"{name}_ends_after_start"
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_at=None, revoked_by=None)
                | models.Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name=f"{name}_revoked_by_somebody",
            ),
        ]


class CaseUserGrant(Grant, UserObjectPermissionBase):
    """A grant to one person."""

    class Privacy:
        open = (*Grant.OPEN, "user")
        sealed = ()

    class Meta:
        default_permissions = ()
        # Walked from the newest case down, whatever else the person holds.
        indexes = [
            models.Index(fields=["user", "-content_object"], name="grant_by_user"),
            models.Index(fields=["reason", "ends"], name="user_grant_that_ends"),
        ]
        constraints = Grant.constraints_for("user_grant")


class CaseTeamGrant(Grant, GroupObjectPermissionBase):
    """A grant to a team, such as an office's supervisors."""

    class Privacy:
        open = (*Grant.OPEN, "group")
        sealed = ()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["group", "-content_object"], name="grant_by_team"),
            models.Index(fields=["reason", "ends"], name="team_grant_that_ends"),
        ]
        constraints = [
            *Grant.constraints_for("team_grant"),
            models.CheckConstraint(
                condition=~models.Q(reason="break_glass"), name="no_team_breaks_the_glass"
            ),
        ]
