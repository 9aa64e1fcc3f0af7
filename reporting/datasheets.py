"""The data sheet of a table: what its figures are, how they were made, and what they do not tell."""

import json
from collections.abc import Iterator
from typing import Any

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from core import demonstration
from reporting import epochs, protection
from reporting.surface import MAX_DIMENSIONS
from reporting.tables import HIDDEN, Table, notes_of_all


def sheet_of(table: Table) -> dict[str, Any]:
    """The sheet by names that do not change; docs/reference/statistics-api.md explains them.

    It tells what follows from the figures that are shown and nothing else. How far a figure may have
    been moved is not told: who knows it learns more of each.
    """
    asked = table.definition
    return demonstration.field() | {
        "table": asked.id,
        "title": table.title,
        "snapshot": table.snapshot,
        "as_of": f"{localtime(table.taken_at):%Y-%m-%d}",
        "measure": asked.measure,
        "unit": _("One person counts once in each figure."),
        "method": [
            _(
                "All cases are counted at a snapshot, and every table is protected then. A table is"
                " looked up; nothing is counted when somebody asks."
            ),
            _(
                "Each figure is moved by a random number that depends only on which persons it"
                " counts (cell-key method), so the same persons show the same figure everywhere."
            ),
            _(
                "What then is less than the threshold is hidden, and so is nobody. Totals are"
                " protected on their own."
            ),
        ],
        "parameters": {
            "threshold": protection.THRESHOLD,
            "most_dimensions": MAX_DIMENSIONS,
            "fewest_changed": epochs.MIN_CHANGED,
        },
        "percent_shown": table.percent_shown,
        "known_distortions": [
            _("Figures just above %(symbol)s are slightly too high on average.")
            % {"symbol": HIDDEN},
            _("Figures do not add up to their totals exactly."),
            _("Of figures that differ by a few persons the order may be the other way round."),
            _("Persons who are not known, and cases that were erased, are in no figure."),
        ],
        "notes": [note for note in table.notes if note not in notes_of_all()],
    }


def to_datasheet(table: Table) -> bytes:
    """The sheet as a file for programs and people."""
    return json.dumps(sheet_of(table), ensure_ascii=False, indent=2).encode()


def lines_of_sheet(table: Table) -> Iterator[list[Any]]:
    """The sheet line by line: what it is, and what it says; for a workbook and for paper."""
    labels = {
        "table": _("Table"),
        "title": _("What it shows"),
        "snapshot": _("Snapshot"),
        "as_of": _("As of"),
        "measure": _("Measure"),
        "unit": _("Unit"),
        "method": _("How the figures were made"),
        "threshold": _("Less than this is hidden"),
        "most_dimensions": _("Dimensions of a table at most, its filter included"),
        "fewest_changed": _("Persons changed between two snapshots at least"),
        "percent_shown": _("Persons in figures that are shown, in percent, about"),
        "known_distortions": _("Known distortions"),
        "notes": _("Notes"),
    }
    sheet = sheet_of(table)
    sheet |= sheet.pop("parameters")
    for name, label in labels.items():
        told = sheet[name]
        if told is None:
            told = _("cannot be told")
        for one in told if isinstance(told, list) else [told]:
            yield [label, one if isinstance(one, int) else str(one)]
            label = ""
