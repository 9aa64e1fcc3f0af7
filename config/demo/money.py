"""Budget lines of invented donors, what some assistance cost and what was paid of it, and sessions."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from accounts.models import User
from assistance.models import Assistance, AssistanceStatus, BudgetLine
from assistance.money.budgets import set_line
from assistance.money.costs import pay, plan_cost
from assistance.sections import Assistance as Content
from assistance.sections import CostContent, SessionContent
from assistance.sittings import SESSION
from cases import door
from cases.services.casework import record_entry

CASES = 12  # in whose records of assistance there are costs and sessions
# code, donor, project, what is given (cents), approval above (cents)
LINES = (
    ("DEMO-01", "Invented Fund for Victims", "SAFE-26", 4_000_000, 50_000),
    ("DEMO-02", "Made-up Development Agency", "RETURN-26", 2_500_000, 80_000),
)
SESSIONS = frozenset({"psychological", "legal"})  # kinds that are given in sessions
PURPOSES = ("Rent for a month", "Medicine", "Tickets", "A notary's fee", "A course")


def keep_accounts(rng: Random, *, supervisor: User, officer: User, today: date) -> None:
    """Set up the lines; plan, and mostly pay, what the officer's latest records of assistance cost."""
    lines = _lines(supervisor, today)
    records = Assistance.objects.filter(case__owner=officer).order_by("-case", "starts_on")
    cases = list(dict.fromkeys(records.values_list("case", flat=True)))[:CASES]
    rows = list(records.filter(case__in=cases).exclude(status=AssistanceStatus.CANCELLED))
    for row, sections in zip(rows, door.open_rows(rows, by=officer), strict=True):
        content = sections["content"]
        assert isinstance(content, Content)
        if row.status != AssistanceStatus.PLANNED and content.KIND in SESSIONS:
            _hold(rng, row, content, officer, today)
        if rng.random() < 0.6:
            _spend(rng, row, content, rng.choice(lines), officer, today)


def _lines(by: User, today: date) -> list[BudgetLine]:
    runs = {"begins_on": today - timedelta(days=300), "ends_on": today + timedelta(days=200)}
    return [
        set_line(
            BudgetLine(
                code=code,
                donor=donor,
                project=project,
                currency="BYN",
                amount_cents=given,
                above_cents=above,
                ceilings_cents={},
                **runs,
            ),
            by=by,
        )
        for code, donor, project, given, above in LINES
    ]


def _hold(rng: Random, row: Assistance, content: Content, by: User, today: date) -> None:
    for number in range(rng.randint(1, 4)):
        held = min(row.starts_on + timedelta(days=7 * number), today)
        session = SessionContent(
            cls=content.CLASS,
            assistance=str(row.pk),
            kind=content.KIND,
            held_on=held,
            minutes=rng.choice((30, 45, 60, 90)),
            note="Came in time and asked for the next one.",
        )
        record_entry(row.case, SESSION, session, by=by)


def _spend(
    rng: Random, row: Assistance, content: Content, line: BudgetLine, by: User, today: date
) -> None:
    planned = Decimal(rng.randrange(2_000, 70_000, 50)) / 100
    cost = plan_cost(
        row.case,
        CostContent(
            assistance=str(row.pk),
            kind=content.KIND,
            purpose=rng.choice(PURPOSES),
            planned=planned,
            currency=line.currency,
            line=str(line.pk),
            line_code=line.code,
            donor=line.donor,
            project_code=line.project,
        ),
        by=by,
    )
    if row.status != AssistanceStatus.PLANNED and planned <= line.approval_above:
        paid_on = today - timedelta(days=rng.randrange(90))
        receipt = f"R-{rng.randrange(10**5):05}"
        pay(cost, amount=planned, paid_on=paid_on, receipt=receipt, revision=cost.revision, by=by)
