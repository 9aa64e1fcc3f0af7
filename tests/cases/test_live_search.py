"""Searching while people work: the index follows each change, and finds within permissions only."""

from datetime import timedelta

import pytest
from django.utils import timezone
from msgspec.structs import replace

from accounts.models import User
from audit.verbs import Verb
from cases import door
from cases.search.live import live_index
from cases.sections import Contact, Identity
from cases.selectors import victim_of
from cases.services.casework import change_person
from cases.services.grants import revoke_grant
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from tests.conftest import SENTINELS
from tests.guards import log
from vault.models import DataKey, KeyStore

pytestmark = pytest.mark.django_db


def _change(case, by, section, **fields):
    person = victim_of(case)
    [before] = door.open_rows([person], by=by)
    after = {section: replace(before[section], **fields)}
    change_person(person, before=before, after=after, revision=person.revision, by=by)


@pytest.mark.parametrize(
    "query",
    [
        "Снежаньская",
        "Снежаньская Ганна",
        "Snezhanskaya",
        "Sniežańskaja Hanna",
        "СНЕЖАНСКАЯ",
        "4010199A001PB1",
        "001PB1",
        SENTINELS["contact"],
        "8 029 000-11-22",
    ],
)
def test_a_person_is_found_in_either_script_and_by_number(case, alena, query):
    assert live_index.find(query, by=alena) == [case.pk]


@pytest.mark.parametrize("who", ["ihar", "iryna", "volha", "rita", "yury", "viktar", "zoya"])
def test_a_stranger_finds_nothing(case, alena, request, who):
    stranger = request.getfixturevalue(who)
    assert live_index.find("Снежаньская", by=stranger) == []
    assert live_index.find("Снежаньская", by=alena) == [case.pk]


def test_the_supervisor_of_the_office_finds(case, pavel):
    assert live_index.find("Snezhanskaya", by=pavel) == [case.pk]


def test_each_finds_the_own_cases_of_one_name(case, new_case, alena, ihar, pavel):
    live_index.find("Снежаньская", by=alena)
    second = register_case(new_case, by=ihar)
    assert live_index.find("Снежаньская", by=alena) == [case.pk]
    assert live_index.find("Снежаньская", by=ihar) == [second.pk]
    assert set(live_index.find("Снежаньская", by=pavel)) == {case.pk, second.pk}


def test_a_grant_lets_find_and_its_end_does_not(case, alena, ihar, share):
    assert live_index.find("Снежаньская", by=ihar) == []
    grant = share(ihar, "identity")
    assert live_index.find("Снежаньская", by=ihar) == [case.pk]
    revoke_grant(grant, by=alena)
    assert live_index.find("Снежаньская", by=ihar) == []
    assert live_index.find("Снежаньская", by=alena) == [case.pk]


def test_a_grant_that_ran_out_finds_nothing_though_nothing_changed(case, ihar, share, time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    share(ihar, "identity", days=1)
    assert live_index.find("Снежаньская", by=ihar) == [case.pk]
    time_machine.move_to(now + timedelta(days=1), tick=False)
    assert live_index.find("Снежаньская", by=ihar) == []


def test_a_closed_account_finds_nothing(case, alena):
    assert live_index.find("Снежаньская", by=alena) == [case.pk]
    alena.is_active = False
    alena.save()
    assert live_index.find("Снежаньская", by=User.objects.get(pk=alena.pk)) == []


def test_a_changed_name_is_found_and_the_old_one_is_not(case, alena):
    assert live_index.find("Снежаньская", by=alena) == [case.pk]
    _change(case, alena, "identity", second_name="Вербицкая")
    assert live_index.find("Verbitskaya", by=alena) == [case.pk]
    assert live_index.find("Снежаньская", by=alena) == []


def test_a_changed_number_is_found_and_the_old_one_is_not(case, alena):
    assert live_index.find(SENTINELS["contact"], by=alena) == [case.pk]
    _change(case, alena, "contact", mobile_phone="+375447654321")
    assert live_index.find("8 044 765-43-21", by=alena) == [case.pk]
    assert live_index.find(SENTINELS["contact"], by=alena) == []
    assert live_index.find("Снежаньская", by=alena) == [case.pk]


def test_an_erased_case_is_found_no_more(case, alena):
    assert live_index.find("Снежаньская", by=alena) == [case.pk]
    DataKey.objects.filter(scope=case.pk).delete()
    store = KeyStore.objects.get(id=1)
    store.generation += 1
    store.save()
    live_index.forget()
    assert live_index.find("Снежаньская", by=alena) == []


def test_many_changes_are_caught_up_with(case, alena, monkeypatch):
    monkeypatch.setattr("cases.search.live.BATCH", 3)
    live_index.find("Снежаньская", by=alena)
    made = [
        register_case(
            NewCase(
                identity=Identity(second_name="Вербицкая", first_name=name),
                contact=Contact(mobile_phone=f"+37529000000{number}"),
            ),
            by=alena,
        ).pk
        for number, name in enumerate(["Анна", "Ольга", "Ирина", "Вера", "Дарья", "Юлия", "Яна"])
    ]
    assert set(live_index.find("Вербицкая", by=alena)) == set(made)


def test_catching_up_is_recorded_and_a_search_without_changes_reads_nothing(case, alena):
    start = log.size()
    live_index.find("Снежаньская", by=alena)
    [built] = log.since(start)
    assert (built.verb, built.actor) == (Verb.SEARCH_INDEX_BUILT, None)
    live_index.find("Снежаньская", by=alena)
    assert log.size() == start + 1


def test_the_page_finds_records_the_search_and_keeps_its_text_sealed(case, alena, ihar, client_for):
    for user, found in ((alena, True), (ihar, False)):
        start = log.size()
        response = client_for(user).post("/cases/search/", {"q": "Snezhanskaya"}, follow=True)
        assert (SENTINELS["identity"] in response.content.decode()) == found
        event = next(one for one in log.since(start) if one.verb == Verb.CASE_SEARCHED)
        told = log.told(event)
        assert told["cases"] == ([str(case.pk)] if found else [])
        assert "sealed" in told and "Snezhanskaya" not in str(told)
    assert response.redirect_chain == [("/cases/search/", 302)]  # no text in an address


def test_a_reference_leads_to_the_case_for_those_who_see_it(case, alena, outsider, client_for):
    answer = client_for(alena).post("/cases/search/", {"q": f" {case.reference.lower()} "})
    assert answer.headers["Location"] == f"/cases/{case.reference}/"
    start = log.size()
    answer = client_for(outsider).post("/cases/search/", {"q": case.reference}, follow=True)
    assert answer.status_code == 200
    assert f'href="/cases/{case.reference}/"' not in answer.content.decode()
    event = next(one for one in log.since(start) if one.verb == Verb.CASE_SEARCHED)
    assert log.told(event)["cases"] == []
