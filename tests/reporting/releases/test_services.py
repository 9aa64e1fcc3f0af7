"""Two people, one budget, one drawing: what a release costs is spent before anything is read."""

import io
import json
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pypdf import PdfReader

from accounts.models import User
from audit import trail
from audit.context import RequestContext, serving
from audit.models import Event
from audit.verbs import Verb
from cases.countries import COUNTRIES
from cases.sections import Identity
from cases.services.intake import register_many
from cases.services.new_case import NewCase
from cases.typesetting import TypesettingFailed
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from reporting.dimensions import Dimension
from reporting.releases import dp_tables, folder, kinds, ledger, services
from reporting.releases.kinds import Kind
from reporting.releases.models import LedgerEntry, Release, ReleaseFiles, ReleaseState
from reporting.releases.services import Stand
from tests.reporting.releases.conftest import TABLES
from tests.reporting.releases.made import approve_and_make
from tests.reporting.test_charts import SVG
from tests.reporting.test_maps import titles, words_of

pytestmark = pytest.mark.django_db


def files_of(release: Release, by: User) -> dict[str, bytes]:
    return folder.unpack(services.download_release(release, by=by))


def test_a_release_is_proposed_by_one_and_published_by_another(propose, of_2021, yury, director):
    release = propose()
    assert release.state == ReleaseState.ASKED
    assert ledger.entries() == []
    published = approve_and_make(release, by=director)
    assert published.state == ReleaseState.PUBLISHED
    [entry] = ledger.entries(2021)
    assert (entry.number, entry.rho, entry.previous) == (1, Fraction(1, 2), ledger.FIRST)
    assert (entry.requested_by, entry.approved_by) == (yury.pk, director.pk)
    assert len(entry.scales) == len(TABLES)
    verbs = list(Event.objects.values_list("verb", flat=True).order_by("seq"))
    order = [
        *(Verb.RELEASE_PROPOSED, Verb.PRIVACY_SPENT, Verb.RELEASE_APPROVED),
        *(Verb.RELEASE_MADE, Verb.RELEASE_PUBLISHED),
    ]
    assert list(dict.fromkeys(verb for verb in verbs if verb in order)) == order


def test_nobody_decides_on_their_own(propose, of_2021, alena, yury, director, make_other):
    both = make_other("vera", "analyst", "data_protection")
    release = propose(by=both)
    for wrong in (both, yury, alena):
        with pytest.raises(NotAllowed):
            approve_and_make(release, by=wrong)
        with pytest.raises(NotAllowed):
            services.decline_release(release, by=wrong)
    with pytest.raises(NotAllowed):
        propose(by=alena)
    with pytest.raises(NotAllowed):
        propose(by=director)
    assert ledger.entries() == []


def test_the_session_that_proposed_does_not_decide(propose, of_2021, director):
    with serving(RequestContext(session="one")):
        release = propose()
        with pytest.raises(NotAllowed, match="session"):
            approve_and_make(release, by=director)
    with serving(RequestContext(session="two")):
        assert services.decline_release(release, by=director).state == ReleaseState.DECLINED
        with pytest.raises(WrongState):
            approve_and_make(release, by=director)
    assert ledger.spent(2021) == 0


def test_the_folder_stands_alone_and_its_checksums_hold(propose, of_2021, yury, director):
    release = approve_and_make(propose(), by=director)
    files = files_of(release, yury)
    lines = files[folder.CHECKSUMS].decode().splitlines()
    told = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert told == {
        name: sha256(content).hexdigest()
        for name, content in files.items()
        if name != folder.CHECKSUMS
    }
    assert {
        "index.html",
        "report.pdf",
        "datasheet.json",
        "style.css",
        "tables.json",
    } <= files.keys()
    assert files["report.pdf"].startswith(b"%PDF")
    page = files["index.html"].decode()
    assert "http" not in page and "<script" not in page and "&lt;11" in page
    assert all(f'href="{name}"' in page for name in told)
    sheet = json.loads(files["datasheet.json"])
    assert sheet["method"]["rho"] == "1/2"
    assert 5.2 < sheet["method"]["epsilon"] < 5.3
    assert sheet["definition sha256"] == ledger.digest_of(release.definition)
    charts = [content for name, content in files.items() if name.startswith("charts/")]
    assert charts and all(b"<style>" in chart for chart in charts)
    assert all(ET.fromstring(chart).tag == f"{SVG}svg" for chart in charts)


