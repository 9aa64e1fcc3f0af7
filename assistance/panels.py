"""Assistance on the case page."""

from typing import Any

from accounts.models import User
from assistance import reference
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
from cases.door import Sections
from cases.models import Case, SealedModel
from cases.panels import Panel


def _rows(case: Case) -> list[SealedModel]:
    return list(case.assistance.all())


def _context(
    case: Case, user: User, access: Access, opened: list[tuple[SealedModel, Sections]]
) -> dict[str, Any]:
    """Records of the classes the reader holds; of others not even the number is told."""
    records = [
        {
            "row": row,
            "kind": reference.KINDS[content.KIND],
            "detail": told(content),
            "content": content,
            "may_change": content.CLASS in access.write,
        }
        for row, sections in opened
        if isinstance(content := sections.get("content"), Content)
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


ASSISTANCE_PANEL = Panel("assistance/panel.html", _rows, _context)
