"""What every page of a case has around its content."""

from typing import Any

from cases.access import Access
from cases.models import Case
from cases.services.grants import can_grant
from core.http import StaffRequest
from core.rights import Right


def case_frame(request: StaffRequest, case: Case, access: Access) -> dict[str, Any]:
    """The case, and which buttons this person is shown."""
    user = request.user
    may_write = bool(access.write) and case.erased_on is None
    return {
        "case": case,
        "access": access,
        "may_record": may_write and user.has_right(Right.ASSISTANCE_RECORD),
        "may_edit": may_write and user.has_right(Right.CASE_EDIT),
        "may_grant": case.erased_on is None and can_grant(user, case),
        "may_audit": user.has_right(Right.CASE_AUDIT),
    }


def revision_of(request: StaffRequest) -> int:
    """The revision a form was made from; 0, which no row has, when it is missing."""
    text = request.POST.get("revision", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0
