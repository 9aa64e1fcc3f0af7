"""The support plan: agreed with the person as it stands, approved by a second person, and followed."""

import re
from html import unescape

import msgspec
import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from assistance.models import PlanAgreement, SupportPlan
from assistance.plans.agreements import AGREEMENT, mark_of, record_agreement
from assistance.plans.goals import SUPPORT_PLAN
from assistance.sections import (
    AgreementContent,
    MedicalAssistance,
    ReintegrationAssistance,
    SupportPlanContent,
)
from assistance.services import record_assistance
from audit import guards, trail
from audit.verbs import Verb
from cases import door
from cases.approvals import approve
from cases.due import Show, due_for
from cases.models import Approval
from cases.services import renewal
from cases.services.casework import change_entry, record_entry
from core.exceptions import Conflict, NotAllowed, WrongState
from tests.cases.made_files import a_file
from tests.guards import log

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
WRITTEN = {"agreed_on": TODAY.isoformat(), "form": "written"}
HOUSING = SupportPlanContent(plan_type="SocialCare", objectives="A room of her own")


@pytest.fixture
def goal(case, alena):
    return record_entry(case, SUPPORT_PLAN, HOUSING, by=alena)


@pytest.fixture
def file(case):
    return reverse("cases:detail", args=[case.reference])


@pytest.fixture
def address(case):
    return reverse("assistance:agree", args=[case.reference])


def page_of(answer):
    return unescape(answer.content.decode())


def part_of(answer):
    """The words of the support plan on the page of the case."""
    parts = re.findall(r'<section class="app-section">.*?</section>', page_of(answer), re.S)
    [part] = [one for one in parts if ">Support plan</h2>" in one]
    return " ".join(re.sub(r"<[^>]*>", " ", part).split())


def agree(case, by, **fields):
    content = AgreementContent(agreed_on=TODAY, form="written", **fields)
    shown = mark_of(SupportPlan.objects.filter(case=case))
    return record_agreement(case, content, shown=shown, by=by)


def change(goal, by, **fields):
    row = SupportPlan.objects.get(pk=goal.pk)
    before = door.open_rows([row], by=by)[0]["content"]
    after = msgspec.structs.replace(before, **fields)
    change_entry(row, SUPPORT_PLAN, after, before=before, revision=row.revision, by=by)


def send(browser, address, **fields):
    shown = re.findall(r'name="shown" value="(\w+)"', page_of(browser.get(address)))[0]
    return browser.post(address, WRITTEN | {"shown": shown} | fields, follow=True)


# --- The person agrees ----------------------------------------------------------------
def test_an_agreement_is_of_every_goal_as_it_stands(case, goal, alena, client_for, file, address):
    second = record_entry(case, SUPPORT_PLAN, HOUSING, by=alena)
    browser = client_for(alena)
    assert "Not agreed yet" in part_of(browser.get(file))
    assert "A room of her own" in page_of(browser.get(address)), "it is read out before"
    start = log.size()
    saved = send(browser, address, wants_otherwise="To live near my sister")
    assert Verb.PLAN_AGREED in log.verbs_since(start)
    told = part_of(saved)
    assert "Agreed with the person on" in told and "In writing" in told
    assert "To live near my sister" in told and "Changed since" not in told
    [row] = PlanAgreement.objects.all()
    content = door.open_rows([row], by=alena)[0]["content"]
    named = sorted(one.split()[:2] for one in content.agreed_goals)
    assert named == sorted([[str(goal.pk), "1"], [str(second.pk), "1"]])


def test_a_later_change_shows(case, goal, alena, client_for, file):
    agree(case, alena)
    browser = client_for(alena)
    change(goal, alena, action_plan="We look for a room")
    told = part_of(browser.get(file))
    assert "Changed since the person agreed on" in told and "Agreed with" not in told
    assert "As agreed Now Social Care: Steps" in told and "What changed since" in told
    agree(case, alena)
    assert "Agreed with the person on" in part_of(browser.get(file))
    record_entry(case, SUPPORT_PLAN, HOUSING, by=alena)
    told = part_of(browser.get(file))
    assert "Changed since the person agreed on" in told and "New since the person agreed" in told
    assert "Social Care: Steps" not in told, "that is what was agreed now"


def test_how_far_a_goal_is_changes_nothing_of_what_was_agreed(case, goal, alena, client_for, file):
    agree(case, alena)
    start = log.size()
    change(goal, alena, progress="reached", actual_end_date=TODAY)
    assert Verb.PLAN_FOLLOWED in log.verbs_since(start)
    told = part_of(client_for(alena).get(file))
    assert "Agreed with the person on" in told and "Reached" in told
    # With anything else in the same change, it is another plan.
    start = log.size()
    change(goal, alena, progress="under_way", actual_end_date=None, responsible="Her sister")
    assert Verb.PLAN_CHANGED in log.verbs_since(start)
    assert "Changed since the person agreed" in part_of(client_for(alena).get(file))
    # And what follows does not take that back.
    change(goal, alena, progress="given_up", actual_end_date=TODAY)
    assert "Changed since the person agreed" in part_of(client_for(alena).get(file))


