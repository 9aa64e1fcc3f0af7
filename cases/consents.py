"""What a consent covers. Without one that covers it, a case is not shared with another organisation."""

from datetime import date

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cases import door
from cases.models import Case, Consent
from cases.sections import ConsentTerms
from core.exceptions import BadInput, Conflict

REFERRAL = "referral"  # code of reference.CONSENT_PURPOSES


def covers(terms: ConsentTerms, purpose: str, day: date) -> bool:
    """Did the person agree to this purpose, and does that still hold on this day?"""
    is_over = terms.expires_on is not None and terms.expires_on < day
    return terms.consented is True and purpose in terms.purposes and not is_over


def covering(case: Case, purpose: str, *, by: User) -> Consent | None:
    """The last consent that is recorded, if it covers this. Reading it is an event."""
    last = case.consents.first()
    [sections] = door.open_rows([last], by=by) if last else [{}]
    terms = sections.get("terms")
    if isinstance(terms, ConsentTerms) and covers(terms, purpose, timezone.localdate()):
        return last
    return None


def check_covered(case: Case, purpose: str, *, by: User) -> Consent:
    """The last consent that is recorded. Raises BadInput unless it covers this; reading is an event."""
    if (consent := covering(case, purpose, by=by)) is None:
        raise BadInput(
            _(
                "The person has not agreed that the case is shared with other organisations. Ask them, "
                "and record their consent with that purpose first."
            )
        )
    return consent


def check_still_counts(consent: Consent) -> None:
    """Raise Conflict when another consent was recorded since this one was read.

    Within a transaction: none is recorded from here to its end.
    """
    case = Case.objects.select_for_update().get(pk=consent.case_id)
    if case.consents.first() != consent:
        raise Conflict(
            _("Another consent was recorded in the meantime. Look at it, and then try again.")
        )
