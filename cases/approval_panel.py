"""The approval of a closure, on the page of a case that is closed or was."""

from typing import Any

from accounts.models import User
from cases.access import Access
from cases.approvals import approved_versions, standings
from cases.door import Sections
from cases.models import CLOSED, Approval, Case, SealedModel
from cases.panels import Panel


def _rows(case: Case) -> list[SealedModel]:
    """The case, when there is a closure to tell of."""
    is_told = case.status in CLOSED or Approval.objects.filter(object=case.pk).exists()
    return [case] if is_told else []


def _context(
    case: Case, user: User, access: Access, opened: list[tuple[SealedModel, Sections]]
) -> dict[str, Any]:
    return {"standing": standings(opened, by=user).get(case.pk)}


CLOSURE_PANEL = Panel(
    "closure", "", "cases/approval_panel.html", _rows, _context, beside=approved_versions
)
