"""Money on a case: what assistance is planned to cost, who approved it, and what was paid.

Amounts are decimals, to the cent. Nothing that was paid is changed or taken away: it is reversed by an
entry of its own, here and in the ledger of the budget line (assistance/money/budgets.py).
"""

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from assistance.models import BudgetLine, Cost, Payment
from assistance.money.budgets import book, line_of
from assistance.sections import CostContent, PaymentContent
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.approvals import State, approved_versions, standings
from cases.door import Sections
from cases.models import Case
from cases.services.casework import check_can_write, locked
from cases.services.retention import lock_living
from core.exceptions import BadInput, Conflict, NotAllowed, WrongState
from core.rights import Right

FINANCIAL = "financial"
CENT = Decimal("0.01")


# --- What is planned ------------------------------------------------------------------
def plan_cost(case: Case, content: CostContent, *, by: User) -> Cost:
    """Record what a piece of assistance is to cost. Raises NotAllowed, and BadInput without a rate.

    Must not run inside a transaction: the other costs are opened first, which count towards approval.
    """
    check_may_record(by, case)
    _check_line(case, content)
    row = Cost(case=case, recorded_on=timezone.localdate(), recorded_by=by)
    row.waits = _waits(row, content, by)
    row.put("content", content)
    row.take(content)
    trail.save(row, verb=Verb.COST_PLANNED, by=by)
    return row


def change_cost(cost: Cost, content: CostContent, *, revision: int, by: User) -> Cost:
    """Plan otherwise. An approval of what was planned before does not count for it.

    Raises NotAllowed, BadInput, Conflict when it is no longer at `revision`, and WrongState when
    something is paid that was not reversed. Must not run inside a transaction.
    """
    check_may_record(by, cost.case)
    _check_line(cost.case, content)
    waits = _waits(cost, content, by)
    with transaction.atomic():
        lock_living(cost.case)
        row = locked(cost, revision)
        if Payment.objects.filter(cost=cost, reverses=None, reversed_by=None).exists():
            raise WrongState(
                _("Something of this is paid. Reverse the payment first, or plan another cost.")
            )
        row.put("content", content)
        row.take(content)
        row.waits = waits
        trail.save(row, verb=Verb.COST_CHANGED, by=by)
    return row


def check_may_record(by: User, case: Case) -> None:
    """Raise NotAllowed unless this person may write about the money of this case."""
    if not by.has_right(Right.ASSISTANCE_RECORD):
        raise NotAllowed(_("Your role does not include recording assistance."))
    check_can_write(by, case, FINANCIAL)


def _waits(cost: Cost, content: CostContent, by: User) -> bool:
    """Would this have to be approved, beside the other costs of the case?"""
    others = list(Cost.objects.filter(case=cost.case_id).exclude(pk=cost.pk))
    opened = door.open_rows(others, by=by, classes=[FINANCIAL])
    return needs_approval(
        content, line_of(content.line), [content, *(_content(sections) for sections in opened)]
    )


def _check_line(case: Case, content: CostContent) -> None:
    line = line_of(content.line)
    if line is not None and line.organisation_id != case.office.organisation_id:
        raise BadInput(_("This budget line is another organisation's. Choose one from the list."))
    in_line(content.planned or Decimal(0), content.currency, line, content.rate)


# --- What is paid ---------------------------------------------------------------------
def pay(
    cost: Cost,
    *,
    amount: Decimal,
    paid_on: date,
    receipt: str,
    rate: Decimal | None = None,
    rate_on: date | None = None,
    revision: int,
    by: User,
) -> Payment:
    """Record that so much of a planned cost was paid, and book it on the budget line.

    `amount` is in the currency of the cost; `rate` is what one unit of it costs in that of the line.
    Raises NotAllowed; BadInput for a sum that is none, or without a rate where one is needed; Conflict
    when the cost is no longer at `revision` or was paid meanwhile; WrongState when it is more than is
    planned, not approved, or not covered by the line. Must not run inside a transaction.
    """
    check_may_record(by, cost.case)
    if amount <= 0 or amount != amount.quantize(CENT):
        raise BadInput(_("Enter an amount above zero."))
    costs = list(Cost.objects.filter(case=cost.case))
    earlier = approved_versions([cost])
    payments = list(Payment.objects.filter(cost=cost))
    rows = [*costs, *earlier, *payments]
    if not any(row.pk == cost.pk and row.revision == revision for row in costs):
        raise Conflict(_("The plan was changed meanwhile. Look at it again."))
    opened = dict(zip(rows, door.open_rows(rows, by=by, classes=[FINANCIAL]), strict=True))
    contents = {row.pk: _content(opened[row]) for row in costs}
    content = contents[cost.pk]
    _check_left(content, [opened[row] for row in payments], amount)
    own = [(row, sections) for row, sections in opened.items() if row in (cost, *earlier)]
    is_approved = standings(own, by=by)[cost.pk].state == State.APPROVED
    with transaction.atomic():
        case = lock_living(cost.case)
        locked(cost, revision)
        if Payment.objects.filter(cost=cost).count() != len(payments):
            raise Conflict(_("Somebody else recorded a payment meanwhile. Look at it again."))
        line = line_of(content.line, lock=True)
        if line is not None and line.organisation_id != case.office.organisation_id:
            raise BadInput(  # the case came from there
                _("The budget line of this plan is another organisation's. Change the plan first.")
            )
        booked = in_line(amount, content.currency, line, rate)
        is_large = line is not None and booked > line.approval_above  # at the rate of the day
        if not is_approved and (is_large or needs_approval(content, line, contents.values())):
            raise WrongState(_("This has to be approved by somebody else before it is paid."))
        entry = book(line, kind=content.kind, amount=booked, on=paid_on, by=by) if line else None
        payment = Payment(case=case, cost=cost, recorded_on=timezone.localdate(), recorded_by=by)
        payment.put(
            "content",
            PaymentContent(
                amount=amount,
                currency=content.currency,
                rate=rate,
                rate_on=rate_on,
                booked=booked if line else None,
                line=content.line,
                kind=content.kind,
                ledger=str(entry.pk) if entry else "",
                receipt=receipt,
                paid_on=paid_on,
            ),
        )
        trail.save(payment, verb=Verb.PAYMENT_MADE, by=by)
    return payment


