"""Each kind of release from its proposal to its folder; what they may not do beside one another."""

import csv
import json
from fractions import Fraction
from hashlib import sha256

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.models import User
from core.exceptions import BadInput, NotFound, WrongState
from reporting.releases import folder, ledger, microdata, services
from reporting.releases.forms import ASKED_ALWAYS, ReleaseForm, read_table
from reporting.releases.kinds import KINDS
from reporting.releases.models import Release, ReleaseState
from reporting.releases.services import Stand
from tests.reporting.people import people
from tests.reporting.releases.made import approve_and_make

pytestmark = pytest.mark.django_db
YEARS = [2019, 2020, 2021]
TO = {"receiver": "La Strada", "agreement": "2026/14"}
ASKED = {
    "microdata": {"first_year": 2019, "aggregates": True},
    "exact_tables": {"tables": [["gender"], ["age"]]},
    "transfer": {"first_year": 2019, **TO},
}
MADE = {
    "dp_tables": {"tables.json", "tables/01-gender.csv"},
    "microdata": {"microdata.csv", "aggregates.csv", "microdata.json"},
    "exact_tables": {"table-1-gender.csv", "table-2-age.csv", "tables-audit.json"},
    "transfer": {"transfer.csv", "transfer.json"},
}


@pytest.fixture
def persons(monkeypatch):
    """600 persons of 2019 to 2022, whom synthetic rows take for enough."""
    made = people(600, years=[*YEARS, 2022])
    monkeypatch.setattr("reporting.source.persons", lambda **_by: made)
    monkeypatch.setattr(microdata, "LEAST_PERSONS", 100)
    return made


def files_of(release: Release, by: User) -> dict[str, bytes]:
    return folder.unpack(services.download_release(release, by=by))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_goes_from_a_proposal_to_a_folder(kind, propose, persons, yury, director):
    proposed = propose(kind=kind, **ASKED.get(kind, {}))
    release = approve_and_make(proposed, by=director)
    assert release.state == ReleaseState.PUBLISHED
    files = files_of(release, yury)
    assert MADE[kind] | {"index.html", "report.pdf"} <= files.keys()
    told = dict(line.split("  ")[::-1] for line in files[folder.CHECKSUMS].decode().splitlines())
    assert told == {
        name: sha256(content).hexdigest()
        for name, content in files.items()
        if name != folder.CHECKSUMS
    }
    sheet = json.loads(files["datasheet.json"])
    assert sheet["kind"] == release.definition["kind"] == kind
    assert sheet["method"] and sheet["notes"]
    assert [each["entry"] for each in sheet["ledger"]] == [f"{year}/1" for year in release.years]
    costs = {"dp_tables": Fraction(1, 2), "microdata": Fraction(1, 2)}
    assert {entry.rho for entry in ledger.entries()} == {costs.get(kind, 0)}
    assert ledger.broken(ledger.entries()) == []


def test_synthetic_rows_of_several_years_are_charged_to_each(propose, persons, yury, director):
    release = propose(kind="microdata", first_year=2019)
    assert release.period == "2019–2021"
    release = approve_and_make(release, by=director)
    found = ledger.entries()
    assert [(entry.year, entry.rho) for entry in found] == [
        (year, Fraction(31, 100)) for year in YEARS
    ]
    assert found[0].mechanism == microdata.MECHANISM and len(found[0].scales) == 2
    files = files_of(release, yury)
    assert "aggregates.csv" not in files
    rows = list(csv.DictReader(files["microdata.csv"].decode().splitlines()))
    assert {row["yearOfRegistration"] for row in rows} == {str(year) for year in YEARS}
    # Noisy tables and rows without aggregates are what a year has room for.
    approve_and_make(propose(), by=director)
    assert ledger.left(2021) == 0
    assert ledger.left(2019) == Fraction(1, 2)
    with pytest.raises(WrongState, match="budget of 2021"):
        propose(kind="microdata", first_year=2020, title="Again")
    assert propose(kind="microdata", year=2020, aggregates=False, title="Of one year")


