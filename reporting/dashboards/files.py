"""The dashboards as a PDF that says the same as the page. In memory: no file is made."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cases.typesetting import as_pdf
from reporting.charts import charts_in_pieces
from reporting.dashboards.panels import HEAT, MAP, Answer
from reporting.dashboards.services import Dashboard
from reporting.exports import lines_of
from reporting.maps import choropleth, note
from reporting.papers import CHART_ALT, MAP_ALT, TALLEST
from reporting.tables import Layer

TEMPLATE = settings.BASE_DIR / "templates" / "documents" / "figures.typ"


def to_pdf(dashboard: Dashboard) -> bytes:
    """A PDF that a screen reader can read (PDF/UA-1). Raises TypesettingFailed."""
    title, made_at = _("Dashboards"), timezone.now()
    as_of = date_format(localtime(dashboard.taken_at), "DATE_FORMAT")
    document = {
        "lang": get_language() or settings.LANGUAGE_CODE,
        "title": title,
        "facts": [
            (_("As of"), as_of),
            (_("Made on"), date_format(localtime(made_at), "DATETIME_FORMAT")),
        ],
        "lines": [
            section for answer in dashboard.answers for section in _sections(dashboard, answer)
        ],
        "helped": None,
        "alt": str(CHART_ALT),
        "map_alt": str(MAP_ALT),
        "map_note": note(),
        "notes_title": _("How to read these figures"),
        "notes": dashboard.notes,
        "footer": f"{title} · {as_of}",
    }
    return as_pdf(TEMPLATE, document, at=int(made_at.timestamp()))


def _sections(dashboard: Dashboard, answer: Answer) -> Iterator[dict[str, Any]]:
    """The printed tables of a panel: their headings, what they say, and their figures."""
    panel, table = answer.panel, answer.table
    facts = [(_("What it says"), str(panel.reading))]
    if notes := dashboard.notes_on(answer):
        facts.append((_("Note"), " ".join(notes)))
    head = [table.row_label, *(column.label for column in table.columns), _("Total")]
    for layer in table.layers:
        yield {
            "title": f"{panel.title}: {layer.label}" if table.split_label else str(panel.title),
            "facts": facts if layer is table.layers[0] else [],
            "columns": [str(word) for word in head],
            "rows": [[str(cell) for cell in line] for line in lines_of(table, layer)],
            **_drawn(answer, layer),
        }


def _drawn(answer: Answer, layer: Layer) -> dict[str, Any]:
    """What the page draws of a layer; a heat table is its figures alone on paper."""
    table, how = answer.table, answer.panel.chart
    if how == HEAT:
        return {}
    if how == MAP and (drawn := choropleth(table, layer, name="map")):
        return {"map": drawn}
    return {"charts": list(charts_in_pieces(table, layer, tallest=TALLEST, stacked=False))}
