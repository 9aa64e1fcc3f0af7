"""What one person asks for about cases and another decides."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from audit.models import TrackedModel
from cases.models.case import Case


class TwoPeopleRequest(TrackedModel):
    """Who asked and who decided, as what, in which sessions."""

    OPEN: ClassVar[tuple[str, ...]] = (
        *("id", "revision", "last_event", "resealed_by", "state"),
        *("asked_by", "asked_as", "asked_session", "decided_by", "decided_as", "decided_session"),
    )

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_as = models.CharField(max_length=20)  # code of the role that let them
    # As in events; empty outside a request.
    asked_session = models.CharField(max_length=16, null=True, blank=True)  # noqa: DJ001
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_as = models.CharField(max_length=20, blank=True)
    decided_session = models.CharField(max_length=16, null=True, blank=True)  # noqa: DJ001

    class Meta:
        abstract = True

    @classmethod
    def decided_by_another(cls, name: str) -> list[models.BaseConstraint]:
        """Another person decides, in another session."""
        return [
            models.CheckConstraint(
                condition=models.Q(decided_by=None) | ~models.Q(decided_by=models.F("asked_by")),
                name=f"{name}_decided_by_somebody_else",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_session=None)
                | models.Q(asked_session=None)
                | ~models.Q(decided_session=models.F("asked_session")),
                name=f"{name}_decided_in_another_session",
            ),
        ]


class CaseRequest(TwoPeopleRequest):
    """A request about one case. What they wrote is in the events, and falls with the case."""

    OPEN = (*TwoPeopleRequest.OPEN, "case")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")

    class Meta(TwoPeopleRequest.Meta):
        abstract = True

    def case_ids(self) -> list[Any]:
        return [self.case_id]
