"""Why somebody can see a case: the answer is what the rule says, now and for every past moment."""

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Team, User
from accounts.roles import CONTENT, ROLES
from accounts.services import change_account, give_role, join_team, leave_team, make_team, take_role
from audit import trail
from audit.verbs import Verb
from cases.access import READ, WRITE, Access, access_to, permission
from cases.explained import told
from cases.explaining import explain, explain_all, explain_day
from cases.models import Case, CaseTeamGrant, CaseUserGrant, GrantReason
from cases.services.grants import revoke_grant
from cases.services.intake import register_case
from core.exceptions import WrongState
from tests.guards import log

pytestmark = pytest.mark.django_db

BEGIN = datetime(2026, 3, 2, 17, tzinfo=UTC)
STEPS = 55


# --- What happens to a case, at random ------------------------------------------------
class Seen(NamedTuple):
    """What the rule said of one person at one moment."""

    at: datetime
    person: User
    access: Access | None


class Life:
    """People, teams and one case, to which things happen."""

    def __init__(self, case: Case, people: list[User], teams: list[Team], seed: int) -> None:
        self.case, self.people, self.teams = case, people, teams
        self.chance = random.Random(seed)
        self.seen: dict[tuple[datetime, User], Seen] = {}
        self.may = [permission(READ), permission(WRITE)]

    def step(self) -> None:
        acts = [self.give, self.give, self.end, self.prolong, self.role, self.team, self.account]
        self.chance.choice(acts)()
        for person in self.people:
            access = access_to(User.objects.get(pk=person.pk), [self.case.pk]).get(self.case.pk)
            self.seen[timezone.now(), person] = Seen(timezone.now(), person, access)

    def give(self) -> None:
        model = self.chance.choice([CaseUserGrant, CaseUserGrant, CaseTeamGrant])
        begins = timezone.now() + timedelta(minutes=self.chance.choice([0, 0, 0, 45, -30]))
        to = (
            {"user": self.chance.choice(self.people)}
            if model is CaseUserGrant
            else {"group": self.chance.choice(self.teams).group}
        )
        grant = model(
            content_object=self.case,
            permission=self.chance.choice(self.may),
            classes=sorted(self.chance.sample(sorted(CONTENT), self.chance.randint(1, 4))),
            reason=GrantReason.TREATMENT,
            granted_by=self.people[0],
            starts=begins,
            ends=begins + timedelta(minutes=self.chance.choice([31, 90, 600, 3_000])),
            **to,
        )
        trail.save(grant, verb=Verb.GRANT_GIVEN, by=self.people[0])

    def _any_grant(self):
        model = self.chance.choice([CaseUserGrant, CaseTeamGrant])
        grants = list(model.objects.filter(content_object=self.case, revoked_at=None))
        return self.chance.choice(grants) if grants else None

    def end(self) -> None:
        if grant := self._any_grant():
            grant.revoked_at, grant.revoked_by = timezone.now(), self.people[0]
            trail.save(grant, verb=Verb.GRANT_REVOKED, by=self.people[0])

    def prolong(self) -> None:
        if grant := self._any_grant():
            grant.ends = max(grant.ends, timezone.now()) + timedelta(minutes=50)
            trail.save(grant, verb=Verb.GRANT_PROLONGED, by=self.people[0])

    def role(self) -> None:
        change = self.chance.choice([give_role, give_role, give_role, take_role])
        with suppress(WrongState):  # some roles are not held together
            change(user=self.somebody(), role=self.chance.choice(sorted(ROLES)), by=None)

    def team(self) -> None:
        change = self.chance.choice([join_team, leave_team])
        change(user=self.somebody(), team=self.chance.choice(self.teams), by=None)

    def account(self) -> None:
        somebody = self.somebody()
        is_active = not somebody.is_active or self.chance.random() < 0.6
        change_account(somebody, by=None, is_active=is_active)

    def somebody(self) -> User:
        return User.objects.get(pk=self.chance.choice(self.people).pk)


@pytest.fixture
def life(request, office, person, new_case):
    with time_machine.travel(BEGIN, tick=False) as clock:
        people = [person("alena", "case_officer"), person("volha", "psychological")]
        people += [person("siarhei", "medical"), person("pavel", "supervisor"), person("rita")]
        teams = [make_team(name=f"team {number}", by=None) for number in range(2)]
        teams.append(office.supervisors.team)
        life = Life(register_case(new_case, by=people[0]), people, teams, request.param)
        for _ in range(STEPS):
            clock.shift(timedelta(minutes=life.chance.choice([0, 1, 7, 20, 45, 180])))
            life.step()
        clock.shift(timedelta(minutes=1))
        yield life


