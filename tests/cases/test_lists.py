"""Lists of cases, kept by the database as grants and cases change: they show what the grants say.

A world changes at random: grants come, end, are revoked and change their end, people join and leave
teams, cases change, time passes. After each step everybody's list is what `access_to` says of each case,
in the order in which the log has the last change of each.
"""

import random
from contextlib import suppress
from datetime import timedelta
from functools import partial
from threading import Barrier, BrokenBarrierError, Thread

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import join_team, leave_team, make_team
from assistance.sections import LegalAssistance
from assistance.services import record_assistance
from audit import guards, trail
from audit.verbs import Verb
from cases import reach
from cases.access import READ, access_to, permission
from cases.lists import Wanted, latest_cases
from cases.models import Case, CaseStatus, CaseTeamGrant, CaseUserGrant, Decoy, Reach
from cases.models.base import SealedModel
from cases.services.decoys import mark_decoy
from cases.services.grants import revoke_grant
from cases.services.intake import register_case
from cases.services.retention import put_on_hold
from tests.cases.listing import by_last_change, make_cases, walk

STEPS = 60


# --- Whatever happens -----------------------------------------------------------------
class World:
    """What can happen, each by a method of its own."""

    def __init__(self, seed, person, office):
        self.chance = random.Random(seed)
        codes = (
            "case_officer",
            "case_officer",
            "medical",
            "supervisor",
            "analyst",
            "partner_officer",
        )
        self.people = [person(f"p{number}", code) for number, code in enumerate(codes)]
        self.teams = [make_team(name=f"team {number}", by=None) for number in range(3)]
        self.cases = make_cases(12, office=office, owner=self.people[0])
        self.read = permission(READ)
        self.clock = None

    def pass_time(self):
        self.clock.shift(timedelta(hours=self.chance.choice((1, 2, 9))))

    def give(self):
        now = timezone.now()
        starts = now + timedelta(hours=self.chance.choice((-9, 0, 0, 0, 3)))
        common = {
            "content_object": self.chance.choice(self.cases),
            "permission": self.read,
            "classes": ["identity"],
            "reason": "treatment",
            "granted_by": self.people[0],
            "starts": starts,
            "ends": starts + timedelta(hours=self.chance.choice((2, 30, 200))),
        }
        if self.chance.random() < 0.4:
            grant = CaseTeamGrant(group=self.chance.choice(self.teams).group, **common)
        else:
            grant = CaseUserGrant(user=self.chance.choice(self.people), **common)
        trail.save(grant, verb=Verb.GRANT_GIVEN, by=self.people[0])

    def _grant(self):
        grants = [
            *CaseUserGrant.objects.filter(revoked_at=None).order_by("pk"),
            *CaseTeamGrant.objects.filter(revoked_at=None).order_by("pk"),
        ]
        return self.chance.choice(grants) if grants else None

    def revoke(self):
        if grant := self._grant():
            grant.revoked_at, grant.revoked_by = timezone.now(), self.people[0]
            trail.save(grant, verb=Verb.GRANT_REVOKED, by=self.people[0])

    def move_end(self):
        if grant := self._grant():
            grant.ends = grant.starts + timedelta(hours=self.chance.choice((2, 40)))
            trail.save(grant, verb=Verb.GRANT_GIVEN, by=self.people[0])

    def join_or_leave(self):
        user, team = self.chance.choice(self.people), self.chance.choice(self.teams)
        is_in = user.team_memberships.now().filter(team=team).exists()
        (leave_team if is_in else join_team)(user=user, team=team, by=None)

    def change_case(self):
        case = self.chance.choice(self.cases)
        case.status = self.chance.choice(
            [CaseStatus.ACTIVE, CaseStatus.CLOSED, CaseStatus.FOLLOW_UP]
        )
        case.owner = self.chance.choice(self.people)
        trail.save(case, verb=Verb.CASE_CHANGED, by=self.people[0])

    def own_and_closed(self, user):
        now = timezone.now()
        held = CaseUserGrant.objects.filter(
            user=user, revoked_at=None, starts__lte=now, ends__gt=now
        )
        cases = held.filter(content_object__owner=user, content_object__status=CaseStatus.CLOSED)
        return set(cases.values_list("content_object", flat=True)) if user.classes else set()

    def sweep(self):
        reach.sweep()

    def step(self):
        happens = (
            *[self.give] * 5,
            *[self.revoke, self.move_end, self.change_case, self.pass_time] * 2,
            *[self.join_or_leave] * 2,
            self.sweep,
        )
        self.chance.choice(happens)()


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
def test_lists_are_what_the_grants_say_after_whatever_happens(seed, person, office):
    world = World(seed, person, office)
    ids = [case.pk for case in world.cases]
    shown = 0
    with time_machine.travel(timezone.now()) as world.clock:
        for _grant in range(30):
            world.give()
        for _step in range(STEPS):
            world.step()
            in_order = by_last_change()
            for user in User.objects.filter(pk__in=[one.pk for one in world.people]):
                seen = access_to(user, ids).keys()
                assert walk(user) == [case for case in in_order if case in seen]
                own = world.own_and_closed(user)
                assert walk(user, Wanted(CaseStatus.CLOSED, is_own=True)) == [
                    case for case in in_order if case in own
                ]
                shown += len(seen)
            assert list(reach.differing()) == []
    assert shown > 8 * STEPS  # the world is not an empty one


# --- What is a change -----------------------------------------------------------------
def top(user):
    return latest_cases(User.objects.get(pk=user.pk), limit=1)[0].case


