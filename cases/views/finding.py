"""Lists and search."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases import saved_lists
from cases.access import access_to
from cases.forms import SearchForm
from cases.list_forms import USUAL, ListForm, SaveListForm
from cases.lists import ALL, Sort, Wanted, count_cases
from cases.models import Case
from cases.search.live import live_index
from cases.selectors import CaseRow, case_page, case_rows
from cases.services.glass import restricted_case
from cases.services.matching import whom_to_ask
from core.access import require
from core.exceptions import BadInput
from core.http import StaffRequest
from core.rights import Right

COUNTED = 1_000  # where counting a list ends: a number would cost more than the page
SEARCHED = "searched"  # in the session: what was asked for, until the answer is shown


@require_GET
@require(Right.CASE_READ)
@vary_on_headers("HX-Request")
def case_list(request: StaffRequest) -> HttpResponse:
    """The person's cases, as the address says: filter, order, columns. Without any, their first view."""
    saved = saved_lists.saved_lists(request.user)
    form = ListForm(request.GET or saved_lists.first_of(saved), user=request.user)
    template = "cases/list.html" + ("#cases" if request.htmx else "")
    return render(request, template, _list_context(request, form, saved, SaveListForm()))


def _list_context(
    request: StaffRequest, form: ListForm, saved: list[saved_lists.Saved], save_form: SaveListForm
) -> dict[str, Any]:
    wanted, sort, pairs = form.wanted, form.order, form.pairs()
    before = _uuid(request.GET.get("before"))
    rows, more = case_page(request.user, before=before, wanted=wanted, sort=sort)
    return {
        "form": form,
        "saved": saved,
        "save_form": save_form,
        "rows": rows,
        "more": more,
        "how_many": _how_many(request.user, wanted),
        "columns": form.shown,
        "is_by_change": sort is Sort.CHANGED,
        "is_filtered": wanted != ALL,
        "pairs": pairs,
        "query": urlencode(pairs),
        "is_first_page": "before" not in request.GET,
        "may_register": request.user.has_right(Right.CASE_REGISTER),
        "may_assign": request.user.has_right(Right.CASE_ASSIGN),
    }


@require_POST
@require(Right.CASE_READ)
def save_list(request: StaffRequest) -> HttpResponse:
    """Save what the list shows now under a name: filter, order and columns, as its form takes them."""
    form = ListForm(request.POST, user=request.user)
    save_form = SaveListForm(request.POST)
    if save_form.is_valid():
        name, is_first = save_form.cleaned_data["name"], save_form.cleaned_data["is_first"]
        try:
            saved_lists.save_list(name, form.pairs(), is_first=is_first, by=request.user)
            messages.success(request, gettext("The list is saved."))
            return redirect(f"{reverse('cases:list')}?{urlencode(form.pairs())}")
        except BadInput as error:
            save_form.add_error("name", str(error.message))
    saved = saved_lists.saved_lists(request.user)
    context = _list_context(request, form, saved, save_form)
    return render(request, "cases/list.html", context, status=422)


@require_POST
@require(Right.CASE_READ)
def saved_list(request: StaffRequest, saved: UUID) -> HttpResponse:
    """What is done with a saved list, as `act` says: open with it, open with all cases, or remove it."""
    match request.POST.get("act"):
        case "remove":
            saved_lists.remove_list(saved, by=request.user)
        case "first":
            saved_lists.open_with(saved, by=request.user)
        case "usual":
            saved_lists.open_with(None, by=request.user)
        case _:
            raise BadInput(gettext("There is no such act."))
    messages.success(request, gettext("Saved."))
    return redirect(f"{reverse('cases:list')}?sort={Sort.CHANGED}")


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
        "columns": USUAL,
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
