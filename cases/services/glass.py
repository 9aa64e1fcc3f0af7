"""Breaking the glass: an emergency opens a case to somebody who holds no grant on it, and is told of.

It opens chosen classes for an hour, for reading alone. Who is told, is told in the same transaction.
"""

from collections.abc import Iterable
from datetime import timedelta
from secrets import choice

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.selectors import holders_of
from audit import trail
from audit.verbs import Verb
from cases.access import READ, access_to, permission
from cases.models import (
    BrokenGlass,
    Case,
    CaseTeamGrant,
    CaseUserGrant,
    Exclusion,
    GlassGround,
    GlassNotice,
    GrantReason,
    SearchChange,
)
from cases.selectors import is_gone
from cases.services.grants import is_of_the_house
from cases.services.retention import lock_living
from core.exceptions import BadInput, NotAllowed, WrongState
from core.rights import Right

LASTS = timedelta(minutes=60)
MOST_OPEN = 3  # at the same time, by one person


# --- Breaking -------------------------------------------------------------------------
def restricted_case(user: User, reference: str) -> Case | None:
    """The case of this reference, when this person does not see it and may break its glass.

    To everybody else it is no case at all.
    """
    if not user.has_right(Right.GLASS_BREAK):
        return None
    case = Case.objects.select_related("office", "owner").filter(reference=reference).first()
    return case if case is not None and _may_break(user, case) else None


def break_glass(
    case: Case, *, ground: str, note: str, classes: Iterable[str], by: User
) -> BrokenGlass:
    """Open classes of a case for an hour to somebody who does not see it, and tell those who must know.

    Raises NotAllowed, BadInput, and WrongState when this person has too many cases open in this way or
    the case is erased.
    """
    classes = set(classes)
    if ground not in GlassGround or not note.strip():
        raise BadInput(_("Choose a reason, and say in your own words why it cannot wait."))
    with transaction.atomic():
        # Whoever breaks two at once does so one after the other.
        person = User.objects.select_for_update().get(pk=by.pk)
        case = lock_living(case)
        if not _may_break(person, case):
            raise NotAllowed(_("You may not take emergency access to this case."))
        if not classes or classes - person.classes:
            raise BadInput(_("Choose what you need, within your role."))
        now = timezone.now()
        if open_glass(person).count() >= MOST_OPEN:
            raise WrongState(_("You have three cases open in this way. End one of them first."))
        grant = CaseUserGrant(
            content_object=case,
            user=person,
            permission=permission(READ),
            classes=sorted(classes),
            reason=GrantReason.BREAK_GLASS,
            granted_by=person,
            starts=now,
            ends=now + LASTS,
        )
        trail.save(grant, verb=Verb.GRANT_GIVEN, by=person, reason=GrantReason.BREAK_GLASS)
        glass = BrokenGlass(case=case, grant=grant, ground=GlassGround(ground))
        details = {"note": note.strip()}
        trail.save(glass, verb=Verb.GLASS_BROKEN, by=person, reason=ground, details=details)
        for somebody in _to_be_told(case, person):
            notice = GlassNotice(glass=glass, to=somebody)
            trail.save(notice, verb=Verb.GLASS_TOLD, by=None)
        SearchChange.objects.create(case=case.pk)
    return glass


def open_glass(user: User):  # type: ignore[no-untyped-def]
    """What this person has open by breaking the glass."""
    now = timezone.now()
    found = BrokenGlass.objects.filter(grant__user=user, grant__ends__gt=now, ended_at=None)
    return found.select_related("grant", "case").order_by("grant__ends")


def _may_break(user: User, case: Case) -> bool:
    return (
        user.is_active
        and user.has_right(Right.GLASS_BREAK)
        and user.has_right(Right.CASE_SEARCH)
        and is_of_the_house(user, case)
        and not is_gone(case)
        and not _excluded(case).filter(user=user).exists()
        and case.pk not in access_to(user, [case.pk])
    )


def _excluded(case: Case):  # type: ignore[no-untyped-def]
    return Exclusion.objects.at(timezone.now()).filter(case=case)


