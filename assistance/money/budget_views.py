"""Pages of budget lines, for those who manage them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from assistance.models import BudgetLine
from assistance.money import budgets
from assistance.money.forms import BudgetLineForm
from core.access import require
from core.exceptions import Conflict
from core.http import StaffRequest, revision_of
from core.rights import Right


@require_GET
@require(Right.BUDGET_SEE)
def lines(request: StaffRequest) -> HttpResponse:
    """The budget lines of one's organisation, and what is left of each."""
    found = budgets.balances(budgets.lines_of(request.user), by=request.user)
    may_set = request.user.has_right(Right.BUDGET_SET)
    may_offer = request.user.has_right(Right.OFFER_SET)
    context = {"balances": found, "may_set": may_set, "may_offer": may_offer}
    return render(request, "budgets/list.html", context)


@require_http_methods(["GET", "POST"])
@require(Right.BUDGET_SET)
def new(request: StaffRequest) -> HttpResponse:
    """Set up a line."""
    is_sent = request.method == "POST"
    form = BudgetLineForm(request.POST if is_sent else None)
    if is_sent and form.is_valid() and _is_free(form, request):
        budgets.set_line(BudgetLine(**form.values()), by=request.user)
        messages.success(request, _("The budget line is set up."))
        return redirect("budgets:list")
    context = {"form": form, "heading": _("New budget line")}
    return render(request, "budgets/form.html", context, status=422 if is_sent else 200)


@require_http_methods(["GET", "POST"])
@require(Right.BUDGET_SET)
def change(request: StaffRequest, line: UUID) -> HttpResponse:
    """Change a line."""
    row = budgets.line_for(request.user, line)
    is_sent = request.method == "POST"
    form = BudgetLineForm(request.POST if is_sent else None, initial=BudgetLineForm.initial_of(row))
    revision, conflict = revision_of(request) if is_sent else row.revision, ""
    if is_sent and form.is_valid() and _is_free(form, request, row):
        try:
            budgets.change_line(row, form.values(), revision=revision, by=request.user)
            messages.success(request, _("Saved."))
            return redirect("budgets:list")
        except Conflict as error:
            revision, conflict = row.revision, str(error.message)
    status = 409 if conflict else 422 if is_sent else 200
    context = {"form": form, "heading": _("Change a budget line"), "revision": revision}
    return render(request, "budgets/form.html", context | {"conflict": conflict}, status=status)


def _is_free(form: BudgetLineForm, request: StaffRequest, row: BudgetLine | None = None) -> bool:
    """Is the code not another line's? Else the form says so."""
    others = budgets.lines_of(request.user).filter(code=form.cleaned_data["code"])
    if others.exclude(pk=row.pk if row else None).exists():
        form.add_error("code", _("Another line has this code."))
        return False
    return True
