"""Taking cases out in a workbook: asking for it, deciding on it, collecting it."""

from collections import defaultdict
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.confirming import confirmed
from audit.refusals import refused
from cases.models import Case, ExportState, WorkbookRequest
from cases.services import two_people, workbooks
from cases.workbook_forms import WorkbookForm
from cases.workbooks.gathering import classes_for
from core.access import require
from core.classes import PERSONAL, SHORT_NAMES
from core.exceptions import BadInput
from core.http import StaffRequest
from core.rights import Right


@require_http_methods(["GET", "POST"])
@require(Right.CASE_EXPORT)
@confirmed
def ask(request: StaffRequest) -> HttpResponse:
    """Ask to take cases out."""
    user, is_sent = request.user, request.method == "POST"
    form = WorkbookForm(request.POST if is_sent else None)
    if is_sent and form.is_valid():
        data = form.cleaned_data
        days = {"since": data["since"], "until": data["until"]}
        about = {name: data[name] for name in ("purpose", "recipient", "note")}
        try:
            cases = workbooks.wanted_cases(user, references=data["references"], **days)
            asked = workbooks.ask_for_workbook(cases, **about, by=user)
            messages.success(request, _("You asked for the workbook. Somebody else decides."))
            return redirect("cases:workbook", asked.pk)
        except BadInput as error:
            if isinstance(error, workbooks.NotSeen):
                refused(request, cases=error.cases)
            form.add_error("references", str(error.message))
    context = {
        "form": form,
        "asked": workbooks.asked_by(user),
        "classes": [SHORT_NAMES[cls] for cls in sorted(classes_for(user))],
        "missing": [SHORT_NAMES[cls] for cls in sorted(PERSONAL - classes_for(user))],
    }
    return render(request, "cases/workbooks.html", context, status=422 if is_sent else 200)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_EXPORT, Right.EXPORT_DECIDE)
@confirmed
def workbook(request: StaffRequest, asked: UUID) -> HttpResponse:
    """A workbook that was asked for: decide on it, or collect it."""
    found = workbooks.request_for(request.user, asked)
    note = request.POST.get("note", "")
    match request.POST.get("act"):
        case "collect":
            return redirect("jobs:job", workbooks.have_made(found, by=request.user).pk)
        case "approve":
            workbooks.approve_workbook(found, note=note, by=request.user)
            messages.success(request, _("Approved. Whoever asked has an hour to collect it."))
        case "decline":
            workbooks.decline_workbook(found, note=note, by=request.user)
            messages.success(request, _("Declined. Nothing goes out."))
        case _act:
            return render(request, "cases/workbook.html", _context(request, found))
    return redirect("home")


def _context(request: StaffRequest, asked: WorkbookRequest) -> dict[str, object]:
    is_own = asked.asked_by_id == request.user.pk
    cases = Case.objects.filter(pk__in=asked.cases).order_by("reference")
    staying: dict[str, list[str]] = defaultdict(list)
    for one in workbooks.staying(asked, by=request.user) if is_own else []:
        staying[one.reason].append(one.reference)
    return {
        "asked": asked,
        "ends": two_people.ends(asked),
        "note": workbooks.note_of(asked),
        "is_own": is_own,
        "references": list(cases.values_list("reference", flat=True)),
        "staying": dict(staying),
        "how_many_stay": sum(map(len, staying.values())),
        "may_collect": is_own and asked.state == ExportState.APPROVED,
        "may_decide": not is_own and asked.state == ExportState.ASKED,
        "classes": [SHORT_NAMES[cls] for cls in asked.classes],
    }
