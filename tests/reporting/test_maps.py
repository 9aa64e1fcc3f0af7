"""Maps of countries: the figures of their table, and nothing of what it does not show."""

import io
import re
import xml.etree.ElementTree as ET
from itertools import accumulate

import msgspec
import pytest
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import override
from pypdf import PdfReader

from cases.countries import COUNTRIES
from reporting import maps
from reporting.dimensions import COUNTRY_NAMES, ELSEWHERE, NOT_RECORDED
from reporting.maps import CIRCLES, CLASSES, OUTLINES, TINTS, choropleth, outlines
from reporting.papers import to_pdf
from reporting.surface import Figure
from reporting.tables import Category, Cell, Definition, Layer, Table, make_table
from tests.reporting.people import DAY, people, surface_of
from tests.reporting.test_charts import SMALL, SVG, WITHHELD

# Natural Earth has them within another country, or not at all at this scale.
WITHOUT_OUTLINE = {
    *("AQ", "BQ", "BV", "CC", "CX", "GF", "GI", "GP"),
    *("MQ", "RE", "SJ", "TK", "TV", "UM", "YT"),
}
EVIL = '"><script>alert(1)</script>&'
NOWHERE = f"{ELSEWHERE}m49-151"


def table_of(figures: dict[str, Figure], key: str = "country", **others) -> Table:
    """A table by country."""
    cells = [Cell(figure) for figure in figures.values()]
    return Table(
        definition=Definition(key, **others),
        taken_at=DAY,
        rows=[Category(code, COUNTRY_NAMES.get(code, code)) for code in figures],
        columns=[],
        layers=[Layer("All", [[] for _cell in cells], cells, [], Cell(Figure(999)))],
        left_out=0,
        is_grouped=False,
    )


def svg_of(table: Table) -> str:
    return str(choropleth(table, table.layers[0], name="m"))


def draw(figures: dict[str, Figure]) -> ET.Element:
    return ET.fromstring(svg_of(table_of(figures)))


def titles(svg: ET.Element) -> list[str]:
    """What the countries of a map say."""
    shapes = [*svg.iter(f"{SVG}path"), *svg.iter(f"{SVG}circle")]
    return [title.text for shape in shapes if (title := shape.find(f"{SVG}title")) is not None]


def words(svg: ET.Element) -> str:
    return " ".join("".join(text.itertext()) for text in svg.iter(f"{SVG}text"))


def looks(svg: ET.Element, label: str) -> set[str]:
    """The classes of the shapes of a country."""
    return {
        shape.get("class")
        for tag in ("path", "circle")
        for shape in svg.iter(f"{SVG}{tag}")
        if (title := shape.find(f"{SVG}title")) is not None and title.text.startswith(f"{label}:")
    }


# --- The outlines ---------------------------------------------------------------------
def test_every_country_has_its_place_or_is_listed_as_without_one():
    found = {code for drawing in outlines().drawings for code in drawing.countries}
    assert found <= COUNTRIES.keys()
    assert COUNTRIES.keys() - found == WITHOUT_OUTLINE


def test_the_outlines_are_small_and_stay_on_their_drawings():
    assert OUTLINES.stat().st_size < 40_000
    for drawing in outlines().drawings:
        for code, place in drawing.countries.items():
            assert 0 <= place.x <= outlines().width and 0 <= place.y <= drawing.height, code
            assert re.fullmatch(r"(M\d+ \d+l-?\d+([ -]\d+| -\d+)*z)*", place.path), code
            assert (place.room > 0) == bool(place.path), code


def test_those_around_us_are_near():
    near, world = outlines().drawings
    around = "BY UA RU PL LT LV MD GE AM AZ KZ KG TJ TM UZ TR DE IT ES CY AE IL"
    assert all(outlines().home_of(code) is near for code in around.split())
    assert near.countries["BY"].room > 9
    assert outlines().home_of("CN") is world, "only its edge is near"


# --- The figures ----------------------------------------------------------------------
@pytest.mark.parametrize("key", ["citizenship", "country"])
@pytest.mark.parametrize(
    "others",
    [
        {},
        {"level": 0},
        {"filters": {"year": "2023"}, "level": 0},
        {"filters": {"gender": "Masculine"}},
        {"measure": "share-of-column"},
        {"measure": "cost-BYN-sum"},
    ],
    ids=str,
)
def test_map_and_table_say_the_same_figure_for_figure(look_up, key, others):
    table = look_up(key, **others)
    svg = ET.fromstring(svg_of(table))
    told = set(titles(svg))
    beside = re.search(r"Not on the map: (.*)\.", words(svg))
    if beside:
        told |= set(beside[1].split("; "))
    rows = zip(table.rows, table.layers[0].row_totals, strict=True)
    hidden = "<11, or not shown"
    assert told == {f"{row.label}: {hidden if c.number is None else c}" for row, c in rows}
    printed = {text.text for text in svg.iter(f"{SVG}text") if text.get("text-anchor") == "middle"}
    assert printed and printed <= {str(cell) for cell in table.layers[0].row_totals}


