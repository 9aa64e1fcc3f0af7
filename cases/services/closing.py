"""Closing a case: its officer asks, somebody else approves; from then on it is kept by the rules."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.access import may_act
from cases.closing import GOALS, unexplained
from cases.door import Sections
from cases.facts import outcome_of
from cases.models import (
    CLOSED,
    Case,
    CaseStatus,
    CaseTeamGrant,
    Closure,
    ClosureState,
    GrantReason,
    RetentionKind,
    Stage,
)
from cases.reference import CLOSURE_REASONS
from cases.sections import CaseSummary, ClosureContent
from cases.services.casework import check_can_write, locked
from cases.services.retention import kind_of, lock_living, years_by_kind, years_later
from core.days import end_of
from core.exceptions import BadInput, NotAllowed, WrongState
from core.rights import Right

# Supervisors still see a case for this long after it is due, to decide on it.
TIME_TO_DECIDE = timedelta(days=366)


def ask_closure(
    case: Case,
    *,
    status: str,
    closed_on: date,
    reason: str,
    details: str,
    explained: Mapping[str, str],
    by: User,
) -> Closure:
    """Ask that a case be closed. `explained` says, by the name of a check, why it may stand open.

    All of it is sealed with the case. Raises NotAllowed, BadInput, and WrongState when the case is
    closed or a closure waits. Must not run inside a transaction: the age is opened first.
    """
    if not may_act(by, case.pk, Right.CASE_CLOSE):
        raise NotAllowed(_("Your role does not include this for this case."))
    check_can_write(by, case, "narrative")
    if status not in CLOSED or reason not in CLOSURE_REASONS:
        raise BadInput(_("Choose how and why the case ends from the lists."))
    if not case.opened_on <= closed_on <= timezone.localdate():
        raise BadInput(_("A case is closed between the day it was opened and today."))
    facts, _entry = door.open_derived(case, by=by)
    content = ClosureContent(
        closed_as=status,
        closed_on=closed_on,
        closure_reason=reason,
        closure_details=details,
        explained={name: why for name, why in explained.items() if why},
        retention_kind=kind_of(facts),
    )
    closure = Closure(case=case, recorded_on=timezone.localdate(), recorded_by=by)
    closure.put("content", content)
    with transaction.atomic():
        current = lock_living(case)
        if current.status in CLOSED:
            raise WrongState(_("This case is closed already."))
        if waiting_closure(case) is not None:
            raise WrongState(_("Somebody asked for this already. It waits."))
        _check_explained(current, content)
        trail.save(closure, verb=Verb.CLOSURE_ASKED, by=by)
    return closure


def send_back(closure: Closure, *, note: str, by: User) -> Closure:
    """Do not close the case: whoever approves sends the closure back, whoever asked withdraws it.

    `note` is sealed with it. Raises NotAllowed, and WrongState when it does not wait any more. Must not
    run inside a transaction: the closure is opened first.
    """
    is_own = closure.recorded_by_id == by.pk
    right = Right.CASE_CLOSE if is_own else Right.CONTENT_APPROVE
    if not may_act(by, closure.case_id, right):
        raise NotAllowed(_("Your role does not include this for this case."))
    [sections] = door.open_rows([closure], by=by)
    if "content" not in sections:
        raise NotAllowed(_("This part of the case is not shared with you."))
    with transaction.atomic():
        lock_living(closure.case)
        row = locked(closure, closure.revision)
        if row.state != ClosureState.ASKED:
            raise WrongState(_("This was decided already."))
        row.state = ClosureState.WITHDRAWN if is_own else ClosureState.SENT_BACK
        row.put("content", msgspec.structs.replace(sections["content"], sent_back_because=note))
        verb = Verb.CLOSURE_WITHDRAWN if is_own else Verb.CLOSURE_SENT_BACK
        trail.save(row, verb=verb, by=by)
    return row


def closing_act(closure: Any, sections: Sections, by: User) -> Callable[[Any], None]:
    """What an approval of this closure does, within its transaction, to the locked row it is given.

    Opens how the case came to us and what statistics hold of it, so that its end can be written there,
    and what was planned. Raises NotAllowed. The act
    raises WrongState when the case is closed or something came up since, and Conflict.
    """
    content = sections["content"]
    assert isinstance(content, ClosureContent) and content.closed_on is not None
    case, day = closure.case, content.closed_on
    [opened] = door.open_rows([case], by=by, classes=["narrative"])
    facts, _entry = door.open_derived(case, by=by)
    reached = [is_reached for tell in GOALS for is_reached in tell(case, by)]
    facts = msgspec.structs.replace(facts, outcome=outcome_of(content.closure_reason, reached))
    summary = msgspec.structs.replace(
        opened.get("summary", CaseSummary()), reason_for_case_closure=content.closure_details
    )

    def act(current: Closure) -> None:
        row = locked(case, case.revision)
        if row.status in CLOSED:
            raise WrongState(_("This case is closed already."))
        _check_explained(row, content)
        current.state = ClosureState.APPROVED
        trail.save(current, verb=Verb.CLOSURE_APPROVED, by=by)
        row.put("summary", summary)
        row.put("facts", facts)
        years = years_by_kind()[RetentionKind(content.retention_kind)]
        close(row, CaseStatus(content.closed_as), day, years, by=by)

    return act


def close(case: Case, status: CaseStatus, day: date, years: int, *, by: User) -> None:
    """Write that a case is closed since this day, and kept for so long. The caller has locked it."""
    case.status, case.closed_on = status, day
    case.stage, case.stage_since = Stage.CLOSED, day
    case.retain_until = years_later(day, years)
    trail.save(case, verb=Verb.CASE_CLOSED, by=by)
    _prolong_supervision(case, by=by)


def waiting_closure(case: Case) -> Closure | None:
    """The closure that waits for approval."""
    return Closure.objects.filter(case=case, state=ClosureState.ASKED).first()


def _check_explained(case: Case, content: ClosureContent) -> None:
    if left := unexplained(case, content.explained):
        raise WrongState(
            _("This still stands open, and nothing explains it: %s. Nothing was closed.")
            % "; ".join(str(check.label) for check in left)
        )


def _prolong_supervision(case: Case, *, by: User) -> None:
    """Whoever supervises the office sees the case until it can be erased, or nobody would erase it."""
    last_day = case.retain_until + TIME_TO_DECIDE  # type: ignore[operator]
    until = end_of(last_day)
    grants = CaseTeamGrant.objects.filter(
        content_object=case, reason=GrantReason.SUPERVISION, revoked_at=None, ends__lt=until
    )
    for grant in grants:
        grant.ends = until
        trail.save(grant, verb=Verb.GRANT_PROLONGED, by=by)
