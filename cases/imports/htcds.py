"""A row of an HTCDS 2.0 sheet becomes a case to be opened. cases/workbooks/ writes such rows.

HTCDS has one row for a case, and a case has several events, comments, decisions. In a sheet with the
column CASE, rows that follow one another with the same number there are of one case: the first holds
everything, each further one holds one more of what there are several of.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from cases.entries import ENTRY_KINDS
from cases.imports.cells import BLANKS
from cases.imports.htcds_fields import HTCDS_FIELDS
from cases.imports.rows import BadCell, Parsed, Problem, Row
from cases.imports.spellings import HTCDS_HEADERS
from cases.sections import CaseSummary, ConsentTerms, Contact, Identity, VictimContext
from cases.services.new_case import NewCase
from core.cells import plain_text

NAME = "htcds"
CASE, CASE_LABEL = "tutela_Case", "Number of the case in this file"  # ours, not HTCDS's
EXPLOITATION = "Exploitation"  # code of reference.HISTORIC_EVENT_TYPE
COMMENT_CLASS = "narrative"  # HTCDS knows one kind of comment


def _bare(header: str) -> str:
    """Without case and underscores: prs_First_Name and prs_FirstName are the same column."""
    return header.casefold().replace("_", "").replace(" ", "")


_COLUMNS = {_bare(header): header for header in (*HTCDS_FIELDS, CASE)} | {
    _bare(spelling): header for spelling, header in HTCDS_HEADERS.items()
}


def column(header: str) -> str:
    """The HTCDS field that a header means; "" when it means none."""
    return _COLUMNS.get(_bare(header), "")


def label(name: str) -> str:
    """The label HTCDS gives the field, as in the second row of its workbook."""
    return HTCDS_FIELDS[name].label


def columns_labelled(text: str) -> list[str]:
    """The fields with that label: none, one, or several (there are three longitudes)."""
    flat = _bare(text)
    return [name for name, place in HTCDS_FIELDS.items() if flat and _bare(place.label) == flat]


def records(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """The rows of each case. A number that comes back after another one is a fault of its row."""
    done: set[str] = set()
    for (number, _row), found in groupby(rows, key=_case_of):
        several = list(found)
        if number in done and not several[0].fault:
            message = _("belongs to a case further up; rows of one case must follow one another")
            several[0] = several[0]._replace(fault=message)
        if number:
            done.add(number)
        yield several


def _case_of(row: Row) -> tuple[str, int]:
    """The number of the case that stands in the row, or the row's own where there is none."""
    number = row.cells.get(CASE, "").strip(BLANKS)
    return number, 0 if number else row.number


def parse(row: Row, *more: Row) -> Parsed:
    """The case of one row and of those that go on with it, or every reason why it cannot be opened."""
    problems: list[Problem] = []
    first = _values(row, problems)
    several = [first]
    for each in more:
        several.append(values := _values(each, problems))
        for section in values.keys() - ENTRY_KINDS.keys():
            problems += _out_of_place(each, section)
    return Parsed(None if problems else _new_case(first, several), problems)


Values = dict[str, dict[str, Any]]  # section → field → value


def _values(row: Row, problems: list[Problem]) -> Values:
    """What one row says; what cannot be read of it becomes a problem."""
    if row.fault:
        problems.append(Problem(row.number, "", row.fault))
    values: Values = defaultdict(dict)
    for name, cell in row.cells.items():
        text = plain_text(cell.strip(BLANKS)).strip(BLANKS)
        if not text or name == CASE:
            continue
        place = HTCDS_FIELDS[name]
        try:
            values[place.section][place.field] = place.read(text)
        except BadCell as error:
            problems.append(Problem(row.number, name, str(error)))
    return values


def _out_of_place(row: Row, section: str) -> list[Problem]:
    message = _("is told once for a case: in the first of its rows")
    filled = (name for name, cell in row.cells.items() if name != CASE and cell.strip(BLANKS))
    return [
        Problem(row.number, name, message)
        for name in filled
        if HTCDS_FIELDS[name].section == section
    ]


def _new_case(values: Values, several: list[Values]) -> NewCase:
    victim, summary = VictimContext(**values["victim"]), CaseSummary(**values["summary"])
    summary.other_htcds = {name: as_text(value) for name, value in values["other"].items()}
    # HTCDS tells the country of exploitation as the country of an event of that type.
    for each in several:
        if each["event"].get("event_type") == EXPLOITATION and each["event"].get("country"):
            victim.country_of_exploitation = each["event"]["country"]
        if each["comment"]:
            each["comment"]["cls"] = COMMENT_CLASS
    return NewCase(
        identity=Identity(**values["identity"]),
        contact=Contact(**values["contact"]),
        victim=victim,
        summary=summary,
        consent=ConsentTerms(**values["consent"]) if values["consent"] else None,
        entries=[
            (name, kind.schema(**each[name]))
            for name, kind in ENTRY_KINDS.items()
            for each in several
            if each[name]
        ],
        # HTCDS has no date of opening; the day the referral was accepted is the nearest.
        opened_on=summary.incoming_referral_date,
    )


def as_text(value: Any) -> str:
    """A value as a cell tells it, so that the reader of its field gives it back."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return ";".join(value)
    return str(value)