def test_nothing_of_a_hidden_figure_is_in_the_drawing():
    """Not in a title, a description or any attribute: what is hidden alike is drawn alike."""
    shown = {"PL": Figure(436), "MT": Figure(52)}
    drawn = [
        svg_of(table_of(shown | {"UA": one, "LU": other}))
        for one in (SMALL, WITHHELD)
        for other in (SMALL, WITHHELD)
    ]
    assert len(set(drawn)) == 1
    svg = ET.fromstring(drawn[0])
    assert looks(svg, "Ukraine") == looks(svg, "Luxembourg") == {"map-hidden"}
    assert "Ukraine: <11, or not shown" in titles(svg)
    digits = re.findall(r"\d+", words(svg) + " ".join(titles(svg)))
    assert set(digits) <= {"436", "52", "11"}
    assert "data-" not in drawn[0]


def test_a_neighbour_of_few_cannot_be_told_from_one_of_nobody():
    """Five persons are of Slovakia and nobody of Hungary, or the other way round: one map."""
    everybody = people(600)

    def drawn(of_the_five: str) -> str:
        few = [
            msgspec.structs.replace(row.facts, citizenship=[of_the_five]) for row in everybody[:5]
        ]
        five = [row._replace(facts=facts) for row, facts in zip(everybody, few, strict=False)]
        surface = surface_of(five + everybody[5:])
        return svg_of(make_table(surface, Definition("citizenship", level=0), DAY))

    one, other = drawn("SK"), drawn("HU")
    assert one == other
    assert "Poland" in one and "Slovakia" not in one and "Hungary" not in one


def test_classes_hold_about_as_many_figures_each_and_grow_with_them():
    for count in (1, 2, 3, 4, 5, 7, 12, 30):
        steps = maps._steps(range(20, 20 + count))
        in_order = [steps[number] for number in sorted(steps)]
        assert in_order == sorted(in_order)
        assert len(set(in_order)) == min(count, CLASSES)
        assert in_order[0] == 1 and (count == 1 or in_order[-1] == CLASSES)
        each = [in_order.count(step) for step in set(in_order)]
        assert max(each) - min(each) <= 1
    assert maps._steps([30, 30, 12]) == {12: 1, 30: 5}


def test_the_legend_tells_every_class_by_its_ends():
    codes = ("PL", "BY", "UA", "RU", "DE", "LT")
    svg = draw({code: Figure(11 + 10 * at) for at, code in enumerate(codes)})
    assert [label in words(svg) for label in ("11–21", "31", "61")] == [True] * 3
    told = {shape.get("class") for shape in svg.iter(f"{SVG}rect")}
    assert told == {"map-sea", "map-land", *(f"map-{step}" for step in range(1, CLASSES + 1))}


def test_no_tint_speaks_alone():
    """On a country stands its figure, or a circle as large as its class."""
    figures = {
        "RU": Figure(20),
        "BY": Figure(40),
        "MD": Figure(60),
        "MT": Figure(80),
        "VN": Figure(90),
    }
    svg = draw(figures)
    printed = [t.text for t in svg.iter(f"{SVG}text") if t.get("text-anchor") == "middle"]
    assert printed == ["20", "40"]
    sizes = {
        title.text: float(circle.get("r"))
        for circle in svg.iter(f"{SVG}circle")
        if (title := circle.find(f"{SVG}title")) is not None
    }
    assert sizes == {
        "Moldova, Republic of: 60": CIRCLES[2],
        "Malta: 80": CIRCLES[3],
        "Viet Nam: 90": CIRCLES[4],
    }
    assert list(CIRCLES) == sorted(set(CIRCLES)) and len(CIRCLES) == len(TINTS) == CLASSES


# --- What is drawn, and when ----------------------------------------------------------
def test_the_world_is_drawn_only_for_those_who_are_not_near():
    near, world = outlines().drawings

    def heights(*codes: str) -> list[float]:
        svg = draw({code: Figure(20 + at) for at, code in enumerate(codes)})
        return [
            float(r.get("height")) for r in svg.iter(f"{SVG}rect") if r.get("class") == "map-sea"
        ]

    assert heights("BY", "MT") == [near.height]
    assert heights("VN", "PH") == [world.height]
    assert heights("BY", "VN") == [near.height, world.height]


def test_other_tables_have_no_map(look_up):
    for table in (
        look_up("year"),
        look_up("country", "gender"),
        look_up("gender", "country"),
        look_up("citizenship", split="gender"),
        look_up("country", level=2),  # by regions
        table_of({"BY": SMALL, "PL": WITHHELD}),
        table_of({NOT_RECORDED: Figure(90), "BY": SMALL}),
        table_of({}),
    ):
        assert all(choropleth(table, layer, name="m") == "" for layer in table.layers)


