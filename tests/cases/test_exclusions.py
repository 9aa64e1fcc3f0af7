"""Conflicts of interest: whoever is excluded sees nothing of a case, whatever access there is."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.services import join_team, make_team
from audit import review, trail
from audit.models import ReviewItem
from audit.verbs import WEIGHTY, Verb
from cases import door
from cases.access import access_to, kept_out, principals_of, visible_cases
from cases.explained import told
from cases.explaining import explain, explain_all, explain_day
from cases.models import Exclusion
from cases.search.live import live_index
from cases.sections import ExclusionGrounds
from cases.services.exclusions import end_exclusion, exclude
from cases.services.glass import restricted_case
from cases.services.grants import give_grant
from core.exceptions import BadInput, NotAllowed, WrongState
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db
AUNT = "His aunt Ядвіга"


def _exclude(case, person, by, ground="relative"):
    return exclude(case, person=person, ground=ground, note=AUNT, by=by)


@pytest.fixture
def team(ihar, volha):
    night = make_team(name="Night duty", by=None)
    join_team(user=ihar, team=night, by=None)
    join_team(user=volha, team=night, by=None)
    return night


def test_an_exclusion_wins_over_grants_to_the_person_and_to_the_team(
    case, alena, ihar, volha, team, share, client_for
):
    share(ihar, "identity")
    share(team, "identity")
    browser = client_for(ihar)
    page = reverse("cases:detail", args=[case.reference])
    assert browser.get(page).status_code == 200
    _exclude(case, ihar, alena)
    answers = [browser.get(page), browser.get(reverse("cases:list")), browser.get(reverse("home"))]
    assert answers[0].status_code == 404
    for answer in answers:
        assert case.reference not in answer.content.decode()
        assert SENTINELS["identity"] not in answer.content.decode()
    assert access_to(ihar, [case.pk]) == {} and not visible_cases(ihar).exists()
    assert not ihar.has_perm("cases.read_case", case)
    assert case.pk in access_to(volha, [case.pk]), "the others of the team see it as before"


def test_search_finds_nothing_for_whoever_is_excluded(case, alena, ihar, share):
    share(ihar, "identity")
    assert live_index.find(SENTINELS["identity"], by=ihar) == [case.pk]
    exclusion = _exclude(case, ihar, alena)
    assert live_index.find(SENTINELS["identity"], by=ihar) == []
    # Not by the check behind the index alone: the index leaves the case out.
    index = live_index._up_to_date()
    asked = (SENTINELS["identity"], principals_of(ihar))
    assert [hit.case_id for hit in index.search(*asked)] == [case.pk]
    assert index.search(*asked, without=kept_out(ihar)) == []
    end_exclusion(exclusion, note="Another family", by=alena)
    assert live_index.find(SENTINELS["identity"], by=ihar) == [case.pk]


def test_it_keeps_out_the_officer_and_the_supervisor_themselves(case, alena, pavel, iryna):
    _exclude(case, alena, pavel)
    assert access_to(alena, [case.pk]) == {}
    with pytest.raises(NotAllowed):  # somebody else ends it
        end_exclusion(Exclusion.objects.get(user=alena), note="No", by=alena)
    assert access_to(pavel, [case.pk])


def test_whoever_is_excluded_breaks_no_glass(case, alena, ihar):
    assert restricted_case(ihar, case.reference) == case
    _exclude(case, ihar, alena)
    assert restricted_case(ihar, case.reference) is None


@pytest.mark.parametrize("who", ["ihar", "iryna", "volha", "viktar", "rita", "zoya"])
def test_only_the_officer_and_supervisors_of_the_case_exclude(case, alena, share, request, who):
    person = request.getfixturevalue(who)
    if who == "volha":
        share(person, "psychological")
    with pytest.raises(NotAllowed):
        _exclude(case, alena, person)
    exclusion = _exclude(case, person, alena)
    with pytest.raises(NotAllowed):
        end_exclusion(exclusion, note="So", by=person)


def test_the_event_is_weighty_and_tells_no_reason_in_clear(case, alena, ihar):
    start = log.size()
    exclusion = _exclude(case, ihar, alena, ground="former_partner")
    [event] = log.since(start)
    assert (event.verb, event.actor, event.object) == (
        Verb.PERSON_EXCLUDED,
        alena.pk,
        exclusion.pk,
    )
    assert {Verb.PERSON_EXCLUDED, Verb.EXCLUSION_ENDED} <= WEIGHTY
    assert "partner" not in str(log.told(event)) and AUNT not in str(log.told(event))
    [sections] = door.open_rows([exclusion], by=alena)
    grounds = ExclusionGrounds(excluded_as="former_partner", excluded_because=AUNT)
    assert sections["grounds"] == grounds
    assert AUNT.encode() not in bytes(exclusion.grounds_sealed)


def test_wrong_steps_are_refused(case, alena, ihar):
    with pytest.raises(BadInput):
        _exclude(case, ihar, alena, ground="dislike")
    exclusion = _exclude(case, ihar, alena)
    with pytest.raises(WrongState):
        _exclude(case, ihar, alena)
    with pytest.raises(BadInput):
        end_exclusion(exclusion, note="  ", by=alena)
    end_exclusion(exclusion, note="Mistaken", by=alena)
    with pytest.raises(WrongState):
        end_exclusion(exclusion, note="Again", by=alena)
    assert _exclude(case, ihar, alena).pk != exclusion.pk
    with pytest.raises(IntegrityError), transaction.atomic():
        trail.save(Exclusion(case=case, user=ihar), verb=Verb.PERSON_EXCLUDED, by=alena)


def test_nobody_who_is_excluded_is_given_access(case, alena, ihar, share):
    _exclude(case, ihar, alena)
    with pytest.raises(BadInput):
        share(ihar, "identity")


def test_the_case_says_in_words_who_is_excluded_and_since_when(
    case, alena, ihar, share, time_machine
):
    share(ihar, "identity")
    exclusion = _exclude(case, ihar, alena)
    explanation = explain(case, ihar)
    assert explanation.access is None
    [sentence] = told(explanation).cannot
    assert "Ihar cannot see this case: excluded by Alena" in sentence
    assert ihar in [one.person for one in explain_all(case)]
    time_machine.move_to(timezone.now() + timedelta(days=1))
    end_exclusion(exclusion, note="Mistaken", by=alena)
    ihar.refresh_from_db()
    assert explain(case, ihar).access is not None
    assert explain(case, ihar, at=exclusion.since + timedelta(hours=1)).access is None
    spells = explain_day(case, timezone.localdate(), person=ihar)[0]
    assert [spell.explanation.access is None for spell in spells] == [True, False]


def test_what_supervisors_do_about_supervisors_is_for_the_auditor(case, alena, ihar, pavel, rita):
    _exclude(case, ihar, alena)
    _exclude(case, pavel, alena)
    review.look_through_log()
    offices = {item.office for item in ReviewItem.objects.filter(rule="exclusion")}
    assert offices == {alena.office_id, None}
    assert [i.rule for i in review.queue_of(rita) if i.rule != "machine"] == ["exclusion"]


def test_the_page_excludes_and_ends(case, alena, ihar, client_for):
    browser, page = client_for(alena), reverse("cases:conflicts", args=[case.reference])
    form = {"person": str(ihar.pk), "ground": "named", "note": AUNT}
    assert browser.post(page, form | {"person": str(case.pk)}).status_code == 422
    assert browser.post(page, form).status_code == 302
    shown = browser.get(page).content.decode()
    assert "Ihar" in shown and AUNT in shown and "Is named in the case" in shown
    row = Exclusion.objects.get()
    end = reverse("cases:end_conflict", args=[case.reference, row.pk])
    browser.post(end, {"note": ""})
    assert Exclusion.objects.at(timezone.now()).exists()
    browser.post(end, {"note": "Another family"})
    assert not Exclusion.objects.at(timezone.now()).exists()


def test_an_exclusion_of_another_case_is_not_ended_from_here(
    case, alena, ihar, new_case, client_for
):
    from cases.services.intake import register_case

    other = register_case(new_case, by=ihar)
    row = _exclude(other, alena, ihar)
    end = reverse("cases:end_conflict", args=[case.reference, row.pk])
    assert client_for(alena).post(end, {"note": "x"}).status_code == 404
    assert Exclusion.objects.at(timezone.now()).exists()


def test_a_supervisor_without_the_class_is_not_told_why(case, alena, ihar, share, person):
    """The reason is narrative: it is opened within the reader's own classes."""
    reader = person("reader", "psychological")
    give_grant(
        case,
        to=reader,
        classes=["psychological"],
        may_write=False,
        ends=timezone.now() + timedelta(days=1),
        reason="treatment",
        by=alena,
    )
    exclusion = _exclude(case, ihar, alena)
    [sections] = door.open_rows([exclusion], by=reader)
    assert sections == {}
