"""The list of cases somebody sees: those that changed last first, or those registered last.

Each person and team has the rows of its list in this order already (cases/reach.py). A page takes the
first rows of each and merges them, so the work grows with the page and not with the number of cases.
What is asked of the case itself is looked up in an index of all cases that holds nothing else.
"""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cases.access import may_hold_cases
from cases.models import CaseStatus, Stage
from cases.reach import LAST, as_uuid, of_time, of_uuid
from cases.stages import taken_to_stand_in
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
# What is asked of the case itself; an index holds all of it (Case.Meta). SQLite makes the set once,
# which takes less than looking up each case on the way when few fit; PostgreSQL chooses.
ON_CASE = "r.case_id IN (SELECT c.id FROM cases_case c WHERE {rule})"
# A case has one last change, so DISTINCT takes each case once. SQLite goes from principal to principal
# and leaves each when it comes to rows that are behind the page; PostgreSQL has to be told to.
PAGE = {
    "sqlite": (
        "SELECT DISTINCT r.case_id, r.event FROM cases_reach r"
        " WHERE r.principal IN ({mine}) AND {rule} ORDER BY r.{key} DESC LIMIT %(limit)s"
    ),
    "postgresql": (
        "SELECT DISTINCT m.case_id, m.event FROM ({mine}) AS mine (principal) CROSS JOIN LATERAL"
        " (SELECT DISTINCT ON (r.{key}) r.case_id, r.event FROM cases_reach r"
        " WHERE r.principal = mine.principal AND {rule} ORDER BY r.{key} DESC LIMIT %(limit)s) m"
        " ORDER BY m.{key} DESC LIMIT %(limit)s"
    ),
}
# Counted as the page is read: to stop at a number, PostgreSQL has to meet the rows in order.
COUNT = {vendor: f"SELECT COUNT(*) FROM ({page}) counted" for vendor, page in PAGE.items()}


class Sort(TextChoices):
    """The orders a list can have: what is sealed sorts nothing."""

    CHANGED = "changed", _("Last changed first")
    REGISTERED = "registered", _("Registered last first")

    @property
    def key(self) -> str:
        """The column that sorts, a UUID of version 7, and so by time."""
        return "event" if self is Sort.CHANGED else "case_id"


class Wanted(NamedTuple):
    """What a list is narrowed to. Empty: whatever it is."""

    status: str = ""  # of CaseStatus
    is_own: bool = False  # cases whose officer the person is, by a grant of their own
    stage: str = ""  # of Stage
    office: UUID | None = None
    officer: UUID | None = None
    opened_from: date | None = None
    opened_until: date | None = None  # that day, too

    def of_case(self) -> list[str]:
        """What is asked of the row `c` of the case."""
        rules = []
        if self.stage:
            before = ", ".join(f"'{status}'" for status in taken_to_stand_in(Stage(self.stage)))
            taken = f" OR COALESCE(c.stage, '') = '' AND c.status IN ({before})" if before else ""
            rules.append(f"(c.stage = %(stage)s{taken})")
        if self.office:
            rules.append("c.office_id = %(office)s")
        if self.officer:
            rules.append("c.owner_id = %(officer)s")
        if self.opened_from:
            rules.append("c.opened_on >= %(opened_from)s")
        if self.opened_until:
            rules.append("c.opened_on <= %(opened_until)s")
        return rules

    def values(self) -> dict[str, Any]:
        """What the rules name, as the database takes it."""
        return {
            "status": self.status,
            "stage": self.stage,
            "office": self.office and of_uuid(self.office),
            "officer": self.officer and of_uuid(self.officer),
            "opened_from": self.opened_from and self.opened_from.isoformat(),
            "opened_until": self.opened_until and self.opened_until.isoformat(),
        }


ALL = Wanted()


class Listed(NamedTuple):
    """A case in a list, and its last change."""

    case: UUID
    event: UUID

    def place(self, sort: Sort) -> UUID:
        """Where a list in this order can be gone on with."""
        return self.event if sort is Sort.CHANGED else self.case

    @property
    def changed_at(self) -> datetime:
        return time_of(self.event)


def latest_cases(
    user: User,
    *,
    limit: int,
    before: UUID | None = None,
    wanted: Wanted = ALL,
    sort: Sort = Sort.CHANGED,
) -> list[Listed]:
    """The next `limit` cases the person sees, in this order, behind the place `before`.

    Erased cases are there for those who decide on erasure alone.
    """
    if not may_hold_cases(user):
        return []
    # Without any, behind the last there can be: or SQLite takes the rows out of another order's index.
    behind = [f"r.{sort.key} < %(before)s"]
    values = {"limit": limit, "before": of_uuid(before or LAST)}
    rows = _ask(PAGE[connection.vendor], user, wanted, behind, values, sort)
    return [Listed(as_uuid(case), as_uuid(event)) for case, event in rows]


def count_cases(user: User, *, most: int, wanted: Wanted = ALL) -> int:
    """How many cases the whole list holds; counting ends at `most`."""
    if not may_hold_cases(user):
        return 0
    return int(_ask(COUNT[connection.vendor], user, wanted, [], {"limit": most})[0][0])


def _ask(
    query: str,
    user: User,
    wanted: Wanted,
    rule: list[str],
    values: dict[str, Any],
    sort: Sort = Sort.CHANGED,
) -> list[tuple[Any, ...]]:
    """Rows `r` by which the person sees a case now that is among those wanted: the rule of `access`."""
    values |= wanted.values() | {"me": of_uuid(user.pk), "now": of_time(timezone.now())}
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
    if of_case := wanted.of_case():
        rule.append(ON_CASE.format(rule=" AND ".join(of_case)))
    mine = MINE
    if wanted.is_own:
        mine = "SELECT %(me)s"
        rule.append("r.is_own")
    with connection.cursor() as cursor:
        cursor.execute(query.format(mine=mine, rule=" AND ".join(rule), key=sort.key), values)
        return cursor.fetchall()
