"""Transferring a case to another office: its own asks, a supervisor of the other one decides."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Office, RoleHolding, TeamMembership, User
from accounts.roles import ROLES
from audit import trail
from audit.verbs import Verb
from cases.access import offered_to
from cases.consents import REFERRAL, check_covered, check_still_counts
from cases.models import CLOSED, Case, Consent, Exclusion, Transfer, TransferState
from cases.sections import TransferAnswer, TransferContent
from cases.services.grants import can_be_officer, check_can_assign, move_grants
from cases.services.retention import lock_living
from core.classes import CONTENT
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from core.rights import Right
from core.sorting import by_words


# --- Asking ---------------------------------------------------------------------------
def check_can_transfer(by: User, case: Case) -> None:
    """The officer of a case and the supervisors of its office let it go. Raises NotAllowed."""
    check_can_assign(by, case)
    is_head = by.groups.filter(pk=case.office.supervisors_id).exists()
    if case.owner_id != by.pk and not is_head:
        raise NotAllowed(_("Only the officer of a case or a supervisor of its office can do this."))


def offices_for(case: Case) -> list[Office]:
    """The offices that could take the case: others, with a supervisor and an officer; by name."""
    heads = TeamMembership.objects.now().filter(user__is_active=True).values("team__group")
    roles = [code for code, role in ROLES.items() if Right.GRANT_GIVE in role.rights]
    officers = RoleHolding.objects.now().filter(role__in=roles, user__is_active=True)
    found = Office.objects.filter(supervisors__in=heads, pk__in=officers.values("user__office"))
    found = found.exclude(pk=case.office_id).exclude(organisation__is_partner=True)
    ordered = found.order_by("organisation__name", "name")
    return list(ordered.select_related("organisation"))


def ask_transfer(case: Case, *, to: Office, note: str, person_agrees: bool, by: User) -> Transfer:
    """Ask another office to take the case over. `note` is what it is told, sealed with the case.

    Raises NotAllowed, BadInput when it cannot go there or the person has not agreed, WrongState when the
    case is closed or a transfer waits, and Conflict when another consent is recorded at this moment.
    Must not run inside a transaction: the consent is opened first.
    """
    check_can_transfer(by, case)
    if not note.strip():
        raise BadInput(_("Write what the other office needs to know."))
    if to not in offices_for(case):
        raise BadInput(_("Choose an office from the list."))
    consent = _consent_for(case, to, by) if _leaves_organisation(case, to) else None
    if consent is not None and not person_agrees:
        raise BadInput(_("To another organisation a case goes only if the person agrees."))
    row = Transfer(
        case=case, to=to, consent=consent, recorded_on=timezone.localdate(), recorded_by=by
    )
    row.put("content", TransferContent(hand_over_note=note.strip(), person_agrees=person_agrees))
    with transaction.atomic():
        current = lock_living(case)
        check_can_transfer(by, current)
        _check_open(current)
        if current.office_id == to.pk:
            raise WrongState(_("The case is of this office already."))
        if waiting_transfer(current) is not None:
            raise WrongState(_("Somebody asked for this already. It waits."))
        if consent is not None:
            check_still_counts(consent)
        trail.save(row, verb=Verb.TRANSFER_ASKED, by=by)
    return row


def withdraw_transfer(transfer: Transfer, *, by: User) -> Transfer:
    """Leave the case where it is. Whoever could ask may do this. Raises NotAllowed, WrongState."""
    with transaction.atomic():
        check_can_transfer(by, lock_living(transfer.case))
        row = _locked(transfer)
        row.state = TransferState.WITHDRAWN
        trail.save(row, verb=Verb.TRANSFER_WITHDRAWN, by=by)
    return row


# --- Deciding -------------------------------------------------------------------------
def officers_for(transfer: Transfer) -> list[User]:
    """Who could keep the case in the office that it shall go to, by name."""
    of_office = User.objects.filter(office=transfer.to, is_active=True).select_related("office")
    excluded = Exclusion.objects.at(timezone.now()).filter(case=transfer.case_id)
    people: Iterable[User] = of_office.exclude(pk__in=excluded.values("user"))
    return sorted((one for one in people if can_be_officer(one)), key=by_words)


def accept_transfer(transfer: Transfer, *, officer: User, by: User) -> Case:
    """Take the case over: office, officer and access move in one transaction.

    Raises NotFound for whoever it does not wait for, BadInput when `officer` could not keep it, and
    WrongState when the case was closed meanwhile or the consent that this rests on does not count now.
    """
    with transaction.atomic():
        case = lock_living(transfer.case)
        row = _offered(transfer, by)
        _check_open(case)
        if row.consent is None and _leaves_organisation(case, row.to):
            raise WrongState(_NOT_AGREED)
        if row.consent is not None:
            _check_consent(row.consent)
        if officer not in officers_for(row):
            raise BadInput(_("This person cannot be the officer of this case."))
        former, former_owner = case.office, case.owner
        row.state = TransferState.ACCEPTED
        trail.save(row, verb=Verb.TRANSFER_ACCEPTED, by=by)
        case.office, case.owner = row.to, officer
        details = {"person": str(officer.pk)}
        trail.save(case, verb=Verb.CASE_TRANSFERRED, by=by, details=details)
        move_grants(case, former=former, former_owner=former_owner, by=by)
    return case


def decline_transfer(transfer: Transfer, *, reason: str, by: User) -> Transfer:
    """Leave the case where it is, and say why; whoever sees the case reads it.

    Raises NotFound for whoever it does not wait for, and BadInput without a reason.
    """
    if not reason.strip():
        raise BadInput(_("Say why: the other office plans by it."))
    with transaction.atomic():
        lock_living(transfer.case)
        row = _offered(transfer, by)
        row.state = TransferState.DECLINED
        row.put("answer", TransferAnswer(transfer_declined_because=reason.strip()))
        trail.save(row, verb=Verb.TRANSFER_DECLINED, by=by)
    return row


# --- What they have in common ---------------------------------------------------------
_NOT_AGREED = _(
    "What the person agreed to has changed since this was asked. The office of the case has to withdraw "
    "it, talk to the person and ask anew."
)


def waiting_transfer(case: Case) -> Transfer | None:
    """The transfer that waits for another office."""
    return _waiting().filter(case=case).first()


def _waiting() -> QuerySet[Transfer]:
    return Transfer.objects.filter(state=TransferState.ASKED).select_related("to")


def _leaves_organisation(case: Case, to: Office) -> bool:
    return case.office.organisation_id != to.organisation_id


def _consent_for(case: Case, to: Office, by: User) -> Consent:
    try:
        # Whoever takes a case over reads all of it.
        return check_covered(case, REFERRAL, to=[to.organisation_id], classes=CONTENT, by=by)
    except BadInput as error:
        raise BadInput(
            _("%(office)s belongs to another organisation. %(why)s")
            % {"office": to, "why": error.message}
        ) from None


def _check_consent(consent: Consent) -> None:
    """Raise WrongState unless it is the last one still and has not run out. Nothing is opened."""
    is_over = consent.expires_on is not None and consent.expires_on < timezone.localdate()
    if is_over or consent.case.consents.first() != consent:
        raise WrongState(_NOT_AGREED)


def _check_open(case: Case) -> None:
    if case.status in CLOSED:
        raise WrongState(_("This case is closed. Reopen it before it goes to another office."))


def _locked(transfer: Transfer) -> Transfer:
    """The transfer as it stands, locked. Raises WrongState when it does not wait any more."""
    row = Transfer.objects.select_for_update().get(pk=transfer.pk)
    if row.state != TransferState.ASKED:
        raise WrongState(_("This was decided already."))
    return row


def _offered(transfer: Transfer, by: User) -> Transfer:
    """The same, for somebody whom it waits for. Raises NotFound for everybody else."""
    if not offered_to(by).filter(pk=transfer.pk).exists():
        raise NotFound(_("There is no such transfer, or it does not wait for you."))
    return _locked(transfer)
