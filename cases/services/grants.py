"""Sharing a case: who gets which classes, until when, taking it back, and handing the case over."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.confirming import check_recent
from accounts.models import Office, Organisation, Team, TeamMembership, User
from audit import trail
from audit.verbs import Verb
from cases.access import READ, WRITE, Access, access_to, may_act, permission
from cases.consents import REFERRAL, beyond, check_covered, check_still_counts, covers
from cases.models import (
    BY_HAND,
    Case,
    CaseTeamGrant,
    CaseUserGrant,
    Exclusion,
    GrantReason,
    SearchChange,
)
from cases.sections import ConsentTerms
from cases.services.intake import ASSIGNMENT_TERM, first_grants
from cases.services.retention import lock_living
from core.classes import CONTENT
from core.exceptions import BadInput, NotAllowed, WrongState
from core.rights import Right

LONGEST = timedelta(days=366)
# What else happens when a grant is taken back, in the same transaction. Upper applications add theirs
# in apps.ready().
ON_TAKING_BACK: list[Callable[[CaseUserGrant | CaseTeamGrant, User, str], None]] = []


# --- Giving and taking back -----------------------------------------------------------
def give_grant(
    case: Case,
    *,
    to: User | Team,
    classes: Iterable[str],
    may_write: bool,
    ends: datetime,
    reason: str,
    starts: datetime | None = None,
    note: str = "",
    by: User,
) -> CaseUserGrant | CaseTeamGrant:
    """Let a person or a team read (and write) classes of a case until `ends`, from now or from `starts`.

    Raises what `new_grant` raises, BadInput, too, when the person has not agreed to a referral of these
    classes to this organisation, and Conflict when they take that back at this moment.
    """
    classes, consent = set(classes), None
    given = {"classes": classes, "may_write": may_write, "starts": starts, "ends": ends}
    grant = new_grant(case, to=to, reason=reason, by=by, **given)  # type: ignore[arg-type]
    if reason == GrantReason.REFERRAL:
        others = others_of(to, case)
        consent = check_covered(case, REFERRAL, to=others, classes=classes, by=by)
    with transaction.atomic():
        if consent is not None:
            check_still_counts(consent)
        put_grant(grant, to=to, note=note, by=by)
    return grant


def new_grant(
    case: Case,
    *,
    to: User | Team,
    classes: Iterable[str],
    may_write: bool,
    ends: datetime,
    reason: str,
    starts: datetime | None = None,
    by: User,
) -> CaseUserGrant | CaseTeamGrant:
    """A grant that `by` may give and `to` could use, not saved yet. Of a consent it knows nothing.

    Raises NotAllowed when `by` may not share these classes, BadInput when `to` could not open them
    or the times do not fit, and ConfirmationNeeded.
    """
    classes = set(classes)
    check_can_grant(by, case, classes, may_write=may_write)
    check_recent()
    now = timezone.now()
    starts = max(starts or now, now)
    if not starts < ends <= now + LONGEST:
        raise BadInput(_("Choose an end after the beginning, at most one year from now."))
    if reason not in BY_HAND:
        raise BadInput(_("Choose a reason from the list."))
    _check_receiver(case, to, classes, GrantReason(reason), by)
    common: dict[str, Any] = {
        "content_object": case,
        "permission": permission(WRITE if may_write else READ),
        "classes": sorted(classes),
        "reason": GrantReason(reason),
        "granted_by": by,
        "starts": starts,
        "ends": ends,
    }
    if isinstance(to, Team):
        return CaseTeamGrant(group=to.group, **common)
    return CaseUserGrant(user=to, **common)


def put_grant(
    grant: CaseUserGrant | CaseTeamGrant, *, to: User | Team, note: str = "", by: User
) -> None:
    """Save what `new_grant` made, within the caller's transaction; `by` is who does it now."""
    details = {"note": note, "to": str(to.pk)}
    trail.save(grant, verb=Verb.GRANT_GIVEN, by=by, reason=grant.reason, details=details)
    SearchChange.objects.create(case=grant.content_object_id)


def revoke_grant(grant: CaseUserGrant | CaseTeamGrant, *, by: User) -> None:
    """Take a grant back; it counts no more from now on. Raises ConfirmationNeeded, too."""
    case = grant.content_object
    check_can_grant(by, case, ())
    check_recent()
    if grant.revoked_at is not None:
        raise WrongState(_("This access was already taken back."))
    if not is_revocable(grant):
        raise WrongState(_("The officer of a case and the supervisors keep their access."))
    end_grant(grant, by=by)


def end_grant(grant: CaseUserGrant | CaseTeamGrant, *, by: User, reason: str = "") -> None:
    """Take a grant back because the work it was for is over. `reason` is a code for the event.

    Who may, the caller has checked. One that is over by itself or was taken back stays as it is.
    """
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=grant.content_object_id)
        current = type(grant).objects.select_for_update().get(pk=grant.pk)
        if current.revoked_at is None and current.ends > timezone.now():
            _end(current, by=by, reason=reason)
            SearchChange.objects.create(case=current.content_object_id)


