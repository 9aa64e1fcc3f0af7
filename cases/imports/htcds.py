"""A row of an HTCDS 2.0 sheet becomes a case to be opened."""

from collections import defaultdict
from datetime import date
from typing import Any

from cases.entries import ENTRY_KINDS
from cases.imports.cells import BLANKS
from cases.imports.htcds_fields import HTCDS_FIELDS
from cases.imports.rows import BadCell, Parsed, Problem, Row
from cases.imports.spellings import HTCDS_HEADERS
from cases.sections import CaseSummary, ConsentTerms, Contact, Identity, VictimContext
from cases.services.new_case import NewCase

NAME = "htcds"


def _bare(header: str) -> str:
    """Without case and underscores: prs_First_Name and prs_FirstName are the same column."""
    return header.casefold().replace("_", "").replace(" ", "")


_COLUMNS = {_bare(header): header for header in HTCDS_FIELDS} | {
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


def parse(row: Row) -> Parsed:
    """The case of one row, or every reason why it cannot be opened."""
    problems = [Problem(row.number, "", row.fault)] if row.fault else []
    values: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, cell in row.cells.items():
        text = cell.strip(BLANKS)
        if not text:
            continue
        place = HTCDS_FIELDS[name]
        try:
            values[place.section][place.field] = place.read(text)
        except BadCell as error:
            problems.append(Problem(row.number, name, str(error)))
    return Parsed(None if problems else _new_case(values), problems)


def _new_case(values: dict[str, dict[str, Any]]) -> NewCase:
    victim, summary = VictimContext(**values["victim"]), CaseSummary(**values["summary"])
    summary.other_htcds = {name: _as_text(value) for name, value in values["other"].items()}
    # HTCDS tells the country of exploitation as the country of an event of that type.
    if values["event"].get("event_type") == "Exploitation":
        victim.country_of_exploitation = values["event"].get("country", "")
    if values["comment"]:
        values["comment"]["cls"] = "narrative"
    return NewCase(
        identity=Identity(**values["identity"]),
        contact=Contact(**values["contact"]),
        victim=victim,
        summary=summary,
        consent=ConsentTerms(**values["consent"]) if values["consent"] else None,
        entries=[
            (name, kind.schema(**values[name]))
            for name, kind in ENTRY_KINDS.items()
            if values[name]
        ],
        # HTCDS has no date of opening; the day the referral was accepted is the nearest.
        opened_on=summary.incoming_referral_date,
    )


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return ";".join(value)
    return str(value)
