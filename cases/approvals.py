"""Approving a record as it stands, and telling whether it still stands so.

An approval is of one version. A later version shows as changed since, with what changed: the approved
one comes out of the history, through the door, within the rights of whoever looks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import trail
from audit.digests import version_digest
from audit.models import Event
from audit.sequencer import sequence
from audit.verbs import Verb
from cases import door
from cases.access import may_act
from cases.door import Sections
from cases.models import Approval, Case, Closure, ClosureState, SealedModel
from cases.services import closing
from cases.services.casework import locked
from cases.services.retention import lock_living
from cases.trail import Words, open_differences, section_differences
from core.exceptions import Conflict, NotAllowed, WrongState
from core.rights import Right


@dataclass(frozen=True, slots=True)
class Approvable:
    """What of a model's rows can be approved."""

    model: type[SealedModel]
    recorded_by: frozenset[Verb]  # whoever wrote a version with one of these does not approve it
    is_due: Callable[[Any, Sections], bool]  # is there something to approve, for this reader?
    # What an approval brings about: prepared outside its transaction, done within, with the locked row,
    # before what stands then is approved.
    act: Callable[[Any, Sections, User], Callable[[Any], None]] | None = None


def _waits(closure: Closure, sections: Sections) -> bool:
    return closure.state == ClosureState.ASKED and "content" in sections


# By the model's label; upper apps add theirs in apps.ready().
APPROVABLE: dict[str, Approvable] = {
    Closure._meta.label: Approvable(
        Closure, frozenset({Verb.CLOSURE_ASKED}), _waits, closing.closing_act
    )
}


class State(StrEnum):
    NONE = "none"
    APPROVED = "approved"
    CHANGED = "changed"  # since it was approved
    DAMAGED = "damaged"  # the version is the approved one, its bytes are not


@dataclass(slots=True)
class Standing:
    """Where the approval of one row stands, for one reader."""

    row: Any
    state: State
    approval: Approval | None
    may_approve: bool
    is_own: bool  # this reader recorded it: somebody else approves it
    differences: list[dict[str, Any]] = field(default_factory=list)

    @property
    def object_type(self) -> str:
        return door.type_of(self.row)._meta.label


def approve(row: SealedModel, *, revision: int, by: User) -> Approval:
    """Approve a row as it stands at `revision`, which is what the person was shown.

    What the kind of row does on approval is done in the same transaction. Raises NotAllowed, NotFound,
    WrongState when there is nothing to approve, and Conflict when it is not at that revision. Must not
    run inside a transaction: the row is opened first.
    """
    kind = APPROVABLE[row._meta.label]
    if not by.has_right(Right.CONTENT_APPROVE):
        raise NotAllowed(_("Your role does not include approving."))
    if row.revision != revision:
        raise Conflict(
            _("This was changed while you were reading. Look at it again, then approve.")
        )
    [sections] = door.open_rows([row], by=by)
    if not may_act(by, row.case_id_(), Right.CONTENT_APPROVE):
        raise NotAllowed(_("You may read this case, and change nothing in it."))
    if not kind.is_due(row, sections):
        raise WrongState(_("There is nothing here that you could approve."))
    act = kind.act(row, sections, by) if kind.act else None
    with transaction.atomic():
        lock_living(Case(pk=row.case_id_()))
        current = locked(row, revision)
        if by.pk in _authors([current])[current.pk]:
            raise NotAllowed(_("You recorded this yourself: somebody else has to approve it."))
        if Approval.objects.filter(object=row.pk, version=revision).exists():
            raise WrongState(_("This is approved already."))
        if act is not None:
            act(current)
        approval = Approval(
            case_id=row.case_id_(),
            object_type=row._meta.label,
            object=row.pk,
            version=current.revision,
            digest=version_digest(type(row), current).hex(),
            approved_by=by,
            approved_on=timezone.localdate(),
        )
        trail.save(approval, verb=Verb.CONTENT_APPROVED, by=by)
    return approval


def row_of(case: Case, label: str, pk: UUID | None) -> SealedModel | None:
    """The row of a case that a form names by its model's label and its key."""
    if pk is None or label not in APPROVABLE:
        return None
    row = APPROVABLE[label].model._default_manager.filter(pk=pk).first()
    return row if row is not None and row.case_id_() == case.pk else None


