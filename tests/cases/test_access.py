"""The rule of cases/access.py at its edges. tests/guards/test_access_oracle.py asks it everything."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from accounts.services import leave_team, take_role
from cases.access import access_to, principals_of, visible_cases
from cases.lists import count_cases, latest_cases


@pytest.mark.django_db
def test_nobody_in_particular_sees_nothing(office, case):
    nobody = AnonymousUser()
    assert not visible_cases(nobody).exists()
    assert access_to(nobody, [case.pk]) == {}
    assert latest_cases(nobody, limit=9) == [] and count_cases(nobody, most=9) == 0
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
    leave_team(user=pavel, team=pavel.office.supervisors.team, by=None)
    assert access_to(User.objects.get(pk=pavel.pk), [case.pk]) == {}


@pytest.mark.django_db
def test_a_role_taken_away_takes_the_cases_along(case, alena):
    take_role(user=alena, role="case_officer", by=None)
    assert access_to(User.objects.get(pk=alena.pk), [case.pk]) == {}
    assert not visible_cases(User.objects.get(pk=alena.pk)).exists()
