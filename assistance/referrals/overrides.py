"""Referring a case without consent, for a danger to life: one asks, another agrees, a third reviews.

Nothing is sent before somebody else agreed. The agreement stands up for review until it is signed off
(assistance/apps.py). People are locked first, then the case, the request, the referral.
"""

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.confirming import check_recent
from accounts.models import Organisation, User
from assistance.models import Override, OverrideGround, OverrideState, Referral
from assistance.referrals.services import check_content, grant_for, new_referral, step
from assistance.referrals.table import ReferralStatus
from assistance.sections import ReferralContent
from audit import trail
from audit.verbs import Verb
from cases.access import access_to
from cases.consents import REFERRAL, beyond, covering
from cases.models import Case
from cases.services import grants, two_people
from cases.services.retention import lock_living
from core.exceptions import BadInput, NotAllowed, WrongState
from core.rights import Right


def ask_for_override(
    case: Case,
    *,
    to: Organisation,
    content: ReferralContent,
    classes: Iterable[str],
    until: date,
    answer_due: date,
    ground: str,
    note: str,
    by: User,
) -> Override:
    """Write a referral that is sent as soon as a second person agrees. `note` is sealed with the trail.

    Raises as `send_referral`, and BadInput where the person has agreed: then it needs nobody else. Must
    not run inside a transaction: the consent is opened first.
    """
    classes = set(classes)
    if ground not in OverrideGround or not note.strip():
        raise BadInput(_("Choose a reason, and say in your own words what the danger is."))
    check_content(content, classes, answer_due, until)
    grant_for(case, to, classes, until, by=by)  # looked at now, made when somebody agrees
    found = covering(case, REFERRAL, by=by)
    if found is not None and not beyond(found[1], to=[to.pk], classes=classes):
        raise BadInput(_("The person has agreed to referrals: send it without a second person."))
    with transaction.atomic():
        person = two_people.people(by.pk)[by.pk]
        two_people.check_may(person, case, Right.GRANT_GIVE)
        lock_living(case)
        referral = new_referral(case, to, content, answer_due, by=by)
        referral.status = ReferralStatus.ASKED
        trail.save(referral, verb=Verb.REFERRAL_PREPARED, by=by)
        request = Override(
            case=case,
            referral=referral,
            ground=ground,
            classes=sorted(classes),
            until=until,
            **two_people.asker(person, Right.GRANT_GIVE),
        )
        details = {"note": note.strip()}
        trail.save(request, verb=Verb.OVERRIDE_ASKED, by=by, reason=ground, details=details)
    return request


def approve_override(request: Override, *, note: str = "", by: User) -> Override:
    """Agree, and send the referral, in one transaction.

    Raises NotAllowed to whoever may not decide, ConfirmationNeeded, and WrongState when it is decided
    already or could not be sent as things are now.
    """
    check_recent()
    with transaction.atomic():
        found, people = two_people.for_decision(request, Right.OVERRIDE_DECIDE, by)
        lock_living(found.case)
        referral = Referral.objects.select_for_update().get(pk=found.referral_id)
        asker, second = people[found.asked_by_id], people[by.pk]
        try:
            two_people.check_may(asker, found.case, Right.GRANT_GIVE)
            grant, desk = grant_for(found.case, referral.to, found.classes, found.until, by=asker)
        except (BadInput, NotAllowed) as error:
            raise WrongState(
                _("This could not be sent any more as things are now. Do not agree to it.")
            ) from error
        _decide(found, OverrideState.APPROVED, Verb.OVERRIDE_APPROVED, note, second)
        grants.put_grant(grant, to=desk, by=second)
        today = timezone.localdate()
        referral.grant, referral.sent_on = grant, today
        referral.answer_due = max(referral.answer_due, today)
        step(referral, ReferralStatus.SENT, second)
    return found


def decline_override(request: Override, *, note: str = "", by: User) -> Override:
    """Say no: nothing is sent. Raises NotAllowed, ConfirmationNeeded, WrongState when it is decided."""
    check_recent()
    with transaction.atomic():
        found, people = two_people.for_decision(request, Right.OVERRIDE_DECIDE, by)
        referral = Referral.objects.select_for_update().get(pk=found.referral_id)
        _decide(found, OverrideState.DECLINED, Verb.OVERRIDE_DECLINED, note, people[by.pk])
        step(referral, ReferralStatus.REFUSED, people[by.pk])
    return found


def _decide(request: Override, state: OverrideState, verb: Verb, note: str, by: User) -> None:
    two_people.decide(request, state, Right.OVERRIDE_DECIDE, by)
    request.decided_at = timezone.now()
    trail.save(request, verb=verb, by=by, reason=request.ground, details={"note": note.strip()})


# --- What waits -----------------------------------------------------------------------
def override_of(referral: Referral) -> Override | None:
    """What was asked for about this referral; None where the person had agreed."""
    found: QuerySet[Override] = Override.objects.select_related("asked_by", "decided_by", "case")
    return found.filter(referral=referral).first()


def waiting_for(user: User) -> list[Override]:
    """What this person can decide on, the oldest first."""
    if not user.has_right(Right.OVERRIDE_DECIDE):
        return []
    asked = Override.objects.filter(state=OverrideState.ASKED).exclude(asked_by=user)
    found = list(asked.select_related("case", "referral__to", "asked_by").order_by("pk"))
    seen = access_to(user, [one.case_id for one in found], glass=False) if found else {}
    return [one for one in found if one.case_id in seen]
