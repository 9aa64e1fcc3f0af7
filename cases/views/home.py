"""The start page: what this person's roles are for."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from accounts import proposals
from accounts.tour import tour_for
from audit import review
from cases.due import due_for
from cases.keeping import waiting_for
from cases.list_forms import USUAL
from cases.panels import START_LINKS
from cases.selectors import case_page
from cases.services import exports, workbooks
from cases.services.glass import notices_for
from cases.views.work import TITLES
from core.http import StaffRequest
from core.rights import Right

RECENT = 8


@require_GET
def home(request: StaffRequest) -> HttpResponse:
    """The cases that changed last for those who hold any, and a way to each thing the roles include.

    Whoever may see the dashboards and nothing else starts there.
    """
    if {right for role in request.user.roles for right in role.rights} == {Right.STATISTICS_SEE}:
        return redirect("reporting:dashboards")
    rows = []
    if request.user.has_right(Right.CASE_READ):
        rows = case_page(request.user, size=RECENT)[0]
    may = {right.name: request.user.has_right(right) for right in Right}
    context = {
        "rows": rows,
        "columns": USUAL,
        "may": may,
        "waiting": waiting_for(request.user),
        "exports": exports.waiting_for(request.user),
        "workbooks": workbooks.waiting_for(request.user),
        "to_review": _to_review(request.user),
        "to_decide": proposals.waiting_for(request.user),
        "links": [link for made in START_LINKS if (link := made(request.user))],
        "due": [(show, TITLES[show], len(found)) for show, found in due_for(request.user).items()],
        "notices": notices_for(request.user),
        "roles": request.user.roles,
        "tour": [] if request.user.tour_done else tour_for(request.user),
    }
    return render(request, "home.html", context)


def _to_review(user: Any) -> int:
    """Acts that wait for this person's review, those of this minute among them."""
    if not user.has_right(Right.REVIEW):
        return 0
    review.look_through_log(most=review.AT_ONCE)
    return review.waiting_for(user)
