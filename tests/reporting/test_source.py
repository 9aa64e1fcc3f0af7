"""Who counts: an unreadable, erased, test, decoy or double case never does; nothing waits to count."""

import pytest
from django.utils import timezone

from assistance.sections import MedicalAssistance, SupportPlanContent
from assistance.services import record_assistance
from audit.verbs import Verb
from cases import approvals
from cases.entries import ENTRY_KINDS
from cases.models import Case
from cases.sections import CaseSummary
from cases.services import casework, erasure, retention
from cases.services.intake import register_case
from reporting import services, source
from tests.audit.test_verifier import without_guards
from tests.cases.closed import ask_closure
from tests.guards import log
from tests.reporting.test_services import register

pytestmark = pytest.mark.django_db


def counted(by, damaged=None):
    rows = source.persons(by=by, verb=Verb.STATISTICS_FROZEN, damaged=damaged)
    return {row.person: row for row in rows}


def facts_of(case, by):
    return counted(by)[case.pk].facts


def damage(row, section="facts"):
    """Change one bit of a sealed section in the database, past all guards."""
    column = f"{section}_sealed"
    blob = bytearray(getattr(type(row).objects.get(pk=row.pk), column))
    blob[-20] ^= 1
    without_guards()
    type(row).objects.filter(pk=row.pk).update(**{column: bytes(blob)})


# --- Who does not count ---------------------------------------------------------------
def test_a_test_case_does_not_count(case, new_case, alena, yury):
    assert set(counted(yury)) == {case.pk}
    other = register_case(new_case, by=alena)
    without_guards()
    Case.objects.filter(pk=other.pk).update(is_test=True)
    assert set(counted(yury)) == {case.pk}


def test_an_erased_case_does_not_count(case, new_case, alena, pavel, yury):
    other = register_case(new_case, by=alena)
    asked = erasure.ask_for_erasure(other, reason="person_asked", note="Her wish", by=alena)
    assert set(counted(yury)) == {case.pk, other.pk}
    erasure.approve_erasure(asked, note="Agreed", by=pavel)
    assert set(counted(yury)) == {case.pk}


def test_a_case_that_does_not_open_is_left_out_and_named_to_the_auditor(
    case, new_case, alena, yury
):
    other = register_case(new_case, by=alena)
    damage(other)
    start, damaged = log.size(), set()
    assert set(counted(yury, damaged)) == {case.pk}
    assert damaged == {other.pk}
    last = log.since(start)[-1]
    assert (last.verb, log.told(last)["reason"]) == (Verb.REFUSED, "damaged")
    assert log.told(last)["cases"] == [str(other.pk)]


def test_a_case_whose_assistance_does_not_open_is_left_out_too(case, new_case, alena, yury):
    other = register_case(new_case, by=alena)
    row = record_assistance(
        other,
        content=MedicalAssistance(diagnosis="None"),
        status="delivered",
        starts_on=timezone.localdate(),
        by=alena,
    )
    assert set(counted(yury)[other.pk].kinds) == {"medical"}
    damage(row)
    assert set(counted(yury)) == {case.pk}


def test_a_snapshot_goes_on_and_tells_how_many_are_damaged(alena, yury, case):
    register(alena, 30)
    damage(case)
    taken = services.take_snapshot(by=yury)
    assert taken.damaged == 1
    assert taken.persons is not None


def test_planned_and_cancelled_assistance_was_not_received(case, alena, yury):
    for status in ("planned", "cancelled"):
        record_assistance(
            case,
            content=MedicalAssistance(diagnosis="None"),
            status=status,
            starts_on=timezone.localdate(),
            by=alena,
        )
    assert not counted(yury)[case.pk].kinds


# --- What is derived where the case changes ---------------------------------------------
def test_the_outcome_waits_for_the_second_person(case, alena, pavel, yury):
    goals = [SupportPlanContent(plan_type="Health", progress=p) for p in ("reached", "under_way")]
    for goal in goals:
        casework.record_entry(case, ENTRY_KINDS["plan"], goal, by=alena)
    closure = ask_closure(case, closed_on=timezone.localdate(), by=alena)
    assert facts_of(case, yury).outcome == "Open"
    approvals.approve(closure, revision=1, by=pavel)
    assert facts_of(case, yury).outcome == "PartlyReached"
    retention.reopen_case(Case.objects.get(pk=case.pk), note="Back", by=alena)
    assert facts_of(case, yury).outcome == "Open"


def test_the_source_follows_who_referred_the_person(case, new_case, alena, yury, office):
    whose = office.organisation
    assert facts_of(case, yury).referral_source == "OtherBody"  # the Red Cross, which is not listed
    before = new_case.summary
    after = CaseSummary(referring_organisation=whose.name.upper())
    casework.change_summary(case, after, before=before, revision=1, by=alena)
    assert facts_of(case, yury).referral_source == whose.kind
    case.refresh_from_db()
    casework.change_summary(case, CaseSummary(), before=after, revision=2, by=alena)
    assert facts_of(case, yury).referral_source == ""
    new_case.summary = after
    assert facts_of(register_case(new_case, by=alena), yury).referral_source == whose.kind
