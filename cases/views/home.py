"""The start page: what this person's roles are for."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audit.verbs import Verb
from cases.access import newest_cases
from cases.keeping import waiting_for
from cases.selectors import case_rows
from core.http import StaffRequest
from core.rights import Right

RECENT = 8


@require_GET
def home(request: StaffRequest) -> HttpResponse:
    """Newest cases for those who hold any, and a way to each thing the roles include."""
    rows = []
    if request.user.has_right(Right.CASE_READ):
        ids = newest_cases(request.user, before=None, limit=RECENT, filters={})
        rows = case_rows(ids, by=request.user, verb=Verb.CASE_LISTED)
    may = {right.name: request.user.has_right(right) for right in Right}
    context = {
        "rows": rows,
        "may": may,
        "waiting": waiting_for(request.user),
        "roles": request.user.roles,
    }
    return render(request, "home.html", context)