def test_a_plan_that_changed_while_it_was_read_out_is_not_agreed(
    case, goal, alena, client_for, address
):
    browser = client_for(alena)
    shown = re.findall(r'name="shown" value="(\w+)"', page_of(browser.get(address)))[0]
    change(goal, alena, objectives="A room in another town")
    for seen in (shown, "", "0" * 64):
        answer = browser.post(address, WRITTEN | {"shown": seen, "wants_otherwise": "<Kept>"})
        assert answer.status_code == 422 and "changed while you were writing" in page_of(answer)
        assert "<Kept>" in page_of(answer) and "A room in another town" in page_of(answer)
    assert not PlanAgreement.objects.exists()
    with pytest.raises(Conflict):
        record_agreement(case, AgreementContent(agreed_on=TODAY), shown=shown, by=alena)


@pytest.mark.parametrize(
    "fields",
    [
        {"agreed_on": ""},
        {"agreed_on": "2999-01-01"},
        {"form": ""},
        {"form": "verbal_certified"},  # in whose presence?
        {"guardian": "Her aunt"},  # and the child?
        {"signed_file": "00000000-0000-0000-0000-000000000000"},
    ],
)
@pytest.mark.usefixtures("own_files")
def test_an_agreement_that_says_too_little_is_refused(
    case, goal, alena, client_for, address, fields
):
    a_file(case, alena, cls="narrative")
    answer = send(client_for(alena), address, wants_otherwise="<Kept>", **fields)
    assert answer.status_code == 422 and "<Kept>" in page_of(answer)
    assert not PlanAgreement.objects.exists()


def test_a_child_and_who_was_there_are_told(goal, alena, client_for, address):
    given = {
        "form": "verbal_certified",
        "witness": "The interpreter",
        "guardian": "Her aunt",
        "childs_view": "To go to school",
        "language": "ru",
        "interpreter": "M. Tlumach",
    }
    told = part_of(send(client_for(alena), address, **given))
    for words in ("The interpreter", "Her aunt", "To go to school", "Russian", "M. Tlumach"):
        assert words in told


@pytest.mark.usefixtures("own_files")
def test_the_signed_paper_is_a_file_of_the_same_part(case, goal, alena, client_for, address):
    paper = a_file(case, alena, "signed-plan.png", cls="narrative")
    other = a_file(case, alena, "x-ray.png", cls="medical")
    browser = client_for(alena)
    form = page_of(browser.get(address))
    assert "signed-plan" in form and "x-ray" not in form
    assert send(browser, address, signed_file=str(other.pk)).status_code == 422
    saved = send(browser, address, signed_file=str(paper.pk))
    link = reverse("cases:file", args=[case.reference, paper.pk])
    assert f'href="{link}"' in page_of(saved) and "Signed paper" in part_of(saved)


def test_without_a_goal_there_is_nothing_to_agree_to(case, alena, client_for, file, address):
    browser = client_for(alena)
    assert address not in page_of(browser.get(file))
    assert browser.get(address).status_code == 409
    with pytest.raises(WrongState):
        agree(case, alena)


def test_who_does_not_read_the_narrative_learns_of_no_agreement(
    case, goal, alena, volha, person, share, client_for, file, address
):
    reader = person("reader", "case_officer")
    share(volha, "psychological", "identity")
    share(reader, "narrative", may_write=False)
    agree(case, alena, wants_otherwise="To live near my sister")
    assert "Support plan" not in page_of(client_for(volha).get(file))
    assert "near my sister" in part_of(client_for(reader).get(file))
    assert address not in page_of(client_for(reader).get(file))
    assert client_for(reader).post(address, WRITTEN).status_code == 403
    assert client_for(volha).get(address).status_code == 403
    with pytest.raises(NotAllowed):
        agree(case, reader)


def test_an_agreement_stays_as_it_was_written(case, goal, alena):
    row = agree(case, alena)
    with pytest.raises(WrongState):
        change_entry(
            row, AGREEMENT, AgreementContent(), before=AgreementContent(), revision=1, by=alena
        )
    row.put("content", AgreementContent(agreed_on=TODAY))
    with pytest.raises(DatabaseError), transaction.atomic():
        trail.save(row, verb=Verb.PLAN_AGREED, by=alena)


def test_a_goal_that_was_changed_behind_the_back_is_told(
    case, goal, alena, pavel, client_for, file
):
    agree(case, alena)
    guards.remove()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE assistance_supportplan SET recorded_on = '2020-01-01'")
    guards.install()
    assert "Not what was agreed" in part_of(client_for(alena).get(file))
    with pytest.raises(WrongState):
        approve(PlanAgreement.objects.get(), revision=1, by=pavel)


