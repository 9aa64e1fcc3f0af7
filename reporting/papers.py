"""A protected table as a PDF that a screen reader can read: figures, chart, map, data sheet."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from cases.typesetting import as_pdf
from reporting.charts import charts_in_pieces
from reporting.datasheets import lines_of_sheet
from reporting.exports import lines_of
from reporting.maps import choropleth, note
from reporting.tables import Layer, Table

TEMPLATE = settings.BASE_DIR / "templates" / "documents" / "statistics.typ"
TALLEST = 800  # units of a chart on one page
CHART_ALT = gettext_lazy("Bars of the figures above; what is hidden there is hatched here.")
MAP_ALT = gettext_lazy("Map of the figures above; what is hidden there is hatched here.")
ACROSS = 8  # columns of figures beside each other on the paper; more stand in a piece below


def to_pdf(table: Table, *, stacked: bool = False) -> bytes:
    """The table, its chart and its map where they can be drawn, and its data sheet.

    Raises TypesettingFailed.
    """
    as_of = _("As of %(day)s") % {"day": f"{localtime(table.taken_at):%Y-%m-%d}"}
    document = {
        "lang": get_language() or settings.LANGUAGE_CODE,
        "title": table.title,
        "as_of": as_of,
        "layers": [_layer(table, layer, stacked) for layer in table.layers],
        "alt": str(CHART_ALT),
        "map_alt": str(MAP_ALT),
        "map_note": note(),
        "notes_title": _("How to read these figures"),
        "notes": table.notes,
        "sheet_title": _("Data sheet"),
        "sheet": [[label, str(told)] for label, told in lines_of_sheet(table)],
        "footer": f"{table.title} · {as_of}",
    }
    return as_pdf(TEMPLATE, document, at=int(table.taken_at.timestamp()))


def _layer(table: Table, layer: Layer, stacked: bool) -> dict[str, Any]:
    return {
        "title": f"{table.split_label}: {layer.label}" if table.split_label else _("Persons"),
        "pieces": list(_pieces(table, layer)),
        "charts": list(charts_in_pieces(table, layer, tallest=TALLEST, stacked=stacked)),
        "map": choropleth(table, layer, name="map"),
    }


def _pieces(table: Table, layer: Layer) -> Iterator[dict[str, Any]]:
    """The layer in pieces that fit on the paper, each with the names of its rows."""
    head = [*(str(column.label) for column in table.columns), _("Total")]
    lines = [[str(cell) for cell in line] for line in lines_of(table, layer)]
    for start in range(0, len(head), ACROSS):
        part = slice(start, start + ACROSS)
        yield {
            "head": [str(table.row_label), *head[part]],
            "rows": [[label, *cells[part]] for label, *cells in lines],
        }
