"""Pages of the statistics: the table builder, its files, and the snapshots behind them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.access import require
from core.downloads import file_answer, gives_file
from core.exceptions import BadInput
from core.http import StaffRequest
from core.rights import Right
from reporting import services
from reporting.charts import bar_chart
from reporting.exports import to_csv, to_json, to_xlsx
from reporting.forms import FIRST_TABLE, TableForm
from reporting.models import Snapshot
from reporting.tables import HIDDEN, Table

FILES = {
    "csv": (to_csv, "text/csv; charset=utf-8"),
    "xlsx": (to_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "json": (to_json, "application/json"),
}


@require(Right.STATISTICS_BUILD)
@require_safe
def table(request: StaffRequest) -> HttpResponse:
    """The builder, with the table and chart that the query names, or a first one."""
    snapshot = services.latest_snapshot()
    context: dict[str, object] = {
        "snapshot": snapshot,
        "may_freeze": request.user.has_right(Right.STATISTICS_FREEZE),
    }
    if snapshot:
        form = _form(request, snapshot)
        context["form"] = form
        if form.is_valid() and (found := _table_or_errors(request, form)):
            context["table"] = found
            context["layers"] = _with_charts(found, stacked=form.is_stacked)
            context["query"] = request.GET.urlencode()
    template = "reporting/table.html#result" if _wants_fragment(request) else "reporting/table.html"
    return render(request, template, context)


def _form(request: StaffRequest, snapshot: Snapshot) -> TableForm:
    return TableForm(request.GET or FIRST_TABLE, surface=services.surface_of(snapshot.pk))


def _table_or_errors(request: StaffRequest, form: TableForm) -> Table | None:
    try:
        return services.view_table(form.definition, by=request.user)
    except BadInput as error:
        form.add_error(None, str(error.message))
        return None


def _with_charts(found: Table, *, stacked: bool) -> list[dict[str, object]]:
    return [
        {
            "layer": layer,
            "lines": list(zip(found.rows, layer.cells, layer.row_totals, strict=True)),
            "chart": bar_chart(found, layer, name=f"chart-{number}", stacked=stacked),
        }
        for number, layer in enumerate(found.layers)
    ]


def _wants_fragment(request: StaffRequest) -> bool:
    htmx = getattr(request, "htmx", None)
    return bool(htmx) and not (htmx.boosted or htmx.history_restore_request)


@gives_file
@require(Right.STATISTICS_BUILD)
@require_safe
def table_file(request: StaffRequest, form: str) -> HttpResponse:
    """The same table as a file, after a recent sign-in."""
    surface = services.surface_of(services.current_snapshot().pk)
    make, media_type = FILES[form]
    found = services.export_table(
        TableForm.read(request.GET or FIRST_TABLE, surface), by=request.user
    )
    name = f"statistics-{localtime(found.taken_at):%Y-%m-%d}.{form}"
    return file_answer(make(found), media_type, name)


@require(Right.STATISTICS_BUILD, Right.STATISTICS_FREEZE)
@require_http_methods(["GET", "HEAD", "POST"])
def snapshots(request: StaffRequest) -> HttpResponse:
    """The snapshots there are; POST takes one more, which the service allows only some."""
    if request.method == "POST":
        snapshot = services.take_snapshot(by=request.user)
        messages.success(request, _("Snapshot %(number)s was taken.") % {"number": snapshot.number})
        return redirect("reporting:snapshots")
    context = {
        "snapshots": services.snapshots(),
        "may_freeze": request.user.has_right(Right.STATISTICS_FREEZE),
        "may_build": request.user.has_right(Right.STATISTICS_BUILD),
        "per_year": services.PER_YEAR,
        "hidden": HIDDEN,
    }
    return render(request, "reporting/snapshots.html", context)
