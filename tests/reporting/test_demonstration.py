"""What a demonstration gives out says that its people are made up; what others give out does not."""

import csv
import io
import json
from datetime import date

import pytest
from django.conf import settings as in_force
from django.utils.translation import override
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from cases.papers import Paper, as_pdf, in_language, passage
from core.downloads import attachment, file_answer
from reporting.datasheets import to_datasheet
from reporting.exports import as_dict, to_csv, to_xlsx
from reporting.papers import to_pdf

BANDS = {
    "en": "Demonstration: made-up people",
    "ru": "Демонстрация: люди вымышлены",
    "be": "Дэманстрацыя: людзі выдуманыя",
}


@pytest.fixture
def demo(settings):
    settings.DEMO = True


def paper(language: str) -> PdfReader:
    """A paper of two pages."""
    with in_language(language):
        made = as_pdf(Paper("Paper", date(2026, 3, 2), blocks=[passage("word " * 1500)]))
    return PdfReader(io.BytesIO(made))


@pytest.mark.parametrize("language", BANDS)
def test_every_page_of_a_paper_says_so_in_its_language(demo, language):
    found = paper(language)
    assert len(found.pages) > 1
    for page in found.pages:
        assert BANDS[language] in page.extract_text()
    assert found.metadata.subject == BANDS[language]
    assert found.metadata.title == "Paper"


def test_a_paper_that_is_set_in_a_process_of_its_own_says_so(demo, look_up):
    with override("ru"):
        made = to_pdf(look_up("year", "gender"))
    assert BANDS["ru"] in PdfReader(io.BytesIO(made)).pages[0].extract_text()


def test_figures_say_so_in_every_file(demo, look_up):
    table = look_up("year", "gender")
    lines = csv.reader(to_csv(table).decode("utf-8-sig").splitlines())
    assert [next(lines), next(lines)] == [[table.title], [BANDS["en"]]]
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(to_xlsx(table))).get_sheet_by_index(0)
    assert [row[0] for row in sheet.to_python()[:2]] == [table.title, BANDS["en"]]
    assert json.loads(to_datasheet(table))["demonstration"] == BANDS["en"]
    assert as_dict(table)["data_sheet"]["demonstration"] == BANDS["en"]


def test_a_file_that_tutela_made_is_called_so_and_one_that_was_brought_is_not(demo):
    made = file_answer(b"", "text/csv", "figures.csv")
    assert made["Content-Disposition"] == 'attachment; filename="demo-figures.csv"'
    assert attachment("scan.pdf") == 'attachment; filename="scan.pdf"'


def test_elsewhere_nothing_says_so(look_up):
    assert not in_force.DEMO
    table = look_up("year", "gender")
    assert BANDS["en"].encode() not in to_csv(table)
    assert "demonstration" not in json.loads(to_datasheet(table))
    assert BANDS["en"] not in paper("en").pages[0].extract_text()
    assert "demo-" not in file_answer(b"", "text/csv", "figures.csv")["Content-Disposition"]
