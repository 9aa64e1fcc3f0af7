"""The page of decoys. Nothing on any other page tells that a case is one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cases.selectors import decoys_for, get_case_for
from cases.services.decoys import lift_decoy, mark_decoy
from core.access import require
from core.http import StaffRequest
from core.rights import Right


@require_http_methods(["GET", "POST"])
@require(Right.DECOY_MARK)
def decoys(request: StaffRequest) -> HttpResponse:
    """The decoys among the cases this person sees; mark one more, or take a mark away."""
    if request.method == "POST":
        reference = request.POST.get("reference", "").strip().upper()
        if not reference.isprintable():  # PostgreSQL takes no text with a zero byte
            reference = ""
        case, _access = get_case_for(request.user, reference)
        if request.POST.get("act") == "lift":
            lift_decoy(case, by=request.user)
            messages.success(request, _("%s is a case like any other again.") % case.reference)
        else:
            mark_decoy(case, by=request.user)
            messages.success(request, _("%s is a decoy now.") % case.reference)
        return redirect("cases:decoys")
    return render(request, "cases/decoys.html", {"cases": decoys_for(request.user)})
