"""Seeing one table exactly: one person asks, another decides, the first looks at it for half an hour.

There is no file of it and no way for programs to it. A look counts all cases anew, in memory.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.confirming import check_recent
from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.services import two_people
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from core.rights import Right
from reporting import frame, source
from reporting.models import Snapshot, Verification, VerificationState
from reporting.services import build_table, current_snapshot, surface_of
from reporting.tables import PERSONS, Definition, Table
from reporting.verification.exact import exact_table
from vault.secrets import seal_system, unseal_system

RIGHT = Right.STATISTICS_VERIFY
LONGEST = 2_000  # characters of a note
NOTE, ANSWER = "verification-note", "verification-answer"  # what they are sealed for


@dataclass(frozen=True)
class Look:
    """The table as it is published and as it is; for one page, and never for a log or a file."""

    snapshot: Snapshot
    protected: Table
    exact: Table
    at: datetime


# --- Asking and deciding --------------------------------------------------------------
def ask_to_verify(definition: Definition, *, note: str, by: User) -> Verification:
    """Ask to see one table exactly. `note` says why, and is sealed.

    What is asked for is fixed, its level of detail, too. Raises NotAllowed, ConfirmationNeeded,
    NotFound before the first snapshot, and BadInput for a table that is none, or without a reason.
    """
    check_recent()
    if not note.strip():
        raise BadInput(_("Write why the exact figures are needed."))
    if definition.measure != PERSONS:
        raise BadInput(_("Only numbers of persons can be seen exactly."))
    table = build_table(current_snapshot(), definition)
    with transaction.atomic():
        person = two_people.people(by.pk)[by.pk]
        _check_right(person)
        asked = Verification(
            table=asdict(definition) | {"level": table.level}, **two_people.asker(person, RIGHT)
        )
        asked.note_sealed = _sealed(NOTE, asked, note)
        trail.save(asked, verb=Verb.VERIFICATION_ASKED, by=by)
    return asked


def approve_verification(asked: Verification, *, note: str, by: User) -> Verification:
    """Agree that whoever asked sees the table, from now on for half an hour.

    Raises NotAllowed to whoever may not decide, ConfirmationNeeded, and WrongState when it is decided
    or over, or whoever asked may not ask for it any more.
    """
    return _decide(asked, VerificationState.APPROVED, Verb.VERIFICATION_APPROVED, note, by)


def decline_verification(asked: Verification, *, note: str, by: User) -> Verification:
    """Say no. Raises as `approve_verification`."""
    return _decide(asked, VerificationState.DECLINED, Verb.VERIFICATION_DECLINED, note, by)


def _decide(
    asked: Verification, state: VerificationState, verb: Verb, note: str, by: User
) -> Verification:
    check_recent()
    with transaction.atomic():
        people = two_people.people(asked.asked_by_id, by.pk)
        _check_right(people[by.pk])
        found = two_people.lock_undecided(asked, by)
        if found.is_over:
            raise WrongState(_("Nobody decided in time. It has to be asked for again."))
        if state == VerificationState.APPROVED and not _holds_right(people[found.asked_by_id]):
            raise WrongState(_("Whoever asked for this may not see it any more."))
        two_people.decide(found, state, RIGHT, people[by.pk])
        found.decided_at = timezone.now()
        found.answer_sealed = _sealed(ANSWER, found, note)
        trail.save(found, verb=verb, by=by)
    return found


# --- Looking --------------------------------------------------------------------------
def look_at_exact(asked: Verification, *, by: User) -> Look:
    """The table, exact and protected, for whoever asked. That it was looked at is recorded first.

    Must not run inside a transaction, as `reporting.source.persons`. Raises NotAllowed,
    ConfirmationNeeded, and WrongState when it is not approved or the time to look is over.
    """
    check_recent()
    snapshot = current_snapshot()
    with transaction.atomic():
        person = two_people.people(by.pk)[by.pk]
        found = Verification.objects.select_for_update().get(pk=asked.pk)
        _check_looker(found, person)
        protected = build_table(snapshot, found.definition)
        found.looks += 1
        details = {"snapshot": str(snapshot.pk), "table": found.definition.id}
        trail.save(found, verb=Verb.VERIFICATION_SEEN, by=by, details=details)
    at = timezone.now()
    people = frame.build(
        source.persons(by=person, verb=Verb.STATISTICS_VERIFIED),
        timezone.localtime(snapshot.taken_at).year,
    )
    return Look(snapshot, protected, exact_table(protected, surface_of(snapshot.pk), people), at)


def _check_looker(asked: Verification, by: User) -> None:
    if asked.asked_by_id != by.pk:
        raise NotAllowed(_("Whoever asked for this table looks at it, and nobody else."))
    _check_right(by)
    if asked.state != VerificationState.APPROVED:
        raise WrongState(_("This is not approved."))
    if asked.is_over:
        raise WrongState(_("The time to look at this table is over. It has to be asked for again."))


def _check_right(user: User) -> None:
    if not _holds_right(user):
        raise NotAllowed(_("Your role does not include seeing exact figures."))


def _holds_right(user: User) -> bool:
    return user.is_active and user.has_right(RIGHT)


def _sealed(purpose: str, asked: Verification, text: str) -> bytes | None:
    if len(text) > LONGEST:
        raise BadInput(_("Write at most %s characters.") % LONGEST)
    return seal_system(purpose, str(asked.pk), text.strip().encode()) if text.strip() else None


# --- What there is --------------------------------------------------------------------
def verification_for(user: User, pk: UUID) -> Verification:
    """The request, for whoever asked, and for whoever may decide on it as long as it waits.

    Raises NotFound for everything else alike.
    """
    found = _of(user).filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such request, or its time is over."))
    return found


def verifications_of(user: User) -> list[Verification]:
    """What waits for this person to decide, and what they asked for themselves lately."""
    return list(_of(user).filter(asked_at__gt=timezone.now() - 2 * two_people.DECIDED_WITHIN))


def how_many_wait(user: User) -> int:
    """How many requests of others wait for this person to decide."""
    return _of(user).exclude(asked_by=user).count()


def note_of(asked: Verification) -> str:
    """Why it was asked for."""
    return _unsealed(NOTE, asked, asked.note_sealed)


def answer_of(asked: Verification) -> str:
    """What whoever decided had to say."""
    return _unsealed(ANSWER, asked, asked.answer_sealed)


def _unsealed(purpose: str, asked: Verification, blob: bytes | None) -> str:
    return unseal_system(purpose, str(asked.pk), bytes(blob)).decode() if blob else ""


def _of(user: User) -> "QuerySet[Verification, Verification]":
    if not _holds_right(user):
        return Verification.objects.none()
    waits = Q(
        state=VerificationState.ASKED, asked_at__gt=timezone.now() - two_people.DECIDED_WITHIN
    )
    found = Verification.objects.filter(waits | Q(asked_by=user))
    return found.select_related("asked_by", "decided_by").order_by("-pk")
