"""Somebody who is already here, in a case that whoever registers them does not see."""

import pytest
from django.urls import reverse

from audit.models import EventCase
from audit.verbs import Verb
from cases.sections import Contact, Identity
from cases.services.exclusions import exclude
from cases.services.intake import register_case
from cases.services.matching import whom_to_ask
from cases.services.new_case import NewCase
from tests.guards import log

pytestmark = pytest.mark.django_db
NUMBER = "MP7654321"
WHOLE = (
    "Снежаньская Вольга 14.02.1991",
    "volha sniezhanskaja 1991-02-14",
    NUMBER,
    "+375 29 765-43-21",
)


def told_since(start):
    return [event for event in log.since(start) if event.verb == Verb.MATCH_TOLD]


@pytest.fixture(autouse=True)
def known(alena):
    """Somebody in a case of Alena's that neither Ihar nor anybody elsewhere sees."""
    identity = Identity(
        second_name="Снежаньская",
        first_name="Вольга",
        birthdate="1991-02-14",
        identity_number=NUMBER,
    )
    contact = Contact(mobile_phone="+375 29 765-43-21")
    return register_case(NewCase(identity=identity, contact=contact), by=alena)


@pytest.mark.parametrize("text", WHOLE)
def test_a_colleague_learns_that_there_is_a_record_and_whom_to_ask(known, ihar, pavel, text):
    start = log.size()
    assert whom_to_ask(text, by=ihar) == [pavel]
    [event] = told_since(start)
    assert log.details(event)["text"] == text
    named = EventCase.objects.filter(seq=event.seq).values_list("case", flat=True)
    assert list(named) == [known.pk]


@pytest.mark.parametrize(
    "text",
    [
        "Снежаньская Вольга",
        "Снежаньская 14.02.1991",
        "Снежаньская Вольга 1991",
        "Снежаньская Вольга 15.02.1991",
        "Сняжанская Вольга 14.02.1991 Петрович",
        "Снежань Вольга 14.02.1991",
        "7654321",
        "MP7654322",
        "43-21",
        "14.02.1991",
        "",
    ],
)
def test_whoever_does_not_know_the_person_learns_nothing(ihar, text):
    start = log.size()
    assert whom_to_ask(text, by=ihar) == []
    assert told_since(start) == []


@pytest.mark.parametrize("who", ["volha", "outsider", "rita", "viktar", "pavel", "alena"])
def test_others_are_told_nothing(request, who):
    by = request.getfixturevalue(who)
    assert whom_to_ask(WHOLE[0], by=by) == []


def test_whoever_is_excluded_learns_nothing_and_is_not_to_be_asked(known, alena, ihar, pavel):
    exclude(known, person=pavel, ground="relative", note="", by=alena)
    assert whom_to_ask(WHOLE[0], by=ihar) == []
    exclude(known, person=ihar, ground="named", note="", by=alena)
    start = log.size()
    assert whom_to_ask(WHOLE[0], by=ihar) == [] and told_since(start) == []


def test_the_page_tells_nothing_of_the_case(known, alena, ihar, pavel, client_for):
    browser, page = client_for(ihar), reverse("cases:search")
    told = browser.post(page, {"q": WHOLE[0]}, follow=True).content.decode()
    assert "There is a record of such a person" in told and str(pavel) in told
    for word in (known.reference, str(known.pk), str(alena), "Active"):
        assert word not in told
    told = browser.post(page, {"q": "Снежаньская"}, follow=True).content.decode()
    assert "There is a record of such a person" not in told
    told = client_for(alena).post(page, {"q": WHOLE[0]}, follow=True).content.decode()
    assert "There is a record of such a person" not in told and known.reference in told


def test_nobody_asks_for_many_people_in_an_hour(ihar, client_for):
    browser, page = client_for(ihar), reverse("cases:search")
    answers = [browser.post(page, {"q": NUMBER}, follow=True).status_code for _one in range(11)]
    assert answers == [200] * 10 + [429]
