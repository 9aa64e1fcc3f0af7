"""The dashboards: look-ups in one snapshot, the same figures as the builder's."""

import io
import json
import re

import pytest
from django.urls import reverse
from pypdf import PdfReader

from audit.models import Event
from audit.verbs import Verb
from cases.sections import Identity
from cases.services.intake import register_many
from cases.services.new_case import NewCase
from core.exceptions import NotAllowed, NotFound
from reporting import services
from reporting.charts import SHADES, shaded
from reporting.dashboards.files import to_pdf
from reporting.dashboards.panels import HEAT, PANELS, answer_of, panels_of
from reporting.dashboards.services import view_dashboard
from reporting.dimensions import DIMENSIONS
from reporting.tables import PERSONS, Definition, make_table
from tests.guards import log
from tests.reporting.people import DAY


@pytest.fixture
def frozen(alena, yury):
    """60 women and 40 men of 2021."""
    for number, gender in ((60, "Feminine"), (40, "Masculine")):
        facts = {"year": 2021, "gender": gender, "types_of_exploitation": ["ForcedLabour"]}
        new = [NewCase(identity=Identity(second_name="Made-up"), facts=facts)] * number
        register_many(new, office=alena.office, owner=alena, by=alena)
    return services.take_snapshot(by=yury)


def answers(surface):
    return [answer_of(p, make_table(surface, p.definition, DAY)) for p in panels_of(surface)]


