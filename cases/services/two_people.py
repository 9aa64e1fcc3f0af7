"""What the acts on cases that take two people have in common: who may ask, who may decide, until when.

Whether somebody may is looked up with their account locked, so that a right that is taken away
meanwhile is gone before or is taken after. People are locked before the case, and the case before the
request.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.context import current
from cases.access import access_to
from cases.models import Case, ExportRequest, ExportState, WorkbookRequest
from cases.models.request import CaseRequest, TwoPeopleRequest
from core.exceptions import NotAllowed, WrongState
from core.rights import Right

ASKED = "asked"  # the state in which every request begins
DECIDED_WITHIN = timedelta(hours=72)
COLLECTED_WITHIN = timedelta(hours=1)  # of what goes out
R = TypeVar("R", bound=CaseRequest)
T = TypeVar("T", bound=TwoPeopleRequest)


def people(*who: UUID) -> dict[UUID, User]:
    """These accounts as they are now, locked, in the order of their ids."""
    locked = User.objects.select_for_update(no_key=True).filter(pk__in=set(who)).order_by("pk")
    return {user.pk: user for user in locked}


def may(user: User, case: Case, right: Right) -> bool:
    """May this person do this about the case, as things are now?"""
    return may_about_all(user, [case.pk], right)


def may_about_all(user: User, cases: Collection[UUID], right: Right) -> bool:
    """As `may`, about each of these cases. What is seen by breaking the glass does not count."""
    holds = user.is_active and user.has_right(right)
    return holds and access_to(user, cases, glass=False).keys() >= set(cases)


def check_may(user: User, case: Case, right: Right) -> None:
    """Raise NotAllowed unless they may."""
    if not may(user, case, right):
        raise NotAllowed(_("Your role does not include this for this case."))


def asker(by: User, right: Right) -> dict[str, Any]:
    """The columns of a request that say who asks, as what, and in which session."""
    session = current().session or None
    return {"asked_by": by, "asked_as": _role_for(by, right), "asked_session": session}


def for_decision(request: R, right: Right, by: User) -> tuple[R, dict[UUID, User]]:
    """The request and its case as they stand, and both people, all locked, if `by` may decide on it.

    Raises NotAllowed and WrongState.
    """
    both = people(request.asked_by_id, by.pk)
    check_may(both[by.pk], request.case, right)
    case = Case.objects.select_for_update().get(pk=request.case_id)
    found = lock_undecided(request, by)
    found.case = case
    return found, both


def lock_undecided(request: T, by: User) -> T:
    """The request as it stands, locked, if it waits for a decision and somebody else asked for it.

    Raises WrongState and NotAllowed.
    """
    found = type(request)._default_manager.select_for_update().get(pk=request.pk)
    if found.state != ASKED:  # type: ignore[attr-defined]
        raise WrongState(_("This was decided already."))
    if found.asked_by_id == by.pk:
        raise NotAllowed(_("You asked for this yourself: somebody else has to decide."))
    if found.asked_session is not None and found.asked_session == current().session:
        raise NotAllowed(_("This was asked for in this very session. Sign in anew to decide."))
    return found


def decide(request: TwoPeopleRequest, state: str, right: Right, by: User) -> None:
    """Note on the request who decided what; the caller saves it."""
    request.state, request.decided_by = state, by  # type: ignore[attr-defined]
    request.decided_as = _role_for(by, right)
    request.decided_session = current().session or None


# --- What is collected ----------------------------------------------------------------
def is_over(request: ExportRequest | WorkbookRequest) -> bool:
    """Did nobody decide in time, or nobody collect it?"""
    return timezone.now() >= ends(request)


def ends(request: ExportRequest | WorkbookRequest) -> datetime:
    """Until when it can be decided on, or collected."""
    if request.state == ExportState.APPROVED:
        return request.decided_at + COLLECTED_WITHIN  # type: ignore[operator]
    return request.asked_at + DECIDED_WITHIN


def waits() -> Q:
    """Requests that can be decided on, or collected, as a filter."""
    now = timezone.now()
    asked = Q(state=ExportState.ASKED, asked_at__gt=now - DECIDED_WITHIN)
    return asked | Q(state=ExportState.APPROVED, decided_at__gt=now - COLLECTED_WITHIN)


def _role_for(user: User, right: Right) -> str:
    return next(role.code for role in user.roles if right in role.rights)
