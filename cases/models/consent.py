"""What the person agreed to, when, and until when."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.models.base import SealedModel
from cases.models.case import Case
from cases.sections import ConsentTerms
from vault.fields import SealedField


class Consent(SealedModel):
    """One record of consent. What was agreed is sealed."""

    SECTIONS = {"terms": ("narrative", ConsentTerms)}

    class Privacy:
        open = (
            "id",
            "revision",
            "last_event",
            "resealed_by",
            "sealed_at",
            "case",
            "recorded_on",
            "recorded_by",
            "expires_on",
        )
        sealed = ("terms_sealed",)

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="consents")
    recorded_on = models.DateField(_("recorded on"))
    recorded_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT)
    # The last day it holds, so that it is seen to in time. Empty in those of before, and without an end.
    expires_on = models.DateField(_("until"), null=True, blank=True)
    terms_sealed = SealedField()

    class Meta:
        default_permissions = ()
        ordering = ["-recorded_on", "-id"]
        indexes = [
            models.Index(
                fields=["expires_on"],
                condition=models.Q(expires_on__isnull=False),
                name="consent_by_its_end",
            )
        ]
