"""Which of the cases asked for go into a workbook, and their files, opened through the door."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.verbs import Verb
from cases import door
from cases.access import Access, access_to
from cases.consents import REFERRAL, covers, kept_back
from cases.entries import ENTRY_KINDS
from cases.imports.htcds_fields import HTCDS_FIELDS
from cases.models import Case, Consent, Person, PersonRole, SealedModel, WorkbookPurpose
from cases.sections import CaseSummary, ConsentTerms
from cases.workbooks.rows import CaseFile, LeftOut
from core.classes import PERSONAL
from core.schema import Section

WRITTEN = frozenset({place.section for place in HTCDS_FIELDS.values()}) & ENTRY_KINDS.keys()


def classes_for(user: User) -> frozenset[str]:
    """What a workbook holds that this person asks for: classes of HTCDS that their roles admit."""
    return PERSONAL & user.classes


def sections_for(user: User) -> frozenset[str]:
    """The sections of HTCDS_FIELDS of these classes."""
    classes = classes_for(user)
    sections = {place.section for place in HTCDS_FIELDS.values()}
    return frozenset(each for each in sections if _class_of(each) in classes)


def _class_of(section: str) -> str:
    return Person.SECTIONS.get(section, ("narrative", Section))[0]


def sort(cases: Sequence[Case], purpose: str, *, by: User) -> tuple[list[Case], list[LeftOut]]:
    """The cases that go, as things are now, and those that stay, with the reason.

    Where the workbook goes to another organisation the last consent of each has to cover it; reading
    that is an event. Must not run inside a transaction.
    """
    left_out: list[LeftOut] = []
    needed = classes_for(by)
    access = access_to(by, [case.pk for case in cases], glass=False)
    found = []
    for case in cases:
        if case.erased_on is None and needed <= access.get(case.pk, Access()).read:
            found.append(case)
        else:
            left_out.append(LeftOut(case.reference, "", _("is not open to you in full, or erased")))
    if purpose != WorkbookPurpose.OTHERS:
        return found, left_out
    reasons = _not_agreed(found, needed, by)
    left_out += [
        LeftOut(case.reference, "", reasons[case.pk]) for case in found if case.pk in reasons
    ]
    return [case for case in found if case.pk not in reasons], left_out


def _not_agreed(cases: Sequence[Case], classes: Collection[str], by: User) -> dict[UUID, str]:
    """The cases whose last consent does not cover today that another organisation gets these classes.

    A workbook goes to whoever holds a key, so it covers no consent to organisations by name.
    """
    rows = list(_last_consents(cases).values())
    opened = door.open_each(rows, by=by, verb=Verb.CASE_VIEWED, classes=["narrative"])
    today = timezone.localdate()
    message = _("the person has not agreed that it is shared with other organisations")
    reasons = {case.pk: message for case in cases}
    for row, sections in zip(rows, opened, strict=True):
        terms = (sections or {}).get("terms")
        if not isinstance(terms, ConsentTerms) or not covers(terms, REFERRAL, today):
            continue
        if terms.recipients:
            reasons[row.case_id] = _("the person has agreed to some organisations by name only")
        elif kept_back(terms, classes):
            reasons[row.case_id] = _("the person keeps parts back that a workbook holds")
        else:
            del reasons[row.case_id]
    return reasons


def _last_consents(cases: Sequence[Case]) -> dict[UUID, Consent]:
    # In the order of the model, newest first: the last one of each case overwrites the others.
    rows = list(Consent.objects.filter(case__in=cases))
    return {row.case_id: row for row in reversed(rows)}


def open_files(
    cases: Sequence[Case], *, reason: str, by: User
) -> tuple[list[CaseFile], list[LeftOut]]:
    """The files of these cases in their order, within one event that names all of them.

    A case of which something is damaged is left out whole. Raises NotFound when one is not shared any
    more, NotAllowed when the glass is broken for it, TooOften; and as `door.open_each`.
    """
    rows: list[SealedModel] = [*cases, *_last_consents(cases).values()]
    rows += Person.objects.filter(case__in=cases, role=PersonRole.VICTIM)
    kinds: dict[type[SealedModel], str] = {}
    for kind in sorted(WRITTEN):
        kinds[model := ENTRY_KINDS[kind].model] = kind
        rows += model._default_manager.filter(case__in=cases).order_by("pk")
    opened = door.open_each(
        rows, by=by, verb=Verb.CASE_IN_WORKBOOK, classes=classes_for(by), reason=reason
    )
    files = {case.pk: CaseFile(case.reference, {}, [], {}) for case in cases}
    damaged: set[UUID] = set()
    for row, sections in zip(rows, opened, strict=True):
        file = files[row.case_id_()]
        if sections is None:
            damaged.add(row.case_id_())
        elif kind := kinds.get(type(row)):
            file.entries += [(kind, content) for content in sections.values()]
        else:
            file.once |= {"consent" if name == "terms" else name: s for name, s in sections.items()}
    erased = {pk for pk, file in files.items() if not file.once} - damaged
    _add_known_here([case for case in cases if case.pk not in damaged | erased], files)
    reasons = dict.fromkeys(damaged, _("something of it is damaged; tell your auditor"))
    reasons |= dict.fromkeys(erased, _("is not open to you in full, or erased"))
    return (
        [files[case.pk] for case in cases if case.pk not in reasons],
        [LeftOut(files[pk].reference, "", reason) for pk, reason in reasons.items()],
    )


def _add_known_here(cases: Sequence[Case], files: dict[UUID, CaseFile]) -> None:
    """Status and owner: as a file told them until they change here, as they are from then on."""
    history = Case.history.model.objects.filter(id__in=[case.pk for case in cases])  # type: ignore[attr-defined]
    several: dict[UUID, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for pk, statuses, owners in (
        history.order_by()
        .values_list("id")
        .annotate(Count("status", distinct=True), Count("owner", distinct=True))
    ):
        several[pk] = statuses, owners
    for case in cases:
        summary = files[case.pk].once.get("summary", CaseSummary())
        assert isinstance(summary, CaseSummary)
        known: dict[str, Any] = {"cas_Status": case.status, "cas_CaseOwner": str(case.owner)}
        for (name, value), versions in zip(known.items(), several[case.pk], strict=True):
            if name not in summary.other_htcds or versions > 1:
                files[case.pk].known_here[name] = value
