"""People who are referred to us: taking a referral in, answering it, and erasing what was told.

Nobody who sends one learns whether the person is known already: what is answered is the same.
"""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Office, Organisation, RoleHolding, TeamMembership, User
from accounts.roles import ROLES
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.incoming import KEPT_FOR, NO_SUCH, referred_to, sent_by
from cases.merges import check_no_duplicate
from cases.models import Case, IncomingReferral, IncomingStatus
from cases.sections import (
    CaseSummary,
    IncomingAnswer,
    IncomingContact,
    IncomingPerson,
    IncomingTold,
)
from cases.services import casework, intake
from cases.services.new_case import NewCase
from cases.services.retention import lock_living
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from core.rights import Right
from vault.keyring import keyring


@dataclass(frozen=True, slots=True, kw_only=True)
class Referred:
    """What is told of one person, by the classes it is sealed in."""

    person: IncomingPerson = field(default_factory=IncomingPerson)
    contact: IncomingContact = field(default_factory=IncomingContact)
    told: IncomingTold = field(default_factory=IncomingTold)


# --- Taking in ------------------------------------------------------------------------
def offices_to_ask() -> list[Office]:
    """Our offices that somebody can be referred to: with a person who takes cases in; by name."""
    roles = [code for code, role in ROLES.items() if Right.CASE_REGISTER in role.rights]
    officers = RoleHolding.objects.now().filter(role__in=roles, user__is_active=True)
    heads = TeamMembership.objects.now().filter(user__is_active=True).values("team__group")
    found = Office.objects.filter(pk__in=officers.values("user__office")).distinct()
    found = found | Office.objects.filter(supervisors__in=heads).distinct()
    found = found.exclude(organisation__is_partner=True).order_by("organisation__name", "name")
    return list(found.select_related("organisation"))


def send_incoming(
    referred: Referred, *, office: Office, answer_due: date, by: User
) -> IncomingReferral:
    """Refer a person to one of our offices, in the name of the partner organisation one works in.

    Raises NotAllowed, WrongState for an account that belongs to no partner, and BadInput when the office
    takes nobody in, the day is over, or it is not said why.
    """
    if not by.has_right(Right.PERSON_REFER):
        raise NotAllowed(_("Your role does not include referring people."))
    if by.partner is None:
        raise WrongState(_("Your account belongs to no partner organisation."))
    if office not in offices_to_ask():
        raise BadInput(_("Choose an office from the list."))
    row = IncomingReferral(
        office=office, organisation=by.partner, is_sent=True, received_on=timezone.localdate()
    )
    return _receive(row, referred, answer_due, by)


def take_down(
    referred: Referred,
    *,
    organisation: Organisation | None,
    received_on: date,
    answer_due: date,
    by: User,
) -> IncomingReferral:
    """Write down for one's own office what came by telephone, by letter or from another body.

    Raises NotAllowed, WrongState without an office, and BadInput as `send_incoming`.
    """
    if not by.has_right(Right.CASE_REGISTER) or by.is_partner:
        raise NotAllowed(_("Your role does not include registering people."))
    if by.office is None:
        raise WrongState(_("Your account belongs to no office. Ask your administrator for one."))
    if received_on > timezone.localdate():
        raise BadInput(_("Enter a date that is not in the future."))
    row = IncomingReferral(office=by.office, organisation=organisation, received_on=received_on)
    return _receive(row, referred, answer_due, by)


def _receive(
    row: IncomingReferral, referred: Referred, answer_due: date, by: User
) -> IncomingReferral:
    if answer_due < timezone.localdate():
        raise BadInput(_("An answer is due from today on."))
    if not referred.told.why_trafficked.strip():
        raise BadInput(_("Say why this is thought to be trafficking."))
    row.answer_due, row.recorded_by = answer_due, by
    keyring.create([row.pk])  # a key without its row harms nobody
    for section in ("person", "contact", "told"):
        row.put(section, getattr(referred, section))
    trail.save(row, verb=Verb.INCOMING_RECEIVED, by=by)
    return row


# --- Answering ------------------------------------------------------------------------
def may_accept(user: User, row: IncomingReferral) -> bool:
    """Whoever registers people in the office accepts those who are referred to it, and keeps them."""
    is_own = user.has_right(Right.CASE_REGISTER) and user.office_id == row.office_id
    return is_own and not user.is_partner and row.status == IncomingStatus.RECEIVED


def accept_as_new(
    row: IncomingReferral, new_case: NewCase, *, arranged: str, by: User
) -> IncomingReferral:
    """Open a case for the person; whoever accepts is its officer. `arranged` is told to the sender.

    Raises NotFound, NotAllowed, and WrongState when it was answered or withdrawn already.
    """
    with transaction.atomic():
        current = _to_accept(row, by)
        case = intake.register_case(new_case, by=by)
        return _accept(current, case, arranged, by)


