"""Somebody outside refers a person to us, before there is a case: who sees it, and what comes of it."""

from datetime import timedelta

import msgspec
import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import join_team, make_desk, make_office, make_organisation
from assistance.referrals.table import SERVICES
from audit.models import Event
from audit.verbs import Verb
from cases import door, reference
from cases.access import access_to
from cases.incoming import KEPT_FOR, classes_in, is_overdue, referred_to, sent_by
from cases.models import Case, IncomingReferral
from cases.search.live import live_index
from cases.sections import (
    CaseSummary,
    Contact,
    Identity,
    IncomingContact,
    IncomingPerson,
    IncomingTold,
)
from cases.services import incoming
from cases.services.erasure import approve_erasure, ask_for_erasure
from cases.services.incoming import Referred
from cases.services.intake import register_case
from cases.services.merging import merge_cases
from cases.services.new_case import NewCase
from cases.services.renewal import renew_all
from cases.trail import trail_of
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from tests.conftest import SENTINELS
from tests.guards import log
from vault.keyring import keyring

pytestmark = pytest.mark.django_db

TOLD = Referred(
    person=IncomingPerson(
        second_name=SENTINELS["identity"], first_name="Ганна", age_as_told="About 16"
    ),
    contact=IncomingContact(mobile_phone=SENTINELS["contact"]),
    told=IncomingTold(
        danger_now="yes",
        urgent_need="no",
        why_trafficked=SENTINELS["narrative"],
        referring_case_worker="Sviatlana, on duty",
        agreed_to_be_referred="yes",
    ),
)


def in_days(days):
    return timezone.localdate() + timedelta(days=days)


@pytest.fixture
def refuge(db):
    """A partner organisation with its own office."""
    partner = make_organisation(name="Refuge", kind="NGO", is_partner=True, by=None)
    make_office(code="REFUGE", name="Refuge", country="BY", organisation=partner, by=None)
    return partner


@pytest.fixture
def halina(person, refuge):
    return person("halina", "partner_officer", at=refuge.office_set.get())


@pytest.fixture
def sent(alena, halina):
    """A person that Halina refers to Alena's office."""
    return send(halina, alena.office)


def send(by, office, referred=TOLD, due=3):
    return incoming.send_incoming(referred, office=office, answer_due=in_days(due), by=by)


def take_down(by, referred=TOLD, organisation=None):
    return incoming.take_down(
        referred,
        organisation=organisation,
        received_on=in_days(-1),
        answer_due=in_days(2),
        by=by,
    )


def a_case(**more):
    return NewCase(
        identity=Identity(second_name=SENTINELS["identity"], first_name="Ганна"),
        contact=Contact(mobile_phone=SENTINELS["contact"]),
        **more,
    )


def accept(row, by, arranged="Tomorrow at ten"):
    return incoming.accept_as_new(row, a_case(), arranged=arranged, by=by)


def opened(row, by):
    [sections] = door.open_incoming([IncomingReferral.objects.get(pk=row.pk)], by=by)
    return sections


def told_to(row, user):
    """The names of the sections this person opens; None when there is no such referral for them."""
    try:
        return set(opened(row, User.objects.get(pk=user.pk)))
    except NotFound:
        return None


EVERYTHING = {"person", "contact", "told"}


# --- Taking in ------------------------------------------------------------------------
def test_a_partner_refers_a_person_to_an_office(sent, alena, halina, refuge):
    assert (sent.status, sent.organisation, sent.office) == ("received", refuge, alena.office)
    assert sent.is_sent and sent.became is None and sent.received_on == timezone.localdate()
    assert opened(sent, alena)["told"].why_trafficked == SENTINELS["narrative"]
    event = Event.objects.get(verb=Verb.INCOMING_RECEIVED)
    assert event.actor == halina.pk and log.told(event)["cases"] == [str(sent.pk)]


def test_an_officer_takes_one_down(alena, refuge):
    row = take_down(alena, organisation=refuge)
    assert (row.office, row.organisation, row.is_sent) == (alena.office, refuge, False)
    assert take_down(alena).organisation is None


def test_nothing_of_it_stands_in_the_clear(sent):
    for row in (sent, *IncomingReferral.history.all()):
        text = repr([getattr(row, field.attname) for field in sent._meta.concrete_fields])
        assert not any(word in text for word in SENTINELS.values())


