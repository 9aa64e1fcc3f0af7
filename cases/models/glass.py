"""Breaking the glass: opening a case without a grant in an emergency, and who is told of it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.models import TrackedModel
from cases.models.case import Case
from cases.models.grant import CaseUserGrant


class GlassGround(models.TextChoices):
    """Why it cannot wait. The codes are open, so they say nothing about the person."""

    DANGER = "danger", _("Somebody’s life or health is in danger now")
    ABSENCE = "absence", _("The officer cannot be reached, and it cannot wait")
    ORDER = "order", _("A court or an authority asks, and it cannot wait")


class BrokenGlass(TrackedModel):
    """One time the glass was broken. Its grant says by whom, from when and for how long at most.

    Beginning and end are an event each. What was typed lies in the first, under the case's key.
    """

    class Privacy:
        open = (
            *("id", "revision", "last_event", "resealed_by"),
            *("case", "grant", "ground", "ended_at"),
        )
        sealed = ()

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    grant = models.OneToOneField(CaseUserGrant, on_delete=models.PROTECT, related_name="glass")
    ground = models.CharField(_("reason"), max_length=10, choices=GlassGround)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        default_permissions = ()

    def case_ids(self):  # type: ignore[no-untyped-def]
        return [self.case_id]


class GlassNotice(TrackedModel):
    """Somebody is told that the glass was broken; it stands on their start page until they saw it."""

    class Privacy:
        open = (*("id", "revision", "last_event", "resealed_by"), *("glass", "to", "seen_at"))
        sealed = ()

    glass = models.ForeignKey(BrokenGlass, on_delete=models.PROTECT, related_name="notices")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    seen_at = models.DateTimeField(_("seen"), null=True, blank=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["to"], condition=models.Q(seen_at=None), name="notice_unseen")
        ]
        constraints = [models.UniqueConstraint(fields=["glass", "to"], name="one_notice_a_person")]

    def case_ids(self):  # type: ignore[no-untyped-def]
        return [self.glass.case_id]
