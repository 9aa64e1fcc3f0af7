"""Each administrator keeps the people of their own organisation, whatever id a request names.

Two partner organisations with an administrator each, and ours. Every request that one of them can make
is made again by the others with the same ids.
"""

from dataclasses import dataclass

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from accounts import people_urls
from accounts.administered import offices_of, people_of
from accounts.models import Office, Organisation, PasswordLink, Proposal, Team, User
from accounts.proposals import approve_proposal, propose, withdraw_proposal
from accounts.services import (
    change_account,
    give_role,
    make_office,
    make_organisation,
    make_team,
    make_user,
    open_account,
    place_account,
    rename_account,
    suspend_account,
    take_role,
    turn_off_second_factor,
)
from audit.context import RequestContext, serving
from audit.verbs import Verb
from core.exceptions import BadInput, DomainError, NotAllowed, WrongState
from tests.conftest import PASSWORD
from tests.guards import log

pytestmark = pytest.mark.django_db


@dataclass
class House:
    """An organisation with an administrator, somebody else who decides, somebody at work and one new."""

    office: Office
    keeper: User
    second: User
    worker: User
    newcomer: User


@pytest.fixture
def partner(office, person):
    """Make a partner organisation: partner("Linden")."""

    def make(name):
        whose = make_organisation(name=name, kind="NGO", is_partner=True, by=None)
        own = make_office(code=name.upper(), name=name, country="BY", organisation=whose, by=None)
        low = name.lower()
        return House(
            own,
            person(f"{low}.keeper", "partner_admin", at=own),
            person(f"{low}.second", "partner_admin", at=own),
            person(f"{low}.worker", "partner_officer", at=own),
            open_account(
                username=f"{low}.newcomer", display_name=f"{name}.Newcomer", office=own, by=None
            ),
        )

    return make


@pytest.fixture
def linden(partner):
    return partner("Linden")


@pytest.fixture
def maple(partner):
    return partner("Maple")


@pytest.fixture
def ours(office, person, pavel, alena):
    return House(
        office, person("keeper", "administrator", at=office), pavel, alena, person("zinaida")
    )


def ask(kind, subject, parameter="", *, by):
    with serving(RequestContext("request", "elsewhere")):
        return propose(kind, subject=subject, parameter=str(parameter), note="Why", by=by)


# --- Whose people ---------------------------------------------------------------------
def test_each_keeps_the_own_people(linden, maple, ours, rita):
    for one in (linden, maple):
        own = {one.keeper, one.second, one.worker, one.newcomer}
        assert set(people_of(one.keeper)) == own
        assert set(offices_of(one.keeper)) == {one.office}
    assert set(people_of(ours.keeper)) == set(User.objects.all())
    house = {ours.keeper, ours.second, ours.worker, ours.newcomer, rita}
    assert set(people_of(ours.second)) == house, "a supervisor decides about ours alone"
    for nobody in (rita, ours.worker, linden.worker):
        assert not people_of(nobody).exists() and not offices_of(nobody).exists()


def test_the_people_of_a_partner_hold_the_roles_of_partners(linden, ours):
    for role in ("case_officer", "supervisor", "auditor", "administrator", "medical"):
        with pytest.raises(BadInput):
            ask("give_role", linden.newcomer, role, by=linden.keeper)
        with pytest.raises(BadInput):
            ask("give_role", linden.newcomer, role, by=ours.keeper)
        with pytest.raises(WrongState):
            give_role(user=linden.newcomer, role=role, by=None)
    asked = ask("give_role", linden.newcomer, "partner_officer", by=linden.keeper)
    approve_proposal(asked, by=linden.second)
    assert [role.code for role in linden.newcomer.roles] == ["partner_officer"]


def test_ours_hold_no_partner_administrator(ours):
    with pytest.raises(BadInput):
        ask("give_role", ours.newcomer, "partner_admin", by=ours.keeper)
    with pytest.raises(WrongState):
        give_role(user=ours.newcomer, role="partner_admin", by=None)


def test_nobody_takes_a_role_along_to_where_it_cannot_be_held(linden, ours):
    with pytest.raises(BadInput):
        ask("move", ours.worker, linden.office.pk, by=ours.keeper)
    with pytest.raises(BadInput):
        ask("move", linden.keeper, ours.office.pk, by=ours.keeper)
    with pytest.raises(WrongState):
        change_account(linden.keeper, office=ours.office, by=None)
    with pytest.raises(WrongState):
        change_account(linden.keeper, office=None, by=None)
    assert User.objects.get(pk=linden.keeper.pk).partner == linden.office.organisation


