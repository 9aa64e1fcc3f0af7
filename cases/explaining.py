"""Who can see a case, and of what grants that follows: now, or as it was at a past moment.

Every grant is held against the rule that opens cases, `cases.access.opened`, and what it says is kept
with the grant. Past moments are answered from history: grants, accounts, roles and teams as they stood.
What a role includes is what it includes in this version of Tutela. cases/explained.py puts it in words.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

from django.utils import timezone

from accounts.models import Office, RoleHolding, Team, TeamMembership, User
from accounts.selectors import account_at, roles_at, teams_at
from cases.access import WRITE, Access, Held, State, opened, permission
from cases.models import Case, CaseTeamGrant, CaseUserGrant, Exclusion
from core.sorting import by_words

Grant = CaseUserGrant | CaseTeamGrant


@dataclass(frozen=True, slots=True)
class Judged:
    """A grant that concerns somebody, and what it comes to for them."""

    grant: Grant
    state: State
    opened: Access | None
    team: Team | None = None  # the one it was given to


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one person can open of a case at one moment, and why."""

    person: User  # the account and its roles as they stood
    judged: list[Judged]
    exclusion: Exclusion | None = None  # what keeps them out, whatever they hold

    @property
    def access(self) -> Access | None:
        """What the person can open; None when they do not see the case at all."""
        parts = [one.opened for one in self.judged if one.opened is not None]
        if not parts:
            return None
        found = Access()
        for part in parts:
            found.add(part)
        return found

    def says(self) -> tuple[Any, ...]:
        """Equal for two moments at which the answer is the same."""
        grants = tuple((one.grant.pk, one.state, one.grant.ends) for one in self.judged)
        access = self.access
        opens = None if access is None else (frozenset(access.read), frozenset(access.write))
        roles = tuple(role.code for role in self.person.roles)
        kept_out = self.exclusion and self.exclusion.pk
        return self.person.is_active, self.person.office_id, roles, kept_out, grants, opens


class Spell(NamedTuple):
    """A time in which one explanation holds: from `begin` to just before `end`."""

    begin: datetime
    end: datetime
    explanation: Explanation


def explain(case: Case, person: User, *, at: datetime | None = None) -> Explanation:
    """Why somebody can see a case or cannot: now, or at the past moment `at`."""
    return _Moment(case, at).explain(person)


def explain_all(case: Case, *, at: datetime | None = None) -> list[Explanation]:
    """The same for everybody who sees the case or is excluded from it, by name."""
    moment = _Moment(case, at)
    found = [moment.explain(person) for person in moment.holders()]
    return [one for one in found if one.access is not None or one.exclusion is not None]


def explain_day(case: Case, day: date, *, person: User | None = None) -> list[list[Spell]]:
    """What held in the course of a day that has begun, for each person who saw the case or was excluded
    from it then, by name.

    With `person`, for this one alone, whatever held for them.
    """
    begin = timezone.make_aware(datetime.combine(day, time.min))
    end = min(
        timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min)), timezone.now()
    )
    spells: dict[UUID, list[Spell]] = {}
    for start, stop in pairwise([begin, *_changes(case, begin, end, person), end]):
        moment = _Moment(case, start)
        for somebody in [person] if person else moment.holders():
            _go_on(spells.setdefault(somebody.pk, []), start, stop, moment.explain(somebody))
    seen = [
        some
        for some in spells.values()
        if person or any(e.access is not None or e.exclusion for _begin, _end, e in some)
    ]
    return sorted(seen, key=lambda some: by_words(some[0].explanation.person))


def _go_on(spells: list[Spell], begin: datetime, end: datetime, explanation: Explanation) -> None:
    """Add a time to those before it, or prolong the last when nothing is different."""
    last = spells[-1] if spells else None
    if last and last.end == begin and last.explanation.says() == explanation.says():
        spells[-1] = Spell(last.begin, end, explanation)
    else:
        spells.append(Spell(begin, end, explanation))


