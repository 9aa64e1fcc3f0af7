"""The rule of cases/access.py against an oracle that shares no code with it.

A small world is made at random: people with and without roles, active and not, in teams and alone;
cases; grants that have not begun, are live, have ended, were revoked. Then every question the code can
be asked is asked of both. The oracle knows tuples only.
"""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser, Group

from accounts.models import Office, RoleHolding, User
from accounts.roles import CONTENT
from audit import trail
from audit.verbs import Verb
from cases.access import (
    READ,
    WRITE,
    access_to,
    newest_cases,
    permission,
    principals_of,
    visible_cases,
)
from cases.models import Case, CaseStatus, CaseTeamGrant, CaseUserGrant
from core.ids import uuid7

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
MOMENTS = [NOON + timedelta(hours=hours) for hours in (-30, -10, 0, 10, 30)]
# What each role may open at all, and whether it reads cases: said again here, not imported.
OPENS = {
    "case_officer": "identity contact narrative medical psychological legal financial",
    "medical": "medical identity",
    "psychological": "psychological identity",
    "legal": "legal identity",
    "financial": "financial identity",
    "supervisor": "identity narrative financial",
    "auditor": None,
    "analyst": None,
    "partner_officer": "identity contact legal medical psychological",
    "administrator": None,
}


class Somebody(NamedTuple):
    active: bool
    roles: tuple[str, ...]
    teams: tuple[int, ...]
    superuser: bool


class Given(NamedTuple):
    """One grant: to person number n or to team number n."""

    to_team: bool
    to: int
    case: int
    classes: frozenset[str]
    writes: bool
    starts: datetime
    ends: datetime
    revoked: bool


# --- The oracle: about thirty lines over tuples ---------------------------------------
def expected(
    people: list[Somebody], grants: list[Given], person: int, case: int, at: datetime
) -> tuple[bool, set[str], set[str]]:
    """(sees the case, classes to read, classes to write)."""
    who = people[person]
    reads_cases = [role for role in who.roles if OPENS[role] is not None]
    if not who.active or not reads_cases:
        return False, set(), set()
    cap = set()
    for role in reads_cases:
        cap |= set(OPENS[role].split())
    seen, read, write = False, set(), set()
    for grant in grants:
        if grant.case != case or grant.revoked:
            continue
        if grant.to_team and grant.to not in who.teams:
            continue
        if not grant.to_team and grant.to != person:
            continue
        if at < grant.starts or at >= grant.ends:
            continue
        seen = True
        read |= grant.classes & cap
        if grant.writes:
            write |= grant.classes & cap
    return seen, read, write


# --- A world -------------------------------------------------------------------------
class World(NamedTuple):
    people: list[Somebody]
    grants: list[Given]
    users: list[User]
    cases: list[Case]


def _people(chance: random.Random) -> list[Somebody]:
    codes = list(OPENS)
    made = [
        Somebody(
            active=chance.random() < 0.85,
            roles=tuple(chance.sample(codes, chance.choice((0, 1, 1, 1, 2, 3)))),
            teams=tuple(chance.sample(range(4), chance.choice((0, 0, 1, 2)))),
            superuser=chance.random() < 0.15,
        )
        for _ in range(46)
    ]
    # Whatever the dice say, each role is held by somebody active.
    return made + [Somebody(True, (code,), (), False) for code in codes]


def _grants(chance: random.Random, people: int, cases: int) -> list[Given]:
    # Begin and end often fall on a moment that is asked about: "from" counts, "until" does not.
    edges = sorted({*MOMENTS, *(m + timedelta(minutes=d) for m in MOMENTS for d in (-7, 7))})
    made = []
    for _ in range(900):
        starts, ends = sorted(chance.sample(edges, 2))
        to_team = chance.random() < 0.2
        made.append(
            Given(
                to_team=to_team,
                to=chance.randrange(4 if to_team else people),
                case=chance.randrange(cases),
                classes=frozenset(chance.sample(sorted(CONTENT), chance.randint(1, 4))),
                writes=chance.random() < 0.4,
                starts=starts,
                ends=ends,
                revoked=chance.random() < 0.15,
            )
        )
    return made


def make_world(office: Office, seed: int) -> World:
    chance = random.Random(seed)
    people = _people(chance)
    grants = _grants(chance, len(people), cases=90)
    teams = [Group.objects.create(name=f"team {number}") for number in range(4)]
    users = [
        User(
            username=f"p{number}",
            office=office,
            is_active=one.active,
            is_superuser=one.superuser,
        )
        for number, one in enumerate(people)
    ]
    User.objects.bulk_create(users)
    for user, one in zip(users, people, strict=True):
        user.groups.set([teams[number] for number in one.teams])
        RoleHolding.objects.bulk_create(RoleHolding(user=user, role=role) for role in one.roles)
    cases = make_cases(90, office=office, owner=users[0])
    give(grants, users, teams, cases)
    return World(people, grants, [User.objects.get(pk=user.pk) for user in users], cases)


def make_cases(number: int, *, office: Office, owner: User) -> list[Case]:
    """Cases without content, past the guards the proper way."""
    ids = sorted(uuid7() for _ in range(number))  # uuid7 is ordered by the millisecond only
    cases = [
        Case(
            id=pk,
            reference=f"BY-2026-{place:06d}",
            office=office,
            owner=owner,
            opened_on=NOON.date(),
            status=CaseStatus.CLOSED if place % 3 == 0 else CaseStatus.ACTIVE,
        )
        for place, pk in enumerate(ids)
    ]
    trail.insert_many(cases, verb=Verb.CASE_REGISTERED, by=owner)
    return cases


