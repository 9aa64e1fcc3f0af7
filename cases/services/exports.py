"""Exporting a long trail for a court: one person asks, another decides, the first collects it once.

How long a trail is says how much of a life is in it, and the length is known before anything is opened.
It is the length of all of it, so choosing few days makes no export small.
"""

from itertools import takewhile
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.confirming import check_recent
from accounts.models import User
from audit import trail
from audit.models import Event
from audit.selectors import events_of_case
from audit.verbs import Verb
from cases.access import access_to
from cases.models import Case, CourtReason, ExportRequest, ExportState
from cases.selectors import is_gone
from cases.services import two_people
from cases.services.retention import lock_living
from cases.trail_finding import TrailFilter, find_all
from core.exceptions import BadInput, NotAllowed, WrongState
from core.rights import Right

LARGE = 500  # events of a trail; of a longer one every export takes two people
MOST = 10_000  # events of one export


def is_large(case: Case) -> bool:
    """Does every export of this trail take two people? Of an erased case there is nothing to read."""
    return not is_gone(case) and events_of_case(case.pk)[: LARGE + 1].count() > LARGE


def events_wanted(case: Case, wanted: TrailFilter, *, upto: int | None = None) -> list[Event]:
    """The events an export holds, in the order of the log, none behind the position `upto`.

    Raises BadInput when there is nothing or too much to export.
    """
    found = find_all(case, wanted, most=MOST + 1)
    events = list(takewhile(lambda event: upto is None or event.seq <= upto, found))
    if not events:
        raise BadInput(_("There is no event of this case on these days."))
    if len(events) > MOST:
        raise BadInput(
            _("These are more than %s events. Choose fewer days, and export the rest after it.")
            % MOST
        )
    return events


# --- Asking and deciding --------------------------------------------------------------
def ask_for_export(
    case: Case, *, reason: str, note: str, wanted: TrailFilter, by: User
) -> ExportRequest:
    """Ask to export the trail of a case as it is now. `note` is sealed with the trail.

    Raises NotAllowed, ConfirmationNeeded, BadInput as `events_wanted` and for an unknown reason, and
    WrongState when somebody asked already or the case is being erased.
    """
    check_recent()
    if reason not in CourtReason:
        raise BadInput(_("Choose a reason from the list."))
    with transaction.atomic():
        person = two_people.people(by.pk)[by.pk]
        two_people.check_may(person, case, Right.CASE_AUDIT)
        current = lock_living(case)
        if open_request(current) is not None:
            raise WrongState(_("Somebody asked for this already. It waits."))
        events = events_wanted(current, wanted)
        request = ExportRequest(
            case=current,
            reason=reason,
            since=wanted.since,
            until=wanted.until,
            upto=events[-1].seq,
            events=len(events),
            classes=_readable(person, current.pk),
            **two_people.asker(person, Right.CASE_AUDIT),
        )
        trail.save(request, verb=Verb.EXPORT_ASKED, by=by, reason=reason, details={"note": note})
    return request


def approve_export(request: ExportRequest, *, note: str, by: User) -> ExportRequest:
    """Agree that whoever asked collects it within the hour.

    Raises NotAllowed to whoever may not decide, ConfirmationNeeded, and WrongState when it is decided or
    over, whoever asked may not any more, or something else would go out than was asked for.
    """
    check_recent()
    with transaction.atomic():
        found, people = _for_decision(request, by)
        _check_as_asked(found, people[found.asked_by_id])
        _decide(found, ExportState.APPROVED, people[by.pk], note, Verb.EXPORT_APPROVED)
    return found


def decline_export(request: ExportRequest, *, note: str, by: User) -> ExportRequest:
    """Say no. Raises NotAllowed, ConfirmationNeeded, and WrongState when it is decided or over."""
    check_recent()
    with transaction.atomic():
        found, people = _for_decision(request, by)
        _decide(found, ExportState.DECLINED, people[by.pk], note, Verb.EXPORT_DECLINED)
    return found


def collect_export(request: ExportRequest, *, by: User) -> ExportRequest:
    """Use an approval up, for whoever asked. The caller makes the export.

    Raises NotAllowed, ConfirmationNeeded, and WrongState when it is not approved, collected or over, or
    something else would go out than was approved.
    """
    check_recent()
    with transaction.atomic():
        person = two_people.people(by.pk)[by.pk]
        case = Case.objects.select_for_update().get(pk=request.case_id)
        found = ExportRequest.objects.select_for_update().get(pk=request.pk)
        if found.asked_by_id != person.pk:
            raise NotAllowed(_("Whoever asked for this export collects it."))
        found.case = case
        if found.state != ExportState.APPROVED or two_people.is_over(found):
            raise WrongState(_("This is not approved, or it was collected, or its hour is over."))
        _check_as_asked(found, person)
        found.state = ExportState.COLLECTED
        trail.save(found, verb=Verb.EXPORT_COLLECTED, by=by)
    return found


def wanted_of(request: ExportRequest) -> TrailFilter:
    """The days that were asked for."""
    return TrailFilter(since=request.since, until=request.until)


def _for_decision(request: ExportRequest, by: User) -> tuple[ExportRequest, dict[UUID, User]]:
    found, people = two_people.for_decision(request, Right.CASE_AUDIT, by)
    if two_people.is_over(found):
        raise WrongState(_("Nobody decided in time. It has to be asked for again."))
    return found, people


def _decide(request: ExportRequest, state: ExportState, by: User, note: str, verb: Verb) -> None:
    two_people.decide(request, state, Right.CASE_AUDIT, by)
    request.decided_at = timezone.now()
    trail.save(request, verb=verb, by=by, reason=request.reason, details={"note": note})


def _check_as_asked(request: ExportRequest, asker: User) -> None:
    """Raise WrongState unless the same would go out, to somebody who may still ask for it.

    Events are only ever added, behind the last one that was asked for. What their changes show depends
    on what whoever asked may read.
    """
    events = events_wanted(request.case, wanted_of(request), upto=request.upto)
    same = (request.upto, request.events) == (events[-1].seq, len(events))
    may = two_people.may(asker, request.case, Right.CASE_AUDIT)
    if not may or not same or _readable(asker, request.case_id) != request.classes:
        raise WrongState(
            _("Something else would go out than was asked for. It has to be asked for again.")
        )


def _readable(user: User, case: UUID) -> list[str]:
    access = access_to(user, [case], glass=False).get(case)
    return sorted(access.read) if access else []


# --- What waits -----------------------------------------------------------------------
def _open() -> QuerySet[ExportRequest]:
    found = ExportRequest.objects.filter(two_people.waits(), case__erased_on=None)
    return found.select_related("case", "asked_by", "decided_by").order_by("pk")


def open_request(case: Case) -> ExportRequest | None:
    """The request that waits for a decision, or to be collected."""
    return _open().filter(case=case).first()


def waiting_for(user: User) -> list[ExportRequest]:
    """What this person can decide on, and what of their own was approved."""
    if not user.has_right(Right.CASE_AUDIT):
        return []
    mine = Q(asked_by=user, state=ExportState.APPROVED)
    theirs = ~Q(asked_by=user) & Q(state=ExportState.ASKED)
    found = list(_open().filter(mine | theirs))
    seen = access_to(user, [one.case_id for one in found], glass=False) if found else {}
    return [one for one in found if one.case_id in seen]
