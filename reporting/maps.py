"""Maps of countries as SVG, drawn on the server from a protected table and nothing else.

A country has a tint by its figure, in CLASSES steps of one hue. The tint does not speak alone: the
figure is printed on the country, and where there is no room for it stands a circle that is the larger,
the higher the class. A figure that is not shown is a hatched country, whatever the reason; a country
that is no row of the table is an outline, whether nobody is from there or somebody.

frontend/outlines.mjs draws the outlines, once. As in reporting/charts.py there is no style attribute
and no script, and colour stands in attributes as well.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import hypot
from pathlib import Path
from textwrap import wrap
from typing import Any

from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from reporting.charts import GRID, HATCH, INK, SOFT, hatch_pattern
from reporting.dimensions import COUNTRY_NAMES, DIMENSIONS
from reporting.measures import Measure
from reporting.tables import HIDDEN, Cell, Layer, Table

OUTLINES = Path(__file__).with_name("outlines.json")
CLASSES = 5  # classes map-1 to map-5
# The light colours of frontend/scss/_settings.scss; what stands on a tint and around it.
TINTS = ("#449fa6", "#2c7f85", "#1a646a", "#114c50", "#0a3639")
ON_TINTS = (INK, "#fff", "#fff", "#fff", "#fff")
SEA, LAND = "#f6f9f9", "#fff"
FONT, LINE, CHARACTER = 12, 17, 6.8  # of words: size, distance of lines, average width
FIGURE, DIGIT, HIGH = 9, 5.4, 6.6  # of figures on countries: size, width and height of a digit
CIRCLES = (2, 2.8, 3.6, 4.4, 5.2)  # radius by class
HIDDEN_CIRCLE = 3
BORDER = 0.5
SWATCH, TALL, GAP = 18, 11, 5


@dataclass(frozen=True)
class Place:
    """A country on a drawing: the middle of its largest part, the radius of the room around it, and
    its outline. A country that is too small to be seen has no room and no outline.
    """

    x: float
    y: float
    room: float = 0
    path: str = ""


@dataclass(frozen=True)
class Drawing:
    """A part of the world, by ISO 3166 code. `others`: outlines of what has no such code."""

    height: float
    countries: Mapping[str, Place]
    others: str


@dataclass(frozen=True)
class Outlines:
    """The drawings, the nearest first; their width; and how many steps of a path are a unit."""

    width: float
    fine: float
    drawings: Sequence[Drawing]

    def home_of(self, code: str) -> Drawing | None:
        """The drawing on which a country has its figure: where there is most room for it."""
        found = (one for one in self.drawings if code in one.countries)
        return max(found, key=lambda one: one.countries[code].room, default=None)


@cache
def outlines() -> Outlines:
    """What frontend/outlines.mjs drew."""
    read = json.loads(OUTLINES.read_text())
    drawings = [
        Drawing(
            one["height"],
            {code: Place(*place) for code, place in one["countries"].items()},
            one["others"],
        )
        for one in read["drawings"].values()
    ]
    return Outlines(read["width"], read["fine"], drawings)


def note() -> str:
    """What is to be said below every map."""
    return _(
        "Outlines: Natural Earth, public domain, simplified. They follow who controls an area in fact,"
        " except that Crimea is drawn as resolution 68/262 of the General Assembly of the United Nations"
        " has it. No outline and no name on this map says anything about the status of a territory or"
        " about where a border should be."
    )


def not_shown() -> str:
    """What a map says of a figure that is not shown. It does not tell why."""
    return _("%(symbol)s, or not shown") % {"symbol": HIDDEN}


def choropleth(table: Table, layer: Layer, *, name: str) -> str:
    """One layer of a table by countries as a map; `name` makes its identifiers unique on the page.

    Returns "" for any other table, where no country has a figure that is shown, and where maps are
    switched off. What no country of the table is at home on is not drawn.
    """
    if not (settings.STATISTICS_MAPS and is_of_countries(table)):
        return ""
    rows = [
        _Row(row.code, row.label, cell)
        for row, cell in zip(table.rows, layer.row_totals, strict=True)
    ]
    on_map = [row for row in rows if row.home]
    steps = _steps(row.cell.number for row in on_map if row.cell.number is not None)
    if not steps:
        return ""
    sheet = _Sheet(name, steps)
    for drawing in outlines().drawings:
        if any(row.home is drawing for row in on_map):
            sheet.draw(drawing, on_map)
    sheet.tell_classes(table.measure)
    if any(row.cell.number is None for row in on_map):
        sheet.tell(0, not_shown())
    sheet.tell(None, _("Not in the table: nobody, or too few persons"))
    if sheet.has_circles:
        sheet.write(_("Where there is no room for a figure stands a circle: the larger, the more."))
    beside = "; ".join(row.words for row in rows if not row.home)
    if beside:
        sheet.write(_("Not on the map: %(rows)s.") % {"rows": beside})
    return sheet.as_svg(table.title)


def is_of_countries(table: Table) -> bool:
    """Is the table by countries and by nothing else?"""
    asked = table.definition
    return asked.shown_keys == [asked.rows] and DIMENSIONS[asked.rows].labels is COUNTRY_NAMES


def _steps(numbers: Iterable[float]) -> dict[float, int]:
    """The class of each figure, from 1: of different figures about as many in each."""
    different = sorted(set(numbers))
    groups = min(CLASSES, len(different))
    apart = (CLASSES - 1) / max(1, groups - 1)  # two classes are the weakest and the strongest
    return {
        number: 1 + int(at * groups // len(different) * apart)
        for at, number in enumerate(different)
    }


@dataclass(frozen=True)
class _Row:
    """A row of the table: a country, or what is none."""

    code: str
    label: Any
    cell: Cell

    @property
    def home(self) -> Drawing | None:
        return outlines().home_of(self.code)

    @property
    def words(self) -> str:
        return f"{self.label}: {not_shown() if self.cell.number is None else self.cell}"


@dataclass
class _Sheet:
    """Shapes so far, and how far down they reach.

    A step is the class of a figure; 0 where it is not shown, None where there is no row.
    """

    name: str
    steps: Mapping[float, int]
    y: float = 0
    has_circles: bool = False
    shapes: list[SafeString] = field(default_factory=list)

    def draw(self, drawing: Drawing, rows: Sequence[_Row]) -> None:
        """A drawing: all of its land, tints over it, and the figures that are at home on it."""
        named = [
            (row, drawing.countries[row.code]) for row in rows if row.code in drawing.countries
        ]
        tinted = {row.code for row, _place in named if row.cell.number is not None}
        land = [place.path for code, place in drawing.countries.items() if code not in tinted]
        parts = [
            format_html(
                '<rect width="{}" height="{}" class="map-sea" fill="{}" stroke="{}"/>',
                outlines().width,
                drawing.height,
                SEA,
                GRID,
            ),
            self._area("".join([*land, drawing.others]), None),
            *(self._area(at.path, self._step(row), row.words) for row, at in named if at.path),
            *(self._mark(row, at) for row, at in named if row.home is drawing),
        ]
        self.shapes.append(
            format_html('<g transform="translate(0 {})">{}</g>', _n(self.y), _joined(parts))
        )
        self.y += drawing.height + LINE / 2

    def tell_classes(self, measure: Measure) -> None:
        """What the tints and circles stand for, two beside each other."""
        for at, step in enumerate(sorted(set(self.steps.values()))):
            of_step = [number for number, found in self.steps.items() if found == step]
            ends = dict.fromkeys(map(measure.written, (min(of_step), max(of_step))))
            x = at % 2 * outlines().width / 2
            self._swatch(x, step)
            circle = _circle(x + SWATCH + GAP + CIRCLES[-1], self.y + TALL / 2, CIRCLES[step - 1])
            self.shapes.append(format_html("<{} {}/>", circle, self._look(step)))
            self._text(x + SWATCH + 2 * GAP + 2 * CIRCLES[-1], "–".join(ends))
            self.y += LINE * (at % 2)
        self.y += LINE * (len(set(self.steps.values())) % 2)

    def tell(self, step: int | None, words: str) -> None:
        """What a country looks like that has no figure."""
        self._swatch(0, step)
        self._text(SWATCH + GAP, words)
        self.y += LINE

    def write(self, words: str) -> None:
        """Lines of words, each as long as there is room for."""
        for line in wrap(words, int(outlines().width / CHARACTER)):
            self._text(0, line, "muted", SOFT)
            self.y += LINE

    def as_svg(self, title: str) -> SafeString:
        return format_html(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" class="map"'
            ' role="img" aria-labelledby="{name}-title {name}-desc">'
            '<title id="{name}-title">{title}</title><desc id="{name}-desc">{desc}</desc>'
            "<defs>{hatch}{fine}</defs>{shapes}</svg>",
            width=outlines().width,
            height=_n(self.y),
            name=self.name,
            title=title,
            desc=_how_to_read(),
            hatch=hatch_pattern(f"{self.name}-hatch"),
            fine=hatch_pattern(f"{self.name}-fine", outlines().fine),
            shapes=_joined(self.shapes),
        )

    def _step(self, row: _Row) -> int:
        return 0 if row.cell.number is None else self.steps[row.cell.number]

    def _area(self, path: str, step: int | None, words: str = "") -> SafeString:
        fine = outlines().fine
        return format_html(
            '<path transform="scale({})" d="{}" stroke-width="{}" {}>{}</path>',
            1 / fine,
            path,
            _n(BORDER * fine),
            self._look(step, hatch="fine"),
            _title(words),
        )

    def _mark(self, row: _Row, place: Place) -> SafeString:
        """The figure of a country, or the circle that stands for it."""
        step, words = self._step(row), str(row.cell)
        if step and hypot(len(words) * DIGIT, HIGH) / 2 <= place.room:
            return format_html(
                '<text x="{}" y="{}" font-size="{}" text-anchor="middle" pointer-events="none"'
                ' class="{}" fill="{}">{}</text>',
                place.x,
                _n(place.y + HIGH / 2),
                FIGURE,
                "value" if step == 1 else "on-bar",
                ON_TINTS[step - 1],
                words,
            )
        if not step and place.room >= HIDDEN_CIRCLE:
            return SafeString()
        self.has_circles |= step > 0
        circle = _circle(place.x, place.y, CIRCLES[step - 1] if step else HIDDEN_CIRCLE)
        return format_html("<{} {}>{}</circle>", circle, self._look(step), _title(row.words))

    def _look(self, step: int | None, *, hatch: str = "hatch") -> SafeString:
        """How an area looks: its class, and for a drawing that stands alone its colours."""
        match step:
            case None:
                looks = ("map-land", LAND, HATCH)
            case 0:
                looks = ("map-hidden", f"url(#{self.name}-{hatch})", HATCH)
            case _:
                looks = (f"map-{step}", TINTS[step - 1], ON_TINTS[step - 1])
        return format_html('class="{}" fill="{}" stroke="{}"', *looks)

    def _swatch(self, x: float, step: int | None) -> None:
        self.shapes.append(
            format_html(
                '<rect x="{}" y="{}" width="{}" height="{}" {}/>',
                _n(x + BORDER),
                _n(self.y),
                SWATCH,
                TALL,
                self._look(step),
            )
        )

    def _text(self, x: float, words: str, css: str = "label", fill: str = INK) -> None:
        self.shapes.append(
            format_html(
                '<text x="{}" y="{}" font-size="{}" class="{}" fill="{}">{}</text>',
                _n(x),
                _n(self.y + TALL - 1),
                FONT,
                css,
                fill,
                words,
            )
        )


def _circle(x: float, y: float, radius: float) -> SafeString:
    return format_html('circle cx="{}" cy="{}" r="{}"', _n(x), _n(y), radius)


def _title(words: str) -> SafeString:
    return format_html("<title>{}</title>", words) if words else SafeString()


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def _how_to_read() -> str:
    return _(
        "Countries by the figures of the table: the more, the stronger the tint. A hatched country"
        " stands for %(symbol)s or for a figure that is not shown."
    ) % {"symbol": HIDDEN}


def _n(number: float) -> str:
    """A number as SVG wants it, whatever the language of the page."""
    return f"{number:.1f}".removesuffix(".0")
