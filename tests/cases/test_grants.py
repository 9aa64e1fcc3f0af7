"""Sharing a case: within the giver's own rights and the receiver's role, with an end, and taken back."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import give_role, take_role
from audit import trail
from audit.verbs import Verb
from cases.access import Access, access_to
from cases.models import CaseTeamGrant, CaseUserGrant, SearchChange
from cases.services.grants import can_grant, give_grant, revoke_grant
from core.exceptions import BadInput, NotAllowed, WrongState
from tests.guards import log

pytestmark = pytest.mark.django_db


def _give(case, *, by, to, classes=("identity",), days=7, may_write=True, reason="treatment"):
    return give_grant(
        case,
        to=to,
        classes=classes,
        may_write=may_write,
        ends=timezone.now() + timedelta(days=days),
        reason=reason,
        note="a note",
        by=by,
    )


def test_a_grant_opens_what_it_names(case, alena, ihar):
    start, changes = log.size(), SearchChange.objects.count()
    grant = _give(case, by=alena, to=ihar, classes=["identity", "contact"], may_write=False)
    access = access_to(ihar, [case.pk])[case.pk]
    assert (access.read, access.write) == ({"identity", "contact"}, set())
    [event] = log.since(start)
    assert (event.verb, event.actor, event.object) == (Verb.GRANT_GIVEN, alena.pk, grant.pk)
    told = log.told(event)
    assert (told["cases"], told["reason"]) == ([str(case.pk)], "treatment")
    assert "a note" not in str(told) and str(ihar.pk) not in str(told)
    assert SearchChange.objects.count() == changes + 1


def test_grants_add_up(case, alena, ihar):
    _give(case, by=alena, to=ihar, classes=["identity"], may_write=False)
    _give(case, by=alena, to=ihar, classes=["contact"], may_write=True)
    access = access_to(ihar, [case.pk])[case.pk]
    assert (access.read, access.write) == ({"identity", "contact"}, {"contact"})


@pytest.mark.parametrize(
    "role, classes, admits",
    [
        ("psychological", {"psychological"}, True),
        ("psychological", {"psychological", "identity"}, True),
        ("psychological", {"medical"}, False),
        ("psychological", {"psychological", "medical"}, False),
        ("medical", {"narrative"}, False),
        ("supervisor", {"contact"}, False),
        ("partner_officer", {"legal", "contact"}, True),
        ("partner_officer", {"narrative"}, False),
        ("case_officer", {"financial"}, True),
        ("auditor", {"identity"}, False),
        ("analyst", {"identity"}, False),
        ("administrator", {"identity"}, False),
    ],
)
def test_the_role_of_the_receiver_is_the_cap(case, alena, person, role, classes, admits):
    receiver = person("receiver", role)
    if admits:
        reason = "referral" if role == "partner_officer" else "treatment"
        _give(case, by=alena, to=receiver, classes=classes, reason=reason)
        assert access_to(receiver, [case.pk])[case.pk].read >= classes
    else:
        with pytest.raises(BadInput):
            _give(case, by=alena, to=receiver, classes=classes)
        assert not CaseUserGrant.objects.filter(user=receiver).exists()


@pytest.mark.parametrize("classes", [(), ("facts",), ("search",), ("audit",), ("everything",)])
def test_no_grant_opens_what_is_for_no_reader(case, alena, ihar, classes):
    with pytest.raises((BadInput, NotAllowed)):
        _give(case, by=alena, to=ihar, classes=classes)


def test_the_other_person_must_be_another_and_active(case, alena, ihar, zoya):
    ihar.is_active = False
    ihar.save()
    for to in (alena, User.objects.get(pk=ihar.pk), zoya):
        with pytest.raises(BadInput):
            _give(case, by=alena, to=to)


def test_what_was_shared_is_not_shared_on(case, alena, ihar, person):
    third = person("third", "case_officer")
    _give(case, by=alena, to=ihar, classes=["identity", "narrative"], may_write=True)
    for may_write in (True, False):
        with pytest.raises(NotAllowed):
            _give(case, by=ihar, to=third, classes=["identity"], may_write=may_write)
    assert not can_grant(ihar, case, access_to(ihar, [case.pk])[case.pk])
    assert access_to(third, [case.pk]) == {}


def test_an_officer_whose_role_shrank_shares_no_more_than_is_left(case, alena, ihar, monkeypatch):
    """Alena keeps the case, but her roles admit only some of its classes now."""
    monkeypatch.setattr(type(alena), "classes", frozenset({"identity"}))
    with pytest.raises(NotAllowed):
        _give(case, by=alena, to=ihar, classes=["identity", "contact"])
    assert _give(case, by=alena, to=ihar, classes=["identity"]).pk


@pytest.mark.parametrize("reason", ["assignment", "supervision", "because"])
def test_a_reason_must_be_one_that_is_given_by_hand(case, alena, ihar, reason):
    with pytest.raises(BadInput):
        _give(case, by=alena, to=ihar, reason=reason)


@pytest.mark.parametrize("who", ["ihar", "pavel", "volha", "rita", "viktar", "zoya"])
def test_strangers_and_readers_share_nothing(case, alena, person, share, request, who):
    """Ihar has the right and not the case, Pavel reads it, Volha writes in it without the right."""
    giver = request.getfixturevalue(who)
    if who == "volha":
        share(giver, "psychological", may_write=True)
    assert not can_grant(giver, case, access_to(giver, [case.pk]).get(case.pk, Access()))
    with pytest.raises(NotAllowed):
        _give(case, by=giver, to=person("receiver", "case_officer"))


@pytest.mark.parametrize(
    "days, fits", [(-1, False), (0, False), (0.01, True), (366, True), (367, False)]
)
def test_every_grant_ends_within_a_year(case, alena, ihar, days, fits):
    if fits:
        assert _give(case, by=alena, to=ihar, days=days).pk
    else:
        with pytest.raises(BadInput):
            _give(case, by=alena, to=ihar, days=days)


def test_a_grant_taken_back_counts_no_more_at_the_next_request(
    case, alena, volha, share, client_for
):
    grant = share(volha, "psychological", "identity")
    browser, page = client_for(volha), reverse("cases:detail", args=[case.reference])
    assert browser.get(page).status_code == 200
    start = log.size()
    revoke_grant(grant, by=alena)
    assert log.verbs_since(start) == [Verb.GRANT_REVOKED]
    assert browser.get(page).status_code == 404
    assert case.reference not in browser.get(reverse("cases:list")).content.decode()


def test_a_grant_that_ended_counts_no_more_at_the_next_request(
    case, volha, share, client_for, time_machine
):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    share(volha, "psychological", days=0.01)
    browser, page = client_for(volha), reverse("cases:detail", args=[case.reference])
    time_machine.move_to(now + timedelta(days=0.00999), tick=False)
    assert browser.get(page).status_code == 200
    time_machine.move_to(now + timedelta(days=0.01), tick=False)
    assert browser.get(page).status_code == 404


def test_a_grant_is_taken_back_once(case, alena, volha, share):
    grant = share(volha, "psychological")
    revoke_grant(grant, by=alena)
    with pytest.raises(WrongState):
        revoke_grant(CaseUserGrant.objects.get(pk=grant.pk), by=alena)


def test_the_officer_and_the_supervisors_keep_their_access(case, alena):
    for grant in (
        CaseUserGrant.objects.get(content_object=case, reason="assignment"),
        CaseTeamGrant.objects.get(content_object=case),
    ):
        with pytest.raises(WrongState):
            revoke_grant(grant, by=alena)
        assert type(grant).objects.get(pk=grant.pk).revoked_at is None


@pytest.mark.parametrize("who", ["ihar", "pavel", "volha", "rita", "zoya"])
def test_strangers_and_readers_take_nothing_back(case, person, share, request, who):
    receiver = person("receiver", "psychological")
    grant = share(receiver, "psychological")
    with pytest.raises(NotAllowed):
        revoke_grant(grant, by=request.getfixturevalue(who))
    assert case.pk in access_to(receiver, [case.pk])


def test_a_role_that_shrinks_shrinks_old_grants(case, ihar, share):
    share(ihar, "identity", "contact", "medical")
    take_role(user=ihar, role="case_officer", by=None)
    give_role(user=ihar, role="psychological", by=None)
    changed = User.objects.get(pk=ihar.pk)
    assert access_to(changed, [case.pk])[case.pk].read == {"identity"}


def test_the_database_refuses_a_grant_that_never_ends_or_was_half_revoked(
    case, alena, share, volha
):
    grant = share(volha, "psychological")
    for change in (
        {"ends": grant.starts},
        {"revoked_at": timezone.now()},
        {"revoked_by": alena},
    ):
        row = CaseUserGrant.objects.get(pk=grant.pk)
        for name, value in change.items():
            setattr(row, name, value)
        with pytest.raises(IntegrityError), transaction.atomic():
            trail.save(row, verb=Verb.GRANT_REVOKED, by=alena)
