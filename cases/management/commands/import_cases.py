"""manage.py import_cases FILE: read records kept elsewhere and open a case for each."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from tqdm import tqdm

from accounts.models import Office, User
from cases.imports.checking import Report, check
from cases.imports.files import InMemory, Source
from cases.imports.runner import BATCH, Outcome, commit
from core.exceptions import DomainError
from vault import age


class Command(BaseCommand):
    help = "Check a file of records (HTCDS or CTDC; CSV or XLSX) and open a case for each row."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("file", type=Path, help="CSV in UTF-8 (also packed with gzip) or XLSX")
        add("--commit", action="store_true", help="write; without it the file is only checked")
        add("--office", metavar="CODE", help="the office the cases belong to")
        add("--owner", metavar="USERNAME", help="who becomes owner of the cases")
        add("--as", dest="by", metavar="USERNAME", help="who answers for the import")
        add("--batch", type=_positive, default=BATCH, metavar="N", help="rows in a transaction")
        add("--accept-good-rows", action="store_true", help="leave out rows that have a problem")
        add("--report", type=Path, metavar="FILE", help="write every problem to this CSV file")
        add(
            "--identity",
            type=Path,
            metavar="FILE",
            help="the age identity that opens FILE; it is decrypted in memory alone",
        )
        add("--again", action="store_true", help="bring in a file that was brought in before")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run(options)
        except DomainError as error:
            raise CommandError(str(error.message)) from None

    def _run(self, options: dict[str, Any]) -> None:
        people = _people(options) if options["commit"] else None
        source = _source(options["file"], options["identity"])
        with _bar(_("Checking")) as progress:
            report = check(source, progress=progress, report_to=options["report"])
        self._show(report)
        if report.rows_refused and not options["accept_good_rows"]:
            raise CommandError(_("Refused: correct the rows above. Nothing was written."))
        if not people:
            self.stdout.write(_("Nothing was written. Add --commit to open the cases."))
            return
        with _bar(_("Opening cases"), total=report.rows_read) as progress:
            outcome = commit(
                source,
                **people,
                batch=options["batch"],
                progress=progress,
                accept_good_rows=options["accept_good_rows"],
                again=options["again"],
                report=report,
            )
        self._tell(outcome)

    def _show(self, report: Report) -> None:
        write = self.stdout.write
        write(_("Layout: %(layout)s") % {"layout": report.layout.upper()})
        for notice in report.notices:
            write(_("Note: %(notice)s") % {"notice": notice})
        write(
            _("Rows read: %(read)s, acceptable: %(good)s, refused: %(bad)s")
            % {"read": report.rows_read, "good": report.rows_acceptable, "bad": report.rows_refused}
        )
        for (column, message), group in sorted(report.problems.items()):
            rows = ", ".join(map(str, group.first_rows))
            rows += " …" if group.count > len(group.first_rows) else ""
            where = column or _("whole row")
            count = ngettext("%(count)s row", "%(count)s rows", group.count)
            write(f"  {where}: {message} ({count % {'count': group.count}}: {rows})")

    def _tell(self, outcome: Outcome) -> None:
        if outcome.resumed_at:
            message = _("Went on behind row %(row)s of an interrupted import.")
            self.stdout.write(message % {"row": outcome.resumed_at})
        self.stdout.write(_("Cases opened: %(count)s") % {"count": outcome.cases_opened})


def _source(path: Path, identity: Path | None) -> Source:
    """The file to be read, decrypted where an identity is named. CommandError when it does not open."""
    if identity is None:
        return path
    try:
        identities = age.identities_of(identity.read_text(encoding="ascii"))
        return InMemory(age.decrypt(path.read_bytes(), identities))
    except OSError as error:
        message = _("The file cannot be opened: %(why)s.") % {"why": error.strerror}
    except (UnicodeDecodeError, age.NoIdentity):
        message = _("--identity must name a file with lines that begin with AGE-SECRET-KEY-1.")
    except age.CannotDecrypt:
        message = _("The file was encrypted to somebody else, or was changed or cut short.")
    raise CommandError(message)


def _people(options: dict[str, Any]) -> dict[str, Any]:
    """The office, the owner and the person who answers; CommandError when one is missing."""
    missing = [name for name in ("office", "owner", "by") if not options[name]]
    if missing:
        raise CommandError(_("--commit needs --office, --owner and --as."))
    office = Office.objects.filter(code=options["office"]).first()
    owner = User.objects.filter(username=options["owner"], is_active=True).first()
    by = User.objects.filter(username=options["by"], is_active=True).first()
    if not office:
        raise CommandError(_("There is no office with that code."))
    if not owner or not by:
        raise CommandError(_("There is no active account with that user name."))
    return {"office": office, "owner": owner, "by": by}


@contextmanager
def _bar(title: str, total: int | None = None) -> Iterator[Any]:
    """A progress bar on the terminal, none where nobody looks; gives the function to advance it."""
    with tqdm(total=total, desc=title, unit=" rows", disable=None) as bar:
        yield bar.update


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
