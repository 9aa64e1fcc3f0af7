"""Lines over time: drawn without script or style, told in a table as well."""

import re
from datetime import date
from xml.etree import ElementTree

from django.utils import translation

from core.trends import DASHES, SHAPES, Line, Trend

DAYS = [date(2026, 1, 1), date(2026, 1, 11), date(2026, 4, 11)]


def trend(*values, days=DAYS):
    lines = [Line(f"Line <{number}>", one) for number, one in enumerate(values)]
    steps = [(0.0, "none"), (1.0, "all")]
    return Trend(
        "t", "A & B", days[: len(values[0])], lines, steps, told=lambda value: f"{value:.1f}"
    )


def points(drawn):
    """(x, y) of each point, in their order; the legend of one line has none."""
    return [
        tuple(map(float, found)) for found in re.findall(r"translate\(([\d.]+) ([\d.]+)\)", drawn)
    ]


def test_it_is_well_formed_and_has_no_script_or_style():
    drawn = trend([0.0, 0.5, 1.0], [1.0, None, 0.0], [0.2, 0.2, 0.2], [None, None, None]).svg
    assert ElementTree.fromstring(drawn).attrib["role"] == "img"
    assert "style" not in drawn and "<script" not in drawn
    assert "Line &lt;0&gt;" in drawn and "A &amp; B" in drawn and "Line <" not in drawn


def test_days_stand_as_far_apart_as_they_are_and_more_is_higher():
    (a, low), (b, middle), (c, high) = points(trend([0.0, 0.5, 1.0]).svg)
    assert round((c - a) / (b - a)) == 10
    assert low > middle > high


def test_days_that_are_the_same_stand_in_their_order():
    (a, _y), (b, _z) = points(trend([0.0, 1.0], days=[DAYS[0]] * 2).svg)
    assert a < b


def test_a_line_breaks_where_there_is_no_value():
    days = [date(2026, 1, number) for number in range(1, 5)]
    drawn = trend([0.0, 0.5, None, 1.0], days=days).svg
    [path] = re.findall(r'd="([^"]*)" class="line line-0"', drawn)
    assert path.count("M") == path.count("L") == 1 and len(points(drawn)) == 3


def test_lines_differ_without_colour():
    drawn = trend(*([0.0, 1.0, 0.5] for _number in range(4))).svg
    assert len(set(DASHES)) == len(set(SHAPES)) == 4
    for dashes, shape in zip(DASHES, SHAPES, strict=True):
        assert f'stroke-dasharray="{dashes}"' in drawn and shape in drawn


def test_the_table_tells_the_same():
    assert trend([0.0, 1.0], [None, 0.5]).rows == [
        (DAYS[0], [("Line <0>", "0.0"), ("Line <1>", "–")]),
        (DAYS[1], [("Line <0>", "1.0"), ("Line <1>", "0.5")]),
    ]


def test_numbers_are_those_of_svg_in_every_language():
    with translation.override("de"):
        assert "," not in "".join(re.findall(r' d="([^"]*)"', trend([0.0, 0.33, 1.0]).svg))