def test_who_may_refer_and_take_down(alena, pavel, volha, halina, person, refuge):
    for by in (alena, pavel, volha):
        with pytest.raises(NotAllowed):
            send(by, alena.office)
    for by in (pavel, volha, halina):
        with pytest.raises(NotAllowed):
            take_down(by)
    nowhere = person("nowhere", "partner_officer", at=None)
    with pytest.raises(WrongState):
        send(nowhere, alena.office)
    with pytest.raises(WrongState):
        take_down(person("loose", "case_officer", at=None))


def test_it_goes_to_an_office_that_takes_people_in(alena, halina, other_office, refuge):
    assert incoming.offices_to_ask() == [alena.office]
    for office in (other_office, refuge.office_set.get()):
        with pytest.raises(BadInput):
            send(halina, office)


def test_it_says_why_and_until_when(alena, halina):
    silent = msgspec.structs.replace(TOLD.told, why_trafficked=" ")
    with pytest.raises(BadInput):
        send(halina, alena.office, Referred(told=silent))
    with pytest.raises(BadInput):
        send(halina, alena.office, due=-1)
    assert not IncomingReferral.objects.exists()


def test_needs_are_services_of_referrals():
    assert {code: str(name) for code, name in reference.NEEDS.items()} == {
        code: str(SERVICES[code].name) for code in reference.NEEDS
    }


# --- Who sees it ----------------------------------------------------------------------
def test_only_the_office_and_the_sender_see_it(
    sent, alena, ihar, pavel, halina, volha, iryna, outsider, rita, viktar, zoya, daria, person
):
    assert told_to(sent, alena) == told_to(sent, ihar) == told_to(sent, halina) == EVERYTHING
    assert told_to(sent, pavel) == {"person", "told"}, "a supervisor's role has no contact"
    kira = person("kira", "case_officer", at=iryna.office)
    for stranger in (volha, iryna, outsider, rita, viktar, zoya, daria, kira):
        assert told_to(sent, stranger) is None
        assert not referred_to(stranger).exists() and not sent_by(stranger).exists()


def test_a_partner_sees_what_its_desk_sent_and_nothing_else(sent, alena, halina, person, refuge):
    vera = person("vera", "partner_officer", at=refuge.office_set.get())
    assert told_to(sent, vera) is None, "a colleague who is not at the desk"
    join_team(user=vera, team=make_desk(refuge, by=None), by=None)
    assert told_to(sent, vera) == EVERYTHING
    by_telephone = take_down(alena, organisation=refuge)
    assert told_to(by_telephone, halina) is None, "that is what Alena wrote"
    other = make_organisation(name="Haven", kind="NGO", is_partner=True, by=None)
    haven = make_office(code="HAVEN", name="Haven", country="BY", organisation=other, by=None)
    assert told_to(sent, person("nina", "partner_officer", at=haven)) is None
    halina.office = haven  # she went over to another organisation
    assert not sent_by(halina).exists()


def test_once_accepted_only_those_who_see_the_case_see_it(sent, alena, ihar, pavel, halina):
    accept(sent, alena)
    answered = EVERYTHING | {"answer"}
    assert told_to(sent, alena) == answered and told_to(sent, halina) == answered
    assert told_to(sent, pavel) == {"person", "told", "answer"}
    assert told_to(sent, ihar) is None and not referred_to(ihar).exists()


def test_a_reading_is_an_event_that_names_it(sent, alena, halina, iryna):
    opened(sent, alena)
    event = Event.objects.filter(verb=Verb.INCOMING_READ).latest("seq")
    assert event.actor == alena.pk and log.told(event)["cases"] == [str(sent.pk)]
    before = Event.objects.filter(verb=Verb.INCOMING_READ).count()
    assert told_to(sent, iryna) is None
    assert Event.objects.filter(verb=Verb.INCOMING_READ).count() == before


def test_a_reading_stands_in_the_trail_of_the_case_that_it_became(sent, alena, pavel, halina):
    row = accept(sent, alena)
    opened(row, pavel)
    opened(row, halina)
    lines = trail_of(row.became, by=alena, before=None).lines
    read = [line.line for line in lines if line.line.verb == Verb.INCOMING_READ]
    assert [one.actor for one in read] == [halina.pk, pavel.pk]


def test_a_batch_with_one_that_is_not_theirs_opens_nothing(sent, alena, halina, person, iryna):
    person("kira", "case_officer", at=iryna.office)
    elsewhere = send(halina, iryna.office)
    with pytest.raises(NotFound):
        door.open_incoming([sent, elsewhere], by=alena)
    assert len(door.open_incoming([sent, elsewhere], by=halina)) == 2


