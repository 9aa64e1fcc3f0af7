"""Conflicts of interest: keeping somebody out of a case, and letting them in again."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.models import Case, Exclusion, SearchChange
from cases.reference import EXCLUSION_GROUNDS
from cases.sections import ExclusionGrounds
from cases.services.grants import check_can_assign
from cases.services.retention import lock_living
from core.exceptions import BadInput, WrongState


def exclude(case: Case, *, person: User, ground: str, note: str, by: User) -> Exclusion:
    """From now on this person sees nothing of the case, whatever grants they or their teams hold.

    `ground` is a code of EXCLUSION_GROUNDS; it is sealed, as `note` is. Raises NotAllowed, BadInput, and
    WrongState when the person is excluded already or the case is erased.
    """
    if ground not in EXCLUSION_GROUNDS:
        raise BadInput(_("Choose a reason from the list."))
    with transaction.atomic():
        current = lock_living(case)
        check_can_assign(by, current)
        if current.exclusions.at(timezone.now()).filter(user=person).exists():
            raise WrongState(_("This person is excluded already."))
        exclusion = Exclusion(case=current, user=person)
        grounds = ExclusionGrounds(excluded_as=ground, excluded_because=note.strip())
        exclusion.put("grounds", grounds)
        trail.save(exclusion, verb=Verb.PERSON_EXCLUDED, by=by)
        SearchChange.objects.create(case=current.pk)
    return exclusion


def end_exclusion(exclusion: Exclusion, *, note: str, by: User) -> Exclusion:
    """Let a person be given access to the case again. What they hold counts again.

    Raises NotAllowed, BadInput without a note, and WrongState.
    """
    if not note.strip():
        raise BadInput(_("Say why the person is not excluded any more."))
    with transaction.atomic():
        current = lock_living(exclusion.case)
        check_can_assign(by, current)
        ended = Exclusion.objects.select_for_update().get(pk=exclusion.pk)
        if ended.until is not None:
            raise WrongState(_("This exclusion was ended already."))
        ended.until = timezone.now()
        details = {"note": note.strip()}
        trail.save(ended, verb=Verb.EXCLUSION_ENDED, by=by, details=details)
        SearchChange.objects.create(case=current.pk)
    return ended
