"""The rule of cases/access.py against an oracle that is written from the rule in words alone.

The rule: an account that is active and has a role which reads cases sees a case through a grant to the
person or to a team the person is in. A grant counts from its first moment to just before its last,
unless it was taken back. It counts only for people of the organisation whose case it is; a partner
officer, and anybody of another organisation, needs a referral. Somebody who is excluded sees nothing,
whatever grants there are. One reads the classes that a grant names and one's roles admit, writes them
where the grant says so, and never through broken glass.

The first test asks the decision itself, without a database; the others make worlds in one, and ask the
list, the object check, the search's tokens and `has_perm` about each person and case.
"""

import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest
import time_machine

from accounts.models import Office, RoleHolding, Team, TeamMembership, User
from accounts.roles import ROLES
from accounts.services import make_office, make_organisation, make_team
from audit import trail
from audit.verbs import Verb
from cases.access import (
    READ,
    WRITE,
    Access,
    Held,
    access_to,
    kept_out,
    opened,
    permission,
    principals_of,
    visible_cases,
)
from cases.lists import latest_cases
from cases.models import Case, CaseStatus, CaseTeamGrant, CaseUserGrant, Exclusion
from cases.search.live import _principals
from core.ids import uuid7
from core.rights import Right
from tests.cases.listing import by_last_change

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MOMENTS = [NOON + timedelta(hours=hours) for hours in (-30, -10, 0, 10, 30)]
# Grants begin and end on moments that are asked about, and just beside them.
EDGES = sorted({*MOMENTS, *(m + d for m in MOMENTS for d in (-MINUTE, MINUTE))})
REASONS = ("assignment", "supervision", "treatment", "referral", "hand_over", "review")


# --- What is asked about: tuples, which name nothing of the code ----------------------
class Somebody(NamedTuple):
    active: bool
    roles: tuple[str, ...]
    house: int | None  # number of the organisation
    teams: tuple[int, ...]


class Given(NamedTuple):
    to_team: bool
    to: int  # number of the person or the team
    case: int
    classes: frozenset[str]
    writes: bool
    reason: str
    starts: datetime
    ends: datetime
    taken_back: bool


class KeptOut(NamedTuple):
    person: int
    case: int
    since: datetime
    until: datetime | None


# --- The oracle -----------------------------------------------------------------------
OPENS = {  # said again here, not imported; None reads no cases
    "case_officer": "identity contact narrative medical psychological legal financial",
    "medical": "medical identity",
    "psychological": "psychological identity",
    "legal": "legal identity",
    "financial": "financial identity",
    "supervisor": "identity narrative financial",
    "partner_officer": "identity contact legal medical psychological",
    "auditor": None,
    "analyst": None,
    "administrator": None,
    "partner_admin": None,
    "data_protection": None,
    "director": None,
    "donor": None,
}
ALL = ["identity", "contact", "narrative", "medical", "psychological", "legal", "financial"]


def expected(who, number, grants, kept, houses, case, at):
    """None when the case is not seen; else (classes to read, classes to write, some through glass)."""
    reading = [role for role in who.roles if OPENS[role] is not None]
    if not who.active or not reading:
        return None
    for out in kept:
        goes_on = out.since <= at and (out.until is None or at < out.until)
        if (out.person, out.case) == (number, case) and goes_on:
            return None
    admitted = {cls for role in reading for cls in OPENS[role].split()}
    outsider = who.house != houses[case] or "partner_officer" in who.roles
    seen, read, write, glass = False, set(), set(), False
    for grant in grants:
        mine = grant.to in who.teams if grant.to_team else grant.to == number
        if not mine or grant.case != case or grant.taken_back:
            continue
        if at < grant.starts or at >= grant.ends:
            continue
        if outsider and grant.reason != "referral":
            continue
        seen = True
        read |= grant.classes & admitted
        if grant.reason == "break_glass":
            glass = True
        elif grant.writes:
            write |= grant.classes & admitted
    return (read, write, glass) if seen else None


def told(access):
    return None if access is None else (access.read, access.write, access.by_glass)


# --- The decision alone ---------------------------------------------------------------
def some_person(chance, teams=3):
    codes = chance.sample(list(OPENS), chance.choice((0, 1, 1, 2, 2, 3)))
    some_teams = tuple(chance.sample(range(teams), chance.choice((0, 0, 1, 2))))
    return Somebody(chance.random() < 0.9, tuple(codes), chance.choice((0, 0, 1, None)), some_teams)


def some_grant(chance, people, cases, teams=3):
    starts, ends = sorted(chance.sample(EDGES, 2))
    to_team = chance.random() < 0.4
    glass = not to_team and chance.random() < 0.15
    return Given(
        to_team,
        chance.randrange(teams if to_team else people),
        chance.randrange(cases),
        frozenset(chance.sample(ALL, chance.randint(1, 4))),
        chance.random() < 0.5,
        "break_glass" if glass else chance.choice(REASONS),
        starts,
        ends,
        chance.random() < 0.1,
    )


