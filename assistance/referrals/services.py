"""Referring a case to an organisation: sending, answering, ending. Who may take which step is a table
(assistance/referrals/table.py).

Rows are locked in this order: the case, its grant, the referral.
"""

from collections.abc import Iterable
from datetime import date

import msgspec
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, Team, User
from assistance.models import Override, OverrideState, Referral
from assistance.referrals.table import (
    IMPOSSIBLE,
    OPEN,
    SERVICES,
    STEPS,
    VERBS,
    WAITING,
    WHY,
    ReferralStatus,
    Side,
)
from assistance.sections import ReferralAnswer, ReferralContent, ReferralFacts
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.access import access_to
from cases.consents import REFERRAL, check_covered, check_still_counts
from cases.models import Case, CaseTeamGrant, CaseUserGrant, GrantReason
from cases.services import grants
from cases.services.casework import locked
from cases.services.retention import lock_living
from core.classes import SHORT_NAMES
from core.days import end_of
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from core.rights import Right

MOST_LISTED = 200


# --- Sending --------------------------------------------------------------------------
def receivers(case: Case) -> QuerySet[Organisation]:
    """The organisations that a case can be referred to: others, with somebody at their desk; by name."""
    found = Organisation.objects.filter(
        desk__memberships__ended_at=None,
        desk__memberships__isnull=False,
        desk__memberships__user__is_active=True,
    )
    return found.exclude(pk=case.office.organisation_id).distinct().order_by("name")


def send_referral(
    case: Case,
    *,
    to: Organisation,
    content: ReferralContent,
    classes: Iterable[str],
    until: date,
    answer_due: date,
    by: User,
) -> Referral:
    """Refer a case to the desk of an organisation; it sees these classes to the end of the day `until`.

    Raises NotAllowed, BadInput when it cannot be sent so or the person has not agreed to it, WrongState,
    Conflict when another consent is recorded at this moment, and ConfirmationNeeded. Must not run inside
    a transaction: the consent is opened first.
    """
    classes = set(classes)
    check_content(content, classes, answer_due, until)
    grant, desk = grant_for(case, to, classes, until, by=by)
    consent = check_covered(case, REFERRAL, to=[to.pk], classes=classes, by=by)
    row = new_referral(case, to, content, answer_due, by=by)
    with transaction.atomic():
        lock_living(case)
        check_still_counts(consent)
        grants.put_grant(grant, to=desk, by=by)
        row.grant = grant
        trail.save(row, verb=Verb.REFERRAL_SENT, by=by)
    return row


def check_content(
    content: ReferralContent, classes: set[str], answer_due: date, until: date
) -> None:
    """Raise BadInput unless this can be sent with these classes, and answered in time."""
    if content.service not in SERVICES:
        raise BadInput(_("Choose what the person needs from the list."))
    if SERVICES[content.service].cls not in classes:
        raise BadInput(
            _("What you write is of the part “%s” of the case. Send that, too.")
            % SHORT_NAMES[SERVICES[content.service].cls]
        )
    if not timezone.localdate() <= answer_due <= until:
        raise BadInput(_("An answer is due from today on, and before they see the case no more."))


def new_referral(
    case: Case, to: Organisation, content: ReferralContent, answer_due: date, *, by: User
) -> Referral:
    """A referral with what is written in it, not saved yet."""
    today = timezone.localdate()
    row = Referral(
        case=case, to=to, recorded_by=by, sent_on=today, status_on=today, answer_due=answer_due
    )
    row.put("facts", ReferralFacts(service=content.service))
    row.put("content", content, SERVICES[content.service].cls)
    return row


def grant_for(
    case: Case, to: Organisation, classes: Iterable[str], until: date, *, by: User
) -> tuple[CaseTeamGrant, Team]:
    """The grant that a referral needs, not saved yet, and the desk it is for.

    Raises what `grants.new_grant` raises, and BadInput when nobody is at a desk there.
    """
    desk = to.desk
    if desk is None or not receivers(case).filter(pk=to.pk).exists():
        raise BadInput(_("A case is referred to another organisation that has people at its desk."))
    grant = grants.new_grant(
        case,
        to=desk,
        classes=classes,
        may_write=True,
        ends=end_of(until),
        reason=GrantReason.REFERRAL,
        by=by,
    )
    assert isinstance(grant, CaseTeamGrant)
    return grant, desk


