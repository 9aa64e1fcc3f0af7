"""The end of a case: closing and reopening it, the legal hold, and how long cases are kept."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cases.closing import still_open
from cases.keeping_forms import CloseForm, NoteForm, ReopenForm, YearsForm
from cases.models import CLOSED, Closure, ClosureState
from cases.selectors import get_case_for
from cases.services import closing, retention
from cases.services.casework import check_can_write
from cases.views.frame import case_frame
from core.access import require
from core.exceptions import BadInput, NotFound, WrongState
from core.http import StaffRequest
from core.rights import Right


@require_http_methods(["GET", "POST"])
@require(Right.CASE_CLOSE)
def close(request: StaffRequest, reference: str) -> HttpResponse:
    """Ask that a case be closed: how, when and why, and what stands open. Somebody else approves it."""
    case, access = get_case_for(request.user, reference)
    check_can_write(request.user, case, "narrative")
    if case.status in CLOSED or closing.waiting_closure(case) is not None:
        return redirect("cases:detail", reference=reference)
    left = {check.name for check in still_open(case)}
    form = CloseForm(request.POST or None, still_open=left)
    if request.method == "POST" and form.is_valid():
        try:
            closing.ask_closure(case, by=request.user, **form.asked())
            messages.success(
                request, _("Asked for. The case is closed when a supervisor approves.")
            )
            return redirect("cases:detail", reference=reference)
        except (BadInput, WrongState) as error:
            form.add_error(None, str(error.message))
    context = case_frame(request, case, access) | {"form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/close.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_CLOSE, Right.CONTENT_APPROVE)
def send_back(request: StaffRequest, reference: str, closure: UUID) -> HttpResponse:
    """Do not close the case: send the closure back, or withdraw one's own."""
    case, access = get_case_for(request.user, reference)
    row = Closure.objects.filter(pk=closure, case=case).first()
    if row is None or "narrative" not in access.read:
        raise NotFound(_("There is no such closure, or it is not shared with you."))
    if row.state != ClosureState.ASKED:
        raise WrongState(_("This was decided already."))
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        closing.send_back(row, by=request.user, **form.cleaned_data)
        messages.success(request, _("The case stays open."))
        return redirect("cases:detail", reference=reference)
    is_own = row.recorded_by_id == request.user.pk
    context = case_frame(request, case, access) | {"form": form, "is_own": is_own}
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/send_back.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_CLOSE)
def reopen(request: StaffRequest, reference: str) -> HttpResponse:
    """Go on with a closed case."""
    case, access = get_case_for(request.user, reference)
    check_can_write(request.user, case, "narrative")
    if case.status not in CLOSED:
        return redirect("cases:detail", reference=reference)
    form = ReopenForm(request.POST or None)
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
