"""Costs, payments and budget lines: approved by another, never taken away, to the cent."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from random import Random

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from assistance.models import BudgetLine, Cost, LedgerEntry, Payment
from assistance.money import costs as money
from assistance.money.budgets import balances, set_line
from assistance.sections import CostContent, MedicalAssistance
from assistance.services import record_assistance
from audit import trail
from audit.verbs import Verb
from cases import approvals, door
from cases.due import Show, due_for
from cases.services.intake import register_case
from cases.services.transfers import accept_transfer, ask_transfer
from core.exceptions import BadInput, Conflict, NotAllowed, WrongState
from tests.guards import log

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()


def D(amount):
    return Decimal(str(amount))


def make_line(by, code="EU-1", **values):
    return set_line(
        BudgetLine(
            **{
                "code": code,
                "donor": "Donor Z",
                "project": "P-7",
                "begins_on": TODAY - timedelta(days=30),
                "ends_on": TODAY + timedelta(days=30),
                "currency": "BYN",
                "amount_cents": 100_000,
                "above_cents": 20_000,
                "ceilings_cents": {},
            }
            | values
        ),
        by=by,
    )


@pytest.fixture
def line(pavel):
    return make_line(pavel)


@pytest.fixture
def record(case, alena):
    content = MedicalAssistance(diagnosis="Fracture of the wrist")
    return record_assistance(case, content=content, status="delivered", starts_on=TODAY, by=alena)


def plan(case, by, line=None, planned="150.00", **values):
    values = {"kind": "medical", "currency": "BYN", "assistance": "one"} | values
    content = CostContent(planned=D(planned), line=str(line.pk) if line else "", **values)
    return money.plan_cost(case, content, by=by)


def pay(cost, by, amount="150.00", **values):
    values = {"paid_on": TODAY, "receipt": "R-31337", "revision": cost.revision} | values
    return money.pay(cost, amount=D(amount), by=by, **values)


def left(line, by):
    [balance] = balances([BudgetLine.objects.get(pk=line.pk)], by=by)
    return balance.left


def page_of(response):
    return unescape(response.content.decode())


# --- Paying ---------------------------------------------------------------------------
def test_a_small_cost_is_paid_and_the_line_has_less_left(case, alena, pavel, line):
    cost = plan(case, alena, line)
    start = log.size()
    payment = pay(cost, alena)
    written = [Verb.PAYMENT_MADE, Verb.LEDGER_BOOKED]
    assert sorted(set(log.verbs_since(start)) & set(written)) == sorted(written)
    assert left(line, pavel) == D("850.00")
    content = door.open_rows([payment], by=alena)[0]["content"]
    assert (content.amount, content.booked, content.receipt) == (D(150), D(150), "R-31337")


def test_nothing_is_booked_on_the_line_of_the_organisation_a_case_came_from(
    case, alena, pavel, line, outsider, person
):
    cost = plan(case, alena, line)
    head = person("head", "supervisor", at=outsider.office)
    asked = ask_transfer(case, to=head.office, note="Moves", person_agrees=True, by=alena)
    accept_transfer(asked, officer=outsider, by=head)
    cost = Cost.objects.select_related("case").get(pk=cost.pk)
    with pytest.raises(BadInput, match="another organisation"):
        pay(cost, outsider)
    assert left(line, pavel) == D("1000.00")


def test_above_the_threshold_another_person_approves_first(case, alena, pavel, line):
    cost = plan(case, alena, line, "200.01")
    with pytest.raises(WrongState):
        pay(cost, alena, "1.00")
    with pytest.raises(NotAllowed):
        approvals.approve(cost, revision=1, by=alena)
    approvals.approve(cost, revision=1, by=pavel)
    pay(cost, alena, "200.01")
    assert left(line, pavel) == D("799.99")


def test_a_sum_that_is_cut_into_pieces_is_approved_as_well(case, alena, line):
    plan(case, alena, line, "150.00")
    second = plan(case, alena, line, "50.01")
    with pytest.raises(WrongState):
        pay(second, alena, "50.01")
    other = plan(case, alena, line, "50.01", assistance="another record")
    assert pay(other, alena, "50.01")


def test_without_a_line_every_cost_is_approved(case, alena, pavel):
    cost = plan(case, alena, None, "5.00")
    with pytest.raises(WrongState):
        pay(cost, alena, "5.00")
    approvals.approve(cost, revision=1, by=pavel)
    assert pay(cost, alena, "5.00") and not LedgerEntry.objects.exists()


def test_an_approval_is_of_what_was_planned_then_and_of_nothing_else(case, alena, pavel, line):
    cost = plan(case, alena, line, "300.00")
    approvals.approve(cost, revision=1, by=pavel)
    content = door.open_rows([cost], by=alena)[0]["content"]
    more = CostContent(**content.as_dict() | {"planned": D("900.00")})
    cost = money.change_cost(cost, more, revision=1, by=alena)
    with pytest.raises(WrongState):
        pay(cost, alena, "300.00")
    with pytest.raises(Conflict):
        pay(cost, alena, "300.00", revision=1)
    assert not Payment.objects.exists() and not LedgerEntry.objects.exists()


def test_no_more_is_paid_than_is_planned(case, alena, line):
    cost = plan(case, alena, line)
    pay(cost, alena, "100.00")
    with pytest.raises(WrongState):
        pay(cost, alena, "50.01")
    assert pay(cost, alena, "50.00")


@pytest.mark.parametrize("amount", ["0", "-5", "0.001"])
def test_a_sum_that_is_none_is_not_paid(case, alena, line, amount):
    with pytest.raises(BadInput):
        pay(plan(case, alena, line), alena, amount)


@pytest.mark.parametrize(
    "limits",
    [
        {"amount_cents": 14_999},
        {"ceilings_cents": {"medical": 14_999}},
        {"begins_on": TODAY + timedelta(days=1)},
        {"ends_on": TODAY - timedelta(days=1)},
    ],
)
def test_what_the_line_does_not_cover_is_not_paid_and_how_much_is_left_not_told(
    case, alena, pavel, limits
):
    cost = plan(case, alena, make_line(pavel, **limits))
    with pytest.raises(WrongState) as refused:
        pay(cost, alena)
    assert not re.search(r"\d", str(refused.value.message))
    assert not Payment.objects.exists() and not LedgerEntry.objects.exists()


def test_a_ceiling_is_of_its_kind_alone(case, alena, pavel):
    line = make_line(pavel, ceilings_cents={"medical": 10_000})
    assert pay(plan(case, alena, line, "150.00", kind="legal", assistance="two"), alena)
    assert pay(plan(case, alena, line, "100.00"), alena, "100.00")
    with pytest.raises(WrongState):
        pay(plan(case, alena, line, "0.01"), alena, "0.01")


def test_a_rate_is_kept_as_typed_and_booked_to_the_cent(case, alena, pavel, line):
    rated = {"currency": "USD", "rate": D("3.27125"), "rate_on": TODAY}
    with pytest.raises(BadInput):
        plan(case, alena, line, "10.00", currency="USD")
    cost = plan(case, alena, line, "10.00", **rated)
    with pytest.raises(BadInput):
        pay(cost, alena, "10.00")
    payment = pay(cost, alena, "10.00", rate=D("3.27150"), rate_on=TODAY)
    content = door.open_rows([payment], by=alena)[0]["content"]
    assert (str(content.rate), content.rate_on) == ("3.27150", TODAY)
    assert content.booked == D("32.72")  # 32.715, half a cent away from zero
    assert left(line, pavel) == D("967.28")
    with pytest.raises(WrongState):  # a rate that was typed wrongly is no way past the approval
        pay(plan(case, alena, line, "10.00", assistance="2", **rated), alena, "10", rate=D("32.7"))


# --- Taking back ----------------------------------------------------------------------
def test_a_payment_is_reversed_once_and_both_stay(case, alena, pavel, line):
    cost = plan(case, alena, line)
    payment = pay(cost, alena)
    with pytest.raises(BadInput):
        money.reverse(payment, reason=" ", by=alena)
    back = money.reverse(payment, reason="Wrong person", by=alena)
    for again in (payment, back):
        with pytest.raises(WrongState):
            money.reverse(again, reason="Again", by=alena)
    assert left(line, pavel) == D("1000.00")
    assert Payment.objects.count() == LedgerEntry.objects.count() == 2
    assert pay(cost, alena)


def test_what_is_paid_is_not_planned_otherwise_until_it_is_reversed(case, alena, line):
    cost = plan(case, alena, line)
    payment = pay(cost, alena, "1.00")
    content = door.open_rows([cost], by=alena)[0]["content"]
    with pytest.raises(WrongState):
        money.change_cost(cost, content, revision=1, by=alena)
    money.reverse(payment, reason="Other sum", by=alena)
    assert money.change_cost(cost, content, revision=1, by=alena).revision == 2


@pytest.mark.parametrize("model", [Payment, LedgerEntry])
def test_the_database_changes_and_removes_no_entry(case, alena, line, model):
    pay(plan(case, alena, line), alena)
    [row] = model.objects.all()
    with pytest.raises(IntegrityError), transaction.atomic():
        trail.save(row, verb=Verb.COST_CHANGED, by=alena)  # with its event, as nothing else can
    for statement in ("DELETE FROM {}", "UPDATE {} SET content_sealed = NULL"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement.format(model._meta.db_table))
    assert model.objects.count() == 1


# --- Sums -----------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(3))
def test_what_the_pages_tell_is_the_sum_of_all_that_happened(
    case, new_case, alena, pavel, client_for, seed
):
    """Counted a second time, in whole cents and from what was done, not from what is stored."""
    random = Random(seed)
    line = make_line(pavel, amount_cents=10_000_00, above_cents=10_000_00)
    cases = [case, register_case(new_case, by=alena)]
    costs = [
        (plan(one, alena, line, "99.99", kind=kind, assistance=kind), kind)
        for one in cases
        for kind in ("medical", "legal")
    ]
    cents, open_payments = {cost.pk: 0 for cost, _kind in costs}, []
    by_kind = {"medical": 0, "legal": 0}
    for _step in range(25):
        if open_payments and random.random() < 0.4:
            payment, cost, kind, sum_ = open_payments.pop(random.randrange(len(open_payments)))
            money.reverse(payment, reason="Back", by=alena)
            sum_ = -sum_
        else:
            cost, kind = random.choice(costs)
            sum_ = random.randint(1, 3_000)
            if cents[cost.pk] + sum_ > 9_999:
                with pytest.raises(WrongState):
                    pay(cost, alena, D(sum_) / 100)
                continue
            payment = pay(cost, alena, (D(sum_) / 100).quantize(D("0.01")))
            open_payments.append((payment, cost, kind, sum_))
        cents[cost.pk] += sum_
        by_kind[kind] += sum_
    [balance] = balances([line], by=pavel)
    assert balance.paid * 100 == sum(cents.values())
    assert {kind: paid * 100 for kind, paid in balance.paid_by_kind.items() if paid} == {
        kind: paid for kind, paid in by_kind.items() if paid
    }
    told = re.findall(
        r'data-label="Left"><b>([\d.,]+)</b>', page_of(client_for(pavel).get("/budgets/"))
    )
    assert [D(one.replace(",", "")) * 100 for one in told] == [10_000_00 - sum(cents.values())]
    browser = client_for(alena)
    for one in cases:
        page = page_of(browser.get(reverse("cases:detail", args=[one.reference])))
        told = re.findall(r"Paid <b>([\d.]+) BYN</b>, open <b>([\d.]+) BYN</b>", page)
        own = [cents[cost.pk] for cost, _kind in costs if cost.case_id == one.pk]
        assert sorted(D(paid) * 100 for paid, _open in told) == sorted(own)
        assert all(D(paid) + D(open_) == D("99.99") for paid, open_ in told)


# --- Who learns what ------------------------------------------------------------------
def test_no_amount_and_no_receipt_lies_in_the_clear_and_the_ledger_names_no_case(case, alena, line):
    start = log.size()
    cost = plan(case, alena, line, "137.31", purpose="Plaster and crutches")
    money.reverse(pay(cost, alena, "137.31"), reason="Wrong person", by=alena)
    words = (b"137.31", b"13731", b"Plaster", b"R-31337", b"Wrong person", b"medical")
    with connection.cursor() as cursor:
        for table in (
            "cost",
            "payment",
            "ledgerentry",
            "historicalpayment",
            "historicalledgerentry",
        ):
            cursor.execute(f"SELECT * FROM assistance_{table}")
            stored = b" ".join(
                value if isinstance(value, bytes) else str(value).encode()
                for row in cursor.fetchall()
                for value in row
            )
            assert not [word for word in words if word in stored], table
    booked = [event for event in log.since(start) if event.verb == Verb.LEDGER_BOOKED]
    assert len(booked) == 2 and all(log.told(event)["cases"] == [] for event in booked)
    names = {field.name for field in LedgerEntry._meta.concrete_fields}
    assert not names & {"case", "cost", "payment", "amount"}


def test_what_is_left_is_told_to_those_who_manage_budgets_of_their_own(
    case, alena, pavel, yury, person, client_for, line
):
    pay(plan(case, alena, line), alena)
    cashier = person("cashier", "financial")
    for reader in (pavel, cashier):
        assert "850.00" in page_of(client_for(reader).get("/budgets/"))
    start = log.size()
    client_for(cashier).get("/budgets/")
    assert Verb.BUDGET_VIEWED in log.verbs_since(start)
    for stranger in (alena, yury):
        assert client_for(stranger).get("/budgets/").status_code == 403
        with pytest.raises(NotAllowed):
            balances([line], by=stranger)
    assert client_for(cashier).get("/budgets/new/").status_code == 403


def test_budgets_of_another_organisation_are_not_there(outsider, person, client_for, line):
    elsewhere = person("elsewhere", "supervisor", at=outsider.office)
    browser = client_for(elsewhere)
    assert "EU-1" not in page_of(browser.get("/budgets/"))
    assert browser.get(f"/budgets/{line.pk}/").status_code == 404
    with pytest.raises(NotAllowed):
        balances([line], by=elsewhere)


def test_without_the_class_nobody_learns_that_there_are_costs(
    case, alena, volha, share, client_for, record, line
):
    share(volha, "psychological", "identity")
    cost = plan(case, alena, line)
    payment = pay(cost, alena)
    browser, at = client_for(volha), case.reference
    assert "Costs and payments" not in page_of(browser.get(reverse("cases:detail", args=[at])))
    for name, pk in (("change_cost", cost), ("pay", cost), ("reverse", payment)):
        assert browser.get(reverse(f"assistance:{name}", args=[at, pk.pk])).status_code == 404
    for attempt in (lambda: plan(case, volha, line), lambda: pay(cost, volha)):
        with pytest.raises(NotAllowed):
            attempt()
    assert Cost.objects.count() == Payment.objects.count() == 1


def test_a_line_of_another_organisation_pays_nothing_here(case, alena, outsider, person):
    other = make_line(person("elsewhere", "supervisor", at=outsider.office))
    with pytest.raises(BadInput):
        plan(case, alena, other)


# --- Pages ----------------------------------------------------------------------------
def test_two_clicks_approve_a_cost(case, alena, pavel, client_for, line):
    cost = plan(case, alena, line, "300.00")
    browser = client_for(pavel)
    address = reverse("cases:detail", args=[case.reference])
    assert f'href="{address}"' in page_of(browser.get("/"))
    form = page_of(browser.get(address))  # 1: the case, on the start page
    at = re.search(rf'action="([^"]+)">(?:(?!</form>).)*value="{cost.pk}"', form, re.S)
    sent = {"type": "assistance.Cost", "row": str(cost.pk), "revision": "1"}
    answer = browser.post(at[1], sent, follow=True)  # 2: approve
    assert "Approved, as it stands now." in page_of(answer)
    assert pay(cost, alena, "300.00")


def test_a_cost_is_planned_paid_and_reversed_on_the_pages(
    case, alena, pavel, client_for, record, line
):
    browser, at = client_for(alena), case.reference
    file = reverse("cases:detail", args=[at])
    add = reverse("assistance:plan_cost", args=[at, record.pk])
    assert f'href="{add}"' in page_of(browser.get(file))
    assert "Donor Z" in page_of(browser.get(add))
    sent = {"planned": "120.50", "currency": "BYN", "line": str(line.pk), "purpose": "Crutches"}
    assert browser.post(add, sent).status_code == 302
    [cost] = Cost.objects.all()
    content = door.open_rows([cost], by=alena)[0]["content"]
    assert (content.kind, content.donor, content.project_code) == ("medical", "Donor Z", "P-7")
    assert content.assistance == str(record.pk)
    page = page_of(browser.get(file))
    assert "Crutches" in page and "Not approved" not in page.split("Costs and payments")[1]
    paying = reverse("assistance:pay", args=[at, cost.pk])
    assert f'href="{paying}"' in page
    sent = {"amount": "500", "paid_on": TODAY.isoformat(), "receipt": "R-9", "revision": "1"}
    answer = browser.post(paying, sent)
    assert answer.status_code == 409 and "R-9" in page_of(answer)  # nothing typed is lost
    assert browser.post(paying, sent | {"amount": "100.25"}).status_code == 302
    page = page_of(browser.get(file))
    assert "Paid <b>100.25 BYN</b>, open <b>20.25 BYN</b>" in page and "R-9" in page
    [payment] = Payment.objects.all()
    back = reverse("assistance:reverse", args=[at, payment.pk])
    assert f'href="{back}"' in page
    assert browser.post(back, {"reason": ""}).status_code == 422
    assert browser.post(back, {"reason": "Twice"}).status_code == 302
    page = page_of(browser.get(file))
    assert "Paid <b>0.00 BYN</b>" in page and "Twice" in page and f'href="{back}"' not in page
    change = reverse("assistance:change_cost", args=[at, cost.pk])
    sent = {"planned": "80", "currency": "BYN", "line": str(line.pk), "revision": "1"}
    assert browser.post(change, sent).status_code == 302
    assert browser.post(change, sent).status_code == 409


def test_a_supervisor_sets_up_and_changes_a_line(pavel, client_for):
    browser = client_for(pavel)
    sent = {"code": "EU-2", "donor": "Donor Y", "project": "P-1", "currency": "EUR"}
    sent |= {"begins_on": "2026-01-01", "ends_on": "2026-12-31", "amount": "5000"}
    sent |= {"approval_above": "250.50", "ceiling_legal": "700.10"}
    assert browser.post("/budgets/new/", sent | {"ends_on": "2025-01-01"}).status_code == 422
    assert browser.post("/budgets/new/", sent).status_code == 302
    assert "Another line has this code" in page_of(browser.post("/budgets/new/", sent))
    [line] = BudgetLine.objects.all()
    assert (line.amount, line.approval_above) == (D(5000), D("250.5"))
    assert line.ceilings == {"legal": D("700.1")} and line.organisation_id == pavel.organisation_id
    at = f"/budgets/{line.pk}/"
    assert "700.1" in page_of(browser.get(at))
    sent |= {"amount": "6000", "revision": "1"}
    assert browser.post(at, sent).status_code == 302
    assert browser.post(at, sent).status_code == 409
    assert BudgetLine.objects.get().amount == D(6000)


def test_the_currency_of_a_line_stays_once_something_was_paid(case, alena, pavel, client_for, line):
    pay(plan(case, alena, line), alena)
    sent = {"code": "EU-1", "donor": "Z", "project": "P", "currency": "USD", "amount": "1000"}
    sent |= {"begins_on": "2026-01-01", "ends_on": "2026-12-31", "approval_above": "200"}
    answer = client_for(pavel).post(f"/budgets/{line.pk}/", sent | {"revision": "1"})
    assert answer.status_code == 409 and BudgetLine.objects.get().currency == "BYN"


# --- Who is told ----------------------------------------------------------------------
def _told(user):
    return [one.case for one in due_for(user)[Show.WAITING] if one.kind == "cost"]


def test_a_supervisor_is_told_of_what_has_to_be_approved(case, alena, pavel, line):
    small = plan(case, alena, line, planned="150.00")
    assert not small.waits and _told(pavel) == []
    large = plan(case, alena, line, planned="250.00", assistance="two")
    assert large.waits and _told(pavel) == [case] and _told(alena) == []
    approvals.approve(large, revision=large.revision, by=pavel)
    assert _told(pavel) == []
    content = CostContent(planned=D("260.00"), currency="BYN", line=str(line.pk), kind="medical")
    money.change_cost(large, content, revision=large.revision, by=alena)
    assert _told(pavel) == [case]  # it stands otherwise


def test_a_sum_that_is_cut_into_pieces_is_told_of(case, alena, pavel, line):
    assert not plan(case, alena, line, planned="150.00").waits
    assert plan(case, alena, line, planned="60.00").waits
    assert _told(pavel) == [case]


def test_who_reads_no_financial_records_is_told_of_no_cost(case, alena, iryna, share, line):
    plan(case, alena, line, planned="250.00")
    share(iryna, "narrative")
    assert _told(iryna) == []
    share(iryna, "financial")
    assert _told(iryna) == [case]
