"""Acts that take two people: different ones, in different sessions, both still allowed, once."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction

from accounts import links
from accounts.models import Proposal, RoleHolding, User
from accounts.proposal_pages import told
from accounts.proposals import (
    KINDS,
    LONGEST,
    about,
    approve_proposal,
    asked_by,
    decline_proposal,
    end_expired,
    open_for,
    propose,
    waiting_for,
    withdraw_proposal,
)
from accounts.roles import ROLES, Side, why_not_held
from accounts.services import (
    change_account,
    give_role,
    join_team,
    make_team,
    open_account,
    suspend_account,
    take_role,
)
from audit import trail
from audit.context import RequestContext, serving
from audit.verbs import Verb
from core.exceptions import BadInput, NotAllowed, WrongState
from tests.guards import log, source

pytestmark = pytest.mark.django_db


@pytest.fixture
def sviatlana(person):
    """Another administrator."""
    return person("sviatlana", "administrator", at=None)


@pytest.fixture
def vera(person):
    """Somebody new, without a role."""
    return person("vera")


def ask(kind, subject, parameter="", *, by, note="Needed from Monday on"):
    """Ask in a session of its own: the tests decide in none."""
    with serving(RequestContext("request", "elsewhere")):
        return propose(kind, subject=subject, parameter=str(parameter), note=note, by=by)


def codes(user):
    return [role.code for role in User.objects.get(pk=user.pk).roles]


# --- One asks, another decides --------------------------------------------------------
def test_a_role_is_there_when_somebody_else_agrees(vera, viktar, pavel):
    start = log.size()
    asked = ask("give_role", vera, "legal", by=viktar)
    assert codes(vera) == []
    assert approve_proposal(asked, note="Agreed", by=pavel) is None
    done = Proposal.objects.get()
    assert codes(vera) == ["legal"]
    assert (done.state, done.decided_by) == ("approved", pavel)
    proposed, approved, given = log.since(start)
    assert [event.verb for event in (proposed, approved, given)] == [
        Verb.PROPOSED,
        Verb.PROPOSAL_APPROVED,
        Verb.ROLE_GIVEN,
    ]
    assert [event.actor for event in (proposed, approved, given)] == [
        viktar.pk,
        pavel.pk,
        pavel.pk,
    ]
    assert log.told(approved)["reason"] == "give_role legal"


def test_each_kind_does_what_it_says(vera, viktar, pavel, ihar, other_office):
    night = make_team(name="Night", by=viktar)
    Authenticator.objects.create(user=ihar, type="totp", data={})
    Authenticator.objects.create(user=ihar, type="recovery_codes", data={})
    approve_proposal(ask("take_role", ihar, "case_officer", by=viktar), by=pavel)
    approve_proposal(ask("give_role", ihar, "supervisor", by=viktar), by=pavel)
    approve_proposal(ask("join_team", ihar, night.pk, by=viktar), by=pavel)
    approve_proposal(ask("move", ihar, other_office.pk, by=viktar), by=pavel)
    suspend_account(ihar, by=viktar)
    approve_proposal(ask("reopen", ihar, by=viktar), by=pavel)
    start = log.size()
    approve_proposal(ask("second_factor", ihar, by=viktar), by=pavel)
    ihar = User.objects.get(pk=ihar.pk)
    assert codes(ihar) == ["supervisor"] and ihar.is_active and ihar.office == other_office
    assert set(ihar.groups) == {night.group, other_office.supervisors}
    assert not Authenticator.objects.filter(user=ihar).exists()
    turned_off = [e for e in log.since(start) if e.verb == Verb.SECOND_FACTOR_TURNED_OFF]
    assert [(event.actor, log.told(event)["reason"]) for event in turned_off] == [
        (pavel.pk, "totp"),
        (pavel.pk, "recovery_codes"),
    ]
    assert {kind.code for kind in KINDS.values()} == {
        *("give_role", "take_role", "join_team", "move", "reopen", "second_factor", "link")
    }


def test_what_is_declined_or_withdrawn_changes_nothing(vera, viktar, pavel):
    no = decline_proposal(ask("give_role", vera, "legal", by=viktar), note="Not yet", by=pavel)
    back = withdraw_proposal(ask("give_role", vera, "legal", by=viktar), by=viktar)
    assert (no.state, back.state) == ("declined", "withdrawn")
    for decided in (no, back):
        for act in (approve_proposal, decline_proposal):
            with pytest.raises(WrongState, match="decided already"):
                act(decided, by=pavel)
        with pytest.raises(WrongState):
            withdraw_proposal(decided, by=viktar)
    assert codes(vera) == [] and not RoleHolding.objects.filter(user=vera).exists()


def test_the_same_is_asked_for_once_at_a_time(vera, viktar, sviatlana, pavel):
    asked = ask("give_role", vera, "legal", by=viktar)
    with pytest.raises(WrongState, match="already"):
        ask("give_role", vera, "legal", by=sviatlana)
    ask("give_role", vera, "medical", by=sviatlana)
    approve_proposal(asked, by=pavel)
    with pytest.raises(BadInput):
        ask("give_role", vera, "legal", by=viktar)  # it is held


def test_a_link_over_somebody_who_holds_something_goes_to_whoever_approves(ihar, viktar, pavel):
    asked = ask("link", ihar, by=viktar)
    assert not ihar.password_links.exists(), "asking makes none"
    start = log.size()
    token = approve_proposal(asked, by=pavel)
    assert links.find(token).user == ihar
    approved, made = log.since(start)
    assert (approved.verb, made.verb) == (Verb.PROPOSAL_APPROVED, Verb.LINK_MADE)
    assert made.actor == pavel.pk and token not in str(log.told(made)) + str(log.told(approved))
    assert decline_proposal(ask("link", ihar, by=viktar), by=pavel).state == "declined"
    assert links.find(token), "it goes on working"
    suspend_account(ihar, by=viktar)
    with pytest.raises(BadInput):
        ask("link", ihar, by=viktar)


def test_a_link_to_an_account_that_opens_nothing_takes_one(office, viktar, vera):
    nina = open_account(username="nina", display_name="Nina", office=office, by=viktar)
    with pytest.raises(BadInput):
        ask("link", nina, by=viktar)
    assert ask("link", vera, by=viktar), "who has a password already is somebody"


# --- Who cannot -----------------------------------------------------------------------
def test_nobody_decides_on_what_they_asked_for(vera, viktar):
    asked = ask("give_role", vera, "legal", by=viktar)
    for act in (approve_proposal, decline_proposal):
        with pytest.raises(NotAllowed, match="yourself"):
            act(asked, by=viktar)
    assert waiting_for(viktar) == 0 and open_for(viktar) == []
    assert asked_by(viktar) == [asked]


def test_nobody_decides_about_themselves(pavel, viktar, sviatlana):
    asked = ask("give_role", sviatlana, "auditor", by=viktar)
    with pytest.raises(NotAllowed, match="about you"):
        approve_proposal(asked, by=sviatlana)
    assert open_for(sviatlana) == [] and open_for(pavel) == [asked]


def test_nobody_decides_in_the_session_in_which_it_was_asked_for(vera, viktar, sviatlana):
    asked = ask("give_role", vera, "legal", by=viktar)
    with (
        serving(RequestContext("another", "elsewhere")),
        pytest.raises(NotAllowed, match="session"),
    ):
        approve_proposal(asked, by=sviatlana)
    approve_proposal(asked, by=sviatlana)


@pytest.mark.parametrize("who", ["alena", "volha", "rita", "yury", "zoya"])
def test_other_roles_neither_ask_nor_decide(request, who, vera, viktar):
    somebody = request.getfixturevalue(who)
    asked = ask("give_role", vera, "legal", by=viktar)
    for act in (approve_proposal, decline_proposal, withdraw_proposal):
        with pytest.raises(NotAllowed):
            act(asked, by=somebody)
    with pytest.raises(NotAllowed):
        ask("give_role", vera, "medical", by=somebody)
    assert waiting_for(somebody) == 0


def test_a_supervisor_decides_and_does_not_ask(vera, pavel):
    with pytest.raises(NotAllowed):
        ask("give_role", vera, "legal", by=pavel)


def test_only_who_asked_withdraws(vera, viktar, sviatlana):
    with pytest.raises(NotAllowed, match="decline"):
        withdraw_proposal(ask("give_role", vera, "legal", by=viktar), by=sviatlana)


@pytest.mark.parametrize(
    "kind, parameter",
    [
        ("give_role", "emperor"),
        ("give_role", ""),
        ("give_role", "partner_admin"),
        ("take_role", "legal"),
        ("join_team", "00000000-0000-0000-0000-000000000000"),
        ("move", "nowhere"),
        ("reopen", ""),
        ("reopen", "x"),
        ("second_factor", ""),
        ("erasure", ""),
    ],
)
def test_what_cannot_be_is_not_asked_for(kind, parameter, ihar, viktar):
    with pytest.raises(BadInput):
        ask(kind, ihar, parameter, by=viktar)
    assert not Proposal.objects.exists()


def test_nobody_asks_for_the_supervisors_of_an_office(ihar, viktar, office):
    """The role decides who is in that team."""
    with pytest.raises(BadInput):
        ask("join_team", ihar, office.supervisors.team.pk, by=viktar)


# --- What changed in between ----------------------------------------------------------
@pytest.mark.parametrize("fall", ["role", "account"])
def test_an_asker_who_may_not_ask_any_more_asked_for_nothing(fall, vera, viktar, pavel):
    asked = ask("give_role", vera, "legal", by=viktar)
    if fall == "role":
        take_role(user=viktar, role="administrator", by=None)
    else:
        change_account(viktar, is_active=False, by=None)
    with pytest.raises(WrongState, match="any more"):
        approve_proposal(asked, by=pavel)
    assert codes(vera) == []
    assert decline_proposal(asked, by=pavel).state == "declined"


@pytest.mark.parametrize("fall", ["role", "account"])
def test_a_decider_who_fell_meanwhile_decides_nothing(fall, vera, viktar, pavel):
    asked = ask("give_role", vera, "legal", by=viktar)
    assert pavel.roles  # as the request has them, looked up before
    if fall == "role":
        take_role(user=User.objects.get(pk=pavel.pk), role="supervisor", by=None)
    else:
        change_account(pavel, is_active=False, by=None)
    with pytest.raises(NotAllowed):
        approve_proposal(asked, by=pavel)
    assert codes(vera) == []


def test_what_became_so_meanwhile_is_not_done_twice(vera, viktar, pavel):
    asked = ask("give_role", vera, "legal", by=viktar)
    give_role(user=vera, role="legal", by=None)
    with pytest.raises(WrongState, match="any more"):
        approve_proposal(asked, by=pavel)


def test_a_role_that_fits_no_more_is_not_given(vera, viktar, pavel):
    asked = ask("give_role", vera, "legal", by=viktar)
    give_role(user=vera, role="administrator", by=None)
    with pytest.raises(WrongState):
        approve_proposal(asked, by=pavel)
    assert codes(vera) == ["administrator"]


def test_when_the_act_fails_nobody_decided(vera, viktar, pavel, monkeypatch):
    asked = ask("give_role", vera, "legal", by=viktar)
    start = log.size()

    def fail(**words):
        raise RuntimeError

    monkeypatch.setattr("accounts.services.give_role", fail)
    with pytest.raises(RuntimeError):
        approve_proposal(asked, by=pavel)
    assert Proposal.objects.get().state == "asked" and log.size() == start


def test_after_three_days_it_has_ended(vera, viktar, pavel, time_machine):
    asked = ask("give_role", vera, "legal", by=viktar)
    time_machine.move_to(asked.asked_at)
    time_machine.shift(timedelta(hours=71, minutes=59))
    end_expired()
    assert open_for(pavel) == [asked]
    time_machine.shift(timedelta(minutes=2))
    assert waiting_for(pavel) == 0
    for act in (approve_proposal, decline_proposal):
        with pytest.raises(WrongState):
            act(asked, by=pavel)
    assert Proposal.objects.get().state == "expired" and codes(vera) == []
    ask("give_role", vera, "legal", by=viktar)


def test_of_those_who_act_at_once_one_decides(own_databases, tmp_path):
    """Two approvals, a refusal and a withdrawal; and an asker who falls while somebody approves."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TUTELA_")}
    places = {"TUTELA_DATA_DIR": tmp_path / "data", "TUTELA_KEY_FILE": tmp_path / "root.key"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.accounts.rivals", "8"],
        env=kept | {name: str(path) for name, path in places.items()} | own_databases,
        cwd=source.ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for one in found["decided"]:
        assert sorted(one["done"].values()) == ["WrongState"] * 3 + ["done"]
        [winner] = [name for name, end in one["done"].items() if end == "done"]
        state = {"no": "declined", "viktar": "withdrawn"}.get(winner, "approved")
        assert one["state"] == state and one["holds"] == (state == "approved")
    for one in found["asked"]:
        assert sorted(one["done"].values()) == ["WrongState", "done"]
    for one in found["renewed"]:
        assert one["done"]["renew"] == "done" and one["open"] == 1
        assert one["done"]["use"] in ("done", "DeadLink")
    for one in found["fallen"]:
        assert one["done"]["fall"] == "done"
        is_approved = one["done"]["approve"] == "done"
        assert is_approved or one["done"]["approve"] == "WrongState"
        assert one["holds"] == is_approved
        assert not one["approved_after_the_fall"]
    assert found["findings"] == []


# --- What the database holds ----------------------------------------------------------
def test_why_it_is_asked_for_is_sealed_and_shown_to_the_decider(vera, viktar, pavel):
    start = log.size()
    asked = ask("give_role", vera, "legal", by=viktar, note="Replaces Maryna")
    decline_proposal(asked, note="Maryna stays", by=pavel)
    stored = str(Proposal.objects.values().get()) + str(
        [bytes(event.entry) for event in log.since(start)]
    )
    assert "Maryna" not in stored
    [line] = told(about(vera))
    assert (line.note, line.answer) == ("Replaces Maryna", "Maryna stays")
    assert (str(line.what), str(line.which)) == ("Give a role", "Lawyer")
    with pytest.raises(BadInput):
        ask("give_role", vera, "legal", by=viktar, note="x" * (LONGEST + 1))


@pytest.mark.parametrize("wrong", ["asker", "subject", "session", "nobody"])
def test_the_database_refuses_one_person_alone(wrong, vera, viktar, pavel):
    asked = ask("give_role", vera, "legal", by=viktar)
    asked.state, asked.decided_by, asked.decided_session = "approved", pavel, "another"
    if wrong == "session":
        asked.decided_session = asked.asked_session
    else:
        asked.decided_by = {"asker": viktar, "subject": vera, "nobody": None}[wrong]
    with pytest.raises(IntegrityError), transaction.atomic():
        trail.save(asked, verb=Verb.PROPOSAL_APPROVED, by=pavel)


# --- Roles that do not go together ----------------------------------------------------
def test_whoever_keeps_accounts_opens_no_case():
    keepers = {"administrator", "partner_admin"}
    for code, role in ROLES.items():
        for keeper in keepers:
            side = Side.PARTNER if keeper == "partner_admin" else Side.HOUSE
            if role.classes:
                assert why_not_held({code, keeper}, side)


def test_not_even_from_the_machine(viktar, alena):
    with pytest.raises(WrongState):
        give_role(user=viktar, role="medical", by=None)
    with pytest.raises(WrongState):
        give_role(user=alena, role="administrator", by=None)
    assert codes(viktar) == ["administrator"] and codes(alena) == ["case_officer"]


# --- Nothing goes around it -----------------------------------------------------------
# What opens cases or gives power over accounts, and who may call it: what takes two people, and what
# runs on the machine.
TWO_PEOPLE = {
    *("give_role", "take_role", "join_team", "change_account", "turn_off_second_factor"),
    *("make_user", "make_link", "invite"),
}
CALLERS = {
    "accounts/services.py",
    "accounts/links.py",  # alone for accounts that open nothing (`make_first_link`)
    "accounts/proposals.py",
    "config/management/commands/account.py",
    "config/demo/office.py",
}


def test_no_page_does_alone_what_takes_two_people():
    callers = {path for path, call in source.calls() if source.called(call) in TWO_PEOPLE}
    assert callers == CALLERS


def test_a_team_that_holds_grants_takes_nobody_in_for_one_person(alena, viktar, client_for):
    night = make_team(name="Night", by=viktar)
    join_team(user=alena, team=night, by=None)
    browser = client_for(viktar)
    assert browser.post(f"/people/teams/{night.pk}/", {"user": str(alena.pk)}).status_code == 422