def test_a_refusal_for_too_few_persons_loses_the_charge(
    propose, persons, yury, director, monkeypatch
):
    monkeypatch.setattr(microdata, "LEAST_PERSONS", 5_000)
    release = propose(kind="microdata", first_year=2020, aggregates=True)
    with pytest.raises(WrongState, match="stays spent"):
        approve_and_make(release, by=director)
    release.refresh_from_db()
    assert services.stand_of(release) == Stand.BEGUN
    assert [ledger.spent(year) for year in YEARS] == [0, Fraction(1, 2), Fraction(1, 2)]
    with pytest.raises(NotFound):
        services.download_release(release, by=yury)


def test_exact_tables_go_beside_nothing_of_the_same_dimensions(propose, persons, director):
    exact = {"kind": "exact_tables", "title": "Exact"}
    approve_and_make(propose(tables=[["gender"]]), by=director)
    with pytest.raises(WrongState, match="Sex"):
        propose(**exact, tables=[["gender"]])
    approve_and_make(propose(**exact, tables=[["age"]]), by=director)
    with pytest.raises(WrongState, match="Age"):
        propose(tables=[["age"]], rho=Fraction(1, 10))
    for rows in ("microdata", "transfer"):  # they tell of everything
        with pytest.raises(WrongState, match="2021 already"):
            propose(kind=rows, **ASKED[rows])
    assert propose(kind="transfer", year=2020, **TO)


def test_exact_tables_go_beside_nothing_that_says_the_same(propose, persons, director):
    exact = {"kind": "exact_tables", "title": "Exact"}
    approve_and_make(propose(tables=[["assistance", "gender"]]), by=director)
    with pytest.raises(WrongState, match="Assistance"):
        propose(**exact, tables=[["assisted"]])
    approve_and_make(propose(**exact, tables=[["assisted"]], year=2020), by=director)
    with pytest.raises(WrongState, match="Kind of assistance"):
        propose(tables=[["assistance"]], year=2020, rho=Fraction(1, 10))


@pytest.mark.parametrize("kind", ["dp_tables", "exact_tables"])
def test_dimensions_that_say_the_same_do_not_stand_in_one_table(kind, propose):
    with pytest.raises(BadInput, match="say the same"):
        propose(kind=kind, tables=[["assistance", "assisted"]])
    apart = {"kind": kind, "tables": [["assistance"], ["assisted"]]}
    if kind == "dp_tables":  # each has noise of its own
        assert propose(**apart)
    else:
        with pytest.raises(BadInput, match="say the same"):
            propose(**apart)


@pytest.mark.parametrize("kind", ["dp_tables", "exact_tables"])
def test_tables_as_the_form_first_offers_them_can_be_proposed(kind, propose):
    form = ReleaseForm.first(KINDS[kind])
    tables = [read_table(line) for line in form.initial["tables"].splitlines()]
    assert propose(kind=kind, tables=tables)


def test_exact_tables_are_for_the_two_people_alone(
    propose, persons, yury, director, make_other, client_for
):
    asked = propose(kind="exact_tables", **ASKED["exact_tables"])
    release = approve_and_make(asked, by=director)
    donor, other = make_other("donor", "donor"), make_other("vera", "analyst")
    assert list(services.releases_for(donor)) == []
    for person in (donor, other):
        with pytest.raises(NotFound):
            services.download_release(release, by=person)
    page = reverse("reporting:release", args=[release.pk])
    assert client_for(donor).get(page).status_code == 404
    assert "Not public" in client_for(other).get(page).content.decode()
    for person in (yury, director):
        assert "table-1-gender.csv" in files_of(release, person)


