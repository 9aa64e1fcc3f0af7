"""Pages of the statistics: the table builder, its files, and the snapshots behind them."""

from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.timezone import localtime
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from cases import saved_lists
from cases.saved_lists import LONGEST
from core.access import require
from core.downloads import file_answer, gives_file
from core.exceptions import BadInput
from core.http import StaffRequest
from core.rights import Right
from jobs import services as jobs
from reporting import services
from reporting.charts import bar_chart, can_be_drawn, to_svg
from reporting.datasheets import to_datasheet
from reporting.exports import to_csv, to_json, to_xlsx
from reporting.forms import FIRST_TABLE, SaveTableForm, TableForm
from reporting.long_work import SNAPSHOT
from reporting.maps import choropleth, note
from reporting.models import Snapshot
from reporting.papers import to_pdf
from reporting.tables import HIDDEN, Layer, Table

FILES: dict[str, tuple[Callable[..., bytes], str]] = {
    "csv": (to_csv, "text/csv; charset=utf-8"),
    "xlsx": (to_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "json": (to_json, "application/json"),
    "pdf": (to_pdf, "application/pdf"),
    "svg": (to_svg, "image/svg+xml"),
    "datasheet": (to_datasheet, "application/json"),
}
DRAWN = ("pdf", "svg")  # forms with a chart
FOR_PROGRAMS = ("json", "datasheet")  # in the one language that programs are answered in
ENDINGS = {"datasheet": "data-sheet.json"}  # else the form's own name


@require(Right.STATISTICS_BUILD)
@require_safe
def table(request: StaffRequest) -> HttpResponse:
    """The builder, with the table and chart that the query names, or a first one."""
    snapshot = services.latest_snapshot()
    if snapshot is None:
        return _page(request, None, None)
    form = TableForm(request.GET or FIRST_TABLE, surface=services.surface_of(snapshot.pk))
    return _page(request, snapshot, form)


@require(Right.STATISTICS_BUILD)
@require_safe
def kept_table(request: StaffRequest, table: str, number: int = 0) -> HttpResponse:
    """The table of an address that was kept. The latest snapshot answers, whichever it was made of."""
    snapshot = services.current_snapshot()
    form = TableForm.of_table(table, services.surface_of(snapshot.pk), chart=_chart_of(request))
    made_of = services.snapshot_of(number) if number else snapshot
    return _page(request, snapshot, form, made_of=made_of)


def _page(
    request: StaffRequest,
    snapshot: Snapshot | None,
    form: TableForm | None,
    *,
    made_of: Snapshot | None = None,
    save_form: SaveTableForm | None = None,
) -> HttpResponse:
    context: dict[str, object] = {
        "snapshot": snapshot,
        "made_of": made_of,
        "may_freeze": request.user.has_right(Right.STATISTICS_FREEZE),
    }
    if form:
        context["form"] = form
        context["saved"] = _saved_tables(request.user)
        if form.is_valid() and (found := _table_or_errors(request, form)):
            context["table"] = found
            context["layers"] = _with_charts(found, stacked=form.is_stacked)
            context["is_drawn"] = can_be_drawn(found)
            context["map_note"] = note()
            context["drawing"] = "?chart=stacked" if form.is_stacked else ""
            name = found.title if len(found.title) <= LONGEST else ""
            initial = {"table": found.definition.id, "name": name}
            context["save_form"] = save_form or SaveTableForm(initial=initial)
    template = "reporting/table.html#result" if _wants_fragment(request) else "reporting/table.html"
    return render(request, template, context, status=422 if save_form else 200)


def _chart_of(request: StaffRequest) -> str:
    return request.GET.get("chart", "")


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
            "chart": _chart(found, layer, f"chart-{number}", stacked),
            "map": choropleth(found, layer, name=f"map-{number}"),
        }
        for number, layer in enumerate(found.layers)
    ]


def _chart(found: Table, layer: Layer, name: str, stacked: bool) -> str:
    """The chart of a layer; none of one in which every figure is hidden."""
    rows = [*layer.cells, layer.row_totals]
    if all(cell.number is None for row in rows for cell in row):
        return ""
    return bar_chart(found, layer, name=name, stacked=stacked)


def _wants_fragment(request: StaffRequest) -> bool:
    htmx = getattr(request, "htmx", None)
    return bool(htmx) and not (htmx.boosted or htmx.history_restore_request)


@gives_file
@require(Right.STATISTICS_BUILD)
@require_safe
def table_file(request: StaffRequest, table: str, form: str) -> HttpResponse:
    """A table of the latest snapshot as a file, after a recent sign-in."""
    surface = services.surface_of(services.current_snapshot().pk)
    asked = TableForm.of_table(table, surface, chart=_chart_of(request))
    make, media_type = FILES[form]
    options = {"stacked": asked.is_stacked} if form in DRAWN else {}
    with override(settings.LANGUAGE_CODE if form in FOR_PROGRAMS else get_language()):
        found = services.export_table(asked.definition, by=request.user, form=form)
        made = make(found, **options)
    name = f"statistics-{localtime(found.taken_at):%Y-%m-%d}.{ENDINGS.get(form, form)}"
    return file_answer(made, media_type, name)


@require(Right.STATISTICS_BUILD)
@require_POST
def save_table(request: StaffRequest) -> HttpResponse:
    """Save a table under a name that the person gives it."""
    snapshot = services.current_snapshot()
    surface = services.surface_of(snapshot.pk)
    save_form = SaveTableForm(request.POST)
    form = TableForm.of_table(request.POST.get("table", ""), surface)
    if save_form.is_valid():
        table = [("table", form.definition.id)]
        try:
            saved_lists.save_list(
                save_form.cleaned_data["name"], table, page=saved_lists.TABLES, by=request.user
            )
            messages.success(request, _("The table is saved."))
            return redirect("reporting:kept", form.definition.id)
        except BadInput as error:
            save_form.add_error("name", str(error.message))
    return _page(request, snapshot, form, save_form=save_form)


@require(Right.STATISTICS_BUILD)
@require_POST
def saved_table(request: StaffRequest, saved: UUID) -> HttpResponse:
    """Remove one of the person's saved tables."""
    saved_lists.remove_list(saved, page=saved_lists.TABLES, by=request.user)
    messages.success(request, _("The saved table is removed."))
    return redirect("reporting:table")


def _saved_tables(user: User) -> list[tuple[saved_lists.Saved, str]]:
    """What the person saved, each with the id of its table."""
    saved = saved_lists.saved_lists(user, page=saved_lists.TABLES)
    return [(one, QueryDict(one.query).get("table", "")) for one in saved]


@require(Right.STATISTICS_BUILD, Right.STATISTICS_FREEZE)
@require_http_methods(["GET", "HEAD", "POST"])
def snapshots(request: StaffRequest) -> HttpResponse:
    """The snapshots there are; POST has one more taken, which the service allows only some."""
    if request.method == "POST":
        return redirect("jobs:job", jobs.ask(SNAPSHOT, by=request.user, parameters={}).pk)
    context = {
        "snapshots": services.snapshots(),
        "may_freeze": request.user.has_right(Right.STATISTICS_FREEZE),
        "may_build": request.user.has_right(Right.STATISTICS_BUILD),
        "per_year": services.PER_YEAR,
        "hidden": HIDDEN,
    }
    return render(request, "reporting/snapshots.html", context)
