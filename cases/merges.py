"""Duplicates: two persons beside each other, and which cases statistics count as one."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.verbs import Verb
from cases import door
from cases.models import Case, Merge, MergeState
from cases.oversight import decoys
from cases.presenters import label_of, text_of
from cases.sections import Identity, MergeFacts
from cases.selectors import victim_of
from core.exceptions import WrongState

COMPARED = (
    *("second_name", "first_name", "middle_name", "other_names", "birthdate", "gender"),
    *("citizenship", "identity_number"),
)


def persons_beside(duplicate: Case, kept: Case, *, by: User) -> list[dict[str, Any]]:
    """Who the persons of both cases are, field by field, for somebody who may read that.

    Each is read in an event of its own: one that names both would tell that they belong together.
    """
    one, other = (_identity(case, by) for case in (duplicate, kept))
    return [
        {
            "label": label_of(name),
            "duplicate": text_of(name, getattr(one, name)),
            "kept": text_of(name, getattr(other, name)),
        }
        for name in COMPARED
    ]


def _identity(case: Case, by: User) -> Identity:
    [sections] = door.open_rows([victim_of(case)], by=by, classes=["identity"])
    identity = sections.get("identity", Identity())
    assert isinstance(identity, Identity)
    return identity


def merge_of(case: Case) -> Merge | None:
    """The merge by which a case is the duplicate of another, if it is."""
    return Merge.objects.filter(case=case, state=MergeState.MERGED).first()


def check_no_duplicate(case: Case) -> None:
    """Raise WrongState for a duplicate: nobody works there any more."""
    if merge_of(case) is not None:
        raise WrongState(_("This case is a duplicate. Work goes on in the other one."))


def kept_cases(*, by: User, verb: Verb, damaged: set[UUID] | None = None) -> dict[UUID, UUID]:
    """Duplicate → the case it is counted with, which is none itself. Needs the right of door.FACTS_FOR.

    Where the case that was kept does not count, being erased, a test or a decoy, the duplicate does.
    For `damaged` see `door.stream_facts`.
    """
    merged = door.stream_rows_facts(
        Merge, by=by, verb=verb, damaged=damaged, state=MergeState.MERGED
    )
    kept = {row.case_id: UUID(facts.into) for row, facts in merged if isinstance(facts, MergeFacts)}
    counted = Case.objects.filter(pk__in=kept.values(), is_test=False, erased_on=None)
    there = set(counted.exclude(pk__in=decoys()).values_list("pk", flat=True))
    kept = {duplicate: case for duplicate, case in kept.items() if case in there}
    return {duplicate: _end_of(case, kept) for duplicate, case in kept.items()}


def _end_of(case: UUID, kept: dict[UUID, UUID]) -> UUID:
    """Where a chain of merges ends: what a duplicate was merged into may be merged later."""
    while case in kept:
        case = kept[case]
    return case
