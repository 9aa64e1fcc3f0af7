"""The file: the figures of the page, and nothing a spreadsheet would run."""

import csv
import io

from reporting.exports import to_csv
from tests.reporting.people import DAY
from tests.reporting.test_charts import SMALL, table_of


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_labels_and_categories_of_a_file_are_made_safe():
    table = table_of(["=cmd|' /C calc'!A0"], ["@x"], [[SMALL]])
    lines = read(to_csv(table))
    assert ["'=cmd|' /C calc'!A0", "<11", "99"] in lines
    assert not any(cell.startswith(("=", "@", "+", "-")) for line in lines for cell in line)


def test_the_file_starts_with_its_mark_and_says_what_it_is(look_up):
    table = look_up("year", "gender")
    content = to_csv(table)
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in content
    lines = read(content)
    assert lines[0] == [table.title]
    assert lines[1] == ["As of 2026-11-22"]
    assert [line[0] for line in lines[2:] if len(line) == 1] == table.notes
    assert any("<11 means" in note for note in table.notes)


def test_the_file_holds_the_figures_of_the_page(look_up):
    table = look_up("year", "gender", "duration")
    lines = read(to_csv(table))
    start = lines.index([]) + 1
    head, body = lines[start], lines[start + 1 :]
    assert head == ["Duration of exploitation", "Year of registration"] + [
        str(column.label) for column in table.columns
    ] + ["Total"]
    expected = []
    for layer in table.layers:
        for row, cells, total in zip(table.rows, layer.cells, layer.row_totals, strict=True):
            expected.append([str(layer.label), str(row.label), *map(str, cells), str(total)])
        totals = [*layer.column_totals, layer.total]
        expected.append([str(layer.label), "Total", *map(str, totals)])
    assert body == expected
    assert table.taken_at == DAY
