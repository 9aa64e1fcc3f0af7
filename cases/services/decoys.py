"""Decoys: a supervisor marks a case nobody has a reason to open, and takes the mark away."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.access import may_act
from cases.models import Case, Decoy
from core.exceptions import NotAllowed, WrongState
from core.rights import Right


def mark_decoy(case: Case, *, by: User) -> Decoy:
    """From now on whoever opens this case is asked why. Statistics no longer count it.

    Raises NotAllowed, and WrongState for a case that is a decoy already or erased.
    """
    _check(case, by)
    with transaction.atomic():
        current = Case.objects.select_for_update().get(pk=case.pk)
        if current.erased_on is not None:
            raise WrongState(_("This case was erased."))
        if Decoy.objects.filter(case=case, until=None).exists():
            raise WrongState(_("This case is a decoy already."))
        decoy = Decoy(case=case)
        trail.save(decoy, verb=Verb.DECOY_MARKED, by=by)
    return decoy


def lift_decoy(case: Case, *, by: User) -> Decoy:
    """Make it a case like any other again. Raises NotAllowed and WrongState."""
    _check(case, by)
    with transaction.atomic():
        decoy = Decoy.objects.select_for_update().filter(case=case, until=None).first()
        if decoy is None:
            raise WrongState(_("This case is not a decoy."))
        decoy.until = timezone.now()
        trail.save(decoy, verb=Verb.DECOY_LIFTED, by=by)
    return decoy


def _check(case: Case, by: User) -> None:
    if not may_act(by, case.pk, Right.DECOY_MARK):
        raise NotAllowed(_("Your role does not include this for this case."))
