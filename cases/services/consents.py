"""Recording what the person agreed to, and what follows from it."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.consents import REFERRAL, covers
from cases.models import Case, Consent
from cases.sections import ConsentTerms
from cases.services.casework import check_can_write
from cases.services.grants import end_uncovered


def record_consent(case: Case, *, terms: ConsentTerms, recorded_on: date, by: User) -> Consent:
    """Add a record of what the person agreed to; earlier ones stay, and the last one counts.

    What was shared with other organisations and is not covered by it any more ends with it.
    """
    check_can_write(by, case, "narrative")
    consent = Consent(case=case, recorded_on=recorded_on, recorded_by=by)
    consent.expires_on = terms.expires_on
    consent.put("terms", terms)
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=case.pk)  # a referral is sent before, or after
        trail.save(consent, verb=Verb.CONSENT_RECORDED, by=by)
        if _is_last(consent):
            end_uncovered(case, terms, by=by)
    return consent


def what_ends(consent: Consent, terms: ConsentTerms) -> str:
    """What to tell whoever recorded these terms of what was shared before; "" when all of it stays."""
    if not _is_last(consent):
        return ""
    if not covers(terms, REFERRAL, timezone.localdate()):
        return _("What other organisations could see of the case ends.")
    if terms.recipients or terms.classes:
        return _("What other organisations could see of the case beyond that ends.")
    return ""


def _is_last(consent: Consent) -> bool:
    return bool(consent.case.consents.first() == consent)
