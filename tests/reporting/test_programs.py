"""One table on every way out: page, files, command and the answers for programs."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from html import unescape
from itertools import chain

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from audit import trail
from audit.models import Event
from audit.verbs import Verb
from cases import saved_lists
from cases.models import SavedList
from reporting import services
from reporting.charts import MOST_BARS
from reporting.dimensions import DIMENSIONS
from reporting.exports import lines_of, to_xlsx
from reporting.models import Snapshot
from reporting.papers import ACROSS
from reporting.surface import MAX_DIMENSIONS
from reporting.tables import WITHHELD, Definition, Table
from tests.audit.test_fails_closed import refusing
from tests.guards import log
from tests.reporting.people import DAY
from tests.reporting.test_charts import SMALL, SVG, table_of

pytestmark = pytest.mark.django_db

HIDDEN = "<11"
# A table each of one, two and three dimensions, with a filter, with what is withheld and with groups.
TABLES = [
    Definition("year"),
    Definition("gender", "exploitation"),
    Definition("age", "exploitation", "gender"),
    Definition("citizenship", "gender", filters={"exploitation": "ForcedLabour"}),
    Definition("control", "recruiter", level=0),
]
# And one of each measure: shares of one answer and of several, sums and means.
MEASURED = [
    Definition("year", "gender", "exploitation", measure="share-of-row"),
    Definition("exploitation", "age", measure="share-of-row"),
    Definition("assistance", "age", filters={"gender": "Feminine"}, measure="share-of-column"),
    Definition("citizenship", measure="share-of-column"),
    Definition("year", "exploitation", measure="cost-BYN-sum"),
    Definition("year", "assistance", measure="cost-BYN-mean"),
    Definition("citizenship", filters={"gender": "Masculine"}, measure="cost-EUR-mean"),
    Definition("year", "gender", measure="days-mean"),
    Definition("exploitation", "gender", measure="score-mean"),
]


def name_of(definition: Definition) -> str:
    return "-".join([definition.measure, *definition.shown_keys])


def of_page(definition: Definition) -> str:
    """The query of the page."""
    [only] = [f"{key}:{code}" for key, code in definition.filters.items()] or [""]
    return (
        f"?rows={definition.rows}&columns={definition.columns}&split={definition.split}"
        f"&only={only}&level={definition.level}&measure={definition.measure}"
    )


def figures(table: Table) -> list[list[str]]:
    """Label and figures as they are written, line by line, as the tests' own reading of a table."""
    return [
        [str(cell) for cell in line] for layer in table.layers for line in lines_of(table, layer)
    ]


def events(verb: Verb) -> int:
    return Event.objects.filter(verb=verb).count()


def in_command(definition: Definition, form: str, by) -> str:
    out = io.StringIO()
    asked = ["--as", by.username, "--rows", definition.rows, "--columns", definition.columns]
    asked += ["--split", definition.split, "--format", form, f"--level={definition.level}"]
    asked += ["--measure", definition.measure]
    asked += [f"--filter={key}={code}" for key, code in definition.filters.items()]
    call_command("statistics", "table", *asked, stdout=out)
    return out.getvalue()


def read_csv(text: str, definition: Definition) -> list[list[str]]:
    lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    body = lines[lines.index([]) + 2 :]
    return [line[1:] for line in body] if definition.split else body


def read_json(told: dict, definition: Definition) -> list[list[str]]:
    """The lines of the table, put together out of the figures alone."""
    name = "persons" if definition.measure == "persons" else "value"
    assert told["measure"]["code"] == definition.measure
    shown = {
        tuple(sorted(figure["of"].items())): (
            {"hidden": HIDDEN, "withheld": str(WITHHELD)}[figure["reason"]]
            if figure[name] is None
            else str(figure[name])
        )
        for figure in told["figures"]
    }
    assert len(shown) == len(told["figures"])
    axes = {one["code"]: one["categories"] for one in told["dimensions"]}

    def over(key: str, *, total_first: bool = False) -> list[tuple[dict, str]]:
        if not key:
            return [({}, "")]
        single = [({key: each["code"]}, each["label"]) for each in axes[key]]
        return [({}, "Total"), *single] if total_first else [*single, ({}, "Total")]

    return [
        [label]
        + [shown[tuple(sorted((part | row | column).items()))] for column, _ in over(columns)]
        for columns in [definition.columns]
        for part, _ in over(definition.split, total_first=True)
        for row, label in over(definition.rows)
    ]