def some_exclusion(chance, people, cases):
    since, until = sorted(chance.sample(EDGES, 2))
    return KeptOut(
        chance.randrange(people), chance.randrange(cases), since, chance.choice((until, None))
    )


def a_user(who, houses):
    """What the decision asks of an account, without a row for it."""
    roles = [ROLES[code] for code in who.roles] if who.active else []
    return SimpleNamespace(
        is_authenticated=True,
        is_active=who.active,
        roles=roles,
        classes=frozenset().union(*(role.classes for role in roles)),
        is_partner=any(role.code == "partner_officer" for role in roles),
        organisation_id=None if who.house is None else houses[who.house],
        has_right=lambda right: any(right in role.rights for role in roles),
    )


def decide(user, held, at):
    """What these grants come to, by the code."""
    found = None
    for one in held:
        if (part := opened(user, one, at)) is not None:
            found = found or Access()
            found.add(part)
    return found


def test_a_hundred_thousand_decisions_are_those_of_the_oracle():
    chance, houses, answers = random.Random(20265), (uuid4(), uuid4()), []
    for _ in range(25_000):
        who, house = some_person(chance), chance.choice((0, 0, 1))
        grants = [some_grant(chance, 1, 1) for _ in range(chance.randint(0, 9))]
        kept = [some_exclusion(chance, 1, 1) for _ in range(chance.choice((0, 0, 0, 1)))]
        user = a_user(who, houses)
        mine = [g for g in grants if not g.to_team or g.to in who.teams]
        for at in chance.sample(EDGES, 4):
            out = any(k.since <= at and (k.until is None or at < k.until) for k in kept)
            held = [
                Held(
                    *(uuid4(), houses[house], out, sorted(g.classes), g.reason, g.writes),
                    *(g.starts, g.ends, g.starts if g.taken_back else None),
                )
                for g in mine
            ]
            right = expected(who, 0, grants, kept, [house], 0, at)
            assert told(decide(user, held, at)) == right, (who, grants, kept, house, at)
            answers.append(right)
    assert len(answers) == 100_000
    # Neither answer is rare, nor are the parts of the rule.
    assert 10_000 < sum(one is not None for one in answers) < 90_000
    assert sum(one is not None and one[2] for one in answers) > 1_000


# --- Worlds in a database -------------------------------------------------------------
WORLDS, PEOPLE, CASES, GRANTS = 300, 5, 4, 24


class World(NamedTuple):
    people: list[Somebody]
    houses: list[int]  # of each case
    grants: list[Given]
    kept: list[KeptOut]
    users: list[User]
    cases: list[Case]


@pytest.fixture
def offices(office: Office) -> list[Office]:
    """One of our own, one of a partner organisation."""
    other = make_organisation(name="Linden House", kind="NGO", by=None)
    return [
        office,
        make_office(code="BY-LIN", name="Linden", country="BY", organisation=other, by=None),
    ]


def make_worlds(offices: list[Office], number: int) -> list[World]:
    """Worlds beside each other; rows of a kind are written together, as rows are by an import."""
    chance = random.Random(number)
    teams = [make_team(name=f"team {n}", by=None) for n in range(3 * number)]
    worlds, users, holdings, memberships, cases, grants, kept = [], [], [], [], [], [], []
    references = iter(range(1, 1_000_000))
    for place in range(number):
        own_teams = teams[3 * place : 3 * place + 3]
        people = [some_person(chance) for _ in range(PEOPLE)]
        own = [
            User(
                username=f"w{place}p{n}",
                display_name=f"P {n}",
                password="!",
                is_active=one.active,
                is_superuser=chance.random() < 0.1,
                office=None if one.house is None else offices[one.house],
            )
            for n, one in enumerate(people)
        ]
        houses = [chance.choice((0, 0, 1)) for _ in range(CASES)]
        ids = sorted(uuid7() for _ in houses)
        own_cases = [
            Case(
                id=pk,
                reference=f"BY-2026-{next(references):06d}",
                office=offices[house],
                owner=own[0],
                opened_on=NOON.date(),
                status=CaseStatus.CLOSED if n % 3 == 0 else CaseStatus.ACTIVE,
            )
            for n, (pk, house) in enumerate(zip(ids, houses, strict=True))
        ]
        given = [some_grant(chance, PEOPLE, CASES) for _ in range(GRANTS)]
        out = [some_exclusion(chance, PEOPLE, CASES) for _ in range(chance.randint(0, 3))]
        out = list({(one.person, one.case): one for one in out}.values())
        for user, one in zip(own, people, strict=True):
            holdings += [RoleHolding(user=user, role=role) for role in one.roles]
            memberships += [TeamMembership(user=user, team=own_teams[n]) for n in one.teams]
        users, cases = users + own, cases + own_cases
        grants += [_row(one, own, own_teams, own_cases) for one in given]
        kept += [
            Exclusion(
                case=own_cases[one.case], user=own[one.person], since=one.since, until=one.until
            )
            for one in out
        ]
        worlds.append(World(people, houses, given, out, own, own_cases))
    for rows, verb in (
        (users, Verb.ACCOUNT_MADE),
        (holdings, Verb.ROLE_GIVEN),
        (memberships, Verb.TEAM_JOINED),
        (cases, Verb.CASE_REGISTERED),
        ([g for g in grants if isinstance(g, CaseUserGrant)], Verb.GRANT_GIVEN),
        ([g for g in grants if isinstance(g, CaseTeamGrant)], Verb.GRANT_GIVEN),
        (kept, Verb.PERSON_EXCLUDED),
    ):
        trail.insert_many(rows, verb=verb, by=None)
    fresh = User.objects.select_related("office").in_bulk([user.pk for user in users])
    return [world._replace(users=[fresh[user.pk] for user in world.users]) for world in worlds]


