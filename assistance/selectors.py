"""Finding assistance."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, Min, OuterRef, Q

from accounts.models import User
from assistance.models import Assistance, AssistanceStatus, Cost, FollowUpVisit
from assistance.sections import AssistanceFacts, CostFacts, FollowUpFacts
from assistance.visits.survey import SURVEY
from audit.verbs import Verb
from cases import door
from cases.models import Approval, Case

RECEIVED = (AssistanceStatus.UNDER_WAY, AssistanceStatus.DELIVERED)


def kinds_by_case(
    *, by: User, verb: Verb, damaged: set[UUID] | None = None
) -> dict[UUID, set[str]]:
    """Case → kinds of assistance it received, for statistics: what is planned only is not among them.

    For `damaged` see `door.stream_facts`.
    """
    kinds: dict[UUID, set[str]] = defaultdict(set)
    received = door.stream_rows_facts(
        Assistance, by=by, verb=verb, damaged=damaged, status__in=RECEIVED
    )
    for row, facts in received:
        assert isinstance(facts, AssistanceFacts)
        kinds[row.case_id].add(facts.kind)
    return dict(kinds)


def first_days_by_case() -> dict[UUID, date]:
    """Case → the first day on which assistance was given; what is planned or cancelled is not."""
    rows = Assistance.objects.filter(status__in=RECEIVED).order_by()
    return dict(rows.values_list("case").annotate(Min("starts_on")))


def costs_by_case(
    *, by: User, verb: Verb, damaged: set[UUID] | None = None
) -> dict[UUID, dict[str, Decimal]]:
    """Case → currency → what its assistance is planned to cost, for statistics.

    A cost counts when it was approved as it stands, or need not be; of cancelled assistance none does.
    """
    approved = Approval.objects.filter(object=OuterRef("pk"), version=OuterRef("revision"))
    counted = Cost.objects.filter(Q(waits=False) | Exists(approved))
    counts = set(counted.values_list("pk", flat=True))
    cancelled = Assistance.objects.filter(status=AssistanceStatus.CANCELLED)
    is_off = {str(pk) for pk in cancelled.values_list("pk", flat=True)}
    costs: dict[UUID, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row, facts in door.stream_rows_facts(Cost, by=by, verb=verb, damaged=damaged):
        assert isinstance(facts, CostFacts)
        if row.pk in counts and facts.planned and facts.assistance not in is_off:
            costs[row.case_id][facts.currency] += facts.planned
    return {case: dict(sums) for case, sums in costs.items()}


def scores_by_case(
    *, by: User, verb: Verb, damaged: set[UUID] | None = None
) -> dict[UUID, tuple[date, float]]:
    """Case → day and score of the last visit with a survey as it is asked now, for statistics."""
    scores: dict[UUID, tuple[date, float]] = {}
    for row, facts in door.stream_rows_facts(FollowUpVisit, by=by, verb=verb, damaged=damaged):
        assert isinstance(facts, FollowUpFacts)
        if facts.score is None or facts.visited_on is None:
            continue
        before = scores.get(row.case_id)
        if facts.survey_version == SURVEY.version and (not before or facts.visited_on >= before[0]):
            scores[row.case_id] = facts.visited_on, facts.score
    return scores


def is_under_way(case: Case) -> bool:
    """Is any assistance of this case, whatever its kind, planned or not finished?"""
    going_on = (AssistanceStatus.PLANNED, AssistanceStatus.UNDER_WAY)
    return Assistance.objects.filter(case=case, status__in=going_on).exists()
