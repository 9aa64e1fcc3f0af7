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

from assistance.selectors import kinds_by_case
from audit.models import Event
from audit.verbs import Verb
from cases.sections import Identity
from cases.services.intake import register_many
from cases.services.new_case import NewCase
from core.exceptions import BadInput, Conflict, NotAllowed, WrongState
from reporting import services
from reporting.attacks import TellsTooMuch
from reporting.models import Snapshot
from reporting.tables import Definition
from tests.guards import log

pytestmark = pytest.mark.django_db


def register(alena, number: int, **facts) -> None:
    facts = {"year": 2021, "gender": "Feminine", "types_of_exploitation": ["ForcedLabour"], **facts}
    new = [NewCase(identity=Identity(second_name="Made-up"), facts=facts) for _ in range(number)]
    register_many(new, office=alena.office, owner=alena, by=alena)


@pytest.fixture
def frozen(alena, yury) -> Snapshot:
    """60 women and 40 men of 2021, half of the men exploited otherwise, and 3 persons of 2022."""
    register(alena, 60)
    register(alena, 20, gender="Masculine")
    register(alena, 20, gender="Masculine", types_of_exploitation=["SexualExploitation"])
    register(alena, 3, year=2022)
    return services.take_snapshot(by=yury)


@pytest.fixture
def visit(client_for):
    def visit(user, name: str, query: str = "", method: str = "get", *, of: str = "", **headers):
        address = reverse(f"reporting:{name}", args=[of] if of else []) + query
        return getattr(client_for(user), method)(address, headers=headers)

    return visit


def test_a_snapshot_counts_the_sealed_cases_and_keeps_protected_numbers(frozen, yury):
    table = services.view_table(Definition("year", "gender"), by=yury)
    figures = {
        (row.code, column.code): cell.number
        for row, cells in zip(table.rows, table.layers[0].cells, strict=True)
        for column, cell in zip(table.columns, cells, strict=True)
    }
    assert abs(figures["2021", "Feminine"] - 60) <= 5
    assert abs(figures["2021", "Masculine"] - 40) <= 5
    assert figures["2022", "Feminine"] is None if ("2022", "Feminine") in figures else True
    assert abs(frozen.persons - 103) <= 5


def test_tables_need_a_snapshot_and_the_right(frozen, alena, yury):
    with pytest.raises(NotAllowed):
        services.view_table(Definition("year"), by=alena)
    with pytest.raises(NotAllowed):
        services.take_snapshot(by=alena)
    with pytest.raises(BadInput, match="case_owner"):
        services.view_table(Definition("case_owner"), by=yury)


def test_a_snapshot_waits_until_enough_persons_changed(frozen, alena, yury):
    register(alena, 9)
    with pytest.raises(WrongState):
        services.take_snapshot(by=yury)
    register(alena, 40)
    second = services.take_snapshot(by=yury)
    assert second.number == 2
    assert services.latest_snapshot() == second


def test_noise_is_redrawn_only_where_persons_changed(frozen, alena, yury):
    register(alena, 40, year=2023)
    second = services.take_snapshot(by=yury)
    assert frozen.epochs["2021"] == second.epochs["2021"] == 1
    assert second.epochs["2023"] == 2
    for gender in ("Feminine", "Masculine"):
        codes = {"year": "2021", "gender": gender}
        old, new = (services.surface_of(s.pk).figure(codes, 0) for s in (frozen, second))
        assert old == new


def test_there_are_at_most_four_snapshots_in_twelve_months(frozen, alena, yury):
    for year in (2023, 2024, 2025):
        register(alena, 30, year=year)
        services.take_snapshot(by=yury)
    register(alena, 30, year=2026)
    with pytest.raises(WrongState, match="4 snapshots"):
        services.take_snapshot(by=yury)