# --- Telling --------------------------------------------------------------------------
def _to_be_told(case: Case, by: User) -> list[User]:
    """The officer of the case, a supervisor of another line, and whoever oversees broken glass.

    Nobody who is excluded from the case, and not whoever breaks it.
    """
    told = {case.owner, _of_another_line(case, by), *holders_of(Right.GLASS_OVERSEE)}
    told |= set(holders_of(Right.LOG_READ)) if None in told else set()
    away = {by.pk, *_excluded(case).values_list("user", flat=True)}
    return [one for one in told if one is not None and one.is_active and one.pk not in away]


def _of_another_line(case: Case, by: User) -> User | None:
    """A supervisor of the organisation who answers neither for the case nor for whoever breaks it.

    Which one, nobody can foresee. None when there is no other office with a supervisor.
    """
    away = {case.office_id, by.office_id}
    excluded = set(_excluded(case).values_list("user", flat=True))
    others = [
        one
        for one in holders_of(Right.CASE_ASSIGN)
        if is_of_the_house(one, case) and one.office_id not in away and one.pk not in excluded
    ]
    return choice(others) if others else None


def notices_for(user: User) -> list[GlassNotice]:
    """What this person was told and has not noted yet, the newest first."""
    unseen = GlassNotice.objects.filter(to=user, seen_at=None)
    return list(unseen.select_related("glass__case", "glass__grant__user").order_by("-pk"))


def note_seen(notice: GlassNotice, *, by: User) -> GlassNotice:
    """Note that somebody saw what they were told. Raises NotAllowed for anybody else's."""
    if notice.to_id != by.pk:
        raise NotAllowed(_("This was told to somebody else."))
    with transaction.atomic():
        current = GlassNotice.objects.select_for_update().get(pk=notice.pk)
        if current.seen_at is None:
            current.seen_at = timezone.now()
            trail.save(current, verb=Verb.GLASS_SEEN, by=by)
    return current


# --- Ending ---------------------------------------------------------------------------
def end_glass(glass: BrokenGlass, *, by: User) -> BrokenGlass:
    """End it before its time. Raises NotAllowed for anybody else's, WrongState when it is over."""
    with transaction.atomic():
        current = BrokenGlass.objects.select_for_update().get(pk=glass.pk)
        grant = CaseUserGrant.objects.select_for_update().get(pk=current.grant_id)
        now = timezone.now()
        if grant.user_id != by.pk:
            raise NotAllowed(_("Only whoever took emergency access can end it before its time."))
        if current.ended_at is not None or grant.ends <= now:
            raise WrongState(_("This is over already."))
        grant.revoked_at, grant.revoked_by = now, by
        trail.save(grant, verb=Verb.GRANT_REVOKED, by=by, reason=GrantReason.BREAK_GLASS)
        current.ended_at = now
        trail.save(current, verb=Verb.GLASS_ENDED, by=by)
        SearchChange.objects.create(case=current.case_id)
    return current


def end_glass_with_grant(grant: CaseUserGrant | CaseTeamGrant, by: User, _reason: str) -> None:
    """Broken glass whose grant is taken back is over, in the same transaction."""
    if grant.reason != GrantReason.BREAK_GLASS:
        return
    glass = BrokenGlass.objects.select_for_update().filter(grant=grant.pk, ended_at=None).first()
    if glass is not None:
        glass.ended_at = grant.revoked_at
        trail.save(glass, verb=Verb.GLASS_ENDED, by=by)


def end_run_out() -> None:
    """Write the end of what ran out. Several processes may do so at the same time."""
    over = BrokenGlass.objects.filter(ended_at=None, grant__ends__lte=timezone.now())
    for pk in over.values_list("pk", flat=True):
        with transaction.atomic():
            current = BrokenGlass.objects.select_for_update().get(pk=pk)
            if current.ended_at is None:
                current.ended_at = current.grant.ends
                trail.save(current, verb=Verb.GLASS_ENDED, by=None)
