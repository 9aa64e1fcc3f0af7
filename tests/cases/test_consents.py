"""A consent is enforced: without one that covers it, nothing goes to another organisation."""

from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.verbs import Verb
from cases.access import access_to
from cases.consents import covers
from cases.models import CaseUserGrant
from cases.sections import ConsentTerms
from cases.services.consents import record_consent
from core.exceptions import BadInput
from tests.guards import log

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()


@pytest.fixture
def partner(person):
    return person("partner", "partner_officer")


def _agreed(**said):
    return ConsentTerms(**{"consented": True, "purposes": ["assistance", "referral"]} | said)


def _record(case, by, recorded_on=TODAY, **said):
    return record_consent(case, terms=_agreed(**said), recorded_on=recorded_on, by=by)


@pytest.mark.parametrize(
    ("said", "is_covered"),
    [
        ({}, True),
        ({"consented": False}, False),
        ({"consented": None}, False),
        ({"purposes": ["assistance"]}, False),
        ({"expires_on": TODAY}, True),
        ({"expires_on": TODAY - timedelta(days=1)}, False),
    ],
)
def test_a_referral_needs_a_consent_that_covers_it(case, alena, partner, share, said, is_covered):
    _record(case, alena, **said)
    assert covers(_agreed(**said), "referral", TODAY) == is_covered
    if is_covered:
        share(partner, "legal")
        assert access_to(partner, [case.pk])
    else:
        with pytest.raises(BadInput, match="has not agreed"):
            share(partner, "legal")
        assert not access_to(partner, [case.pk])


def test_the_last_consent_counts(case, alena, partner, share):
    _record(case, alena, consented=False)
    _record(case, alena, recorded_on=TODAY - timedelta(days=2))  # an older one, found later
    with pytest.raises(BadInput):
        share(partner, "legal")
    _record(case, alena)
    share(partner, "legal")


def test_within_the_house_a_case_is_shared_without_it(case, alena, volha, share):
    _record(case, alena, consented=False)
    share(volha, "psychological")
    assert access_to(volha, [case.pk])


def test_withdrawing_ends_what_other_organisations_could_see(case, alena, volha, partner, share):
    share(volha, "psychological")
    share(partner, "legal")
    before = log.size()
    _record(case, alena, consented=False)
    assert not access_to(partner, [case.pk]) and access_to(volha, [case.pk])
    assert log.verbs_since(before) == [Verb.CONSENT_RECORDED, Verb.GRANT_REVOKED]
    assert CaseUserGrant.objects.get(user=partner).revoked_by == alena


def test_an_older_record_that_is_found_later_ends_nothing(case, alena, partner, share):
    share(partner, "legal")
    _record(case, alena, recorded_on=TODAY - timedelta(days=9), consented=False)
    assert access_to(partner, [case.pk])


def test_the_page_says_why_and_what_ends(case, alena, partner, client_for):
    browser = client_for(alena)
    earlier = (TODAY - timedelta(days=3)).isoformat()
    for day, ends in ((earlier, False), (TODAY.isoformat(), True)):
        told = {"consented": "no", "recorded_on": day}
        answer = browser.post(reverse("cases:consent", args=[case.reference]), told, follow=True)
        page = answer.content.decode()
        assert ("other organisations could see of the case ends" in page) == ends
    until = (TODAY + timedelta(days=5)).isoformat()
    wish = {"to": str(partner.pk), "classes": ["legal"], "until": until, "reason": "referral"}
    answer = browser.post(reverse("cases:sharing", args=[case.reference]), wish)
    assert answer.status_code == 422
    assert "has not agreed" in unescape(answer.content.decode())
