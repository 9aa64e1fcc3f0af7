"""The persons that statistics are made of, read once from the sealed facts of every case that counts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from uuid import UUID

from accounts.models import User
from assistance.selectors import (
    costs_by_case,
    first_days_by_case,
    kinds_by_case,
    scores_by_case,
)
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.merges import kept_cases
from cases.models import Case
from reporting import loading
from reporting.frame import Row
from reporting.measures import DAYS, SCORE, cost_in


def persons(*, by: User, verb: Verb, damaged: set[UUID] | None = None) -> Iterator[Row]:
    """A row for each case that counts, unprotected: for a freeze, a release or a verification only.

    A duplicate is none: its assistance is that of the case kept. A case of which something does not
    open that is needed here is left out and put into `damaged`; one event names those cases, so that
    auditors learn of them. Where rows were loaded (reporting/loading.py), these are all there is.

    Who may have the facts opened for which act stands in `cases.door.FACTS_FOR`; NotAllowed for anybody
    else. Must not run inside a transaction: that the facts were opened is committed before they are.
    """
    if loading.is_loaded():
        door.admit_to_facts(by, verb)
        yield from loading.rows()
        return
    damaged = set() if damaged is None else damaged
    kinds = kinds_by_case(by=by, verb=verb, damaged=damaged)
    kept = kept_cases(by=by, verb=verb, damaged=damaged)
    for duplicate, case in kept.items():
        kinds[case] = kinds.get(case, set()) | kinds.get(duplicate, set())
    amounts = _amounts(kept, by=by, verb=verb, damaged=damaged)
    for case, facts in door.stream_facts(by=by, verb=verb, damaged=damaged):
        if case not in kept and case not in damaged:
            yield Row(case, facts, kinds.get(case, frozenset()), amounts.get(case, {}))
    if damaged:
        trail.record(Verb.REFUSED, by=by, cases=sorted(damaged), outcome="error", reason="damaged")


def _amounts(
    kept: Mapping[UUID, UUID], *, by: User, verb: Verb, damaged: set[UUID]
) -> dict[UUID, dict[str, float]]:
    """Case → magnitude → how much of it, that of its duplicates included."""
    amounts: dict[UUID, dict[str, float]] = defaultdict(dict)
    for case, costs in costs_by_case(by=by, verb=verb, damaged=damaged).items():
        of_person = amounts[kept.get(case, case)]
        for currency, cost in costs.items():
            name = cost_in(currency)
            of_person[name] = of_person.get(name, 0.0) + float(cost)
    for case, (_day, score) in sorted(
        scores_by_case(by=by, verb=verb, damaged=damaged).items(), key=lambda item: item[1][0]
    ):
        amounts[kept.get(case, case)][SCORE] = score  # the last of all stands
    registered = _first(Case.objects.values_list("pk", "opened_on"), kept)
    for case, day in _first(first_days_by_case().items(), kept).items():
        amounts[case][DAYS] = float(max((day - registered[case]).days, 0))
    return amounts


def _first(days: Iterable[tuple[UUID, date]], kept: Mapping[UUID, UUID]) -> dict[UUID, date]:
    """Case → its earliest day, that of its duplicates included."""
    first: dict[UUID, date] = {}
    for case, day in days:
        case = kept.get(case, case)
        first[case] = min(day, first.get(case, day))
    return first