# --- What a page shows ----------------------------------------------------------------
def approved_versions(rows: Sequence[SealedModel]) -> list[Any]:
    """The version that was approved last, of each of these rows that has changed since.

    A page opens them together with the rows.
    """
    latest = _latest(rows)
    wanted = {
        row.pk: approval.version
        for row in rows
        if (approval := latest.get(row.pk)) and approval.version != row.revision
    }
    if not wanted:
        return []
    history = type(rows[0]).history.model  # type: ignore[attr-defined]
    found = history.objects.filter(id__in=wanted, revision__in=set(wanted.values()))
    return [version for version in found if wanted[version.id] == version.revision]


def standings(opened: Iterable[tuple[Any, Sections]], *, by: User) -> dict[UUID, Standing]:
    """Row → where its approval stands, of rows that can be approved or were.

    `opened` holds rows of one model, with the versions that `approved_versions` gave.
    """
    opened = list(opened)
    rows = [(row, sections) for row, sections in opened if not hasattr(row, "instance_type")]
    earlier = {row.id: (row, sections) for row, sections in opened if hasattr(row, "instance_type")}
    latest = _latest([row for row, _sections in rows])
    authors = _authors([row for row, _sections in rows])
    found = {}
    for row, sections in rows:
        approval = latest.get(row.pk)
        is_due = APPROVABLE[type(row)._meta.label].is_due(row, sections)
        if approval is None and not is_due:
            continue
        state = _state(row, approval)
        can = (
            is_due and by.has_right(Right.CONTENT_APPROVE) and state in (State.NONE, State.CHANGED)
        )
        is_own = by.pk in authors[row.pk]
        standing = Standing(row, state, approval, can and not is_own, can and is_own)
        if state == State.CHANGED and row.pk in earlier:
            standing.differences = _differences(*earlier[row.pk], row, sections)
        found[row.pk] = standing
    return found


def _latest(rows: Sequence[SealedModel]) -> dict[UUID, Approval]:
    """Row → its last approval."""
    approvals = Approval.objects.filter(object__in=[row.pk for row in rows])
    ordered = approvals.select_related("approved_by").order_by("version")
    return {approval.object: approval for approval in ordered}


def _authors(rows: Sequence[SealedModel]) -> dict[UUID, set[UUID]]:
    """Row → who recorded what would be approved."""
    found: dict[UUID, set[UUID]] = {row.pk: set() for row in rows}
    if rows:
        verbs = APPROVABLE[rows[0]._meta.label].recorded_by
        versions = type(rows[0]).history.filter(id__in=found, history_change_reason__in=verbs)  # type: ignore[attr-defined]
        for pk, person in versions.values_list("id", "history_user_id"):
            found[pk].add(person)
    return found


def _state(row: SealedModel, approval: Approval | None) -> State:
    if approval is None:
        return State.NONE
    if row.revision != approval.version:
        return State.CHANGED
    return State.APPROVED if is_as_pinned(row, approval.digest) else State.DAMAGED


def is_as_pinned(row: SealedModel, pinned: str) -> bool:
    """Has the row, in this version, the digest that something was bound to? Sealed anew, too."""
    digest = version_digest(type(row), row).hex()
    return digest == pinned or digest == _digest_since(row)


def _digest_since(row: SealedModel) -> str:
    """The digest that the row has since it was sealed anew, as the event of that says; else ""."""
    if row.resealed_by is None:
        return ""
    sequence()
    event = Event.objects.filter(id=row.resealed_by).first()
    resealed = msgspec.json.decode(bytes(event.entry)).get("resealed", []) if event else []
    key = [type(row)._meta.label, str(row.pk), row.revision]
    return next((digest for *of, digest in resealed if of == key), "")


def _differences(
    old: Any, old_sections: Sections, new: Any, new_sections: Sections
) -> list[dict[str, Any]]:
    """What differs, as rows of _components/diff.html."""
    found = open_differences(old, new, Words())
    for name, section in new_sections.items():
        found += section_differences(old_sections.get(name), section)
    return [
        {"label": one.label, "before": one.before, "after": one.after, "changed": True}
        for one in found
    ]
