"""Organisations, offices, teams, people and roles: each change with its event, or not at all."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.models import Office, Organisation, RoleHolding, Team, TeamMembership, User
from accounts.services import (
    change_account,
    give_role,
    join_team,
    leave_team,
    make_office,
    make_organisation,
    make_team,
    make_user,
    take_role,
)
from audit import verifier
from audit.verbs import Verb
from core.exceptions import BadInput
from tests.conftest import PASSWORD
from tests.guards import log

pytestmark = pytest.mark.django_db


def _make(username="nadzeya", roles=("case_officer",), **fields):
    values = {
        "username": username,
        "display_name": "Nadzeya Kavalenka",
        "password": PASSWORD,
        "roles": roles,
        "office": None,
        "by": None,
    }
    return make_user(**values | fields)


def _fresh(user):
    return User.objects.get(pk=user.pk)


# --- Accounts -------------------------------------------------------------------------
def test_an_account_and_its_roles_leave_events(office, viktar):
    start = log.size()
    user = _make(roles=["case_officer", "legal"], office=office, by=viktar)
    made, *given = log.since(start)
    assert (made.verb, made.object, made.revision) == (Verb.ACCOUNT_MADE, user.pk, 1)
    assert [(event.verb, log.told(event)["reason"]) for event in given] == [
        (Verb.ROLE_GIVEN, "case_officer"),
        (Verb.ROLE_GIVEN, "legal"),
    ]
    for event in (made, *given):
        assert event.actor == viktar.pk
        assert "Nadzeya" not in str(log.told(event))
    assert user.check_password(PASSWORD)
    assert PASSWORD not in user.password
    assert not user.is_superuser and not user.is_staff


def test_an_account_without_a_role_leaves_an_event_too():
    start = log.size()
    _make(roles=[])
    assert log.verbs_since(start) == [Verb.ACCOUNT_MADE]


def test_a_role_that_does_not_exist_leaves_no_account():
    start = log.size()
    with pytest.raises(BadInput):
        _make(roles=["case_officer", "emperor"])
    assert not User.objects.exists() and not RoleHolding.objects.exists()
    assert log.size() == start


@pytest.mark.parametrize("username", ["", "with space", "x" * 151, "alena"])
def test_a_user_name_that_cannot_be_is_refused(alena, username):
    start = log.size()
    with pytest.raises(ValidationError):
        _make(username=username)
    assert User.objects.count() == 1
    assert log.size() == start


def test_an_account_that_is_closed_and_opened_again(alena, viktar):
    start = log.size()
    closed = change_account(alena, is_active=False, by=viktar)
    assert not closed.is_active and _fresh(alena).roles == []
    change_account(alena, is_active=False, by=viktar)  # nothing to change, nothing to tell
    change_account(alena, is_active=True, display_name="Alena Karol", by=viktar)
    first, second = log.since(start)
    assert (first.verb, first.actor, first.revision) == (Verb.ACCOUNT_CHANGED, viktar.pk, 2)
    assert log.told(first)["reason"] == "is_active"
    assert log.told(second)["reason"] == "display_name is_active"
    assert [v.display_name for v in User.history.filter(id=alena.pk).order_by("revision")] == [
        "Alena",
        "Alena",
        "Alena Karol",
    ]


@pytest.mark.parametrize("changes", [{"is_superuser": True}, {"username": "x"}, {"password": "x"}])
def test_other_fields_are_not_changed_this_way(alena, viktar, changes):
    with pytest.raises(BadInput):
        change_account(alena, by=viktar, **changes)
    with pytest.raises(ValidationError):
        change_account(alena, by=viktar, display_name="x" * 151)
    assert _fresh(alena).revision == 1


# --- Roles ----------------------------------------------------------------------------
def test_a_role_given_counts_at_once_and_twice_counts_once(alena, viktar):
    assert not {"psychological"} & {role.code for role in alena.roles}
    start = log.size()
    for _ in range(2):
        give_role(user=alena, role="psychological", by=viktar)
    assert log.verbs_since(start) == [Verb.ROLE_GIVEN]
    assert [role.code for role in alena.roles] == ["case_officer", "psychological"]
    assert RoleHolding.objects.filter(user=alena).count() == 2


def test_a_role_taken_away_ends_and_stays_known(alena, viktar):
    start = log.size()
    for _ in range(2):
        take_role(user=alena, role="case_officer", by=viktar)
    [event] = log.since(start)
    holding = RoleHolding.objects.get(user=alena)
    assert (event.verb, event.actor, event.object) == (Verb.ROLE_TAKEN, viktar.pk, holding.pk)
    assert holding.ended_at is not None
    assert alena.roles == [] and _fresh(alena).roles == []
    give_role(user=alena, role="case_officer", by=viktar)
    assert [role.code for role in alena.roles] == ["case_officer"]
    assert RoleHolding.objects.filter(user=alena).count() == 2


def test_nobody_holds_a_role_twice_at_once(alena):
    from audit import trail

    with pytest.raises(IntegrityError), transaction.atomic():
        trail.save(RoleHolding(user=alena, role="case_officer"), verb=Verb.ROLE_GIVEN, by=None)


# --- Supervisors ----------------------------------------------------------------------
def test_a_supervisor_joins_the_supervisors_of_the_office(office, other_office):
    start = log.size()
    user = _make(roles=["supervisor"], office=office)
    assert list(user.groups) == [office.supervisors]
    assert office.supervisors != other_office.supervisors
    assert log.verbs_since(start) == [Verb.ACCOUNT_MADE, Verb.ROLE_GIVEN, Verb.TEAM_JOINED]


def test_other_roles_and_supervisors_without_an_office_join_nobody(office):
    assert not _make(roles=["case_officer"], office=office).groups.exists()
    assert not _make(username="adrift", roles=["supervisor"]).groups.exists()


def test_a_supervisor_who_is_one_no_more_leaves_the_supervisors(pavel, viktar):
    start = log.size()
    take_role(user=pavel, role="supervisor", by=viktar)
    assert not pavel.groups.exists()
    assert log.verbs_since(start) == [Verb.ROLE_TAKEN, Verb.TEAM_LEFT]


def test_a_supervisor_who_moves_leaves_one_office_and_joins_the_other(
    pavel, alena, viktar, other_office
):
    start = log.size()
    change_account(pavel, office=other_office, by=viktar)
    assert list(pavel.groups) == [other_office.supervisors]
    assert log.verbs_since(start) == [Verb.ACCOUNT_CHANGED, Verb.TEAM_LEFT, Verb.TEAM_JOINED]
    change_account(alena, office=other_office, by=viktar)
    assert not alena.groups.exists()


# --- Teams, offices, organisations ----------------------------------------------------
def test_a_team_that_is_joined_and_left(alena, viktar):
    start = log.size()
    team = make_team(name="Night shelter", by=viktar)
    for _ in range(2):
        join_team(user=alena, team=team, by=viktar)
    assert list(alena.groups) == [team.group]
    for _ in range(2):
        leave_team(user=alena, team=team, by=viktar)
    assert not alena.groups.exists()
    join_team(user=alena, team=team, by=viktar)
    assert log.verbs_since(start) == [
        Verb.TEAM_MADE,
        Verb.TEAM_JOINED,
        Verb.TEAM_LEFT,
        Verb.TEAM_JOINED,
    ]
    with pytest.raises(ValidationError):
        make_team(name="Night shelter", by=viktar)


def test_an_office_comes_with_its_supervisors_and_events(office, viktar):
    start = log.size()
    made = make_office(
        code="BY-HOM", name="Homel", country="BY", organisation=office.organisation, by=viktar
    )
    assert made.supervisors.team.name == "supervisors:BY-HOM"
    assert log.verbs_since(start) == [Verb.TEAM_MADE, Verb.OFFICE_MADE]
    with pytest.raises(ValidationError):
        make_office(
            code="no code", name="Homel", country="BY", organisation=office.organisation, by=viktar
        )
    assert Office.objects.count() == 2 and Team.objects.count() == 2
    assert log.size() == start + 2


def test_an_organisation_leaves_an_event(viktar):
    start = log.size()
    made = make_organisation(name="Linden House", kind="NGO", by=viktar)
    [event] = log.since(start)
    assert (event.verb, event.object) == (Verb.ORGANISATION_MADE, made.pk)
    with pytest.raises(ValidationError):
        make_organisation(name="Linden House", kind="NGO", by=viktar)


# --- The database ---------------------------------------------------------------------
ROWS = {
    Organisation: ("name", "'Another'"),
    Office: ("country", "'XX'"),
    Team: ("name", "'Another'"),
    User: ("is_superuser", "true"),
    RoleHolding: ("role", "'administrator'"),
    TeamMembership: ("begun_at", "'2020-01-01 00:00:00+00'"),
}


@pytest.mark.parametrize("model", ROWS, ids=lambda model: model.__name__)
def test_the_database_refuses_a_change_without_an_event(model, pavel):
    table, (column, value) = model._meta.db_table, ROWS[model]
    for statement in (
        f"UPDATE {table} SET {column} = {value}",
        f"UPDATE {table} SET {column} = {value}, revision = revision + 1",
        f"DELETE FROM {table}",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    row = model.objects.first()
    row.pk, row._state.adding = None, True
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.bulk_create([row])


@pytest.mark.parametrize("table", ["auth_group", "auth_permission", "django_content_type"])
def test_the_database_refuses_to_change_what_grants_point_to(table, pavel):
    column = {"auth_group": "name", "auth_permission": "codename"}.get(table, "model")
    for statement in (f"UPDATE {table} SET {column} = 'write_case'", f"DELETE FROM {table}"):
        with pytest.raises(IntegrityError, match="Tutela"), transaction.atomic():
            connection.cursor().execute(statement)


def test_the_verifier_compares_accounts_with_the_log(alena, pavel, viktar):
    change_account(alena, is_active=False, by=viktar)
    take_role(user=pavel, role="supervisor", by=viktar)
    assert verifier.verify().holds
