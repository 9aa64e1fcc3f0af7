"""Changing a case file. Each change carries the revision it was made from: a later one wins nothing."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from audit import trail
from audit.models import TrackedModel
from audit.verbs import Verb
from cases import door
from cases.access import Access, access_to, may_act
from cases.entries import EntryKind, class_of, new_entry
from cases.facts import facts_of, is_unanswered, search_entry_of, source_of
from cases.models import Case, Entry, Person, SearchChange, Stage
from cases.sections import (
    CaseFacts,
    CaseSummary,
    Contact,
    Identity,
    SearchEntry,
    VictimContext,
)
from cases.stages import STAGES, moves_of, stage_of
from core.exceptions import Conflict, NotAllowed, WrongState
from core.rights import Right
from core.schema import Section, is_recorded

Row = TypeVar("Row", bound=TrackedModel)


def change_person(
    person: Person,
    *,
    before: Mapping[str, Section],
    after: Mapping[str, Section],
    revision: int,
    by: User,
) -> None:
    """Replace sections of a person's record, and what statistics and search derive from them.

    `before` holds the sections as they were opened, `after` the ones to write. Raises Conflict when
    the record is no longer at `revision`.
    """
    for section in after:
        check_can_write(by, person.case, Person.SECTIONS[section][0])
    changed = {name: value for name, value in after.items() if value != before.get(name)}
    if not changed:
        return
    case = _rederive(person.case, before, {**before, **changed}, by)
    with transaction.atomic():
        row = locked(person, revision)
        for section, value in changed.items():
            row.put(section, value)
        trail.save(row, verb=Verb.PERSON_CHANGED, by=by)
        _save_derived(case, by)


def change_summary(
    case: Case, summary: CaseSummary, *, before: CaseSummary, revision: int, by: User
) -> None:
    """Replace how the case came to us, which was `before` when it was opened.

    Raises Conflict when the case is no longer at `revision`. Must not run inside a transaction: what
    statistics hold of the case is opened first.
    """
    facts = facts_by_source(case, before, summary, by=by)
    with transaction.atomic():
        put_summary(case, summary, facts, revision=revision, by=by)


def put_summary(
    case: Case, summary: CaseSummary, facts: CaseFacts | None, *, revision: int, by: User
) -> None:
    """The same inside a transaction, with what `facts_by_source` said before it."""
    check_can_write(by, case, Case.SECTIONS["summary"][0])
    row = locked(case, revision)
    row.put("summary", summary)
    if facts is not None:
        row.put("facts", facts)
    trail.save(row, verb=Verb.CASE_CHANGED, by=by)


def facts_by_source(
    case: Case, before: CaseSummary, after: CaseSummary, *, by: User
) -> CaseFacts | None:
    """The facts with who referred the person, or None when that stays. Raises NotAllowed."""
    old, new = before.referring_organisation, after.referring_organisation
    check_can_write(by, case, Case.SECTIONS["summary"][0])
    if old == new:
        return None
    facts, _entry = door.open_derived(case, by=by)
    return msgspec.structs.replace(facts, referral_source=source_of(new, kinds_of([new])))


def kinds_of(organisations: Iterable[str]) -> dict[str, str]:
    """Name in lower case → type (HTCDS), of the organisations we know; {} when none is named."""
    if not any(organisations):
        return {}
    known = Organisation.objects.values_list("name", "kind")
    return {name.casefold(): kind for name, kind in known}


def move_case(case: Case, stage: Stage, *, before: str, by: User) -> Case:
    """Move a case on, or back, to another stage.

    Raises NotAllowed, Conflict when it is no longer in the stage `before`, and WrongState where the
    table of stages knows no such move.
    """
    access = access_to(by, [case.pk]).get(case.pk)
    if not may_act(by, case.pk, Right.CASE_EDIT) or access is None or not access.write:
        raise NotAllowed(_("Your role does not include this for this case."))
    with transaction.atomic():
        row = Case.objects.select_for_update().get(pk=case.pk)
        if stage_of(row) != before:
            raise Conflict(_("Somebody else moved the case meanwhile. Look where it stands now."))
        if stage not in moves_of(row):
            raise WrongState(
                _("A case does not go from “%(before)s” to “%(after)s”. It stays where it is.")
                % {"before": stage_of(row).label, "after": stage.label}
            )
        row.status, row.stage, row.stage_since = STAGES[stage].status, stage, timezone.localdate()
        trail.save(row, verb=Verb.STAGE_CHANGED, by=by, reason=stage)
    return row


def record_entry(case: Case, kind: EntryKind, content: Section, *, by: User) -> Entry:
    """Add an entry to the case file. Raises NotAllowed without access to write in its class."""
    row = new_entry(case, kind, content, by=by)
    check_can_write(by, case, class_of(row, content))
    found = _found_by(case, [], kind.numbers(content), by)
    with transaction.atomic():
        trail.save(row, verb=kind.recorded, by=by)
        _save_derived(found, by)
    return row


def change_entry(
    entry: Entry, kind: EntryKind, content: Section, *, before: Section, revision: int, by: User
) -> None:
    """Replace what an entry says. Raises Conflict when it is no longer at `revision`.

    `before` is its content as it was opened. Raises WrongState for what stays as it was written.
    """
    if (verb := kind.changed_by(before, content)) is None:
        raise WrongState(_("This stays as it was written. Add another one."))
    cls = class_of(entry, content)
    check_can_write(by, entry.case, cls)
    found = _found_by(entry.case, kind.numbers(before), kind.numbers(content), by)
    with transaction.atomic():
        row = locked(entry, revision)
        row.put("content", content, cls)
        row.take(content)
        trail.save(row, verb=verb, by=by)
        _save_derived(found, by)


def check_can_write(by: User, case: Case, cls: str) -> None:
    """Raise NotAllowed unless a live grant lets this person write this class of the case."""
    check_writes(access_to(by, [case.pk]).get(case.pk), cls)


def check_writes(access: Access | None, *classes: str) -> None:
    """`check_can_write` out of what was just found out of somebody's access, for showing a form."""
    if access is None or not access.write.issuperset(classes):
        raise NotAllowed(_("This part of the case is not shared with you for writing."))


