"""The list of cases somebody sees, those that changed last first.

Each person and team has the rows of its list in this order already (cases/reach.py). A page takes the
first rows of each and merges them, so the work grows with the page and not with the number of cases.
"""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.models import User
from cases.access import may_hold_cases
from cases.models import CaseStatus
from cases.reach import as_uuid, of_time, of_uuid
from core.ids import time_of
from core.rights import Right

# The person, and each team they are in now.
MINE = (
    "SELECT %(me)s UNION ALL SELECT team_id FROM accounts_teammembership"
    " WHERE user_id = %(me)s AND ended_at IS NULL"
)
NOT_EXCLUDED = (
    "r.case_id NOT IN (SELECT case_id FROM cases_exclusion"
    " WHERE user_id = %(me)s AND since <= %(now)s AND (until IS NULL OR until > %(now)s))"
)
# A case has one last change, so DISTINCT takes each case once. SQLite goes from principal to principal
# and leaves each when it comes to rows that are behind the page; PostgreSQL has to be told to.
PAGE = {
    "sqlite": (
        "SELECT DISTINCT r.case_id, r.event FROM cases_reach r"
        " WHERE r.principal IN ({mine}) AND {rule} ORDER BY r.event DESC LIMIT %(limit)s"
    ),
    "postgresql": (
        "SELECT DISTINCT m.case_id, m.event FROM ({mine}) AS mine (principal) CROSS JOIN LATERAL"
        " (SELECT DISTINCT ON (r.event) r.case_id, r.event FROM cases_reach r"
        " WHERE r.principal = mine.principal AND {rule} ORDER BY r.event DESC LIMIT %(limit)s) m"
        " ORDER BY m.event DESC LIMIT %(limit)s"
    ),
}
# Counted as the page is read: to stop at a number, PostgreSQL has to meet the rows in order.
COUNT = {vendor: f"SELECT COUNT(*) FROM ({page}) counted" for vendor, page in PAGE.items()}


class Wanted(NamedTuple):
    """What a list is narrowed to."""

    status: str = ""  # of CaseStatus; empty: any
    is_own: bool = False  # cases whose officer the person is, by a grant of their own


ALL = Wanted()


class Listed(NamedTuple):
    """A case in a list, and its last change: the place where the list can be gone on with."""

    case: UUID
    event: UUID

    @property
    def changed_at(self) -> datetime:
        return time_of(self.event)


def latest_cases(
    user: User, *, limit: int, before: UUID | None = None, wanted: Wanted = ALL
) -> list[Listed]:
    """The next `limit` cases the person sees, last changed first, behind the change `before`.

    Erased cases are there for those who decide on erasure alone.
    """
    if not may_hold_cases(user):
        return []
    behind = ["r.event < %(before)s"] if before else []
    values = {"limit": limit, "before": before and of_uuid(before)}
    rows = _ask(PAGE[connection.vendor], user, wanted, behind, values)
    return [Listed(as_uuid(case), as_uuid(event)) for case, event in rows]


def count_cases(user: User, *, most: int, wanted: Wanted = ALL) -> int:
    """How many cases the whole list holds; counting ends at `most`."""
    if not may_hold_cases(user):
        return 0
    return int(_ask(COUNT[connection.vendor], user, wanted, [], {"limit": most})[0][0])


def _ask(
    query: str, user: User, wanted: Wanted, rule: list[str], values: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Rows `r` by which the person sees a case now that is among those wanted: the rule of `access`."""
    values |= {"me": of_uuid(user.pk), "now": of_time(timezone.now()), "status": wanted.status}
    rule = ["r.starts <= %(now)s", "r.ends > %(now)s", NOT_EXCLUDED, *rule]
    if user.is_partner:
        rule.append("r.organisation_id IS NULL")
    else:
        values["organisation"] = user.organisation_id and of_uuid(user.organisation_id)
        rule.append("(r.organisation_id IS NULL OR r.organisation_id = %(organisation)s)")
    if not user.has_right(Right.ERASURE_DECIDE):
        rule.append(f"NOT (r.status = '{CaseStatus.ERASED}')")
    if wanted.status:
        rule.append("r.status = %(status)s")
    if wanted.status and wanted.status != CaseStatus.ACTIVE:  # in the words of the index of these
        rule.append(f"NOT (r.status = '{CaseStatus.ACTIVE}')")
    mine = MINE
    if wanted.is_own:
        mine = "SELECT %(me)s"
        rule.append("r.is_own")
    with connection.cursor() as cursor:
        cursor.execute(query.format(mine=mine, rule=" AND ".join(rule)), values)
        return cursor.fetchall()
