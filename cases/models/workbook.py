"""Cases that leave Tutela in a workbook, which takes two people."""

from typing import Any
from uuid import UUID

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.models.export import ExportState
from cases.models.request import TwoPeopleRequest
from vault.fields import SealedField


class WorkbookPurpose(models.TextChoices):
    OURSELVES = "ourselves", _("Our own organisation, in another installation of Tutela")
    OTHERS = "others", _("Another organisation")


class WorkbookRequest(TwoPeopleRequest):
    """One person asks for a workbook of cases, another decides, and the first collects it, once.

    Fixed is what was asked for: these cases, for this purpose, to this recipient. Which of them go is
    looked up when it is collected: fewer may, never others.
    """

    class Privacy:
        open = (
            *(*TwoPeopleRequest.OPEN, "purpose", "recipient", "classes", "cases"),
            *("asked_at", "decided_at"),
        )
        sealed = ("note_sealed", "answer_sealed")

    purpose = models.CharField(_("who receives it"), max_length=10, choices=WorkbookPurpose)
    recipient = models.CharField(_("age recipient"), max_length=62)  # a public key
    classes = models.JSONField(_("classes"))  # what whoever asked may read of what HTCDS holds
    cases = models.JSONField()  # ids
    state = models.CharField(
        _("state"), max_length=10, choices=ExportState, default=ExportState.ASKED
    )
    asked_at = models.DateTimeField(_("asked on"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided on"), null=True, blank=True)
    note_sealed = SealedField()  # why it is asked for
    answer_sealed = SealedField()  # what whoever decided has to say

    class Meta:
        default_permissions = ()
        constraints = TwoPeopleRequest.decided_by_another("workbook")

    def case_ids(self) -> list[Any]:
        return [UUID(case) for case in self.cases]