@pytest.mark.parametrize("definition", [*TABLES, *MEASURED[::4]], ids=name_of)
def test_the_command_prints_the_files_cell_for_cell(snapshot, yury, definition):
    right = figures(services.view_table(definition, by=yury))
    if definition in TABLES:
        assert any(HIDDEN in line for line in right) or definition.rows in ("year", "age")
    assert read_csv(in_command(definition, "csv", yury), definition) == right
    assert read_json(json.loads(in_command(definition, "json", yury)), definition) == right
    assert events(Verb.STATISTICS_EXPORTED) == 2


def test_the_command_is_for_those_with_the_right(snapshot, alena, yury):
    with pytest.raises(CommandError, match="role"):
        in_command(Definition("year"), "csv", alena)
    with pytest.raises(CommandError, match="no such dimension"):
        in_command(Definition("case_owner"), "csv", yury)
    with pytest.raises(CommandError, match="no such category"):
        in_command(Definition("year", filters={"gender": "nonsense"}), "json", yury)
    with pytest.raises(CommandError, match="no user"):
        call_command("statistics", "table", "--as", "nobody", "--rows", "year")
    yury.is_active = False
    yury.save()
    with pytest.raises(CommandError, match="open account"):
        in_command(Definition("year"), "csv", yury)
    assert events(Verb.STATISTICS_EXPORTED) == 0


def test_the_command_says_when_there_is_no_snapshot(yury):
    with pytest.raises(CommandError, match="No statistics have been taken"):
        in_command(Definition("year"), "csv", yury)


# --- Files of the page ----------------------------------------------------------------
@pytest.fixture
def get(client_for):
    """What an address answers to somebody: get(yury, "table", "?rows=year"), or `of` a table's id."""

    def get(user, name: str, query: str = "", *, of: str = "", **others):
        at = [of] if of else []
        return client_for(user, **others).get(reverse(f"reporting:{name}", args=at) + query)

    return get


def read_xlsx(content: bytes, definition: Definition) -> list[list[str]]:
    sheet, _data_sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(sheet).to_python()
    start = next(at for at, row in enumerate(rows) if not any(row)) + 2
    body = [[_plain(cell) for cell in row] for row in rows[start:]]
    width = len(body[-1])
    assert all(len(row) == width for row in body)
    body = [row[1:] for row in body] if definition.split else body
    used = next((n for n, cell in enumerate(body[0]) if cell == ""), None)
    return [row[:used] for row in body]


def _plain(cell: object) -> str:
    return f"{cell:.0f}" if isinstance(cell, float) and cell.is_integer() else str(cell)


def _as_printed(figure: str, definition: Definition) -> str:
    """A figure of a file as the page has it: scores to two places, in shares per cent are left out."""
    is_score = definition.measure == "score-mean" and figure != str(WITHHELD)
    return f"{float(figure):.2f}" if is_score else figure


def read_page(page: str) -> list[list[str]]:
    """The lines of every table of figures on the page."""
    lines = []
    for body in re.findall(r"<tbody.*?</tbody>", page, re.S):
        for row in re.findall(r"<tr.*?</tr>", body, re.S):
            cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)
            lines.append([unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in cells])
    return lines


AFTER = rf"(?<={HIDDEN}); |(?<={WITHHELD}); "  # between what is hidden alike


def read_svg(content: bytes) -> dict[str, set[str]]:
    """What the bars say, by name of the layer: each `row, column: figure`, or several of these."""
    told: dict[str, set[str]] = {}
    for drawing in ET.fromstring(content).iter(f"{SVG}g"):
        title = drawing.find(f"{SVG}title").text
        bars = [bar.find(f"{SVG}title").text for bar in drawing.iter(f"{SVG}rect")]
        told[title] = {said for bar in bars for said in re.split(AFTER, bar)}
    return told


def bars_of(table: Table) -> dict[str, set[str]]:
    """What they should say, out of the table."""
    told: dict[str, set[str]] = {}
    for layer in table.layers:
        title = f"{table.title}: {layer.label}" if table.split_label else table.title
        body = zip(table.rows, layer.cells, layer.row_totals, strict=True)
        told[title] = {
            f"{row.label}, {column.label}: {cell}"
            for row, cells, _total in body
            for column, cell in zip(table.columns, cells, strict=True)
        } or {
            f"{row.label}: {cell}" for row, cell in zip(table.rows, layer.row_totals, strict=True)
        }
    return told