def end_uncovered(case: Case, terms: ConsentTerms, *, by: User) -> None:
    """What was shared with other organisations ends where the person, by these terms, agrees to it no
    longer: a grant to an organisation or with a class that they do not cover ends whole.
    """
    now = timezone.now()
    is_agreed, has_ended = covers(terms, REFERRAL, timezone.localdate()), False
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=case.pk)
        for model in (CaseUserGrant, CaseTeamGrant):
            held = model.objects.select_for_update().filter(
                content_object=case, reason=GrantReason.REFERRAL, revoked_at=None, ends__gt=now
            )
            for grant in held:
                to = grant.user if isinstance(grant, CaseUserGrant) else grant.group.team
                others = others_of(to, case)
                if not is_agreed or beyond(terms, to=others, classes=grant.classes):
                    _end(grant, by=by, reason="consent")
                    has_ended = True
        if has_ended:
            SearchChange.objects.create(case=case.pk)


def is_revocable(grant: CaseUserGrant | CaseTeamGrant) -> bool:
    """Can the officer of the case take this grant back? Not what comes with the work on it."""
    if grant.reason == GrantReason.HAND_OVER:  # once given by hand, too
        return grant.revoked_at is None and grant.user_id != grant.content_object.owner_id
    return grant.revoked_at is None and grant.reason in BY_HAND


def check_can_grant(
    by: User, case: Case, classes: Iterable[str], *, may_write: bool = False
) -> None:
    """Only the officer of the case shares it, and nobody gives more than they hold."""
    own = access_to(by, [case.pk], glass=False).get(case.pk)
    if not by.has_right(Right.GRANT_GIVE) or own is None or case.owner_id != by.pk:
        raise NotAllowed(_("Only the officer of a case can share it."))
    if set(classes) - own.read:
        raise NotAllowed(_("You can share only what you may read yourself."))
    if may_write and set(classes) - own.write:
        raise NotAllowed(_("You can let others write only where you may write yourself."))


def can_grant(by: User, case: Case, access: Access) -> bool:
    """`check_can_grant` out of what is known of their access, for showing the button."""
    return case.owner_id == by.pk and by.has_right(Right.GRANT_GIVE) and not access.by_glass


def _check_receiver(
    case: Case, to: User | Team, classes: set[str], reason: GrantReason, by: User
) -> None:
    """Raise BadInput unless somebody could open each of these classes with such a grant."""
    readers = [one for one in members_of(to) if one.has_right(Right.CASE_READ)]
    if not readers or to == by:
        raise BadInput(
            _("Nobody in this team has a role that includes reading cases.")
            if isinstance(to, Team)
            else _("This person's role does not include reading cases.")
        )
    if reason != GrantReason.REFERRAL:
        readers = [one for one in readers if is_of_the_house(one, case)]
        if not readers:
            raise BadInput(_("To another organisation a case is referred. Choose that reason."))
    if not isinstance(to, Team) and Exclusion.objects.at(timezone.now()).filter(case=case, user=to):
        raise BadInput(_("This person is excluded from the case."))
    admitted = frozenset().union(*(one.classes for one in readers))
    if not classes or classes - admitted:
        raise BadInput(
            _("Nobody in this team has a role that includes every part you chose.")
            if isinstance(to, Team)
            else _("This person's role does not include every part you chose.")
        )


def members_of(to: User | Team) -> list[User]:
    """The active people a grant to this person or team would be for."""
    if isinstance(to, User):
        return [to] if to.is_active else []
    members = to.memberships.now().values("user")
    return list(User.objects.filter(is_active=True, pk__in=members).select_related("office"))


def others_of(to: User | Team, case: Case) -> set[Any]:
    """Ids of the organisations that a grant to this person or team lets in, but for the case's own.

    Counted is who is switched off at the moment, too. None stands for somebody without an office.
    """
    people: Iterable[User] = [to] if isinstance(to, User) else []
    if isinstance(to, Team):
        members = to.memberships.now().values("user")
        people = User.objects.filter(pk__in=members).select_related("office")
    found = {one.organisation_id for one in people if not is_of_the_house(one, case)}
    if isinstance(to, Team) and (desk_of := Organisation.objects.filter(desk=to).first()):
        found.add(desk_of.pk)
    return found


def is_of_the_house(person: User, case: Case) -> bool:
    """Does the person belong to the organisation whose case it is?"""
    return person.organisation_id == case.office.organisation_id and not person.is_partner


