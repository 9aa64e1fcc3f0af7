"""The directory of providers: who keeps it, who looks it up, and what it says where help is arranged."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.services import join_team, make_desk, make_office, make_organisation
from assistance.models import Assistance, Provider
from assistance.providers.directory import (
    SERVICES_OF_KIND,
    add_provider,
    agreements_link,
    change_provider,
    matching,
    note_places,
    providers_of,
    told_of_agencies,
)
from assistance.reference import KINDS
from assistance.referrals.table import SERVICES
from audit import trail
from audit.verbs import Verb
from core.exceptions import Conflict, NotAllowed, NotFound
from tests.guards import log

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
TYPED = {
    "name": "Hostel Stork",
    "kind": "CorporateBusiness",
    "services": ["shelter", "material"],
    "region": "Brest",
    "address": "7 Meadow Street",
    "telephone": "+375 00 000 01 00",
    "opening": "Day and night",
    "languages": ["ru", "uk"],
    "remarks": "Ask for the quiet side",
}


def make(by, name="Hostel Stork", **values):
    given = {"kind": "NGO", "services": ["shelter"], "region": "Brest"} | values
    return add_provider(Provider(name=name, **given), by=by)


def an_agreement(days, **values):
    """Columns of an agreement that ends in so many days."""
    return {"agreement": "P-1", "agreement_ends_on": TODAY + timedelta(days=days)} | values


def page_of(answer):
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def names_on(answer):
    return re.findall(r'scope="row"><a [^>]*><bdi>([^<]+)</bdi>', page_of(answer))


@pytest.fixture
def haven(person):
    """A partner organisation with somebody at its desk."""
    own = make_organisation(name="Haven", kind="NGO", is_partner=True, by=None)
    at = make_office(code="BY-HAV", name="Haven", country="BY", organisation=own, by=None)
    halina = person("halina", "partner_officer", at=at)
    join_team(user=halina, team=make_desk(own, by=None), by=None)
    own.refresh_from_db()
    return own


# --- The tables -----------------------------------------------------------------------
def test_help_of_every_kind_is_looked_for_among_services_that_exist():
    assert set(SERVICES_OF_KIND) == set(KINDS)
    assert {code for codes in SERVICES_OF_KIND.values() for code in codes} == set(SERVICES)


@pytest.mark.parametrize(
    ("days", "state"),
    [(-1, "ended"), (0, "ends_soon"), (60, "ends_soon"), (61, "running"), (None, "running")],
)
def test_an_agreement_ends_soon_for_sixty_days(days, state):
    agreement = an_agreement(days or 0) | ({} if days is not None else {"agreement_ends_on": None})
    assert Provider(**agreement).agreement_state == state
    assert Provider().agreement_state is None


# --- Keeping the directory ------------------------------------------------------------
def test_a_supervisor_keeps_the_directory_on_its_pages(pavel, client_for):
    browser, start = client_for(pavel), log.size()
    for name in ("name", "services", "region"):
        answer = browser.post("/providers/new/", TYPED | {name: []})
        assert answer.status_code == 422 and "Ask for the quiet side" in answer.content.decode()
    assert browser.post("/providers/new/", TYPED | {"agreement_covers": "x"}).status_code == 422
    wrong = {"agreement": "P-1", "agreement_begins_on": TODAY, "agreement_ends_on": "2020-01-01"}
    assert browser.post("/providers/new/", TYPED | wrong).status_code == 422
    assert browser.post("/providers/new/", TYPED).status_code == 302
    assert b"Another provider has this name" in browser.post("/providers/new/", TYPED).content
    [row] = Provider.objects.all()
    assert row.organisation_id == pavel.organisation_id and row.languages == ["ru", "uk"]

    at = f"/providers/{row.pk}/change/"
    assert 'value="shelter" id="id_services_0" checked' in re.sub(
        r' autocomplete="off"', "", page_of(browser.get(at))
    )
    changed = TYPED | {"region": "Minsk", "is_retired": "on", "revision": "1"}
    assert browser.post(at, changed).status_code == 302
    assert browser.post(at, TYPED | {"revision": "1"}).status_code == 409
    row.refresh_from_db()
    assert (row.region, row.is_retired, row.revision) == ("Minsk", True, 2)
    assert log.verbs_since(start) == [Verb.PROVIDER_ADDED, Verb.PROVIDER_CHANGED]
    assert [one.region for one in Provider.history.order_by("revision")] == ["Brest", "Minsk"]


def test_officers_look_up_and_do_not_change(alena, volha, pavel, client_for):
    row = make(pavel)
    for reader in (alena, volha):
        browser = client_for(reader)
        assert names_on(browser.get("/providers/")) == ["Hostel Stork"]
        assert "/change/" not in page_of(browser.get(f"/providers/{row.pk}/"))
        assert browser.get("/providers/new/").status_code == 403
        assert browser.get(f"/providers/{row.pk}/change/").status_code == 403
        with pytest.raises(NotAllowed):
            make(reader, "Mine")
        with pytest.raises(NotAllowed):
            change_provider(row, {"region": "Minsk"}, revision=1, by=reader)


def test_who_neither_helps_nor_supervises_has_no_directory(rita, yury, viktar, pavel, client_for):
    row = make(pavel)
    for stranger in (rita, yury, viktar):
        assert list(providers_of(stranger)) == []
        for address in ("/providers/", f"/providers/{row.pk}/", f"/providers/{row.pk}/places/"):
            assert client_for(stranger).get(address).status_code == 403


def test_the_directory_of_another_organisation_is_not_there(outsider, person, pavel, client_for):
    row = make(pavel)
    other = person("other_supervisor", "supervisor", at=outsider.office)
    browser = client_for(other)
    assert names_on(browser.get("/providers/")) == []
    for address in ("", "change/", "places/"):
        assert browser.get(f"/providers/{row.pk}/{address}").status_code == 404
    assert browser.post(f"/providers/{row.pk}/places/", {"places_free": "1"}).status_code == 404
    for act in (
        lambda: change_provider(row, {}, revision=1, by=other),
        lambda: note_places(row, 2, by=other),
    ):
        with pytest.raises((NotAllowed, NotFound)):
            act()
    make(other)  # two directories may name the same provider


def test_two_people_who_change_one_provider_both_see_it(pavel, iryna):
    row = make(pavel)
    change_provider(row, {"region": "Minsk"}, revision=1, by=iryna)
    with pytest.raises(Conflict):
        change_provider(row, {"region": "Vitebsk"}, revision=1, by=pavel)


def test_the_database_refuses_what_cannot_be(pavel, haven):
    make(pavel, agency=haven)
    for values in (
        {"name": "Hostel Stork"},
        {"agency": haven},
        {"places_free": 3},
        {"places_on": TODAY},
        an_agreement(0, agreement_begins_on=TODAY + timedelta(days=1)),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            make(pavel, **({"name": "Another"} | values))


# --- Places ---------------------------------------------------------------------------
def test_an_officer_notes_free_places_in_two_clicks(alena, pavel, client_for):
    row, browser, start = make(pavel), client_for(alena), log.size()
    [link] = re.findall(r'href="([^"]+/places/)"', page_of(browser.get("/providers/")))
    assert "autofocus" in page_of(browser.get(link))
    for wrong in ("-1", "many", "10001", ""):
        assert browser.post(link, {"places_free": wrong}).status_code == 422
    assert browser.post(link, {"places_free": "4"}).headers["Location"] == "/providers/"
    row.refresh_from_db()
    assert (row.places_free, row.places_on) == (4, TODAY)
    assert "Told last: 4" in page_of(browser.get(link))
    assert browser.post(link, {"places_free": "", "unknown": "1"}).status_code == 302
    row.refresh_from_db()
    assert (row.places_free, row.places_on) == (None, None)
    assert log.verbs_since(start) == [Verb.PLACES_NOTED, Verb.PLACES_NOTED]


# --- Finding --------------------------------------------------------------------------
def test_the_list_is_narrowed_by_choices_and_by_words(alena, pavel, client_for):
    make(pavel, "Stork", region="Brest", languages=["ru", "uk"], remarks="Has a lift")
    make(pavel, "Willow", services=["medical"], region="Minsk", languages=["pl"])
    make(pavel, "Crane", services=["medical", "shelter"], region="Minsk", is_retired=True)
    make(pavel, "Wren", services=["legal"], region="Minsk", **an_agreement(-3))
    browser = client_for(alena)
    for chosen, found in (
        ("", ["Stork", "Willow", "Wren"]),
        ("service=shelter", ["Stork"]),
        ("region=Minsk", ["Willow", "Wren"]),
        ("language=pl", ["Willow"]),
        ("region=Minsk&service=legal", ["Wren"]),
        ("standing=due", ["Wren"]),
        ("standing=retired", ["Crane"]),
        ("service=nonsense&region=x&language=%00", ["Stork", "Willow", "Wren"]),
        ("language=de", ["Stork", "Willow", "Wren"]),  # nobody speaks it, so it is no choice
        ("text=lift", ["Stork", "Willow", "Wren"]),  # what is typed stands in no address
    ):
        assert names_on(browser.get(f"/providers/?{chosen}")) == sorted(found), chosen
    assert names_on(browser.post("/providers/", {"text": "LIFT brest"})) == ["Stork"]
    assert names_on(browser.post("/providers/", {"text": "w", "region": "Minsk"})) == [
        "Willow",
        "Wren",
    ]
    assert "No provider fits" in page_of(browser.post("/providers/", {"text": "nowhere"}))


def test_looking_up_leaves_no_event_and_asks_a_few_queries(
    alena, pavel, client_for, django_assert_max_num_queries
):
    for number in range(30):
        make(pavel, f"Provider {number}")
    browser, start = client_for(alena), log.size()
    browser.get("/providers/")
    with django_assert_max_num_queries(12):
        assert len(names_on(browser.get("/providers/"))) == 30
    assert log.verbs_since(start) == []


def test_the_page_that_is_handed_out_keeps_what_is_for_the_office_apart(alena, pavel, client_for):
    row = make(pavel, telephone="+375 00 7", address="Meadow 7", remarks="Pays late")
    page = page_of(client_for(alena).get(f"/providers/{row.pk}/"))
    handed, _, office = page.partition("app-office")
    assert "+375 00 7" in handed and "Meadow 7" in handed and "Pays late" not in handed
    assert "Pays late" in office


# --- What is due ----------------------------------------------------------------------
def test_agreements_that_end_come_up_for_supervisors(alena, pavel, client_for):
    make(pavel, "Runs", **an_agreement(61))
    assert agreements_link(pavel) is None
    make(pavel, "Ends", **an_agreement(10))
    make(pavel, "Ended", **an_agreement(-10))
    make(pavel, "Not used", is_retired=True, **an_agreement(-10))
    assert agreements_link(pavel).number == 2 and agreements_link(alena) is None
    assert "Agreements with providers that end" in page_of(client_for(pavel).get("/"))
    assert "2 agreements end" in page_of(client_for(pavel).get("/providers/"))
    assert "2 agreements end" not in page_of(client_for(alena).get("/providers/"))
    assert [one.name for one in matching(providers_of(pavel), standing="due")] == ["Ended", "Ends"]


# --- In a case ------------------------------------------------------------------------
def test_a_referral_tells_what_the_directory_says_of_each_receiver(
    case, alena, pavel, haven, client_for
):
    browser, at = client_for(alena), reverse("assistance:refer", args=[case.reference])

    def shown(service="shelter"):
        page = page_of(browser.post(at, {"service": service}))
        [told] = re.findall(r'id="id_to_0_told">(.*?)</div>', page, re.DOTALL)
        assert 'aria-describedby="id_to_0_told"' in page and f'value="{haven.pk}"' in page
        return " ".join(re.sub("<[^>]+>", "", told).split())

    assert shown() == "Not in the directory of providers"
    row = make(pavel, "Haven", agency=haven, languages=["ru"], **an_agreement(90))
    note_places(row, 3, by=alena)
    day = f"{TODAY.day} {TODAY:%b %Y}"
    end = TODAY + timedelta(days=90)
    until = f"Agreement until {end.day} {end:%b %Y}"
    assert shown() == f"3 places free, as of {day} · {until} · Russian"
    assert shown("medical").startswith("Does not offer this 3 places free")
    change_provider(row, an_agreement(-1) | {"is_retired": True}, revision=2, by=pavel)
    assert shown().startswith("No longer used Agreement has ended 3 places free")


def test_what_another_directory_says_is_not_told(alena, outsider, person, haven):
    other = person("other_supervisor", "supervisor", at=outsider.office)
    make(other, "Haven", agency=haven)
    assert told_of_agencies(other, "shelter") and told_of_agencies(alena, "shelter") == {}


def test_the_provider_of_assistance_is_proposed_and_kept_as_typed(case, alena, pavel, client_for):
    make(pavel, "Willow clinic", services=["medical"])
    make(pavel, "Old clinic", services=["medical"], is_retired=True)
    make(pavel, "Law office", services=["legal"])
    browser, at = client_for(alena), reverse("assistance:record", args=[case.reference])
    page = page_of(browser.post(at, {"kind": "medical"}))
    assert re.findall(r'<option value="([^"]+)"></option>', page) == ["Willow clinic"]
    assert re.search(r'name="provider"[^>]* list="providers"', page)
    sent = {"kind": "medical", "status": "delivered", "starts_on": TODAY, "provider": "Dr. Nobody"}
    assert browser.post(at, sent).status_code == 302
    [row] = Assistance.objects.filter(case=case)
    page = page_of(browser.get(reverse("assistance:change", args=[case.reference, row.pk])))
    assert 'value="Dr. Nobody"' in page and '<option value="Willow clinic">' in page


def test_a_provider_is_looked_for_without_a_word_of_the_case(case, alena, pavel, haven, client_for):
    make(pavel, "Law office", services=["legal"])
    make(pavel, "Stork")
    browser = client_for(alena)
    for name, sent, services in (
        ("record", {"kind": "legal"}, ["legal", "documents"]),
        ("refer", {"service": "legal"}, ["legal"]),
    ):
        page = page_of(browser.post(reverse(f"assistance:{name}", args=[case.reference]), sent))
        [form] = re.findall(r'<form method="post" action="/providers/" .*?</form>', page, re.DOTALL)
        assert 'id="find-provider"' in form and case.reference not in form
        assert re.findall(r'form="find-provider" name="service" value="(\w+)"', page) == services
        assert "/providers/?" not in page
    assert names_on(browser.post("/providers/", {"service": "legal"})) == ["Law office"]
    case_page = page_of(browser.get(reverse("cases:detail", args=[case.reference])))
    assert 'href="/providers/">Find a provider' in case_page


def test_a_partner_officer_is_offered_no_directory(pavel, haven, client_for):
    make(pavel, "Willow clinic", services=["medical"])
    halina = haven.desk.memberships.get().user
    assert list(providers_of(halina)) == [] and told_of_agencies(halina, "medical") == {}
    assert client_for(halina).get("/providers/").status_code == 403


def test_a_change_whose_event_cannot_be_written_is_not_made(pavel, monkeypatch):
    row = make(pavel)

    def full(*args, **kwargs):
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(trail, "_append", full)
    with pytest.raises(OperationalError):
        note_places(row, 3, by=pavel)
    monkeypatch.undo()
    assert Provider.objects.get().places_on is None
