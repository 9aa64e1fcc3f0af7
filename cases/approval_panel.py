"""The last closure that was asked for, on the page of the case: what it says and where it stands."""

from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from cases.access import Access
from cases.approvals import standings
from cases.closing import label_of_check, unexplained
from cases.door import Sections
from cases.models import Case, Closure, ClosureState, SealedModel
from cases.panels import Panel
from cases.presenters import told
from cases.sections import ClosureContent
from core.rights import Right


def _rows(case: Case) -> QuerySet[Closure]:
    return Closure.objects.filter(case=case).select_related("recorded_by")[:1]


def _context(
    case: Case, user: User, access: Access, opened: list[tuple[SealedModel, Sections]]
) -> dict[str, Any]:
    if not opened or not isinstance(content := opened[0][1].get("content"), ClosureContent):
        return {}
    closure = opened[0][0]
    assert isinstance(closure, Closure)
    waits = closure.state == ClosureState.ASKED
    is_own = closure.recorded_by_id == user.pk
    right = Right.CASE_CLOSE if is_own else Right.CONTENT_APPROVE
    return {
        "closure": closure,
        "told": told(content, without=("explained",)),
        "explained": [(label_of_check(name), why) for name, why in content.explained.items()],
        "left": unexplained(case, content.explained) if waits else [],
        "standing": standings(opened, by=user).get(closure.pk),
        "is_own": is_own,
        "may_send_back": waits and not access.by_glass and user.has_right(right),
    }


CLOSURE_PANEL = Panel("closure", "", "cases/approval_panel.html", _rows, _context)
