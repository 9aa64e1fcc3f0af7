"""The dashboards: on the page, and as a PDF."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from core.access import require
from core.downloads import file_answer, gives_file
from core.http import StaffRequest
from core.rights import Right
from reporting.charts import bar_chart, shaded
from reporting.dashboards import services
from reporting.dashboards.files import to_pdf
from reporting.dashboards.panels import HEAT, MAP, Answer
from reporting.maps import choropleth, note
from reporting.services import latest_snapshot
from reporting.tables import Layer


@require(Right.STATISTICS_SEE)
@require_safe
def dashboards(request: StaffRequest) -> HttpResponse:
    """Every panel of the latest snapshot; before the first, a page that says so."""
    context: dict[str, object] = {
        "may_build": request.user.has_right(Right.STATISTICS_BUILD),
        "may_freeze": request.user.has_right(Right.STATISTICS_FREEZE),
    }
    if latest_snapshot():
        found = services.view_dashboard(by=request.user)
        context["dashboard"] = found
        context["map_note"] = note()
        context["panels"] = [
            {
                "answer": answer,
                "is_heat": answer.panel.chart == HEAT,
                "notes": found.notes_on(answer),
                "layers": [_drawn(answer, layer) for layer in answer.table.layers],
            }
            for answer in found.answers
        ]
    return render(request, "reporting/dashboards.html", context)


def _drawn(answer: Answer, layer: Layer) -> dict[str, object]:
    """A layer and how it is drawn: bars where there is no map."""
    table, panel = answer.table, answer.panel
    is_heat, name = panel.chart == HEAT, f"chart-{panel.key}"
    cells = shaded(layer) if is_heat else layer.cells
    drawn_map = choropleth(table, layer, name=name) if panel.chart == MAP else ""
    return {
        "layer": layer,
        "lines": list(zip(table.rows, cells, layer.row_totals, strict=True)),
        "map": drawn_map,
        "chart": "" if is_heat or drawn_map else bar_chart(table, layer, name=name),
    }


@gives_file
@require(Right.STATISTICS_SEE)
@require_safe
def dashboards_pdf(request: StaffRequest) -> HttpResponse:
    """The same as a PDF, after a recent sign-in."""
    found = services.export_dashboard(by=request.user)
    name = f"dashboards-{localtime(found.taken_at):%Y-%m-%d}.pdf"
    return file_answer(to_pdf(found), "application/pdf", name)
