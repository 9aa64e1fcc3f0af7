"""The stages of a case: the table, moving along it, and what the page offers."""

import pytest
from django.urls import reverse

from cases.models import Case, CaseStatus, Stage
from cases.services import casework
from cases.services.grants import revoke_grant
from cases.stages import STAGES, moves_of, stage_of
from core.exceptions import Conflict, NotAllowed, WrongState
from tests.guards import log

pytestmark = pytest.mark.django_db


def move(case, *stages, by):
    for stage in stages:
        now = Case.objects.get(pk=case.pk)
        case = casework.move_case(now, Stage(stage), before=stage_of(now), by=by)
    return case


def test_every_stage_stands_in_the_table_and_each_is_reached_from_the_first():
    assert list(STAGES) == list(Stage)
    reached, ahead = set(), [Stage.IDENTIFICATION]
    while ahead:
        stage = ahead.pop()
        if stage not in reached:
            reached.add(stage)
            ahead += STAGES[stage].leads_to
    assert reached == set(Stage)
    assert all(stage not in step.leads_to for stage, step in STAGES.items())


def test_a_case_begins_with_identification_and_is_moved_on(case, alena):
    assert (stage_of(case), case.stage_since) == (Stage.IDENTIFICATION, case.opened_on)
    start = log.size()
    moved = move(case, "assessment", "reintegration", "follow_up", by=alena)
    stored = Case.objects.get(pk=moved.pk)
    assert (stored.stage, stored.status) == ("follow_up", CaseStatus.FOLLOW_UP)
    assert log.verbs_since(start) == ["stage_changed"] * 3
    assert move(case, "assistance", by=alena).status == CaseStatus.ACTIVE


def test_what_the_table_does_not_know_is_refused(case, alena):
    for stage in ("reintegration", "closed", "identification"):
        with pytest.raises(WrongState):
            move(case, stage, by=alena)
    assert Case.objects.get(pk=case.pk).stage == "identification"


def test_who_moves_a_case(case, alena, pavel, ihar, share):
    for user in (pavel, ihar):
        with pytest.raises(NotAllowed):
            move(case, "assessment", by=user)
    grant = share(ihar, "narrative", may_write=False)
    with pytest.raises(NotAllowed):
        move(case, "assessment", by=ihar)
    revoke_grant(grant, by=alena)
    share(ihar, "narrative")
    assert move(case, "assessment", by=ihar).stage == "assessment"


def test_two_who_move_it_at_once(case, alena):
    move(case, "assessment", by=alena)
    with pytest.raises(Conflict):
        casework.move_case(case, Stage.ASSESSMENT, before="identification", by=alena)


def test_a_case_of_before_there_were_stages(case):
    case.stage = None
    assert stage_of(case) is Stage.ASSISTANCE
    case.status = CaseStatus.FOLLOW_UP
    assert stage_of(case) is Stage.FOLLOW_UP
    case.status = CaseStatus.CLOSED_REFERRED
    assert stage_of(case) is Stage.CLOSED and moves_of(case) == []


def test_moving_it_on_the_page_of_the_case(case, alena, pavel, client_for):
    browser = client_for(alena)
    url = reverse("cases:detail", args=[case.reference])
    page = browser.get(url).content.decode()
    assert 'name="stage" value="assessment"' in page and 'value="assistance"' not in page
    sent = {"stage": "assessment", "before": "identification"}
    answer = browser.post(reverse("cases:move", args=[case.reference]), sent, follow=True)
    assert "Assess the risk and the needs" in answer.content.decode()
    assert 'name="stage"' not in client_for(pavel).get(url).content.decode()
    wrong = browser.post(reverse("cases:move", args=[case.reference]), {"stage": "Closed"})
    assert wrong.status_code == 400
