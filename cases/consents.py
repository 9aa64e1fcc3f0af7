"""What a consent covers. Without one that covers it, a case is not shared with another organisation."""

from datetime import date

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cases import door
from cases.models import Case
from cases.sections import ConsentTerms
from core.exceptions import BadInput

REFERRAL = "referral"  # code of reference.CONSENT_PURPOSES


def covers(terms: ConsentTerms, purpose: str, day: date) -> bool:
    """Did the person agree to this purpose, and does that still hold on this day?"""
    is_over = terms.expires_on is not None and terms.expires_on < day
    return terms.consented is True and purpose in terms.purposes and not is_over


def check_covered(case: Case, purpose: str, *, by: User) -> None:
    """Raise BadInput unless the last consent that is recorded covers this. Reading it is an event."""
    last = case.consents.first()
    [sections] = door.open_rows([last], by=by) if last else [{}]
    terms = sections.get("terms")
    if not isinstance(terms, ConsentTerms) or not covers(terms, purpose, timezone.localdate()):
        raise BadInput(
            _(
                "The person has not agreed that the case is shared with other organisations. Ask them, "
                "and record their consent with that purpose first."
            )
        )
