"""Finding assistance."""

from collections import defaultdict
from uuid import UUID

from accounts.models import User
from assistance.models import Assistance, AssistanceStatus
from assistance.sections import AssistanceFacts
from audit.verbs import Verb
from cases import door
from cases.models import Case


def kinds_by_case(*, by: User) -> dict[UUID, set[str]]:
    """Case → kinds of assistance it received or is to receive, for statistics."""
    kinds: dict[UUID, set[str]] = defaultdict(set)
    for row, facts in door.stream_rows_facts(Assistance, by=by, verb=Verb.STATISTICS_FROZEN):
        assert isinstance(facts, AssistanceFacts)
        kinds[row.case_id].add(facts.kind)
    return dict(kinds)


def is_under_way(case: Case) -> bool:
    """Is any assistance of this case, whatever its kind, planned or not finished?"""
    going_on = (AssistanceStatus.PLANNED, AssistanceStatus.UNDER_WAY)
    return Assistance.objects.filter(case=case, status__in=going_on).exists()