def test_work_on_a_case_puts_it_first(case, new_case, alena, pavel, volha, share):
    other = register_case(new_case, by=alena)
    assert top(alena) == top(pavel) == other.pk
    record_assistance(
        case, content=LegalAssistance(), status="planned", starts_on=timezone.localdate(), by=alena
    )
    assert top(alena) == top(pavel) == case.pk
    put_on_hold(other, note="", by=pavel)
    assert top(alena) == top(pavel) == other.pk
    share(volha, "psychological")
    assert top(alena) == top(pavel) == top(volha) == case.pk


def test_reading_a_case_moves_nothing(case, new_case, alena, client_for):
    other = register_case(new_case, by=alena)
    assert client_for(alena).get(f"/cases/{case.reference}/").status_code == 200
    assert top(alena) == other.pk


def test_a_decoy_moves_nothing(case, new_case, alena, pavel):
    """Its case in front would tell."""
    other = register_case(new_case, by=alena)
    mark_decoy(case, by=pavel)
    assert Decoy.objects.exists() and top(alena) == other.pk


def test_every_table_of_a_case_keeps_the_lists():
    named = {model._meta.label for model in guards.tracked_models() if reach.case_column(model)}
    sealed = {m._meta.label for m in guards.tracked_models() if issubclass(m, SealedModel)}
    sealed.remove("cases.IncomingReferral")  # of no case
    assert sealed | {"cases.CaseUserGrant", "cases.CaseTeamGrant", "cases.Approval"} <= named
    assert "cases.Decoy" not in named and "accounts.User" not in named


@pytest.mark.django_db
def test_paging_goes_on_where_it_was_while_cases_change(office, alena):
    cases = make_cases(9, office=office, owner=alena)
    for case in cases:
        grant_to(alena, case)
    whole = walk(alena)
    first = latest_cases(alena, limit=3)
    moved = Case.objects.get(pk=first[2].case)  # the last of the first page, and one further back
    for case in (moved, Case.objects.get(pk=whole[5])):
        trail.save(case, verb=Verb.CASE_CHANGED, by=alena)
    rest = latest_cases(alena, limit=9, before=first[2].event)
    assert [one.case for one in rest] == [c for c in whole[3:] if c != whole[5]]


def grant_to(user, case):
    now = timezone.now()
    grant = CaseUserGrant(
        content_object=case,
        user=user,
        permission=permission(READ),
        classes=["identity"],
        reason="treatment",
        granted_by=user,
        starts=now,
        ends=now + timedelta(days=1),
    )
    trail.save(grant, verb=Verb.GRANT_GIVEN, by=user)
    return grant


# --- Rows that differ -----------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM cases_reach WHERE case_id = %s",
        "UPDATE cases_reach SET status = 'Closed' WHERE case_id = %s",
        "UPDATE cases_reach SET event = principal WHERE case_id = %s",
        "UPDATE cases_reach SET ends = '2099-01-01 00:00:00' WHERE case_id = %s",
    ],
)
def test_rows_that_differ_are_named_and_mended(damage, case, new_case, alena, pavel):
    other = register_case(new_case, by=alena)
    before = list(Reach.objects.order_by("pk").values_list())
    with connection.cursor() as cursor:
        cursor.execute(damage, [reach.of_uuid(case.pk)])
    assert list(reach.differing()) == [case.pk] != [other.pk]
    with pytest.raises(CommandError, match="1 case differs"):
        call_command("check_lists")
    call_command("check_lists", mend=True)
    assert list(Reach.objects.order_by("pk").values_list()) == before
    call_command("check_lists")


@pytest.mark.django_db
def test_a_row_without_its_grant_is_removed(case, volha, share):
    grant = share(volha, "psychological")
    stale = Reach.objects.get(pk=grant.pk)
    revoke_grant(grant, by=case.owner)
    assert not Reach.objects.filter(pk=grant.pk).exists()
    stale.save(force_insert=True)
    assert list(reach.differing()) == [case.pk] and reach.mend() == 1
    assert not Reach.objects.filter(pk=grant.pk).exists()


@pytest.mark.django_db
def test_what_has_ended_is_swept(case, volha, share):
    grant = share(volha, "psychological", days=7)
    with time_machine.travel(grant.ends):
        reach.sweep()
        assert not Reach.objects.filter(pk=grant.pk).exists()
        assert Reach.objects.filter(case=case.pk).count() == 2 and list(reach.differing()) == []


# --- What a page costs in rights ------------------------------------------------------
@pytest.mark.django_db
def test_however_many_teams_one_is_in_the_rights_cost_as_much(
    case, alena, django_assert_num_queries
):
    for number in range(5):
        join_team(user=alena, team=make_team(name=f"team {number}", by=None), by=None)
    user = User.objects.get(pk=alena.pk)
    with django_assert_num_queries(3):  # roles, the office, the list
        latest_cases(user, limit=26)
    with django_assert_num_queries(1):
        access_to(user, [case.pk])


# --- Many who write -------------------------------------------------------------------
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_grant_that_comes_while_the_case_changes_stands_where_the_others_do(case, alena, volha):
    """Each writes before the other commits: whoever comes second waits, and sees what the first did."""

    def in_step(write):
        with transaction.atomic():
            write()
            with suppress(BrokenBarrierError):  # the other one waits for our commit
                both.wait(timeout=1)
        connections.close_all()

    def change():
        trail.save(Case.objects.get(pk=case.pk), verb=Verb.CASE_CHANGED, by=alena)

    for writes in (
        (change, partial(grant_to, volha, case)),
        (partial(grant_to, volha, case), change),
    ):
        both = Barrier(2)
        threads = [Thread(target=in_step, args=[write]) for write in writes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rows = Reach.objects.filter(case=case.pk)
        assert rows.filter(principal=volha.pk).exists()
        assert len(set(rows.values_list("event", flat=True))) == 1
        assert list(reach.differing()) == []
