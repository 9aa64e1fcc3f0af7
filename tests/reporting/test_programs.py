"""One table on every way out: page, CSV, workbook, JSON, command and the answers for programs."""

import csv
import io
import json
import re
from html import unescape

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from python_calamine import CalamineWorkbook

from audit import trail
from audit.models import Event
from audit.verbs import Verb
from reporting import services
from reporting.dimensions import DIMENSIONS
from reporting.exports import lines_of, to_xlsx
from reporting.models import Snapshot
from reporting.surface import MAX_DIMENSIONS, Surface, pack
from reporting.tables import WITHHELD, Definition, Table
from tests.audit.test_fails_closed import refusing
from tests.guards import log
from tests.reporting.people import DAY
from tests.reporting.test_charts import SMALL, table_of

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


@pytest.fixture
def snapshot(surface: Surface, yury) -> Snapshot:
    """A snapshot of the 3000 made-up persons."""
    taken = Snapshot(number=1, taken_at=DAY, taken_by=yury, surface=pack(surface))
    taken.epochs, taken.digests = {"2026": 1}, {"2026": "ab"}
    trail.save(taken, verb=Verb.STATISTICS_FROZEN, by=yury)
    return taken


def of_page(definition: Definition) -> str:
    """The query of the page."""
    [only] = [f"{key}:{code}" for key, code in definition.filters.items()] or [""]
    return (
        f"?rows={definition.rows}&columns={definition.columns}&split={definition.split}"
        f"&only={only}&level={definition.level}"
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
    asked += [f"--filter={key}={code}" for key, code in definition.filters.items()]
    call_command("statistics", "table", *asked, stdout=out)
    return out.getvalue()


def read_csv(text: str, definition: Definition) -> list[list[str]]:
    lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    body = lines[lines.index([]) + 2 :]
    return [line[1:] for line in body] if definition.split else body


def read_json(told: dict, definition: Definition) -> list[list[str]]:
    """The lines of the table, put together out of the figures alone."""
    shown = {
        tuple(sorted(figure["of"].items())): (
            {"hidden": HIDDEN, "withheld": str(WITHHELD)}[figure["reason"]]
            if figure["persons"] is None
            else str(figure["persons"])
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


@pytest.mark.parametrize("definition", TABLES, ids=lambda one: "-".join(one.shown_keys))
def test_the_command_prints_the_files_cell_for_cell(snapshot, yury, definition):
    right = figures(services.view_table(definition, by=yury))
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
    """What an address answers to somebody: get(yury, "csv", "?rows=year")."""

    def get(user, name: str, query: str = "", **others):
        return client_for(user, **others).get(reverse(f"reporting:{name}") + query)

    return get


def read_xlsx(content: bytes, definition: Definition) -> list[list[str]]:
    [sheet] = CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(sheet).to_python()
    start = next(at for at, row in enumerate(rows) if not any(row)) + 2
    body = [[_plain(cell) for cell in row] for row in rows[start:]]
    width = len(body[-1])
    assert all(len(row) == width for row in body)
    body = [row[1:] for row in body] if definition.split else body
    used = next((n for n, cell in enumerate(body[0]) if cell == ""), None)
    return [row[:used] for row in body]


def _plain(cell: object) -> str:
    return f"{cell:.0f}" if isinstance(cell, float) else str(cell)


def read_page(page: str) -> list[list[str]]:
    """The lines of every table of figures on the page."""
    lines = []
    for body in re.findall(r"<tbody.*?</tbody>", page, re.S):
        for row in re.findall(r"<tr.*?</tr>", body, re.S):
            cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)
            lines.append([unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in cells])
    return lines


@pytest.mark.parametrize("definition", TABLES, ids=lambda one: "-".join(one.shown_keys))
def test_page_files_command_and_programs_say_the_same_cell_for_cell(
    snapshot, yury, get, definition
):
    right = figures(services.view_table(definition, by=yury))
    query = of_page(definition)
    assert read_page(get(yury, "table", query).content.decode()) == right
    assert read_csv(get(yury, "csv", query).content.decode(), definition) == right
    assert read_xlsx(get(yury, "xlsx", query).content, definition) == right
    assert read_json(get(yury, "json", query).json(), definition) == right
    told = get(yury, "api_table", of_programs(definition))
    assert read_json(told.json(), definition) == right
    assert told.json() == json.loads(in_command(definition, "json", yury))


def test_a_file_is_an_export_after_a_recent_sign_in(snapshot, yury, get):
    for number, (form, media_type) in enumerate(
        [("csv", "text/csv"), ("xlsx", "application/vnd.open"), ("json", "application/json")], 1
    ):
        answer = get(yury, form, "?rows=gender")
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith(media_type)
        wanted = f'attachment; filename="statistics-2026-11-22.{form}"'
        assert answer["Content-Disposition"] == wanted
        assert get(yury, form, "?rows=gender", ago=600).status_code == 302  # to confirm
        assert events(Verb.STATISTICS_EXPORTED) == number
    page = get(yury, "table", "?rows=gender&level=1").content.decode()
    for form in ("csv", "xlsx", "json"):
        assert f"{reverse(f'reporting:{form}')}?rows=gender&amp;level=1" in page


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
    return f"?dims={','.join(definition.shown_keys)}{only}&level={definition.level}"


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
    one, other = Event.objects.filter(verb=Verb.STATISTICS_VIEWED)
    assert log.details(one) == log.details(other)
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


def test_without_a_session_it_leads_to_sign_in(snapshot, client):
    for name in ("api_schema", "api_table"):
        answer = client.get(reverse(f"reporting:{name}"))
        assert answer.status_code == 302 and "sign-in" in answer["Location"]
