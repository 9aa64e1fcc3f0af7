"""The trail of one case."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cases.selectors import get_case_or_tombstone_for
from cases.trail import trail_of
from cases.views.frame import case_frame
from core.access import require
from core.http import StaffRequest
from core.rights import Right


@require_GET
@require(Right.CASE_AUDIT)
def case_trail(request: StaffRequest, reference: str) -> HttpResponse:
    """Who read and who changed what, newest first."""
    case, access = get_case_or_tombstone_for(request.user, reference)
    position = request.GET.get("before", "")
    before = int(position) if position.isdecimal() and len(position) < 19 else None
    show = request.GET.get("show", "")
    lines, more = trail_of(case, by=request.user, before=before, show=show)
    context = case_frame(request, case, access) | {
        "lines": lines,
        "more": more,
        "show": show if show in ("reads", "changes") else "",
        "is_first_page": before is None,
    }
    return render(request, "cases/trail.html", context)
