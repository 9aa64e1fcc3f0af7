"""People who are referred to us: who sees what was told of them, before and after a case comes of it.

This stands beside the rule of cases/access.py, for there is no case to hold a grant on. Those of an
office who take people in see what waits for it or was not taken; what was accepted, only if they see the
case it became. Whoever sent it sees what they wrote and the answer, and nothing of that case.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cases.access import access_to, may_hold_cases, visible_cases
from cases.models import IncomingReferral, IncomingStatus
from core.rights import Right

KEPT_FOR = timedelta(days=90)  # after the answer
ANSWERED_WITHIN = timedelta(days=3)  # unless the sender says otherwise
CLASSES = frozenset(cls for cls, _schema in IncomingReferral.SECTIONS.values())
NO_SUCH = _("There is no such referral, or it is not for you.")


def referred_to(user: User) -> QuerySet[IncomingReferral]:
    """Those that this person's office was asked for: officers who register people, and supervisors."""
    if not may_hold_cases(user) or user.is_partner:
        return IncomingReferral.objects.none()
    takes_in = Q(pk__in=[])
    if user.has_right(Right.CASE_REGISTER) and user.office_id:
        takes_in |= Q(office=user.office_id)
    if user.has_right(Right.CASE_ASSIGN):
        takes_in |= Q(office__supervisors__in=user.groups)
    is_seen = ~Q(status=IncomingStatus.ACCEPTED) | Q(became__in=visible_cases(user))
    return IncomingReferral.objects.filter(takes_in & is_seen)


def sent_by(user: User) -> QuerySet[IncomingReferral]:
    """Those that this person sent, or others of the organisation at whose desk the person is."""
    if not user.is_active or not user.has_right(Right.PERSON_REFER) or user.partner is None:
        return IncomingReferral.objects.none()
    sent = IncomingReferral.objects.filter(is_sent=True, organisation=user.partner)
    return sent.filter(Q(recorded_by=user) | Q(organisation__desk__group__in=user.groups))


def classes_in(rows: Sequence[IncomingReferral], user: User) -> dict[UUID, set[str]]:
    """Row → what this person may open in it. One that is not for them is not in the answer."""
    ids = [row.pk for row in rows]
    to_us = dict(referred_to(user).filter(pk__in=ids).values_list("pk", "became"))
    of_cases = access_to(user, {case for case in to_us.values() if case})
    found = {
        pk: set(CLASSES & (user.classes if case is None else of_cases[case].read))
        for pk, case in to_us.items()
        if case is None or case in of_cases
    }
    sent = sent_by(user).filter(pk__in=ids).values_list("pk", flat=True)
    return found | {pk: set(CLASSES) for pk in sent}


def is_overdue(row: IncomingReferral) -> bool:
    """Should there be an answer by now?"""
    return row.status == IncomingStatus.RECEIVED and row.answer_due < timezone.localdate()
