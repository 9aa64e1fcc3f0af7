"""Bar charts as SVG, drawn on the server from a protected table and nothing else.

No style attribute and no script: classes and presentation attributes only, as the page's
Content-Security-Policy demands. Colour stands in attributes as well, for a drawing that stands alone;
on a page its classes go before. A figure that is not shown is a hatched bar of one fixed length, so
that its length tells nothing. There is no line through points and no circle of parts: both would
tell what is not shown.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from math import ceil, floor, log10
from textwrap import wrap
from typing import Any

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.exceptions import BadInput
from reporting.measures import Measure
from reporting.tables import HIDDEN, Cell, Layer, Table

WIDTH = 480  # of the drawing, in its own units
NARROW = 340  # of one without words behind its bars: a unit is about a pixel on a phone
PLOT = 240  # the longest bar; figures and names stand behind the bars
BAR, GAP, LINE = 15, 3, 18
FONT = 13
CHARACTER = 8  # average width at this font size
SERIES = 6  # classes bar-0 to bar-5
HIDDEN_LENGTH = 24
MOST_BARS = 150
TICKS = 4
SHADES = 5  # classes app-heat-1 to app-heat-5
# The light colours of frontend/scss/_settings.scss.
FILLS = ("#0f6268", "#a8611a", "#5b4580", "#3b7a3f", "#a3405c", "#566b8c")
INK, SOFT, GRID, HATCH = "#14272c", "#4a5d61", "#dfe8e7", "#5f7376"
MARGIN = 16  # around a drawing that stands alone


@dataclass
class _Canvas:
    """Shapes so far, and the line that comes next."""

    scale: float
    pattern: str
    width: float = WIDTH
    y: float = 0
    shapes: list[SafeString] = field(default_factory=list)

    def text(self, x: float, words: Any, css: str = "label", anchor: str = "start") -> None:
        self.shapes.append(
            format_html(
                '<text x="{}" y="{}" font-size="{}" text-anchor="{}" class="{}" fill="{}">{}</text>',
                _n(x),
                _n(self.y + BAR - 3),
                FONT,
                anchor,
                css,
                {"muted": SOFT, "on-bar": "#fff"}.get(css, INK),
                words,
            )
        )

    def bar(self, x: float, length: float, series: int, words: str) -> None:
        self.shapes.append(
            format_html(
                '<rect x="{}" y="{}" width="{}" height="{}" class="bar-{}" fill="{}">'
                "<title>{}</title></rect>",
                _n(x),
                _n(self.y),
                _n(length),
                BAR,
                series % SERIES,
                FILLS[series % SERIES],
                words,
            )
        )

    def hidden_bar(self, x: float, words: str) -> None:
        self.shapes.append(
            format_html(
                '<rect x="{}" y="{}" width="{}" height="{}" class="bar-hidden" fill="url(#{})"'
                ' stroke="{}">'
                "<title>{}</title></rect>",
                _n(x),
                _n(self.y),
                HIDDEN_LENGTH,
                BAR,
                self.pattern,
                HATCH,
                words,
            )
        )


@dataclass(frozen=True)
class Shaded(Cell):
    """A cell of a heat table: from 1, a fifth of the layer's largest figure or less, to SHADES; 0 where
    the figure is not shown."""

    step: int = 0


def shaded(layer: Layer) -> list[list[Shaded]]:
    """The cells of a layer, totals apart, each with its shade. Told by a tint and a bar's length."""
    numbers = (cell.number for row in layer.cells for cell in row)
    highest = max((number for number in numbers if number is not None), default=1)
    return [
        [Shaded(cell.figure, step=ceil(SHADES * (cell.number or 0) / highest)) for cell in row]
        for row in layer.cells
    ]


def bar_chart(table: Table, layer: Layer, *, name: str, stacked: bool = False) -> str:
    """One layer of the table as horizontal bars, one group a row of the table; for a page.

    `name` makes the identifiers inside unique on the page. Returns "" when there are more bars than
    anyone could read. Stacks hold SERIES parts at most; more columns are set below each other.
    """
    return _svg(table, layer, name, stacked) if can_be_drawn(table) else ""


def charts_in_pieces(table: Table, layer: Layer, *, tallest: int, stacked: bool) -> Iterator[str]:
    """The same for paper, one below the other and to one scale.

    Each is about as high as `tallest` units of a drawing of WIDTH, once both are as wide on the paper.
    """
    if not can_be_drawn(table):
        return
    stacked = stacked and _can_be_stacked(table)
    bars = 1 if stacked else max(1, len(table.columns))
    row = LINE + (BAR + GAP) * bars + 2 * GAP
    most = max(1, int(tallest * _width(table) / WIDTH / row))  # rows of the table
    highest = _highest(table, layer, stacked)
    for start in range(0, len(table.rows), most):
        part = slice(start, start + most)
        few = replace(layer, cells=layer.cells[part], row_totals=layer.row_totals[part])
        yield _svg(replace(table, rows=table.rows[part]), few, "chart", stacked, highest)