def test_who_decides_about_a_partners_people(linden, maple, ours):
    for decider, is_let in (
        (maple.keeper, False),
        (ours.second, False),
        (ours.keeper, True),
    ):
        asked = ask("give_role", linden.newcomer, "partner_officer", by=linden.keeper)
        if is_let:
            approve_proposal(asked, by=decider)
        else:
            with pytest.raises(NotAllowed):
                approve_proposal(asked, by=decider)
            asked.refresh_from_db()
            assert asked.state == "asked"
            withdraw_proposal(asked, by=linden.keeper)
    assert [role.code for role in User.objects.get(pk=linden.newcomer.pk).roles]


def test_an_administrator_who_went_elsewhere_asked_for_nothing(linden, maple):
    asked = ask("give_role", linden.newcomer, "partner_officer", by=linden.keeper)
    change_account(linden.keeper, office=maple.office, by=None)
    with pytest.raises(WrongState):
        approve_proposal(asked, by=linden.second)


# --- Services with somebody else's people ---------------------------------------------
def _acts(by, house):
    """Everything a service does about somebody, for the people of a house."""
    new = {"username": f"new.{by.username}", "display_name": "New"}
    return {
        "open_account": lambda: open_account(**new, office=house.office, by=by),
        "make_user": lambda: make_user(
            **new, password=PASSWORD, roles=[], office=house.office, by=by
        ),
        "rename": lambda: rename_account(house.worker, display_name="X", by=by),
        "change": lambda: change_account(house.worker, display_name="X", by=by),
        "place": lambda: place_account(house.newcomer, office=house.office, by=by),
        "suspend": lambda: suspend_account(house.worker, by=by),
        "give": lambda: give_role(user=house.newcomer, role="partner_officer", by=by),
        "take": lambda: take_role(user=house.worker, role="partner_officer", by=by),
        "factor": lambda: turn_off_second_factor(house.worker, by=by),
        "propose": lambda: ask("give_role", house.newcomer, "partner_officer", by=by),
        "to_us": lambda: place_account(house.newcomer, office=None, by=by),
    }


@pytest.mark.parametrize("act", list(_acts(User(), None)))
def test_no_service_works_on_another_organisations_people(act, linden, maple, ours):
    Authenticator.objects.create(user=linden.worker, type="totp", data={})
    for stranger in (maple.keeper, maple.second, ours.worker, maple.worker):
        start = log.size()
        with pytest.raises(DomainError):
            _acts(stranger, linden)[act]()
        assert log.size() == start
    with pytest.raises(NotAllowed):
        _acts(maple.keeper, ours)[act]()


def test_a_partner_places_nobody_with_us(linden, ours):
    for office in (ours.office, None):
        with pytest.raises(NotAllowed):
            place_account(linden.newcomer, office=office, by=linden.keeper)
        with pytest.raises(NotAllowed):
            open_account(username="x", display_name="X", office=office, by=linden.keeper)


# --- Requests with swapped ids --------------------------------------------------------
@pytest.fixture
def fresh(client_for):
    """A browser in which this person has just signed in once more."""

    def make(user):
        browser = client_for(user)
        browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        return browser

    return make


# (address, method, what it takes, what is posted), of a house; and what its own keeper gets.
def _requests(house, asked, team):
    someone, at_work = house.newcomer.pk, house.worker.pk
    office, organisation = house.office.pk, house.office.organisation_id
    give = {"parameter": "partner_officer", "note": "Why"}
    name = {"name": "Renamed"}
    own_only = [
        ("person", "GET", (someone,), {}, 200),
        ("change", "GET", (someone,), {}, 200),
        ("change", "POST", (someone,), {"display_name": "R", "office": str(office)}, 302),
        ("link", "POST", (someone,), {}, 200),
        ("ask", "GET", (someone, "give_role"), {}, 200),
        ("ask", "POST", (someone, "give_role"), give, 302),
        ("ask", "GET", (at_work, "take_role"), {}, 200),
        ("decide", "POST", (asked.pk,), {"act": "decline"}, 302),
        ("suspend", "POST", (house.second.pk,), {}, 302),
        ("unlink", "POST", (someone,), {}, 302),
    ]
    # Ours alone: a partner's keeper gets 403, whoever they ask about.
    of_the_house = [
        ("leave", "POST", (someone, team.pk), {}, 403),
        ("teams", "GET", (), {}, 403),
        ("team", "GET", (team.pk,), {}, 403),
        ("team", "POST", (team.pk,), name, 403),
        ("offices", "GET", (), {}, 403),
        ("office", "POST", (office,), name, 403),
        ("organisation", "POST", (organisation,), name, 403),
        ("desk", "POST", (organisation,), {}, 403),
        ("new_office", "POST", (), name, 403),
        ("new_organisation", "POST", (), name, 403),
    ]
    return own_only + of_the_house