# --- Answering ------------------------------------------------------------------------
def test_accepting_opens_a_case_that_the_officer_keeps(sent, alena, halina):
    row = accept(sent, alena)
    case = row.became
    assert (row.status, case.owner, case.office) == ("accepted", alena, alena.office)
    assert row.decided_on == timezone.localdate()
    assert Event.objects.filter(verb=Verb.INCOMING_ACCEPTED, actor=alena.pk).count() == 1
    assert access_to(halina, [case.pk]) == {}, "the sender sees nothing of the case"
    assert opened(row, halina)["answer"].arranged == "Tomorrow at ten"


def test_accepting_for_a_case_that_is_here(case, sent, alena, ihar, halina):
    came = CaseSummary(
        referring_organisation="Refuge",
        referring_case_worker="Sviatlana",
        incoming_referral_details="In danger now: yes",
    )
    with pytest.raises(NotAllowed):
        incoming.accept_for(sent, case, referral=came, arranged="", by=ihar)
    row = incoming.accept_for(sent, case, referral=came, arranged="", by=alena)
    assert row.became == case and Case.objects.count() == 1
    [sections] = door.open_rows([Case.objects.get(pk=case.pk)], by=alena)
    summary = sections["summary"]
    assert summary.referring_organisation == "Red Cross", "what stood there stays"
    assert summary.referring_case_worker == "Sviatlana"
    assert summary.incoming_referral_details == "In danger now: yes"
    # The answer to the sender is the same as where nobody was known.
    other = accept(send(halina, alena.office), alena, arranged="")
    assert opened(row, halina).keys() == opened(other, halina).keys()


def test_it_is_accepted_for_no_case_of_another_organisation(case, halina, outsider, share):
    """What was told to one organisation would stand in the file of another."""
    share(outsider, "narrative", reason="referral")
    row = send(halina, outsider.office)
    with pytest.raises(NotFound):
        incoming.accept_for(row, case, referral=CaseSummary(), arranged="", by=outsider)
    assert IncomingReferral.objects.get(pk=row.pk).status == "received"


def test_it_is_accepted_for_no_duplicate(case, sent, alena, pavel):
    """Nobody works there any more."""
    twin = register_case(a_case(), by=alena)
    merge_cases(twin, case, reason="The same passport", by=pavel)
    twin.refresh_from_db()
    with pytest.raises(WrongState, match="duplicate"):
        incoming.accept_for(sent, twin, referral=CaseSummary(), arranged="", by=alena)


def test_a_supervisor_declines_and_does_not_accept(sent, pavel, halina):
    with pytest.raises(NotAllowed):
        accept(sent, pavel)
    with pytest.raises(BadInput):
        incoming.decline_incoming(sent, because=" ", advised="", by=pavel)
    incoming.decline_incoming(sent, because="No bed", advised="Ask Haven", by=pavel)
    answer = opened(sent, halina)["answer"]
    assert (answer.declined_because, answer.advised) == ("No bed", "Ask Haven")
    assert Event.objects.filter(verb=Verb.INCOMING_DECLINED, actor=pavel.pk).exists()


def test_who_registers_people_in_another_office_accepts_nobody_here(sent, person, iryna, alena):
    """They would open the case in their own."""
    both = person("both", "case_officer", "supervisor", at=iryna.office)
    join_team(user=both, team=alena.office.supervisors.team, by=None)
    with pytest.raises(NotAllowed):
        accept(sent, both)
    assert not Case.objects.exists()


def test_the_sender_withdraws_what_waits(sent, alena, halina, outsider):
    for other in (alena, outsider):
        with pytest.raises(NotFound):
            incoming.withdraw_incoming(sent, by=other)
    incoming.withdraw_incoming(sent, by=halina)
    assert Event.objects.filter(verb=Verb.INCOMING_WITHDRAWN, actor=halina.pk).exists()
    with pytest.raises(WrongState):
        accept(sent, alena)
    assert not Case.objects.exists()


def test_strangers_answer_nothing(sent, iryna, outsider, halina, volha):
    for by in (iryna, outsider, halina, volha):
        with pytest.raises(NotFound):
            incoming.decline_incoming(sent, because="No", advised="", by=by)
        with pytest.raises((NotFound, NotAllowed)):
            accept(sent, by)