def accept_for(
    row: IncomingReferral, case: Case, *, referral: CaseSummary, arranged: str, by: User
) -> IncomingReferral:
    """Accept for a case that is here already. What was told goes to how that case came to us.

    Raises as `accept_as_new`, NotFound for a case of another organisation, NotAllowed to whoever may not
    write there, WrongState for a duplicate, and Conflict when the case is changed at this moment. Must
    not run inside a transaction: the case is opened first.
    """
    if case.office.organisation_id != row.office.organisation_id:  # as far as it was referred to us
        raise NotFound(_("There is no such case, or it is not shared with you for this."))
    casework.check_can_write(by, case, Case.SECTIONS["summary"][0])
    [sections] = door.open_rows([case], by=by, classes=["narrative"])
    summary = sections.get("summary", CaseSummary())
    assert isinstance(summary, CaseSummary)
    after = with_referral(summary, referral)
    facts = casework.facts_by_source(case, summary, after, by=by)
    with transaction.atomic():
        lock_living(case)
        check_no_duplicate(case)
        current = _to_accept(row, by)
        casework.put_summary(case, after, facts, revision=case.revision, by=by)
        return _accept(current, case, arranged, by)


def with_referral(summary: CaseSummary, referral: CaseSummary) -> CaseSummary:
    """How a case came to us, with another referral: details are added, the rest fills what is empty."""
    names = ("referring_organisation", "incoming_referral_date", "referring_case_worker")
    more = {
        name: getattr(summary, name) or getattr(referral, name)
        for name in (*names, "reason_for_incoming_referral")
    }
    details = filter(None, (summary.incoming_referral_details, referral.incoming_referral_details))
    return msgspec.structs.replace(summary, incoming_referral_details="\n\n".join(details), **more)


def decline_incoming(
    row: IncomingReferral, *, because: str, advised: str, by: User
) -> IncomingReferral:
    """Decline; the sender reads why, and where else help may be found.

    Raises NotFound, BadInput without a reason, and WrongState when it was answered or withdrawn already.
    """
    if not because.strip():
        raise BadInput(_("Say why: whoever referred the person plans by it."))
    with transaction.atomic():
        current = _waiting(row, by)
        answer = IncomingAnswer(declined_because=because.strip(), advised=advised.strip())
        current.put("answer", answer)
        return _decide(current, IncomingStatus.DECLINED, Verb.INCOMING_DECLINED, by)


def withdraw_incoming(row: IncomingReferral, *, by: User) -> IncomingReferral:
    """Take back what one's organisation sent. Raises NotFound, and WrongState when it was answered."""
    with transaction.atomic():
        if not sent_by(by).filter(pk=row.pk).exists():
            raise NotFound(NO_SUCH)
        current = _locked(row)
        return _decide(current, IncomingStatus.WITHDRAWN, Verb.INCOMING_WITHDRAWN, by)


def _to_accept(row: IncomingReferral, by: User) -> IncomingReferral:
    current = _waiting(row, by)
    if not may_accept(by, current):
        raise NotAllowed(_("Whoever registers people in this office accepts them."))
    return current


def _waiting(row: IncomingReferral, by: User) -> IncomingReferral:
    """The row as it stands, locked, for somebody of the office. Raises NotFound and WrongState."""
    if not referred_to(by).filter(pk=row.pk).exists():
        raise NotFound(NO_SUCH)
    return _locked(row)


def _locked(row: IncomingReferral) -> IncomingReferral:
    current = IncomingReferral.objects.select_for_update().get(pk=row.pk)
    if current.status != IncomingStatus.RECEIVED:
        raise WrongState(_("This was answered or withdrawn already."))
    return current


def _accept(row: IncomingReferral, case: Case, arranged: str, by: User) -> IncomingReferral:
    row.became = case
    if arranged.strip():
        row.put("answer", IncomingAnswer(arranged=arranged.strip()))
    return _decide(row, IncomingStatus.ACCEPTED, Verb.INCOMING_ACCEPTED, by)


def _decide(
    row: IncomingReferral, status: IncomingStatus, verb: Verb, by: User
) -> IncomingReferral:
    row.status, row.decided_on = status, timezone.localdate()
    trail.save(row, verb=verb, by=by)
    return row


# --- Erasing --------------------------------------------------------------------------
def erase_old() -> None:
    """Erase what was told, some time after the answer; again, where a copy of the keys brought it back.

    Raises StillInFile when bytes of a key could not be cleared yet: the next day tries again.
    """
    over = IncomingReferral.objects.filter(erased_on=None)
    for row in over.filter(decided_on__lt=timezone.localdate() - KEPT_FOR).order_by("pk"):
        erase(row, by=None)
    gone = IncomingReferral.objects.exclude(erased_on=None).values_list("pk", flat=True)
    for scope in keyring.having(list(gone)):
        keyring.destroy(scope)


def erase(row: IncomingReferral, *, by: User | None) -> None:
    """Destroy the key of one row: nobody opens again what was told. Can be done twice.

    What stays is who was asked when, and what became of it. Raises StillInFile.
    """
    keys = keyring.ids(row.pk)
    keyring.destroy(row.pk)
    with transaction.atomic():
        current = IncomingReferral.objects.select_for_update().get(pk=row.pk)
        if current.erased_on is None:
            current.erased_on = timezone.localdate()
            trail.save(current, verb=Verb.INCOMING_ERASED, by=by, keys=keys)


def erase_of_case(case: UUID, *, by: User | None) -> None:
    """What was told before there was a case goes with it."""
    for row in IncomingReferral.objects.filter(became=case):
        erase(row, by=by)
