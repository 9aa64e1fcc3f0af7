"""The end of a case: closing and reopening it, the legal hold, and how long cases are kept."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cases.keeping_forms import CloseForm, NoteForm, YearsForm
from cases.models import CLOSED
from cases.selectors import get_case_for
from cases.services import retention
from cases.services.casework import check_can_write
from cases.views.frame import case_frame
from core.access import require
from core.exceptions import BadInput, Conflict
from core.http import StaffRequest
from core.rights import Right


@require_http_methods(["GET", "POST"])
@require(Right.CASE_CLOSE)
def close(request: StaffRequest, reference: str) -> HttpResponse:
    """Say how, when and why the work on a case ends."""
    case, access = get_case_for(request.user, reference)
    check_can_write(request.user, case, "narrative")
    if case.status in CLOSED:
        return redirect("cases:detail", reference=reference)
    form = CloseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            retention.close_case(case, by=request.user, **form.cleaned_data)
            messages.success(request, _("The case is closed."))
            return redirect("cases:detail", reference=reference)
        except (BadInput, Conflict) as error:
            form.add_error(None, str(error.message))
    context = case_frame(request, case, access) | {"form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/close.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_CLOSE)
def reopen(request: StaffRequest, reference: str) -> HttpResponse:
    """Go on with a closed case."""
    case, access = get_case_for(request.user, reference)
    check_can_write(request.user, case, "narrative")
    if case.status not in CLOSED:
        return redirect("cases:detail", reference=reference)
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        retention.reopen_case(case, by=request.user, **form.cleaned_data)
        messages.success(request, _("The case is open again."))
        return redirect("cases:detail", reference=reference)
    context = case_frame(request, case, access) | {"form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/reopen.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_HOLD)
def hold(request: StaffRequest, reference: str) -> HttpResponse:
    """Put a case under legal hold, or lift the hold."""
    case, access = get_case_for(request.user, reference)
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        # What the page offered is what is done: another's step in between is a refusal.
        if request.POST.get("act") == "lift":
            retention.lift_hold(case, by=request.user, **form.cleaned_data)
            messages.success(request, _("The legal hold is lifted."))
        else:
            retention.put_on_hold(case, by=request.user, **form.cleaned_data)
            messages.success(request, _("The case is under legal hold: it cannot be erased."))
        return redirect("cases:detail", reference=reference)
    context = case_frame(request, case, access) | {"form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/hold.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.RETENTION_SET)
def rules(request: StaffRequest) -> HttpResponse:
    """See and change for how many years closed cases are kept."""
    years = {kind.value: number for kind, number in retention.years_by_kind().items()}
    form = YearsForm(request.POST or None, initial=years)
    if request.method == "POST" and form.is_valid():
        retention.set_years(form.cleaned_data, by=request.user)
        messages.success(request, _("Saved. The new numbers hold for cases closed from now on."))
        return redirect("cases:retention")
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/retention.html", {"form": form}, status=status)