def test_snapshots_of_earlier_years_do_not_stand_in_the_way(frozen, yury, monkeypatch):
    monkeypatch.setattr(services, "PER_YEAR", 1)
    with pytest.raises(WrongState, match="twelve months"):
        services.take_snapshot(by=yury)
    later = timezone.now() + timedelta(days=366)
    monkeypatch.setattr("reporting.services.timezone.now", lambda: later)
    with pytest.raises(
        WrongState, match="Too few"
    ):  # the next condition: the first no longer holds
        services.take_snapshot(by=yury)


def test_of_two_snapshots_at_once_one_gives_way(frozen, alena, yury, monkeypatch):
    register(alena, 30, year=2023)
    services.take_snapshot(by=yury)
    register(alena, 30, year=2024)
    stale = Snapshot.objects.filter(pk=frozen.pk)  # what the slower of the two had read
    monkeypatch.setattr(Snapshot.objects, "defer", lambda *fields: stale)
    with pytest.raises(Conflict):
        services.take_snapshot(by=yury)


def test_looking_and_downloading_are_recorded_without_a_figure(frozen, yury, visit):
    before = Event.objects.count()
    visit(yury, "table", "?rows=year&columns=gender")
    visit(yury, "csv", of="year.gender")
    events = Event.objects.filter(seq__gte=before, verb__startswith="statistics").order_by("seq")
    verbs = [event.verb for event in events]
    assert verbs == [Verb.STATISTICS_VIEWED, Verb.STATISTICS_EXPORTED]
    for event in events:
        content = json.loads(bytes(event.entry))
        assert content["cases"] == []
        assert "sealed" in content


def test_assistance_is_counted_by_kind(frozen, yury):
    assert kinds_by_case(by=yury, verb=Verb.STATISTICS_FROZEN) == {}
    table = services.view_table(Definition("assistance"), by=yury)
    by_code = dict(zip([row.code for row in table.rows], table.layers[0].row_totals, strict=True))
    assert by_code["not-recorded"].number == table.layers[0].total.number
    assert by_code["medical"].number is None


def test_the_page_shows_sentence_table_chart_and_notes(frozen, yury, visit):
    response = visit(yury, "table", "?rows=gender&columns=exploitation")
    page = response.content.decode()
    assert response.status_code == 200
    assert "Persons registered, by sex, by type of exploitation" in page
    assert "app-chart" in page
    assert "&lt;11" in page
    assert "do not add up" in page
    assert not re.search(r"\sstyle=", page)


def test_the_first_visit_shows_a_table_without_being_asked(frozen, yury, visit):
    assert "by year of registration, by sex" in visit(yury, "table").content.decode()


def test_htmx_gets_the_table_alone(frozen, yury, visit):
    response = visit(yury, "table", "?rows=gender", **{"HX-Request": "true"})
    page = response.content.decode()
    assert page.strip().startswith('<div id="result">')
    assert "<html" not in page


def test_too_many_dimensions_are_explained_on_the_page(frozen, yury, visit):
    query = "?rows=year&columns=gender&split=age&only=exploitation:ForcedLabour"
    response = visit(yury, "table", query)
    assert response.status_code == 200
    assert "at most 3 dimensions" in response.content.decode()
    assert b"app-chart" not in response.content


def test_a_dimension_that_is_not_declared_is_refused(frozen, yury, visit):
    assert b"app-chart" not in visit(yury, "table", "?rows=case_owner").content
    assert visit(yury, "csv", of="case_owner").status_code == 404
    assert visit(yury, "csv", of="year~gender-nonsense").status_code == 404


def test_the_file_holds_the_figures_of_the_page(frozen, yury, visit):
    response = visit(yury, "csv", of="gender.exploitation")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="statistics-[\d-]+\.csv"', response["Content-Disposition"]
    )
    lines = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    table = services.view_table(Definition("gender", "exploitation"), by=yury)
    assert lines[-1][1:] == [
        str(c) for c in (*table.layers[0].column_totals, table.layers[0].total)
    ]


