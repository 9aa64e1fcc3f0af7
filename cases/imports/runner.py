"""Opening the cases of a file, batch by batch: an interrupted run goes on where it stopped."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.utils.translation import gettext as _

from accounts.models import Office, User
from cases.imports.checking import Report, check, digest_of, parsed_rows
from cases.imports.files import Source
from cases.imports.readers import open_table
from cases.imports.rows import Parsed
from cases.models import ImportRun
from cases.services.intake import register_batch, start_import
from core.exceptions import BadInput, Conflict

BATCH = 500  # rows written in one transaction


class Refused(BadInput):
    """The file was read, some of its rows cannot be taken over, and nothing was written."""

    def __init__(self, report: Report) -> None:
        super().__init__(_("Some rows cannot be taken over, so nothing was written."))
        self.report = report


@dataclass(slots=True, frozen=True)
class Outcome:
    """What a run did."""

    run: ImportRun
    resumed_at: int  # rows an earlier, interrupted run had done
    cases_opened: int  # by this run


def commit(
    path: Source,
    *,
    office: Office,
    owner: User,
    by: User,
    batch: int = BATCH,
    progress: Callable[[int], object] | None = None,
    accept_good_rows: bool = False,
    again: bool = False,
    report: Report | None = None,
) -> Outcome:
    """Open a case for each row of the file.

    Each batch of `batch` rows is one transaction, which also notes how far the run came: the same
    file given again after an interruption goes on behind the last batch and doubles nothing.
    `progress` is called with the number of rows done since the last call. `report` is what `check`
    gave for this file; without it the file is checked first.

    Refused (a BadInput) when a row has a problem and `accept_good_rows` is not set; Conflict when
    the file was brought in before and `again` is not set; whatever start_import raises.
    """
    digest = digest_of(path)
    if report is None or report.file_digest != digest:
        report = check(path)
    if report.rows_refused and not accept_good_rows:
        raise Refused(report)
    _refuse_second_time(digest, again=again)
    run = start_import(
        file_digest=digest,
        layout=report.layout,
        rows_total=report.rows_read,
        office=office,
        owner=owner,
        by=by,
    )
    return _go_on(path, run, by=by, batch=batch, progress=progress)


def _go_on(
    path: Source,
    run: ImportRun,
    *,
    by: User,
    batch: int,
    progress: Callable[[int], object] | None,
) -> Outcome:
    done = resumed_at = run.rows_done
    opened = 0
    if progress:
        progress(done)
    rows = islice(parsed_rows(open_table(path)), done, None)
    for some in _batches(rows, batch):
        done += len(some)
        new_cases = [parsed.new_case for parsed in some if parsed.new_case]
        opened += len(register_batch(run, new_cases, rows_done=done, by=by))
        if progress:
            progress(len(some))
    return Outcome(run, resumed_at, opened)


def _refuse_second_time(digest: str, *, again: bool) -> None:
    runs = ImportRun.objects.filter(file_digest=digest)
    finished = [run.is_finished for run in runs]
    if finished and all(finished) and not again:
        raise Conflict(_("This file was brought in before. Its cases would stand here twice."))


def _batches(rows: Iterator[Parsed], size: int) -> Iterator[list[Parsed]]:
    while some := list(islice(rows, size)):
        yield some