def test_rows_for_a_receiver_are_for_the_two_people_alone(
    propose, persons, yury, director, make_other, client_for
):
    release = approve_and_make(propose(kind="transfer", **ASKED["transfer"]), by=director)
    donor, other = make_other("donor", "donor"), make_other("vera", "analyst")
    officer = make_other("olga", "data_protection")
    assert list(services.releases_for(donor)) == []
    at = reverse("reporting:release_file", args=[release.pk])
    page = reverse("reporting:release", args=[release.pk])
    for person in (other, officer):  # they know of it, for they propose and decide as well
        with pytest.raises(NotFound):
            services.download_release(release, by=person)
        assert client_for(person).get(at).status_code == 404
        shown = client_for(person).get(page).content.decode()
        assert at not in shown and "La Strada" in shown and "Not public" in shown
    for person in (yury, director):
        assert "transfer.csv" in files_of(release, person)
        assert at in client_for(person).get(page).content.decode()


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("microdata", {"first_year": 2022}),
        ("microdata", {"first_year": 1999}),
        ("transfer", TO | {"receiver": " "}),
        ("transfer", TO | {"agreement": ""}),
        ("transfer", TO | {"first_year": 2022}),
        ("exact_tables", {"tables": []}),
        ("exact_tables", {"level": 3}),
        ("exact_tables", {"tables": [["gender", "gender"]]}),
    ],
)
def test_what_a_kind_needs_is_asked_for(kind, asked, propose):
    with pytest.raises(BadInput):
        propose(kind=kind, **asked)


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_the_form_asks_for_what_its_kind_needs(kind, client_for, yury):
    form = ReleaseForm.first(kind)
    assert form.fields.keys() == ASKED_ALWAYS | set(kind.asks)
    at = reverse("reporting:release_propose")
    chosen = client_for(yury).get(at).content.decode()
    assert f"?kind={kind.code}" in chosen and 'name="title"' not in chosen
    page = client_for(yury).get(f"{at}?kind={kind.code}").content.decode()
    assert all(f'name="{name}"' in page for name in form.fields)
    assert 'name="receiver"' in page or kind.code != "transfer"


def test_kinds_are_proposed_on_the_page_and_in_the_shell(client_for, yury):
    at = reverse("reporting:release_propose")
    asked = {"kind": "transfer", "year": "2021", "title": "For a partner"}
    assert client_for(yury).post(at, asked).status_code == 200  # receiver and agreement are missing
    assert client_for(yury).post(at, asked | TO | {"first_year": "2019"}).status_code == 302
    found = Release.objects.get()
    assert (found.years, found.definition["receiver"]) == (YEARS, "La Strada")
    shell = ("statistics", "release", "--as", "yury", "--year", "2021", "--title", "From the shell")
    call_command(*shell, "--kind", "microdata", "--first-year", "2015", "--aggregates")
    call_command(*shell, "--kind", "exact_tables", "--table", "gender", "--level", "2")
    told = {each.kind: each.definition for each in Release.objects.all()}
    assert told["microdata"]["years"][0] == 2015
    assert told["microdata"]["aggregates_rho"] == "19/100"
    assert told["exact_tables"]["level"] == 2


def test_a_release_of_several_years_is_entered_in_all_of_them_or_in_none(
    propose, persons, director, monkeypatch
):
    spend = ledger.spend

    def spend_until_2020(release, year, *rest, **by):
        if year == 2021:
            raise MemoryError
        return spend(release, year, *rest, **by)

    release = propose(kind="microdata", first_year=2019)
    with monkeypatch.context() as broken:
        broken.setattr(ledger, "spend", spend_until_2020)
        with pytest.raises(MemoryError):
            approve_and_make(release, by=director)
    release.refresh_from_db()
    assert (release.state, ledger.entries()) == (ReleaseState.ASKED, [])
    # Another release of one of the years came first in the meantime: all is tried again.
    overtaking = []

    def spend_late(release, year, *rest, **by):
        if year == 2020 and not overtaking:
            overtaking.append(year)
            raise ledger.Overtaken
        return spend(release, year, *rest, **by)

    monkeypatch.setattr(ledger, "spend", spend_late)
    approve_and_make(release, by=director)
    assert [(entry.year, entry.number) for entry in ledger.entries()] == [(y, 1) for y in YEARS]