def reverse(payment: Payment, *, reason: str, by: User) -> Payment:
    """Take a payment back by an entry of the same sum with the other sign; both stay.

    Raises NotAllowed, BadInput without a reason, and WrongState when it is a reversal or was reversed.
    Must not run inside a transaction.
    """
    check_may_record(by, payment.case)
    if not reason.strip():
        raise BadInput(_("Say why the payment is reversed."))
    [sections] = door.open_rows([payment], by=by, classes=[FINANCIAL])
    content = sections["content"]
    assert isinstance(content, PaymentContent) and content.amount is not None
    with transaction.atomic():
        case = lock_living(payment.case)
        Cost.objects.select_for_update().get(pk=payment.cost_id)
        if payment.reverses_id or Payment.objects.filter(reverses=payment).exists():
            raise WrongState(_("This was reversed already."))
        today = timezone.localdate()
        line, ledger = line_of(content.line, lock=True), ""
        if line is not None and content.booked is not None:
            entry = book(line, kind=content.kind, amount=-content.booked, on=today, by=by)
            ledger = str(entry.pk)
        row = Payment(
            case=case, cost=payment.cost, reverses=payment, recorded_on=today, recorded_by=by
        )
        taken_back = msgspec.structs.replace(
            content,
            amount=-content.amount,
            booked=None if content.booked is None else -content.booked,
            ledger=ledger,
            paid_on=today,
            reason=reason.strip(),
        )
        row.put("content", taken_back)
        trail.save(row, verb=Verb.PAYMENT_REVERSED, by=by)
    return row


# --- Sums -----------------------------------------------------------------------------
def paid_of(payments: Iterable[Sections]) -> Decimal:
    """What these payments come to, reversals among them, in the currency of their cost."""
    found = (sections.get("content") for sections in payments)
    amounts = (one.amount for one in found if isinstance(one, PaymentContent) and one.amount)
    return sum(amounts, Decimal(0))


def needs_approval(
    content: CostContent, line: BudgetLine | None, all_costs: Iterable[CostContent]
) -> bool:
    """Does this cost have to be approved before it is paid?

    It does above the threshold of its budget line, judged by all that the same record of assistance
    costs on that line: a sum that is cut into pieces needs it, too. Without a line it always does.
    """
    if line is None:
        return True
    together = (
        in_line(one.planned, one.currency, line, one.rate)
        for one in all_costs
        if one.assistance == content.assistance and one.line == content.line and one.planned
    )
    return sum(together, Decimal(0)) > line.approval_above


def in_line(
    amount: Decimal, currency: str, line: BudgetLine | None, rate: Decimal | None
) -> Decimal:
    """An amount in the currency of the line, to the cent, half a cent away from zero.

    Raises BadInput without a rate where the currencies differ.
    """
    if line is None or currency == line.currency:
        return amount
    if not rate:
        raise BadInput(_("Enter the exchange rate: the budget line is kept in another currency."))
    return (amount * rate).quantize(CENT, ROUND_HALF_UP)


def _check_left(content: CostContent, payments: Iterable[Sections], amount: Decimal) -> None:
    if content.planned is None or amount > content.planned - paid_of(payments):
        raise WrongState(_("This is more than is planned and not paid yet. Change the plan first."))


def _content(sections: Sections) -> CostContent:
    content = sections["content"]
    assert isinstance(content, CostContent)
    return content
