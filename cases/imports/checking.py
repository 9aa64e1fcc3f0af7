"""Reading a file without writing anything, and telling what is wrong with it."""

import csv
import hashlib
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from django.utils.translation import gettext as _

from cases.imports.files import Source
from cases.imports.readers import LAYOUTS, Table, open_table
from cases.imports.rows import Parsed, Problem
from core.cells import safe_row
from core.exceptions import BadInput

ROWS_SHOWN = 5  # of each kind of problem


@dataclass(slots=True)
class Group:
    """One kind of problem in one column."""

    count: int = 0
    first_rows: list[int] = field(default_factory=list)

    def add(self, row: int) -> None:
        self.count += 1
        if len(self.first_rows) < ROWS_SHOWN:
            self.first_rows.append(row)


@dataclass(slots=True)
class Report:
    """What a file holds and why some of its rows cannot be taken over. No cell is repeated."""

    file_digest: str  # SHA-256 of the file as it lies there, hexadecimal
    layout: str
    notices: list[str]
    rows_read: int = 0
    rows_acceptable: int = 0
    problems: dict[tuple[str, str], Group] = field(default_factory=dict)  # (column, message)

    @property
    def rows_refused(self) -> int:
        return self.rows_read - self.rows_acceptable


def check(
    path: Source,
    *,
    progress: Callable[[int], object] | None = None,
    report_to: Path | TextIO | None = None,
) -> Report:
    """Read the whole file and report. Nothing is written but `report_to`, when it is given.

    `progress` is called with the number of rows read since the last call. `report_to` becomes a CSV
    file, or is given its lines, with every problem: row, column, reason. BadInput when the file itself
    cannot be used.
    """
    table = open_table(path)
    report = Report(digest_of(path), table.layout, table.notices)
    with _report_file(report_to) as file:
        problems = _problem_writer(file)
        for parsed in parsed_rows(table):
            _count(report, parsed)
            problems(parsed.problems)
            if progress:
                progress(1)
    if not report.rows_read:
        raise BadInput(_("The file holds no records."))
    return report


def parsed_rows(table: Table) -> Iterator[Parsed]:
    """Each record of the table as a case to be opened, or the reasons why not."""
    layout = LAYOUTS[table.layout]
    return (layout.parse(*rows) for rows in layout.records(table.rows))


def digest_of(path: Source) -> str:
    """SHA-256 of the file's bytes, hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(_("The file cannot be opened: %(why)s.") % {"why": error.strerror}) from None


def _count(report: Report, parsed: Parsed) -> None:
    report.rows_read += 1
    if parsed.new_case:
        report.rows_acceptable += 1
    for problem in parsed.problems:
        report.problems.setdefault((problem.column, problem.message), Group()).add(problem.row)


def _report_file(path: Path | TextIO | None) -> TextIO | nullcontext[TextIO | None]:
    if not isinstance(path, Path):
        return nullcontext(path)
    try:  # with a byte order mark, so that Excel reads Cyrillic reasons
        return path.open("w", encoding="utf-8-sig", newline="")
    except OSError as error:
        message = _("The report cannot be written: %(why)s.")
        raise BadInput(message % {"why": error.strerror}) from None


def _problem_writer(file: TextIO | None) -> Callable[[list[Problem]], None]:
    if file is None:
        return lambda problems: None
    writer = csv.writer(file)
    writer.writerow(["row", "column", "reason"])
    return lambda problems: writer.writerows(
        safe_row([each.row, each.column, each.message]) for each in problems
    )
