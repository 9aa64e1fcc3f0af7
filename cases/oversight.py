"""What the log alone cannot tell about who opened which case: on what ground, whether it is a decoy."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from accounts.roles import PARTNER
from audit.habits import Ground, Opening
from audit.models import Event
from audit.rules import Finding
from audit.selectors import cases_named
from audit.verbs import READS, Verb
from cases.models import CaseTeamGrant, CaseUserGrant, Decoy, Exclusion, GrantReason
from core.rights import Right

# Reading that nobody chooses: a case is in a list or among the hits because it is there.
IN_PASSING = frozenset(
    {Verb.CASE_LISTED, Verb.CASE_SEARCHED, Verb.MATCH_TOLD, Verb.RETENTION_LISTED}
)
CHUNK = 500  # cases whose grants are looked up together

ASSIGNED = Ground("assigned", _("Assigned to the case"), is_assigned=True)
SHARED = Ground("shared", _("The case was shared with them"))
GLASS = Ground("glass", _("Emergency access"))
TEAM = Ground("team", _("Through a team, such as the supervisors"))
NONE = Ground("none", _("No grant that is known any more"))


# --- Grounds --------------------------------------------------------------------------
def grounds_of(person: UUID, openings: Iterable[Opening]) -> "Counter[Ground]":
    """On what ground this person could open each case at that moment; the nearest one counts."""
    openings = list(openings)
    user = get_user_model().objects.filter(pk=person).first()
    teams = list(user.groups.values_list("pk", flat=True)) if user else []
    found: Counter[Ground] = Counter()
    for start in range(0, len(openings), CHUNK):
        few = openings[start : start + CHUNK]
        cases = [case for case, _at in few]
        own = _by_case(CaseUserGrant.objects.filter(user=person, content_object__in=cases))
        of_teams = _by_case(CaseTeamGrant.objects.filter(group__in=teams, content_object__in=cases))
        for case, at in few:
            found[_ground(own[case], of_teams[case], at)] += 1
    return found


def _by_case(rows: Iterable[Any], column: str = "content_object_id") -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, column)].append(row)
    return found


def _ground(own: Sequence[Any], of_teams: Sequence[Any], at: datetime) -> Ground:
    live = [grant for grant in own if _was_live(grant, at)]
    reasons = {grant.reason for grant in live}
    if reasons & {GrantReason.ASSIGNMENT, GrantReason.HAND_OVER}:
        return ASSIGNED
    if reasons - {GrantReason.BREAK_GLASS}:
        return SHARED
    if any(_was_live(grant, at) for grant in of_teams):
        return TEAM
    return GLASS if reasons else NONE


def _was_live(grant: Any, at: datetime) -> bool:
    return grant.starts <= at < grant.ends and (grant.revoked_at is None or at < grant.revoked_at)


# --- Rules for audit.rules.RULES ------------------------------------------------------
def decoys() -> set[UUID]:
    """The cases that are decoys now."""
    return set(Decoy.objects.filter(until=None).values_list("case", flat=True))


def reads_of_decoys(events: Sequence[Event]) -> Iterator[Finding]:
    """Whoever opened a case while it was a decoy, or tried to."""
    wanted = [e for e in events if e.verb == Verb.REFUSED or e.verb in READS - IN_PASSING]
    if not wanted:
        return
    ended_before = Decoy.objects.filter(until__lt=min(event.at for event in wanted))
    marks = _by_case(Decoy.objects.exclude(pk__in=ended_before), "case_id")
    for event in wanted:
        about = [
            case
            for case in cases_named(event.entry)
            if any(
                d.since <= event.at and not (d.until and d.until <= event.at) for d in marks[case]
            )
        ]
        if about:
            yield Finding(event, len(about))


def grants_to_partners(events: Sequence[Event]) -> Iterator[Finding]:
    """Access given to somebody of a partner organisation, or to a team with somebody of one."""
    given = {e.object: e for e in events if e.verb == Verb.GRANT_GIVEN}
    for grant in _to_partners(given):
        yield Finding(given[grant], 1)


def exclusions(events: Sequence[Event]) -> Iterator[Finding]:
    """Somebody was kept out of a case or let in again; where it is a supervisor, for the auditor."""
    verbs = {Verb.PERSON_EXCLUDED, Verb.EXCLUSION_ENDED}
    wanted = [event for event in events if event.verb in verbs]
    people = Exclusion.objects.select_related("user").in_bulk([event.object for event in wanted])
    for event in wanted:
        yield Finding(event, 1, for_auditor=people[event.object].user.has_right(Right.REVIEW))


def _to_partners(grants: Collection[UUID]) -> Iterator[UUID]:
    ids = list(grants)
    for start in range(0, len(ids), CHUNK):
        few = ids[start : start + CHUNK]
        to_people = CaseUserGrant.objects.filter(pk__in=few, user__role_holdings__role=PARTNER)
        yield from to_people.values_list("pk", flat=True).distinct()
        to_teams = CaseTeamGrant.objects.filter(pk__in=few, reason=GrantReason.REFERRAL)
        partners = to_teams.filter(group__team__memberships__user__role_holdings__role=PARTNER)
        yield from partners.values_list("pk", flat=True).distinct()