def _svg(table: Table, layer: Layer, name: str, stacked: bool, highest: float = 0) -> SafeString:
    drawing, height = _draw(table, layer, name, stacked, highest)
    width = _width(table)
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" class="{}" role="img"'
        ' aria-labelledby="{}-title {}-desc">{}</svg>',
        _n(width),
        _n(height),
        "" if width == WIDTH else "narrow",
        name,
        name,
        drawing,
    )


def _width(table: Table) -> float:
    """Of the drawing: bars without words behind them need less room."""
    return WIDTH if table.columns else NARROW


def can_be_drawn(table: Table) -> bool:
    """Has the table rows, and not more bars than anyone could read?"""
    return 0 < len(table.rows) * max(1, len(table.columns)) <= MOST_BARS


def _can_be_stacked(table: Table) -> bool:
    return 1 < len(table.columns) <= SERIES and not table.measure.is_mean


def to_svg(table: Table, *, stacked: bool = False) -> bytes:
    """The chart of the page as a file that stands alone: its words, every layer, how to read it.

    Raises BadInput when there are none, or more bars than anyone could read.
    """
    if not can_be_drawn(table):
        raise BadInput(_("There are too many figures here for a chart, or none."))
    as_of = _("As of %(day)s") % {"day": date_format(localtime(table.taken_at), "Y-m-d")}
    page = _Canvas(scale=1, pattern="")
    _write(page, [table.title], "value")
    source = _("Table %(id)s, snapshot %(number)s") % {
        "id": table.definition.id,
        "number": table.snapshot,
    }
    _write(page, [as_of, source], "muted")
    for number, layer in enumerate(table.layers):
        page.y += LINE
        if table.split_label:
            _write(page, [f"{table.split_label}: {layer.label}"], "value")
        drawing, height = _draw(table, layer, f"chart-{number}", stacked)
        page.shapes.append(
            format_html('<g transform="translate(0 {})">{}</g>', _n(page.y), drawing)
        )
        page.y += height + LINE
    _write(page, table.notes, "muted")
    title, desc = table.title, _how_to_read()
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="{corner} {corner} {width} {height}"'
        ' width="{width}" height="{height}" font-family="sans-serif" role="img"'
        ' aria-labelledby="title desc"><title id="title">{title}</title><desc id="desc">{desc}</desc>'
        '<rect x="{corner}" y="{corner}" width="{width}" height="{height}" fill="#fff"/>'
        "{shapes}</svg>\n",
        corner=-MARGIN,
        width=WIDTH + 2 * MARGIN,
        height=_n(page.y + 2 * MARGIN),
        title=title,
        desc=desc,
        shapes=format_html_join("", "{}", ((shape,) for shape in page.shapes)),
    ).encode()


def _write(page: _Canvas, paragraphs: Iterable[str], css: str) -> None:
    """Lines of words, each as long as there is room for."""
    for words in paragraphs:
        for line in wrap(words, int(WIDTH / CHARACTER)):
            page.text(0, line, css)
            page.y += LINE


def _draw(
    table: Table, layer: Layer, name: str, stacked: bool, highest: float = 0
) -> tuple[SafeString, float]:
    """What is inside the drawing of one layer, and its height; `highest` is the end of its axis."""
    stacked = stacked and _can_be_stacked(table)
    highest = highest or _highest(table, layer, stacked)
    canvas = _Canvas(scale=PLOT / highest, pattern=f"{name}-hatch", width=_width(table))
    if stacked:
        _draw_legend(canvas, table)
    _draw_axis(canvas, highest, table.measure)
    top = canvas.y
    for index, row in enumerate(table.rows):
        for line in wrap(str(row.label), int(canvas.width / CHARACTER)):
            canvas.text(0, line)
            canvas.y += LINE
        if stacked:
            _draw_stack(canvas, table, layer.cells[index])
        else:
            _draw_group(canvas, table, layer, index)
        canvas.y += GAP * 2
    return _content(table, layer, canvas, top, highest, name), canvas.y + GAP


def _highest(table: Table, layer: Layer, stacked: bool) -> float:
    """The end of the axis, a round number not below the longest bar."""
    rows = layer.cells if table.columns else [[total] for total in layer.row_totals]
    shown = [[cell.number for cell in row if cell.number is not None] for row in rows]
    longest = max((sum(row) if stacked else max(row, default=0) for row in shown), default=0)
    step = _step(longest, table.measure)
    return max(1, ceil(longest / step)) * step


def _step(longest: float, measure: Measure) -> float:
    """A distance of ticks of 1, 2 or 5 times a power of ten, not finer than figures are printed."""
    least = 10**-measure.decimals
    rough = max(longest / TICKS, least)
    power = 10 ** floor(log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough)


def _draw_axis(canvas: _Canvas, highest: float, measure: Measure) -> None:
    canvas.text(0, measure.written(0), "muted")
    canvas.text(PLOT, measure.written(highest), "muted", "end")
    canvas.y += LINE