@pytest.mark.parametrize("definition", TABLES, ids=lambda one: "-".join(one.shown_keys))
def test_the_chart_says_the_same_cell_for_cell(snapshot, yury, get, definition):
    table = services.view_table(definition, by=yury)
    answer = get(yury, "svg", of=definition.id)
    if len(table.rows) * max(1, len(table.columns)) > MOST_BARS:
        assert answer.status_code == 400
        return
    assert read_svg(answer.content) == bars_of(table)
    written = "".join(ET.fromstring(answer.content).itertext())
    assert table.title in written and definition.id in written
    assert not re.search(rb"style|script|class=\"\"|href|currentColor", answer.content)


def read_pdf(content: bytes, table: Table) -> list[list[str]]:
    """The lines of the table, put together out of its pieces, in the order in which they are read."""
    words = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    words, lines = " ".join(words.split()), []
    for _layer in table.layers:
        pieces: list[list[list[str]]] = []
        for start in range(0, len(table.columns) + 1, ACROSS):
            width = min(ACROSS, len(table.columns) + 1 - start)
            piece = []
            for label in [*(str(row.label) for row in table.rows), "Total"]:
                letters = r"\s*".join(map(re.escape, label.replace(" ", "")))  # it may be wrapped
                cell = rf"(\d+|{HIDDEN}|{WITHHELD})"
                found = re.search(rf"{letters}((?: {cell}){{{width}}})(?!\d)", words)
                assert found, (label, words)
                piece.append(re.findall(cell, found[1]))
                words = words[found.end() :]
            pieces.append(piece)
        labels = [*(str(row.label) for row in table.rows), "Total"]
        body = [list(chain(*parts)) for parts in zip(*pieces, strict=True)]
        lines += [[label, *cells] for label, cells in zip(labels, body, strict=True)]
    return lines


@pytest.mark.parametrize("definition", TABLES, ids=lambda one: "-".join(one.shown_keys))
def test_the_paper_says_the_same_cell_for_cell(snapshot, yury, get, definition):
    table = services.view_table(definition, by=yury)
    answer = get(yury, "pdf", of=definition.id)
    assert read_pdf(answer.content, table) == figures(table)
    reader = PdfReader(io.BytesIO(answer.content))
    assert reader.metadata.title == table.title
    assert reader.xmp_metadata.get_element("", "http://www.aiim.org/pdfua/ns/id/", "part")


@pytest.mark.parametrize("definition", TABLES + MEASURED, ids=name_of)
def test_page_files_command_and_programs_say_the_same_cell_for_cell(
    snapshot, yury, get, definition
):
    right = figures(services.view_table(definition, by=yury))
    query = of_page(definition)
    table = definition.id
    is_share = definition.measure.startswith("share")
    printed = [
        [label, *(_as_printed(cell, definition) for cell in cells)] for label, *cells in right
    ]
    for page in (get(yury, "table", query), get(yury, "kept", of=table)):
        lines = read_page(page.content.decode())
        if is_share:
            assert any(cell.endswith(" %") for line in lines for cell in line)
        assert [
            [label, *(cell.removesuffix(" %") for cell in cells)] for label, *cells in lines
        ] == printed
    assert read_csv(get(yury, "csv", of=table).content.decode(), definition) == right
    assert read_xlsx(get(yury, "xlsx", of=table).content, definition) == right
    assert read_json(get(yury, "json", of=table).json(), definition) == right
    told = get(yury, "api_table", of_programs(definition))
    assert read_json(told.json(), definition) == right
    assert told.json() == json.loads(in_command(definition, "json", yury))


def test_a_file_is_an_export_after_a_recent_sign_in(snapshot, yury, get):
    for number, (form, media_type) in enumerate(
        [
            *(("csv", "text/csv"), ("xlsx", "application/vnd.open"), ("json", "application/json")),
            *(
                ("pdf", "application/pdf"),
                ("svg", "image/svg+xml"),
                ("datasheet", "application/json"),
            ),
        ],
        1,
    ):
        answer = get(yury, form, of="gender")
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith(media_type)
        ending = "data-sheet.json" if form == "datasheet" else form
        wanted = f'attachment; filename="statistics-2026-11-22.{ending}"'
        assert answer["Content-Disposition"] == wanted
        assert get(yury, form, of="gender", ago=600).status_code == 302  # to confirm
        assert events(Verb.STATISTICS_EXPORTED) == number
    page = get(yury, "table", "?rows=gender&columns=age&level=1&chart=stacked").content.decode()
    for form, drawn in (("csv", ""), ("datasheet", ""), ("pdf", "?chart=stacked")):
        assert f'"/statistics/tables/gender.age~level-1/{form}/{drawn}"' in page


