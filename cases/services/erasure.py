"""Erasure: two people decide, then the key of the case is destroyed and everything with it.

Once approved, an erasure cannot be stopped. Each step can be done again, so one that breaks off is
finished later: at the next start before a page is served, and every minute.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

import msgspec
from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.confirming import check_recent
from accounts.models import User
from accounts.sessions import SessionStore
from audit import signing, trail
from audit.models import Event
from audit.selectors import events_of_case
from audit.verbs import Verb
from cases import ledger, storage, tombstones
from cases.models import (
    Case,
    CaseStatus,
    Draft,
    ErasureReason,
    ErasureRequest,
    ErasureState,
    ExportState,
    Obstacle,
    SearchChange,
    WorkbookRequest,
)
from cases.search.live import live_index
from cases.services import incoming, two_people
from cases.services.retention import lock_living
from cases.services.workbooks import WORKBOOK
from core.exceptions import BadInput, WrongState
from core.rights import Right
from jobs.keeping import destroy_results
from jobs.models import KEPT_FOR
from vault.keyring import StillInFile, keyring

BATCH = 500  # cases looked at together
REPEATED = "repeated"  # reason of an erasure that a copy had undone

log = logging.getLogger(__name__)


# --- Asking and deciding --------------------------------------------------------------
def ask_for_erasure(case: Case, *, reason: str, note: str, by: User) -> ErasureRequest:
    """Ask that a case be erased; somebody else decides. `note` is sealed with the case's trail.

    Raises NotAllowed, BadInput for an unknown reason, and WrongState when the case is under legal hold,
    was asked for already, or is not due though that is the reason.
    """
    check_recent()
    if reason not in ErasureReason:
        raise BadInput(_("Choose a reason from the list."))
    with transaction.atomic():
        person = two_people.people(by.pk)[by.pk]
        two_people.check_may(person, case, Right.ERASURE_ASK)
        current = lock_living(case)
        _check_erasable(current, reason)
        if open_request(current) is not None:
            raise WrongState(_("Somebody asked for this already. It waits for a decision."))
        request = ErasureRequest(
            case=current,
            reason=reason,
            asked_on=timezone.localdate(),
            **two_people.asker(person, Right.ERASURE_ASK),
        )
        trail.save(request, verb=Verb.ERASURE_ASKED, by=by, reason=reason, details={"note": note})
    return request


def decline_erasure(request: ErasureRequest, *, note: str, by: User) -> ErasureRequest:
    """Decide that the case stays. Raises NotAllowed, WrongState and ConfirmationNeeded."""
    check_recent()
    with transaction.atomic():
        current, people = two_people.for_decision(request, Right.ERASURE_DECIDE, by)
        _decide(current, ErasureState.DECLINED, people[by.pk])
        trail.save(current, verb=Verb.ERASURE_DECLINED, by=by, details={"note": note})
    return current


def approve_erasure(request: ErasureRequest, *, note: str, by: User) -> ErasureRequest:
    """Decide that the case goes, and erase it. What could not be finished shows in the answer.

    Raises NotAllowed to whoever asked and without the right, WrongState when it is decided already, the
    case came under legal hold, the reason is gone, or whoever asked could not ask any more, and
    ConfirmationNeeded.
    """
    check_recent()
    with transaction.atomic():
        current, people = two_people.for_decision(request, Right.ERASURE_DECIDE, by)
        _check_erasable(current.case, current.reason)
        if not two_people.may(people[current.asked_by_id], current.case, Right.ERASURE_ASK):
            raise WrongState(
                _(
                    "Whoever asked for this may not do so any more. Decline it; somebody else can ask."
                )
            )
        _decide(current, ErasureState.APPROVED, people[by.pk])
        trail.save(
            current,
            verb=Verb.ERASURE_APPROVED,
            by=by,
            reason=current.reason,
            details={"note": note},
            keys=keyring.ids(current.case_id),
        )
    _carry_out(_Erasure(current.case_id, current.reason, by))
    return ErasureRequest.objects.get(pk=current.pk)


def open_request(case: Case) -> ErasureRequest | None:
    """The request that waits for a decision, or is being carried out."""
    states = (ErasureState.ASKED, ErasureState.APPROVED)
    requests = ErasureRequest.objects.filter(case=case, state__in=states)
    return requests.select_related("asked_by", "decided_by").first()


def is_due(case: Case) -> bool:
    """Was the case kept for as long as the rule said when it was closed?"""
    return case.retain_until is not None and case.retain_until < timezone.localdate()


def _decide(request: ErasureRequest, state: ErasureState, by: User) -> None:
    two_people.decide(request, state, Right.ERASURE_DECIDE, by)
    request.decided_on = timezone.localdate()


def _check_erasable(case: Case, reason: str) -> None:
    if case.on_hold:
        raise WrongState(_("This case is under legal hold: nothing of it can be erased."))
    if reason == ErasureReason.RETENTION_OVER and not is_due(case):
        raise WrongState(_("The time for which this case is kept is not over."))


# --- Carrying out ---------------------------------------------------------------------
@dataclass(slots=True)
class _Erasure:
    """One case on its way out."""

    case: UUID
    reason: str
    by: User | None = None  # None: Tutela itself, at a start or after a restore
    at: datetime | None = None  # when its key was destroyed, as soon as that is known


def _carry_out(erasure: _Erasure) -> bool:
    """Take every step that was not taken yet. Returns whether the erasure is finished.

    A step that fails outside the databases does not keep the others from being taken.
    """
    obstacle = ""
    for step, failures, stands_for in DESTRUCTION:
        try:
            step(erasure)
        except failures as error:
            told = {"step": stands_for, "error": type(error).__name__}
            log.error("an erasure is not finished", extra=told)
            obstacle = obstacle or stands_for
            if step is _destroy_keys and keyring.ids(erasure.case):
                break  # nothing else is true before the key is gone
    if obstacle:
        _tell(erasure, obstacle)
        return False
    _leave_tombstone(erasure)
    signing.checkpoint()
    return True


def _destroy_keys(erasure: _Erasure) -> None:
    keyring.destroy(erasure.case)


def _erase_how_it_came(erasure: _Erasure) -> None:
    """What was told when the person was referred to us has keys of its own."""
    incoming.erase_of_case(erasure.case, by=erasure.by)


def _drop_from_search(erasure: _Erasure) -> None:
    """Record that the key is gone, and have every process drop the case from its name index."""
    with transaction.atomic():
        Case.objects.select_for_update().filter(pk=erasure.case).first()
        begun = _events(erasure.case, Verb.ERASURE_APPROVED, Verb.ERASURE_REPEATED)
        after = begun[-1].seq if begun else 0
        done = [e for e in _events(erasure.case, Verb.KEY_DESTROYED) if e.seq > after]
        if not done:
            event = trail.record(
                Verb.KEY_DESTROYED,
                by=erasure.by,
                cases=[erasure.case],
                reason="dek",
                keys=_keys_named(begun),
            )
            done = [event]
            SearchChange.objects.create(case=erasure.case)
    erasure.at = erasure.at or done[0].at
    live_index.catch_up()


def _clear_waiting(erasure: _Erasure) -> None:
    """Unfinished forms of the case go, and sessions that ended: one can hold the text of a search."""
    Draft.objects.filter(case=erasure.case).forget()
    SessionStore.clear_expired()


def _remove_files(erasure: _Erasure) -> None:
    storage.remove_case(erasure.case)
    # Workbooks that wait for their download, and may hold the case.
    lately = WorkbookRequest.objects.filter(
        state=ExportState.COLLECTED, decided_at__gte=timezone.now() - 2 * KEPT_FOR
    )
    askers = {one.asked_by_id for one in lately if str(erasure.case) in one.cases}
    destroy_results(WORKBOOK, askers)


def _write_ledger(erasure: _Erasure) -> None:
    assert erasure.at is not None
    ledger.write([ledger.Entry(erasure.case, erasure.at)])


# Steps, the exceptions with which they fail for now, and what is told then.
DESTRUCTION = (
    (_destroy_keys, (StillInFile, OperationalError), Obstacle.KEYS),
    (_erase_how_it_came, (StillInFile, OperationalError), Obstacle.KEYS),
    (_drop_from_search, (), None),
    (_clear_waiting, (), None),
    (_remove_files, Exception, Obstacle.FILES),  # a storage elsewhere has errors of its own
    (_write_ledger, OSError, Obstacle.LEDGER),
)


def _leave_tombstone(erasure: _Erasure) -> None:
    """What stays is the reference and the dates. The event names the keys that are gone."""
    assert erasure.at is not None
    with transaction.atomic():
        tombstones.wait_for_readings()
        case = Case.objects.select_for_update().filter(pk=erasure.case).first()
        if case is None:
            return  # a key without its case, from a key store newer than the data
        if case.erased_on is None:
            begun = _events(case.pk, Verb.ERASURE_APPROVED, Verb.ERASURE_REPEATED)
            case.status, case.on_hold = CaseStatus.ERASED, None
            case.erased_on = timezone.localdate(erasure.at)
            keys = _keys_named(begun)
            trail.save(case, verb=Verb.CASE_ERASED, by=erasure.by, reason=erasure.reason, keys=keys)
        if (request := open_request(case)) is not None:
            request.state, request.obstacle = ErasureState.FINISHED, ""
            trail.save(request, verb=Verb.ERASURE_FINISHED, by=erasure.by)


def _tell(erasure: _Erasure, obstacle: str) -> None:
    """Note on the request what is in the way."""
    with transaction.atomic():
        Case.objects.select_for_update().filter(pk=erasure.case).first()
        request = ErasureRequest.objects.filter(
            case=erasure.case, state=ErasureState.APPROVED
        ).first()
        if request is not None and request.obstacle != obstacle:
            request.obstacle = obstacle
            trail.save(request, verb=Verb.ERASURE_HINDERED, by=erasure.by, reason=obstacle)


def _events(case: UUID, *verbs: Verb) -> list[Event]:
    """Events of these kinds that name the case, oldest first."""
    return list(events_of_case(case).filter(verb__in=verbs))


def _keys_named(events: Iterable[Event]) -> list[UUID]:
    """The data keys that these events name, each once."""
    contents = (msgspec.json.decode(bytes(event.entry)) for event in events)
    return list(dict.fromkeys(UUID(key) for content in contents for key in content.get("keys", ())))


# --- What broke off, and what came back -----------------------------------------------
def continue_erasures() -> None:
    """Take the steps that approved erasures still lack."""
    for request in ErasureRequest.objects.filter(state=ErasureState.APPROVED):
        _carry_out(_Erasure(request.case_id, request.reason))


def finish_erasures() -> None:
    """Before a page is served: finish what broke off, and erase again what an older copy brought back.

    That is a case which the list of erasures names and the data hold, and an erased case whose key is
    in the key store.
    """
    continue_erasures()
    for path in ledger.places():
        try:
            listed = _told(path, ledger.read(path))
        except OSError as error:
            told = {"place": path, "error": type(error).__name__}
            log.error("the list of erasures cannot be read", extra=told)
            continue
        _erase_again(listed, by=None)
    _erase_again(_tombstones(), by=None)
    signing.checkpoint()  # what broke off could have been the signature


def replay(path: Path, by: User | None = None) -> list[UUID]:
    """Erase every case that the list at `path` names and this installation still holds.

    For data that were restored from a backup. Returns the cases erased. What the list says is taken
    over into the list of this installation first, so a replay that breaks off is finished at the next
    start. Raises OSError when it cannot be read.
    """
    listed = _told(path, ledger.read(path))
    ledger.write(listed)
    return _erase_again(listed, by=by)


def _told(path: Path, found: ledger.Ledger) -> list[ledger.Entry]:
    """The entries of a list; damaged lines are told."""
    for line in found.damaged:
        log.error("a line of the list of erasures is damaged", extra={"place": path, "line": line})
    return list(found.entries.values())


def _tombstones() -> Iterator[ledger.Entry]:
    cases = Case.objects.exclude(erased_on=None).order_by("pk").values_list("pk", "erased_on")
    for case, day in cases.iterator():
        midnight = datetime(day.year, day.month, day.day)
        yield ledger.Entry(case, timezone.make_aware(midnight))


def _erase_again(entries: Iterable[ledger.Entry], *, by: User | None) -> list[UUID]:
    """Erase those of these cases that are not, or whose key is back."""
    erased = []
    remaining = iter(entries)
    while batch := list(islice(remaining, BATCH)):
        cases = [entry.case for entry in batch]
        living = set(Case.objects.filter(pk__in=cases, erased_on=None).values_list("pk", flat=True))
        # Those are being finished by `continue_erasures`.
        begun = ErasureRequest.objects.filter(case__in=living, state=ErasureState.APPROVED)
        again = (living | keyring.having(cases)) - set(begun.values_list("case", flat=True))
        for entry in batch:
            if entry.case not in again:
                continue
            trail.record(
                Verb.ERASURE_REPEATED, by=by, cases=[entry.case], keys=keyring.ids(entry.case)
            )
            if _carry_out(_Erasure(entry.case, REPEATED, by, entry.at)):
                erased.append(entry.case)
    return erased
