"""What every page of a case has around its content."""

from typing import Any

from accounts.models import User
from cases.access import Access
from cases.models import Case
from cases.services.glass import open_glass
from cases.services.grants import can_grant
from cases.services.merging import READS
from cases.stages import stage_of
from core.classes import ASSISTED
from core.http import StaffRequest
from core.rights import Right


def case_frame(request: StaffRequest, case: Case, access: Access) -> dict[str, Any]:
    """The case, and which buttons this person is shown."""
    user = request.user
    may_write = bool(access.write) and case.erased_on is None
    return {
        "case": case,
        "access": access,
        "stage": stage_of(case),
        "may_record": may_write
        and bool(access.write & ASSISTED)
        and user.has_right(Right.ASSISTANCE_RECORD),
        "may_edit": may_write and user.has_right(Right.CASE_EDIT),
        "may_grant": case.erased_on is None and can_grant(user, case, access),
        "may_audit": not access.by_glass and user.has_right(Right.CASE_AUDIT),
        "may_export": case.erased_on is None
        and not access.by_glass
        and user.has_right(Right.CASE_EXPORT),
        "may_assign": (may_assign := case.erased_on is None and _may_assign(user, case, access)),
        "may_transfer": may_assign
        and (case.owner_id == user.pk or case.office_id == user.office_id),
        "may_merge": case.erased_on is None
        and not access.by_glass
        and access.read >= READS
        and user.has_right(Right.CASE_MERGE),
        "glass": open_glass(user).filter(case=case).first() if access.by_glass else None,
    }


def _may_assign(user: User, case: Case, access: Access) -> bool:
    """`check_can_assign`, for showing the links."""
    is_own = case.owner_id == user.pk and user.has_right(Right.GRANT_GIVE)
    return not access.by_glass and (is_own or user.has_right(Right.CASE_ASSIGN))