def test_it_is_answered_once(sent, alena, halina, pavel):
    accept(sent, alena)
    with pytest.raises(WrongState):
        accept(sent, alena)
    with pytest.raises(WrongState):
        incoming.decline_incoming(sent, because="No bed", advised="", by=alena)
    with pytest.raises(WrongState):
        incoming.withdraw_incoming(sent, by=halina)
    assert Case.objects.count() == 1


def test_the_table_wants_a_case_for_what_is_accepted(sent, alena, case):
    accepted = accept(sent, alena)
    for field, value in (("became", None), ("decided_on", None), ("status", "declined")):
        with pytest.raises(IntegrityError), transaction.atomic():
            row = IncomingReferral.objects.get(pk=accepted.pk)
            setattr(row, field, value)
            incoming.trail.save(row, verb=Verb.INCOMING_DECLINED, by=alena)


# --- No case yet ----------------------------------------------------------------------
def counted(by):
    return [case for case, _facts in door.stream_facts(by=by, verb=Verb.STATISTICS_FROZEN)]


def test_it_is_neither_counted_nor_found_until_it_is_accepted(sent, alena, yury):
    live_index.catch_up()
    assert live_index.find(SENTINELS["identity"], by=alena) == []
    assert counted(yury) == []
    row = accept(sent, alena)
    live_index.catch_up()
    assert live_index.find(SENTINELS["identity"], by=alena) == [row.became.pk]
    assert counted(yury) == [row.became.pk]


# --- Erasing --------------------------------------------------------------------------
def age(row, days):
    """Let so many days pass since the answer."""
    current = IncomingReferral.objects.get(pk=row.pk)
    current.decided_on = in_days(-days)
    incoming.trail.save(current, verb=Verb.INCOMING_DECLINED, by=None)


def test_what_was_declined_is_erased_after_its_time(sent, alena, halina):
    waits = send(halina, alena.office)
    incoming.decline_incoming(sent, because="No bed", advised="", by=alena)
    age(sent, KEPT_FOR.days)
    incoming.erase_old()
    assert keyring.having([sent.pk]), "the last day counts"
    age(sent, KEPT_FOR.days + 1)
    incoming.erase_old()
    assert keyring.having([sent.pk, waits.pk]) == {waits.pk}
    row = IncomingReferral.objects.get(pk=sent.pk)
    assert row.erased_on == timezone.localdate() and row.status == "declined"
    assert opened(row, alena) == opened(row, halina) == {}
    event = Event.objects.get(verb=Verb.INCOMING_ERASED)
    assert event.actor is None and len(log.told(event)["keys"]) == 1
    incoming.erase_old()
    assert Event.objects.filter(verb=Verb.INCOMING_ERASED).count() == 1


def test_a_key_that_a_copy_brought_back_is_destroyed_again(sent, alena):
    incoming.decline_incoming(sent, because="No bed", advised="", by=alena)
    age(sent, KEPT_FOR.days + 1)
    incoming.erase_old()
    keyring.create([sent.pk])
    incoming.erase_old()
    assert not keyring.having([sent.pk])


@pytest.fixture
def places(settings, own_files, tmp_path):
    """The list of erasures of this test alone, and its own files."""
    settings.DATA_DIR, settings.BACKUP_DIR = tmp_path / "data", tmp_path / "backups"
    for folder in (settings.DATA_DIR, settings.BACKUP_DIR):
        folder.mkdir()


def test_it_is_erased_with_the_case_it_became(places, sent, alena, pavel, halina):
    case = accept(sent, alena).became
    asked = ask_for_erasure(case, reason="person_asked", note="", by=alena)
    approve_erasure(asked, note="", by=pavel)
    assert keyring.having([case.pk, sent.pk]) == set()
    assert IncomingReferral.objects.get(pk=sent.pk).erased_on == timezone.localdate()
    assert opened(sent, halina) == {}


def test_its_key_is_renewed_like_that_of_a_case(sent, case, alena):
    accept(sent, alena)
    assert [damaged for found in renew_all(by=None) for damaged in found] == []
    assert len(keyring.ids(sent.pk)) == 2
    assert opened(sent, alena)["told"].why_trafficked == SENTINELS["narrative"]


# --- Overdue --------------------------------------------------------------------------
def test_it_is_overdue_when_its_day_is_over_without_an_answer(sent, alena):
    assert not is_overdue(sent)
    sent.answer_due = in_days(-1)
    assert is_overdue(sent)
    sent.status = "declined"
    assert not is_overdue(sent)


