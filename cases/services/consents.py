"""Recording what the person agreed to, and what follows from it."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.consents import REFERRAL, covers
from cases.models import Case, Consent
from cases.sections import ConsentTerms
from cases.services.casework import check_can_write
from cases.services.grants import end_referrals


def record_consent(case: Case, *, terms: ConsentTerms, recorded_on: date, by: User) -> Consent:
    """Add a record of what the person agreed to; earlier ones stay, and the last one counts.

    When it does not cover referrals, what was shared with other organisations ends with it.
    """
    check_can_write(by, case, "narrative")
    consent = Consent(case=case, recorded_on=recorded_on, recorded_by=by)
    consent.expires_on = terms.expires_on
    consent.put("terms", terms)
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=case.pk)  # a referral is sent before, or after
        trail.save(consent, verb=Verb.CONSENT_RECORDED, by=by)
        if ends_referrals(consent, terms):
            end_referrals(case, by=by)
    return consent


def ends_referrals(consent: Consent, terms: ConsentTerms) -> bool:
    """Is it the last one of its case, with these terms that cover no referral?"""
    is_last = consent.case.consents.first() == consent
    return is_last and not covers(terms, REFERRAL, timezone.localdate())
