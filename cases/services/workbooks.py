"""Taking case files out in a workbook: one person asks, another decides, the first collects it once.

The workbook has the layout of HTCDS, is made in memory, and leaves encrypted to the recipient that
whoever asked named. Whoever decides has to see every case of it.
"""

from collections.abc import Callable, Sequence
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.confirming import check_recent
from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.access import access_to, visible_cases
from cases.models import Case, ExportState, WorkbookPurpose, WorkbookRequest
from cases.services import two_people
from cases.workbooks.gathering import classes_for, open_files, sections_for, sort
from cases.workbooks.rows import LeftOut, rows_of
from cases.workbooks.writing import sealed_workbook
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from core.rights import Right
from jobs import services as jobs
from jobs.models import Job
from vault import age
from vault.secrets import seal_system, unseal_system

MOST = 1_000  # cases of one workbook; an event that names them all has room for about 1,600
LONGEST = 10_000  # characters of a note
NAMED = 5  # references in a message
WORKBOOK = "workbook"  # the kind of work that makes one
NOTE, ANSWER = "workbook-note", "workbook-answer"  # what they are sealed for


class NotSeen(BadInput):
    """Among the references are some that are none of the person's; `cases` are those that exist."""

    def __init__(self, references: Sequence[str]) -> None:
        named = ", ".join(references[:NAMED])
        super().__init__(_("You see no such case, or it was opened on another day: %s.") % named)
        self.cases = list(
            Case.objects.filter(reference__in=references).values_list("pk", flat=True)
        )


def wanted_cases(
    user: User, *, references: Sequence[str], since: date | None, until: date | None
) -> list[Case]:
    """The cases with these references, or those opened on these days, that the person sees.

    Broken glass counts for nothing. Raises NotSeen, and BadInput when there is none or too many.
    """
    rule = Q(reference__in=references) if references else Q()
    rule &= Q(opened_on__gte=since) if since else Q()
    rule &= Q(opened_on__lte=until) if until else Q()
    found = list(visible_cases(user).filter(rule, erased_on=None).order_by("reference")[: MOST + 1])
    seen = access_to(user, [case.pk for case in found], glass=False)
    cases = [case for case in found if case.pk in seen]
    known = {case.reference for case in cases}
    if unknown := [reference for reference in references if reference not in known]:
        raise NotSeen(unknown)
    if not cases:
        raise BadInput(_("You see no case that was opened on these days."))
    if len(found) > MOST:
        message = _("These are more than %s cases. Choose fewer days, and ask for the rest apart.")
        raise BadInput(message % MOST)
    return cases


# --- Asking and deciding --------------------------------------------------------------
def ask_for_workbook(
    cases: Sequence[Case], *, purpose: str, recipient: str, note: str, by: User
) -> WorkbookRequest:
    """Ask to take these cases out. `recipient` is a public key of age, `note` is sealed.

    Raises NotAllowed, ConfirmationNeeded, and BadInput when the purpose is unknown, the recipient none,
    or none of the cases would go.
    """
    check_recent()
    if purpose not in WorkbookPurpose:
        raise BadInput(_("Choose who receives it from the list."))
    check_recipient(recipient)
    if not by.has_right(Right.CASE_EXPORT):
        raise NotAllowed(_("Your role does not include taking cases out."))
    if len(cases) > MOST:
        raise BadInput(_("These are too many cases."))
    goes, _left_out = sort(cases, purpose, by=by)
    if not goes:
        raise BadInput(
            _(
                "None of these cases could go: none is open to you in full, or, for another "
                "organisation, none has a consent that covers it."
            )
        )
    with transaction.atomic():
        person = two_people.people(by.pk)[by.pk]
        ids = [case.pk for case in cases]
        if not two_people.may_about_all(person, ids, Right.CASE_EXPORT):
            raise NotAllowed(_("Your role does not include taking cases out."))
        request = WorkbookRequest(
            purpose=purpose,
            recipient=recipient,
            classes=sorted(classes_for(person)),
            cases=[str(pk) for pk in ids],
            **two_people.asker(person, Right.CASE_EXPORT),
        )
        request.note_sealed = _sealed(NOTE, request, note)
        trail.save(request, verb=Verb.WORKBOOK_ASKED, by=by, reason=purpose)
    return request


