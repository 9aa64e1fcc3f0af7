"""Sharing a case: who gets which classes, until when, and taking it back."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.access import READ, WRITE, access_to, permission
from cases.models import (
    FIRST_REASONS,
    Case,
    CaseTeamGrant,
    CaseUserGrant,
    GrantReason,
    SearchChange,
)
from core.exceptions import BadInput, NotAllowed, WrongState
from core.rights import Right

LONGEST = timedelta(days=366)


def give_grant(
    case: Case,
    *,
    to: User,
    classes: Iterable[str],
    may_write: bool,
    ends: datetime,
    reason: str,
    note: str = "",
    by: User,
) -> CaseUserGrant:
    """Let `to` read (and write) classes of a case until `ends`.

    Raises NotAllowed when `by` may not share these classes, BadInput when `to` could not open them
    or the end does not fit.
    """
    classes = set(classes)
    check_can_grant(by, case, classes, may_write=may_write)
    now = timezone.now()
    if not now < ends <= now + LONGEST:
        raise BadInput(_("Choose an end between tomorrow and one year from now."))
    if reason in FIRST_REASONS or reason not in GrantReason:
        raise BadInput(_("Choose a reason from the list."))
    if to.pk == by.pk or not to.has_right(Right.CASE_READ) or not to.is_active:
        raise BadInput(_("This person's role does not include reading cases."))
    if not classes or classes - to.classes:
        raise BadInput(_("This person's role does not include every class you chose."))
    grant = CaseUserGrant(
        content_object=case,
        user=to,
        permission=permission(WRITE if may_write else READ),
        classes=sorted(classes),
        reason=GrantReason(reason),
        granted_by=by,
        starts=now,
        ends=ends,
    )
    details = {"note": note, "to": str(to.pk)}
    with transaction.atomic():
        trail.save(grant, verb=Verb.GRANT_GIVEN, by=by, reason=reason, details=details)
        SearchChange.objects.create(case=case.pk)
    return grant


def revoke_grant(grant: CaseUserGrant | CaseTeamGrant, *, by: User) -> None:
    """Take a grant back; it counts no more from now on."""
    check_can_grant(by, grant.content_object, ())
    if grant.revoked_at is not None:
        raise WrongState(_("This access was already taken back."))
    if grant.reason in FIRST_REASONS:
        raise WrongState(_("The officer of a case and the supervisors keep their access."))
    grant.revoked_at, grant.revoked_by = timezone.now(), by
    with transaction.atomic():
        trail.save(grant, verb=Verb.GRANT_REVOKED, by=by)
        SearchChange.objects.create(case=grant.content_object_id)


def check_can_grant(
    by: User, case: Case, classes: Iterable[str], *, may_write: bool = False
) -> None:
    """Only the officer of the case shares it, and nobody gives more than they hold."""
    own = access_to(by, [case.pk]).get(case.pk)
    if not by.has_right(Right.GRANT_GIVE) or own is None or case.owner_id != by.pk:
        raise NotAllowed(_("Only the officer of a case can share it."))
    if set(classes) - own.read:
        raise NotAllowed(_("You can share only what you may read yourself."))
    if may_write and set(classes) - own.write:
        raise NotAllowed(_("You can let others write only where you may write yourself."))


def can_grant(by: User, case: Case) -> bool:
    """`check_can_grant` as a yes or no, for showing the button."""
    try:
        check_can_grant(by, case, ())
    except NotAllowed:
        return False
    return True
