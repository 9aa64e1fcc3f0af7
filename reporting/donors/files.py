"""The report for a donor as a workbook and as a PDF that say the same. In memory: no file is made."""

from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from typing import Any

import xlsxwriter
from django.conf import settings
from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from assistance.money.budgets import Statement
from cases.typesetting import as_pdf
from cases.workbooks.writing import OPTIONS, WIDTH
from core import demonstration
from reporting.donors.report import DonorReport
from reporting.exports import fill_sheet, lines_of

TEMPLATE = settings.BASE_DIR / "templates" / "documents" / "figures.typ"

Row = tuple[Any, Decimal, Decimal, Decimal]


def to_xlsx(report: DonorReport) -> bytes:
    """The workbook: a sheet of sums, which are numbers, and a sheet of persons."""
    made = BytesIO()
    with xlsxwriter.Workbook(made, OPTIONS) as book:
        bold, sum_of = book.add_format({"bold": True}), book.add_format({"num_format": "0.00"})
        sheet = book.add_worksheet(_("Sums"))
        sheet.set_column(0, 8, WIDTH)
        table: list[list[object]] = [
            [report.title],
            *([told] for told in demonstration.lines()),
            [report.organisation],
            [report.period],
            [_made(report)],
            [],
        ]
        table.append([_("Budget line"), _("Donor"), _("Currency"), *_headings()])
        heads = {0, len(table) - 1}
        for one in report.statements:
            table += [
                [one.line.code, one.line.donor, one.line.currency, *row] for row in _rows_of(one)
            ]
        table += [[], [report.notes[0]]]
        fill_sheet(sheet, table, dict.fromkeys(heads, bold), sum_of)
        if report.helped:
            sheet = book.add_worksheet(_("Persons"))
            sheet.set_column(0, 8, WIDTH)
            persons: list[list[object]] = [[report.helped.title], [_as_of(report)], []]
            persons += _persons(report)
            persons.append([])
            persons += [[note] for note in report.notes[1:]]
            fill_sheet(sheet, persons, {0: bold, 3: bold})
    return made.getvalue()


def to_pdf(report: DonorReport) -> bytes:
    """The same as a PDF that a screen reader can read (PDF/UA-1). Raises TypesettingFailed."""
    document = {
        "lang": get_language() or settings.LANGUAGE_CODE,
        "title": report.title,
        "facts": [
            (_("Organisation"), report.organisation),
            (_("Donor"), ", ".join(report.donors)),
            (_("Days"), report.period),
            (_("Made on"), date_format(localtime(report.made_at), "DATETIME_FORMAT")),
        ],
        "lines": [
            {
                "title": f"{one.line.code}, {one.line.donor} ({one.line.currency})",
                "facts": facts_of(one),
                "columns": _headings(),
                "rows": [[str(row[0]), *map(_money, row[1:])] for row in _rows_of(one)],
            }
            for one in report.statements
        ],
        "helped": report.helped
        and {
            "title": report.helped.title,
            "as_of": _as_of(report),
            "rows": [[str(cell) for cell in row] for row in _persons(report)],
        },
        "notes_title": _("How to read these figures"),
        "notes": report.notes,
        "footer": f"{report.title} · {report.period}",
    }
    return as_pdf(TEMPLATE, document, at=int(report.made_at.timestamp()))


def facts_of(one: Statement) -> list[tuple[Any, str]]:
    """Where the line stood before these days and stands after them."""
    return [
        (_("Given for the line"), _money(one.line.amount)),
        (_("Paid before these days"), _money(one.before)),
        (_("Paid on these days"), _money(one.total)),
        (_("Left after them"), _money(one.left)),
    ]


def _headings() -> list[str]:
    return [_("Kind of assistance"), _("Paid"), _("Reversed"), _("Difference")]


def _rows_of(one: Statement) -> Iterator[Row]:
    yield from one.kinds
    yield _("All"), one.total_paid, one.total_reversed, one.total


def _persons(report: DonorReport) -> list[list[object]]:
    table = report.helped
    assert table is not None
    head = [table.row_label, *(column.label for column in table.columns), _("Total")]
    return [head, *(line for layer in table.layers for line in lines_of(table, layer))]


def _as_of(report: DonorReport) -> str:
    assert report.helped is not None
    return _("As of %(day)s") % {"day": date_format(localtime(report.helped.taken_at), "Y-m-d")}


def _made(report: DonorReport) -> str:
    return _("Made on %s") % date_format(localtime(report.made_at), "Y-m-d H:i")


def _money(amount: Any) -> str:
    return number_format(amount, 2, force_grouping=True)