def test_a_new_key_leaves_agreement_and_approval_standing(
    case, goal, alena, pavel, client_for, file
):
    row = agree(case, alena)
    approve(row, revision=1, by=pavel)
    assert renewal.renew_case(case.pk, by=None) == []
    told = part_of(client_for(alena).get(file))
    assert "Agreed with the person on" in told and "Approved by Pavel on" in told


# --- A second person approves ---------------------------------------------------------
def test_a_supervisor_approves_the_plan_in_two_clicks(case, goal, alena, pavel, client_for, file):
    agree(case, alena)
    browser = client_for(pavel)
    assert "Not approved" in part_of(browser.get(file))  # 1: the case
    page = page_of(browser.get(file))
    names = re.findall(r'name="(type|row|revision)" value="([^"]*)"', page)
    approving = reverse("cases:approve", args=[case.reference])
    told = part_of(browser.post(approving, dict(names), follow=True))  # 2: approve
    assert "Approved by Pavel on" in told
    assert "Approve as it stands" not in told
    change(goal, alena, objectives="A flat")
    told = part_of(browser.get(file))
    assert "Changed since approval" in told and "Changed since the person agreed" in told
    assert "Approve as it stands" not in told, "the person is asked first"
    assert "A room of her own" in told and told.count("What changed since") == 1


def test_only_what_the_person_agreed_to_is_approved(case, goal, alena, pavel):
    first = agree(case, alena)
    change(goal, alena, objectives="A flat")
    with pytest.raises(WrongState):
        approve(first, revision=1, by=pavel)
    second = agree(case, alena)
    with pytest.raises(WrongState):  # another one was recorded since
        approve(first, revision=1, by=pavel)
    assert not Approval.objects.exists()
    approve(second, revision=1, by=pavel)
    assert Approval.objects.get().object == second.pk


def test_whoever_wrote_a_goal_does_not_approve_the_plan(
    case, goal, alena, person, share, client_for, file
):
    both = person("both", "case_officer", "supervisor")
    share(both, "narrative", "identity")
    change(goal, both, progress="under_way")  # says nothing else than before
    row = agree(case, alena)
    assert "Approve as it stands" in part_of(client_for(both).get(file))
    change(goal, both, objectives="A flat")
    row = agree(case, alena)
    told = part_of(client_for(both).get(file))
    assert "Approve as it stands" not in told and "somebody else has to approve it" in told
    assert [one.kind for one in due_for(both)[Show.WAITING]] == []
    with pytest.raises(NotAllowed):
        approve(row, revision=1, by=both)
    with pytest.raises(NotAllowed):
        approve(agree(case, both), revision=1, by=both)


def test_a_plan_waits_for_the_supervisor_until_it_is_approved_or_changed(
    case, goal, alena, pavel, iryna, person, share, other_office
):
    def waits(user):
        return [one.kind for one in due_for(user)[Show.WAITING]]

    blind = person("blind", "supervisor", "psychological", at=other_office)
    share(blind, "psychological", "identity")
    row = agree(case, alena)
    assert waits(pavel) == ["plan"]
    assert [waits(user) for user in (alena, iryna, blind)] == [[], [], []]
    change(goal, alena, progress="under_way")
    assert waits(pavel) == ["plan"]
    change(goal, alena, objectives="A flat")
    assert waits(pavel) == []
    row = agree(case, alena)
    assert waits(pavel) == ["plan"]
    approve(row, revision=1, by=pavel)
    assert waits(pavel) == []


# --- What serves a goal ---------------------------------------------------------------
def test_a_goal_tells_its_progress_and_what_serves_it(
    case, goal, alena, ihar, share, client_for, file
):
    change(goal, alena, progress="under_way", responsible="Her officer")
    contents = [
        ("planned", ReintegrationAssistance(type="business_grant", provider="Workshop 7")),
        ("delivered", ReintegrationAssistance(type="business_grant")),
        ("planned", MedicalAssistance(diagnosis="Fracture", provider="Clinic 9")),
    ]
    for status, content in contents:
        content = msgspec.structs.replace(content, goal=str(goal.pk))
        record_assistance(case, content=content, status=status, starts_on=TODAY, by=alena)
    told = part_of(client_for(alena).get(file))
    assert "Under way" in told and "Her officer" in told
    assert "Planned 2 , Delivered 1" in told
    assert "Workshop 7" in told and "Clinic 9" in told
    share(ihar, "narrative", "identity")
    told = part_of(client_for(ihar).get(file))
    assert "Planned 1 , Delivered 1" in told and "Clinic 9" not in told


@pytest.mark.parametrize(
    "fields",
    [
        {"progress": "reached"},
        {"progress": "under_way", "actual_end_date": TODAY.isoformat()},
        {"progress": "finished"},
    ],
)
def test_a_goal_that_ended_has_its_day(case, alena, client_for, fields):
    address = reverse("cases:add_entry", args=[case.reference, "plan"])
    typed = {"plan_type": "Health", "objectives": "<Kept>"} | fields
    answer = client_for(alena).post(address, typed)
    assert answer.status_code == 422 and "<Kept>" in page_of(answer)
    assert not SupportPlan.objects.exists()