def _row(given: Given, users, teams: list[Team], cases):
    common = {
        "content_object": cases[given.case],
        "permission": permission(WRITE if given.writes else READ),
        "classes": sorted(given.classes),
        "reason": given.reason,
        "granted_by": users[0],
        "starts": given.starts,
        "ends": given.ends,
        "revoked_at": given.starts if given.taken_back else None,
        "revoked_by": users[0] if given.taken_back else None,
    }
    if given.to_team:
        return CaseTeamGrant(group=teams[given.to].group, **common)
    return CaseUserGrant(user=users[given.to], **common)


def _right(world: World, person: int, case: int, at: datetime):
    return expected(world.people[person], person, world.grants, world.kept, world.houses, case, at)


@pytest.mark.django_db
def test_the_list_the_object_and_the_oracle_agree_in_hundreds_of_worlds(offices):
    seen = asked = 0
    for world in make_worlds(offices, WORLDS):
        ids, at = [case.pk for case in world.cases], MOMENTS[asked % len(MOMENTS)]
        for person, user in enumerate(world.users):
            listed = set(visible_cases(user, at=at).values_list("pk", flat=True))
            found = access_to(user, ids, at=at)
            for number, pk in enumerate(ids):
                right = _right(world, person, number, at)
                assert told(found.get(pk)) == right, (world, person, number, at)
                assert (pk in listed) == (right is not None), (world, person, number, at)
                seen, asked = seen + (right is not None), asked + 1
    assert asked == WORLDS * PEOPLE * CASES
    assert asked / 20 < seen < asked / 2


@pytest.mark.django_db
def test_pages_tokens_and_has_perm_agree_with_the_oracle(offices):
    worlds, in_order = make_worlds(offices, 30), by_last_change()
    with time_machine.travel(NOON, tick=False):
        for world in worlds:
            tokens = _principals([case.pk for case in world.cases])
            for person, user in enumerate(world.users):
                right = [_right(world, person, number, NOON) for number in range(CASES)]
                seen = {case.pk for case, one in zip(world.cases, right, strict=True) if one}
                assert _walk(user) == [pk for pk in in_order if pk in seen], (world, person)
                mine = set(principals_of(user))
                for case, one in zip(world.cases, right, strict=True):
                    held = set(tokens[case.pk])
                    # The index drops what has ended; what has not begun it leaves to the object check.
                    if one is not None:
                        assert mine & held and kept_out(user) not in held
                    assert user.has_perm("cases.read_case", case) == (one is not None)
                    assert user.has_perm("cases.write_case", case) == bool(one and one[1])


@pytest.mark.django_db
def test_what_broken_glass_opens_counts_for_reading_only(offices):
    for world in make_worlds(offices, 30):
        without = world._replace(grants=[g for g in world.grants if g.reason != "break_glass"])
        ids = [case.pk for case in world.cases]
        for person, user in enumerate(world.users):
            found = access_to(user, ids, at=NOON, glass=False)
            for number, pk in enumerate(ids):
                assert told(found.get(pk)) == _right(without, person, number, NOON)


def _walk(user: User) -> list[UUID]:
    """Every page of the list after one another."""
    found: list[UUID] = []
    before = None
    while page := latest_cases(user, before=before, limit=2):
        assert len(page) <= 2 and not {one.case for one in page} & set(found)
        assert before is None or page[0].event < before
        found += [one.case for one in page]
        before = page[-1].event
    return found


def test_the_oracle_knows_every_role():
    assert OPENS.keys() == ROLES.keys()
    for code, role in ROLES.items():
        assert (Right.CASE_READ in role.rights) == (OPENS[code] is not None)
        assert role.classes == frozenset((OPENS[code] or "").split())
