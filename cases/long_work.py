"""Work on many cases that a worker does: bringing them in from a file, taking them out in a workbook."""

import io
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import Office, User
from cases.imports.checking import check
from cases.imports.files import Sealed
from cases.imports.runner import commit
from cases.models import WorkbookRequest
from cases.services.importing import IMPORT, check_officer
from cases.services.workbooks import WORKBOOK, collect_workbook
from core.rights import Right
from jobs.kinds import Kind
from jobs.running import Run

BATCH = 100  # rows opened in one transaction; between two of them the work can be cancelled


def _bring_in(run: Run) -> None:
    """Check the whole file, then open its cases; the list of problems is the result."""
    asked, source = run.parameters, Sealed(run.upload)
    owner = User.objects.get(pk=UUID(asked["owner"]))
    check_officer(owner, by=run.by)
    problems = io.StringIO()
    run.begin(None)
    report = check(source, progress=run.advance, report_to=problems)
    run.begin(report.rows_read, refused=report.rows_refused)
    if report.rows_refused:
        run.give(problems.getvalue().encode("utf-8-sig"), run.named("problems", "csv"))
    outcome = commit(
        source,
        office=Office.objects.get(pk=UUID(asked["office"])),
        owner=owner,
        by=run.by,
        batch=BATCH,
        progress=run.advance,
        accept_good_rows=asked["accept_good_rows"],
        report=report,
    )
    number = outcome.cases_opened
    run.words = ngettext("%d case was opened.", "%d cases were opened.", number) % number


def _make_workbook(run: Run) -> None:
    """Open the cases that go, write the workbook, and encrypt it to its recipient."""
    request = WorkbookRequest.objects.get(pk=UUID(run.parameters["request"]))
    run.begin(len(request.cases))
    content = collect_workbook(request, by=run.by, progress=run.advance)
    run.give(content, run.named("cases", "xlsx.age"))


_IMPORT = Kind(
    title=_("Bringing cases in from a file"),
    rows=_("Rows"),
    on_failure=_("Correct the file and bring it in again."),
    on_stop=_(
        "The cases that were opened stay. Bring the same file in again, and the work goes on behind "
        "them."
    ),
    right=Right.CASE_IMPORT,
    work=_bring_in,
    goes_on=True,
)
_WORKBOOK = Kind(
    title=_("Taking cases out in a workbook"),
    rows=_("Cases"),
    on_failure=_("Ask for the workbook again. What was approved holds for one workbook only."),
    on_stop=_("Nothing went out. To have the workbook after all, ask for it again."),
    right=Right.CASE_EXPORT,
    work=_make_workbook,
)
KINDS = {IMPORT: _IMPORT, WORKBOOK: _WORKBOOK}
