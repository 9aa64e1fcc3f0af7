"""A consent is enforced: without one that covers it, nothing goes to another organisation."""

from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.services import change_account, join_team, make_office, make_organisation, make_team
from audit.verbs import Verb
from cases import door
from cases.access import access_to
from cases.consents import covers
from cases.models import CaseTeamGrant, CaseUserGrant
from cases.sections import ConsentTerms
from cases.services.consents import record_consent
from core.classes import CONTENT
from core.exceptions import BadInput
from tests.guards import log

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()


@pytest.fixture
def partner(person):
    return person("partner", "partner_officer")


@pytest.fixture
def haven(office):
    """An organisation that is a partner."""
    return _organisation("Haven")


@pytest.fixture
def linden(office):
    """Another one."""
    return _organisation("Linden")


def _organisation(name):
    own = make_organisation(name=name, kind="NGO", is_partner=True, by=None)
    make_office(code=f"BY-{name[:3]}", name=name, country="BY", organisation=own, by=None)
    return own


@pytest.fixture
def halina(person, haven):
    return person("halina", "partner_officer", at=haven.office_set.get())


@pytest.fixture
def zina(person, linden):
    return person("zina", "partner_officer", at=linden.office_set.get())


def _only(*organisations):
    return [str(one.pk) for one in organisations]


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


# --- Some organisations, some parts ---------------------------------------------------
def test_what_names_neither_limits_neither(case, alena, halina, zina, share):
    _record(case, alena)
    share(halina, "legal")
    share(zina, "identity", "contact")
    assert access_to(halina, [case.pk]) and access_to(zina, [case.pk])


def test_it_is_shared_only_with_the_organisations_that_were_named(
    case, alena, volha, halina, zina, partner, haven, share
):
    _record(case, alena, recipients=_only(haven))
    share(halina, "legal")
    for other in (zina, partner):  # an account that is kept in our own office is of no named one
        with pytest.raises(BadInput, match="some organisations only") as refused:
            share(other, "legal")
        assert "parts" not in str(refused.value.message)
        assert not access_to(other, [case.pk])
    share(volha, "psychological")  # within the house


def test_only_the_parts_that_were_named_are_shared(case, alena, volha, halina, share):
    _record(case, alena, classes=["identity", "contact"])
    with pytest.raises(BadInput, match=r"keeps parts of the case back: legal\.") as refused:
        share(halina, "identity", "legal")
    assert "organisations" not in str(refused.value.message)
    assert not access_to(halina, [case.pk])
    share(halina, "identity")
    share(volha, "psychological")


def test_a_team_gets_it_only_if_all_of_its_organisations_were_named(
    case, alena, halina, zina, haven, linden, share
):
    both = make_team(name="Both", by=None)
    for one in (halina, zina):
        join_team(user=one, team=both, by=None)
    _record(case, alena, recipients=_only(haven))
    with pytest.raises(BadInput, match="some organisations only"):
        share(both, "legal", reason="referral")
    _record(case, alena, recipients=_only(haven, linden))
    share(both, "legal", reason="referral")
    _record(case, alena, recipients=_only(linden))
    assert CaseTeamGrant.objects.get(group=both.group).revoked_at is not None


@pytest.mark.parametrize("limit", ["recipients", "classes"])
def test_a_narrower_consent_ends_what_goes_beyond_it_and_nothing_else(
    case, alena, volha, halina, zina, haven, share, limit
):
    share(volha, "psychological")
    share(halina, "identity", "contact")
    share(zina, "identity", "legal")
    before = log.size()
    limits = {"recipients": _only(haven), "classes": ["identity", "contact"]}
    _record(case, alena, **{limit: limits[limit]})
    assert not access_to(zina, [case.pk]), "the whole of it, the identity, too"
    assert access_to(halina, [case.pk])[case.pk].read == {"identity", "contact"}
    assert access_to(volha, [case.pk])
    assert log.verbs_since(before) == [Verb.CONSENT_RECORDED, Verb.GRANT_REVOKED]
    assert log.told(log.since(before)[1])["reason"] == "consent"


def test_somebody_who_is_switched_off_does_not_keep_it(case, alena, zina, haven, share):
    team = make_team(name="Hers", by=None)
    join_team(user=zina, team=team, by=None)
    share(team, "legal", reason="referral")
    change_account(zina, is_active=False, by=None)
    _record(case, alena, recipients=_only(haven))
    assert CaseTeamGrant.objects.get(group=team.group).revoked_at is not None


def test_an_older_narrower_record_ends_nothing(case, alena, zina, haven, share):
    share(zina, "legal")
    _record(case, alena, recorded_on=TODAY - timedelta(days=9), recipients=_only(haven))
    assert access_to(zina, [case.pk])


def test_the_limits_are_chosen_on_the_page_sealed_and_told_by_name(
    case, alena, haven, linden, client_for
):
    browser = client_for(alena)
    address = reverse("cases:consent", args=[case.reference])
    page = browser.get(address).content.decode()
    assert str(haven.pk) in page and str(linden.pk) in page
    assert str(case.office.organisation_id) not in page, "our own needs no consent"
    told = {"consented": "yes", "recorded_on": TODAY.isoformat(), "purposes": ["referral"]}
    wrong = browser.post(address, told | {"recipients": [str(case.pk)]})
    assert wrong.status_code == 422
    limits = {"recipients": _only(haven), "classes": ["legal", "medical"]}
    page = browser.post(address, told | limits, follow=True).content.decode()
    assert "What other organisations could see of the case beyond that ends." in page
    assert "Haven" in page and str(haven.pk) not in page and "Linden" not in page
    assert "legal, medical" in page
    row = case.consents.first()
    assert str(haven.pk).encode() not in bytes(row.terms_sealed)
    [sections] = door.open_rows([row], by=alena)
    assert sections["terms"].recipients == _only(haven)


def test_they_are_chosen_when_somebody_is_registered_too(alena, haven, client_for):
    typed = {"first_name": "Anna", "consent-consented": "yes"}
    typed |= {"consent-recorded_on": TODAY.isoformat(), "consent-recipients": _only(haven)}
    answer = client_for(alena).post(reverse("cases:register"), typed, follow=True)
    assert answer.status_code == 200 and "Haven" in answer.content.decode()


def test_the_page_of_sharing_says_which_is_missing(case, alena, zina, haven, client_for):
    _record(case, alena, recipients=_only(haven), classes=["identity"])
    until = (TODAY + timedelta(days=5)).isoformat()
    wish = {"to": str(zina.pk), "classes": ["legal"], "until": until, "reason": "referral"}
    answer = client_for(alena).post(reverse("cases:sharing", args=[case.reference]), wish)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "some organisations only" in page and "parts of the case back: legal" in page


def test_the_trail_tells_the_names(case, alena, pavel, haven, client_for):
    _record(case, alena, recipients=_only(haven))
    page = client_for(pavel).get(reverse("cases:trail", args=[case.reference])).content.decode()
    assert "Haven" in page and str(haven.pk) not in page


def test_every_class_that_can_be_shared_can_be_chosen(case, alena, client_for):
    page = client_for(alena).get(reverse("cases:consent", args=[case.reference])).content.decode()
    boxes = [tag.split(">")[0] for tag in page.split("<input") if 'name="classes"' in tag]
    assert {cls for cls in CONTENT for box in boxes if f'value="{cls}"' in box} == CONTENT
