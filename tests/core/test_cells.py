"""No cell of an export is a formula to a spreadsheet program."""

import ast
import csv
import io
import string
import unicodedata
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cases.imports.checking import _problem_writer
from cases.imports.rows import Problem
from core.cells import marked_text, plain_text, safe_row, safe_text
from tests.guards import source


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "|calc",
        "%0A=1",
        "\t=1",
        "\tplain",
        "\rplain",
        "\nplain",
        "  =1",
        "\u200b=1",
        "\ufeff=1",
        "\u202e=1",
        "\x00=1",
        "＝1+1",
        "＋1",
        "﹣1",
        "＠x",
        "\u00a0＝1",
        "<r>x</r>",
    ],
)
def test_what_looks_like_a_formula_gets_an_apostrophe(text):
    assert safe_text(text) == "'" + text


@pytest.mark.parametrize("text", ["<11", "Belarus", "2020", "", "a=b", "Åland", "Before 2000"])
def test_plain_text_stays_as_it_is(text):
    assert safe_text(text) == text


SIGNS = "=+-@|%"
# What looks like one of them to NFKC, and what nobody sees: taken out of Unicode, not out of our code.
LOOK_ALIKES = [
    c for c in map(chr, range(0x11000)) if unicodedata.normalize("NFKC", c)[:1] in [*SIGNS]
]
UNSEEN = [
    c
    for c in map(chr, range(0x11000))
    if unicodedata.category(c) in ("Cc", "Cf", "Zs", "Zl", "Zp") or c in string.whitespace
]


def test_there_are_look_alikes_and_unseen_letters_to_try():
    assert len(LOOK_ALIKES) > 20 and {"＝", "﹢", "＠"} <= set(LOOK_ALIKES)
    assert len(UNSEEN) > 100 and {"\u200b", "\t", "\0", "\ufeff", "\u3000"} <= set(UNSEEN)


@given(
    some.lists(some.sampled_from(UNSEEN), max_size=5).map("".join),
    some.sampled_from(LOOK_ALIKES),
    some.text(max_size=20),
)
def test_nothing_that_begins_like_a_formula_goes_out_as_one(before, sign, after):
    written = before + sign + after
    assert safe_text(written) == "'" + written


@given(some.text(max_size=40))
def test_any_text_goes_out_whole_and_begins_harmlessly(written):
    safe = safe_text(written)
    assert safe.removeprefix("'") == written.removeprefix("'") and safe in (written, "'" + written)
    seen = unicodedata.normalize("NFKC", safe).lstrip("".join(UNSEEN))
    assert not seen.startswith((*SIGNS,))
    assert not safe.startswith(("\t", "\r", "\n", "\0"))


@given(
    some.lists(
        some.sampled_from(["'", "=", "+", "<r>", "\t", "\u200b", "＝", "x", " "]), max_size=6
    )
    .map("".join)
    .flatmap(lambda start: some.text(max_size=5).map(start.__add__))
)
def test_what_was_marked_comes_back_exactly(written):
    cell = marked_text(written)
    assert plain_text(cell) == written
    assert safe_text(cell) == cell, "what is marked is no formula any more"


@given(some.text(max_size=20))
def test_a_cell_that_nobody_marked_stays_as_it_is(written):
    if not written.startswith("'"):
        assert plain_text(written) == written


@given(some.one_of(some.integers(), some.floats(), some.decimals(), some.dates()))
def test_numbers_and_days_go_out_as_they_are_typed(value):
    assert safe_row([value])[0] is value


def test_a_line_may_hold_both():
    line = [-3, Decimal("-1.5"), date(2026, 1, 31), "-3", None]
    assert safe_row(line) == [*line[:3], "'-3", "None"]


def test_the_report_of_an_import_is_safe():
    text = io.StringIO(newline="")
    _problem_writer(text)([Problem(3, "=cmd|' /C calc'!A0", "＠wrong")])
    assert list(csv.reader(io.StringIO(text.getvalue())))[1] == [
        "3",
        "'=cmd|' /C calc'!A0",
        "'＠wrong",
    ]


def test_every_module_that_writes_tables_makes_their_cells_safe():
    """Another way to write a spreadsheet needs the same care."""
    writing = {path for path, call in source.calls() if _writes_csv(call)}
    safe = {path for path, call in source.calls() if source.called(call) == "safe_row"}
    releases = {"reporting/releases/codebook.py", "reporting/releases/figures.py"}
    assert writing == safe == {"reporting/exports.py", "cases/imports/checking.py"} | releases
    libraries = {"openpyxl", "xlsxwriter", "pandas", "odf", "pyexcel"}
    books = {path for path, name in source.names() if name.split(".")[0] in libraries}
    careful = ("marked_text", "fill_sheet")  # the latter is of reporting/exports.py: safe_text
    marked = {path for path, call in source.calls() if source.called(call) in careful}
    reports = {"reporting/exports.py", "reporting/donors/files.py"}
    assert books == marked == {"cases/workbooks/writing.py"} | reports
    assert "reporting/exports.py" in {
        path for path, call in source.calls() if source.called(call) == "safe_text"
    }


def _writes_csv(call: ast.Call) -> bool:
    return ast.unparse(call.func) in ("csv.writer", "csv.DictWriter")
