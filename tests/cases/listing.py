"""Cases without content, and walking through a list of cases, for tests of lists."""

from datetime import UTC, datetime
from uuid import UUID

from accounts.models import Office, User
from audit import trail
from audit.selectors import cases_named, events
from audit.verbs import Verb
from cases.lists import ALL, Sort, Wanted, count_cases, latest_cases
from cases.models import Case, CaseStatus
from core.ids import uuid7

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


def make_cases(number: int, *, office: Office, owner: User) -> list[Case]:
    """Cases without content, past the guards the proper way."""
    ids = sorted(uuid7() for _ in range(number))  # uuid7 is ordered by the millisecond only
    cases = [
        Case(
            id=pk,
            reference=f"BY-2026-{place:06d}",
            office=office,
            owner=owner,
            opened_on=NOON.date(),
            status=CaseStatus.CLOSED if place % 3 == 0 else CaseStatus.ACTIVE,
        )
        for place, pk in enumerate(ids)
    ]
    trail.insert_many(cases, verb=Verb.CASE_REGISTERED, by=owner)
    return cases


def by_last_change() -> list[UUID]:
    """Every case, last changed first, as the log has it."""
    last: dict[UUID, UUID] = {}
    for event in events().exclude(object=None):
        for case in cases_named(event.entry):
            last[case] = max(event.id, last.get(case, event.id))
    return sorted(last, key=last.__getitem__, reverse=True)


def walk(user: User, wanted: Wanted = ALL, limit: int = 4, sort: Sort = Sort.CHANGED) -> list[UUID]:
    """Every page of the list after one another."""
    found: list[UUID] = []
    before = None
    while page := latest_cases(user, before=before, limit=limit, wanted=wanted, sort=sort):
        ids = [one.case for one in page]
        assert len(page) <= limit and not set(ids) & set(found)
        before = page[-1].place(sort)
        found += ids
    assert count_cases(user, most=1_000, wanted=wanted) == len(found)
    assert count_cases(user, most=3, wanted=wanted) == min(len(found), 3)
    return found