# --- What is declared -----------------------------------------------------------------
def test_every_panel_of_known_dimensions_is_answered(surface):
    found = panels_of(surface)
    assert found == [panel for panel in PANELS if panel in found], "in the order of their list"
    assert len({panel.key for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        keys = {*panel.definition.shown_keys, *panel.definition.filters}
        if keys <= DIMENSIONS.keys() and panel.definition.measure == PERSONS:
            assert panel in found, panel.key
    for panel in found:
        assert make_table(surface, panel.definition, DAY).rows


def test_what_an_older_snapshot_does_not_know_is_left_out(surface, monkeypatch):
    monkeypatch.setattr(surface, "axes", {"year": surface.axes["year"]})
    monkeypatch.setattr(surface, "magnitudes", {})
    assert [panel.key for panel in panels_of(surface)] == ["identified"]


def test_who_is_assisted_is_who_has_a_kind_of_assistance(look_up):
    """The same persons show the same figure, whichever of the two dimensions names them."""

    def not_recorded(key: str) -> dict:
        table = look_up("year", key)
        at = [column.code for column in table.columns].index("not-recorded")
        return {
            row.code: cells[at].number
            for row, cells in zip(table.rows, table.layers[0].cells, strict=True)
        }

    assert not_recorded("assisted") == not_recorded("assistance")
    assert any(not_recorded("assisted").values())


# --- Heat -----------------------------------------------------------------------------
def test_shades_follow_the_figures_of_their_own_layer_and_nothing_hidden_has_one(look_up):
    table = look_up("age", "gender", "exploitation")
    for layer in table.layers:
        cells = [cell for row in shaded(layer) for cell in row]
        shown = [cell for cell in cells if cell.number is not None]
        assert all(cell.step == 0 for cell in cells if cell.number is None)
        assert all(1 <= cell.step <= SHADES for cell in shown)
        by_figure = sorted(shown, key=lambda cell: cell.number)
        assert [cell.step for cell in by_figure] == sorted(cell.step for cell in shown)
        if shown:
            assert by_figure[-1].step == SHADES
        assert [[str(c) for c in row] for row in shaded(layer)] == [
            [str(c) for c in row] for row in layer.cells
        ]


def test_of_a_heat_table_only_what_shows_no_figure_is_left_out(surface):
    [heat] = [answer for answer in answers(surface) if answer.panel.chart == HEAT]
    whole = make_table(surface, heat.panel.definition, DAY)

    def shown(table):
        return {(str(codes), str(c)) for codes, c in table.figures if c.number is not None}

    assert shown(heat.table) == shown(whole) != set()
    for part in ("rows", "columns", "layers"):
        kept = [one.code for one in getattr(heat.table, part)]
        for one in getattr(whole, part):
            assert (one.code in kept) != (one.label in heat.left_out), one.label


# --- The service ----------------------------------------------------------------------
@pytest.mark.django_db
def test_the_figures_are_those_of_the_table_builder(frozen, yury, kastus):
    for answer in view_dashboard(by=kastus).answers:
        built = services.view_table(answer.panel.definition, by=yury)
        shown = {(str(codes), str(cell)) for codes, cell in answer.table.figures}
        assert shown <= {(str(codes), str(cell)) for codes, cell in built.figures}


@pytest.mark.django_db
def test_a_look_is_recorded_once_by_names_alone(frozen, ingrid):
    start = log.size()
    found = view_dashboard(by=ingrid)
    [event] = log.since(start)
    told = log.details(event)
    assert (event.verb, event.actor) == (Verb.STATISTICS_VIEWED, ingrid.pk)
    assert told["snapshot"] == str(frozen.pk)
    assert told["dashboard"] == [a.panel.definition.id for a in found.answers]
    assert not re.search(r"\b(?!2021)\d{2,}\b", json.dumps(told["dashboard"]))


@pytest.mark.django_db
def test_who_may_not_see_statistics_is_refused(frozen, alena, rita):
    for somebody in (alena, rita):
        with pytest.raises(NotAllowed):
            view_dashboard(by=somebody)


@pytest.mark.django_db
def test_before_the_first_snapshot_there_is_nothing_to_look_at(kastus, client_for):
    with pytest.raises(NotFound):
        view_dashboard(by=kastus)
    page = client_for(kastus).get(reverse("reporting:dashboards"))
    assert page.status_code == 200
    assert "No statistics have been taken yet" in page.content.decode()
    assert client_for(kastus).get(reverse("reporting:dashboards_pdf")).status_code == 404


# --- The pages ------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_page_shows_each_panel_with_chart_table_and_notes_once(frozen, kastus, client_for):
    found = view_dashboard(by=kastus)
    page = client_for(kastus).get(reverse("reporting:dashboards")).content.decode()
    for answer in found.answers:
        assert f'id="{answer.panel.key}"' in page
    bars = [a for a in found.answers if a.panel.chart != HEAT and a.table.rows]
    assert page.count("<figure") == len(bars)
    assert 'class="govuk-table__cell govuk-table__cell--numeric app-heat-5"' in page
    assert page.count("Totals were protected on their own") == 1
    assert reverse("reporting:csv", args=["year"]) not in page
    assert f'href="{reverse("reporting:table")}"' not in page


@pytest.mark.django_db
def test_the_paper_says_what_the_page_says(frozen, kastus, client_for):
    answer = client_for(kastus).get(reverse("reporting:dashboards_pdf"))
    assert answer["Content-Disposition"].startswith("attachment")
    read = PdfReader(io.BytesIO(answer.content))
    text = " ".join(" ".join(page.extract_text() for page in read.pages).split())
    for one in view_dashboard(by=kastus).answers:
        assert str(one.table.layers[0].total) in text
    assert "Persons registered" in text and "Totals were protected on their own" in text
    assert Event.objects.filter(verb=Verb.STATISTICS_EXPORTED).count() == 1
    late = client_for(kastus, ago=600).get(reverse("reporting:dashboards_pdf"))
    assert late.status_code == 302  # to confirm who sits there


@pytest.mark.django_db
def test_the_paper_of_many_persons_is_set_whole(surface, frozen, kastus, monkeypatch):
    monkeypatch.setattr(services, "surface_of", lambda snapshot: surface)
    read = PdfReader(io.BytesIO(to_pdf(view_dashboard(by=kastus))))
    assert len(read.pages) > 2


@pytest.mark.django_db
def test_what_the_page_draws_is_drawn_on_paper(surface, frozen, kastus, client_for, monkeypatch):
    monkeypatch.setattr(services, "surface_of", lambda snapshot: surface)
    page = client_for(kastus).get(reverse("reporting:dashboards")).content.decode()
    read = PdfReader(io.BytesIO(to_pdf(view_dashboard(by=kastus))))
    parts = [read.get_object(at) for at in range(1, read.trailer["/Size"])]
    figures = [one for one in parts if isinstance(one, dict) and one.get("/S") == "/Figure"]
    assert len(figures) >= page.count('role="img"') > 3  # a long chart is several on paper
    words = " ".join(one.extract_text() for one in read.pages)
    assert words.count("Natural Earth") == page.count("Natural Earth") == 1


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["kastus", "ingrid"])
def test_who_sees_statistics_alone_is_offered_no_page_that_is_refused(
    who, frozen, request, client_for
):
    browser = client_for(request.getfixturevalue(who))
    start = browser.get(reverse("home"), follow=True)
    page = start.content.decode()
    assert start.status_code == 200
    assert reverse("reporting:dashboards") in page
    for address in sorted(set(re.findall(r'href="(/[^"#?]*)"', page))):
        if not address.startswith(("/static/", reverse("core:exit"))):
            assert browser.get(address, follow=True).status_code == 200, address


@pytest.mark.django_db
def test_a_donor_starts_at_the_dashboards(frozen, ingrid, kastus, client_for):
    assert client_for(ingrid).get("/").headers["Location"] == reverse("reporting:dashboards")
    assert client_for(kastus).get("/").status_code == 200


def test_a_definition_of_a_panel_is_of_three_dimensions_at_most():
    for panel in PANELS:
        assert len([*panel.definition.shown_keys, *panel.definition.filters]) <= 3
        assert isinstance(panel.definition, Definition)
