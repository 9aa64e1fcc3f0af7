"""The timeline of a case: what happened, newest first."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cases import door
from cases.selectors import get_case_for
from cases.timeline import Viewer, kinds_for, timeline_of
from cases.views.frame import case_frame
from cases.views.showing import waiting_of
from core.access import require
from core.classes import TELLS_WHO
from core.http import StaffRequest, position_of
from core.rights import Right


@require_GET
@require(Right.CASE_READ)
def timeline(request: StaffRequest, reference: str) -> HttpResponse:
    """What happened in the case, or what of the `?kind=` asked for."""
    case, access = get_case_for(request.user, reference)
    viewer = Viewer(case, request.user, access)
    before = position_of(request)
    kinds = kinds_for(viewer)
    wanted = [kind for kind in kinds if kind.code == request.GET.get("kind")]
    opening = partial(door.open_rows, by=request.user, closed=TELLS_WHO, withhold=True)
    context = case_frame(request, case, access) | waiting_of(request, access)
    context |= {
        "page": timeline_of(viewer, wanted or kinds, before=before, opening=opening),
        "kinds": kinds,
        "kind": wanted[0].code if wanted else "",
        "is_first_page": before is None,
    }
    return render(request, "cases/timeline.html", context)
