"""Merging a duplicate into a case, and taking that back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cases.forms import MergeForm
from cases.merges import persons_beside
from cases.selectors import get_case_for
from cases.services import merging
from cases.views.frame import case_frame
from cases.views.linking import other_case
from core.access import require
from core.exceptions import BadInput, Conflict, NotAllowed, NotFound, WrongState
from core.http import StaffRequest
from core.rights import Right


@require_http_methods(["GET", "POST"])
@require(Right.CASE_MERGE)
def merge(request: StaffRequest, reference: str) -> HttpResponse:
    """Name the duplicate, compare the two persons, merge: one address for all three."""
    case, access = get_case_for(request.user, reference)
    merging.check_can_merge(request.user, case)
    form, compared, is_sent = MergeForm(request.POST or None), [], request.method == "POST"
    if is_sent and form.is_valid():
        try:
            typed = form.cleaned_data["other"]
            duplicate = other_case(request, typed, merging.check_can_merge)
            if "confirmed" in request.POST:
                reason = form.cleaned_data["reason"]
                merging.merge_cases(duplicate, case, reason=reason, by=request.user)
                messages.success(request, _("The duplicate is closed; both cases name each other."))
                return redirect("cases:detail", reference=reference)
            compared = persons_beside(duplicate, case, by=request.user)
        except (BadInput, Conflict, NotFound, WrongState) as error:
            form.add_error("other", str(error.message))
    status = 422 if is_sent and not compared else 200
    context = case_frame(request, case, access) | {"form": form, "compared": compared}
    return render(request, "cases/merge.html", context, status=status)


@require_POST
@require(Right.CASE_MERGE)
def undo_merge(request: StaffRequest, reference: str) -> HttpResponse:
    """Take it back: the duplicate is a case of its own again."""
    case, _access = get_case_for(request.user, reference)
    try:
        merging.undo_merge(case, reason=request.POST.get("note", ""), by=request.user)
        messages.success(request, _("The case is one of its own again."))
    except (BadInput, Conflict, NotAllowed, WrongState) as error:
        messages.error(request, str(error.message))
    return redirect("cases:detail", reference=reference)
