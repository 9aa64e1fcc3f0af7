"""What the dashboards show: declared here and nowhere else, each a look-up in the latest snapshot.

The keys are those of `reporting.dimensions`; what a snapshot does not know is left out of what is shown
of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from reporting.dimensions import ASSISTED
from reporting.measures import measures_of
from reporting.surface import Surface
from reporting.tables import Definition, Layer, Table

BARS, HEAT, MAP = "bars", "heat", "map"  # how a panel is drawn


@dataclass(frozen=True)
class Panel:
    """One table and how it is shown. `reading` says in one sentence what its figures are."""

    key: str
    title: Any
    reading: Any
    definition: Definition
    chart: str = BARS


PANELS: tuple[Panel, ...] = (
    Panel(
        "identified",
        _("Persons registered"),
        _("How many persons were registered in each year."),
        Definition("year"),
    ),
    Panel(
        "assisted",
        _("Persons assisted"),
        _("Of those registered in each year, how many received assistance."),
        Definition("year", filters={"assisted": ASSISTED}),
    ),
    Panel(
        "assistance",
        _("Assistance by kind"),
        _("How many persons received each kind of assistance."),
        Definition("assistance"),
    ),
    Panel(
        "waiting",
        _("From identification to first assistance"),
        _("How many days passed, on average, for those registered in each year."),
        Definition("year", measure="days-mean"),
    ),
    Panel(
        "outcomes",
        _("Outcomes"),
        _("How assistance ended, and for how many persons."),
        Definition("outcome"),
    ),
    Panel(
        "reintegration",
        _("Reintegration"),
        _("The average reintegration score of those registered in each year."),
        Definition("year", measure="score-mean"),
    ),
    Panel(
        "sources",
        _("Who referred the persons to us"),
        _("Through whom how many persons came."),
        Definition("source"),
    ),
    Panel(
        "countries",
        _("Countries of exploitation"),
        _("How many persons were exploited in each country."),
        Definition("country"),
        MAP,
    ),
    Panel(
        "subtypes",
        _("Forms of exploitation in detail"),
        _("How many persons were exploited in each way."),
        Definition("subtype"),
    ),
    Panel(
        "sdg-16-2-2",
        _("Victims by sex, age and form of exploitation (SDG 16.2.2)"),
        _(
            "Indicator 16.2.2 of the Sustainable Development Goals counts victims by sex, age "
            "and form of exploitation, per 100,000 of the population. These are the victims we know."
        ),
        Definition("age", "gender", "exploitation"),
        HEAT,
    ),
)


def panels_of(surface: Surface) -> list[Panel]:
    """The panels that this snapshot can answer, in their order."""
    measures = {measure.code for measure in measures_of(surface)}

    def is_answered(asked: Definition) -> bool:
        keys = {*asked.shown_keys, *asked.filters}
        return keys <= surface.axes.keys() and asked.measure in measures

    return [panel for panel in PANELS if is_answered(panel.definition)]


@dataclass(frozen=True)
class Answer:
    """A panel with what is printed of its table, and the names of the categories that are left out."""

    panel: Panel
    table: Table
    left_out: Sequence[str] = ()


def answer_of(panel: Panel, table: Table) -> Answer:
    """Of a heat table only that part is printed in which there is a figure at all."""
    return _trimmed(panel, table) if panel.chart == HEAT else Answer(panel, table)


def _trimmed(panel: Panel, table: Table) -> Answer:
    """Without the rows, the columns and the layers in which every figure is hidden."""
    asked = table.definition
    shown = {
        (key, code)
        for codes, cell in table.figures
        if cell.number is not None
        for key, code in codes.items()
    }
    rows = [at for at, row in enumerate(table.rows) if (asked.rows, row.code) in shown]
    columns = [at for at, one in enumerate(table.columns) if (asked.columns, one.code) in shown]
    layers = [one for one in table.layers if not one.code or (asked.split, one.code) in shown]
    printed = replace(
        table,
        rows=[table.rows[at] for at in rows],
        columns=[table.columns[at] for at in columns],
        layers=[_part(one, rows, columns) for one in layers],
    )
    left_out = [
        *(one.label for one in table.rows if one not in printed.rows),
        *(one.label for one in table.columns if one not in printed.columns),
        *(one.label for one in table.layers if one not in layers),
    ]
    return Answer(panel, printed, list(dict.fromkeys(map(str, left_out))))


def _part(layer: Layer, rows: list[int], columns: list[int]) -> Layer:
    return replace(
        layer,
        cells=[[layer.cells[row][column] for column in columns] for row in rows],
        row_totals=[layer.row_totals[row] for row in rows],
        column_totals=[layer.column_totals[column] for column in columns],
    )
