"""Who may see what in which case. One rule, compiled to the case here and to lists in cases/lists.py.

`opened` is the rule for one grant; cases/explaining.py tells in words what it says.

A person sees a case when the account is active, a role includes reading cases, and a grant to the
person or to one of the person's teams counts: it has begun, has not ended, was not revoked; the
person is not excluded from the case; and the case is of the person's own organisation, or the grant
is a referral. Of a case they see the classes that such a grant names and their roles admit; they may
write the classes of those that carry `write_case`. A grant from breaking the glass lets one read, and
do nothing else (`may_act`). What a supervisor is told of a case that shall come to their office is no
part of this: they do not see the case (`offered_to`).
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from cases.models import (
    Case,
    CaseTeamGrant,
    CaseUserGrant,
    ErasureRequest,
    ErasureState,
    Exclusion,
    GrantReason,
    Transfer,
    TransferState,
)
from cases.reach import as_time, as_uuid, of_time, of_uuid
from core.rights import Right

WRITE = "write_case"
READ = "read_case"
# Asked several times by every page of a case: Django would take longer to write it than a database to
# answer it.
HELD = " UNION ALL ".join(
    "SELECT g.case_id, o.organisation_id, EXISTS (SELECT 1 FROM cases_exclusion x"
    " WHERE x.case_id = g.case_id AND x.user_id = %s"
    " AND x.since <= %s AND (x.until IS NULL OR x.until > %s)),"
    " g.classes, g.reason, p.codename, g.starts, g.ends, g.revoked_at"
    f" FROM {grants} g JOIN cases_case c ON c.id = g.case_id"
    " JOIN accounts_office o ON o.id = c.office_id JOIN auth_permission p ON p.id = g.permission_id"
    f" WHERE {whose} AND g.case_id IN ({{cases}})"
    for grants, whose in (
        ("cases_caseusergrant", "g.user_id = %s"),
        (
            "cases_caseteamgrant",
            "g.group_id IN (SELECT t.group_id FROM accounts_team t"
            " JOIN accounts_teammembership m ON m.team_id = t.id"
            " WHERE m.user_id = %s AND m.ended_at IS NULL)",
        ),
    )
)


@dataclass(slots=True)
class Access:
    """What one person may open in one case."""

    read: set[str] = field(default_factory=set)
    write: set[str] = field(default_factory=set)
    by_glass: bool = False  # at least some of it because the glass is broken

    def add(self, other: "Access") -> None:
        """What several grants open adds up."""
        self.read |= other.read
        self.write |= other.write
        self.by_glass |= other.by_glass


class State(Enum):
    """Where a grant stands at a moment. Only a live one counts."""

    LIVE = auto()
    TO_COME = auto()
    ENDED = auto()
    TAKEN_BACK = auto()


class Held(NamedTuple):
    """A grant as the rule sees it, whoever holds it."""

    case: UUID
    organisation: UUID  # whose case it is
    is_excluded: bool  # whoever holds it is kept out of the case
    classes: list[str]
    reason: str
    may_write: bool
    starts: datetime
    ends: datetime
    revoked_at: datetime | None

    def state(self, at: datetime) -> State:
        """A grant counts from its start to just before its end, unless revoked."""
        if self.revoked_at is not None:
            return State.TAKEN_BACK
        if at < self.starts:
            return State.TO_COME
        return State.LIVE if at < self.ends else State.ENDED


def live(at: datetime) -> Q:
    """`Held.state` as a filter: the grants that count."""
    return Q(starts__lte=at, ends__gt=at, revoked_at=None)


def opened(user: User, held: Held, at: datetime) -> Access | None:
    """What one grant opens for somebody who holds it; None when it counts for nothing."""
    if not may_hold_cases(user) or held.state(at) is not State.LIVE:
        return None
    if held.is_excluded or not reaches(user, held):
        return None
    classes = user.classes.intersection(held.classes)
    by_glass = held.reason == GrantReason.BREAK_GLASS
    return Access(
        set(classes), set(classes) if held.may_write and not by_glass else set(), by_glass
    )


def reaches(user: User, held: Held) -> bool:
    """Nothing but a referral counts for a partner, or for anybody of another organisation."""
    is_own = user.organisation_id == held.organisation and not user.is_partner
    return is_own or held.reason == GrantReason.REFERRAL


def _reaching(user: User) -> Q:
    """`reaches` as a filter."""
    referred = Q(reason=GrantReason.REFERRAL)
    if user.is_partner:
        return referred
    return referred | Q(content_object__office__organisation=user.organisation_id)


def may_hold_cases(user: Any) -> bool:
    """Grants mean nothing to an inactive account or a role that reads no cases."""
    return user.is_authenticated and user.is_active and user.has_right(Right.CASE_READ)


def _grants(user: User, at: datetime) -> list[QuerySet[Any]]:
    """Grants that count, to the person and to the teams the person is in."""
    if not may_hold_cases(user):
        return []
    rule = live(at) & _reaching(user)
    excluded = Exclusion.objects.at(at).filter(user=user).values("case")
    held = [
        CaseUserGrant.objects.filter(user=user),
        CaseTeamGrant.objects.filter(group__in=user.groups),
    ]
    return [grants.filter(rule).exclude(content_object__in=excluded) for grants in held]


def visible_cases(user: User, *, at: datetime | None = None) -> QuerySet[Case]:
    """Every case the person sees, as a filter. Pages of a list come from cases/lists.py."""
    rule = Q(pk__in=[])
    for grants in _grants(user, at or timezone.now()):
        rule |= Q(pk__in=grants.values("content_object"))
    return Case.objects.filter(rule)


def of_visible(rows: QuerySet[Any], user: User, case: str = "case") -> QuerySet[Any]:
    """Those whose case the person sees: asked of each row, where `visible_cases` would list all."""
    rule = Q(pk__in=[])
    for grants in _grants(user, timezone.now()):
        rule |= Q(Exists(grants.filter(content_object=OuterRef(case))))
    return rows.filter(rule)


def access_to(
    user: User, cases: Iterable[UUID], *, at: datetime | None = None, glass: bool = True
) -> dict[UUID, Access]:
    """What the person may open in each of these cases. A case not seen at all is not in the answer.

    Without `glass`, what was opened by breaking the glass does not count.
    """
    found: dict[UUID, Access] = defaultdict(Access)
    cases, moment = list(cases), at or timezone.now()
    if not cases or not may_hold_cases(user):
        return {}
    for held in _held(user, cases, moment):
        part = opened(user, held, moment)
        if part is not None and (glass or not part.by_glass):
            found[held.case].add(part)
    return dict(found)


def _held(user: User, cases: list[UUID], at: datetime) -> Iterator[Held]:
    """The grants in these cases to the person and to the teams the person is in."""
    me, moment = of_uuid(user.pk), of_time(at)
    # By their places: SQLite looks for each name among all others, and there may be thousands.
    half = [me, moment, moment, me, *map(of_uuid, cases)]
    with connection.cursor() as cursor:
        cursor.execute(HELD.format(cases=", ".join(["%s"] * len(cases))), half * 2)
        rows = cursor.fetchall()
    for case, organisation, is_excluded, classes, reason, codename, *times in rows:
        yield Held(
            *(as_uuid(case), as_uuid(organisation), bool(is_excluded), json.loads(classes)),
            *(reason, codename == WRITE, *map(as_time, times)),
        )


def may_act(user: User, case: UUID, right: Right) -> bool:
    """Does a role include this, and does the person hold the case otherwise than by broken glass?

    Whatever is not reading what the case holds asks this: changing something, taking something out,
    looking at the trail.
    """
    return user.has_right(right) and case in access_to(user, [case], glass=False)


def offered_to(user: User) -> QuerySet[Transfer]:
    """Transfers that wait for this person: they may read what is told with each, and decide.

    Of the case they see nothing by this, and it ends with the decision, or the end of the case.
    """
    if not may_hold_cases(user) or user.is_partner or not user.has_right(Right.CASE_ASSIGN):
        return Transfer.objects.none()
    waiting = Transfer.objects.filter(
        state=TransferState.ASKED, to__supervisors__in=user.groups, case__erased_on=None
    )
    excluded = Exclusion.objects.at(timezone.now()).filter(user=user)
    erasing = ErasureRequest.objects.filter(state=ErasureState.APPROVED)
    return waiting.exclude(case__in=excluded.values("case")).exclude(
        case__in=erasing.values("case")
    )


def principals_of(user: User) -> list[str]:
    """Tokens of the person and the person's teams, as the name index stores them.

    A token names the organisation whose cases it finds, or "" where they were referred.
    """
    if not may_hold_cases(user):
        return []
    holders = [f"u:{user.pk}", *(f"g:{pk}" for pk in user.groups.values_list("pk", flat=True))]
    reach = {"", "" if user.is_partner else str(user.organisation_id)}
    return [f"{holder} {organisation}" for holder in holders for organisation in sorted(reach)]


def kept_out(user: User) -> str:
    """The token of cases that the person is excluded from."""
    return f"x:{user.pk}"


def permission(codename: str) -> Permission:
    """The guardian permission a grant carries: READ or WRITE."""
    return Permission.objects.get(content_type__app_label="cases", codename=codename)
