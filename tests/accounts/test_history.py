"""What somebody was at a moment, and that it stays what it was."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.selectors import account_at, roles_at, teams_at
from accounts.services import change_account, give_role, join_team, leave_team, make_team, take_role

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def day(time_machine):
    """Go to a day of the story; gives its moment."""
    first = datetime(2031, 5, 1, 9, tzinfo=UTC)

    def go(number):
        time_machine.move_to(first + number * DAY, tick=False)
        return first + number * DAY

    go(0)
    return go


def _codes(user, moment):
    return [role.code for role in roles_at(user, moment)]


def test_the_roles_at_a_moment(day, person, viktar):
    user = person("vera", "case_officer")
    given = day(1)
    give_role(user=user, role="legal", by=viktar)
    taken = day(2)
    take_role(user=user, role="case_officer", by=viktar)
    day(3)
    take_role(user=user, role="legal", by=viktar)
    again = day(4)
    give_role(user=user, role="case_officer", by=viktar)
    instant = timedelta(microseconds=1)
    assert _codes(user, given - DAY - instant) == []
    assert _codes(user, given - instant) == ["case_officer"]
    assert _codes(user, given) == ["case_officer", "legal"]
    assert _codes(user, taken - instant) == ["case_officer", "legal"]
    assert _codes(user, taken) == ["legal"]
    assert _codes(user, again - instant) == []
    assert _codes(user, again + 10 * DAY) == ["case_officer"]


def test_the_teams_at_a_moment(day, alena, viktar):
    night, street = (make_team(name=name, by=viktar) for name in ("Night", "Street"))
    joined = day(1)
    join_team(user=alena, team=street, by=viktar)
    join_team(user=alena, team=night, by=viktar)
    left = day(2)
    leave_team(user=alena, team=street, by=viktar)
    assert teams_at(alena, joined - DAY) == []
    assert teams_at(alena, joined) == [night, street]
    assert teams_at(alena, left) == [night]


def test_whether_an_account_could_be_used_at_a_moment(day, person, viktar, other_office):
    made = day(1)
    user = person("vera", "case_officer")
    closed = day(2)
    change_account(user, is_active=False, by=viktar)
    opened = day(3)
    change_account(user, is_active=True, office=other_office, by=viktar)
    assert account_at(user, made).is_active
    assert not account_at(user, closed).is_active
    assert account_at(user, opened).is_active
    assert account_at(user, made - DAY) is None
    assert account_at(user, closed).office != other_office
    assert account_at(user, opened + 10 * DAY).office == other_office


def test_the_roles_of_a_closed_account_stay_known(day, alena, viktar):
    closed = day(1)
    change_account(alena, is_active=False, by=viktar)
    assert alena.pk and _codes(alena, closed) == ["case_officer"]
    assert not account_at(alena, closed).is_active