@pytest.mark.parametrize("name", ["table", "kept", "csv", "snapshots"])
def test_who_lacks_the_right_is_refused(frozen, alena, visit, name):
    of = "gender" if name in ("kept", "csv") else ""
    assert visit(alena, name, of=of).status_code == 403


def test_without_a_snapshot_the_page_says_so(yury, visit):
    assert "No statistics have been taken yet" in visit(yury, "table").content.decode()
    assert visit(yury, "csv", of="gender").status_code == 404


def test_a_snapshot_is_taken_from_its_page(alena, yury, visit):
    register(alena, 20)
    assert visit(yury, "snapshots").status_code == 200
    assert visit(yury, "snapshots", method="post").status_code == 302
    assert Snapshot.objects.count() == 1
    assert "Yury" in visit(yury, "snapshots").content.decode()


def test_who_may_only_build_takes_no_snapshot(pavel, frozen, visit):
    assert visit(pavel, "snapshots").status_code == 200
    assert visit(pavel, "snapshots", method="post").status_code == 403
    assert Snapshot.objects.count() == 1


def test_the_command_takes_a_snapshot_in_somebodys_name(alena, yury, capsys):
    register(alena, 20)
    call_command("statistics", "freeze", "--as", yury.username)
    assert "Snapshot 1 was taken." in capsys.readouterr().out
    with pytest.raises(CommandError, match="no user"):
        call_command("statistics", "freeze", "--as", "nobody")
    with pytest.raises(CommandError, match="role"):
        call_command("statistics", "freeze", "--as", alena.username)


@pytest.fixture
def told(monkeypatch):
    """An attack on a table of years and sexes that succeeds."""

    def audit(*_given):
        raise TellsTooMuch((("year", 0), ("gender", 0)), "few can be in a cell that is not shown")

    monkeypatch.setattr("reporting.attacks.audit", audit)


def test_a_snapshot_that_an_attack_opens_is_not_kept(frozen, alena, yury, told):
    register(alena, 40, year=2023)
    with pytest.raises(WrongState, match="year of registration, sex"):
        services.take_snapshot(by=yury)
    assert services.latest_snapshot() == frozen
    event = Event.objects.filter(verb=Verb.STATISTICS_FROZEN, outcome="error").get()
    details = log.details(event)
    assert details == {
        "table": [["year", 0], ["gender", 0]],
        "found": "few can be in a cell that is not shown",
    }


def test_figures_that_do_not_pass_their_checks_are_not_kept(
    frozen, alena, yury, visit, monkeypatch
):
    def check(_surface):
        raise ArithmeticError("a cell of 6 persons")

    monkeypatch.setattr("reporting.freeze.check", check)
    register(alena, 40, year=2023)
    with pytest.raises(WrongState, match="did not pass"):
        services.take_snapshot(by=yury)
    assert services.latest_snapshot() == frozen
    event = Event.objects.filter(verb=Verb.STATISTICS_FROZEN, outcome="error").get()
    assert log.details(event) == {"found": "the figures did not pass their checks"}
    assert visit(yury, "snapshots", method="post").status_code < 500


def test_a_timer_is_told_of_an_attack_and_not_that_it_is_early(frozen, alena, yury, monkeypatch):
    said = io.StringIO()
    call_command("statistics", "freeze", "--as", yury.username, stdout=said)
    assert "Too few persons" in said.getvalue()
    assert Snapshot.objects.count() == 1
    monkeypatch.setattr(services, "PER_YEAR", 1)
    call_command("statistics", "freeze", "--as", yury.username, stdout=said)
    assert "twelve months" in said.getvalue()


def test_a_timer_fails_when_an_attack_succeeds(frozen, alena, yury, told):
    register(alena, 40, year=2023)
    with pytest.raises(CommandError, match="would tell too much"):
        call_command("statistics", "freeze", "--as", yury.username)
