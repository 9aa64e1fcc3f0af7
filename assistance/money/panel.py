"""Costs and payments on the case page, for those who read financial records."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from assistance.models import Cost, Payment
from assistance.money.budgets import line_of
from assistance.money.costs import FINANCIAL, needs_approval, paid_of
from assistance.reference import KINDS
from assistance.sections import CostContent, PaymentContent
from cases.access import Access
from cases.approvals import Standing, State, approved_versions, standings
from cases.door import Sections
from cases.models import Case, SealedModel
from cases.panels import Panel
from cases.presenters import told
from core.rights import Right

IN_THE_LINE = ("assistance", "kind", "planned", "currency", "line")


def _rows(case: Case) -> QuerySet[Cost]:
    return Cost.objects.filter(case=case)


def _beside(rows: list[SealedModel]) -> list[SealedModel]:
    """Payments of these costs, and what was approved of them last."""
    payments = Payment.objects.filter(cost__in=rows).order_by("pk")
    return [*approved_versions(rows), *payments]


def _context(
    case: Case, user: User, access: Access, opened: list[tuple[SealedModel, Sections]]
) -> dict[str, Any]:
    costs = [one for one in opened if not isinstance(one[0], Payment)]
    payments: dict[UUID, list[tuple[Payment, PaymentContent]]] = defaultdict(list)
    for row, sections in opened:
        content = sections.get("content")
        if isinstance(row, Payment) and isinstance(content, PaymentContent):
            payments[row.cost_id].append((row, content))
    approvals = standings(costs, by=user) if FINANCIAL in access.read else {}
    contents = [
        (row, content)
        for row, sections in costs
        if isinstance(row, Cost) and isinstance(content := sections.get("content"), CostContent)
    ]
    may_record = user.has_right(Right.ASSISTANCE_RECORD) and FINANCIAL in access.write
    return {
        "costs": [
            _told(
                row, content, [c for _row, c in contents], payments[row.pk], approvals.get(row.pk)
            )
            for row, content in contents
        ],
        "may_record": may_record,
        "is_shown": FINANCIAL in access.read,
    }


def _told(
    row: Cost,
    content: CostContent,
    others: list[CostContent],
    payments: list[tuple[Payment, PaymentContent]],
    approval: Standing | None,
) -> dict[str, Any]:
    line = line_of(content.line)
    paid = paid_of({"content": one} for _row, one in payments)
    waits = needs_approval(content, line, others)
    is_approved = approval is not None and approval.state == State.APPROVED
    reversed_ones = {one.reverses_id for one, _content in payments}
    return {
        "row": row,
        "content": content,
        "kind": KINDS.get(content.kind, content.kind),
        "line": line,
        "told": told(content, without=IN_THE_LINE),
        "paid": paid,
        "left": (content.planned or 0) - paid,
        "approval": approval if waits or (approval and approval.approval) else None,
        "may_pay": (is_approved or not waits) and (content.planned or 0) > paid,
        "may_change": not any(
            one.reverses_id is None and one.pk not in reversed_ones for one, _content in payments
        ),
        "payments": [
            {
                "row": one,
                "content": said,
                "is_open": not one.reverses_id and one.pk not in reversed_ones,
            }
            for one, said in payments
        ],
    }


def is_cost(row: Cost, sections: Sections) -> bool:
    """Is a sum planned, for a reader who may read it?"""
    content = sections.get("content")
    return isinstance(content, CostContent) and bool(content.planned)


MONEY_PANEL = Panel(
    *("costs", _("Costs and payments"), "assistance/money_panel.html", _rows, _context),
    beside=_beside,
)