def _send(browser: Client, name, method, arguments, data):
    url = reverse(f"people:{name}", args=arguments)
    return browser.post(url, data) if method == "POST" else browser.get(url)


def _state():
    return [
        sorted(model.objects.values_list("pk", "revision"))
        for model in (User, Office, Organisation, Team, Proposal, PasswordLink)
    ]


# Looked at below; tokens in test_tokens.py.
WITHOUT_IDS = {"list", "new", "me", "waiting", "tokens"}


def test_the_requests_below_are_all_there_are(linden):
    asked, team = Proposal(), Team()
    listed = {request[0] for request in _requests(linden, asked, team)}
    assert {pattern.name for pattern in people_urls.urlpatterns} == listed | WITHOUT_IDS


@pytest.mark.parametrize("stranger", ["maple", "worker", "supervisor"])
def test_every_request_of_one_made_by_another_is_refused(
    stranger, linden, maple, ours, fresh, settings
):
    settings.OIDC_ISSUER = "https://id.example"
    asked = ask("take_role", linden.worker, "partner_officer", by=linden.second)
    team = make_team(name="Night", by=None)
    who = {"maple": maple.keeper, "worker": linden.worker, "supervisor": ours.second}[stranger]
    theirs, own = fresh(who), fresh(linden.keeper)
    for name, method, arguments, data, status in _requests(linden, asked, team):
        before, start = _state(), log.size()
        answer = _send(theirs, name, method, arguments, data)
        assert answer.status_code in (403, 404), (name, method, answer.status_code)
        refusals = [e for e in log.since(start) if e.verb == Verb.REFUSED]
        assert [(event.actor, event.outcome) for event in refusals] == [(who.pk, "denied")]
        page = answer.content.decode()
        for person in (linden.newcomer, linden.second, linden.keeper):
            assert person.display_name not in page and str(person.pk) not in page
        assert _state() == before, (name, method)
        answer = _send(own, name, method, arguments, data)
        assert answer.status_code == status, (name, method, answer.status_code)


def test_ids_of_others_in_the_body_and_the_query_name_nobody(linden, maple, ours, fresh):
    browser = fresh(linden.keeper)
    before = User.objects.count()
    for office in (maple.office.pk, ours.office.pk, ""):
        new = {"username": "new", "display_name": "New", "office": str(office)}
        assert browser.post(reverse("people:new"), new).status_code == 422
        changed = {"display_name": "R", "office": str(office)}
        url = reverse("people:change", args=[linden.newcomer.pk])
        assert browser.post(url, changed).status_code == 422
        url = reverse("people:ask", args=[linden.worker.pk, "move"])
        asked = {"parameter": str(office), "note": "Why"}
        assert browser.post(url, asked).status_code in (409, 422)
        page = browser.get(reverse("people:list"), {"office": str(office)}).content.decode()
        assert "Maple" not in page and ours.worker.display_name not in page
    assert User.objects.count() == before and not Proposal.objects.exists()
    page = browser.get(reverse("people:list"), {"after": str(ours.worker.pk)}).content.decode()
    assert "Linden" in page and "Maple" not in page
    extra = {"display_name": "R", "office": str(linden.office.pk), "is_superuser": "on"}
    extra |= {"is_active": "", "username": "x", "password": "x", "roles": "administrator"}
    browser.post(reverse("people:change", args=[linden.newcomer.pk]), extra)
    changed = User.objects.get(pk=linden.newcomer.pk)
    assert (changed.username, changed.is_superuser, changed.is_active) == (
        "linden.newcomer",
        False,
        True,
    )
    assert not changed.roles and changed.display_name == "R"


def test_lists_name_the_own_people_alone(linden, maple, ours, fresh):
    ask("give_role", maple.newcomer, "partner_officer", by=maple.keeper)
    ask("give_role", ours.newcomer, "legal", by=ours.keeper)
    for name in ("list", "new", "waiting", "me"):
        page = fresh(linden.keeper).get(reverse(f"people:{name}")).content.decode()
        for stranger in (maple.newcomer, maple.worker, ours.worker, ours.newcomer):
            assert stranger.display_name not in page, name
            assert str(stranger.pk) not in page, name
    page = fresh(linden.keeper).get(reverse("people:list")).content.decode()
    assert linden.worker.display_name in page and ours.office.name not in page


def test_a_partner_administrator_sees_nothing_but_accounts(linden, case, fresh):
    browser = fresh(linden.keeper)
    for url in ("/cases/", f"/cases/{case.reference}/", "/cases/retention/", "/audit/state/"):
        assert browser.get(url).status_code == 403, url
    assert browser.get("/").status_code == 200
