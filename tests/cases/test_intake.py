"""Opening cases: everything that belongs to one, all of it or nothing."""

import re
from datetime import date

import pytest
from django.contrib.auth.models import Permission
from django.db import connections

from accounts.models import User
from accounts.roles import CONTENT
from accounts.services import make_office
from audit import verifier
from audit.verbs import Verb
from cases.models import (
    Case,
    CaseTeamGrant,
    CaseUserGrant,
    Consent,
    Person,
    ReferenceCounter,
    SearchChange,
)
from cases.sections import Identity
from cases.services import intake
from cases.services.intake import register_case, register_many
from cases.services.new_case import NewCase
from core.exceptions import NotAllowed, WrongState
from tests.conftest import SENTINELS
from tests.guards import log
from vault.models import DataKey

pytestmark = pytest.mark.django_db


def test_a_case_brings_every_row_it_needs(new_case, alena, office):
    start = log.size()
    case = register_case(new_case, by=alena)
    assert (case.owner, case.office, case.status) == (alena, office, "Active")
    assert Person.objects.filter(case=case, role="Victim").count() == 1
    assert Consent.objects.filter(case=case, recorded_by=alena).count() == 1
    own = CaseUserGrant.objects.get(content_object=case)
    assert (own.user, own.permission.codename, own.reason) == (alena, "write_case", "assignment")
    assert set(own.classes) == CONTENT
    team = CaseTeamGrant.objects.get(content_object=case)
    assert (team.group, team.permission.codename) == (office.supervisors, "read_case")
    assert set(team.classes) == {"identity", "narrative", "financial"}
    assert own.ends > own.starts and team.ends > team.starts
    assert DataKey.objects.filter(scope=case.pk).count() == 1
    assert list(SearchChange.objects.values_list("case", flat=True)) == [case.pk]
    assert log.verbs_since(start) == [
        Verb.CASE_REGISTERED,
        Verb.PERSON_REGISTERED,
        Verb.CONSENT_RECORDED,
        Verb.GRANT_GIVEN,
        Verb.GRANT_GIVEN,
    ]
    assert all(log.told(event)["cases"] == [str(case.pk)] for event in log.since(start))
    for row in (case, *Person.objects.all(), *Consent.objects.all(), own, team):
        assert row.history.filter(id=row.pk).count() == 1
        assert row.revision == 1
    assert verifier.verify().holds


def test_where_nobody_was_asked_for_consent_none_is_recorded(new_case, alena):
    new_case.consent = None
    case = register_case(new_case, by=alena)
    assert not case.consents.exists()


def test_references_are_unique_and_say_nothing_about_anyone(new_case, alena, ihar):
    made = [register_case(new_case, by=by) for by in (alena, ihar, alena)]
    made += register_many([NewCase() for _ in range(5)], office=alena.office, owner=ihar, by=alena)
    references = [case.reference for case in made]
    year = date.today().year
    assert references == [f"BY-{year}-{number:06d}" for number in range(1, 9)]
    assert len(set(references)) == 8
    assert all(re.fullmatch(r"[A-Z]{2}-\d{4}-\d{6}", reference) for reference in references)


def test_each_country_counts_for_itself(new_case, alena, office, person):
    own = office.organisation
    vilnius = make_office(code="LT-VNO", name="Vilnius", country="LT", organisation=own, by=None)
    jonas = person("jonas", "case_officer", at=vilnius)
    year = date.today().year
    references = [register_case(new_case, by=by).reference for by in (alena, jonas, alena)]
    assert references == [f"BY-{year}-000001", f"LT-{year}-000001", f"BY-{year}-000002"]


def test_a_failure_in_the_middle_leaves_nothing(new_case, alena, monkeypatch):
    """Grants come last: cases, people and consents are written by then, and go again."""
    first = register_case(new_case, by=alena)
    start, keys = log.size(), DataKey.objects.count()
    monkeypatch.setattr(intake, "READ", "no_such_case")
    with pytest.raises(Permission.DoesNotExist):
        register_many([new_case] * 3, office=alena.office, owner=alena, by=alena)
    assert list(Case.objects.all()) == [first]
    assert Person.objects.count() == Consent.objects.count() == 1
    assert CaseUserGrant.objects.count() == SearchChange.objects.count() == 1
    assert ReferenceCounter.objects.get().last == 1, "the references were not used up"
    assert log.size() == start
    assert DataKey.objects.count() == keys + 3, "keys without cases open nothing"


def test_an_unknown_fact_is_refused_before_anything_is_written(new_case, alena):
    keys = DataKey.objects.count()
    new_case.facts = {"shoe_size": 38}
    with pytest.raises(TypeError):
        register_case(new_case, by=alena)
    assert not Case.objects.exists()
    assert DataKey.objects.count() == keys


@pytest.mark.parametrize("who", ["volha", "pavel", "rita", "yury", "viktar", "zoya"])
def test_only_a_case_officer_registers(new_case, request, who):
    with pytest.raises(NotAllowed):
        register_case(new_case, by=request.getfixturevalue(who))
    assert not Case.objects.exists()


def test_an_officer_without_an_office_is_told_what_to_do(new_case, person):
    adrift = person("adrift", "case_officer", at=None)
    with pytest.raises(WrongState, match="administrator"):
        register_case(new_case, by=adrift)


def test_an_officer_whose_account_was_closed_registers_nobody(new_case, alena):
    alena.is_active = False
    alena.save()
    with pytest.raises(NotAllowed):
        register_case(new_case, by=User.objects.get(pk=alena.pk))


def test_many_cases_belong_to_whom_they_are_brought_in_for(alena, ihar):
    names = ["Адна", "Другая", "Трэцяя"]
    new = [NewCase(identity=Identity(second_name=name)) for name in names]
    cases = register_many(new, office=alena.office, owner=ihar, by=alena)
    assert {case.owner for case in cases} == {ihar}
    assert {grant.user for grant in CaseUserGrant.objects.all()} == {ihar}
    assert register_many([], office=alena.office, owner=ihar, by=alena) == []


def test_nothing_about_the_person_stands_in_a_database_in_clear(case):
    """Every value of every table of both databases, as the disk holds it."""
    words = [
        *SENTINELS.values(),
        "Ганна",
        "Feminine",
        "ForcedLabour",
        "4010199A001PB1",
        "Red Cross",
    ]
    wanted = [form for word in words for form in (word.encode(), ascii(word).strip("'").encode())]
    values = 0
    for alias in ("default", "keys"):
        connection = connections[alias]
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f'SELECT * FROM "{table}"')
                for row in cursor.fetchall():
                    for value in row:
                        values += 1
                        stored = bytes(value) if _is_bytes(value) else str(value).encode()
                        assert not [word for word in wanted if word in stored], table
    assert values > 500


def _is_bytes(value):
    return isinstance(value, bytes | memoryview)
