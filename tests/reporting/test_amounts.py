"""What each person cost, waited for and scored, read from sealed cases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from assistance.models import Cost, FollowUpVisit
from assistance.money import costs as money
from assistance.sections import CostContent, MedicalAssistance
from assistance.services import change_assistance, record_assistance
from assistance.visits.survey import SURVEY
from audit.models import Event
from audit.verbs import Verb
from cases import approvals, door
from cases.services.intake import register_case
from cases.services.merging import merge_cases
from core.exceptions import NotAllowed
from reporting import services, source
from reporting.measures import DAYS, SCORE, cost_in
from reporting.tables import Definition
from tests.assistance.test_money import D, make_line, plan
from tests.assistance.test_visits import BEST, WORST, visit

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()


@pytest.fixture
def amounts(case, yury):
    """The amounts of the case at this moment."""

    def amounts() -> dict[str, float]:
        rows = source.persons(by=yury, verb=Verb.STATISTICS_FROZEN)
        return {row.person: dict(row.amounts) for row in rows}[case.pk]

    return amounts


def assist(case, by, *, days=0, status="delivered", kind=MedicalAssistance):
    on = TODAY + timedelta(days=days)
    return record_assistance(case, content=kind(), status=status, starts_on=on, by=by)


def test_a_case_without_any_has_no_amount_at_all(amounts):
    assert amounts() == {}


def test_only_costs_that_were_approved_or_need_not_be_count(case, alena, pavel, amounts):
    line = make_line(pavel)  # approval above 200
    plan(case, alena, line, "150.00")
    large = plan(case, alena, line, "300.00", assistance="two")
    assert amounts() == {cost_in("BYN"): 150.0}
    approvals.approve(large, revision=1, by=pavel)
    assert amounts() == {cost_in("BYN"): 450.0}
    content = CostContent(
        planned=D("900"), line=str(line.pk), currency="BYN", assistance="two", kind="medical"
    )
    money.change_cost(large, content, revision=1, by=alena)
    assert amounts() == {cost_in("BYN"): 150.0}  # not as it stands now
    approvals.approve(Cost.objects.get(pk=large.pk), revision=2, by=pavel)
    assert amounts() == {cost_in("BYN"): 1050.0}


def test_currencies_are_never_added(case, alena, pavel, amounts):
    plan(case, alena, make_line(pavel), "150.00")
    plan(case, alena, make_line(pavel, code="US", currency="USD"), "20.50", currency="USD")
    assert amounts() == {cost_in("BYN"): 150.0, cost_in("USD"): 20.5}


def test_cancelled_assistance_costs_nothing(case, alena, pavel, amounts):
    record = assist(case, alena, status="planned")
    plan(case, alena, make_line(pavel), "150.00", assistance=str(record.pk))
    assert amounts() == {cost_in("BYN"): 150.0}
    change_assistance(
        record,
        content=MedicalAssistance(),
        status="cancelled",
        starts_on=TODAY,
        revision=1,
        by=alena,
    )
    assert amounts() == {}


def test_days_run_from_registration_to_the_first_assistance_that_was_given(case, alena, amounts):
    # It was registered today.
    assist(case, alena, days=3, status="planned")
    assist(case, alena, days=1, status="cancelled")
    assert amounts() == {}
    assist(case, alena, days=9, status="under_way")
    assert amounts() == {DAYS: 9.0}
    assist(case, alena, days=4)
    assert amounts() == {DAYS: 4.0}
    assist(case, alena, days=-2)  # helped before there was a file
    assert amounts() == {DAYS: 0.0}


def test_the_score_is_that_of_the_last_visit_with_a_survey(case, alena, amounts, monkeypatch):
    visit(case, alena, on=-20, answers=WORST)
    assert amounts() == {SCORE: SURVEY.scores(WORST)["composite"]}
    visit(case, alena, on=-2, answers=BEST)
    visit(case, alena, on=-10, answers=WORST)  # recorded late
    visit(case, alena, on=-1)  # without the survey
    assert amounts() == {SCORE: 1.0}
    monkeypatch.setattr("assistance.selectors.SURVEY", replace(SURVEY, version="another"))
    assert amounts() == {}  # scores of two versions are not put together


def test_what_a_duplicate_had_is_that_of_the_case_kept(case, new_case, alena, pavel, amounts):
    twin, line = register_case(new_case, by=alena), make_line(pavel)
    for one, days, planned in ((case, 9, "100.00"), (twin, 4, "20.00")):
        plan(one, alena, line, planned)
        assist(one, alena, days=days)
    visit(twin, alena, on=-1, answers=BEST)
    visit(case, alena, on=-5, answers=WORST)
    merge_cases(twin, case, reason="The same passport", by=pavel)
    assert amounts() == {cost_in("BYN"): 120.0, DAYS: 4.0, SCORE: 1.0}


def test_facts_of_costs_and_visits_are_told_to_nobody_who_works_on_the_case(case, alena, pavel):
    plan(case, alena, make_line(pavel), "150.00")
    visit(case, alena, answers=BEST)
    for row in (Cost.objects.get(), FollowUpVisit.objects.get()):
        assert row.facts_sealed
        assert set(door.open_rows([row], by=alena)[0]) == {"content"}


def test_a_snapshot_holds_the_sums_of_many_cases(case, new_case, alena, yury, pavel):
    line = make_line(pavel, amount_cents=10_000_000)
    cases = [case, *(register_case(new_case, by=alena) for _ in range(14))]
    for number, one in enumerate(cases):
        plan(one, alena, line, f"{100 + number}.00")
    snapshot = services.take_snapshot(by=yury)
    table = services.build_table(snapshot, Definition("gender", measure="cost-BYN-sum"))
    number, total = services.surface_of(snapshot.pk).amount(cost_in("BYN"), {}, 0)
    assert table.layers[0].total.number == total
    assert 30 <= abs(total - sum(range(100, 115))) <= 69
    mean = services.build_table(snapshot, Definition("gender", measure="cost-BYN-mean"))
    assert mean.layers[0].total.number == int(total / number + 0.5)


def test_amounts_are_read_by_those_who_freeze_and_each_reading_is_recorded(case, alena, yury):
    with pytest.raises(NotAllowed):
        list(source.persons(by=alena, verb=Verb.STATISTICS_FROZEN))
    list(source.persons(by=yury, verb=Verb.STATISTICS_FROZEN))
    events = Event.objects.filter(verb=Verb.STATISTICS_FROZEN)
    assert events.count() == 5  # kinds, merges, costs, visits and cases
