"""The report for a donor: on the page, as a workbook, as a PDF."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.access import require
from core.downloads import file_answer, gives_file
from core.exceptions import BadInput
from core.http import StaffRequest
from core.rights import Right
from reporting.donors.files import facts_of, to_pdf, to_xlsx
from reporting.donors.report import DonorReport, donor_report, projects_of
from reporting.forms import DonorForm

FILES = {
    "xlsx": (to_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "pdf": (to_pdf, "application/pdf"),
}


@require(Right.BUDGET_SEE)
@require_safe
def report(request: StaffRequest) -> HttpResponse:
    """What was paid for a project, or for the first one, in some months, or this year."""
    form = _form(request)
    context: dict[str, object] = {"form": form}
    if form.is_valid():
        found = donor_report(**form.cleaned_data, by=request.user)
        context |= {"report": found, "query": request.GET.urlencode()}
        context["lines"] = [(one, facts_of(one)) for one in found.statements]
        if found.helped:
            context["helped"] = _helped(found)
    return render(request, "reporting/donor.html", context)


@gives_file
@require(Right.BUDGET_SEE)
@require_safe
def report_file(request: StaffRequest, form: str) -> HttpResponse:
    """The same as a file, after a recent sign-in."""
    asked = _form(request)
    if not asked.is_valid():
        raise BadInput(_("There is no such project, or these are no whole months."))
    make, media_type = FILES[form]
    found = donor_report(**asked.cleaned_data, by=request.user, is_taken_out=True)
    name = f"report-{found.begins:%Y-%m-%d}-{found.ends:%Y-%m-%d}.{form}"
    return file_answer(make(found), media_type, name)


def _form(request: StaffRequest) -> DonorForm:
    projects = projects_of(request.user)
    return DonorForm(request.GET or DonorForm.first(projects), projects=projects)


def _helped(found: DonorReport) -> dict[str, object]:
    table = found.helped
    assert table is not None
    [layer] = table.layers
    lines = list(zip(table.rows, layer.cells, layer.row_totals, strict=True))
    return {"table": table, "layer": layer, "lines": lines}