def test_the_chart_of_a_file_stands_as_it_was_chosen(snapshot, yury, get):
    one, other = (
        get(yury, "svg", query, of="year.age~level-1") for query in ("", "?chart=stacked")
    )
    assert one.status_code == other.status_code == 200 and one.content != other.content
    assert get(yury, "svg", "?chart=pie", of="gender").status_code == 404


# --- Addresses that are kept ----------------------------------------------------------
def test_an_address_that_was_kept_says_which_snapshot_it_was_made_of(
    snapshot, yury, get, client_for
):
    browser, at = client_for(yury), "/statistics/tables/year.gender/of/1/"
    page = browser.get("/statistics/?rows=year&columns=gender").content.decode()
    assert f'href="{at}"' in page
    assert "only the latest one answers" not in browser.get(at).content.decode()
    newer = Snapshot(number=2, taken_at=DAY, taken_by=yury, surface=snapshot.surface)
    newer.epochs, newer.digests = {"2026": 2}, {"2026": "cd"}
    trail.save(newer, verb=Verb.STATISTICS_FROZEN, by=yury)
    page = browser.get(at).content.decode()
    assert "was made of snapshot 1 of" in page and "those of snapshot 2" in page
    assert read_page(page) == figures(services.view_table(Definition("year", "gender"), by=yury))
    for wrong in (
        "/statistics/tables/year.gender/of/3/",
        f"/statistics/tables/year.gender/of/{'9' * 40}/",
    ):
        assert browser.get(wrong).status_code == 404


@pytest.mark.parametrize("name", ["kept", "csv", "xlsx", "json", "pdf", "svg", "datasheet"])
def test_an_id_of_no_table_is_no_page_and_no_file(snapshot, yury, get, name):
    for table in ("case_owner", "year.", "gender~age-nonsense", "a\x00b"):
        assert get(yury, name, of=table).status_code == 404
    too_many = get(yury, name, of="year.gender.age~exploitation-ForcedLabour")
    assert too_many.status_code == (200 if name == "kept" else 400)  # the page says what is wrong
    assert events(Verb.STATISTICS_EXPORTED) == events(Verb.STATISTICS_VIEWED) == 0


# --- The data sheet -------------------------------------------------------------------
def test_the_data_sheet_tells_the_method_and_not_how_far_a_figure_was_moved(snapshot, yury, get):
    told = get(yury, "datasheet", of="country.age~level-0").json()
    table = services.view_table(Definition("country", "age", level=0), by=yury)
    assert (told["table"], told["snapshot"]) == ("country.age~level-0", 1)
    assert (told["title"], told["as_of"]) == (table.title, "2026-11-22")
    assert told["percent_shown"] == table.percent_shown
    parameters = {"threshold": 11, "most_dimensions": 3, "fewest_changed": 10}
    assert told["parameters"] == parameters
    assert get(yury, "json", of="country.age~level-0").json()["data_sheet"] == told
    written = json.dumps(told)
    assert not re.search(r"(?<![\d-])(?:5|4|4\.0)(?![\d-])|variance|noise", written)
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(get(yury, "xlsx", of="country.age~level-0").content)
    )
    rows = book.get_sheet_by_name("Data sheet").to_python()
    said = {str(cell) for row in rows for cell in row}
    assert {told["table"], told["title"], *told["method"], *told["known_distortions"]} <= said


# --- Saved tables ---------------------------------------------------------------------
NAME = "Для Снежаньской"


def test_a_table_is_saved_opened_and_removed(snapshot, yury, pavel, client_for):
    browser, start = client_for(yury), log.size()
    answer = browser.post("/statistics/saved/", {"table": "year.gender~age-child", "name": NAME})
    assert answer.headers["Location"] == "/statistics/tables/year.gender~age-child/"
    assert log.verbs_since(start) == [Verb.LIST_SAVED]
    page = browser.get(answer.headers["Location"]).content.decode()
    assert f'href="/statistics/tables/year.gender~age-child/"><bdi>{NAME}' in page
    [row] = SavedList.objects.all()
    assert NAME.encode() not in bytes(row.content_sealed)
    assert all(NAME not in str(event.entry) for event in log.since(start))
    at = f"/statistics/saved/{row.pk}/"
    supervisor = client_for(pavel)
    assert NAME not in supervisor.get("/statistics/").content.decode()
    assert supervisor.post(at).status_code == 404
    assert browser.post(at).status_code == 302 and not SavedList.objects.exists()
    assert browser.post(at).status_code == 404


