"""Finding cases: fetch and authorise in one step, so that nobody holds a case not cleared for."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.verbs import Verb
from cases import door
from cases.access import Access, access_to
from cases.lists import ALL, Sort, Wanted, latest_cases
from cases.models import (
    Case,
    ErasureRequest,
    ErasureState,
    Person,
    PersonRole,
)
from cases.oversight import decoys
from cases.sections import Identity
from cases.stages import stage_of
from core.exceptions import Erased, NotFound

PAGE = 25
# Sealed columns that no list opens.
NOT_LISTED = (
    "contact_sealed",
    "victim_sealed",
    "links_sealed",
    "case__summary_sealed",
    "case__facts_sealed",
    "case__search_sealed",
)


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line of a list: open columns, and the name when the reader may see it."""

    case: Case
    identity: Identity | None
    is_damaged: bool = False  # its sealed bytes do not belong where they stand
    changed_at: datetime | None = None  # when anything of it changed last, in lists that tell

    @property
    def stage(self) -> str:
        """Where the work stands, in words."""
        return str(stage_of(self.case).label)


def get_case_for(user: User, reference: str) -> tuple[Case, Access]:
    """A case and what this person may open in it.

    Raises NotFound for everything else alike, and Erased for a case this person saw that is erased, or
    is about to be.
    """
    case, access = get_case_or_tombstone_for(user, reference)
    if is_gone(case):
        erased = Erased(_("This case was erased."))
        erased.cases = [case.pk]  # type: ignore[attr-defined]
        raise erased
    return case, access


def is_gone(case: Case) -> bool:
    """Is the case erased, or its erasure approved? From then on nobody opens anything of it."""
    approved = ErasureRequest.objects.filter(case=case, state=ErasureState.APPROVED)
    return case.erased_on is not None or approved.exists()


def get_case_or_tombstone_for(user: User, reference: str) -> tuple[Case, Access]:
    """As `get_case_for`, for the few pages that have something to say of an erased case, too."""
    case = Case.objects.select_related("office", "owner").filter(reference=reference).first()
    access = access_to(user, [case.pk]).get(case.pk) if case else None
    if case is None or access is None:
        error = NotFound(_("There is no such case, or it is not shared with you."))
        error.cases = [case.pk] if case else []  # type: ignore[attr-defined]
        raise error
    return case, access


def decoys_for(user: User) -> list[Case]:
    """The decoys among the cases this person sees, by reference."""
    cases = Case.objects.filter(pk__in=decoys()).select_related("office", "owner")
    seen = access_to(user, [case.pk for case in cases], glass=False)
    return sorted((c for c in cases if c.pk in seen), key=lambda case: case.reference)


def victim_of(case: Case) -> Person:
    """The person the case is about."""
    return case.people.get(role=PersonRole.VICTIM)


def case_rows(
    ids: list[UUID], *, by: User, verb: Verb, details: dict[str, Any] | None = None
) -> list[CaseRow]:
    """Lines for these cases in this order; one event names them all, for names are disclosed."""
    people = {
        person.case_id: person
        for person in Person.objects.filter(case__in=ids, role=PersonRole.VICTIM)
        .select_related("case__office", "case__owner")
        .defer(*NOT_LISTED)
    }
    ordered = [people[pk] for pk in ids if pk in people]
    opened = door.open_each(ordered, by=by, verb=verb, classes=["identity"], details=details)
    return [_case_row(person, sections) for person, sections in zip(ordered, opened, strict=True)]


def _case_row(person: Person, sections: door.Sections | None) -> CaseRow:
    if sections is None:
        return CaseRow(person.case, None, is_damaged=True)
    return CaseRow(person.case, sections.get("identity"))  # type: ignore[arg-type]


def case_page(
    user: User,
    *,
    before: UUID | None = None,
    wanted: Wanted = ALL,
    sort: Sort = Sort.CHANGED,
    size: int = PAGE,
) -> tuple[list[CaseRow], UUID | None]:
    """One page of the person's cases in this order, and where the next page starts."""
    listed = latest_cases(user, before=before, limit=size + 1, wanted=wanted, sort=sort)
    more = listed[size - 1].place(sort) if len(listed) > size else None
    changed_at = {one.case: one.changed_at for one in listed[:size]}
    rows = case_rows(list(changed_at), by=user, verb=Verb.CASE_LISTED)
    return [replace(row, changed_at=changed_at[row.case.pk]) for row in rows], more