def give(grants: list[Given], users: list[User], teams: list[Group], cases: list[Case]) -> None:
    may = {True: permission(WRITE), False: permission(READ)}
    rows: dict[bool, list] = {True: [], False: []}
    for grant in grants:
        common = {
            "content_object": cases[grant.case],
            "permission": may[grant.writes],
            "classes": sorted(grant.classes),
            "reason": "treatment",
            "granted_by": users[0],
            "starts": grant.starts,
            "ends": grant.ends,
            "revoked_at": grant.starts if grant.revoked else None,
            "revoked_by": users[0] if grant.revoked else None,
        }
        if grant.to_team:
            rows[True].append(CaseTeamGrant(group=teams[grant.to], **common))
        else:
            rows[False].append(CaseUserGrant(user=users[grant.to], **common))
    for some in rows.values():
        trail.insert_many(some, verb=Verb.GRANT_GIVEN, by=users[0])


def _ask_all(world: World, at: datetime) -> list[tuple[int, int, str]]:
    """Every person about every case at one moment: where code and oracle differ."""
    differences = []
    ids = [case.pk for case in world.cases]
    for person, user in enumerate(world.users):
        listed = set(visible_cases(user, at=at).values_list("pk", flat=True))
        opened = access_to(user, ids, at=at)
        for number, pk in enumerate(ids):
            seen, read, write = expected(world.people, world.grants, person, number, at)
            found = opened.get(pk)
            if (pk in listed) != seen:
                differences.append((person, number, "list"))
            if (found is not None) != seen:
                differences.append((person, number, "object"))
            if found and (found.read, found.write) != (read, write):
                differences.append((person, number, "classes"))
    return differences


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [20261, 20262])
def test_list_object_and_classes_agree_with_the_oracle(office, seed):
    world = make_world(office, seed)
    decisions = len(world.people) * len(world.cases) * len(MOMENTS)
    assert decisions >= 20_000
    wrong = [found for at in MOMENTS for found in _ask_all(world, at)]
    assert wrong == []
    # The world is not a trivial one: both answers are common.
    yes = sum(
        expected(world.people, world.grants, person, case, NOON)[0]
        for person in range(len(world.people))
        for case in range(len(world.cases))
    )
    assert 200 < yes < len(world.people) * len(world.cases) - 200


@pytest.mark.django_db
def test_has_perm_and_the_newest_first_list_agree_with_the_oracle(office):
    world = make_world(office, 7)
    chance = random.Random(7)
    with time_machine.travel(NOON, tick=False):
        for person, user in enumerate(world.users):
            right = [expected(world.people, world.grants, person, n, NOON) for n in range(90)]
            for number in chance.sample(range(90), 12):
                case, (seen, _read, write) = world.cases[number], right[number]
                assert user.has_perm("cases.read_case", case) == seen, (person, number)
                assert user.has_perm("cases.write_case", case) == bool(write), (person, number)
            in_order = [
                case.pk for case, (seen, *_) in zip(world.cases, right, strict=True) if seen
            ]
            assert _walk(user, {}) == in_order[::-1], person
            closed = {case.pk for case in world.cases if case.status == "Closed"}
            wanted = [pk for pk in in_order[::-1] if pk in closed]
            assert _walk(user, {"status": "Closed"}) == wanted, person


def _walk(user: User, filters: dict, limit: int = 4) -> list[UUID]:
    """Every page of the list after one another."""
    found: list[UUID] = []
    while page := newest_cases(
        user, before=found[-1] if found else None, limit=limit, filters=filters
    ):
        assert len(page) <= limit and not set(page) & set(found)
        found += page
    assert all(newer > older for newer, older in pairwise(found))
    return found


@pytest.mark.django_db
def test_nobody_in_particular_sees_nothing(office, case):
    nobody = AnonymousUser()
    assert not visible_cases(nobody).exists()
    assert access_to(nobody, [case.pk]) == {}
    assert newest_cases(nobody, before=None, limit=9, filters={}) == []
    assert principals_of(nobody) == []
    assert not nobody.has_perm("cases.read_case", case)


@pytest.mark.django_db
def test_a_superuser_is_asked_about_like_anyone_else(case, zoya, viktar):
    for user in (zoya, viktar):
        assert not user.has_perm("cases.read_case", case)
        assert not user.has_perm("cases.write_case", case)
        assert access_to(user, [case.pk]) == {}


@pytest.mark.django_db
def test_a_grant_counts_from_its_first_to_just_before_its_last_moment(case, volha, share):
    grant = share(volha, "psychological", days=7)
    moment = timedelta(microseconds=1)
    for at, sees in (
        (grant.starts - moment, False),
        (grant.starts, True),
        (grant.ends - moment, True),
        (grant.ends, False),
    ):
        assert (case.pk in access_to(volha, [case.pk], at=at)) == sees, at


@pytest.mark.django_db
def test_a_team_that_one_leaves_takes_its_cases_along(case, pavel):
    assert case.pk in access_to(pavel, [case.pk])
    pavel.groups.clear()
    assert access_to(User.objects.get(pk=pavel.pk), [case.pk]) == {}


@pytest.mark.django_db
def test_a_role_taken_away_takes_the_cases_along(case, alena):
    alena.role_holdings.all().delete()
    assert access_to(User.objects.get(pk=alena.pk), [case.pk]) == {}
    assert not visible_cases(User.objects.get(pk=alena.pk)).exists()
