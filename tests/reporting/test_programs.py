"""One table on every way out: page, CSV, workbook, JSON and command."""

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
from reporting.exports import lines_of, to_xlsx
from reporting.models import Snapshot
from reporting.surface import Surface, pack
from reporting.tables import WITHHELD, Definition, Table
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
def test_page_and_files_say_the_same_cell_for_cell(snapshot, yury, get, definition):
    right = figures(services.view_table(definition, by=yury))
    query = of_page(definition)
    assert read_page(get(yury, "table", query).content.decode()) == right
    assert read_csv(get(yury, "csv", query).content.decode(), definition) == right
    assert read_xlsx(get(yury, "xlsx", query).content, definition) == right
    assert read_json(get(yury, "json", query).json(), definition) == right


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