def test_saved_tables_and_saved_lists_of_cases_do_not_mix(snapshot, pavel, client_for):
    browser = client_for(pavel)
    browser.post("/statistics/saved/", {"table": "gender", "name": NAME})
    [row] = SavedList.objects.all()
    assert NAME not in browser.get("/cases/").content.decode()
    for act in ("first", "remove"):
        assert browser.post(f"/cases/saved-lists/{row.pk}/", {"act": act}).status_code == 404
    browser.post("/cases/saved-lists/", {"name": NAME, "sort": "changed"})
    assert SavedList.objects.count() == 2
    assert browser.get("/statistics/").content.decode().count(f"<bdi>{NAME}</bdi>") == 1


def test_what_is_wrong_with_a_name_is_said_beside_it(snapshot, yury, client_for):
    browser = client_for(yury)
    for name in ("", " ", "x" * 61):
        answer = browser.post("/statistics/saved/", {"table": "year.gender", "name": name})
        assert answer.status_code == 422
        assert "by year of registration, by sex" in answer.content.decode()
    assert browser.post("/statistics/saved/", {"table": "year.", "name": "x"}).status_code == 404
    assert not SavedList.objects.exists()


def test_a_saved_table_that_is_none_any_more_stands_in_nobodys_way(snapshot, yury, client_for):
    saved_lists.save_list("Old", [("table", "year.shoe_size")], page=saved_lists.TABLES, by=yury)
    saved_lists.save_list("Damaged", [], page=saved_lists.TABLES, by=yury)
    browser = client_for(yury)
    page = browser.get("/statistics/")
    assert page.status_code == 200 and "Old" in page.content.decode()
    assert browser.get("/statistics/tables/year.shoe_size/").status_code == 404


def test_a_workbook_tells_what_it_is_and_runs_nothing(look_up):
    table = look_up("year", "gender")
    book = CalamineWorkbook.from_filelike(io.BytesIO(to_xlsx(table)))
    rows = book.get_sheet_by_name("Statistics").to_python()
    assert rows[0][0] == table.title
    assert rows[1][0] == "As of 2026-11-22"
    assert [row[0] for row in rows[2 : 2 + len(table.notes)]] == table.notes
    evil = table_of(["=1+1"], ["@x"], [[SMALL]])
    book = CalamineWorkbook.from_filelike(io.BytesIO(to_xlsx(evil)))
    told = book.get_sheet_by_name("Statistics").to_python()
    assert ["'=1+1", HIDDEN, 99.0] in told


# --- For programs ---------------------------------------------------------------------
def of_programs(definition: Definition) -> str:
    only = "".join(f"&filter={key}:{code}" for key, code in definition.filters.items())
    dims = ",".join(definition.shown_keys)
    return f"?dims={dims}{only}&level={definition.level}&measure={definition.measure}"


def error_of(answer) -> tuple[int, str]:
    """Status and code of an error in its one shape; nothing else may stand in it."""
    assert answer["Content-Type"] == "application/json"
    told = answer.json()
    assert set(told) == {"error"} and set(told["error"]) == {"code", "message"}
    assert told["error"]["message"]
    return answer.status_code, told["error"]["code"]


def test_the_schema_names_what_may_be_asked_for(snapshot, surface, yury, pavel, get):
    told = get(yury, "api_schema").json()
    assert told["snapshot"] == {"number": 1, "as_of": "2026-11-22"}
    assert (told["threshold"], told["most_dimensions"]) == (11, MAX_DIMENSIONS)
    assert [one["code"] for one in told["dimensions"]] == list(DIMENSIONS)
    most = {one["code"]: one["most_dimensions"] for one in told["measures"]}
    assert most["persons"] == most["share-of-row"] == 3
    assert most["days-mean"] == most["cost-BYN-sum"] == 2
    assert "cost-USD-sum" not in most  # nobody has one
    for one in told["dimensions"]:
        codes = [[each["code"] for each in level] for level in one["levels"]]
        assert codes == surface.axes[one["code"]]
        assert one["label"] == str(DIMENSIONS[one["code"]].label)
    assert any(HIDDEN in note for note in told["notes"])
    assert get(pavel, "api_schema").json() == told  # a supervisor
    for one in told["dimensions"]:
        assert get(yury, "api_table", f"?dims={one['code']}").status_code == 200


