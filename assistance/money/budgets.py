"""Budget lines, and their ledgers: what was paid from a line, without a word of whom it was paid for.

An entry of a ledger holds no case. Its amount and the kind of assistance are sealed for the
installation, for the time of an entry would lead to a case, and the amount must not (docs/adr/0021).
The payment on the case names its entry, under the key of the case.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from assistance.models import BudgetLine, LedgerEntry
from assistance.reference import KINDS
from assistance.sections import LedgerContent
from audit import trail
from audit.verbs import Verb
from cases.services.casework import locked
from core.exceptions import NotAllowed, NotFound, WrongState
from core.rights import Right
from vault.secrets import seal_system, unseal_system

PURPOSE = "ledger"  # what entries are sealed for


@dataclass(frozen=True)
class Balance:
    """Where a line stands, in its currency."""

    line: BudgetLine
    paid: Decimal
    paid_by_kind: Mapping[str, Decimal]

    @property
    def left(self) -> Decimal:
        return self.line.amount - self.paid

    @property
    def kinds(self) -> list[tuple[Any, Decimal, Decimal | None]]:
        """(kind in words, paid, what is left of its ceiling) of each kind that was paid or is capped."""
        ceilings = self.line.ceilings
        return [
            (label, paid, ceilings[kind] - paid if kind in ceilings else None)
            for kind, label in KINDS.items()
            if (paid := self.paid_by_kind.get(kind, Decimal(0))) or kind in ceilings
        ]


@dataclass(frozen=True)
class Statement:
    """What was booked on a line from one day to another, both included, in its currency."""

    line: BudgetLine
    before: Decimal  # paid less reversed, until the day before the first
    paid: Mapping[str, Decimal]  # by kind of assistance
    reversed: Mapping[str, Decimal]  # likewise, above zero

    @property
    def kinds(self) -> list[tuple[Any, Decimal, Decimal, Decimal]]:
        """(kind in words, paid, reversed, the difference) of each kind on which something was booked."""
        booked = {kind: (self.paid[kind], self.reversed[kind]) for kind in self.paid}
        return [
            (label, *booked[kind], booked[kind][0] - booked[kind][1])
            for kind, label in KINDS.items()
            if kind in booked
        ]

    @property
    def total_paid(self) -> Decimal:
        return sum(self.paid.values(), Decimal(0))

    @property
    def total_reversed(self) -> Decimal:
        return sum(self.reversed.values(), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.total_paid - self.total_reversed

    @property
    def left(self) -> Decimal:
        """What the line has left at the end of the last day."""
        return self.line.amount - self.before - self.total


# --- Lines ----------------------------------------------------------------------------
def lines_of(user: User) -> QuerySet[BudgetLine]:
    """The lines of the person's organisation, those that end last first."""
    return BudgetLine.objects.filter(organisation=user.organisation_id).order_by("-ends_on", "code")


def lines_for(organisation: UUID, on: date) -> QuerySet[BudgetLine]:
    """The lines of an organisation that run on that day, for whoever plans a cost."""
    running = BudgetLine.objects.filter(begins_on__lte=on, ends_on__gte=on)
    return running.filter(organisation=organisation).order_by("code")


def line_for(user: User, pk: UUID) -> BudgetLine:
    """A line of the person's organisation. Raises NotFound."""
    if (line := lines_of(user).filter(pk=pk).first()) is None:
        raise NotFound(_("There is no such budget line."))
    return line


def line_of(pk: str, *, lock: bool = False) -> BudgetLine | None:
    """The line that a cost names, if it names one."""
    if not pk:
        return None
    lines = BudgetLine.objects.select_for_update() if lock else BudgetLine.objects
    return lines.get(pk=UUID(pk))


def set_line(line: BudgetLine, *, by: User) -> BudgetLine:
    """Add a line to the budgets of the person's own organisation. Raises NotAllowed."""
    _check_sets(by)
    line.organisation_id = by.organisation_id
    trail.save(line, verb=Verb.BUDGET_SET, by=by)
    return line


