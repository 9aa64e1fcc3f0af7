"""What a page of another site makes a browser ask is refused, and that is recorded."""

import pytest
from django.test import Client
from django.urls import reverse

from audit.verbs import Verb
from tests.cases.made_files import a_file
from tests.conftest import PASSWORD
from tests.guards import log

pytestmark = pytest.mark.django_db

LINK = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
ELSEWHERE = ("cross-site", "same-site")  # another host of the same domain is another site, too


def told(start):
    return [
        (event.actor, log.told(event)["reason"])
        for event in log.since(start)
        if event.verb == Verb.REFUSED and event.outcome == "denied"
    ]


@pytest.mark.parametrize("site", ELSEWHERE)
def test_a_form_of_another_site_changes_nothing(case, alena, client_for, site):
    browser = client_for(alena)
    url = reverse("cases:person", args=[case.reference])
    start = log.size()
    answer = browser.post(
        url, {"second_name": "Новая", "revision": "1"}, headers=LINK | {"sec-fetch-site": site}
    )
    assert answer.status_code == 403
    assert "A page of another site asked for this." in answer.content.decode()
    assert "Снежаньская" not in answer.content.decode()
    assert told(start) == [(alena.pk, "from another site cases:person")]
    assert [event.verb for event in log.since(start)] == [Verb.REFUSED]


@pytest.mark.usefixtures("password_alone")
def test_the_right_token_does_not_help_it(alena):
    """The check of forms lets this pass; this one stands behind it."""
    browser = Client(enforce_csrf_checks=True)
    token = browser.get("/account/sign-in/").context["csrf_token"]
    data = {"login": "alena", "password": PASSWORD, "csrfmiddlewaretoken": str(token)}
    there = {"sec-fetch-site": "cross-site"}
    assert browser.post("/account/sign-in/", data, headers=there).status_code == 403
    assert browser.get("/").status_code == 302
    assert browser.post("/account/sign-in/", data).status_code == 302
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("name", ["download", "preview"])
@pytest.mark.parametrize("site", ELSEWHERE)
def test_a_link_elsewhere_leads_to_no_file(case, alena, client_for, site, name):
    browser = client_for(alena)
    file = a_file(case, alena)
    url = reverse(f"cases:{name}", args=[case.reference, file.pk])
    start = log.size()
    answer = browser.get(url, headers=LINK | {"sec-fetch-site": site})
    assert answer.status_code == 403 and "attachment" not in str(answer.headers)
    assert told(start) == [(alena.pk, f"from another site cases:{name}")]
    for ours in ("same-origin", "none"):
        assert browser.get(url, headers=LINK | {"sec-fetch-site": ours}).status_code == 200
    assert browser.get(url).status_code == 200, "an old browser does not say"


def test_a_link_elsewhere_leads_to_a_page(case, alena, client_for):
    browser = client_for(alena)
    page = reverse("cases:detail", args=[case.reference])
    there = LINK | {"sec-fetch-site": "cross-site"}
    assert browser.get(page, headers=there).status_code == 200
    assert Client().get("/account/sign-in/", headers=there).status_code == 200


@pytest.mark.parametrize(
    "how",
    [
        {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"},
        {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
        {"sec-fetch-mode": "cors", "sec-fetch-dest": "empty"},
        {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
        {"sec-fetch-mode": "navigate", "sec-fetch-dest": "object"},
        {},
    ],
)
def test_no_page_is_a_part_of_one_elsewhere(case, alena, client_for, how):
    browser = client_for(alena)
    start = log.size()
    page = reverse("cases:detail", args=[case.reference])
    answer = browser.get(page, headers=how | {"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert [event.verb for event in log.since(start)] == [Verb.REFUSED]


def test_it_is_recorded_once_a_minute(case, alena, client_for):
    browser = client_for(alena)
    start = log.size()
    for _time in range(5):
        browser.post("/cases/register/", headers={"sec-fetch-site": "cross-site"})
    assert len(told(start)) == 1
