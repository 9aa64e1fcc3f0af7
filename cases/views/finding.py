"""Lists and search."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.access import access_to
from cases.forms import SearchForm
from cases.lists import Wanted, count_cases
from cases.models import Case, CaseStatus
from cases.search.live import live_index
from cases.selectors import CaseRow, case_page, case_rows
from cases.services.glass import restricted_case
from cases.services.matching import whom_to_ask
from core.access import require
from core.http import StaffRequest
from core.rights import Right

COUNTED = 1_000  # where counting a list ends: a number would cost more than the page
SEARCHED = "searched"  # in the session: what was asked for, until the answer is shown


@require_GET
@require(Right.CASE_READ)
@vary_on_headers("HX-Request")
def case_list(request: StaffRequest) -> HttpResponse:
    """The person's cases, last changed first, filtered by status and by whose they are."""
    status = request.GET.get("status", "")
    wanted = Wanted(
        status=status if status in CaseStatus.values else "",
        is_own=bool(request.GET.get("mine")),
    )
    rows, more = case_page(request.user, before=_uuid(request.GET.get("before")), wanted=wanted)
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "rows": rows,
        "more": more,
        "how_many": _how_many(request.user, wanted),
        "query": query.urlencode(),
        "statuses": [
            choice
            for choice in CaseStatus.choices
            if choice[0] != CaseStatus.ERASED or request.user.has_right(Right.ERASURE_DECIDE)
        ],
        "status": wanted.status,
        "mine": wanted.is_own,
        "is_first_page": "before" not in request.GET,
        "may_register": request.user.has_right(Right.CASE_REGISTER),
        "may_assign": request.user.has_right(Right.CASE_ASSIGN),
    }
    template = "cases/list.html" + ("#cases" if request.htmx else "")
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_SEARCH)
def search(request: StaffRequest) -> HttpResponse:
    """Find a case by name, number or reference. The text is posted: it never stands in an address.

    The answer is a redirect, and the text waits for it in the sealed session: a browser writes what
    the page on its screen was posted with to its disk.
    """
    form = SearchForm(request.POST or None)
    if form.is_valid():
        text = form.cleaned_data["q"].strip()
        if _by_reference(request, text) or restricted_case(request.user, text.upper()):
            return redirect("cases:detail", reference=text.upper())
        request.session[SEARCHED] = text
        return redirect("cases:search")
    rows, to_ask = None, []
    if not form.is_bound and (text := request.session.pop(SEARCHED, "")):
        form = SearchForm(initial={"q": text})
        rows = cases_found(request, text)
        to_ask = whom_to_ask(text, by=request.user)
    context = {
        "form": form,
        "rows": rows,
        "to_ask": to_ask,
        "may_register": request.user.has_right(Right.CASE_REGISTER),
    }
    return render(request, "cases/search.html", context, status=422 if form.is_bound else 200)


def _how_many(user: User, wanted: Wanted) -> str:
    count = count_cases(user, most=COUNTED + 1, wanted=wanted)
    if count > COUNTED:
        return gettext("More than %s cases") % number_format(COUNTED, force_grouping=True)
    return ngettext("%d case", "%d cases", count) % count


def cases_found(request: StaffRequest, text: str) -> list[CaseRow]:
    """Rows of what the index finds; the search is recorded with its text under seal."""
    ids = live_index.find(text, by=request.user)
    details = {"text": text}
    rows = case_rows(ids, by=request.user, verb=Verb.CASE_SEARCHED, details=details)
    if not rows:
        trail.record(Verb.CASE_SEARCHED, by=request.user, details=details)
    return rows


def _by_reference(request: StaffRequest, text: str) -> list[UUID]:
    """The case of this reference, when the person sees it."""
    ids = list(Case.objects.filter(reference=text.upper()).values_list("pk", flat=True))
    return list(access_to(request.user, ids))


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