def test_classes_are_told_for_what_is_theirs_alone(sent, alena, volha):
    assert classes_in([sent], alena) == {sent.pk: {"identity", "contact", "narrative"}}
    assert classes_in([sent], volha) == {}


# --- Pages ----------------------------------------------------------------------------
@pytest.fixture
def browse(client):
    def as_user(user):
        client.force_login(user)
        return client

    return as_user


def page(name, row):
    return reverse(f"cases:{name}", args=[row.pk])


TYPED = {
    "danger_now": "yes",
    "urgent_need": "unknown",
    "second_name": SENTINELS["identity"],
    "first_name": "Ганна",
    "mobile_phone": SENTINELS["contact"],
    "why_trafficked": SENTINELS["narrative"],
    "needs": ["shelter"],
    "agreed_to_be_referred": "yes",
    "referring_case_worker": "Sviatlana",
    "referring_phone": "112233",
}


def test_a_partner_sends_and_reads_the_answer(browse, alena, halina):
    browser = browse(halina)
    assert "Refer a person to us" in browser.get("/").content.decode()
    form = browser.get(reverse("cases:add_incoming")).content.decode()
    assert form.index("danger_now") < form.index("urgent_need") < form.index("second_name")
    typed = TYPED | {"office": str(alena.office.pk), "answer_due": in_days(3).isoformat()}
    answer = browser.post(reverse("cases:add_incoming"), typed)
    row = IncomingReferral.objects.get()
    assert answer.status_code == 302 and answer.url == page("incoming_one", row)
    incoming.decline_incoming(row, because="No bed", advised="Ask Haven", by=alena)
    shown = browser.get(answer.url).content.decode()
    assert "No bed" in shown and "Ask Haven" in shown and SENTINELS["narrative"] in shown
    assert SENTINELS["identity"] in browser.get(reverse("cases:incoming")).content.decode()


def test_what_was_typed_stays_when_something_is_missing(browse, halina, alena):
    typed = TYPED | {"answer_due": in_days(3).isoformat(), "why_trafficked": ""}
    answer = browse(halina).post(reverse("cases:add_incoming"), typed)
    shown = answer.content.decode()
    assert answer.status_code == 422 and SENTINELS["identity"] in shown
    assert "Say why this is thought to be trafficking." in shown and "Choose an office." in shown
    assert not IncomingReferral.objects.exists()


def test_an_officer_takes_down_what_came_by_telephone(browse, alena):
    typed = TYPED | {
        "referring_organisation": "The police of Orsha",
        "received_on": in_days(-1).isoformat(),
        "answer_due": in_days(1).isoformat(),
    }
    answer = browse(alena).post(reverse("cases:add_incoming"), typed)
    row = IncomingReferral.objects.get()
    assert answer.status_code == 302 and row.office == alena.office and row.organisation is None
    assert "The police of Orsha" in browse(alena).get(reverse("cases:incoming")).content.decode()


def test_the_office_is_told_on_its_start_page(browse, sent, alena, pavel, halina, volha, iryna):
    def number(user):
        shown = browse(user).get("/").content.decode()
        return "People referred to us" in shown and shown.split("People referred to us")[1][:60]

    assert "1" in number(alena) and "1" in number(pavel)
    assert "1" not in number(iryna), "another office is not told the number"
    assert number(halina) is False and number(volha) is False
    incoming.withdraw_incoming(sent, by=halina)
    assert "1" not in number(alena)


def test_the_list_says_what_is_overdue_and_in_danger(browse, sent, alena):
    shown = browse(alena).get(reverse("cases:incoming")).content.decode()
    assert "In danger now" in shown and "Overdue" not in shown
    sent.answer_due = in_days(-1)
    incoming.trail.save(sent, verb=Verb.INCOMING_RECEIVED, by=None)
    assert "Overdue" in browse(alena).get(reverse("cases:incoming")).content.decode()


