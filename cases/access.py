"""Who may see what in which case. One rule, compiled to the list and to the single case.

A person sees a case when the account is active, a role includes reading cases, and a grant to the
person or to one of the person's teams is live: begun, not ended, not revoked. Of a case they see the
classes that a live grant names and their roles admit; they may write the classes of live grants that
carry `write_case`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from cases.models import Case, CaseTeamGrant, CaseUserGrant
from core.rights import Right

WRITE = "write_case"
READ = "read_case"


@dataclass(slots=True)
class Access:
    """What one person may open in one case."""

    read: set[str] = field(default_factory=set)
    write: set[str] = field(default_factory=set)


def live(at: datetime) -> Q:
    """A grant counts from its start to just before its end, unless revoked."""
    return Q(starts__lte=at, ends__gt=at, revoked_at=None)


def may_hold_cases(user: Any) -> bool:
    """Grants mean nothing to an inactive account or a role that reads no cases."""
    return user.is_authenticated and user.is_active and user.has_right(Right.CASE_READ)


def _grants(user: User, at: datetime) -> list[QuerySet[Any]]:
    """Live grants of each principal: the person, and each team, one query each."""
    if not may_hold_cases(user):
        return []
    teams = user.groups.values_list("pk", flat=True)
    return [
        CaseUserGrant.objects.filter(live(at), user=user),
        *(CaseTeamGrant.objects.filter(live(at), group=team) for team in teams),
    ]


def visible_cases(user: User, *, at: datetime | None = None) -> QuerySet[Case]:
    """Every case the person sees, as a filter."""
    rule = Q(pk__in=[])
    for grants in _grants(user, at or timezone.now()):
        rule |= Q(pk__in=grants.values("content_object"))
    return Case.objects.filter(rule)


def access_to(
    user: User, cases: Iterable[UUID], *, at: datetime | None = None
) -> dict[UUID, Access]:
    """What the person may open in each of these cases. A case not seen at all is not in the answer."""
    found: dict[UUID, Access] = defaultdict(Access)
    cases = list(cases)
    for grants in _grants(user, at or timezone.now()):
        rows = grants.filter(content_object__in=cases)
        for case, classes, permission in rows.values_list(
            "content_object", "classes", "permission__codename"
        ):
            granted = user.classes.intersection(classes)
            found[case].read |= granted
            if permission == WRITE:
                found[case].write |= granted
    return dict(found)


def newest_cases(
    user: User, *, before: UUID | None, limit: int, filters: dict[str, Any]
) -> list[UUID]:
    """Ids of the next `limit` cases the person sees, newest first, after the case `before`.

    Erased cases are there for those who decide on erasure alone.
    Each principal's grants are stored in this order already, so the work grows with the page and not
    with the number of cases.
    """
    at = timezone.now()
    principals = _grants(user, at)
    if principals and not user.has_right(Right.ERASURE_DECIDE):
        filters = filters | {"erased_on": None}
    streams = []
    for grants in principals:
        if before:
            grants = grants.filter(content_object__lt=before)
        grants = grants.filter(**{f"content_object__{name}": v for name, v in filters.items()})
        ids = grants.order_by("-content_object").values_list("content_object", flat=True)
        streams.append(ids.distinct()[:limit])
    return list(islice(_distinct(merge(*streams, reverse=True)), limit))


def _distinct(ordered: Iterable[UUID]) -> Iterable[UUID]:
    last = None
    for case in ordered:
        if case != last:
            yield case
        last = case


def principals_of(user: User) -> list[str]:
    """Tokens of the person and the person's teams, as the name index stores them."""
    if not may_hold_cases(user):
        return []
    return [f"u:{user.pk}", *(f"g:{pk}" for pk in user.groups.values_list("pk", flat=True))]


def permission(codename: str) -> Permission:
    """The guardian permission a grant carries: READ or WRITE."""
    return Permission.objects.get(content_type__app_label="cases", codename=codename)
