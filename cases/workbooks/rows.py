"""A case file becomes rows of an HTCDS sheet, through the table by which the import reads them.

Each cell is read back by the reader of its field before it goes out. What that would refuse is left
out and named, so that a sheet of ours is one that the import takes over whole, and takes over as it is.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from cases.entries import ENTRY_KINDS
from cases.imports.cells import BLANKS
from cases.imports.htcds import EXPLOITATION, as_text
from cases.imports.htcds_fields import HTCDS_FIELDS, Place
from cases.imports.rows import BadCell
from cases.sections import CaseSummary, TraffickingEventContent, VictimContext
from core.schema import Section

Cells = dict[str, str]  # column → text, as the import would read it
OTHER = "other"  # the section of CaseSummary.other_htcds
# What XML cannot hold, and what spreadsheets take for an escape of their own.
UNWRITABLE = re.compile(r"[\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")


@dataclass(slots=True)
class CaseFile:
    """What was opened of one case."""

    reference: str
    once: dict[str, Section]  # by sections of NewCase: identity, contact, victim, summary, consent
    entries: list[tuple[str, Section]]  # with keys of ENTRY_KINDS, oldest first
    known_here: Cells  # fields that Tutela knows better than what was imported


class LeftOut(NamedTuple):
    """What does not go out, and why. It stands in the workbook, so it may name the case."""

    reference: str
    column: str  # "" for the whole case
    reason: str


def rows_of(file: CaseFile) -> tuple[list[Cells], list[LeftOut]]:
    """The rows of a case: one, and a further one for each entry that has no room in those before.

    And what of the case no cell can hold.
    """
    left_out: list[LeftOut] = []
    rows: list[Cells] = [{}]
    for section, content in file.once.items():
        rows[0] |= _cells(file, section, content, left_out)
    room: dict[str, int] = dict.fromkeys(ENTRY_KINDS, 0)
    for kind, content in [*file.entries, *_country_told(file)]:
        if cells := _cells(file, kind, content, left_out):
            if room[kind] == len(rows):
                rows.append({})
            rows[room[kind]] |= cells
            room[kind] += 1
    rows[0] |= _others(file, rows[0], room, left_out)
    return rows, left_out


@cache
def _places(section: str) -> list[tuple[str, Place]]:
    return [(name, place) for name, place in HTCDS_FIELDS.items() if place.section == section]


def _cells(file: CaseFile, section: str, content: Section, left_out: list[LeftOut]) -> Cells:
    """The cells of one section or entry that are not empty."""
    found = {
        name: _cell(file, name, getattr(content, place.field), left_out)
        for name, place in _places(section)
    }
    return {name: cell for name, cell in found.items() if cell}


def _cell(file: CaseFile, name: str, value: Any, left_out: list[LeftOut]) -> str:
    """A value as the import would read it; "" when there is none, or what of it cannot be read."""
    if value is None:
        return ""
    told: dict[str, None] = {}
    for part in value if isinstance(value, list) else [value]:
        text = as_text(part).strip(BLANKS)
        try:
            if text and (cell := _read_back(HTCDS_FIELDS[name], text)):
                told[cell] = None
        except BadCell as error:
            left_out.append(LeftOut(file.reference, name, str(error)))
    return ";".join(told)


def _read_back(place: Place, text: str) -> str:
    cell = as_text(place.read(text)).strip(BLANKS)
    if UNWRITABLE.search(cell):
        raise BadCell(_("holds signs that no workbook can hold"))
    place.read(cell)  # normalising can lengthen a text beyond what is read
    return cell


def _country_told(file: CaseFile) -> Iterable[tuple[str, Section]]:
    """HTCDS tells the country of exploitation by an event; here is one, where no event tells it."""
    victim = file.once.get("victim", VictimContext())
    assert isinstance(victim, VictimContext)
    events = (content for kind, content in file.entries if kind == "event")
    told = [event.country for event in events if _tells(event)]  # type: ignore[attr-defined]
    country = victim.country_of_exploitation
    if country and told[-1:] != [country]:
        yield "event", TraffickingEventContent(event_type=EXPLOITATION, country=country)


def _tells(event: Section) -> bool:
    assert isinstance(event, TraffickingEventContent)
    return event.event_type == EXPLOITATION and bool(event.country)


def _others(file: CaseFile, first: Cells, room: dict[str, int], left_out: list[LeftOut]) -> Cells:
    """Fields kept under their HTCDS name, and those that Tutela knows better by now.

    What was imported when its field had no place yet goes where the field is today, unless something
    stands there.
    """
    summary = file.once.get("summary", CaseSummary())
    assert isinstance(summary, CaseSummary)
    found = {}
    for name, value in (summary.other_htcds | file.known_here).items():
        if name not in HTCDS_FIELDS:
            left_out.append(LeftOut(file.reference, name, _("is no field of HTCDS")))
        elif name not in first and not room.get(HTCDS_FIELDS[name].section):
            found[name] = _cell(file, name, value, left_out)
    return {name: cell for name, cell in found.items() if cell}