# --- Going on -------------------------------------------------------------------------
def sides_of(user: User, referral: Referral) -> frozenset[Side]:
    """On which side this person may act on it, as things are now."""
    access = access_to(user, [referral.case_id], glass=False).get(referral.case_id)
    if access is None:
        return frozenset()
    sides = set()
    if is_at_desk(user, referral):
        sides.add(Side.DESK)
    if referral.case.owner_id == user.pk and user.has_right(Right.GRANT_GIVE):
        sides.add(Side.SENDER)
    return frozenset(sides)


def is_at_desk(user: User, referral: Referral) -> bool:
    """Is the person in the team that it was sent to? What waits to be sent was sent to nobody."""
    grant = referral.grant
    return grant is not None and user.groups.filter(pk=grant.group_id).exists()


def steps_for(user: User, referral: Referral) -> list[ReferralStatus]:
    """What this person may let follow on where it stands."""
    sides = sides_of(user, referral)
    return [status for status, whose in STEPS[referral.status].items() if whose & sides]


def is_running(referral: Referral) -> bool:
    """Does the other organisation still see what was sent?"""
    grant = referral.grant
    return grant is not None and grant.revoked_at is None and grant.ends > timezone.now()


def note_received(referral: Referral, *, by: User) -> Referral:
    """Note that the desk opened it. Does nothing when it did so before, or for anybody else."""
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=referral.case_id)
        current = Referral.objects.select_for_update().get(pk=referral.pk)
        if current.status == ReferralStatus.SENT and Side.DESK in sides_of(by, current):
            step(current, ReferralStatus.RECEIVED, by)
    return current


def take_step(
    referral: Referral, status: str, *, said: str = "", revision: int, by: User
) -> Referral:
    """Let another status follow; `said` is why, or what came of it.

    When the work is over, the grant ends in the same transaction. Raises NotAllowed, NotFound, BadInput
    when there is nothing said where it must be, WrongState when it stands otherwise, and Conflict when
    it is not at `revision` any more. Must not run inside a transaction: what was said before is opened
    first.
    """
    whose = STEPS[referral.status].get(status)  # type: ignore[call-overload]
    if whose is None:
        raise WrongState(_("This referral stands otherwise by now. Look at it again."))
    if not whose & sides_of(by, referral):
        raise NotAllowed(_("This step is not yours to take."))
    if status in WHY and not said.strip():
        raise BadInput(_("Say why, in a few words: the other side plans by it."))
    content, answer = _opened(referral, by)
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=referral.case_id)
        current = locked(referral, revision)
        if said.strip():
            _put_said(current, content, answer, WHY.get(status, "feedback"), said.strip())
        step(current, ReferralStatus(status), by)
        _end_what_waits(current, by)
        if current.status not in OPEN and current.grant is not None:
            grants.end_grant(current.grant, by=by, reason=current.status)
    return current


def give_feedback(referral: Referral, *, feedback: str, revision: int, by: User) -> Referral:
    """Tell the sender how it goes, as often as there is something to tell. Raises as `take_step`."""
    if Side.DESK not in sides_of(by, referral):
        raise NotAllowed(_("The organisation that the case was referred to gives feedback."))
    if referral.status not in OPEN:
        raise WrongState(_("This referral is over."))
    return _say(referral, "feedback", feedback, Verb.REFERRAL_ANSWERED, revision, by)


def record_fallback(referral: Referral, *, fallback: str, revision: int, by: User) -> Referral:
    """Record what is done instead of a referral that came to nothing. Raises as `take_step`."""
    if Side.SENDER not in sides_of(by, referral):
        raise NotAllowed(_("Only the officer of a case can do this."))
    if referral.status not in IMPOSSIBLE:
        raise WrongState(_("Something else is done only where this was declined or withdrawn."))
    return _say(referral, "fallback", fallback, Verb.REFERRAL_REPLACED, revision, by)


