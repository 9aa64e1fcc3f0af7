"""Snapshots of real, sealed cases, and the pages that show them."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organisation
from accounts.services import make_office, make_user
from assistance.selectors import kinds_by_case
from audit.models import Event
from audit.verbs import Verb
from cases.sections import Identity
from cases.services.intake import NewCase, register_many
from core.exceptions import BadInput, Conflict, NotAllowed, WrongState
from reporting import services
from reporting.models import Snapshot
from reporting.tables import Definition

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

PASSWORD = "a long enough pass phrase"


@pytest.fixture
def office():
    organisation = Organisation.objects.create(name="Statistics test", kind="NGO")
    return make_office(code="stat", name="Office", country="BY", organisation=organisation, by=None)


def user_of(office, role: str):
    return make_user(
        username=f"stat-{role}",
        display_name=f"The {role}",
        password=PASSWORD,
        roles=[role],
        office=office,
        by=None,
    )


@pytest.fixture
def officer(office):
    return user_of(office, "case_officer")


@pytest.fixture
def analyst(office):
    return user_of(office, "analyst")


def register(officer, number: int, **facts) -> None:
    facts = {"year": 2021, "gender": "Feminine", "types_of_exploitation": ["ForcedLabour"], **facts}
    new = [NewCase(identity=Identity(second_name="Made-up"), facts=facts) for _ in range(number)]
    register_many(new, office=officer.office, owner=officer, by=officer)


@pytest.fixture
def frozen(officer, analyst) -> Snapshot:
    """60 women and 40 men of 2021, half of the men exploited otherwise, and 3 persons of 2022."""
    register(officer, 60)
    register(officer, 20, gender="Masculine")
    register(officer, 20, gender="Masculine", types_of_exploitation=["SexualExploitation"])
    register(officer, 3, year=2022)
    return services.take_snapshot(by=analyst)


@pytest.fixture
def visit(client):
    def visit(user, name: str, query: str = "", method: str = "get", **headers):
        client.force_login(user)
        return getattr(client, method)(reverse(f"reporting:{name}") + query, headers=headers)

    return visit


def test_a_snapshot_counts_the_sealed_cases_and_keeps_protected_numbers(frozen, analyst):
    table = services.view_table(Definition("year", "gender"), by=analyst)
    figures = {
        (row.code, column.code): cell.number
        for row, cells in zip(table.rows, table.layers[0].cells, strict=True)
        for column, cell in zip(table.columns, cells, strict=True)
    }
    assert abs(figures["2021", "Feminine"] - 60) <= 5
    assert abs(figures["2021", "Masculine"] - 40) <= 5
    assert figures["2022", "Feminine"] is None if ("2022", "Feminine") in figures else True
    assert abs(frozen.persons - 103) <= 5


def test_tables_need_a_snapshot_and_the_right(frozen, officer, analyst):
    with pytest.raises(NotAllowed):
        services.view_table(Definition("year"), by=officer)
    with pytest.raises(NotAllowed):
        services.take_snapshot(by=officer)
    with pytest.raises(BadInput, match="case_owner"):
        services.view_table(Definition("case_owner"), by=analyst)


def test_a_snapshot_waits_until_enough_persons_changed(frozen, officer, analyst):
    register(officer, 9)
    with pytest.raises(WrongState):
        services.take_snapshot(by=analyst)
    register(officer, 40)
    second = services.take_snapshot(by=analyst)
    assert second.number == 2
    assert services.latest_snapshot() == second


def test_noise_is_redrawn_only_where_persons_changed(frozen, officer, analyst):
    register(officer, 40, year=2023)
    second = services.take_snapshot(by=analyst)
    assert frozen.epochs["2021"] == second.epochs["2021"] == 1
    assert second.epochs["2023"] == 2
    for gender in ("Feminine", "Masculine"):
        codes = {"year": "2021", "gender": gender}
        old, new = (services.surface_of(s.pk).figure(codes, 0) for s in (frozen, second))
        assert old == new


def test_there_are_at_most_four_snapshots_in_twelve_months(frozen, officer, analyst):
    for year in (2023, 2024, 2025):
        register(officer, 30, year=year)
        services.take_snapshot(by=analyst)
    register(officer, 30, year=2026)
    with pytest.raises(WrongState, match="4 snapshots"):
        services.take_snapshot(by=analyst)


def test_snapshots_of_earlier_years_do_not_stand_in_the_way(frozen, analyst, monkeypatch):
    monkeypatch.setattr(services, "PER_YEAR", 1)
    with pytest.raises(WrongState, match="twelve months"):
        services.take_snapshot(by=analyst)
    later = timezone.now() + timedelta(days=366)
    monkeypatch.setattr("reporting.services.timezone.now", lambda: later)
    with pytest.raises(
        WrongState, match="Too few"
    ):  # the next condition: the first no longer holds
        services.take_snapshot(by=analyst)


def test_of_two_snapshots_at_once_one_gives_way(frozen, officer, analyst, monkeypatch):
    register(officer, 30, year=2023)
    services.take_snapshot(by=analyst)
    register(officer, 30, year=2024)
    stale = Snapshot.objects.filter(pk=frozen.pk)  # what the slower of the two had read
    monkeypatch.setattr(Snapshot.objects, "defer", lambda *fields: stale)
    with pytest.raises(Conflict):
        services.take_snapshot(by=analyst)


def test_looking_and_downloading_are_recorded_without_a_figure(frozen, analyst, visit):
    before = Event.objects.count()
    visit(analyst, "table", "?rows=year&columns=gender")
    visit(analyst, "csv", "?rows=year&columns=gender")
    events = Event.objects.filter(seq__gte=before, verb__startswith="statistics").order_by("seq")
    verbs = [event.verb for event in events]
    assert verbs == [Verb.STATISTICS_VIEWED, Verb.STATISTICS_EXPORTED]
    for event in events:
        content = json.loads(bytes(event.entry))
        assert content["cases"] == []
        assert "sealed" in content


def test_assistance_is_counted_by_kind(frozen, analyst):
    assert kinds_by_case(by=analyst) == {}
    table = services.view_table(Definition("assistance"), by=analyst)
    by_code = dict(zip([row.code for row in table.rows], table.layers[0].row_totals, strict=True))
    assert by_code["not-recorded"].number == table.layers[0].total.number
    assert by_code["medical"].number is None


def test_the_page_shows_sentence_table_chart_and_notes(frozen, analyst, visit):
    response = visit(analyst, "table", "?rows=gender&columns=exploitation")
    page = response.content.decode()
    assert response.status_code == 200
    assert "Persons registered, by sex, by type of exploitation" in page
    assert "app-chart" in page
    assert "&lt;11" in page
    assert "do not add up" in page
    assert not re.search(r"\sstyle=", page)


def test_the_first_visit_shows_a_table_without_being_asked(frozen, analyst, visit):
    assert "by year of registration, by sex" in visit(analyst, "table").content.decode()


def test_htmx_gets_the_table_alone(frozen, analyst, visit):
    response = visit(analyst, "table", "?rows=gender", **{"HX-Request": "true"})
    page = response.content.decode()
    assert page.strip().startswith('<div id="result">')
    assert "<html" not in page


def test_too_many_dimensions_are_explained_on_the_page(frozen, analyst, visit):
    query = "?rows=year&columns=gender&split=age&only=exploitation:ForcedLabour"
    response = visit(analyst, "table", query)
    assert response.status_code == 200
    assert "at most 3 dimensions" in response.content.decode()
    assert b"app-chart" not in response.content


def test_a_dimension_that_is_not_declared_is_refused(frozen, analyst, visit):
    assert b"app-chart" not in visit(analyst, "table", "?rows=case_owner").content
    assert visit(analyst, "csv", "?rows=case_owner").status_code == 400
    assert visit(analyst, "csv", "?rows=year&only=gender:nonsense").status_code == 400


def test_the_file_holds_the_figures_of_the_page(frozen, analyst, visit):
    response = visit(analyst, "csv", "?rows=gender&columns=exploitation")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="statistics-[\d-]+\.csv"', response["Content-Disposition"]
    )
    lines = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    table = services.view_table(Definition("gender", "exploitation"), by=analyst)
    assert lines[-1][1:] == [
        str(c) for c in (*table.layers[0].column_totals, table.layers[0].total)
    ]


@pytest.mark.parametrize("name", ["table", "csv", "snapshots"])
def test_who_lacks_the_right_is_refused(frozen, officer, visit, name):
    assert visit(officer, name).status_code == 403


def test_without_a_snapshot_the_page_says_so(analyst, visit):
    assert "No statistics have been taken yet" in visit(analyst, "table").content.decode()
    assert visit(analyst, "csv").status_code == 404


def test_a_snapshot_is_taken_from_its_page(officer, analyst, visit):
    register(officer, 20)
    assert visit(analyst, "snapshots").status_code == 200
    assert visit(analyst, "snapshots", method="post").status_code == 302
    assert Snapshot.objects.count() == 1
    assert "The analyst" in visit(analyst, "snapshots").content.decode()


def test_who_may_only_build_takes_no_snapshot(office, frozen, visit):
    supervisor = user_of(office, "supervisor")
    assert visit(supervisor, "snapshots").status_code == 200
    assert visit(supervisor, "snapshots", method="post").status_code == 403
    assert Snapshot.objects.count() == 1


def test_the_command_takes_a_snapshot_in_somebodys_name(officer, analyst, capsys):
    register(officer, 20)
    call_command("freeze_statistics", "--as", analyst.username)
    assert "Snapshot 1 was taken." in capsys.readouterr().out
    with pytest.raises(CommandError, match="no user"):
        call_command("freeze_statistics", "--as", "nobody")
    with pytest.raises(CommandError, match="role"):
        call_command("freeze_statistics", "--as", officer.username)
