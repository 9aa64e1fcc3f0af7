"""Making offices and accounts, and giving roles: each with its event, or not at all."""

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Office, RoleHolding, User
from accounts.services import give_role, make_office, make_user
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


def test_an_account_and_its_roles_leave_events(office, viktar):
    start = log.size()
    user = _make(roles=["case_officer", "legal"], office=office, by=viktar)
    assert log.verbs_since(start) == [Verb.ACCOUNT_MADE, Verb.ROLE_GIVEN, Verb.ROLE_GIVEN]
    for event in log.since(start):
        assert event.actor == viktar.pk
        assert str(user.pk) not in str(log.told(event)), "whom it is about is sealed"
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


def test_a_supervisor_joins_the_supervisors_of_the_office(office, other_office):
    user = _make(roles=["supervisor"], office=office)
    assert list(user.groups.all()) == [office.supervisors]
    assert office.supervisors != other_office.supervisors


def test_other_roles_and_supervisors_without_an_office_join_nobody(office):
    assert not _make(roles=["case_officer"], office=office).groups.exists()
    assert not _make(username="adrift", roles=["supervisor"]).groups.exists()


def test_a_role_given_counts_at_once_and_twice_counts_once(alena, viktar):
    assert not {"psychological"} & {role.code for role in alena.roles}
    for _ in range(2):
        give_role(user=alena, role="psychological", by=viktar)
    assert [role.code for role in alena.roles] == ["case_officer", "psychological"]
    assert RoleHolding.objects.filter(user=alena).count() == 2


def test_an_office_comes_with_its_supervisors_and_an_event(office, viktar):
    start = log.size()
    made = make_office(
        code="BY-HOM", name="Homel", country="BY", organisation=office.organisation, by=viktar
    )
    assert made.supervisors.name == "supervisors:BY-HOM"
    assert log.verbs_since(start) == [Verb.OFFICE_MADE]
    with pytest.raises(ValidationError):
        make_office(
            code="no code", name="Homel", country="BY", organisation=office.organisation, by=viktar
        )
    assert Office.objects.count() == 2
    assert log.size() == start + 1
