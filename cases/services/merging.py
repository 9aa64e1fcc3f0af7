"""Merging a duplicate into the case that is kept, by a supervisor who reads both; and taking it back.

Nothing is copied: what was written stays where it was, under its own key, for those who could read it.
The duplicate is closed and counted with the case that is kept. Both name the other as links do
(docs/adr/0026-merging-duplicates.md).
"""

from datetime import timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from msgspec.structs import replace

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.access import access_to, may_act
from cases.closing import is_shared_outside, task_is_open
from cases.links import NARRATIVE
from cases.merges import merge_of
from cases.models import CLOSED, Case, CaseStatus, Exclusion, Merge, MergeState
from cases.reference import DUPLICATE, KEPT
from cases.sections import CaseLink, CaseLinks, MergeContent, MergeFacts
from cases.selectors import victim_of
from cases.services.closing import close, waiting_closure
from cases.services.linking import opened_links, write_links
from cases.services.retention import lock_living, years_by_kind
from cases.services.transfers import waiting_transfer
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from core.rights import Right

REVERSIBLE = timedelta(days=30)
READS = frozenset({"identity", NARRATIVE})


def check_can_merge(by: User, case: Case) -> None:
    """Raise NotAllowed unless this person may merge this case with another."""
    access = access_to(by, [case.pk]).get(case.pk)
    if access is None or not may_act(by, case.pk, Right.CASE_MERGE):
        raise NotAllowed(_("Your role does not include this for this case."))
    if not access.read >= READS:
        raise NotAllowed(_("Who merges cases reads who the person is and what happened to them."))


def merge_cases(duplicate: Case, into: Case, *, reason: str, by: User) -> Merge:
    """Close a duplicate, and note in both cases which is which.

    Raises NotAllowed; BadInput without a reason or for cases of two organisations; WrongState where
    something of the duplicate is to be seen to first, or one of them is a merged one already; and
    Conflict. Must not run inside a transaction: both are opened first.
    """
    for case in (duplicate, into):
        check_can_merge(by, case)
    if not reason.strip():
        raise BadInput(_("Say by what you know that it is the same person."))
    if duplicate.pk == into.pk:
        raise BadInput(_("This is the case itself. Enter the reference of another."))
    if duplicate.office.organisation_id != into.office.organisation_id:
        raise BadInput(_("These are cases of two organisations. Link them instead."))
    mine, theirs = opened_links(duplicate, into, by)
    key, today = str(uuid4()), timezone.localdate()
    row = Merge(case=duplicate, recorded_on=today, recorded_by=by)
    row.put("facts", MergeFacts(into=str(into.pk)))
    row.put("content", MergeContent(key=key))  # why stands in the links, for who reads both
    link = CaseLink(key=key, link_remarks=reason.strip(), linked_on=today)
    with transaction.atomic():
        write_links(  # first: like every change of a person, it locks the person before the case
            [
                (mine[0], [*mine[1], replace(link, other=str(into.pk), link=DUPLICATE)]),
                (theirs[0], [*theirs[1], replace(link, other=str(duplicate.pk), link=KEPT)]),
            ],
            by,
        )
        current = lock_living(duplicate)
        _check_can_end(current, into)
        row.made_at = current.revision
        trail.save(row, verb=Verb.CASE_MERGED, by=by)
        if current.status not in CLOSED:
            # Whoever merges does not open the age: the longest rule keeps it.
            close(current, CaseStatus.CLOSED, today, max(years_by_kind().values()), by=by)
    return row


def undo_merge(duplicate: Case, *, reason: str, by: User) -> Merge:
    """Take a merge back: the duplicate is what it was before, and the links end.

    When the case that was kept is erased, the duplicate is a case of its own again all the same.
    Raises NotAllowed, NotFound when it was not merged, BadInput without a reason, WrongState when it is
    too long ago, and Conflict. Must not run inside a transaction.
    """
    check_can_merge(by, duplicate)
    if (merge := merge_of(duplicate)) is None:
        raise NotFound(_("This case was not merged with another."))
    if not reason.strip():
        raise BadInput(_("Say why these are two persons after all."))
    if not is_reversible(merge):
        raise WrongState(_("A merge can be taken back within 30 days. Link the cases instead."))
    opened, person = door.open_rows([merge, victim_of(duplicate)], by=by, classes=[NARRATIVE])
    content, links = opened["content"], person.get("links", CaseLinks())
    assert isinstance(content, MergeContent) and isinstance(links, CaseLinks)
    into = _kept_case(links, content.key, by)
    both = opened_links(duplicate, into, by) if into else [(victim_of(duplicate), links.links)]
    ended = {"unlinked_on": timezone.localdate(), "unlinked_because": reason.strip()}
    with transaction.atomic():
        write_links(
            [
                (person, [replace(one, **ended) if one.key == content.key else one for one in own])
                for person, own in both
            ],
            by,
        )
        current = lock_living(duplicate)
        row = Merge.objects.select_for_update().get(pk=merge.pk)
        if row.state != MergeState.MERGED:
            raise WrongState(_("This was taken back already."))
        before = Case.history.get(id=current.pk, revision=row.made_at)
        row.state, row.ended_on = MergeState.UNDONE, timezone.localdate()
        trail.save(row, verb=Verb.MERGE_UNDONE, by=by)
        if before.status not in CLOSED:
            for column in ("status", "stage", "stage_since", "closed_on", "retain_until"):
                setattr(current, column, getattr(before, column))
            trail.save(current, verb=Verb.CASE_REOPENED, by=by)
    return row


def is_reversible(merge: Merge) -> bool:
    """Can it be taken back still?"""
    return timezone.localdate() <= merge.recorded_on + REVERSIBLE


def _check_can_end(duplicate: Case, into: Case) -> None:
    if Merge.objects.filter(case__in=[duplicate, into], state=MergeState.MERGED).exists():
        raise WrongState(_("One of these cases is a duplicate already."))
    if is_shared_outside(duplicate):
        raise WrongState(_("Another organisation sees the duplicate. End that first."))
    if waiting_closure(duplicate) is not None or waiting_transfer(duplicate) is not None:
        raise WrongState(_("A closure or a transfer of the duplicate waits for a decision."))
    if task_is_open(duplicate):
        raise WrongState(_("Tasks of the duplicate are to be done still. See to them first."))
    if _excluded(duplicate) != _excluded(into):
        raise WrongState(
            _(
                "Somebody is kept out of one of these cases, and not of the other, for a conflict of "
                "interest. Exclude them from both first."
            )
        )


def _excluded(case: Case) -> set[UUID]:
    return set(
        Exclusion.objects.at(timezone.now()).filter(case=case).values_list("user", flat=True)
    )


def _kept_case(links: CaseLinks, key: str, by: User) -> Case | None:
    """The case at the other end of the link; None when it was erased. Raises NotAllowed."""
    other = next(one.other for one in links.links if one.key == key)
    found = Case.objects.filter(pk=other, erased_on=None).first()
    if found is not None:
        check_can_merge(by, found)
    return found