def check_recipient(recipient: str) -> None:
    """Raise BadInput unless this is the public half of a pair of keys of age."""
    if recipient.upper().startswith(age.SECRET):
        raise BadInput(
            _(
                "This is the secret half, which opens the file, and it is no secret any more. Make a "
                "new pair, and enter the half that begins with age1."
            )
        )
    try:
        age.recipient_of(recipient)
    except age.NoRecipient:
        raise BadInput(
            _("This is no age recipient: they begin with age1. Copy it anew from whoever made it.")
        ) from None


def approve_workbook(request: WorkbookRequest, *, note: str, by: User) -> WorkbookRequest:
    """Agree that whoever asked collects it within the hour.

    Raises NotAllowed to whoever may not decide, ConfirmationNeeded, and WrongState when it is decided or
    over, or whoever asked may not ask for it any more.
    """
    check_recent()
    with transaction.atomic():
        people = two_people.people(request.asked_by_id, by.pk)
        found = _for_decision(request, people[by.pk])
        _check_asker(found, people[found.asked_by_id])
        _decide(found, ExportState.APPROVED, people[by.pk], note, Verb.WORKBOOK_APPROVED)
    return found


def decline_workbook(request: WorkbookRequest, *, note: str, by: User) -> WorkbookRequest:
    """Say no. Raises NotAllowed, ConfirmationNeeded, and WrongState when it is decided or over."""
    check_recent()
    with transaction.atomic():
        people = two_people.people(request.asked_by_id, by.pk)
        found = _for_decision(request, people[by.pk])
        _decide(found, ExportState.DECLINED, people[by.pk], note, Verb.WORKBOOK_DECLINED)
    return found


def have_made(request: WorkbookRequest, *, by: User) -> Job:
    """Have the approved workbook made, for whoever asked; what is under way already is not begun twice.

    Raises NotAllowed, ConfirmationNeeded, and WrongState when it is not approved, collected or over.
    """
    check_recent()
    _check_collector(request, by)
    asked = {"request": str(request.pk)}
    under_way = jobs.unfinished(WORKBOOK, lambda parameters: parameters == asked, asked_by=by)
    return under_way or jobs.ask(WORKBOOK, by=by, parameters=asked)


def collect_workbook(
    request: WorkbookRequest, *, by: User, progress: Callable[[int], object] | None = None
) -> bytes:
    """The encrypted workbook, for whoever asked, once. When it breaks off, it has to be asked for again.

    `progress` is called with the number of cases done since the last call. Raises NotAllowed,
    ConfirmationNeeded, and WrongState when it is not approved, collected or over, or none of the cases
    can go any more.
    """
    check_recent()
    _check_collector(request, by)
    cases = list(Case.objects.filter(pk__in=request.cases).select_related("owner"))
    cases.sort(key=lambda case: case.reference)
    goes, left_out = sort(cases, request.purpose, by=by)
    if not goes:
        raise WrongState(_("None of these cases can go any more. Nothing was taken out."))
    with transaction.atomic():
        person = two_people.people(by.pk)[by.pk]
        found = WorkbookRequest.objects.select_for_update().get(pk=request.pk)
        _check_collector(found, person)
        _check_asker(found, person)
        found.state = ExportState.COLLECTED
        trail.save(found, verb=Verb.WORKBOOK_COLLECTED, by=by, reason=found.purpose)
    files, lost = open_files(goes, reason=found.purpose, by=by)
    written = []
    for file in files:
        written.append(rows_of(file))
        if progress:
            progress(1)
    left_out += lost + [one for _rows, unread in written for one in unread]
    return sealed_workbook(
        [rows for rows, _unread in written],
        left_out,
        sections=sections_for(person),
        recipient=found.recipient,
    )


