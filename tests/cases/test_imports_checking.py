import csv
import hashlib
import tracemalloc

import pytest

from cases.imports.checking import check, parsed_rows
from cases.imports.readers import open_table
from core.exceptions import BadInput

HEADER = "prs_FirstName,prs_Gender,prs_Birthdate\n"


def file_with(tmp_path, *lines):
    path = tmp_path / "records.csv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_a_good_file_has_no_problems(tmp_path):
    path = file_with(tmp_path, "Anna,Feminine,1999-12-31", "", "Olga,Feminine,")
    report = check(path)
    assert (report.rows_read, report.rows_acceptable, report.rows_refused) == (2, 2, 0)
    assert report.problems == {}
    assert report.layout == "htcds"
    assert report.file_digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_problems_are_counted_by_column_and_reason(tmp_path):
    bad = ["Secret Name,Woman,1999-12-31"] * 7
    report = check(file_with(tmp_path, "Anna,Feminine,", *bad, "Olga,Girl,31/12/1999"))
    assert (report.rows_read, report.rows_refused) == (9, 8)
    groups = {column: group for (column, _reason), group in report.problems.items()}
    assert set(groups) == {"prs_Gender", "prs_Birthdate"}
    assert groups["prs_Gender"].count == 8
    assert groups["prs_Gender"].first_rows == [3, 4, 5, 6, 7]
    assert groups["prs_Birthdate"].first_rows == [10]


def test_the_full_list_names_row_column_and_reason_and_no_cell(tmp_path):
    report_to = tmp_path / "report.csv"
    check(file_with(tmp_path, "Secret Name,Woman,1.1.1", "x,y"), report_to=report_to)
    with report_to.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["row", "column", "reason"]
    assert [row[:2] for row in rows[1:]] == [
        ["2", "prs_Gender"],
        ["2", "prs_Birthdate"],
        ["3", ""],
        ["3", "prs_Gender"],
    ]
    text = report_to.read_text(encoding="utf-8")
    assert not any(cell in text for cell in ("Secret", "Woman", "1.1.1"))


def test_progress_is_told_for_every_row(tmp_path):
    told = []
    check(file_with(tmp_path, *["Anna,Feminine,"] * 3), progress=told.append)
    assert sum(told) == 3


def test_a_file_without_records_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no records"):
        check(file_with(tmp_path))


def test_a_report_that_cannot_be_written_is_refused(tmp_path):
    path = file_with(tmp_path, "Anna,Feminine,")
    with pytest.raises(BadInput, match="cannot be written"):
        check(path, report_to=tmp_path / "no folder" / "report.csv")


def test_a_row_with_a_problem_opens_nothing(tmp_path):
    path = file_with(tmp_path, "Anna,Feminine,", "Anna,Woman,", "Anna,Feminine")
    opened = [parsed.new_case is not None for parsed in parsed_rows(open_table(path))]
    assert opened == [True, False, False]


def test_memory_does_not_grow_with_the_file(tmp_path):
    path = file_with(tmp_path, *["Anna,Feminine,1999-12-31"] * 20_000)
    tracemalloc.start()
    try:
        check(path)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 1024**2
