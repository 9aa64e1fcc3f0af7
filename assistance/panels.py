"""Assistance on the case page."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from assistance.kinds import KINDS
from assistance.models import Assistance
from assistance.sections import Assistance as Content
from assistance.sections import FinancialAssistance
from cases.access import Access
from cases.approvals import approved_versions, standings
from cases.door import Sections
from cases.models import Case, SealedModel
from cases.panels import Item, Panel
from cases.presenters import text_of
from cases.presenters import told as all_told
from core.rights import Right

FINANCIAL = "financial"
IN_THE_LINE = (
    "provider",
    "goal",
    "subtype",
    "files",
)  # what the panel tells elsewhere, or not at all


def _rows(case: Case) -> QuerySet[Assistance]:
    return case.assistance.all()  # type: ignore[no-any-return, attr-defined]


def _context(
    case: Case, user: User, access: Access, opened: list[tuple[SealedModel, Sections]]
) -> dict[str, Any]:
    """Records of the classes the reader holds; of others not even the number is told."""
    approvals = standings(opened, by=user)
    may_record = user.has_right(Right.ASSISTANCE_RECORD)
    records = [
        {
            "row": row,
            "kind": KINDS[content.KIND].label,
            "detail": told(content),
            "content": content,
            "told": all_told(content, without=IN_THE_LINE),
            "may_plan_cost": may_record and {content.CLASS, FINANCIAL} <= access.write,
            "may_change": may_record and content.CLASS in access.write,
            "approval": approvals.get(row.pk),
        }
        for row, sections in opened
        if isinstance(row, Assistance) and isinstance(content := sections.get("content"), Content)
    ]
    return {"records": records, "may_find": user.has_right(Right.PROVIDER_SEE)}


def told(content: Content) -> str:
    """What the record is about, in one line."""
    parts = (text_of(name, getattr(content, name)) for name in KINDS[content.KIND].tells)
    return ", ".join(part for part in (*parts, content.subtype) if part)


def _written(context: dict[str, Any]) -> list[Item]:
    """The records, each with where it stands and who gave it."""
    return [
        Item(
            str(record["kind"]),
            [
                (_("State"), record["row"].get_status_display()),
                (_("Provider"), record["content"].provider),
                *record["told"],
            ],
            record["row"].starts_on,
        )
        for record in context["records"]
    ]


ASSISTANCE_PANEL = Panel(
    *("assistance", _("Assistance"), "assistance/panel.html", _rows, _context),
    is_mixed=True,
    written=_written,
    beside=approved_versions,  # of each record that has changed since its approval
)


def is_payment(row: Assistance, sections: Sections) -> bool:
    """Does the record say that money was paid, for a reader who may read it?"""
    content = sections.get("content")
    return isinstance(content, FinancialAssistance) and bool(content.amount)
