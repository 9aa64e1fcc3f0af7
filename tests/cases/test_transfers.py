"""A case goes to another office when somebody there accepts. Until then they read a note alone."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import join_team, make_team
from audit.verbs import Verb
from cases import door, reach
from cases.access import access_to, offered_to
from cases.due import Show, due_for
from cases.explaining import explain
from cases.lists import latest_cases
from cases.models import BrokenGlass, Case, CaseTeamGrant, Exclusion, Transfer
from cases.search.live import live_index
from cases.sections import ConsentTerms
from cases.services import transfers
from cases.services.consents import record_consent
from cases.services.exclusions import exclude
from cases.services.glass import break_glass
from cases.services.grants import give_grant, hand_over
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from core.classes import CONTENT
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from tests.cases.closed import close_case
from tests.cases.made_files import a_file
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db
NOTE = "Needs a shelter in the west"


@pytest.fixture
def kira(person, iryna):
    """An officer of the office that the case shall go to."""
    return person("kira", "case_officer", at=iryna.office)


@pytest.fixture
def head(person, outsider):
    """The supervisor of an office of another organisation."""
    return person("head", "supervisor", at=outsider.office)


@pytest.fixture
def waiting(case, alena, iryna, kira):
    return ask(case, alena, iryna.office)


def ask(case, by, to, *, agrees=True, note=NOTE):
    return transfers.ask_transfer(case, to=to, note=note, person_agrees=agrees, by=by)


def sees(user, case):
    found = access_to(User.objects.get(pk=user.pk), [case.pk]).get(case.pk)
    return None if found is None else found.read


def again(row):
    return type(row).objects.get(pk=row.pk)


def offers(user):
    return [one for one in due_for(user)[Show.WAITING] if one.kind == "transfer"]


# --- Asking ---------------------------------------------------------------------------
def test_nothing_moves_until_the_other_office_accepts(case, alena, pavel, iryna, kira):
    start = log.size()
    row = ask(case, alena, iryna.office)
    assert log.verbs_since(start) == [Verb.TRANSFER_ASKED]
    assert again(case).office == alena.office and again(case).owner == alena
    assert sees(alena, case) and sees(pavel, case)
    assert sees(iryna, case) is None and sees(kira, case) is None
    assert latest_cases(iryna, limit=9) == []
    assert NOTE.encode() not in bytes(row.content_sealed)
    with pytest.raises(NotFound):
        door.open_rows([row], by=iryna)


def test_the_supervisor_of_the_office_may_ask(case, pavel, iryna, kira):
    assert ask(case, pavel, iryna.office).recorded_by == pavel


@pytest.mark.parametrize("who", ["ihar", "volha", "iryna", "rita", "viktar"])
def test_nobody_else_asks_or_withdraws(waiting, case, alena, share, request, who):
    by = request.getfixturevalue(who)
    if who in ("ihar", "volha", "iryna"):
        share(by, "identity")
    with pytest.raises(NotAllowed):
        transfers.withdraw_transfer(waiting, by=by)
    transfers.withdraw_transfer(waiting, by=alena)
    with pytest.raises(NotAllowed):
        ask(case, by, waiting.to)


def test_it_goes_to_an_office_that_has_a_supervisor_and_an_officer(
    case, alena, office, other_office, person
):
    for to in (office, other_office):
        with pytest.raises(BadInput):
            ask(case, alena, to)
    person("head", "supervisor", at=other_office)
    assert other_office not in transfers.offices_for(case)
    person("kira", "case_officer", at=other_office)
    assert transfers.offices_for(case) == [other_office]
    with pytest.raises(BadInput):
        ask(case, alena, other_office, note=" ")


def test_one_waits_at_a_time(waiting, case, alena, pavel):
    with pytest.raises(WrongState):
        ask(case, pavel, waiting.to)
    twice = Transfer(**{f.name: getattr(waiting, f.name) for f in Transfer._meta.fields[1:]})
    with pytest.raises(IntegrityError), transaction.atomic():
        Transfer.objects.bulk_create([twice])


def test_a_closed_case_stays(case, alena, pavel, iryna, kira):
    close_case(case, closed_on=timezone.localdate(), by=alena)
    with pytest.raises(WrongState, match="closed"):
        ask(case, alena, iryna.office)


def test_a_case_that_is_closed_meanwhile_stays(waiting, case, alena, iryna, kira, pavel):
    close_case(case, closed_on=timezone.localdate(), by=alena, approved_by=pavel)
    with pytest.raises(WrongState, match="closed"):
        transfers.accept_transfer(waiting, officer=kira, by=iryna)
    assert again(case).owner == alena


# --- Consent --------------------------------------------------------------------------
def consent(case, by, *purposes, until=None, **limits):
    terms = ConsentTerms(consented=True, purposes=list(purposes), expires_on=until, **limits)
    record_consent(case, terms=terms, recorded_on=timezone.localdate(), by=by)


def test_to_another_organisation_only_with_consent(case, alena, outsider, head):
    with pytest.raises(BadInput, match="only if the person agrees"):
        ask(case, alena, head.office, agrees=False)
    consent(case, alena, "assistance")
    with pytest.raises(BadInput, match=r"another organisation.*record their consent"):
        ask(case, alena, head.office)
    assert not Transfer.objects.exists()
    consent(case, alena, "referral")
    row = ask(case, alena, head.office)
    assert row.consent == case.consents.first()
    transfers.accept_transfer(row, officer=outsider, by=head)
    assert sees(outsider, case) and sees(alena, case) is None


@pytest.mark.parametrize("how", ["withdrawn", "run out"])
def test_a_consent_that_counts_no_more_stops_the_acceptance(
    case, alena, outsider, head, how, time_machine
):
    consent(case, alena, "referral", until=timezone.localdate() + timedelta(days=2))
    row = ask(case, alena, head.office)
    if how == "withdrawn":
        consent(case, alena, "assistance")
    else:
        time_machine.move_to(timezone.now() + timedelta(days=3))
    with pytest.raises(WrongState, match="ask anew"):
        transfers.accept_transfer(row, officer=outsider, by=head)
    assert sees(outsider, case) is None and again(row).state == "asked"


def test_it_goes_only_to_an_organisation_that_was_named_and_whole(case, alena, outsider, head):
    other, named = str(case.office.organisation_id), str(head.office.organisation_id)
    consent(case, alena, "referral", recipients=[other])
    with pytest.raises(BadInput, match=r"another organisation.*some organisations only"):
        ask(case, alena, head.office)
    consent(case, alena, "referral", recipients=[named], classes=sorted(CONTENT - {"medical"}))
    with pytest.raises(BadInput, match=r"keeps parts of the case back: medical\."):
        ask(case, alena, head.office)
    assert not Transfer.objects.exists()
    consent(case, alena, "referral", recipients=[named], classes=sorted(CONTENT))
    transfers.accept_transfer(ask(case, alena, head.office), officer=outsider, by=head)
    assert sees(outsider, case)


def test_within_the_organisation_the_limits_do_not_count(case, alena, iryna, kira, outsider):
    other = str(outsider.office.organisation_id)
    consent(case, alena, "referral", recipients=[other], classes=["identity"])
    assert ask(case, alena, iryna.office).state == "asked"


def test_within_the_organisation_it_is_noted_whether_the_person_agrees(case, alena, iryna, kira):
    row = ask(case, alena, iryna.office, agrees=False)
    assert row.consent is None
    assert door.open_offer(row, by=iryna).person_agrees is False


# --- Deciding -------------------------------------------------------------------------
def test_with_acceptance_office_officer_and_access_move_together(
    waiting, case, alena, ihar, pavel, volha, iryna, kira, person, share
):
    share(ihar, "identity")
    share(volha, "psychological")
    abroad = person("abroad", "legal", at=iryna.office)
    share(abroad, "legal")
    partner = person("partner", "partner_officer")
    start = log.size()
    transfers.accept_transfer(waiting, officer=kira, by=iryna)
    now = again(case)
    assert (now.office, now.owner, now.reference) == (iryna.office, kira, case.reference)
    for former in (alena, ihar, pavel, volha, partner):
        assert sees(former, case) is None and latest_cases(former, limit=9) == []
        assert live_index.find(SENTINELS["identity"], by=former) == []
    assert len(sees(kira, case)) == 7 and sees(iryna, case)
    assert sees(abroad, case) == {"legal"}, "what colleagues elsewhere hold stays"
    assert live_index.find(SENTINELS["identity"], by=kira) == [case.pk]
    assert [one.case for one in latest_cases(iryna, limit=9)] == [case.pk]
    assert list(reach.differing()) == []
    verbs = log.verbs_since(start)
    assert verbs[:2] == [Verb.TRANSFER_ACCEPTED, Verb.CASE_TRANSFERRED]
    assert verbs.count(Verb.GRANT_REVOKED) == 4 and verbs.count(Verb.GRANT_GIVEN) == 2
    [sections] = door.open_rows([now], by=kira, classes=["narrative"])
    assert sections["summary"].referring_organisation == "Red Cross"


def test_teams_with_somebody_of_the_former_office_lose_access(
    waiting, case, volha, iryna, kira, person, share
):
    abroad = person("abroad", "psychological", at=iryna.office)
    mixed, theirs = (make_team(name=name, by=None) for name in ("Mixed", "Theirs"))
    for team, members in ((mixed, (volha, abroad)), (theirs, (abroad,))):
        for member in members:
            join_team(user=member, team=team, by=None)
        share(team, "psychological")
    transfers.accept_transfer(waiting, officer=kira, by=iryna)
    held = CaseTeamGrant.objects.filter(content_object=case, revoked_at=None)
    assert {one.group for one in held} == {theirs.group, iryna.office.supervisors}
    assert sees(volha, case) is None


def test_out_of_the_organisation_everything_but_referrals_ends(
    case, alena, iryna, outsider, head, person, share
):
    share(iryna, "identity")
    partner = person("partner", "partner_officer", at=iryna.office)
    share(partner, "identity")
    later = timezone.now() + timedelta(days=1)
    given = {"classes": ["identity"], "may_write": False, "reason": "review"}
    give_grant(case, to=iryna, starts=later, ends=later + timedelta(days=1), by=alena, **given)
    transfers.accept_transfer(ask(case, alena, head.office), officer=outsider, by=head)
    assert sees(iryna, case) is None and sees(partner, case) == {"identity"}
    assert list(reach.differing()) == []
    assert not case.caseusergrant_set.filter(user=iryna, revoked_at=None).exists()


def test_broken_glass_of_the_former_office_is_over(waiting, case, ihar, iryna, kira):
    break_glass(case, ground="danger", note="Now", classes=["identity"], by=ihar)
    transfers.accept_transfer(waiting, officer=kira, by=iryna)
    assert sees(ihar, case) is None
    assert BrokenGlass.objects.get().ended_at is not None


def test_the_other_office_hands_it_on_and_back(waiting, case, alena, pavel, iryna, kira, person):
    transfers.accept_transfer(waiting, officer=kira, by=iryna)
    hand_over(again(case), to=person("lena", "case_officer", at=iryna.office), note="", by=kira)
    back = ask(again(case), iryna, alena.office)
    transfers.accept_transfer(back, officer=alena, by=pavel)
    assert len(sees(alena, case)) == 7 and sees(iryna, case) is None


def test_declining_leaves_it_and_says_why_to_those_who_see_it(waiting, case, alena, iryna, kira):
    with pytest.raises(BadInput):
        transfers.decline_transfer(waiting, reason=" ", by=iryna)
    transfers.decline_transfer(waiting, reason="No free officer", by=iryna)
    assert again(case).owner == alena
    [sections] = door.open_rows([again(waiting)], by=alena)
    assert sections["answer"].transfer_declined_because == "No free officer"
    assert sections["content"].hand_over_note == NOTE
    for decide in (
        lambda: transfers.accept_transfer(waiting, officer=kira, by=iryna),
        lambda: transfers.decline_transfer(waiting, reason="x", by=iryna),
        lambda: door.open_offer(waiting, by=iryna),
    ):
        with pytest.raises(NotFound):
            decide()


@pytest.mark.parametrize("who", ["alena", "pavel", "kira", "head", "volha", "rita", "viktar"])
def test_only_a_supervisor_of_the_receiving_office_reads_the_note_or_decides(
    waiting, case, kira, request, who
):
    by = request.getfixturevalue(who)
    assert not offered_to(by).exists() and offers(by) == []
    for decide in (
        lambda: transfers.accept_transfer(waiting, officer=kira, by=by),
        lambda: transfers.decline_transfer(waiting, reason="x", by=by),
        lambda: door.open_offer(waiting, by=by),
    ):
        with pytest.raises(NotFound):
            decide()
    assert again(waiting).state == "asked" and again(case).owner != kira


def test_somebody_excluded_from_the_case_is_told_nothing(waiting, case, alena, iryna, kira, person):
    exclude(case, person=iryna, ground="relative", note="", by=alena)
    assert offers(iryna) == []
    with pytest.raises(NotFound):
        door.open_offer(waiting, by=iryna)
    other = person("second_head", "supervisor", at=iryna.office)
    exclude(case, person=kira, ground="relative", note="", by=alena)
    with pytest.raises(BadInput):
        transfers.accept_transfer(waiting, officer=kira, by=other)
    assert Exclusion.objects.count() == 2


def test_the_officer_is_one_of_the_receiving_office(waiting, case, ihar, iryna, outsider):
    for officer in (ihar, outsider, iryna):
        with pytest.raises(BadInput):
            transfers.accept_transfer(waiting, officer=officer, by=iryna)
    assert again(case).office != iryna.office


def test_who_could_see_it_before_is_told_by_the_office_of_then(
    case, alena, outsider, head, time_machine
):
    before = timezone.now()
    time_machine.move_to(before + timedelta(days=2))
    transfers.accept_transfer(ask(case, alena, head.office), officer=outsider, by=head)
    moved = again(case)
    assert explain(moved, alena, at=before + timedelta(hours=1)).access is not None
    assert explain(moved, alena).access is None
    assert explain(moved, outsider, at=before + timedelta(hours=1)).access is None
    assert explain(moved, outsider).access is not None


# --- Pages ----------------------------------------------------------------------------
def test_the_way_over_the_pages(case, alena, iryna, kira, client_for):
    ours, theirs = client_for(alena), client_for(iryna)
    page = reverse("cases:transfer", args=[case.reference])
    assert page in ours.get(reverse("cases:detail", args=[case.reference])).content.decode()
    typed = {"office": str(iryna.office.pk), "note": NOTE, "person_agrees": "yes"}
    for missing in typed:
        assert ours.post(page, typed | {missing: ""}).status_code == 422
    assert ours.post(page, typed | {"office": str(alena.office.pk)}).status_code == 422
    assert ours.post(page, typed).status_code == 302
    shown = ours.get(page).content.decode()
    assert NOTE in shown and "Withdraw the transfer" in shown
    assert ours.post(page, typed).status_code == 409

    row = Transfer.objects.get()
    offer = reverse("cases:offer", args=[row.pk])
    start = log.size()
    work = theirs.get(reverse("cases:work")).content.decode()
    assert offer in work and case.reference in work and SENTINELS["identity"] not in work
    assert reverse("cases:detail", args=[case.reference]) not in work
    assert Verb.CASE_LISTED in log.verbs_since(start)
    assert "Waiting for you" in theirs.get("/").content.decode()
    start = log.size()
    told = theirs.get(offer).content.decode()
    assert NOTE in told and case.reference in told and "Kira" in told
    assert not any(word in told for word in SENTINELS.values())
    assert log.verbs_since(start) == [Verb.TRANSFER_READ]
    assert theirs.post(offer, {"act": "accept", "person": str(alena.pk)}).status_code == 422
    assert theirs.post(offer, {"act": "decline", "reason": ""}).status_code == 422
    assert theirs.post(offer, {}).status_code == 422
    answer = theirs.post(offer, {"act": "accept", "person": str(kira.pk)})
    assert answer.headers["Location"] == reverse("cases:detail", args=[case.reference])
    assert theirs.get(answer.headers["Location"]).status_code == 200
    assert theirs.get(offer).status_code == 404


@pytest.mark.parametrize("where", ["another office", "another organisation"])
def test_the_former_officer_and_supervisor_find_nothing_any_more(
    case, alena, pavel, iryna, kira, outsider, head, client_for, where
):
    file = a_file(case, alena)
    is_of_house = where == "another office"
    officer, to = (kira, iryna) if is_of_house else (outsider, head)
    row = ask(case, alena, to.office)
    transfers.accept_transfer(row, officer=officer, by=to)
    at = [case.reference]
    for former, pages in (
        (alena, ("transfer", "close", "sharing", "person")),
        (pavel, ("transfer",)),
    ):
        browser = client_for(former)
        for name in (*pages, "trail", "who", "hand_over", "conflicts", "court", "hold"):
            answer = browser.get(reverse(f"cases:{name}", args=at))
            assert answer.status_code == 404, name
        # That there is such a case, whoever may break its glass is told within the organisation.
        detail = browser.get(reverse("cases:detail", args=at))
        assert detail.status_code == (403 if is_of_house else 404)
        assert not any(word in detail.content.decode() for word in (NOTE, *SENTINELS.values()))
        for name in ("file", "download"):
            url = reverse(f"cases:{name}", args=[case.reference, file.pk])
            assert browser.get(url).status_code == 404
        found = browser.post(reverse("cases:search"), {"q": SENTINELS["identity"]})
        assert case.reference not in found.content.decode()
        assert case.reference not in browser.get(reverse("cases:list")).content.decode()
        withdraw = reverse("cases:withdraw_transfer", args=[case.reference, row.pk])
        assert browser.post(withdraw).status_code == 404
        with pytest.raises(NotFound):
            door.open_rows([*Case.history.filter(id=case.pk)], by=former)


def test_the_receiving_supervisor_sees_nothing_of_the_case_before(
    waiting, case, alena, iryna, client_for
):
    file, browser = a_file(case, alena), client_for(iryna)
    for name in ("trail", "who", "hand_over", "conflicts", "transfer", "court"):
        assert browser.get(reverse(f"cases:{name}", args=[case.reference])).status_code == 404, name
    for name in ("file", "download"):
        url = reverse(f"cases:{name}", args=[case.reference, file.pk])
        assert browser.get(url).status_code == 404
    found = browser.post(reverse("cases:search"), {"q": SENTINELS["identity"]})
    assert case.reference not in found.content.decode()
    withdraw = reverse("cases:withdraw_transfer", args=[case.reference, waiting.pk])
    assert browser.post(withdraw).status_code == 404


def test_swapped_ids_are_not_found(waiting, case, alena, pavel, iryna, client_for):
    other = register_case(NewCase(), by=alena)
    browser = client_for(alena)
    withdraw = reverse("cases:withdraw_transfer", args=[other.reference, waiting.pk])
    assert browser.post(withdraw).status_code == 404
    assert browser.get(withdraw).status_code == 405
    assert client_for(pavel).get(reverse("cases:offer", args=[waiting.pk])).status_code == 404
    assert client_for(iryna).get(reverse("cases:offer", args=[case.pk])).status_code == 404
    assert browser.get(reverse("cases:offer", args=[waiting.pk])).status_code == 403
    own = reverse("cases:withdraw_transfer", args=[case.reference, waiting.pk])
    assert browser.post(own).status_code == 302 and again(waiting).state == "withdrawn"
    assert browser.post(own).status_code == 409


def test_without_consent_the_page_says_what_to_do(case, alena, outsider, head, client_for):
    consent(case, alena, "assistance")
    typed = {"office": str(head.office.pk), "note": NOTE, "person_agrees": "yes"}
    answer = client_for(alena).post(reverse("cases:transfer", args=[case.reference]), typed)
    shown = answer.content.decode()
    assert answer.status_code == 422 and NOTE in shown
    assert "Ask them, and record their consent" in shown