def _check_collector(request: WorkbookRequest, by: User) -> None:
    if request.asked_by_id != by.pk:
        raise NotAllowed(_("Whoever asked for this workbook collects it."))
    if request.state != ExportState.APPROVED or two_people.is_over(request):
        raise WrongState(_("This is not approved, or it was collected, or its hour is over."))


def _check_asker(request: WorkbookRequest, asker: User) -> None:
    """Raise WrongState unless they may still take cases out, and read of them what they could then.

    Which cases they still see is looked up when it is collected: those they do not are left out.
    """
    may = asker.is_active and asker.has_right(Right.CASE_EXPORT)
    if not may or sorted(classes_for(asker)) != request.classes:
        raise WrongState(
            _("Something else would go out than was asked for. It has to be asked for again.")
        )


def _for_decision(request: WorkbookRequest, by: User) -> WorkbookRequest:
    """The request as it stands, locked, if this person, locked, too, may decide on it."""
    if not two_people.may_about_all(by, request.case_ids(), Right.EXPORT_DECIDE):
        raise NotAllowed(
            _("Your role does not include deciding on this, or you do not see all cases.")
        )
    found = two_people.lock_undecided(request, by)
    if two_people.is_over(found):
        raise WrongState(_("Nobody decided in time. It has to be asked for again."))
    return found


def _decide(request: WorkbookRequest, state: ExportState, by: User, note: str, verb: Verb) -> None:
    two_people.decide(request, state, Right.EXPORT_DECIDE, by)
    request.decided_at = timezone.now()
    request.answer_sealed = _sealed(ANSWER, request, note)
    trail.save(request, verb=verb, by=by, reason=request.purpose)


def _sealed(purpose: str, request: WorkbookRequest, text: str) -> bytes | None:
    if len(text) > LONGEST:
        raise BadInput(_("Write at most %s characters.") % LONGEST)
    return seal_system(purpose, str(request.pk), text.strip().encode()) if text.strip() else None


# --- What waits -----------------------------------------------------------------------
def request_for(user: User, pk: UUID) -> WorkbookRequest:
    """The request, for whoever asked and for whoever may decide on it, as long as it waits.

    Raises NotFound for everything else alike.
    """
    found = _waiting().filter(pk=pk).first()
    if found is None or not _concerns(user, found):
        raise NotFound(_("There is no such request, or its time is over."))
    return found


def waiting_for(user: User) -> list[WorkbookRequest]:
    """What this person can decide on, and what of their own was approved."""
    if not (user.has_right(Right.CASE_EXPORT) or user.has_right(Right.EXPORT_DECIDE)):
        return []
    return [
        one
        for one in _waiting()
        if (one.state == ExportState.APPROVED) == (one.asked_by_id == user.pk)
        and _concerns(user, one)
    ]


def asked_by(user: User) -> list[WorkbookRequest]:
    """What this person asked for and has not collected."""
    return list(_waiting().filter(asked_by=user))


def note_of(request: WorkbookRequest) -> str:
    """What was written when it was asked for."""
    if request.note_sealed is None:
        return ""
    return unseal_system(NOTE, str(request.pk), bytes(request.note_sealed)).decode()


def staying(request: WorkbookRequest, *, by: User) -> list[LeftOut]:
    """The cases that would not go, as things are now, for whoever asked. Looking is an event."""
    cases = Case.objects.filter(pk__in=request.cases).order_by("reference")
    return sort(list(cases), request.purpose, by=by)[1]


def _concerns(user: User, request: WorkbookRequest) -> bool:
    if request.asked_by_id == user.pk:
        return user.has_right(Right.CASE_EXPORT)
    return two_people.may_about_all(user, request.case_ids(), Right.EXPORT_DECIDE)


def _waiting() -> "QuerySet[WorkbookRequest, WorkbookRequest]":
    found = WorkbookRequest.objects.filter(two_people.waits())
    return found.select_related("asked_by", "decided_by").order_by("pk")