def test_a_table_by_country_comes_with_a_map_of_its_figures(propose, alena, yury, director):
    for number, country in ((40, "PL"), (25, "RU"), (3, "UA")):
        facts = {"year": 2021, "gender": "Feminine", "country_of_exploitation": country}
        new = [NewCase(identity=Identity(second_name="Made-up"), facts=facts)] * number
        register_many(new, office=alena.office, owner=alena, by=alena)
    tables = [["country"], ["gender", "country"]]
    files = files_of(approve_and_make(propose(tables=tables), by=director), yury)
    assert [name for name in files if "map" in name] == ["charts/01-01-map.svg"]
    drawn = ET.fromstring(files["charts/01-01-map.svg"])
    table = json.loads(files["tables.json"])["tables"][0]
    [dimension] = table["dimensions"]
    told = {
        f"{category['label']}: {figure}"
        for category, figure in zip(dimension["categories"], table["persons"], strict=True)
        if figure is not None and category["code"] in COUNTRIES
    }
    assert told and set(titles(drawn)) == told
    page = files["index.html"].decode()
    assert 'src="charts/01-01-map.svg"' in page and page.count("Natural Earth, public domain") == 1
    read = PdfReader(io.BytesIO(files["report.pdf"]))
    assert read.xmp_metadata.get_element("", "http://www.aiim.org/pdfua/ns/id/", "part")
    assert "Natural Earth, public domain" in words_of(read)


def test_only_the_year_is_counted_and_only_protected_figures_leave(
    propose, of_2021, yury, director
):
    release = approve_and_make(propose(), by=director)
    files = files_of(release, yury)
    [gender, *_others] = json.loads(files["tables.json"])["tables"]
    codes = [each["code"] for each in gender["dimensions"][0]["categories"]]
    figures = dict(zip(codes, gender["persons"], strict=True))
    assert abs(figures["Feminine"] - 30) < 12  # 50 with the other year's
    assert abs(figures["total"] - 30) < 18
    assert all(figure is None or figure >= 11 for figure in gender["persons"])
    listed = files["tables/01-gender.csv"].decode()
    assert "total,Total," in listed
    assert "<11" in listed


def test_what_was_drawn_is_served_again_and_never_drawn_again(
    propose, of_2021, yury, director, monkeypatch
):
    release = approve_and_make(propose(), by=director)
    first = services.download_release(release, by=yury)

    def draw(*args):
        raise AssertionError("drawn a second time")

    monkeypatch.setattr("reporting.releases.noisy.draw", draw)
    assert services.download_release(release, by=yury) == first
    for again in (approve_and_make, services.make_release):
        with pytest.raises(WrongState):
            again(release, by=director)
    with pytest.raises(WrongState, match="already"):
        propose(title="The same under another name")
    kept = ReleaseFiles.objects.get(release=release, part="made")
    copy = ReleaseFiles(release=release, part="made", content_sealed=kept.content_sealed)
    with pytest.raises(IntegrityError), transaction.atomic():
        trail.save(copy, verb=Verb.RELEASE_MADE, by=director)


def test_a_crash_after_the_spend_costs_the_budget_and_nothing_else(
    propose, of_2021, director, monkeypatch
):
    release = propose()

    def crash(*args, **kwargs):
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr("reporting.releases.noisy.draw", crash)
        with pytest.raises(MemoryError):
            approve_and_make(release, by=director)
    release.refresh_from_db()
    assert ledger.spent(2021) == Fraction(1, 2)
    assert services.stand_of(release) == Stand.BEGUN
    for again in (approve_and_make, services.make_release):
        with pytest.raises(WrongState):
            again(release, by=director)
    with pytest.raises(WrongState, match=r"0\.31 is left"):
        propose()
    assert propose(rho=Fraction(1, 4)).state == ReleaseState.ASKED


def test_a_report_that_was_not_set_is_made_from_what_was_drawn(
    propose, of_2021, yury, director, monkeypatch
):
    release = propose()

    def fail(*args, **kwargs):
        raise TypesettingFailed

    with monkeypatch.context() as broken:
        broken.setattr(folder, "as_pdf", fail)
        with pytest.raises(TypesettingFailed):
            approve_and_make(release, by=director)
    release.refresh_from_db()
    assert services.stand_of(release) == Stand.MADE
    with pytest.raises(NotFound):
        services.download_release(release, by=yury)
    monkeypatch.setattr("reporting.releases.noisy.draw", None)
    release = services.make_release(release, by=director)
    assert files_of(release, yury)["tables.json"]


def test_what_is_left_is_checked_when_proposing_and_when_approving(propose, of_2021, director):
    first, second = propose(), propose(tables=[["age"]])
    approve_and_make(first, by=director)
    with pytest.raises(WrongState, match=r"costs 0\.5 .* 2021, and 0\.31 is left"):
        approve_and_make(second, by=director)
    with pytest.raises(WrongState):
        propose(tables=[["country"]])
    assert second.state == ReleaseState.ASKED
    assert LedgerEntry.objects.count() == 1
    assert propose(year=2022)  # other persons, another budget


def test_costs_add_up_exactly(propose, of_2021, director, settings):
    settings.STATISTICS_PRIVACY_CAP = "0.3"
    for number in range(3):
        release = propose(tables=[TABLES[number]], rho=Fraction(1, 10))
        services.approve_release(release, by=director)
    assert ledger.left(2021) == 0
    with pytest.raises(WrongState):
        propose(tables=[["duration"]], rho=Fraction(1, 10**9))
    assert [entry.number for entry in ledger.entries(2021)] == [1, 2, 3]
    assert ledger.broken(ledger.entries()) == []
    settings.STATISTICS_PRIVACY_CAP = "0.2"
    assert ledger.left(2021) == 0


