"""Sharing with teams, from a day on, across organisations; and handing a case over."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import change_account, join_team, leave_team, make_team, suspend_account
from audit import review
from audit.models import ReviewItem
from audit.verbs import Verb
from cases import door
from cases.access import access_to, visible_cases
from cases.explained import told
from cases.explaining import explain
from cases.models import Case, CaseTeamGrant, CaseUserGrant
from cases.search.live import live_index
from cases.services.exclusions import exclude
from cases.services.grants import could_take_over, hand_over, hand_over_all, revoke_grant
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from core.exceptions import BadInput, NotAllowed, NotFound
from tests.cases.made_files import a_file
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db
LATER = (timezone.localdate() + timedelta(days=30)).isoformat()


@pytest.fixture
def partner(person):
    return person("partner", "partner_officer")


@pytest.fixture
def team(volha, ihar):
    """A case conference: a psychologist and an officer."""
    made = make_team(name="Case conference", by=None)
    for member in (volha, ihar):
        join_team(user=member, team=made, by=None)
    return made


def sees(user, case):
    found = access_to(User.objects.get(pk=user.pk), [case.pk]).get(case.pk)
    return None if found is None else found.read


# --- Teams ----------------------------------------------------------------------------
def test_each_of_a_team_sees_what_the_grant_names_and_their_role_admits(
    case, volha, ihar, team, share
):
    grant = share(team, "psychological", "narrative")
    assert isinstance(grant, CaseTeamGrant)
    assert sees(volha, case) == {"psychological"}
    assert sees(ihar, case) == {"psychological", "narrative"}
    leave_team(user=volha, team=team, by=None)
    assert sees(volha, case) is None


def test_a_team_grant_is_taken_back_on_the_page(case, alena, volha, team, client_for):
    browser, page = client_for(alena), reverse("cases:sharing", args=[case.reference])
    form = {"to": str(team.pk), "classes": ["psychological"], "until": LATER, "reason": "treatment"}
    assert browser.post(page, form).status_code == 302
    shown = browser.get(page).content.decode()
    assert "Case conference" in shown and "Supervisors of Minsk" in shown
    assert sees(volha, case) == {"psychological"}
    [grant] = CaseTeamGrant.objects.filter(group=team.group)
    browser.post(reverse("cases:revoke", args=[case.reference, grant.pk]))
    assert sees(volha, case) is None


def test_the_supervisors_keep_theirs(case, alena, client_for):
    [grant] = CaseTeamGrant.objects.filter(content_object=case)
    answer = client_for(alena).post(reverse("cases:revoke", args=[case.reference, grant.pk]))
    assert answer.status_code == 409
    assert CaseTeamGrant.objects.get().revoked_at is None


def test_a_team_of_which_nobody_could_open_it_is_given_nothing(case, alena, yury, volha, share):
    empty = make_team(name="Empty", by=None)
    analysts = make_team(name="Analysts", by=None)
    join_team(user=yury, team=analysts, by=None)
    healers = make_team(name="Healers", by=None)
    join_team(user=volha, team=healers, by=None)
    for to, cls in ((empty, "identity"), (analysts, "identity"), (healers, "medical")):
        with pytest.raises(BadInput):
            share(to, cls)
    assert not CaseTeamGrant.objects.exclude(reason="supervision").exists()


def test_why_one_sees_it_names_the_team(case, volha, team, share):
    share(team, "psychological")
    [sentence] = told(explain(case, volha)).can
    assert "the team “Case conference” was given access by Alena" in sentence


# --- From a day on --------------------------------------------------------------------
def test_access_may_begin_later(case, alena, volha, client_for, time_machine):
    browser, page = client_for(alena), reverse("cases:sharing", args=[case.reference])
    day = timezone.localdate() + timedelta(days=3)
    form = {"to": str(volha.pk), "classes": ["psychological"], "until": LATER}
    form |= {"reason": "treatment", "since": day.isoformat()}
    assert browser.post(page, form).status_code == 302
    assert "To come" in browser.get(page).content.decode()
    assert sees(volha, case) is None
    time_machine.move_to(CaseUserGrant.objects.get(user=volha).starts)
    assert sees(volha, case) == {"psychological"}


def test_it_does_not_begin_after_its_end_or_in_the_past(case, share, volha):
    now = timezone.now()
    with pytest.raises(BadInput):
        share(volha, "psychological", days=1, starts=now + timedelta(days=2))
    grant = share(volha, "psychological", starts=now - timedelta(days=30))
    assert grant.starts >= now


# --- Organisations --------------------------------------------------------------------
@pytest.mark.parametrize("reason", ["treatment", "review"])
def test_nothing_but_a_referral_goes_to_another_organisation(
    case, alena, partner, outsider, share, reason
):
    teams = make_team(name="Partners", by=None)
    for somebody in (partner, outsider):
        join_team(user=somebody, team=teams, by=None)
    for to in (partner, outsider, teams):
        with pytest.raises(BadInput):
            share(to, "legal", reason=reason)
    assert not CaseTeamGrant.objects.exclude(reason="supervision").exists()
    for to in (partner, outsider):
        share(to, "legal", reason="referral")
        assert sees(to, case) == {"legal"}


def test_a_team_grant_does_not_leak_to_those_of_another_organisation(
    case, volha, partner, outsider, team, share
):
    for somebody in (partner, outsider):
        join_team(user=somebody, team=team, by=None)
    share(team, "identity", "psychological")
    assert sees(volha, case) and sees(partner, case) is sees(outsider, case) is None
    assert not visible_cases(outsider).exists()
    assert live_index.find(SENTINELS["identity"], by=outsider) == []
    [sentence] = told(explain(case, outsider)).cannot
    assert "outside the organisation only a referral counts" in sentence
    share(team, "identity", reason="referral")
    assert sees(partner, case) == sees(outsider, case) == {"identity"}
    assert live_index.find(SENTINELS["identity"], by=outsider) == [case.pk]


def test_whoever_goes_over_to_another_organisation_leaves_what_they_held(
    case, ihar, outsider, share
):
    share(ihar, "identity")
    assert sees(ihar, case) == {"identity"}
    change_account(ihar, office=outsider.office, by=None)
    assert sees(ihar, case) is None


def test_a_referral_to_a_team_with_a_partner_is_looked_at(case, partner, team, share, pavel):
    join_team(user=partner, team=team, by=None)
    share(team, "identity", reason="referral")
    review.look_through_log()
    assert ReviewItem.objects.filter(rule="partner_grant").count() == 1


# --- In the middle of a download ------------------------------------------------------
@pytest.mark.usefixtures("own_files")
@pytest.mark.parametrize("how", ["expired", "revoked", "excluded", "left the team", "moved"])
def test_a_download_ends_with_the_access(
    case, alena, volha, team, share, outsider, monkeypatch, time_machine, how
):
    monkeypatch.setattr(door, "LOOK_AGAIN", -1)
    monkeypatch.setattr(door, "PIECE", 20_000)
    text = b"Told in the kitchen. " * 4_000
    row = a_file(case, alena, name="a.txt", cls="psychological", content=text)
    grant = share(team, "psychological", days=1)
    opened = door.open_file(row, by=volha, verb=Verb.FILE_DOWNLOADED)
    pieces = opened.pieces(0, len(text))
    assert next(pieces) == text[:20_000]
    match how:
        case "expired":
            time_machine.move_to(grant.ends)
        case "revoked":
            revoke_grant(grant, by=alena)
        case "excluded":
            exclude(grant.content_object, person=volha, ground="named", note="", by=alena)
        case "left the team":
            leave_team(user=volha, team=team, by=None)
        case "moved":
            change_account(volha, office=outsider.office, by=None)
    with pytest.raises(NotFound):
        next(pieces)


# --- Handing over ---------------------------------------------------------------------
def test_the_new_officer_has_it_all_and_the_former_one_nothing(
    case, alena, ihar, volha, share, client_for
):
    share(volha, "psychological")
    start = log.size()
    hand_over(case, to=ihar, note="Leaves for another town", by=alena)
    events = log.since(start)
    verbs = [Verb.CASE_HANDED_OVER, Verb.GRANT_REVOKED, Verb.GRANT_GIVEN]
    assert [event.verb for event in events] == verbs
    assert log.details(events[0])["note"] == "Leaves for another town"
    assert Case.objects.get().owner == ihar
    assert sees(alena, case) is None and len(sees(ihar, case)) == 7
    assert sees(volha, case) == {"psychological"}, "what was shared stays as it is"
    browser = client_for(ihar)
    assert browser.get(reverse("cases:sharing", args=[case.reference])).status_code == 200
    assert live_index.find(SENTINELS["identity"], by=ihar) == [case.pk]
    assert live_index.find(SENTINELS["identity"], by=alena) == []


def test_the_new_officer_hands_it_back(case, alena, ihar):
    hand_over(case, to=ihar, note="Holiday", by=alena)
    hand_over(Case.objects.get(), to=alena, note="Back", by=ihar)
    assert sees(ihar, case) is None and len(sees(alena, case)) == 7
    own = CaseUserGrant.objects.get(user=alena, revoked_at=None)
    with pytest.raises(Exception, match="keep their access"):
        revoke_grant(own, by=alena)


def test_a_supervisor_hands_over_the_case_of_an_officer_who_is_excluded(case, alena, ihar, pavel):
    exclude(case, person=alena, ground="relative", note="", by=pavel)
    hand_over(case, to=ihar, note="Conflict", by=pavel)
    assert Case.objects.get().owner == ihar and len(sees(ihar, case)) == 7


@pytest.mark.parametrize("who", ["ihar", "iryna", "volha", "rita", "viktar"])
def test_strangers_and_readers_hand_nothing_over(case, alena, share, person, request, who):
    by = request.getfixturevalue(who)
    if who in ("ihar", "volha"):
        share(by, "identity")
    with pytest.raises(NotAllowed):
        hand_over(case, to=person("next", "case_officer"), note="x", by=by)


def test_only_an_officer_of_the_office_takes_it_over(
    case, alena, ihar, volha, pavel, outsider, person, other_office
):
    brest = person("brest", "case_officer", at=other_office)
    gone = person("gone", "case_officer", is_active=False)
    both = person("both", "case_officer", "partner_officer")
    for to in (alena, volha, pavel, outsider, brest, gone, both):
        assert not could_take_over(to, case)
        with pytest.raises(BadInput):
            hand_over(case, to=to, note="x", by=alena)
    exclude(case, person=ihar, ground="named", note="", by=alena)
    with pytest.raises(BadInput):
        hand_over(case, to=ihar, note="x", by=alena)


def test_a_case_handed_over_is_not_handed_over_again_by_the_former_officer(
    case, alena, ihar, person
):
    """The second of two requests at once finds another officer, whatever it was shown."""
    hand_over(case, to=ihar, note="x", by=alena)
    with pytest.raises(NotAllowed):
        hand_over(case, to=person("next", "case_officer"), note="x", by=alena)


def test_a_supervisor_hands_over_all_cases_of_somebody_who_left(
    case, alena, ihar, pavel, client_for
):
    mine = [case, *(register_case(NewCase(), by=alena) for _one in range(2))]
    exclude(mine[1], person=ihar, ground="named", note="", by=alena)
    suspend_account(alena, by=None)
    browser, page = client_for(pavel), reverse("cases:hand_over_all")
    sent = {"officer": str(alena.pk), "person": str(ihar.pk), "note": "Has left us"}
    assert browser.post(page, sent | {"person": str(alena.pk)}).status_code == 422
    told = browser.post(page, sent, follow=True).content.decode()
    assert "Handed over to Ihar: 2 cases." in told
    assert f"cannot be the officer of these cases: {mine[1].reference}." in told
    owners = {one.pk: one.owner for one in Case.objects.all()}
    assert owners == {mine[0].pk: ihar, mine[1].pk: alena, mine[2].pk: ihar}
    assert len(sees(ihar, mine[2])) == 7 and sees(alena, mine[0]) is None


@pytest.mark.parametrize("who", ["alena", "ihar", "iryna", "rita", "viktar"])
def test_nobody_else_hands_over_the_cases_of_a_colleague(case, alena, person, request, who):
    by, to = request.getfixturevalue(who), person("next", "case_officer")
    with suppress(NotAllowed):
        assert hand_over_all(alena, to=to, note="x", by=by) == ([], [])
    assert Case.objects.get().owner == alena


def test_the_page_offers_only_who_could_take_it(case, alena, ihar, volha, client_for):
    browser, page = client_for(alena), reverse("cases:hand_over", args=[case.reference])
    shown = browser.get(page).content.decode()
    assert "Ihar" in shown and "Volha" not in shown
    assert browser.post(page, {"person": str(volha.pk), "note": "x"}).status_code == 422
    assert browser.post(page, {"person": str(ihar.pk), "note": ""}).status_code == 422
    assert browser.post(page, {"person": str(ihar.pk), "note": "Leaves"}).status_code == 302
    assert browser.get(page).status_code == 404