class _Moment:
    """The grants of a case as they stand, or stood at a past moment."""

    def __init__(self, case: Case, at: datetime | None) -> None:
        self._case = case
        self._past = at
        self._at = at or timezone.now()
        self._grants = list(_grants_now(case) if at is None else _grants_at(case, at))
        self._organisation = _office_at(case, at).organisation_id
        self._write = permission(WRITE).pk
        groups = {grant.group_id for grant in self._grants if isinstance(grant, CaseTeamGrant)}
        teams = Team.objects.filter(group__in=groups).select_related("group__office")
        self._teams = {team.group_id: team for team in teams}
        # An exclusion is never changed but to end it, so its row tells of the past, too.
        self._excluded = {one.user_id: one for one in case.exclusions.at(self._at)}

    def holders(self) -> list[User]:
        """Everybody with a grant on the case, in a team with one, or excluded from it."""
        members = TeamMembership.objects.filter(team__in=self._teams.values())
        members = members.now() if self._past is None else members.at(self._past)
        people = {grant.user_id for grant in self._grants if isinstance(grant, CaseUserGrant)}
        people |= set(members.values_list("user", flat=True)) | self._excluded.keys()
        return sorted(User.objects.filter(pk__in=people), key=by_words)

    def explain(self, person: User) -> Explanation:
        if self._past is None:
            groups = set(person.groups.values_list("pk", flat=True))
        else:
            groups = {team.group_id for team in teams_at(person, self._past)}
            person = _as_of(person, self._past)
        concerned = [
            grant
            for grant in self._grants
            if (isinstance(grant, CaseUserGrant) and grant.user_id == person.pk)
            or (isinstance(grant, CaseTeamGrant) and grant.group_id in groups)
        ]
        judged = [self._judge(person, grant) for grant in concerned]
        return Explanation(person, judged, self._excluded.get(person.pk))

    def _judge(self, person: User, grant: Grant) -> Judged:
        held = Held(
            self._case.pk,
            self._organisation,
            person.pk in self._excluded,
            grant.classes,
            grant.reason,
            grant.permission_id == self._write,
            grant.starts,
            grant.ends,
            grant.revoked_at,
        )
        team = self._teams[grant.group_id] if isinstance(grant, CaseTeamGrant) else None
        return Judged(grant, held.state(self._at), opened(person, held, self._at), team)


def _as_of(person: User, at: datetime) -> User:
    """A copy of the account with what the rule asks of it as it stood."""
    then, account = copy(person), account_at(person, at)
    then.is_active = account is not None and account.is_active
    then.office_id = account.office_id if account else None
    then.roles = roles_at(person, at) if then.is_active else []
    return then


def _office_at(case: Case, at: datetime | None) -> Office:
    """The office the case is of, or was of then: a case may be transferred."""
    if at is None:
        return case.office
    versions = Case.history.filter(id=case.pk, history_date__lte=at).order_by("revision")
    then = versions.select_related("office").last()
    return then.office if then else case.office


def _grants_now(case: Case) -> Iterator[Grant]:
    for model in (CaseUserGrant, CaseTeamGrant):
        yield from model.objects.filter(content_object=case).order_by("starts", "pk")


def _grants_at(case: Case, at: datetime) -> Iterator[Grant]:
    """The version of each grant that was the newest one then."""
    for model in (CaseUserGrant, CaseTeamGrant):
        versions = model.history.filter(content_object=case.pk, history_date__lte=at)
        newest = {version.id: version for version in versions.order_by("starts", "id", "revision")}
        yield from (version.instance for version in newest.values())


def _changes(case: Case, begin: datetime, end: datetime, person: User | None) -> list[datetime]:
    """The moments of a span, without its ends, at which an answer may have become another."""
    moments: set[datetime | None] = set()
    groups: set[int] = set()
    people = {person.pk} if person else set()
    for model in (CaseUserGrant, CaseTeamGrant):
        for version in model.history.filter(content_object=case.pk, history_date__lt=end):
            moments |= {version.history_date, version.starts, version.ends}
            if model is CaseTeamGrant:
                groups.add(version.group_id)
            elif not person:
                people.add(version.user_id)
    exclusions = case.exclusions.filter(user=person) if person else case.exclusions.all()
    for exclusion in exclusions:
        moments |= {exclusion.since, exclusion.until}
        people.add(exclusion.user_id)
    memberships = TeamMembership.objects.filter(team__group__in=groups)
    if person:
        memberships = memberships.filter(user=person)
    people |= set(memberships.values_list("user", flat=True))
    for tenures in (memberships, RoleHolding.objects.filter(user__in=people)):
        for times in tenures.values_list("begun_at", "ended_at"):
            moments |= set(times)
    accounts = User.history.filter(id__in=people, history_date__range=(begin, end))
    moments |= set(accounts.values_list("history_date", flat=True))
    return sorted(moment for moment in moments if moment and begin < moment < end)