# --- Handing over ---------------------------------------------------------------------
def hand_over(case: Case, *, to: User, note: str, by: User) -> Case:
    """Make another officer of the office the officer of the case, with what was shared as it is.

    What the former officer held of the case ends. Raises NotAllowed, WrongState, and BadInput when `to`
    could not be its officer.
    """
    with transaction.atomic():
        current = lock_living(case)
        check_can_assign(by, current)
        if not could_take_over(to, current):
            raise BadInput(_("This person cannot be the officer of this case."))
        former, current.owner = current.owner_id, to
        details = {"note": note, "person": str(to.pk)}
        trail.save(current, verb=Verb.CASE_HANDED_OVER, by=by, details=details)
        now = timezone.now()
        held = CaseUserGrant.objects.select_for_update().filter(
            content_object=current, user__in=[former, to.pk], revoked_at=None, ends__gt=now
        )
        for grant in held.exclude(reason=GrantReason.BREAK_GLASS):
            _end(grant, by=by, reason=GrantReason.HAND_OVER)
        assignment = CaseUserGrant(
            content_object=current,
            user=to,
            permission=permission(WRITE),
            classes=sorted(CONTENT),
            reason=GrantReason.HAND_OVER,
            granted_by=by,
            starts=now,
            ends=now + ASSIGNMENT_TERM,
        )
        trail.save(assignment, verb=Verb.GRANT_GIVEN, by=by, reason=GrantReason.HAND_OVER)
        SearchChange.objects.create(case=current.pk)
    return current


def hand_over_all(of: User, *, to: User, note: str, by: User) -> tuple[list[Case], list[Case]]:
    """Hand over every case of an officer that `by` may assign: those handed over, and those left.

    Left are cases that `to` could not be the officer of, and those whose erasure is approved. All or
    none are handed over. Raises NotAllowed without the right to assign cases, and ConfirmationNeeded.
    """
    check_recent()
    if not by.has_right(Right.CASE_ASSIGN):
        raise NotAllowed(_("Only a supervisor can do this."))
    handed: list[Case] = []
    left: list[Case] = []
    with transaction.atomic():
        for case in cases_of(of, by=by):
            try:
                handed.append(hand_over(case, to=to, note=note, by=by))
            except (BadInput, WrongState):
                left.append(case)
    return handed, left


def move_grants(case: Case, *, former: Office, former_owner: User, by: User) -> None:
    """Within the caller's transaction: the case is of its new office and owner now; so is access to it.

    What the former office holds of it ends, whatever for and whoever gave it: what its people hold, and
    every team that one of them is in. When the case left the organisation, all ends but referrals.
    """
    now = timezone.now()
    people = Q(user__office=former) | Q(user__in=[former_owner, case.owner])
    theirs = TeamMembership.objects.now().filter(user__office=former).values("team__group")
    # A desk that the case was referred to works on it as another organisation would.
    desk = Q(reason=GrantReason.REFERRAL, group__team__desk_of__isnull=False)
    teams = Q(group=former.supervisors) | Q(group__in=theirs) & ~desk
    if former.organisation_id != case.office.organisation_id:
        other = ~Q(reason=GrantReason.REFERRAL)
        people, teams = people | other, teams | other
    for model, held_by in ((CaseUserGrant, people), (CaseTeamGrant, teams)):
        held = model.objects.filter(content_object=case, revoked_at=None, ends__gt=now)
        keys = list(held.filter(held_by).values_list("pk", flat=True))
        for grant in model.objects.select_for_update().filter(pk__in=keys).order_by("pk"):
            _end(grant, by=by, reason="transfer")
    for given in first_grants([case], office=case.office, owner=case.owner, by=by):
        for new in given:
            trail.save(new, verb=Verb.GRANT_GIVEN, by=by, reason=new.reason)
    SearchChange.objects.create(case=case.pk)


def cases_of(officer: User, *, by: User) -> list[Case]:
    """Cases of an officer, oldest first, that are not erased and that `by` sees."""
    cases = list(Case.objects.filter(owner=officer, erased_on=None).order_by("pk"))
    seen = access_to(by, [case.pk for case in cases], glass=False)
    return [case for case in cases if case.pk in seen]


def could_take_over(person: User, case: Case) -> bool:
    """Could this person be the officer of the case? Somebody else of the office, whose role it is."""
    return (
        can_be_officer(person)
        and person.pk != case.owner_id
        and person.office_id == case.office_id
        and not Exclusion.objects.at(timezone.now()).filter(case=case, user=person).exists()
    )


def can_be_officer(person: User) -> bool:
    """Is it the person's role to be the officer of cases of their office?"""
    return person.is_active and person.has_right(Right.GRANT_GIVE) and not person.is_partner


def check_can_assign(by: User, case: Case) -> None:
    """The officer of a case and the supervisors who see it say who works on it, and who must not."""
    is_own = case.owner_id == by.pk and may_act(by, case.pk, Right.GRANT_GIVE)
    if not is_own and not may_act(by, case.pk, Right.CASE_ASSIGN):
        raise NotAllowed(_("Only the officer of a case or a supervisor can do this."))


def _end(grant: CaseUserGrant | CaseTeamGrant, *, by: User, reason: str = "") -> None:
    grant.revoked_at, grant.revoked_by = timezone.now(), by
    trail.save(grant, verb=Verb.GRANT_REVOKED, by=by, reason=reason)
    for follow in ON_TAKING_BACK:
        follow(grant, by, reason)