def locked(row: Row, revision: int) -> Row:
    """The row as it stands now, locked until the transaction ends. Raises Conflict if it moved on."""
    current = type(row)._default_manager.select_for_update().get(pk=row.pk)
    if current.revision != revision:
        raise Conflict(
            _(
                "Somebody else changed this record while you were writing. "
                "Your text is kept below: compare it with the record and save again."
            )
        )
    return current


def _rederive(
    case: Case, before: Mapping[str, Section], after: Mapping[str, Section], by: User
) -> Case | None:
    """The case with new facts and search entry, or None when neither changes."""
    case = Case.objects.get(pk=case.pk)
    old, new = _derived(case, before), _derived(case, after)
    if old == new:
        return None
    facts, entry = door.open_derived(case, by=by)
    case.put("facts", _with_changes(facts, old[0], new[0]))
    case.put("search", _merged(entry, old[1], new[1]))
    return case


def _with_changes(facts: CaseFacts, old: CaseFacts, new: CaseFacts) -> CaseFacts:
    """The facts with what differs between `old` and `new`, as they were derived.

    Facts may know more than can be derived (an import that brought an age band and no birth date), so
    that nothing else is replaced, and nothing known is by a reason why there is no answer.
    """
    changes = {}
    for name, value in new.as_dict().items():
        before, stored = getattr(old, name), getattr(facts, name)
        knows_more = stored != before and is_recorded(stored)
        if value != before and not (knows_more and is_unanswered(value)):
            changes[name] = value
    return msgspec.structs.replace(facts, **changes)


def _found_by(case: Case, old: list[str], new: list[str], by: User) -> Case | None:
    """The case with these numbers in its search entry instead of the old ones; None when it is so."""
    if old == new or not any([*old, *new]):
        return None
    case = Case.objects.get(pk=case.pk)
    _facts, entry = door.open_derived(case, by=by)
    numbers = _replaced(entry.numbers, old, list(filter(None, new)))
    case.put("search", msgspec.structs.replace(entry, numbers=numbers))
    return case


def _save_derived(case: Case | None, by: User) -> None:
    """Write what was derived anew, if anything was. Raises Conflict when the case moved on."""
    if case is not None:
        locked(case, case.revision)
        trail.save(case, verb=Verb.CASE_CHANGED, by=by)
        SearchChange.objects.create(case=case.pk)


def _derived(case: Case, sections: Mapping[str, Section]) -> tuple[CaseFacts, SearchEntry]:
    identity = sections.get("identity", Identity())
    contact = sections.get("contact", Contact())
    victim = sections.get("victim", VictimContext())
    return (
        facts_of(identity=identity, victim=victim, opened_on=case.opened_on),  # type: ignore[arg-type]
        search_entry_of(identity, contact),  # type: ignore[arg-type]
    )


def _merged(entry: SearchEntry, old: SearchEntry, new: SearchEntry) -> SearchEntry:
    """A search entry with what changed replaced and what this person may not read kept."""
    return msgspec.structs.replace(
        entry,
        names=_replaced(entry.names, old.names, new.names),
        numbers=_replaced(entry.numbers, old.numbers, new.numbers),
        born=new.born if new.born != old.born else entry.born,
    )


def _replaced(all_: list[str], old: list[str], new: list[str]) -> list[str]:
    """The list with `new` for `old`, each of which is taken away once: it may be there for another."""
    left = list(all_)
    for one in old:
        if one in left:
            left.remove(one)
    return left + new