@pytest.mark.parametrize("life", [1, 2], indirect=True)
def test_the_answer_is_what_the_rule_said_at_every_moment(life):
    wrong = [
        (seen.at, str(seen.person))
        for seen in life.seen.values()
        if explain(life.case, seen.person, at=seen.at).access != seen.access
    ]
    assert wrong == []
    answers = [seen.access for seen in life.seen.values()]
    assert len(answers) > 150
    assert min(answers.count(None), sum(1 for one in answers if one and one.read)) > 40


@pytest.mark.parametrize("life", [4], indirect=True)
def test_everybody_who_saw_it_is_named_and_nobody_else(life):
    for at in {seen.at for seen in life.seen.values()}:
        named = {one.person.pk: one.access for one in explain_all(life.case, at=at)}
        seen = {person.pk: life.seen[at, person].access for person in life.people}
        assert named == {pk: access for pk, access in seen.items() if access is not None}


@pytest.mark.parametrize("life", [5], indirect=True)
def test_a_day_is_told_without_gap_and_as_it_was(life):
    first = timezone.localdate(BEGIN)
    days = [first + timedelta(days=n) for n in range((timezone.localdate() - first).days + 1)]
    assert len(days) >= 2
    for person in life.people:
        answers = [explain_day(life.case, day, person=person) for day in days]
        spells = [spell for [some] in answers for spell in some]
        for one, next_one in pairwise(spells):
            assert one.end == next_one.begin
        for seen in life.seen.values():
            if seen.person == person:
                [spell] = [one for one in spells if one.begin <= seen.at < one.end]
                assert spell.explanation.access == seen.access, (seen.at, str(person))


@pytest.mark.parametrize("life", [7], indirect=True)
def test_now_is_answered_like_a_moment_that_has_passed(life):
    """What stands in the tables and what stands in their histories is one thing."""
    now = timezone.now()
    for person in life.people:
        fresh = User.objects.get(pk=person.pk)
        current = explain(life.case, fresh)
        assert current.access == access_to(fresh, [life.case.pk]).get(life.case.pk)
        past = explain(life.case, fresh, at=now)
        assert current.says() == past.says()


@pytest.mark.parametrize("life", [9], indirect=True)
def test_the_words_name_exactly_the_classes_that_can_be_seen(life):
    for seen in life.seen.values():
        said = told(explain(life.case, seen.person, at=seen.at), is_past=True)
        can, cannot = " ".join(said.can), " ".join(said.cannot)
        read = seen.access.read if seen.access else set()
        for cls in CONTENT:
            assert (f"“{cls}”" in can) == (cls in read)
            if seen.access is not None:
                assert (f"“{cls}”" in cannot) == (cls not in read)
        assert bool(cannot) == (read != CONTENT)


# --- In words -------------------------------------------------------------------------
def _said(case, person, **options):
    return told(explain(case, User.objects.get(pk=person.pk)), **options)


@pytest.fixture
def third_of_march():
    with time_machine.travel(datetime(2026, 3, 3, 7, 30, tzinfo=UTC), tick=False) as clock:
        yield clock


def test_a_grant_and_a_role_are_told_in_plain_words(third_of_march, case, volha, share):
    share(volha, "psychological")
    assert _said(case, volha).can == [
        "Volha can read and write the part “psychological”, because Alena gave access on 3 Mar 2026, "
        "10:30, until 10 Mar 2026, 10:30 (Provides assistance). The role Psychologist admits it."
    ]
    assert _said(case, volha).cannot == [
        "Volha cannot see the part “identity”: no access to it was given.",
        "Volha cannot see the parts “contact”, “narrative”, “medical”, “legal”, “financial”: "
        "the role Psychologist does not admit it.",
    ]
    assert _said(case, volha, is_self=True).can[0].startswith("You can read and write the part")


def test_the_officer_of_a_case_is_told_why(third_of_march, case, alena):
    [sentence] = _said(case, alena, is_self=True).can
    assert "because the case was opened on 3 Mar 2026, 10:30; until " in sentence
    assert sentence.endswith("(Assigned to the case). The role Case officer admits it.")
    assert _said(case, alena).cannot == []


def test_a_team_is_told_as_what_it_is(third_of_march, case, pavel):
    [sentence] = _said(case, pavel).can
    assert sentence.startswith(
        "Pavel can read the parts “identity”, “narrative”, “financial”, because the team "
        "“Supervisors of Minsk” was given access by Alena on 3 Mar 2026, 10:30, until "
    )
    assert sentence.endswith("(Supervises the office). The role Supervisor admits it.")