def test_an_installation_can_do_without_maps(settings):
    settings.STATISTICS_MAPS = False
    assert svg_of(table_of({"BY": Figure(40)})) == ""


def test_what_is_no_country_is_written_beside_the_map():
    svg = draw({"BY": Figure(40), NOWHERE: Figure(23), "GI": SMALL, NOT_RECORDED: Figure(12)})
    assert "Gibraltar: <11, or not shown; not-recorded: 12." in words(svg)
    assert f"{NOWHERE}: 23" in words(svg)


def test_a_map_holds_no_style_attribute_and_no_script(look_up):
    assert not re.search(r"style|script|\son\w+=|javascript:|href", svg_of(look_up("country")))


def test_labels_are_escaped():
    table = table_of({"BY": Figure(40), "GI": Figure(20), "UA": SMALL})
    table.rows[:] = [Category(row.code, EVIL) for row in table.rows]
    svg = ET.fromstring(svg_of(table))
    assert not list(svg.iter(f"{SVG}script"))
    assert f"{EVIL}: 40" in titles(svg) and f"{EVIL}: 20" in words(svg)


@pytest.mark.parametrize("language", ["en", "ru", "be"])
def test_a_map_names_itself_and_its_parts_in_every_language(look_up, language):
    with override(language):
        table = look_up("citizenship")
        svg = ET.fromstring(svg_of(table))
        assert svg.get("role") == "img"
        title, desc = svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")
        assert svg.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
        assert title.text == table.title and "<11" in desc.text
        assert "Natural Earth" in maps.note()
    _x, _y, width, height = map(float, svg.get("viewBox").split())
    for text in svg.iter(f"{SVG}text"):
        assert float(text.get("y")) <= height
        if text.get("text-anchor") != "middle":
            assert float(text.get("x")) + maps.CHARACTER * len(text.text) <= width + 2, text.text
    for circle in svg.iter(f"{SVG}circle"):
        assert 0 < float(circle.get("cx")) < width


def test_patterns_are_there_that_hidden_countries_are_filled_with():
    svg = draw({"BY": Figure(40), "UA": SMALL, "LU": SMALL})
    there = {f"url(#{pattern.get('id')})" for pattern in svg.iter(f"{SVG}pattern")}
    used = {e.get("fill") for e in svg.iter() if e.get("class") == "map-hidden"}
    assert used == there


# --- On the page and on paper ---------------------------------------------------------
def words_of(read: PdfReader) -> str:
    """The words of a paper."""
    return " ".join(" ".join(page.extract_text() for page in read.pages).split())


def maps_on(page: str) -> list[ET.Element]:
    return [ET.fromstring(svg) for svg in re.findall(r"<svg[^>]* class=.map.*?</svg>", page, re.S)]


@pytest.mark.django_db
def test_builder_and_dashboards_show_the_map_beside_the_table(
    snapshot, surface, yury, client_for, settings
):
    browser = client_for(yury)
    for address in ("/statistics/tables/country/", reverse("reporting:dashboards")):
        page = browser.get(address).content.decode()
        [svg] = maps_on(page)
        table = make_table(surface, Definition("country"), DAY)
        rows = zip(table.rows, table.layers[0].row_totals, strict=True)
        assert set(titles(svg)) == {f"{r.label}: {c}" for r, c in rows if r.code in COUNTRIES}
        assert page.count(escape(maps.note())) == 1
    assert maps_on(browser.get("/statistics/tables/country.gender/").content.decode()) == []
    settings.STATISTICS_MAPS = False
    for address in ("/statistics/tables/country/", reverse("reporting:dashboards")):
        page = browser.get(address).content.decode()
        assert maps_on(page) == [] and "Natural Earth" not in page
        assert "Poland" in page


@pytest.mark.parametrize("maps_are_on", [True, False])
def test_the_paper_has_the_map_and_can_be_read_aloud(look_up, settings, maps_are_on):
    settings.STATISTICS_MAPS = maps_are_on
    read = PdfReader(io.BytesIO(to_pdf(look_up("country"))))
    assert read.xmp_metadata.get_element("", "http://www.aiim.org/pdfua/ns/id/", "part")
    words = words_of(read)
    assert ("Not on the map: " in words) == maps_are_on
    assert (maps.note() in words) == maps_are_on


def test_crimea_is_drawn_as_the_general_assembly_has_it():
    """Ukraine is one outline there, and reaches farther south than Moldova."""
    ukraine, moldova = (outlines().drawings[0].countries[code].path for code in ("UA", "MD"))
    assert ukraine.count("M") == 1
    assert southernmost(ukraine) - southernmost(moldova) > 2


def southernmost(path: str) -> float:
    """The lowest point of an outline of one part, in units."""
    numbers = [int(number) for number in re.findall(r"-?\d+", path)]
    return max(accumulate(numbers[1::2])) / outlines().fine