def end_with_its_grant(grant: CaseUserGrant | CaseTeamGrant, by: User, reason: str) -> None:
    """A referral whose grant is taken back is withdrawn, in the same transaction."""
    if not isinstance(grant, CaseTeamGrant):
        return
    referral = Referral.objects.select_for_update().filter(grant=grant).first()
    if referral is not None and referral.status in OPEN:
        step(referral, ReferralStatus.WITHDRAWN, by, reason=reason)


def _opened(referral: Referral, by: User) -> tuple[ReferralContent, ReferralAnswer]:
    """What was written on both sides. Raises NotFound to whoever may not read it."""
    [sections] = door.open_rows([referral], by=by)
    content = sections.get("content")
    if not isinstance(content, ReferralContent):
        raise NotFound(_("There is no such referral, or it is not shared with you."))
    answer = sections.get("answer", ReferralAnswer())
    assert isinstance(answer, ReferralAnswer)
    return content, answer


def _say(
    referral: Referral, field: str, said: str, verb: Verb, revision: int, by: User
) -> Referral:
    if not said.strip():
        raise BadInput(_("Write at least a sentence."))
    content, answer = _opened(referral, by)
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=referral.case_id)
        current = locked(referral, revision)
        _put_said(current, content, answer, field, said.strip())
        trail.save(current, verb=verb, by=by)
    return current


def _put_said(
    row: Referral, content: ReferralContent, answer: ReferralAnswer, field: str, said: str
) -> None:
    cls = SERVICES[content.service].cls
    if field == "feedback":
        told = f"{timezone.localdate().isoformat()} {said}"
        row.put("answer", msgspec.structs.replace(answer, feedback=[*answer.feedback, told]), cls)
    elif field in ReferralAnswer.__struct_fields__:
        row.put("answer", msgspec.structs.replace(answer, **{field: said}), cls)
    else:
        row.put("content", msgspec.structs.replace(content, **{field: said}), cls)


def _end_what_waits(referral: Referral, by: User) -> None:
    """What is withdrawn before a second person agreed waits for nobody any more."""
    asked = Override.objects.filter(referral=referral, state=OverrideState.ASKED).first()
    if asked is not None and referral.status not in OPEN:
        asked.state = OverrideState.WITHDRAWN
        trail.save(asked, verb=Verb.OVERRIDE_WITHDRAWN, by=by, reason=asked.ground)


def step(row: Referral, status: ReferralStatus, by: User, reason: str = "") -> None:
    """Write the step; who may take it, the caller has checked, within the same transaction."""
    row.status, row.status_on = status, timezone.localdate()
    trail.save(row, verb=VERBS[status], by=by, reason=reason)


# --- What waits -----------------------------------------------------------------------
def referred_to(user: User) -> list[Referral]:
    """What was referred to a desk this person is at and is not over, the earliest answer first."""
    found = _listed().filter(
        grant__group__in=user.groups,
        grant__revoked_at=None,
        grant__ends__gt=timezone.now(),
        status__in=OPEN,
    )
    return _seen(user, found)


def sent_by(user: User) -> list[Referral]:
    """What is referred of this person's own cases and is not over, the earliest answer first."""
    if not user.has_right(Right.GRANT_GIVE):
        return []
    return _seen(user, _listed().filter(case__owner=user, status__in=OPEN))


def is_overdue(referral: Referral) -> bool:
    """Should there be an answer by now?"""
    return referral.status in WAITING and referral.answer_due < timezone.localdate()


def _listed() -> QuerySet[Referral]:
    found = Referral.objects.select_related("case__office__organisation", "case__owner", "to")
    return found.select_related("grant").order_by("answer_due", "pk")


def _seen(user: User, found: QuerySet[Referral]) -> list[Referral]:
    rows = list(found[:MOST_LISTED])
    seen = access_to(user, {row.case_id for row in rows}) if rows else {}
    return [row for row in rows if row.case_id in seen]
