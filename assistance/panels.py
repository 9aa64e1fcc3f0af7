"""Assistance on the case page."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from assistance import reference
from assistance.models import Assistance
from assistance.sections import (
    Assistance as Content,
)
from assistance.sections import (
    FinancialAssistance,
    LegalAssistance,
    MedicalAssistance,
    PsychologicalAssistance,
    ReintegrationAssistance,
)
from cases.access import Access
from cases.approvals import approved_versions, standings
from cases.door import Sections
from cases.models import Case, SealedModel
from cases.panels import Panel


def _rows(case: Case) -> QuerySet[Assistance]:
    return case.assistance.all()  # type: ignore[no-any-return, attr-defined]


def _context(
    case: Case, user: User, access: Access, opened: list[tuple[SealedModel, Sections]]
) -> dict[str, Any]:
    """Records of the classes the reader holds; of others not even the number is told."""
    approvals = standings(opened, by=user)
    records = [
        {
            "row": row,
            "kind": reference.KINDS[content.KIND],
            "detail": told(content),
            "content": content,
            "may_change": content.CLASS in access.write,
            "approval": approvals.get(row.pk),
        }
        for row, sections in opened
        if isinstance(row, Assistance) and isinstance(content := sections.get("content"), Content)
    ]
    return {"records": records}


def told(content: Content) -> str:
    """What the record is about, in one line."""
    match content:
        case MedicalAssistance():
            parts = [content.diagnosis]
        case PsychologicalAssistance():
            parts = [str(reference.PSYCHOLOGICAL_METHODS.get(content.method, content.method))]
        case LegalAssistance():
            parts = [content.matter, str(reference.LEGAL_STAGES.get(content.stage, content.stage))]
        case FinancialAssistance():
            parts = [f"{content.amount} {content.currency}" if content.amount else ""]
        case ReintegrationAssistance():
            types = reference.REINTEGRATION_TYPES.get(content.dimension, {})
            parts = [str(types.get(content.type, content.type))]
        case _:
            parts = []
    return ", ".join(part for part in parts if part)


ASSISTANCE_PANEL = Panel(
    *("assistance", _("Assistance"), "assistance/panel.html", _rows, _context),
    is_mixed=True,
    beside=approved_versions,  # of each record that has changed since its approval
)


def is_payment(row: Assistance, sections: Sections) -> bool:
    """Does the record say that money was paid, for a reader who may read it?"""
    content = sections.get("content")
    return isinstance(content, FinancialAssistance) and bool(content.amount)
