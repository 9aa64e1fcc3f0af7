"""Lines over time as SVG, drawn on the server, with rows for a table that tells the same.

No style attribute and no script, as the page's Content-Security-Policy demands. Lines differ by their
dashes and by the shape of their points, not by colour alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, pairwise
from math import ceil
from typing import Any

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

WIDTH, HEIGHT = (
    360,
    150,
)  # of the plot with its words at the left, in units: about a pixel on a phone
FONT, CHARACTER, LINE = 13, 7.5, 20  # size of words, their average width, height of a line of them
EDGE = 8  # so that no point is cut off
SAMPLE = 34  # length of a line in the legend
FEWEST = 2  # a line has two ends

# How each line is told from the others: dashes, and the shape of a point around 0, 0.
DASHES = ("none", "7 4", "2 4", "10 3 2 3")
SHAPES = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0",
    "M-4 -4h8v8h-8z",
    "M0 -5l5 9h-10z",
    "M0 -6l6 6l-6 6l-6 -6z",
)


@dataclass(frozen=True)
class Line:
    """What is followed over time: a value for each day of the trend, None where there is none."""

    label: Any
    values: Sequence[float | None]


@dataclass(frozen=True)
class Trend:
    """Up to four lines over the same days. `name` makes the identifiers inside unique on the page."""

    name: str
    title: Any
    days: Sequence[date]  # in the order of time
    lines: Sequence[Line]
    steps: Sequence[tuple[float, Any]]  # of the scale, lowest first: a value and what it is called
    told: Callable[[float], Any]  # a value in words

    @property
    def rows(self) -> list[tuple[date, list[tuple[Any, str]]]]:
        """What the table tells: a day, and for each line its name and value in words."""
        return [
            (day, [(line.label, self._words(line.values[index])) for line in self.lines])
            for index, day in enumerate(self.days)
        ]

    def _words(self, value: float | None) -> str:
        return "–" if value is None else str(self.told(value))

    @property
    def svg(self) -> SafeString:
        """The drawing."""
        top = self._legend_height + EDGE
        drawn = [self._line(number, line, top) for number, line in enumerate(self.lines)]
        shapes = chain(self._legend(), self._scale(top), *drawn)
        return format_html(
            '<svg viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-title {name}-desc">'
            '<title id="{name}-title">{title}</title><desc id="{name}-desc">{desc}</desc>{shapes}</svg>',
            width=WIDTH,
            height=top + HEIGHT + LINE + EDGE,
            name=self.name,
            title=self.title,
            desc=_("Lines over time. The table below tells each value."),
            shapes=format_html_join("", "{}", ((shape,) for shape in shapes)),
        )

    @property
    def _legend_height(self) -> int:
        """Two names in a row; one line needs none."""
        return LINE * ceil(len(self.lines) / 2) if len(self.lines) > 1 else 0

    @property
    def _left(self) -> float:
        """Where the plot begins, behind what the steps are called."""
        return max(len(str(label)) for _value, label in self.steps) * CHARACTER + EDGE

    def _x(self, index: int) -> float:
        """By time; where all days are the same, in their order."""
        span = (self.days[-1] - self.days[0]).days
        part = (
            (self.days[index] - self.days[0]).days / span if span else index / (len(self.days) - 1)
        )
        return self._left + EDGE + part * (WIDTH - self._left - 2 * EDGE)

    def _y(self, value: float, top: float) -> float:
        lowest, highest = self.steps[0][0], self.steps[-1][0]
        return top + HEIGHT - (value - lowest) / (highest - lowest) * HEIGHT

    def _scale(self, top: float) -> Iterator[SafeString]:
        for value, label in self.steps:
            y = self._y(value, top)
            yield format_html(
                '<line x1="{}" x2="{}" y1="{}" y2="{}" class="grid"/>',
                *(_n(self._left), WIDTH, _n(y), _n(y)),
            )
            yield _text(0, y + 4, label, "muted")
        under = top + HEIGHT + LINE
        yield _text(self._left, under, date_format(self.days[0], "DATE_FORMAT"), "muted")
        yield _text(WIDTH, under, date_format(self.days[-1], "DATE_FORMAT"), "muted", "end")

    def _line(self, number: int, line: Line, top: float) -> Iterator[SafeString]:
        """A stretch between each two values that follow each other, and a point for every value."""
        at = [
            None if value is None else (self._x(index), self._y(value, top))
            for index, value in enumerate(line.values)
        ]
        stretches = [(*one, *next_) for one, next_ in pairwise(at) if one and next_]
        yield _path(
            number, "".join(f"M{_n(a)} {_n(b)}L{_n(c)} {_n(d)}" for a, b, c, d in stretches)
        )
        for day, value, place in zip(self.days, line.values, at, strict=True):
            if place is not None and value is not None:
                words = f"{line.label}, {date_format(day, 'DATE_FORMAT')}: {self.told(value)}"
                yield _point(number, *place, words)

    def _legend(self) -> Iterator[SafeString]:
        """A sample of each line with its name."""
        if not self._legend_height:
            return
        for number, line in enumerate(self.lines):
            x, y = WIDTH / 2 * (number % 2), LINE * (number // 2) + LINE / 2
            yield _path(number, f"M{_n(x)} {_n(y)}h{SAMPLE}")
            yield _point(number, x + SAMPLE / 2, y, line.label)
            yield _text(x + SAMPLE + 6, y + 4, line.label)


def _path(number: int, drawn: str) -> SafeString:
    return format_html(
        '<path d="{}" class="line line-{}" stroke-dasharray="{}"/>', drawn, number, DASHES[number]
    )


def _point(number: int, x: float, y: float, words: Any) -> SafeString:
    return format_html(
        '<path d="{}" transform="translate({} {})" class="bar-{}"><title>{}</title></path>',
        *(SHAPES[number], _n(x), _n(y), number, words),
    )


def _text(x: float, y: float, words: Any, css: str = "label", anchor: str = "start") -> SafeString:
    return format_html(
        '<text x="{}" y="{}" font-size="{}" text-anchor="{}" class="{}">{}</text>',
        *(_n(x), _n(y), FONT, anchor, css, words),
    )


def _n(number: float) -> str:
    """A number as SVG wants it, whatever the language of the page."""
    return f"{number:.1f}".removesuffix(".0")
