"""The end of a case: how long it is kept, going on with it, and the legal hold that stops erasure."""

from collections.abc import Mapping
from datetime import date

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.access import may_act
from cases.facts import ADULT_FROM, LOWEST_AGE_OF_BAND
from cases.merges import check_no_duplicate
from cases.models import (
    CLOSED,
    Case,
    ErasureRequest,
    ErasureState,
    RetentionKind,
    RetentionRule,
    Stage,
)
from cases.reference import STILL_OPEN
from cases.sections import CaseFacts
from cases.services.casework import check_can_write, locked
from cases.stages import STAGES
from core.exceptions import NotAllowed, WrongState
from core.rights import Right


# --- Rules ----------------------------------------------------------------------------
def years_by_kind() -> dict[RetentionKind, int]:
    """How many years a closed case of each kind is kept."""
    rules = dict(RetentionRule.objects.values_list("kind", "years"))
    return {kind: rules.get(kind, RetentionRule.DEFAULT_YEARS) for kind in RetentionKind}


def set_years(years: Mapping[str, int], *, by: User) -> None:
    """Change how long cases that are closed from now on are kept. Raises NotAllowed, ValidationError."""
    if not by.has_right(Right.RETENTION_SET):
        raise NotAllowed(_("Your role does not include the rules of retention."))
    with transaction.atomic():
        rules = {rule.kind: rule for rule in RetentionRule.objects.select_for_update()}
        for kind in RetentionKind:
            rule = rules.get(kind) or RetentionRule(kind=kind, years=RetentionRule.DEFAULT_YEARS)
            if kind in years and rule.years != years[kind]:
                rule.years = years[kind]
                trail.save(rule, verb=Verb.RETENTION_CHANGED, by=by, reason=f"{kind} {rule.years}")


def kind_of(facts: CaseFacts) -> RetentionKind:
    """Which rule a case falls under, by the age at registration."""
    youngest = LOWEST_AGE_OF_BAND.get(facts.age_band)
    if youngest is None:
        return RetentionKind.UNKNOWN
    return RetentionKind.ADULT if youngest >= ADULT_FROM else RetentionKind.CHILD


def years_later(day: date, years: int) -> date:
    """The same day so many years on; 1 March where a year has no 29 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


# --- Reopening ------------------------------------------------------------------------
def reopen_case(case: Case, *, note: str, stage: Stage | str = Stage.ASSESSMENT, by: User) -> Case:
    """Go on with a closed case, in this stage; it is not due for erasure any more.

    Raises NotAllowed, Erased, and WrongState for a stage that the table does not lead to. Must not
    run inside a transaction: what statistics hold of the case is opened first.
    """
    _check(by, case, Right.CASE_CLOSE)
    check_can_write(by, case, "narrative")
    case = Case.objects.get(pk=case.pk)
    facts, _entry = door.open_derived(case, by=by)
    with transaction.atomic():
        current = lock_living(case)
        if current.status not in CLOSED:
            raise WrongState(_("This case is not closed."))
        check_no_duplicate(case)
        if stage not in STAGES[Stage.CLOSED].leads_to:
            raise WrongState(_("A case does not go on there after it was closed."))
        locked(case, case.revision)  # as it was when its facts were opened
        current.status, current.stage = STAGES[Stage(stage)].status, Stage(stage)
        current.stage_since = timezone.localdate()
        current.closed_on = current.retain_until = None
        current.put("facts", msgspec.structs.replace(facts, outcome=STILL_OPEN))
        trail.save(current, verb=Verb.CASE_REOPENED, by=by, details={"note": note})
    return current


# --- Legal hold -----------------------------------------------------------------------
def put_on_hold(case: Case, *, note: str, by: User) -> Case:
    """Stop any erasure of a case until the hold is lifted. Raises NotAllowed, WrongState."""
    return _set_hold(case, on_hold=True, note=note, by=by)


def lift_hold(case: Case, *, note: str, by: User) -> Case:
    """Let a case be erased again. Raises NotAllowed, WrongState."""
    return _set_hold(case, on_hold=False, note=note, by=by)


def _set_hold(case: Case, *, on_hold: bool, note: str, by: User) -> Case:
    _check(by, case, Right.CASE_HOLD)
    with transaction.atomic():
        current = lock_living(case)
        if bool(current.on_hold) == on_hold:
            raise WrongState(
                _("This case is under legal hold already.")
                if on_hold
                else _("This case is not under legal hold.")
            )
        current.on_hold = on_hold or None
        verb = Verb.HOLD_PUT if on_hold else Verb.HOLD_LIFTED
        trail.save(current, verb=verb, by=by, details={"note": note})
    return current


# --- What they have in common ---------------------------------------------------------
def lock_living(case: Case) -> Case:
    """The case as it stands, locked; WrongState when it is erased or its erasure is approved."""
    current = Case.objects.select_for_update().get(pk=case.pk)
    approved = ErasureRequest.objects.filter(case=case, state=ErasureState.APPROVED)
    if current.erased_on is not None or approved.exists():
        raise WrongState(
            _("The erasure of this case is approved: nothing can be changed any more.")
        )
    return current


def _check(by: User, case: Case, right: Right) -> None:
    if not may_act(by, case.pk, right):
        raise NotAllowed(_("Your role does not include this for this case."))