def change_line(
    line: BudgetLine, values: Mapping[str, Any], *, revision: int, by: User
) -> BudgetLine:
    """Change a line. What was paid from it stays.

    Raises NotAllowed, Conflict, and WrongState for another currency once something was paid.
    """
    _check_sets(by)
    with transaction.atomic():
        current = locked(line, revision)
        is_used = LedgerEntry.objects.filter(line=current).exists()
        if is_used and values["currency"] != current.currency:
            raise WrongState(_("Something was paid from this line: its currency stays as it is."))
        for name, value in values.items():
            setattr(current, name, value)
        trail.save(current, verb=Verb.BUDGET_CHANGED, by=by)
    return current


def _check_sets(by: User) -> None:
    if not by.has_right(Right.BUDGET_SET) or by.organisation_id is None:
        raise NotAllowed(_("Your role does not include setting budgets."))


# --- Ledgers --------------------------------------------------------------------------
def book(line: BudgetLine, *, kind: str, amount: Decimal, on: date, by: User) -> LedgerEntry:
    """Book a payment, or with a negative amount its reversal. The caller has locked the line.

    Raises WrongState when the line does not run on that day or does not cover it, which is the same
    answer: how much is left is not told to whoever pays.
    """
    if amount > 0:
        stands = _balance(line)
        ceiling = line.ceilings.get(kind)
        is_covered = amount <= stands.left and (
            ceiling is None or amount <= ceiling - stands.paid_by_kind.get(kind, Decimal(0))
        )
        if not is_covered or not line.begins_on <= on <= line.ends_on:
            raise WrongState(
                _("The budget line does not cover this payment. Ask whoever keeps the budget.")
            )
    entry = LedgerEntry(line=line, booked_on=on)
    content = msgspec.json.encode(LedgerContent(kind=kind, amount=amount))
    entry.content_sealed = seal_system(PURPOSE, str(entry.pk), content)
    trail.save(entry, verb=Verb.LEDGER_BOOKED, by=by)
    return entry


def balances(lines: Iterable[BudgetLine], *, by: User) -> list[Balance]:
    """Where these lines stand, for somebody who may know. It is recorded. Raises NotAllowed."""
    lines = list(lines)
    check_sees(lines, by)
    with transaction.atomic():
        trail.record(Verb.BUDGET_VIEWED, by=by)
    return [_balance(line) for line in lines]


def statements(lines: Iterable[BudgetLine], begins: date, ends: date) -> list[Statement]:
    """What was booked on these lines within these days. The caller has checked and recorded it."""
    return [_statement(line, begins, ends) for line in lines]


def check_sees(lines: Iterable[BudgetLine], by: User) -> None:
    """Raise NotAllowed unless this person may know what was paid from these lines."""
    if not by.has_right(Right.BUDGET_SEE):
        raise NotAllowed(_("Your role does not include this page."))
    if any(line.organisation_id != by.organisation_id for line in lines):
        raise NotAllowed(_("This is the budget of another organisation."))


def _balance(line: BudgetLine) -> Balance:
    by_kind: dict[str, Decimal] = defaultdict(Decimal)
    for _day, kind, amount in _booked(line):
        by_kind[kind] += amount
    return Balance(line, sum(by_kind.values(), Decimal(0)), dict(by_kind))


def _statement(line: BudgetLine, begins: date, ends: date) -> Statement:
    before = Decimal(0)
    paid: dict[str, Decimal] = {}
    back: dict[str, Decimal] = {}
    for day, kind, amount in _booked(line):
        if day < begins:
            before += amount
        elif day <= ends:
            paid[kind] = paid.get(kind, Decimal(0)) + max(amount, Decimal(0))
            back[kind] = back.get(kind, Decimal(0)) - min(amount, Decimal(0))
    return Statement(line, before, paid, back)


def _booked(line: BudgetLine) -> Iterator[tuple[date, str, Decimal]]:
    """(day, kind, amount) of each entry of a line."""
    for entry in LedgerEntry.objects.filter(line=line):
        blob = unseal_system(PURPOSE, str(entry.pk), bytes(entry.content_sealed or b""))
        content = msgspec.json.decode(blob, type=LedgerContent)
        yield entry.booked_on, content.kind, content.amount or Decimal(0)
