"""Bar charts as SVG, drawn on the server from a protected table and nothing else.

No style attribute and no script: classes and presentation attributes only, as the page's
Content-Security-Policy demands. A figure that is not shown is a hatched bar of one fixed length,
so that its length tells nothing.
"""

from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reporting.tables import HIDDEN, Cell, Layer, Table

WIDTH = 480  # of the drawing, in its own units: about a pixel each on a phone
PLOT = 240  # the longest bar; figures and names stand behind the bars
BAR, GAP, LINE = 15, 3, 18
FONT = 13
CHARACTER = 7.5  # average width at this font size
SERIES = 6  # classes bar-0 to bar-5
HIDDEN_LENGTH = 24
MOST_BARS = 150
TICKS = 4


@dataclass
class _Canvas:
    """Shapes so far, and the line that comes next."""

    scale: float
    pattern: str
    y: float = 0
    shapes: list[SafeString] = field(default_factory=list)

    def text(self, x: float, words: Any, css: str = "label", anchor: str = "start") -> None:
        self.shapes.append(
            format_html(
                '<text x="{}" y="{}" font-size="{}" text-anchor="{}" class="{}">{}</text>',
                _n(x),
                _n(self.y + BAR - 3),
                FONT,
                anchor,
                css,
                words,
            )
        )

    def bar(self, x: float, length: float, series: int, words: str) -> None:
        self.shapes.append(
            format_html(
                '<rect x="{}" y="{}" width="{}" height="{}" class="bar-{}"><title>{}</title></rect>',
                _n(x),
                _n(self.y),
                _n(length),
                BAR,
                series % SERIES,
                words,
            )
        )

    def hidden_bar(self, x: float, words: str) -> None:
        self.shapes.append(
            format_html(
                '<rect x="{}" y="{}" width="{}" height="{}" class="bar-hidden" fill="url(#{})"'
                ' stroke="currentColor">'
                "<title>{}</title></rect>",
                _n(x),
                _n(self.y),
                HIDDEN_LENGTH,
                BAR,
                self.pattern,
                words,
            )
        )


def bar_chart(table: Table, layer: Layer, *, name: str, stacked: bool = False) -> str:
    """One layer of the table as horizontal bars, one group a row of the table.

    `name` makes the identifiers inside unique on the page. Returns "" when there are more bars than
    anyone could read. Stacks hold SERIES parts at most; more columns are set below each other.
    """
    series = max(1, len(table.columns))
    if len(table.rows) * series > MOST_BARS or not table.rows:
        return ""
    stacked = stacked and 1 < series <= SERIES
    highest = _highest(table, layer, stacked)
    canvas = _Canvas(scale=PLOT / highest, pattern=f"{name}-hatch")
    if stacked:
        _draw_legend(canvas, table)
    _draw_axis(canvas, highest)
    top = canvas.y
    for index, row in enumerate(table.rows):
        canvas.text(0, _shorten(row.label, WIDTH))
        canvas.y += LINE
        if stacked:
            _draw_stack(canvas, table, layer.cells[index])
        else:
            _draw_group(canvas, table, layer, index)
        canvas.y += GAP * 2
    return _document(table, layer, canvas, top, highest, name)


def _highest(table: Table, layer: Layer, stacked: bool) -> int:
    """The end of the axis, a round number not below the longest bar."""
    rows = layer.cells if table.columns else [[total] for total in layer.row_totals]
    shown = [[cell.number for cell in row if cell.number is not None] for row in rows]
    longest = max((sum(row) if stacked else max(row, default=0) for row in shown), default=0)
    step = _step(longest)
    return max(1, ceil(longest / step)) * step


def _step(longest: int) -> int:
    """A distance of ticks of 1, 2 or 5 times a power of ten."""
    rough = max(longest, 1) / TICKS
    power = 10 ** floor(log10(rough)) if rough >= 1 else 1
    return int(next(m * power for m in (1, 2, 5, 10) if m * power >= rough))


def _draw_axis(canvas: _Canvas, highest: int) -> None:
    canvas.text(0, "0", "muted")
    canvas.text(PLOT, str(highest), "muted", "end")
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
    room = WIDTH - length - 4
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


def _document(
    table: Table, layer: Layer, canvas: _Canvas, top: float, highest: int, name: str
) -> SafeString:
    grid = format_html_join(
        "",
        '<line x1="{}" x2="{}" y1="{}" y2="{}" class="grid"/>',
        (
            (_n(at * canvas.scale), _n(at * canvas.scale), _n(top), _n(canvas.y))
            for at in range(0, highest + 1, _step(highest))
        ),
    )
    title = f"{table.title}: {layer.label}" if table.split_label else table.title
    return format_html(
        '<svg viewBox="0 0 {width} {height}" role="img"'
        ' aria-labelledby="{name}-title {name}-desc">'
        '<title id="{name}-title">{title}</title><desc id="{name}-desc">{desc}</desc>'
        '<defs><pattern id="{pattern}" width="5" height="5" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><line x1="0" x2="0" y1="0" y2="5" stroke="currentColor"'
        ' class="hatch-line"/></pattern></defs>'
        "{grid}{shapes}</svg>",
        width=WIDTH,
        height=_n(canvas.y + GAP),
        name=name,
        pattern=canvas.pattern,
        title=title,
        desc=_(
            "Bars show the figures of the table. A hatched bar stands for %(symbol)s or for a"
            " figure that is not shown; its length means nothing."
        )
        % {"symbol": HIDDEN},
        grid=grid,
        shapes=format_html_join("", "{}", ((shape,) for shape in canvas.shapes)),
    )


def _words(row: Any, column: Any, cell: Cell) -> str:
    return ", ".join(str(part) for part in (row, column) if part) + f": {cell}"


def _shorten(label: Any, room: float) -> str:
    """The label cut to about this width; the whole of it stands in the table."""
    words, most = str(label), max(3, int(room / CHARACTER))
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _n(number: float) -> str:
    """A number as SVG wants it, whatever the language of the page."""
    return f"{number:.1f}".removesuffix(".0")