def test_a_hidden_figure_is_null_and_says_why(snapshot, yury, get):
    told = get(yury, "api_table", "?dims=age,exploitation,gender").json()
    reasons = {figure.get("reason") for figure in told["figures"]}
    assert reasons == {None, "hidden", "withheld"}
    for figure in told["figures"]:
        assert (figure["persons"] is None) == ("reason" in figure)
        assert figure["persons"] is None or figure["persons"] >= 11


def test_a_look_of_a_program_is_recorded_as_one_of_the_page(snapshot, yury, get):
    get(yury, "table", "?rows=year&columns=age&only=gender:Feminine&level=1")
    get(yury, "api_table", "?dims=year,age&filter=gender:Feminine&level=1")
    one, other = Event.objects.filter(verb=Verb.STATISTICS_VIEWED).order_by("seq")
    assert (
        log.told(one)["reason"] == log.told(other)["reason"] == "year.age~gender-Feminine~level-1"
    )
    of_snapshot = {"snapshot": str(snapshot.pk), "number": 1}
    assert log.details(one) == of_snapshot | {"form": "page"}
    assert log.details(other) == of_snapshot | {"form": "api"}
    get(yury, "api_schema")
    get(yury, "api_table", "?dims=case_owner")
    assert events(Verb.STATISTICS_VIEWED) == 2


@pytest.mark.parametrize("name", ["api_schema", "api_table"])
def test_who_may_not_is_told_in_json_and_recorded(snapshot, alena, rita, get, name):
    for number, who in enumerate((alena, rita), 1):
        assert error_of(get(who, name, "?dims=year")) == (403, "forbidden")
        assert events(Verb.REFUSED) == number


@pytest.mark.parametrize("name", ["api_schema", "api_table"])
def test_before_the_first_snapshot_there_is_nothing(yury, get, name):
    assert error_of(get(yury, name, "?dims=year" * (name == "api_table"))) == (404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        *(
            "dims=case_owner",
            "dims=",
            "dims=year,",
            "dims=,year",
            "dims=year,year",
            "filter=age:child",
        ),
        *("dims=year,gender,age,country", "dims=year,gender,age&filter=exploitation:ForcedLabour"),
        *("dims=year&filter=gender", "dims=year&filter=gender:nonsense", "dims=year&level=7"),
        *("dims=year&filter=citizenship:any-other", "dims=year&filer=gender:Feminine"),
        *("dims=year&measure=nonsense", "dims=year&measure=cost-USD-sum"),
        *("dims=year,gender,age&measure=days-mean", "dims=year&measure=share-of-row"),
        "dims=year,gender&filter=exploitation:ForcedLabour&measure=cost-BYN-mean",
        *("dims=year&dims=gender", "dims=year%00", "rows=year", "dims=year&format=csv"),
    ],
)
def test_what_is_no_table_is_a_bad_request_that_repeats_nothing(snapshot, yury, get, query):
    answer = get(yury, "api_table", f"?{query}")
    assert error_of(answer) == (400, "bad_request")
    for word in ("case_owner", "nonsense", "filer", "format"):
        assert word not in answer.content.decode()
    assert events(Verb.STATISTICS_VIEWED) == 0


def test_a_page_of_another_site_is_refused_in_json(snapshot, yury, client_for):
    asked = client_for(yury).get(
        reverse("reporting:api_table"), headers={"sec-fetch-site": "cross-site"}
    )
    assert error_of(asked) == (403, "forbidden")
    assert client_for(yury).post(reverse("reporting:api_table")).status_code == 405


def test_what_cannot_be_recorded_is_not_shown(snapshot, yury, client_for):
    browser = client_for(yury)
    with refusing():
        answer = browser.get(reverse("reporting:api_table") + "?dims=year")
    assert error_of(answer) == (503, "service_unavailable")


def test_without_a_session_a_program_is_told_so(snapshot, yury, client, client_for):
    for name in ("api_schema", "api_table"):
        for answer in (client.get, client.post):
            assert error_of(answer(reverse(f"reporting:{name}"))) == (401, "unauthorized")
    assert client.get(reverse("reporting:table")).status_code == 302
    yury.is_active = False
    yury.save()
    assert error_of(client_for(yury).get(reverse("reporting:api_schema")))[0] == 401