def test_registering_begins_with_what_was_told(browse, sent, alena):
    browser = browse(alena)
    shown = browser.get(page("register_incoming", sent)).content.decode()
    assert all(word in shown for word in SENTINELS.values())
    typed = {
        "second_name": SENTINELS["identity"],
        "account": SENTINELS["narrative"],
        "consent-consented": "yes",
        "consent-recorded_on": in_days(0).isoformat(),
        "referring_organisation": "Refuge",
        "referring_case_worker": "Sviatlana, on duty",
        "incoming_referral_date": in_days(0).isoformat(),
        "reason_for_incoming_referral": "AdditionalServicesRequired",
        "incoming_referral_details": "Is the person in danger now?: Yes",
        "arranged": "Tomorrow at ten",
    }
    answer = browser.post(page("register_incoming", sent), typed)
    case = Case.objects.get()
    assert answer.status_code == 302 and answer.url == reverse(
        "cases:detail", args=[case.reference]
    )
    row = IncomingReferral.objects.get()
    assert (row.status, row.became) == ("accepted", case)
    [sections] = door.open_rows([case], by=alena)
    summary = sections["summary"]
    assert summary.referring_organisation == "Refuge"
    assert summary.referring_case_worker == "Sviatlana, on duty"
    assert summary.incoming_referral_date == timezone.localdate()
    assert summary.incoming_referral_details.startswith("Is the person in danger now?")


def test_the_registration_is_offered_with_how_the_case_came(browse, sent, alena):
    form = browse(alena).get(page("register_incoming", sent)).context["forms"]["summary"]
    assert form.initial["referring_organisation"] == "Refuge"
    assert form.initial["referring_case_worker"] == "Sviatlana, on duty"
    assert form.initial["incoming_referral_date"] == timezone.localdate()
    details = form.initial["incoming_referral_details"]
    assert "Is the person in danger now?: Yes" in details and "About 16" in details
    assert SENTINELS["contact"] not in details and SENTINELS["identity"] not in details


def test_it_is_searched_before_anybody_is_registered(browse, case, sent, alena, halina):
    live_index.catch_up()
    browser = browse(alena)
    shown = browser.get(page("accept_incoming", sent)).content.decode()
    assert f"Accept for {case.reference}" in shown
    assert Event.objects.filter(verb=Verb.CASE_SEARCHED, actor=alena.pk).exists()
    answer = browser.post(page("accept_incoming", sent), {"case": case.reference, "arranged": ""})
    assert answer.status_code == 302 and Case.objects.count() == 1
    told = browse(halina).get(page("incoming_one", sent)).content.decode()
    assert "Accepted" in told and case.reference not in told


def test_an_officer_who_does_not_see_the_case_is_told_whom_to_ask(
    browse, case, alena, ihar, halina, pavel
):
    known = IncomingPerson(second_name=SENTINELS["identity"], first_name="Ганна")
    contact = IncomingContact(mobile_phone=SENTINELS["contact"])
    row = send(halina, alena.office, Referred(person=known, contact=contact, told=TOLD.told))
    live_index.catch_up()
    shown = browse(ihar).get(page("accept_incoming", row)).content.decode()
    assert "There is a record of such a person" in shown and "Pavel" in shown
    assert case.reference not in shown
    answer = browse(ihar).post(page("accept_incoming", row), {"case": case.reference})
    assert answer.status_code == 404
    assert IncomingReferral.objects.get().status == "received"


def test_strangers_find_no_pages(browse, sent, iryna, outsider, pavel, volha, halina):
    for name in ("incoming_one", "accept_incoming", "register_incoming"):
        assert browse(outsider).get(page(name, sent)).status_code == 404
        assert browse(volha).get(page(name, sent)).status_code == 403
    assert browse(iryna).get(page("incoming_one", sent)).status_code == 404
    assert browse(pavel).get(page("incoming_one", sent)).status_code == 200
    for name in ("accept_incoming", "register_incoming"):
        assert browse(halina).get(page(name, sent)).status_code == 403
        assert browse(pavel).get(page(name, sent)).status_code == 403


def test_the_pages_answer_and_withdraw(browse, sent, alena, halina, pavel):
    other = send(halina, alena.office)
    answer = browse(pavel).post(page("incoming_one", sent), {"act": "decline"})
    assert answer.status_code == 422
    typed = {"act": "decline", "declined_because": "No bed", "advised": "Ask Haven"}
    browse(pavel).post(page("incoming_one", sent), typed)
    browse(halina).post(page("incoming_one", other), {"act": "withdraw"})
    statuses = IncomingReferral.objects.values_list("pk", "status")
    assert dict(statuses) == {sent.pk: "declined", other.pk: "withdrawn"}


def test_the_list_asks_as_often_for_many(browse, alena, halina, django_assert_max_num_queries):
    for _number in range(12):
        send(halina, alena.office)
    browser = browse(alena)
    browser.get(reverse("cases:incoming"))
    with django_assert_max_num_queries(45):
        assert browser.get(reverse("cases:incoming")).status_code == 200
