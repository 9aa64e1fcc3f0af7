"""The report for a donor: what was paid for a project, to the cent, and how many were helped, protected.

Sums come from the ledgers of the budget lines (assistance/money/budgets.py), which know no persons.
Numbers of persons come from the latest snapshot and are those of the table builder, so that two papers
never tell two numbers: they are of all projects, for no ledger could say who was helped out of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.confirming import check_recent
from accounts.models import User
from assistance.money import budgets
from assistance.money.budgets import Statement
from audit import trail
from audit.verbs import Verb
from core.days import last_of_month
from core.exceptions import BadInput
from core.rights import Right
from core.sorting import by_words
from reporting import services
from reporting.tables import Definition, Table

HELPED = Definition(rows="assistance", columns="gender")


@dataclass(frozen=True)
class DonorReport:
    """What it says, sums in the currency of each line. `helped` may be None."""

    organisation: str
    project: str
    begins: date
    ends: date
    made_at: datetime
    statements: Sequence[Statement]
    helped: Table | None

    @property
    def donors(self) -> list[str]:
        return sorted({one.line.donor for one in self.statements}, key=by_words)

    @property
    def title(self) -> str:
        return _("Report on the project %s") % self.project

    @property
    def period(self) -> str:
        return (
            f"{date_format(self.begins, 'DATE_FORMAT')} – {date_format(self.ends, 'DATE_FORMAT')}"
        )

    @property
    def notes(self) -> list[str]:
        """How to read it, in plain words; the same on the page and in the files."""
        notes = [
            _(
                "Sums are what was booked on these days, in the currency of the line. A payment that "
                "was reversed stays, and its reversal stands beside it on the day on which it was made."
            )
        ]
        if self.helped:
            notes.append(
                _(
                    "Persons are all who were ever registered, whichever project paid: who was helped "
                    "out of which project is kept nowhere but in their sealed files."
                )
            )
            notes += self.helped.notes
        return notes


def projects_of(user: User) -> list[str]:
    """The projects that the lines of the person's organisation are for, by name."""
    return sorted(set(budgets.lines_of(user).values_list("project", flat=True)))


def donor_report(
    project: str, begins: date, ends: date, *, by: User, is_taken_out: bool = False
) -> DonorReport:
    """The report on a project of one's own organisation, of whole months. It is recorded.

    Two reports that differ by a day would tell what was paid on that day, and for what: a single entry,
    which nobody is told (docs/adr/0021). Numbers of persons are for whoever may build statistics.
    Raises NotAllowed, BadInput for a project that is none, and ConfirmationNeeded before a file.
    """
    lines = list(budgets.lines_of(by).filter(project=project).select_related("organisation"))
    budgets.check_sees(lines, by)
    if not lines or ends < begins or begins.day != 1 or ends != last_of_month(ends):
        raise BadInput(_("There is no such project, or these are no whole months."))
    if is_taken_out:
        check_recent()
    snapshot = services.latest_snapshot() if by.has_right(Right.STATISTICS_BUILD) else None
    details: dict[str, Any] = {
        "lines": sorted(str(line.pk) for line in lines),
        "days": [begins.isoformat(), ends.isoformat()],
        "snapshot": str(snapshot.pk) if snapshot else "",
    }
    verb = Verb.BUDGET_EXPORTED if is_taken_out else Verb.BUDGET_REPORTED
    with transaction.atomic():
        trail.record(verb, by=by, details=details)
    return DonorReport(
        organisation=lines[0].organisation.name,
        project=project,
        begins=begins,
        ends=ends,
        made_at=timezone.now(),
        statements=budgets.statements(lines, begins, ends),
        helped=services.build_table(snapshot, HELPED) if snapshot else None,
    )
