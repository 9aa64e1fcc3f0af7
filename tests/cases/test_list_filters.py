"""Filters, order and columns of the list of cases: held against a plain statement of each rule."""

import random
import re
from datetime import date, timedelta
from itertools import combinations

import pytest
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.access import READ, permission, visible_cases
from cases.list_forms import ListForm
from cases.lists import Sort, Wanted
from cases.models import Case, CaseStatus, CaseTeamGrant, CaseUserGrant, Exclusion, Stage
from cases.services.intake import register_case
from core.ids import uuid7
from tests.cases.listing import by_last_change, walk

MANY = 40
DAY = date(2026, 3, 10)
STATUSES = [
    CaseStatus.ACTIVE,
    CaseStatus.ACTIVE,
    CaseStatus.FOLLOW_UP,
    CaseStatus.CLOSED,
    CaseStatus.CLOSED_REFERRED,
]


@pytest.fixture
def population(office, other_office, alena, ihar, volha, pavel, iryna):
    """Cases of two offices and officers, in every stage and none, given at random."""
    chance, now = random.Random(11), timezone.now()
    cases = [
        Case(
            id=pk,
            reference=f"BY-2026-{place:06d}",
            office=chance.choice([office, office, other_office]),
            owner=chance.choice([alena, ihar]),
            opened_on=DAY + timedelta(days=chance.choice([-9, -7, 0, 7, 8])),
            status=chance.choice(STATUSES),
            stage=chance.choice([None, None, "", *Stage.values]),
        )
        for place, pk in enumerate(sorted(uuid7() for _ in range(MANY)))
    ]
    trail.insert_many(cases, verb=Verb.CASE_REGISTERED, by=alena)
    common = {"permission": permission(READ), "classes": ["identity"], "granted_by": alena}
    for case in chance.sample(cases, MANY):
        times = {"starts": now - timedelta(hours=1), "ends": now + timedelta(days=3)}
        what = common | times | {"content_object": case, "reason": "treatment"}
        team = CaseTeamGrant(group=case.office.supervisors, **what)
        trail.save(team, verb=Verb.GRANT_GIVEN, by=alena)
        for user in chance.sample([case.owner, volha], chance.choice([1, 2])):
            grant = CaseUserGrant(user=user, **what)
            grant.starts += timedelta(hours=chance.choice([0, 0, 0, 5]))
            trail.save(grant, verb=Verb.GRANT_GIVEN, by=alena)
    for user in (volha, pavel):
        kept_out = Exclusion(case=chance.choice(cases), user=user, since=now - timedelta(days=1))
        trail.save(kept_out, verb=Verb.PERSON_EXCLUDED, by=pavel)
    for case in chance.sample(cases, MANY // 2):
        trail.save(case, verb=Verb.CASE_CHANGED, by=alena)
    return cases


def own(user, _value):
    """Cases whose officer the person is, by a live grant of their own."""
    now = timezone.now()
    held = CaseUserGrant.objects.filter(user=user, starts__lte=now, ends__gt=now, revoked_at=None)
    return Q(owner=user, pk__in=held.values("content_object"))


# Each filter beside what it means, said in the plainest way.
FILTERS = {
    "status": ([CaseStatus.ACTIVE, CaseStatus.CLOSED], lambda user, v: Q(status=v)),
    "stage": ([Stage.ASSESSMENT, Stage.ASSISTANCE, Stage.CLOSED], lambda user, v: stands_in(v)),
    "is_own": ([True], own),
    "office": (["BY-MSQ", "BY-BRE"], lambda user, v: Q(office=v)),
    "officer": (["alena", "ihar"], lambda user, v: Q(owner=v)),
    "opened_from": ([DAY - timedelta(days=7)], lambda user, v: Q(opened_on__gte=v)),
    "opened_until": ([DAY + timedelta(days=7)], lambda user, v: Q(opened_on__lte=v)),
}


def stands_in(stage):
    """Cases that have the stage, and those without any whose status says so."""
    unset = Q(stage=None) | Q(stage="")
    if stage == Stage.ASSISTANCE:
        return Q(stage=stage) | unset & Q(status="Active")
    if stage == Stage.FOLLOW_UP:
        return Q(stage=stage) | unset & Q(status="FollowUp")
    if stage == Stage.CLOSED:
        return Q(stage=stage) | unset & Q(status__in=["Closed", "ClosedReferred", "Erased"])
    return Q(stage=stage)


def fresh(user):
    return User.objects.get(pk=user.pk)


@pytest.mark.django_db
def test_filters_alone_and_together_show_what_they_say(
    population, office, other_office, alena, ihar, volha, pavel, iryna
):
    keys = {"BY-MSQ": office.pk, "BY-BRE": other_office.pk, "alena": alena.pk, "ihar": ihar.pk}
    several = [names for n in (1, 2, len(FILTERS)) for names in combinations(FILTERS, n)]
    in_order, chance, shown, narrowed = by_last_change(), random.Random(3), 0, 0
    for user in map(fresh, (alena, volha, pavel, iryna)):
        seen = visible_cases(user)
        assert walk(user) == [pk for pk in in_order if pk in set(seen.values_list("pk", flat=True))]
        for names in several:
            values = {name: chance.choice(FILTERS[name][0]) for name in names}
            values = {name: keys.get(value, value) for name, value in values.items()}
            rule = Q()
            for name, value in values.items():
                rule &= FILTERS[name][1](user, value)
            expected = set(seen.filter(rule).values_list("pk", flat=True))
            wanted = Wanted(**values)
            assert walk(user, wanted) == [pk for pk in in_order if pk in expected], values
            newest = sorted(expected, reverse=True)
            assert walk(user, wanted, sort=Sort.REGISTERED) == newest, values
            shown += len(expected)
            narrowed += len(expected) < seen.count()
    assert shown > 150 and narrowed > 40  # neither everything nor nothing


@pytest.mark.django_db
@pytest.mark.parametrize("stage", Stage)
def test_each_stage_finds_the_cases_that_are_told_to_stand_there(population, alena, stage):
    from cases.stages import stage_of

    user = fresh(alena)
    expected = {case.pk for case in visible_cases(user) if stage_of(case) is stage}
    assert set(walk(user, Wanted(stage=stage))) == expected


@pytest.mark.django_db
def test_registered_last_comes_first_and_each_case_once(population, pavel):
    user = fresh(pavel)
    seen = sorted(visible_cases(user).values_list("pk", flat=True), reverse=True)
    assert len(seen) > 15 and seen != walk(user)
    for limit in (1, 3, 26):
        assert walk(user, limit=limit, sort=Sort.REGISTERED) == seen


# --- What the page offers -------------------------------------------------------------
def form_of(user, **data):
    from django.http import QueryDict
    from django.utils.http import urlencode

    return ListForm(QueryDict(urlencode(data, doseq=True)), user=fresh(user))


@pytest.mark.django_db
def test_office_and_officer_are_offered_to_whom_they_serve(
    office, other_office, alena, ihar, volha, pavel, iryna, outsider, person
):
    codes = {str(office.pk), str(other_office.pk)}
    assert {code for code, _name in form_of(alena).fields["office"].choices if code} == codes
    assert "office" not in form_of(outsider).fields  # there is but one
    assert "office" not in form_of(person("petra", "partner_officer")).fields
    assert "officer" not in form_of(alena).fields
    officers = {code for code, _name in form_of(pavel).fields["officer"].choices if code}
    assert {str(alena.pk), str(ihar.pk)} <= officers
    assert not officers & {str(volha.pk), str(outsider.pk), str(iryna.pk)}
    # What is not offered narrows nothing, and is not handed on.
    asked = form_of(alena, officer=str(ihar.pk), office="x", stage="nowhere", since="31.02.2026")
    assert asked.wanted == Wanted() and asked.pairs() == [("sort", "changed")]


@pytest.mark.django_db
def test_the_address_holds_known_names_with_valid_values_alone(pavel, alena, other_office):
    asked = {
        "stage": "assistance",
        "officer": str(alena.pk),
        "since": "01.03.2026",
        "mine": "whatever",
        "sort": "registered",
        "columns": ["stage", "opened", "mother"],
        "name": "Снежаньская",
    }
    assert form_of(pavel, **asked).pairs() == [
        ("stage", "assistance"),
        ("officer", str(alena.pk)),
        ("since", "2026-03-01"),
        ("mine", "1"),
        ("sort", "registered"),
    ]  # one column that is none, and the usual ones stay
    asked["columns"] = ["stage", "opened"]
    assert form_of(pavel, **asked).pairs()[-2:] == [("columns", "stage"), ("columns", "opened")]


def heads(page):
    table = page[page.index("app-dense") :]
    return re.findall(r'scope="col">([^<]+)<', table[: table.index("</thead>")])


@pytest.mark.django_db
def test_the_columns_are_those_that_were_chosen(case, alena, client_for):
    browser = client_for(alena)
    usual = heads(browser.get("/cases/").content.decode())
    assert usual == ["Reference", "Name", "Status", "Officer", "Office", "Opened", "Changed"]
    page = browser.get("/cases/?columns=stage&columns=changed").content.decode()
    assert heads(page) == ["Reference", "Name", "Stage", "Changed"]
    assert "Identification" in page[page.index("app-dense") :]
    assert "Minsk" not in page[page.index("<tbody") : page.index("</tbody")]


@pytest.mark.django_db
def test_a_page_goes_on_in_its_order_with_its_filter_and_columns(new_case, alena, client_for):
    registered = [register_case(new_case, by=alena) for _ in range(27)]
    trail.save(registered[0], verb=Verb.CASE_CHANGED, by=alena)
    browser = client_for(alena)
    url = "/cases/?sort=registered&stage=identification&columns=stage"
    page = browser.get(url).content.decode()
    more = re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")
    rest = browser.get(more, headers={"hx-request": "true"}).content.decode()
    assert "<html" not in rest and heads(rest) == ["Reference", "Name", "Stage"]
    shown = re.findall(r"/cases/(BY-\d{4}-\d{6})/", page) + re.findall(
        r"/cases/(BY-\d{4}-\d{6})/", rest
    )
    assert shown == [case.reference for case in reversed(registered)]


@pytest.mark.django_db
def test_a_day_that_is_none_is_told_and_narrows_nothing(case, alena, client_for):
    answer = client_for(alena).get("/cases/?since=2026-02-30", headers={"hx-request": "true"})
    page = answer.content.decode()
    assert answer.status_code == 200 and case.reference in page and "Enter a date" in page


@pytest.mark.django_db
def test_no_filter_finds_what_the_person_does_not_see(case, ihar, pavel, outsider, client_for):
    query = f"?officer={case.owner_id}&office={case.office_id}&stage=identification&sort=registered"
    assert case.reference in client_for(pavel).get(reverse("cases:list") + query).content.decode()
    for user in (ihar, outsider):
        page = client_for(user).get(reverse("cases:list") + query).content.decode()
        assert case.reference not in page