def test_what_stands_in_the_way_is_told(
    third_of_march, case, alena, ihar, volha, rita, share, person
):
    assert _said(case, ihar).cannot == ["Ihar cannot see this case: no access was given."]
    assert _said(case, rita).cannot == [
        "Rita cannot see this case: no role includes reading cases (Auditor)."
    ]
    grant = share(volha, "psychological")
    third_of_march.shift(timedelta(hours=1))
    revoke_grant(grant, by=alena)
    assert _said(case, volha).cannot == [
        "Volha cannot see this case: Alena took access back on 3 Mar 2026, 11:30."
    ]
    nina = person("nina", "psychological")
    share(nina, "psychological", days=1)
    third_of_march.shift(timedelta(days=1))
    assert _said(case, nina).cannot == [
        "Nina cannot see this case: access ended on 4 Mar 2026, 11:30."
    ]
    share(nina, "identity")
    assert "Nina cannot see the part “psychological”: access ended on 4 Mar 2026, 11:30." in (
        _said(case, nina).cannot
    )
    change_account(nina, by=None, is_active=False)
    assert _said(case, nina).cannot == ["Nina cannot see this case: the account is closed."]


def test_before_there_was_a_case_or_an_account_nobody_saw_it(third_of_march, case, alena):
    before = timezone.now() - timedelta(seconds=1)
    assert explain_all(case, at=before) == []
    assert told(explain(case, alena, at=before), is_past=True).cannot == [
        "Alena could not see this case: there was no open account."
    ]


# --- The page -------------------------------------------------------------------------
def _page(client, case, **query):
    answer = client.get(f"/cases/{case.reference}/who/", query)
    return answer.status_code, answer.content.decode()


def test_a_supervisor_asks_about_anybody(case, pavel, volha, ihar, share, client_for):
    share(volha, "psychological")
    browser = client_for(pavel)
    status, page = _page(browser, case)
    assert status == 200
    assert "Volha can read and write" in page and "Alena can read and write" in page
    assert "You can read the parts" in page
    assert "Ihar can" not in page
    _status, page = _page(browser, case, person=ihar.pk)
    assert "Ihar cannot see this case: no access was given." in page
    assert "Volha can" not in page


def test_a_specialist_asks_about_herself_alone(case, pavel, volha, share, client_for):
    share(volha, "psychological")
    browser = client_for(volha)
    status, page = _page(browser, case)
    assert status == 200 and "You can read and write the part “psychological”" in page
    assert "Pavel" not in page
    assert _page(browser, case, person=volha.pk)[0] == 200
    start = log.size()
    status, page = _page(browser, case, person=pavel.pk)
    assert status == 403 and "Pavel" not in page
    assert log.verbs_since(start) == [Verb.REFUSED]


def test_a_day_that_passed_is_asked_about(
    third_of_march, case, alena, pavel, volha, share, client_for
):
    grant = share(volha, "psychological")
    third_of_march.shift(timedelta(hours=2))
    revoke_grant(grant, by=alena)
    third_of_march.shift(timedelta(days=4))
    browser = client_for(pavel)
    assert "Volha" not in _answers(_page(browser, case)[1])
    status, page = _page(browser, case, on="2026-03-03")
    assert status == 200
    assert "Volha could read and write the part “psychological”" in page
    assert "10:30:00–12:30:00" in page
    assert "Volha" not in _answers(_page(browser, case, on="2026-03-04")[1])
    status, page = _page(browser, case, on="2026-03-20", person=volha.pk)
    assert status == 422 and "not in the future" in page


def _answers(page):
    """The page below its form, which offers everybody."""
    return page.split('class="app-results"')[1]


def test_asking_is_an_event_that_names_the_case_and_keeps_the_rest_sealed(
    case, pavel, volha, client_for
):
    browser = client_for(pavel)
    _page(browser, case)
    start = log.size()
    _page(browser, case, person=volha.pk)
    [event] = log.since(start)
    content = log.told(event)
    assert (event.verb, event.actor, content["cases"]) == (
        Verb.ACCESS_EXPLAINED,
        pavel.pk,
        [str(case.pk)],
    )
    assert str(volha.pk) not in str(content)
    page = browser.get(f"/cases/{case.reference}/trail/").content.decode()
    assert "asked who can see the case, and why" in page
    assert '<p class="moj-timeline__description">Volha</p>' in page


def test_the_case_page_leads_there(case, alena, client_for):
    page = client_for(alena).get(f"/cases/{case.reference}/").content.decode()
    assert f"/cases/{case.reference}/who/?person={alena.pk}" in page
    page = client_for(alena).get(f"/cases/{case.reference}/sharing/").content.decode()
    assert f"/cases/{case.reference}/who/" in page