def _draw_legend(canvas: _Canvas, table: Table) -> None:
    for index, column in enumerate(table.columns):
        canvas.bar(0, BAR, index, str(column.label))
        canvas.text(BAR + 5, _shorten(column.label, WIDTH - BAR - 5))
        canvas.y += LINE


def _draw_group(canvas: _Canvas, table: Table, layer: Layer, index: int) -> None:
    if table.columns:
        bars = [(c.label, cell) for c, cell in zip(table.columns, layer.cells[index], strict=True)]
    else:
        bars = [("", layer.row_totals[index])]
    row = table.rows[index].label
    hidden: dict[str, list[tuple[Any, Cell]]] = {}  # what stands for the figure → categories
    for series, (label, cell) in enumerate(bars):
        if cell.number is None:
            hidden.setdefault(str(cell), []).append((label, cell))
            continue
        length = cell.number * canvas.scale
        canvas.bar(0, length, series, _words(row, label, cell))
        _label_bar(canvas, length, label, cell)
    for alike in hidden.values():
        # One hatched bar for all that are hidden alike: the table beside it names each.
        canvas.hidden_bar(0, "; ".join(_words(row, label, cell) for label, cell in alike))
        label, cell = alike[0]
        if len(alike) > 1:
            label = ngettext("%(count)s category", "%(count)s categories", len(alike)) % {
                "count": len(alike)
            }
        _label_bar(canvas, HIDDEN_LENGTH, label, cell)


def _label_bar(canvas: _Canvas, length: float, label: Any, cell: Cell) -> None:
    """Name and figure behind a bar, and on to the next line."""
    room = canvas.width - length - 4
    name = _shorten(label, room - CHARACTER * (len(str(cell)) + 1)) if label else ""
    canvas.text(length + 4, format_html('{} <tspan class="value">{}</tspan>', name, cell))
    canvas.y += BAR + GAP


def _draw_stack(canvas: _Canvas, table: Table, cells: list[Cell]) -> None:
    x = 0.0
    left_out = 0
    for series, (column, cell) in enumerate(zip(table.columns, cells, strict=True)):
        if cell.number is None:
            left_out += 1
            continue
        length = cell.number * canvas.scale
        canvas.bar(x, length, series, _words("", column.label, cell))
        if length >= CHARACTER * len(str(cell)) + 4:
            canvas.text(x + length / 2, cell, "on-bar", "middle")
        x += length
    if left_out:
        # A part that cannot be drawn is said to be missing.
        words = ngettext("%(count)s part not shown", "%(count)s parts not shown", left_out) % {
            "count": left_out
        }
        canvas.hidden_bar(x + 4, words)
        canvas.text(x + HIDDEN_LENGTH + 8, words)
    canvas.y += BAR + GAP


def _content(
    table: Table, layer: Layer, canvas: _Canvas, top: float, highest: float, name: str
) -> SafeString:
    step = _step(highest, table.measure)
    grid = format_html_join(
        "",
        '<line x1="{}" x2="{}" y1="{}" y2="{}" class="grid" stroke="{}"/>',
        (
            (_n(at * canvas.scale), _n(at * canvas.scale), _n(top), _n(canvas.y), GRID)
            for at in (step * tick for tick in range(round(highest / step) + 1))
        ),
    )
    title = f"{table.title}: {layer.label}" if table.split_label else table.title
    return format_html(
        '<title id="{name}-title">{title}</title><desc id="{name}-desc">{desc}</desc>'
        "<defs>{hatch}</defs>{grid}{shapes}",
        name=name,
        hatch=hatch_pattern(canvas.pattern),
        title=title,
        desc=_how_to_read(),
        grid=grid,
        shapes=format_html_join("", "{}", ((shape,) for shape in canvas.shapes)),
    )


def hatch_pattern(name: str, scale: float = 1) -> SafeString:
    """The hatching for what is not shown, to be filled in as url(#name); larger by `scale`."""
    return format_html(
        '<pattern id="{}" width="5" height="5" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45) scale({})"><line x1="0" x2="0" y1="0" y2="5" stroke="{}"'
        ' class="hatch-line"/></pattern>',
        name,
        scale,
        HATCH,
    )


def _how_to_read() -> str:
    return _(
        "Bars show the figures of the table. A hatched bar stands for %(symbol)s or for a"
        " figure that is not shown; its length means nothing."
    ) % {"symbol": HIDDEN}


def _words(row: Any, column: Any, cell: Cell) -> str:
    return ", ".join(str(part) for part in (row, column) if part) + f": {cell}"


def _shorten(label: Any, room: float) -> str:
    """The label cut to about this width; the whole of it stands in the table."""
    words, most = str(label), max(3, int(room / CHARACTER))
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _n(number: float) -> str:
    """A number as SVG wants it, whatever the language of the page."""
    return f"{number:.1f}".removesuffix(".0")
