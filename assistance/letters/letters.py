"""Letters about one person: the certificate of assistance, and the letter that goes with a referral."""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from assistance.models import Assistance, AssistanceStatus, Referral
from assistance.reference import KINDS
from assistance.referrals.services import is_running
from assistance.referrals.table import SERVICES
from assistance.sections import Assistance as Content
from assistance.sections import ReferralContent
from audit.verbs import Verb
from cases import door
from cases.models import Case
from cases.papers import (
    Block,
    Paper,
    facts,
    in_language,
    lines,
    mark_of,
    passage,
    sender,
    written_day,
)
from cases.presenters import text_of
from cases.sections import Identity
from cases.selectors import victim_of
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState

IDENTITY = "identity"


def certificate(case: Case, *, language: str, tells_kinds: bool, by: User) -> Paper:
    """That the person was helped, from when until when; not why, and with what only if asked for.

    Of kinds of assistance it tells those that `by` may read. The event is written before anything is
    opened. Raises NotAllowed where the name is not shared with `by`, and BadInput
    where there is none.
    """
    made = {"letter": "certificate", "language": language, "kinds": tells_kinds}
    [person], event = door.open_for_paper(
        [victim_of(case)], by=by, verb=Verb.LETTER_MADE, classes=[IDENTITY], details=made
    )
    identity, found = _identity(person), _kinds_of(case, by) if tells_kinds else set()
    with in_language(language):
        kinds = [str(label) for kind, label in KINDS.items() if kind in found]
        until = written_day(case.closed_on) if case.closed_on else _("to this day")
        return Paper(
            title=_("Certificate of assistance"),
            made_on=timezone.localdate(),
            head=sender(case),
            blocks=[
                passage(
                    _("We certify that the person named here was assisted by our organisation.")
                ),
                facts(
                    [
                        *_named(identity),
                        (_("Assisted from"), written_day(case.opened_on)),
                        (_("Assisted until"), until),
                        (_("Kinds of assistance"), ", ".join(kinds)),
                    ]
                ),
                passage(_("This is certified at the person's own request.")),
                *_signed(case),
            ],
            mark=mark_of(event, by),
        )


def referral_letter(row: Referral, *, language: str, by: User) -> Paper:
    """The letter that the person takes along, or that is sent ahead: to whom, what for, where and when.

    Raises WrongState where the other organisation may not open what was sent, or no more; NotFound where
    the referral is not shared with `by`; and as `certificate`.
    """
    if not is_running(row):
        raise WrongState(_("Nothing is shared by this referral: there is no letter to go with it."))
    case = row.case
    made = {"letter": "referral", "language": language, "referral": str(row.pk)}
    rows = [victim_of(case), row]
    classes = {IDENTITY, *(service.cls for service in SERVICES.values())}
    (person, sections), event = door.open_for_paper(
        rows, by=by, verb=Verb.LETTER_MADE, classes=classes, details=made
    )
    content, identity = sections.get("content"), _identity(person)
    if not isinstance(content, ReferralContent):
        raise NotFound(_("There is no such referral, or it is not shared with you."))
    with in_language(language):
        service = str(SERVICES[content.service].name)
        meeting = [
            (_("Place"), content.meeting_place),
            (_("Time"), content.meeting_time),
            (_("Who comes along"), content.accompanied_by),
        ]
        to = [
            (pgettext("who a letter is for", "To"), row.to.name),
            (_("For the attention of"), content.referred_case_worker),
        ]
        blocks = [
            facts(to),
            passage(_("We refer the person named here to you and ask you to help.")),
            facts([*_named(identity), (_("What is needed"), service)]),
            passage(content.outgoing_referral_details),
            facts(meeting),
            passage(
                _("Please tell us by %s whether you can take this on.")
                % written_day(row.answer_due)
            ),
            facts([(_("Our reference"), case.reference), (_("Whom to ask"), str(case.owner))]),
        ]
        return Paper(
            title=_("Referral"),
            made_on=timezone.localdate(),
            head=sender(case),
            blocks=[*(block for block in blocks if _says_something(block)), *_signed(case)],
            mark=mark_of(event, by),
        )


def _kinds_of(case: Case, by: User) -> set[str]:
    """The kinds of what was given, of those records that `by` may read."""
    given = (AssistanceStatus.UNDER_WAY, AssistanceStatus.DELIVERED)
    records = list(Assistance.objects.filter(case=case, status__in=given))
    contents = (sections.get("content") for sections in door.open_rows(records, by=by))
    return {content.KIND for content in contents if isinstance(content, Content)}


def _identity(sections: door.Sections) -> Identity:
    identity = sections.get(IDENTITY)
    if not isinstance(identity, Identity):
        raise NotAllowed(_("A letter needs the person's name, which is not shared with you."))
    if not identity.full_name:
        raise BadInput(_("A letter needs the person's name. Record it first."))
    return identity


def _named(identity: Identity) -> list[tuple[str, str]]:
    born = text_of("birthdate", identity.birthdate)
    return [(_("Name"), identity.full_name), (_("Born"), born)]


def _signed(case: Case) -> list[Block]:
    return [lines([_("For %s: name and signature") % case.office.organisation.name])]


def _says_something(block: Block) -> bool:
    return bool(block.get("text") or block.get("pairs"))
