"""Charts: what is drawn, and what never is."""

import re
import xml.etree.ElementTree as ET

import pytest

from reporting.charts import HIDDEN_LENGTH, MOST_BARS, WIDTH, bar_chart, charts_in_pieces
from reporting.papers import TALLEST
from reporting.surface import Figure
from reporting.tables import Category, Cell, Definition, Layer, Table
from tests.reporting.people import DAY

SVG = "{http://www.w3.org/2000/svg}"
SMALL, WITHHELD = Figure(), Figure(withheld=True)


def table_of(rows: list[str], columns: list[str], figures: list[list[Figure]]) -> Table:
    cells = [[Cell(figure) for figure in row] for row in figures]
    if not columns:
        layer = Layer("All", [[] for _ in rows], [row[0] for row in cells], [], Cell(Figure(99)))
    else:
        total = Cell(Figure(99))
        layer = Layer("All", cells, [total] * len(rows), [total] * len(columns), total)
    return Table(
        definition=Definition("year", "gender" if columns else ""),
        taken_at=DAY,
        rows=[Category(label, label) for label in rows],
        columns=[Category(label, label) for label in columns],
        layers=[layer],
        left_out=0,
        is_grouped=False,
    )


def draw(table: Table, **options) -> ET.Element:
    svg = bar_chart(table, table.layers[0], name="c", **options)
    return ET.fromstring(str(svg))


def texts(svg: ET.Element) -> list[str]:
    return ["".join(element.itertext()).strip() for element in svg.iter(f"{SVG}text")]


def bars(svg: ET.Element, css: str) -> list[float]:
    return [float(r.get("width")) for r in svg.iter(f"{SVG}rect") if r.get("class") == css]


@pytest.mark.parametrize("stacked", [False, True])
def test_a_chart_holds_no_style_attribute_and_no_script(look_up, stacked):
    table = look_up("year", "gender")
    svg = str(bar_chart(table, table.layers[0], name="c", stacked=stacked))
    assert not re.search(r"style|script|\son\w+=|javascript:|href", svg)


@pytest.mark.parametrize("stacked", [False, True])
def test_labels_are_escaped(stacked):
    evil = '"><script>alert(1)</script>&'
    svg = draw(table_of([evil], [evil, "b"], [[Figure(20), Figure(30)]]), stacked=stacked)
    assert not list(svg.iter(f"{SVG}script"))
    assert any(evil in (title.text or "") for title in svg.iter(f"{SVG}title"))


def test_a_chart_names_itself_for_those_who_cannot_see_it(look_up):
    svg = draw(look_up("year", "gender"))
    assert svg.get("role") == "img"
    title, desc = svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")
    assert svg.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert "by sex" in title.text
    assert "<11" in desc.text


def test_bars_are_as_long_as_their_figures():
    svg = draw(
        table_of(["2020", "2021"], ["F", "M"], [[Figure(20), Figure(40)], [Figure(80), SMALL]])
    )
    one, two = bars(svg, "bar-0"), bars(svg, "bar-1")
    assert one[0] * 2 == pytest.approx(two[0])
    assert one[0] * 4 == pytest.approx(one[1])


def test_every_figure_is_written_beside_its_bar(look_up):
    table = look_up("year", "gender")
    words = " ".join(texts(draw(table)))
    for row in table.layers[0].cells:
        for cell in row:
            assert str(cell) in words


def test_hidden_figures_are_hatched_bars_of_one_length():
    svg = draw(table_of(["a", "b"], ["F", "M"], [[Figure(500), SMALL], [SMALL, WITHHELD]]))
    assert bars(svg, "bar-hidden") == [HIDDEN_LENGTH] * 3
    assert sum("<11" in text for text in texts(svg)) == 2
    assert sum("not shown" in text for text in texts(svg)) == 1
    pattern = svg.find(f"{SVG}defs/{SVG}pattern")
    hatched = {r.get("fill") for r in svg.iter(f"{SVG}rect") if r.get("class") == "bar-hidden"}
    assert hatched == {f"url(#{pattern.get('id')})"}


def test_a_stack_says_which_parts_are_missing():
    svg = draw(
        table_of(["a", "b"], ["F", "M", "T"], [[Figure(50), SMALL, SMALL], [Figure(20)] * 3]),
        stacked=True,
    )
    assert sum("2 parts not shown" in text for text in texts(svg)) == 1
    assert bars(svg, "bar-hidden") == [HIDDEN_LENGTH]


def test_the_axis_ends_above_the_longest_bar_and_counts_no_hidden_one():
    svg = draw(table_of(["a", "b"], [], [[Figure(37)], [SMALL]]))
    ticks = [text for text in texts(svg) if text.isdigit()]
    assert "40" in ticks
    all_hidden = draw(table_of(["a"], [], [[SMALL]]))
    assert bars(all_hidden, "bar-hidden") == [HIDDEN_LENGTH]


def test_everything_stays_inside_the_drawing(look_up):
    for table in (look_up("year", "gender"), look_up("control"), look_up("age", "exploitation")):
        for stacked in (False, True):
            svg = draw(table, stacked=stacked)
            _x, _y, width, height = map(float, svg.get("viewBox").split())
            assert width <= 480
            for rect in svg.iter(f"{SVG}rect"):
                assert float(rect.get("x")) + float(rect.get("width")) <= width
                assert float(rect.get("y")) + float(rect.get("height")) <= height
            for text in svg.iter(f"{SVG}text"):
                words = "".join(text.itertext())
                length = 7 * len(words) if text.get("text-anchor") == "start" else 0
                assert float(text.get("x")) + length <= width + 7, words


def test_too_many_bars_are_no_chart():
    rows = [str(n) for n in range(MOST_BARS + 1)]
    table = table_of(rows, [], [[Figure(20)]] * len(rows))
    assert bar_chart(table, table.layers[0], name="c") == ""


def test_categories_hidden_alike_share_one_hatched_bar_that_tells_how_many():
    cells = [[Figure(500), SMALL, SMALL, SMALL]]
    svg = draw(table_of(["a"], ["F", "M", "X", "Y"], cells))
    assert bars(svg, "bar-hidden") == [HIDDEN_LENGTH]
    told = "".join(svg.itertext())
    assert "3 categories" in told
    assert all(f"a, {label}: <11" in told for label in ("M", "X", "Y"))


@pytest.mark.parametrize("columns", [[], ["F", "M"], ["F", "M", "X", "Y"]])
def test_on_paper_every_piece_is_as_high_as_a_page_lets_it(columns):
    rows = [f"Row {number}" for number in range(37)]
    table = table_of(rows, columns, [[Figure(20)] * max(1, len(columns))] * len(rows))
    pieces = charts_in_pieces(table, table.layers[0], tallest=TALLEST, stacked=False)
    drawn = [ET.fromstring(str(piece)) for piece in pieces]
    for svg in drawn:
        _x, _y, width, height = map(float, svg.get("viewBox").split())
        assert height * WIDTH / width < 1.1 * TALLEST
    named = [text for svg in drawn for text in texts(svg) if text.startswith("Row")]
    assert named == rows
