"""Pages of costs and payments. Whatever they show of a case went through the door."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from assistance.models import BudgetLine, Cost, Payment
from assistance.money import costs
from assistance.money.budgets import lines_for
from assistance.money.forms import CostForm, PayForm, ReverseForm
from assistance.sections import Assistance as Content
from assistance.sections import CostContent, FinancialAssistance, PaymentContent
from assistance.views import opened_record
from cases import door
from cases.access import Access
from cases.models import Case
from cases.selectors import get_case_for
from cases.views import changing
from cases.views.frame import case_frame
from core.access import require
from core.exceptions import Conflict, DomainError, NotFound
from core.http import StaffRequest, revision_of
from core.rights import Right

TEMPLATE = "assistance/money.html"


@require_http_methods(["GET", "POST"])
@require(Right.ASSISTANCE_RECORD)
def plan_cost(request: StaffRequest, reference: str, assistance: UUID) -> HttpResponse:
    """Plan what a record of assistance costs."""
    case, access, row, content = opened_record(request, reference, assistance)
    costs.check_may_record(request.user, case)
    base = CostContent(assistance=str(row.pk), kind=content.KIND)
    is_sent = request.method == "POST"
    lines = _lines(case)
    form = CostForm(request.POST if is_sent else None, initial=_proposed(content), lines=lines)
    if is_sent and form.is_valid():
        costs.plan_cost(case, form.content(base), by=request.user)
        messages.success(request, _("The cost is planned."))
        return redirect("cases:detail", reference=reference)
    context = case_frame(request, case, access) | {"form": form, "heading": _("Plan a cost")}
    return render(request, TEMPLATE, context, status=422 if is_sent else 200)


@require_http_methods(["GET", "POST"])
@require(Right.ASSISTANCE_RECORD)
def change_cost(request: StaffRequest, reference: str, cost: UUID) -> HttpResponse:
    """Plan a cost otherwise; what it said before stays in its history."""
    case, access, row, content = _opened_cost(request, reference, cost)
    lines = _lines(case) | BudgetLine.objects.filter(
        pk=UUID(content.line) if content.line else None
    )
    form = CostForm(request.POST or None, initial=content.as_dict(), lines=lines)

    def write(revision: int) -> None:
        costs.change_cost(row, form.content(content), revision=revision, by=request.user)

    context = case_frame(request, case, access) | {"heading": _("Change a planned cost")}
    return changing.change(request, row, form, write, template=TEMPLATE, context=context)


@require_http_methods(["GET", "POST"])
@require(Right.ASSISTANCE_RECORD)
def pay(request: StaffRequest, reference: str, cost: UUID) -> HttpResponse:
    """Record a payment. What stands in its way is told above the form, with all that was typed."""
    case, access, row, content = _opened_cost(request, reference, cost)
    is_sent = request.method == "POST"
    form = PayForm(request.POST if is_sent else None, initial={"amount": content.planned})
    revision = revision_of(request) if is_sent else row.revision
    refusal: DomainError | None = None
    if is_sent and form.is_valid():
        try:
            costs.pay(row, **form.cleaned_data, revision=revision, by=request.user)
            messages.success(request, _("The payment is recorded."))
            return redirect("cases:detail", reference=reference)
        except DomainError as error:
            if error.status not in (400, 409):
                raise
            refusal = error
            if isinstance(error, Conflict):
                revision = row.revision
    context = case_frame(request, case, access) | {
        "form": form,
        "heading": _("Record a payment"),
        "revision": revision,
        "conflict": refusal and refusal.message,
        "content": content,
    }
    status = refusal.status if refusal else 422 if is_sent else 200
    return render(request, TEMPLATE, context, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.ASSISTANCE_RECORD)
def reverse(request: StaffRequest, reference: str, payment: UUID) -> HttpResponse:
    """Take a payment back by an entry of its own."""
    case, access = get_case_for(request.user, reference)
    row = Payment.objects.filter(pk=payment, case=case).first()
    sections = door.open_rows([row], by=request.user)[0] if row else {}
    content = sections.get("content")
    if row is None or not isinstance(content, PaymentContent):
        raise NotFound(_("There is no such record, or it is not shared with you."))
    costs.check_may_record(request.user, case)
    is_sent = request.method == "POST"
    form = ReverseForm(request.POST if is_sent else None)
    if is_sent and form.is_valid():
        costs.reverse(row, reason=form.cleaned_data["reason"], by=request.user)
        messages.success(request, _("The payment is reversed."))
        return redirect("cases:detail", reference=reference)
    context = case_frame(request, case, access) | {
        "form": form,
        "heading": _("Reverse a payment"),
        "content": content,
    }
    return render(request, TEMPLATE, context, status=422 if is_sent else 200)


def _opened_cost(
    request: StaffRequest, reference: str, cost: UUID
) -> tuple[Case, Access, Cost, CostContent]:
    """A cost, opened, for somebody who may write about money here. Raises NotFound, NotAllowed."""
    case, access = get_case_for(request.user, reference)
    row = Cost.objects.filter(pk=cost, case=case).first()
    sections = door.open_rows([row], by=request.user)[0] if row else {}
    content = sections.get("content")
    if row is None or not isinstance(content, CostContent):
        raise NotFound(_("There is no such record, or it is not shared with you."))
    costs.check_may_record(request.user, case)
    return case, access, row, content


def _lines(case: Case):  # type: ignore[no-untyped-def]
    return lines_for(case.office.organisation_id, timezone.localdate())


def _proposed(content: Content) -> dict[str, object]:
    """What financial assistance names as its amount is what it costs."""
    if not isinstance(content, FinancialAssistance):
        return {}
    return {"planned": content.amount, "currency": content.currency or "BYN"}
