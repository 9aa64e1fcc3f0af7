"""Without consent a danger to life is the only way: a second person agrees, a third one reviews."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from assistance.models import Override, Referral
from assistance.referrals.overrides import (
    approve_override,
    ask_for_override,
    decline_override,
    waiting_for,
)
from assistance.referrals.services import record_fallback, take_step
from assistance.sections import ReferralContent
from audit import review
from audit.context import RequestContext, serving
from audit.verbs import Verb
from cases import door
from cases.access import access_to
from cases.models import CaseTeamGrant
from cases.sections import ConsentTerms
from cases.services.consents import record_consent
from cases.services.exclusions import exclude
from cases.services.grants import hand_over
from core.exceptions import BadInput, NotAllowed, WrongState
from tests.assistance.test_referrals import halina as halina
from tests.assistance.test_referrals import haven as haven
from tests.guards import log

pytestmark = pytest.mark.django_db
WHY = "He waits for her in front of the house with a knife"


@pytest.fixture
def refused_consent(case, alena):
    terms = ConsentTerms(consented=True, purposes=["assistance"])
    return record_consent(case, terms=terms, recorded_on=timezone.localdate(), by=alena)


@pytest.fixture
def ask(case, alena, haven, refused_consent):
    def make(*, by=alena, ground="unable", note=WHY, session="first", **more):
        day = timezone.localdate()
        sent = {"classes": ["contact", "identity"], "until": day + timedelta(days=9)}
        told = ReferralContent(service="safety", outgoing_referral_details="Take her in tonight")
        with serving(RequestContext("request", session)):
            return ask_for_override(
                case,
                to=haven,
                content=told,
                answer_due=day,
                ground=ground,
                note=note,
                by=by,
                **sent | more,
            )

    return make


def test_nothing_is_sent_before_somebody_else_agrees(case, ask, halina, alena, pavel):
    request = ask()
    assert request.referral.status == "asked" and request.referral.grant is None
    assert access_to(halina, [case.pk]) == {}
    assert [one.pk for one in waiting_for(pavel)] == [request.pk] and waiting_for(alena) == []
    start = log.size()
    approve_override(request, note="Go", by=pavel)
    assert set(log.verbs_since(start)) == {
        *(Verb.OVERRIDE_APPROVED, Verb.GRANT_GIVEN, Verb.REFERRAL_SENT)
    }
    row = Referral.objects.get()
    assert row.status == "sent" and row.grant.granted_by == alena
    assert access_to(halina, [case.pk])[case.pk].read == {"contact", "identity"}
    assert {event.actor for event in log.since(start)} == {pavel.pk}
    take_step(row, "accepted", revision=row.revision, by=halina)


def test_why_it_is_stands_under_the_key_of_the_case_alone(ask, pavel):
    approve_override(ask(), note="Seen it myself", by=pavel)
    told = " ".join(str(log.told(event)) for event in log.since(0))
    assert WHY not in told and "Seen it" not in told and "unable" in told


def test_who_asks_does_not_agree_and_neither_does_anybody_in_the_same_session(
    ask, alena, pavel, iryna, ihar, halina, viktar
):
    request = ask(session="one")
    for somebody in (alena, ihar, iryna, halina, viktar):
        with pytest.raises(NotAllowed):
            approve_override(request, by=somebody)
        with pytest.raises(NotAllowed):
            decline_override(request, by=somebody)
    with serving(RequestContext("request", "one")), pytest.raises(NotAllowed):
        approve_override(request, by=pavel)
    assert not CaseTeamGrant.objects.filter(reason="referral").exists()


def test_a_supervisor_who_is_excluded_from_the_case_does_not_decide(case, ask, alena, pavel):
    request = ask()
    exclude(case, person=pavel, ground="relative", note="", by=alena)
    assert waiting_for(pavel) == []
    with pytest.raises(NotAllowed):
        approve_override(request, by=pavel)


def test_what_is_not_agreed_to_is_over_and_something_else_is_done(case, ask, alena, pavel, halina):
    request = decline_override(ask(), note="Call the police", by=pavel)
    row = request.referral
    row.refresh_from_db()
    assert row.status == "refused" and access_to(halina, [case.pk]) == {}
    for decide in (approve_override, decline_override):
        with pytest.raises(WrongState):
            decide(request, by=pavel)
    row = record_fallback(row, fallback="The police came", revision=row.revision, by=alena)
    [sections] = door.open_rows([row], by=alena)
    assert sections["content"].fallback == "The police came"


def test_what_is_withdrawn_waits_for_nobody(ask, alena, pavel):
    request = ask()
    row = Referral.objects.get()
    take_step(row, "withdrawn", said="She agreed", revision=row.revision, by=alena)
    assert waiting_for(pavel) == []
    with pytest.raises(WrongState):
        approve_override(request, by=pavel)


def test_no_step_goes_round_the_second_person(ask, alena, halina, pavel):
    ask()
    row = Referral.objects.get()
    for status in ("sent", "accepted", "received", "completed", "refused"):
        for somebody in (alena, pavel, halina):
            with pytest.raises((NotAllowed, WrongState)):
                take_step(row, status, said="Now", revision=row.revision, by=somebody)


def test_it_cannot_be_sent_when_who_asked_may_not_any_more(case, ask, alena, ihar, pavel):
    request = ask()
    hand_over(case, to=ihar, note="Leaves", by=alena)
    with pytest.raises(WrongState):
        approve_override(request, by=pavel)
    assert Override.objects.get().state == "asked"


@pytest.mark.parametrize(
    "wrong", [{"ground": "in_a_hurry"}, {"note": "  "}, {"classes": ["legal"]}]
)
def test_it_takes_a_reason_and_words(ask, wrong):
    with pytest.raises(BadInput):
        ask(**wrong)
    assert not Override.objects.exists() and not Referral.objects.exists()


def test_with_a_consent_nobody_is_asked(case, ask, alena):
    terms = ConsentTerms(consented=True, purposes=["referral"])
    record_consent(case, terms=terms, recorded_on=timezone.localdate(), by=alena)
    with pytest.raises(BadInput):
        ask()


def test_a_later_no_of_the_person_ends_it(case, ask, alena, pavel, halina):
    approve_override(ask(), by=pavel)
    record_consent(
        case, terms=ConsentTerms(consented=False), recorded_on=timezone.localdate(), by=alena
    )
    assert access_to(halina, [case.pk]) == {}
    assert Referral.objects.get().status == "withdrawn"


def test_it_stands_up_for_review_until_a_third_person_signs_it_off(ask, alena, pavel, daria, rita):
    approve_override(ask(), by=pavel)
    review.look_through_log()
    for reviewer in (daria, rita):
        assert [item.rule for item in review.queue_of(reviewer)].count("override") == 1
    assert "override" not in [item.rule for item in review.queue_of(pavel)]
    item = review.queue_of(daria).get(rule="override")
    with pytest.raises(NotAllowed):
        review.sign_off(item, note="Mine", revision=item.revision, by=pavel)
    review.sign_off(item, note="It was one", revision=item.revision, by=daria)
    assert "override" not in [one.rule for one in review.queue_of(rita)]


def test_asking_and_agreeing_on_the_pages(
    case, alena, pavel, halina, haven, refused_consent, client_for
):
    day = timezone.localdate()
    typed = {"service": "safety", "to": str(haven.pk), "outgoing_referral_details": "Tonight"}
    typed |= {"classes": ["contact", "identity"], "answer_due": str(day), "until": str(day)}
    sender = client_for(alena)
    refer = reverse("assistance:refer", args=[case.reference])
    assert sender.post(refer, typed).status_code == 422  # without a reason
    assert sender.post(refer, typed | {"ground": "unable", "note": WHY}).status_code == 302
    row = Referral.objects.get()
    page = sender.get(
        reverse("assistance:referral", args=[case.reference, row.pk])
    ).content.decode()
    assert "Waits for a second person" in page
    second = client_for(pavel)
    address = reverse("assistance:override", args=[case.reference, row.pk])
    assert address in second.get("/referrals/").content.decode()
    assert "app-pill--wait" in second.get("/").content.decode()
    assert WHY in second.get(address).content.decode()
    assert sender.get(address).status_code == 403
    assert second.post(address, {"note": ""}).status_code == 422
    assert second.post(address, {"act": "approve", "note": "Go"}).status_code == 302
    assert access_to(halina, [case.pk])
