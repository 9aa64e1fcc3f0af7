"""A case that is closed: its officer asked for it, and a supervisor of its office approved."""

from accounts.models import User
from accounts.services import make_user
from cases import approvals
from cases.closing import CLOSURE_CHECKS
from cases.models import Case
from cases.services import closing
from tests.conftest import PASSWORD


def ask_closure(case, *, status="Closed", reason="Over", closed_on, by):
    """The closure, whatever still stands open."""
    asked = {"status": status, "details": reason, "closed_on": closed_on, "reason": "Supported"}
    explained = {check.name: "Agreed with the person" for check in CLOSURE_CHECKS}
    return closing.ask_closure(case, **asked, explained=explained, by=by)


def close_case(case, *, status="Closed", reason="Over", closed_on, by, approved_by=None):
    """The case, closed."""
    closure = ask_closure(case, status=status, reason=reason, closed_on=closed_on, by=by)
    approvals.approve(closure, revision=1, by=approved_by or supervisor_of(case))
    return Case.objects.get(pk=case.pk)


def supervisor_of(case):
    """Somebody who supervises the office of the case."""
    members = User.objects.filter(
        team_memberships__team__group=case.office.supervisors, team_memberships__ended_at=None
    )
    found = members.filter(is_active=True).first()
    return found or make_user(
        username=f"head_of_{case.office.code.lower()}",
        display_name="Head",
        password=PASSWORD,
        roles=["supervisor"],
        office=case.office,
        by=None,
    )
