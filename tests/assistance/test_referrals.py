"""Referring a case to an organisation's desk: what goes out, what comes back, and when it ends."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.proposals import KINDS
from accounts.services import (
    change_account,
    join_team,
    make_desk,
    make_office,
    make_organisation,
)
from assistance.models import Referral
from assistance.referrals.services import (
    give_feedback,
    is_overdue,
    note_received,
    record_fallback,
    referred_to,
    send_referral,
    sent_by,
    take_step,
)
from assistance.referrals.table import OPEN, SERVICES, STEPS, ReferralStatus, Side
from assistance.sections import ReferralContent
from audit.verbs import Verb
from cases import door
from cases.access import access_to
from cases.models import CaseTeamGrant
from cases.sections import ConsentTerms
from cases.services.consents import record_consent
from cases.services.grants import hand_over, revoke_grant
from cases.services.intake import register_case
from cases.services.transfers import accept_transfer, ask_transfer
from core.classes import CONTENT
from core.exceptions import BadInput, Conflict, NotAllowed, WrongState
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db
MESSAGE = "She needs a bed where her cousin does not find her"


@pytest.fixture
def haven(office, person):
    """A partner organisation; Halina is at its desk, Sasha works there and is not."""
    own = make_organisation(name="Haven", kind="NGO", is_partner=True, by=None)
    make_office(code="BY-HAV", name="Haven", country="BY", organisation=own, by=None)
    at = own.office_set.get()
    halina = person("halina", "partner_officer", at=at)
    person("sasha", "partner_officer", at=at)
    join_team(user=halina, team=make_desk(own, by=None), by=None)
    own.refresh_from_db()
    return own


@pytest.fixture
def halina(haven):
    return haven.desk.memberships.get().user


@pytest.fixture
def send(case, alena, haven):
    def make(*, by=alena, to=haven, service="shelter", classes=None, days=30, due=3, **content):
        today = timezone.localdate()
        told = {"outgoing_referral_details": MESSAGE, "meeting_place": "Platform 2"} | content
        return send_referral(
            case,
            to=to,
            content=ReferralContent(service=service, **told),
            classes=SERVICES[service].needs if classes is None else classes,
            until=today + timedelta(days=days),
            answer_due=today + timedelta(days=due),
            by=by,
        )

    return make


def _step(row, status, by, said=""):
    row = Referral.objects.get(pk=row.pk)
    return take_step(row, status, said=said, revision=row.revision, by=by)


# --- The tables -----------------------------------------------------------------------
def test_each_service_needs_classes_that_can_be_shared():
    for service in SERVICES.values():
        assert service.needs and set(service.needs) <= CONTENT
        assert "narrative" not in service.needs


def test_every_status_is_reached_from_the_first_and_all_ends_have_no_way_on():
    reached, waiting = {ReferralStatus.ASKED}, [ReferralStatus.ASKED]
    while waiting:
        for status, whose in STEPS[waiting.pop()].items():
            assert whose <= set(Side) and whose
            if status not in reached:
                reached.add(status)
                waiting.append(status)
    assert reached == set(ReferralStatus) == set(STEPS)
    assert set(STEPS) - set(OPEN) == {"declined", "completed", "withdrawn", "refused"}


# --- Sending --------------------------------------------------------------------------
def test_a_referral_opens_its_classes_to_the_desk_and_to_nobody_else(case, send, halina, haven):
    start = log.size()
    row = send()
    assert set(log.verbs_since(start)) == {Verb.CASE_VIEWED, Verb.GRANT_GIVEN, Verb.REFERRAL_SENT}
    assert access_to(halina, [case.pk])[case.pk].read == {"contact", "identity"}
    sasha = haven.office_set.get().user_set.get(username="sasha")
    assert access_to(sasha, [case.pk]) == {}
    assert (row.grant.reason, row.status) == ("referral", "sent")
    [sections] = door.open_rows([row], by=halina)
    assert sections["content"].outgoing_referral_details == MESSAGE


def test_nothing_of_what_is_written_stands_in_the_clear(send):
    row = Referral.objects.get(pk=send().pk)
    stored = b"".join(bytes(getattr(row, f"{name}_sealed")) for name in ("facts", "content"))
    told = " ".join(str(log.told(event)) for event in log.since(0))
    assert MESSAGE.encode() not in stored and b"shelter" not in stored
    assert MESSAGE not in told and "shelter" not in told


def test_what_is_sent_ends_on_its_day(case, send, halina, time_machine):
    send(days=10)
    time_machine.move_to(timezone.now() + timedelta(days=9))
    assert access_to(halina, [case.pk])
    time_machine.move_to(timezone.now() + timedelta(days=2))
    assert access_to(halina, [case.pk]) == {} and referred_to(halina) == []


def test_without_a_consent_nothing_is_sent(case, send, alena, halina):
    terms = ConsentTerms(consented=True, purposes=["assistance"])
    record_consent(case, terms=terms, recorded_on=timezone.localdate(), by=alena)
    with pytest.raises(BadInput):
        send()
    assert not Referral.objects.exists() and not CaseTeamGrant.objects.filter(reason="referral")


def _agreed(case, by, **limits):
    terms = ConsentTerms(consented=True, purposes=["referral"], **limits)
    record_consent(case, terms=terms, recorded_on=timezone.localdate(), by=by)


@pytest.fixture
def linden(office, person):
    """Another partner organisation, with Zina at its desk."""
    own = make_organisation(name="Linden", kind="NGO", is_partner=True, by=None)
    at = make_office(code="BY-LDN", name="Linden", country="BY", organisation=own, by=None)
    join_team(user=person("zina", "partner_officer", at=at), team=make_desk(own, by=None), by=None)
    own.refresh_from_db()
    return own


def test_nothing_is_sent_to_an_organisation_that_was_not_named(case, send, alena, haven, linden):
    _agreed(case, alena, recipients=[str(haven.pk)])
    with pytest.raises(BadInput, match="some organisations only"):
        send(to=linden)
    assert not Referral.objects.exists() and not CaseTeamGrant.objects.filter(reason="referral")
    send(to=haven)


def test_no_part_is_sent_that_the_person_keeps_back(case, send, alena, halina):
    _agreed(case, alena, classes=["identity", "contact"])
    with pytest.raises(BadInput, match=r"keeps parts of the case back: medical\."):
        send(classes=["identity", "contact", "medical"])
    assert not Referral.objects.exists() and not access_to(halina, [case.pk])
    send(classes=["identity", "contact"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"service": "shelter", "classes": ["identity"]},  # what is written would not be read
        {
            "service": "legal",
            "classes": ["legal", "narrative"],
        },  # the role of a partner admits none
        {"days": 400},
        {"days": 2, "due": 3},
        {"due": -1},
    ],
)
def test_what_cannot_be_sent_so_is_not_sent(send, wrong):
    with pytest.raises((BadInput, ValidationError)):
        send(**wrong)
    assert not Referral.objects.exists()


def test_a_case_is_referred_to_others_with_people_at_their_desk(case, send, office, haven, halina):
    with pytest.raises(BadInput):
        send(to=office.organisation)
    empty = make_organisation(name="Empty", kind="NGO", is_partner=True, by=None)
    with pytest.raises(BadInput):
        send(to=empty)
    make_desk(empty, by=None)
    empty.refresh_from_db()
    with pytest.raises(BadInput):
        send(to=empty)


def test_only_the_officer_of_the_case_sends(send, ihar, pavel, halina):
    for somebody in (ihar, pavel, halina):
        with pytest.raises(NotAllowed):
            send(by=somebody)


# --- Answering ------------------------------------------------------------------------
def test_the_desk_receives_accepts_works_and_completes(case, send, alena, halina):
    row = send()
    assert note_received(row, by=alena).status == "sent"  # the sender's looking is none
    assert note_received(row, by=halina).status == "received"
    _step(row, "accepted", halina)
    row = _step(row, "under_way", halina)
    row = give_feedback(row, feedback="Moved in", revision=row.revision, by=halina)
    row = give_feedback(row, feedback="Sleeps again", revision=row.revision, by=halina)
    row = _step(row, "completed", halina, "Found a flat")
    assert access_to(halina, [case.pk]) == {}
    assert row.grant.history.count() == 2
    [sections] = door.open_rows([Referral.objects.get(pk=row.pk)], by=alena)
    said = [line.partition(" ")[2] for line in sections["answer"].feedback]
    assert said == ["Moved in", "Sleeps again", "Found a flat"]


@pytest.mark.parametrize(
    "way, last, by",
    [
        ((), "declined", "halina"),
        ((), "withdrawn", "alena"),
        (("accepted",), "withdrawn", "alena"),
        (("accepted",), "completed", "alena"),
        (("accepted", "under_way"), "completed", "halina"),
    ],
)
def test_whatever_ends_a_referral_ends_the_grant_with_it(case, send, alena, halina, way, last, by):
    people = {"alena": alena, "halina": halina}
    row = send()
    for status in way:
        _step(row, status, halina)
    start = log.size()
    _step(row, last, people[by], "No bed is free")
    assert Verb.GRANT_REVOKED in log.verbs_since(start)
    assert access_to(halina, [case.pk]) == {}
    assert CaseTeamGrant.objects.get(reason="referral").revoked_at is not None
    # and it is over for good
    for status in ReferralStatus:
        with pytest.raises((WrongState, NotAllowed)):
            _step(row, status, alena, "Again")


def test_each_side_takes_its_own_steps_and_no_others(send, alena, halina, ihar, pavel):
    for status, steps in STEPS.items():
        if status in ("asked", "refused"):  # tests/assistance/test_overrides.py
            continue
        row = send()
        for before in _way_to(status):
            _step(row, before, alena if before == "withdrawn" else halina, "So it is")
        for after, whose in steps.items():
            for user, side in (
                (halina, Side.DESK),
                (alena, Side.SENDER),
                (ihar, None),
                (pavel, None),
            ):
                if side not in whose:
                    with pytest.raises(NotAllowed):
                        _step(row, after, user, "Told")


def _way_to(status):
    ways = {"sent": (), "received": ("received",), "accepted": ("accepted",)}
    ways |= {"under_way": ("accepted", "under_way"), "declined": ("declined",)}
    ways |= {"withdrawn": ("withdrawn",), "completed": ("accepted", "completed")}
    return ways[status]


def test_a_reason_is_said_where_the_other_side_plans_by_it(send, alena, halina):
    row = send()
    for status, who in (("declined", halina), ("withdrawn", alena)):
        with pytest.raises(BadInput):
            _step(row, status, who, "  ")
    assert Referral.objects.get().status == "sent"


def test_two_answers_at_once_meet_a_conflict(send, alena, halina):
    row = send()
    _step(row, "accepted", halina)
    row.refresh_from_db()
    with pytest.raises(Conflict):
        take_step(row, "under_way", revision=row.revision - 1, by=halina)
    with pytest.raises(Conflict):
        give_feedback(row, feedback="Told", revision=row.revision - 1, by=halina)


def test_somebody_who_leaves_the_desk_answers_no_more(case, send, halina, haven):
    row = send()
    membership = haven.desk.memberships.get()
    change_account(halina, office=case.office, by=None)
    membership.refresh_from_db()
    assert membership.ended_at is not None
    with pytest.raises(NotAllowed):
        _step(row, "accepted", halina)


# --- Ending from elsewhere ------------------------------------------------------------
def test_a_consent_that_is_taken_back_withdraws_it_in_the_same_transaction(
    case, send, alena, halina
):
    row = _step(send(), "accepted", halina)
    terms = ConsentTerms(consented=False)
    record_consent(case, terms=terms, recorded_on=timezone.localdate(), by=alena)
    row.refresh_from_db()
    assert row.status == "withdrawn"
    assert access_to(halina, [case.pk]) == {}
    withdrawn = next(e for e in log.since(0) if e.verb == Verb.REFERRAL_WITHDRAWN)
    assert log.told(withdrawn)["reason"] == "consent"


@pytest.mark.parametrize("limit", ["recipients", "classes"])
def test_a_narrower_consent_withdraws_what_goes_beyond_it(
    case, send, alena, haven, linden, halina, limit
):
    stays, goes = send(to=haven), send(to=linden, classes=["identity", "contact", "medical"])
    limits = {"recipients": [str(haven.pk)], "classes": ["identity", "contact"]}
    _agreed(case, alena, **{limit: limits[limit]})
    for row in (stays, goes):
        row.refresh_from_db()
    assert (stays.status, goes.status) == ("sent", "withdrawn")
    assert access_to(halina, [case.pk])
    assert not access_to(linden.desk.memberships.get().user, [case.pk])


def test_access_that_is_taken_back_withdraws_it(send, alena):
    row = send()
    revoke_grant(row.grant, by=alena)
    row.refresh_from_db()
    assert row.status == "withdrawn"


def test_what_is_done_instead_is_recorded_where_it_came_to_nothing(send, alena, halina):
    row = send()
    with pytest.raises(WrongState):
        record_fallback(row, fallback="A hotel", revision=row.revision, by=alena)
    row = _step(row, "declined", halina, "No bed is free")
    row = record_fallback(row, fallback="A hotel", revision=row.revision, by=alena)
    [sections] = door.open_rows([row], by=alena)
    assert sections["content"].fallback == "A hotel"
    assert sections["answer"].declined_because == "No bed is free"


# --- What waits -----------------------------------------------------------------------
def test_what_should_have_been_answered_stands_on_the_start_page(
    case, send, alena, halina, ihar, client_for, time_machine
):
    row = send(due=2)
    assert [one.pk for one in sent_by(alena)] == [row.pk]
    assert not is_overdue(row) and "Referrals by us" in _start(client_for, alena)
    assert "app-pill--wait" not in _start(client_for, alena)
    time_machine.move_to(timezone.now() + timedelta(days=3))
    assert is_overdue(row) and "app-pill--wait" in _start(client_for, alena)
    assert "app-pill--wait" not in _start(client_for, ihar)
    _step(row, "accepted", halina)
    assert "app-pill--wait" not in _start(client_for, alena)


def _start(client_for, user):
    return client_for(user).get("/").content.decode()


def test_a_handed_over_case_takes_its_referrals_along(case, send, alena, ihar):
    row = send()
    hand_over(case, to=ihar, note="Leaves", by=alena)
    assert sent_by(alena) == [] and [one.pk for one in sent_by(ihar)] == [row.pk]


@pytest.mark.parametrize("where", ["another office", "another organisation"])
def test_a_transferred_case_takes_its_referrals_along(
    case, send, alena, halina, iryna, outsider, person, where
):
    row = send()
    at = iryna.office if where == "another office" else outsider.office
    head, officer = person("new_head", "supervisor", at=at), person("new", "case_officer", at=at)
    asked = ask_transfer(case, to=at, note="Moves", person_agrees=True, by=alena)
    accept_transfer(asked, officer=officer, by=head)
    assert sent_by(alena) == [] and [one.pk for one in sent_by(officer)] == [row.pk]
    assert [one.pk for one in referred_to(halina)] == [row.pk]
    assert _step(row, "accepted", halina).status == "accepted"


# --- The pages ------------------------------------------------------------------------
def _typed(haven, **more):
    today = timezone.localdate()
    typed = {"service": "shelter", "to": str(haven.pk), "outgoing_referral_details": MESSAGE}
    typed |= {"classes": ["contact", "identity"], "answer_due": str(today)}
    return typed | {"until": str(today + timedelta(days=9))} | more


def test_the_form_proposes_only_what_the_service_needs(case, alena, haven, client_for):
    page = client_for(alena).post(_refer(case), {"service": "legal"}).content.decode()
    boxes = [tag.split(">")[0] for tag in page.split("<input") if 'name="classes"' in tag]
    ticked = {
        cls for cls in CONTENT for box in boxes if f'value="{cls}"' in box and "checked" in box
    }
    assert len(boxes) == len(CONTENT) and ticked == set(SERVICES["legal"].needs)


def _refer(case):
    return reverse("assistance:refer", args=[case.reference])


def test_sending_and_answering_on_the_pages(case, alena, halina, haven, client_for):
    sender, desk = client_for(alena), client_for(halina)
    answer = sender.post(_refer(case), _typed(haven))
    assert answer.status_code == 302
    row = Referral.objects.get()
    listed = desk.get("/referrals/").content.decode()
    assert case.reference in listed and SENTINELS["identity"] in listed
    address = reverse("assistance:referral", args=[case.reference, row.pk])
    page = desk.get(address).content.decode()
    assert MESSAGE in page and SENTINELS["narrative"] not in page
    row.refresh_from_db()
    assert row.status == "received"
    refused = desk.post(address, {"act": "declined", "said": "", "revision": row.revision})
    assert refused.status_code == 422
    told = {"act": "declined", "said": "No bed", "revision": row.revision}
    assert desk.post(address, told)["Location"] == "/referrals/"
    assert desk.get(address).status_code == 404
    assert case.reference not in desk.get("/referrals/").content.decode()
    page = sender.get(address).content.decode()
    assert "No bed" in page and "What is done instead" in page


def test_the_form_warns_before_anything_is_typed_where_the_person_has_not_agreed(
    case, alena, haven, client_for
):
    record_consent(case, terms=ConsentTerms(), recorded_on=timezone.localdate(), by=alena)
    browser = client_for(alena)
    assert "has not agreed" in browser.post(_refer(case), {"service": "legal"}).content.decode()
    assert browser.post(_refer(case), _typed(haven)).status_code == 422
    assert not Referral.objects.exists()


def test_the_form_marks_what_the_consent_does_not_cover_before_anything_is_sent(
    case, alena, haven, linden, client_for
):
    _agreed(case, alena, recipients=[str(haven.pk)], classes=["identity", "medical"])
    page = client_for(alena).post(_refer(case), {"service": "shelter"}).content.decode()
    assert _marked(page, "to", "Not among those") == {str(linden.pk)}
    assert _marked(page, "classes", "keeps this back") == CONTENT - {"identity", "medical"}
    [contact] = [tag for tag in page.split("<input") if 'value="contact"' in tag]
    assert "checked" not in contact.split(">")[0], "though a shelter needs it"
    assert "Send the referral" in page and 'name="ground"' not in page
    _agreed(case, alena)
    page = client_for(alena).post(_refer(case), {"service": "shelter"}).content.decode()
    assert "Not among those" not in page and "keeps this back" not in page


def _marked(page, name, words):
    """Values of the options of a field under which these words stand."""
    options = [tag for tag in page.split("<input") if f'name="{name}"' in tag.split(">")[0]]
    marked = [tag for tag in options if words in tag.partition("</fieldset>")[0]]
    return {tag.partition('value="')[2].partition('"')[0] for tag in marked}


def test_beyond_the_consent_it_takes_a_second_person(case, alena, haven, linden, client_for):
    _agreed(case, alena, recipients=[str(haven.pk)])
    browser = client_for(alena)
    answer = browser.post(_refer(case), _typed(linden))
    page = answer.content.decode()
    assert answer.status_code == 422 and MESSAGE in page
    assert "some organisations only" in page and 'name="ground"' in page
    assert "Ask a second person to agree" in page and not Referral.objects.exists()
    danger = {"ground": "unable", "note": "He is at her door"}
    assert browser.post(_refer(case), _typed(linden, **danger)).status_code == 302
    assert Referral.objects.get().status == "asked"
    assert browser.post(_refer(case), _typed(haven, **danger)).status_code == 302
    assert Referral.objects.get(to=haven).status == "sent", "what is covered needs nobody else"


def test_another_partner_does_not_learn_of_it(case, send, alena, linden, client_for, haven):
    """Two organisations that see the same class of the case: each sees its own referral alone."""
    to_haven, to_linden = send(), send(to=linden, outgoing_referral_details="Only for Linden")
    browser = client_for(linden.desk.memberships.get().user)
    page = browser.get(reverse("cases:detail", args=[case.reference])).content.decode()
    assert "Linden" in page and "Haven" not in page
    for row, status in ((to_haven, 404), (to_linden, 200)):
        address = reverse("assistance:referral", args=[case.reference, row.pk])
        assert browser.get(address).status_code == status


def test_whoever_lacks_the_class_of_the_service_does_not_see_what_for(
    case, send, alena, volha, share, client_for
):
    share(volha, "psychological", "identity")
    row = send(service="shelter")
    address = reverse("assistance:referral", args=[case.reference, row.pk])
    assert client_for(volha).get(address).status_code == 404
    page = client_for(volha).get(reverse("cases:detail", args=[case.reference])).content.decode()
    assert "Haven" not in page


# --- The desk -------------------------------------------------------------------------
def test_at_a_desk_are_people_of_the_organisation_alone(haven, ihar, viktar):
    with pytest.raises(WrongState):
        join_team(user=ihar, team=haven.desk, by=None)
    offered = dict(KINDS["join_team"].choices(viktar, ihar))
    assert str(haven.desk.pk) not in offered
    sasha = haven.office_set.get().user_set.get(username="sasha")
    assert str(haven.desk.pk) in dict(KINDS["join_team"].choices(viktar, sasha))


def test_an_organisation_has_one_desk_which_an_administrator_sets_up(
    haven, viktar, alena, client_for
):
    with pytest.raises(WrongState):
        make_desk(haven, by=viktar)
    with pytest.raises(NotAllowed):
        make_desk(haven, by=alena)
    other = make_organisation(name="Linden", kind="NGO", is_partner=True, by=None)
    client_for(viktar).post(reverse("people:desk", args=[other.pk]))
    other.refresh_from_db()
    assert str(other.desk) == "Desk of Linden"


def test_a_referral_of_another_case_is_none_of_this_one(case, send, alena, new_case, client_for):
    row, other = send(), register_case(new_case, by=alena)
    address = reverse("assistance:referral", args=[other.reference, row.pk])
    assert client_for(alena).get(address).status_code == 404