def test_a_changed_entry_breaks_the_chain(propose, of_2021, director, settings):
    settings.STATISTICS_PRIVACY_CAP = "1"
    for tables in ([["gender"]], [["age"]]):
        services.approve_release(propose(tables=tables), by=director)
    found = ledger.entries()
    found[0].rho_numerator = 0
    assert ledger.broken(found) == [found[1]]
    assert ledger.broken(ledger.entries()[1:]) == [found[1]]


@pytest.mark.parametrize(
    "asked",
    [
        {"year": 1999},
        {"year": 2026},
        {"title": " "},
        {"title": "t" * 121},
        {"tables": []},
        {"tables": [["gender"], ["gender"]]},
        {"tables": [["gender", "age"], ["age", "gender"]]},
        {"tables": [["gender", "gender"]]},
        {"tables": [["year"]]},
        {"tables": [["owner"]]},
        {"tables": [["gender", "age", "duration", "recruiter"]]},
        {"tables": [["citizenship", "country"]]},
        {"kind": "everything"},
    ],
)
def test_what_cannot_be_published_is_not_proposed(propose, asked):
    with pytest.raises(BadInput):
        propose(**asked)


@pytest.fixture
def exact_kind(monkeypatch):
    """Another kind: exact tables that cost nothing."""
    kind = Kind(
        "exact_tables",
        "Exact",
        "",
        (),
        lambda form: dp_tables.define(form) | {"kind": "exact_tables"},
        lambda definition: Fraction(0),
        lambda rows, definition, secret: {"count.csv": str(len(rows)).encode()},
        is_exact=True,
    )
    monkeypatch.setitem(kinds.KINDS, kind.code, kind)
    return kind


def test_exact_tables_are_refused_beside_noisy_ones_of_the_same_dimensions(
    propose, of_2021, director, exact_kind
):
    exact = {"kind": exact_kind.code}
    waiting = propose(**exact)
    approve_and_make(propose(tables=[["gender"]]), by=director)
    with pytest.raises(WrongState, match="Sex"):
        propose(**exact, title="Other")
    with pytest.raises(WrongState):
        approve_and_make(waiting, by=director)
    other = approve_and_make(propose(**exact, tables=[["duration"]]), by=director)
    assert other.state == ReleaseState.PUBLISHED
    with pytest.raises(WrongState):  # and the other way round
        propose(tables=[["duration", "recruiter"]], rho=Fraction(1, 10))
    with pytest.raises(WrongState):  # two exact ones are two systems that nobody audited together
        propose(**exact, tables=[["duration"], ["recruiter"]])
    assert propose(**exact, year=2022)
    assert [entry.rho for entry in ledger.entries(2021)] == [Fraction(1, 2), 0]


def test_what_came_to_nothing_stands_in_nobodys_way(
    propose, of_2021, director, exact_kind, monkeypatch, time_machine
):
    def crash(*args):
        raise MemoryError

    broken = replace(exact_kind, make=crash)
    monkeypatch.setitem(kinds.KINDS, broken.code, broken)
    with pytest.raises(MemoryError):
        approve_and_make(propose(kind=broken.code), by=director)
    with pytest.raises(WrongState):  # it may be made this very moment
        propose()
    time_machine.move_to(timezone.now() + services.MADE_WITHIN * 2)
    assert approve_and_make(propose(), by=director).state == ReleaseState.PUBLISHED


def test_a_list_that_changed_meanwhile_is_found_before_anything_is_spent(
    propose, of_2021, director, monkeypatch
):
    release = propose()
    codes = Dimension.codes
    monkeypatch.setattr(Dimension, "codes", lambda self, year: [*codes(self, year), "new"])
    with pytest.raises(WrongState, match="lists of categories"):
        approve_and_make(release, by=director)
    assert ledger.spent(2021) == 0


def test_what_is_for_one_receiver_is_seen_by_those_who_decide_on_it(
    propose, of_2021, yury, director, exact_kind, make_other, monkeypatch
):
    private = replace(exact_kind, is_public=False)
    monkeypatch.setitem(kinds.KINDS, private.code, private)
    release = approve_and_make(propose(kind=private.code), by=director)
    with pytest.raises(NotFound):
        services.download_release(release, by=make_other("donor", "donor"))
    assert files_of(release, yury)["count.csv"] == b"30"


def test_donors_have_what_is_published_and_nothing_else(
    propose, of_2021, alena, director, make_other
):
    donor = make_other("donor", "donor")
    waiting = propose(tables=[["age"]], rho=Fraction(1, 10))
    release = approve_and_make(propose(), by=director)
    assert list(services.releases_for(donor)) == [release]
    with zipfile.ZipFile(io.BytesIO(services.download_release(release, by=donor))) as archive:
        assert archive.testzip() is None
    for pk in (waiting.pk, alena.pk):
        with pytest.raises(NotFound):
            services.release_for(donor, pk)
    assert set(services.releases_for(director)) == {waiting, release}
