"""What the pages of closing, keeping and erasing show."""

from collections.abc import Iterator
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from audit import trail
from audit.selectors import events
from audit.verbs import Verb
from cases import door, ledger
from cases.access import Access, access_to
from cases.models import CLOSED, Case, ErasureRequest, ErasureState
from cases.models.request import CaseRequest
from cases.services.closing import waiting_closure
from cases.services.erasure import open_request
from core.rights import Right

PAGE = 25
BATCH = 500  # cases whose access is looked up together
MOST = 99  # cases counted for the start page
OPEN = (ErasureState.ASKED, ErasureState.APPROVED)


def due_page(user: User, *, after: UUID | None) -> tuple[list[Case], UUID | None]:
    """One page of what is due for this person, the longest overdue first, and where the next starts."""
    found = list(islice(_due(user, after), PAGE + 1))
    cases = Case.objects.select_related("office").in_bulk(found[:PAGE])
    return [cases[pk] for pk in found[:PAGE]], found[PAGE - 1] if len(found) > PAGE else None


def _due(user: User, after: UUID | None = None) -> Iterator[UUID]:
    """Cases the person sees that were kept long enough, nobody holds and nobody asked to erase.

    What is due is little beside what one sees, so it is looked for first.
    """
    requests = ErasureRequest.objects.filter(state__in=OPEN).values("case")
    due = (
        Case.objects.filter(retain_until__lt=timezone.localdate(), erased_on=None)
        .exclude(on_hold=True)
        .exclude(pk__in=requests)
        .order_by("retain_until", "pk")
        .values_list("retain_until", "pk")
    )
    last = Case.objects.filter(pk=after).values_list("retain_until", "pk").first()
    while True:
        day, pk = last or (None, None)
        rest = due.filter(Q(retain_until__gt=day) | Q(retain_until=day, pk__gt=pk)) if day else due
        batch = list(rest[:BATCH])
        seen = access_to(user, [pk for _day, pk in batch], glass=False)
        yield from (pk for _day, pk in batch if pk in seen)
        if len(batch) < BATCH:
            return
        last = batch[-1]


def requests_for(user: User) -> list[ErasureRequest]:
    """Requests that wait for a decision or are not finished, for cases this person sees."""
    requests = ErasureRequest.objects.filter(state__in=OPEN).order_by("pk")
    found = list(requests.select_related("case__office", "asked_by"))
    seen = access_to(user, [request.case_id for request in found], glass=False)
    return [request for request in found if request.case_id in seen]


def waiting_for(user: User) -> int:
    """How many cases this person could do something about: due, or asked for by somebody else."""
    number = 0
    if user.has_right(Right.ERASURE_ASK):
        number += sum(1 for _case in islice(_due(user), MOST))
    if user.has_right(Right.ERASURE_DECIDE):
        asked = [one for one in requests_for(user) if one.state == ErasureState.ASKED]
        number += sum(one.asked_by_id != user.pk for one in asked)
    return number


def record_listing(cases: list[UUID], *, by: User) -> None:
    """Every listing that names cases is an event."""
    if cases:
        trail.record(Verb.RETENTION_LISTED, by=by, cases=cases)


def damaged_lines() -> list[tuple[str, int]]:
    """(file, line) of what cannot be trusted in the list of erasures, or cannot be read at all: 0."""
    found = []
    for path in ledger.places():
        try:
            found += [(str(path), line) for line in ledger.read(path).damaged]
        except OSError:
            found.append((str(path), 0))
    return found


def keeping_of(case: Case, access: Access, user: User) -> dict[str, Any]:
    """Where a case stands between closing and erasure, and what this person can do about it."""
    request = open_request(case)
    may_write = "narrative" in access.write
    return {
        "request": request,
        "is_closed": case.status in CLOSED,
        "closure": waiting_closure(case),
        "may_close": may_write and user.has_right(Right.CASE_CLOSE),
        "may_hold": not access.by_glass and user.has_right(Right.CASE_HOLD),
        "may_ask": not access.by_glass and request is None and user.has_right(Right.ERASURE_ASK),
        "may_decide": request is not None
        and not access.by_glass
        and request.asked_by_id != user.pk
        and user.has_right(Right.ERASURE_DECIDE),
    }


def note_of(request: CaseRequest, *, by: User) -> str:
    """What was written when it was asked for; "" for somebody who may not audit the case."""
    if not by.has_right(Right.CASE_AUDIT):
        return ""
    door.record_reading(lambda: {request.case_id: ["audit"]}, Verb.CASE_AUDITED, by=by)
    event = events().get(object=request.pk, revision=1)
    [details] = door.open_details([event], by=by, case=request.case)
    return details.get("note", "")
