"""Files as people bring them: what is read, and what is refused by name."""

import gzip
import io
import random
import zipfile
from datetime import date

import pytest
import xlsxwriter

from cases.imports import files
from cases.imports.readers import open_table
from core.exceptions import BadInput

HEADER = ["prs_FirstName", "prs_Birthdate", "prs_Citizenship"]
ROW = ["Марына", "1999-12-31", "BY"]


def write(tmp_path, content, name="records.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def text_of(*rows, delimiter=","):
    return "".join(delimiter.join(row) + "\r\n" for row in rows)


def workbook(tmp_path, *sheets, name="records.xlsx"):
    path = tmp_path / name
    with xlsxwriter.Workbook(path, {"default_date_format": "dd.mm.yyyy"}) as book:
        for number, rows in enumerate(sheets):
            sheet = book.add_worksheet(f"Sheet {number}")
            for position, row in enumerate(rows):
                sheet.write_row(position, 0, row)
    return path


def read(path):
    table = open_table(path)
    return table, list(table.rows)


def refusal(path):
    with pytest.raises(BadInput) as caught:
        read(path)
    return str(caught.value.message)


def test_csv_in_utf_8_is_read(tmp_path):
    table, rows = read(write(tmp_path, text_of(HEADER, ROW)))
    assert (table.layout, table.columns, table.notices) == ("htcds", HEADER, [])
    assert rows == [(2, dict(zip(HEADER, ROW, strict=True)), "")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_excel_delimiters_and_byte_order_mark_are_read(tmp_path, delimiter):
    content = "\ufeff" + text_of(HEADER, ROW, delimiter=delimiter)
    table, rows = read(write(tmp_path, content))
    assert table.columns == HEADER
    assert list(rows[0].cells.values()) == ROW


@pytest.mark.parametrize("name", ["records.csv.gz", "records.csv", "no ending"])
def test_packed_csv_is_read_whatever_it_is_called(tmp_path, name):
    path = write(tmp_path, gzip.compress(text_of(HEADER, ROW).encode("utf-8-sig")), name)
    assert read(path)[1][0].cells["prs_FirstName"] == "Марына"


def test_a_packed_file_is_unpacked_up_to_a_size(tmp_path, monkeypatch):
    """Blank rows are left out and count nowhere: of a hundred megabytes they would take days."""
    content = text_of(HEADER, ROW).encode() + b"\n" * 200
    monkeypatch.setattr(files, "LARGEST_UNPACKED", 200)
    assert "too large" in refusal(write(tmp_path, gzip.compress(content)))
    assert len(read(write(tmp_path, content))[1]) == 1


@pytest.mark.parametrize("name", ["records.xlsx", "records.csv"])
def test_workbooks_are_read_whatever_they_are_called(tmp_path, name):
    path = workbook(tmp_path, [HEADER, ["Anna", date(1999, 12, 31), "BY"]], name="x.xlsx")
    path = path.rename(tmp_path / name)
    assert read(path)[1] == [(2, dict(zip(HEADER, ["Anna", "1999-12-31", "BY"], strict=True)), "")]


def test_cells_of_a_workbook_become_what_a_person_would_type(tmp_path):
    header = ["prs_MobilePhone", "prs_MailingLatitude", "prs_Deceased", "prs_NumberOfChildren"]
    _table, rows = read(workbook(tmp_path, [header, [375291234567, 53.9, True, 2]]))
    assert list(rows[0].cells.values()) == ["375291234567", "53.9", "TRUE", "2"]


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path):
    lines = text_of(HEADER) + "\r\n" + '"two\nlines",,BY\r\n' + ",,\r\n" + "Anna,,BY\r\n"
    assert [row.number for row in read(write(tmp_path, lines))[1]] == [3, 5]
    path = workbook(tmp_path, [[], HEADER, [], ["Anna", "", "BY"]])
    assert [row.number for row in read(path)[1]] == [4]


def test_the_second_row_with_labels_is_left_out(tmp_path):
    labels = ["First Name", "Birthdate", "Citizenship"]
    for path in (
        workbook(tmp_path, [HEADER, labels, ROW]),
        write(tmp_path, text_of(HEADER, labels, ROW)),
    ):
        table, rows = read(path)
        assert [row.number for row in rows] == [3]
        assert table.notices == []


def test_a_first_record_is_not_taken_for_labels(tmp_path):
    assert len(read(write(tmp_path, text_of(HEADER, ["Title", "", "BY"], ROW)))[1]) == 2


def test_a_blank_header_is_named_by_its_label(tmp_path):
    header = ["prs_FirstName", "", "prs_Citizenship"]
    labels = ["First Name", "Reason for Outgoing Referral", "Citizenship"]
    table, rows = read(workbook(tmp_path, [header, labels, ["Anna", "Other", "BY"]]))
    assert table.columns[1] == "cas_ReasonForOutgoingReferral"
    assert rows[0].cells["cas_ReasonForOutgoingReferral"] == "Other"


def test_labels_in_another_order_than_the_headers_are_told(tmp_path):
    header = ["prs_MailingCity", "prs_MailingStreet"]
    path = write(tmp_path, text_of(header, ["Mailing Street", "Mailing City"], ["Minsk", "x"]))
    table, rows = read(path)
    assert len(table.notices) == 2
    assert "prs_MailingCity" in table.notices[0] and "prs_MailingStreet" in table.notices[0]
    assert rows[0].cells["prs_MailingCity"] == "Minsk"


def test_a_cell_under_a_blank_header_is_a_fault_of_its_row(tmp_path):
    header = ["prs_FirstName", "", "prs_Citizenship"]
    content = text_of(header, ["Anna", "", "BY"], ["Anna", "lost", "BY"])
    _table, rows = read(write(tmp_path, content))
    assert [bool(row.fault) for row in rows] == [False, True]


def test_rows_of_another_length_than_the_header_are_at_fault(tmp_path):
    content = text_of(HEADER, ROW[:2], [*ROW, "more"], [*ROW, ""])
    _table, rows = read(write(tmp_path, content))
    assert [row.fault for row in rows] == [
        "has fewer cells than there are columns",
        "has more cells than there are columns",
        "",
    ]


def test_ctdc_is_recognised(tmp_path):
    table, rows = read(write(tmp_path, "yearOfRegistration,citizenship\n2019,NAM\n"))
    assert (table.layout, rows[0].cells["citizenship"]) == ("ctdc", "NAM")


def test_the_sheet_with_records_is_found_among_others(tmp_path):
    path = workbook(tmp_path, [["How to fill in this workbook"]], [HEADER, ROW], [])
    assert len(read(path)[1]) == 1


def test_records_on_two_sheets_are_refused(tmp_path):
    assert "2 sheets" in refusal(workbook(tmp_path, [HEADER, ROW], [HEADER, ROW]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \r\n\r\n", "is empty"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG file"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "old Excel file or one with a password"),
        (text_of(HEADER, ROW).encode("utf-16"), "UTF-16"),
        (text_of(HEADER, ROW).encode("utf-16-le"), "NUL"),
        (text_of(HEADER, ROW).encode("cp1251"), "not in UTF-8"),
        (random.Random(7).randbytes(4096), "NUL"),
        (text_of(HEADER, ["An\0na", "", ""]).encode(), "NUL"),
        (gzip.compress(text_of(HEADER, ROW).encode())[:-9], "damaged"),
        (gzip.compress(b"%PDF-1.7"), "a PDF file"),
        (gzip.compress(gzip.compress(b"a,b")), "packed twice"),
        (b"\x1f\x8bnonsense", "damaged"),
        (b"PK\x03\x04 but nothing behind it", "damaged"),
        (b'prs_FirstName,prs_Gender\n"Anna,Feminine\n', "quotation mark"),
        (b'prs_FirstName,prs_Gender\n"An"na,Feminine\n', "quotation mark"),
        (b"prs_FirstName\n" + b"A" * (9 * 1024**2) + b"\n", "too long"),
        (text_of(ROW, ROW), "layout is not known"),
        ("name,born\nAnna,1999\n", "layout is not known"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else str(value)[:20],
)
def test_what_is_no_table_is_refused_by_name(tmp_path, content, words):
    message = refusal(write(tmp_path, content))
    assert words in message
    assert "Марына" not in message and "Anna" not in message


def test_a_nul_far_behind_the_beginning_is_found(tmp_path):
    content = text_of(HEADER, *[ROW] * 5000, ["An\0na", "", "BY"])
    assert "Line 5002 holds a NUL" in refusal(write(tmp_path, content))


def test_wrong_encoding_far_behind_the_beginning_is_found(tmp_path):
    content = text_of(HEADER, *[ROW] * 5000).encode() + "Марына,,BY\n".encode("cp1251")
    assert "not in UTF-8" in refusal(write(tmp_path, content))


@pytest.mark.parametrize("member", ["word/document.xml", "../evil.txt"])
def test_a_packed_file_that_is_no_workbook_is_refused(tmp_path, member):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(member, "<x/>")
    assert "no Excel workbook" in refusal(write(tmp_path, packed.getvalue()))


def test_a_workbook_cut_short_is_refused(tmp_path):
    whole = workbook(tmp_path, [HEADER, ROW]).read_bytes()
    assert "damaged" in refusal(write(tmp_path, whole[: len(whole) // 2]))


def test_a_workbook_with_wrong_offsets_is_refused(tmp_path):
    whole = workbook(tmp_path, [HEADER, ROW]).read_bytes()
    assert "damaged" in refusal(write(tmp_path, whole[:-6] + b"\xff\xff\xff\x7f\0\0"))


def test_a_stray_cell_in_the_last_corner_is_refused_before_memory_runs_out(tmp_path):
    path = tmp_path / "stray.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ROW)
        sheet.write(1_048_575, 16_383, "stray")
    assert "too large" in refusal(path)


def test_unknown_columns_are_named(tmp_path):
    message = refusal(write(tmp_path, text_of([*HEADER, "Nickname", "prs_Height"], ROW)))
    assert "Unknown columns: Nickname, prs_Height" in message


def test_columns_of_both_layouts_do_not_mix(tmp_path):
    message = refusal(write(tmp_path, text_of([*HEADER, "yearOfRegistration"], ROW)))
    assert "Unknown columns: yearOfRegistration" in message


def test_many_unknown_columns_are_counted(tmp_path):
    header = [*HEADER, *(f"extra{number}" for number in range(14))]
    assert "4 more" in refusal(write(tmp_path, text_of(header, ROW)))


def test_columns_that_stand_there_twice_are_named(tmp_path):
    header = ["prs_FirstName", "prs_First_Name", "prs_Gender"]
    assert "twice: prs_FirstName" in refusal(write(tmp_path, text_of(header)))


def test_a_missing_file_is_refused_without_its_name(tmp_path):
    message = refusal(tmp_path / "Anna Kozlova.csv")
    assert "cannot be opened" in message and "Anna" not in message
    assert "cannot be opened" in refusal(tmp_path)


def test_rows_are_streamed(tmp_path):
    path = write(tmp_path, text_of(HEADER, *[ROW] * 3) + '"never closed')
    rows = open_table(path).rows
    assert [next(rows).number for _ in range(3)] == [2, 3, 4]
    with pytest.raises(BadInput, match="Row 5"):
        next(rows)
