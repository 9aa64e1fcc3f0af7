"""The pages that keep people: what they show, and what they cost."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Office, Organisation, Team, User
from accounts.proposals import propose
from accounts.selectors import PAGE
from accounts.services import change_account, give_role, join_team, make_team
from audit.context import RequestContext, serving
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def page_of(browser, name, *arguments, **query):
    return browser.get(reverse(f"people:{name}", args=arguments), query).content.decode()


def test_a_person_shows_what_is_held_and_since_when(alena, viktar, client_for, time_machine):
    assert "Second factor" in page_of(client_for(viktar), "person", alena.pk)
    browser = Client()
    browser.post(reverse("account_login"), {"login": "alena", "password": PASSWORD})
    signed_in = timezone.localtime()
    time_machine.move_to(timezone.now() + timedelta(days=3))
    give_role(user=alena, role="legal", by=None)
    join_team(user=alena, team=make_team(name="Night", by=None), by=None)
    page = page_of(client_for(viktar), "person", alena.pk)
    assert "Case officer" in page and "Lawyer" in page and "Night" in page
    assert f"{signed_in:%H:%M}</time>" in page, "the last sign-in, out of the log"
    assert page.count(f"{timezone.localtime():%Y-%m-%d}T") == 2, "since: the new role and the team"
    assert "app-tag--warn" in page, "no second factor"
    Authenticator.objects.create(user=alena, type="totp", data={})
    assert "app-tag--warn" not in page_of(client_for(viktar), "person", alena.pk)


def test_the_list_costs_the_same_however_many_there_are(viktar, person, client_for, office):
    browser = client_for(viktar)

    def statements():
        with CaptureQueriesContext(connection) as caught:
            page_of(browser, "list")
        return len(caught)

    statements()  # the first page of a session writes down its use
    few = statements()
    for number in range(12):
        person(f"p{number}", "legal", "medical")
    assert statements() == few


def test_the_list_goes_on_where_it_ended_and_names_everybody_once(viktar, person, client_for):
    for number in range(PAGE + 5):
        change_account(person(f"p{number}"), display_name=f"Name {number // 20}", by=None)
    browser, seen, after = client_for(viktar), [], {}
    while True:
        answer = browser.get(reverse("people:list"), after)
        seen += [one.pk for one in answer.context["people"]]
        if answer.context["more"] is None:
            break
        after = {"after": answer.context["more"]}
    assert len(seen) == len(set(seen)) == User.objects.count() == PAGE + 6


def test_the_list_can_be_narrowed(alena, iryna, viktar, client_for, other_office):
    browser = client_for(viktar)
    page = page_of(browser, "list", office=other_office.pk)
    assert "Iryna" in page and ">Alena<" not in page
    change_account(alena, is_active=False, by=None)
    assert ">Alena<" not in page_of(browser, "list")
    page = page_of(browser, "list", state="suspended")
    assert ">Alena<" in page and "Case officer" in page and "Iryna" not in page


def test_a_new_account_opens_nothing_and_nobody_signs_in_with_it(viktar, office, client_for):
    browser = client_for(viktar)
    new = {"username": "nina", "display_name": "Nina Bul", "office": str(office.pk)}
    page = browser.post(reverse("people:new"), new, follow=True).content.decode()
    assert "Nobody can sign in with this account yet" in page
    nina = User.objects.get(username="nina")
    assert not nina.has_usable_password() and nina.roles == [] and nina.office == office
    assert browser.post(reverse("people:new"), new).status_code == 422, "the name is taken"
    stranger = Client()
    for password in ("", "!", nina.password):
        stranger.post(reverse("account_login"), {"login": "nina", "password": password})
        assert "_auth_user_id" not in stranger.session


def test_whoever_is_suspended_is_out_at_the_next_request(alena, viktar, client_for):
    at_work = client_for(alena)
    assert at_work.get("/cases/").status_code == 200
    client_for(viktar).post(reverse("people:suspend", args=[alena.pk]))
    assert at_work.get("/cases/").status_code == 302
    assert not User.objects.get(pk=alena.pk).is_active


def test_nobody_suspends_themselves(viktar, client_for):
    answer = client_for(viktar).post(reverse("people:suspend", args=[viktar.pk]))
    assert answer.status_code == 403 and User.objects.get(pk=viktar.pk).is_active


def test_the_office_of_somebody_with_a_role_is_not_in_the_form(
    alena, viktar, client_for, other_office
):
    browser, url = client_for(viktar), reverse("people:change", args=[alena.pk])
    assert 'name="office"' not in browser.get(url).content.decode()
    browser.post(url, {"display_name": "Alena K", "office": str(other_office.pk)})
    alena = User.objects.get(pk=alena.pk)
    assert alena.display_name == "Alena K" and alena.office != other_office


def test_places_get_names(viktar, office, client_for):
    browser = client_for(viktar)
    browser.post(
        reverse("people:new_organisation"), {"name": "Linden", "kind": "NGO", "is_partner": "on"}
    )
    linden = Organisation.objects.get(name="Linden")
    assert linden.is_partner and office.organisation.is_partner is None
    new = {"name": "House", "code": "LIN", "country": "BY", "organisation": str(linden.pk)}
    browser.post(reverse("people:new_office"), new)
    assert Office.objects.get(code="LIN").partner == linden
    assert browser.post(reverse("people:new_office"), new).status_code == 422, "the code is taken"
    browser.post(reverse("people:office", args=[office.pk]), {"name": "Minsk 2"})
    browser.post(
        reverse("people:organisation", args=[linden.pk]), {"name": "Lime", "is_partner": ""}
    )
    linden.refresh_from_db()
    office.refresh_from_db()
    assert (office.name, linden.name, linden.is_partner) == ("Minsk 2", "Lime", True)
    page = page_of(browser, "offices")
    assert "Lime" in page and "Minsk 2" in page


def test_a_team_of_supervisors_is_left_to_the_role(pavel, viktar, office, client_for):
    browser, team = client_for(viktar), office.supervisors.team
    assert "Take out" not in page_of(browser, "team", team.pk)
    assert browser.post(reverse("people:leave", args=[pavel.pk, team.pk])).status_code == 409
    assert browser.post(reverse("people:team", args=[team.pk]), {"name": "X"}).status_code == 409
    assert office.supervisors in pavel.groups
    assert Team.objects.get(pk=team.pk).name == team.name


def test_the_start_page_counts_what_waits_for_this_person(pavel, viktar, person, client_for):
    vera = person("vera")
    pill = 'Waiting for a second person</a>&nbsp;<span class="app-pill'
    assert pill not in client_for(pavel).get("/").content.decode()
    with serving(RequestContext("request", "elsewhere")):
        propose("give_role", subject=vera, parameter="legal", note="Why", by=viktar)
    assert pill in client_for(pavel).get("/").content.decode()
    assert pill not in client_for(viktar).get("/").content.decode()


def test_ones_own_page_says_what_and_why(volha, viktar, client_for):
    with serving(RequestContext("request", "elsewhere")):
        propose("give_role", subject=volha, parameter="legal", note="Secret reason", by=viktar)
    page = page_of(client_for(volha), "me")
    assert "Psychological records" in page and "(Psychologist)" in page
    assert "Medical records" not in page and "Waits for a decision" in page
    assert "Give a role: Lawyer" in page and "Viktar" in page and "Secret reason" not in page
    page = page_of(client_for(viktar), "me")
    assert "None of your roles includes reading cases" in page and "Identity" not in page
