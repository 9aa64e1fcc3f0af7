"""A summary of a case on paper: what is ticked and may be read, what it lacks, and who printed it."""

import io
from datetime import timedelta

import msgspec
import pytest
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from assistance.sections import MedicalAssistance
from assistance.services import record_assistance
from audit import trail
from audit.models import Event
from audit.verbs import Verb
from cases import summaries
from cases.entries import ENTRY_KINDS
from cases.panels import SHOWN
from cases.papers import LANGUAGES, as_pdf, in_language
from cases.services.casework import record_entry
from cases.services.glass import break_glass
from core.classes import CONTENT, LONG_NAMES
from core.exceptions import BadInput, NotAllowed, NotFound
from tests.cases.made_entries import contents
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db

ASKED = {"language": "en", "reason": "meeting", "note": "For the meeting on Monday"}


def summary(case, by, *classes, **more):
    return summaries.summary(case, classes=classes, **ASKED | more, by=by)


def made() -> Event:
    """The last event of a summary."""
    return Event.objects.filter(verb=Verb.SUMMARY_MADE).last()


def text_of(paper) -> str:
    return msgspec.json.encode(paper.blocks).decode()


def parts_of(paper) -> dict[str, str]:
    """What it says of its parts: those in it, and those left out."""
    [pairs] = [one["pairs"] for one in paper.blocks if "Left out" in dict(one.get("pairs", ()))]
    return dict(pairs)


def words_of(pdf: bytes) -> str:
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def flat(text: str) -> str:
    return "".join(text.split())


@pytest.fixture
def whole(case, alena):
    """A case with something in every part that a summary tells of."""
    for kind, content in contents(lambda cls: f"Told of {cls}").items():
        if kind in ENTRY_KINDS:
            record_entry(case, ENTRY_KINDS[kind], content, by=alena)
    care = MedicalAssistance(diagnosis="Fracture", provider="Clinic")
    today = timezone.localdate()
    record_assistance(case, content=care, status="delivered", starts_on=today, by=alena)
    return case


@pytest.fixture
def address(case):
    return reverse("cases:paper_summary", args=[case.reference])


# --- What is in it --------------------------------------------------------------------
@pytest.mark.parametrize("cls", SENTINELS)
def test_it_holds_the_parts_that_were_ticked_and_no_others(whole, alena, cls):
    said = text_of(summary(whole, alena, cls))
    assert SENTINELS[cls] in said and f"Told of {cls}" in said
    for other in SENTINELS.keys() - {cls}:
        assert SENTINELS[other] not in said and f"Told of {other}" not in said
    assert "Fracture" not in said and "Clinic" not in said


def test_assistance_is_in_the_part_it_is_of(whole, alena):
    said = text_of(summary(whole, alena, "medical"))
    assert "Fracture" in said and "Clinic" in said and "Delivered" in said
    assert not any(word in said for word in SENTINELS.values())


def test_what_somebody_may_not_read_is_not_in_it_whatever_they_tick(whole, share, ihar):
    share(ihar, "narrative")
    paper = summary(whole, ihar, *CONTENT)
    said = text_of(paper)
    assert parts_of(paper)["Parts in it"] == str(LONG_NAMES["narrative"])
    assert SENTINELS["narrative"] in said
    assert SENTINELS["identity"] not in said and "Fracture" not in said
    assert log.told(made())["classes"] == ["narrative"]


def test_it_names_every_part_that_is_left_out_whether_it_holds_anything_or_not(case, alena):
    said = parts_of(summary(case, alena, "identity"))
    assert said["Parts in it"] == str(LONG_NAMES["identity"])
    rest = [str(name) for cls, name in LONG_NAMES.items() if cls != "identity"]
    assert said["Left out"] == "; ".join(rest)


def test_comments_are_in_none(whole, alena):
    comment = contents(lambda cls: "Only for colleagues")["comment"]
    record_entry(whole, ENTRY_KINDS["comment"], comment, by=alena)
    said = text_of(summary(whole, alena, *CONTENT))
    assert "Only for colleagues" not in said
    assert "Comments, sessions, tasks" in said  # it says that it lacks them


def test_of_a_long_list_the_newest_are_in_it(case, alena):
    for number in range(SHOWN + 1):
        content = contents(lambda cls, number=number: f"Journey {number} ended")["protection"]
        record_entry(case, ENTRY_KINDS["protection"], content, by=alena)
    said = text_of(summary(case, alena, "narrative"))
    assert f"Journey {SHOWN} ended" in said and "Journey 0 ended" not in said
    assert "Older entries are in the record." in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_in_the_language_that_was_chosen(whole, alena, language):
    with in_language("en"):
        english = summary(whole, alena, *CONTENT)
        paper = summary(whole, alena, *CONTENT, language=language)
    with in_language(language):
        pdf = as_pdf(paper)
    reader = PdfReader(io.BytesIO(pdf))
    root = reader.trailer["/Root"]
    assert root["/Lang"] == language and root["/MarkInfo"]["/Marked"]
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    if language != "en":
        labels = {pair[0] for block in english.blocks for pair in block.get("pairs", ())}
        titles = {b["text"] for b in english.blocks if b["kind"] in ("heading", "text")}
        same = {pair[0] for block in paper.blocks for pair in block.get("pairs", ())} & labels
        same |= {b["text"] for b in paper.blocks if b["kind"] in ("heading", "text")} & titles
        assert same == set()


# --- Who printed it -------------------------------------------------------------------
def test_every_page_says_who_printed_it_when_and_under_which_number(whole, alena, client_for):
    paper = summary(whole, alena, *CONTENT)
    event = made()
    assert paper.mark.number == event.seq and paper.mark.who == str(alena)
    pages = PdfReader(io.BytesIO(as_pdf(paper))).pages
    assert len(pages) > 1
    for page in pages:
        said = flat(page.extract_text())
        assert said.count(flat(f"No. {event.seq}")) == 4  # three behind the text, one below it
        assert said.count(flat(str(alena))) >= 4
        assert flat(f"Printed by {alena} on") in said


def test_the_mark_is_an_artifact_which_a_screen_reader_passes_over(case, alena):
    page = PdfReader(io.BytesIO(as_pdf(summary(case, alena, "identity")))).pages[0]
    tags: list[str] = []
    shown: list[str] = []  # under which tag each piece of text stands
    for operands, operator in page.get_contents().operations:
        if operator in (b"BDC", b"BMC"):
            tags.append(str(operands[0]))
        elif operator == b"EMC":
            tags.pop()
        elif operator in (b"Tj", b"TJ"):
            shown.append(tags[-1])
    assert set(shown[:6]) == {"/Artifact"}, "three times two lines behind the text"
    assert shown[-1] == "/Artifact", "the foot of the page"
    assert "/Span" in shown, "the text itself is no artifact"


def test_a_long_name_does_not_leave_the_page(case, person, share):
    name = "Аляксандра-Вікторыя Канстанцінаўна Багдановіч-Свентаржэцкая-Міхалоўская"
    officer = person("long", "case_officer")
    officer.display_name = name
    trail.save(officer, verb=Verb.ACCOUNT_CHANGED, by=None)
    share(officer, "identity")
    page = PdfReader(io.BytesIO(as_pdf(summary(case, officer, "identity")))).pages[0]
    places: list[tuple[float, float]] = []
    page.extract_text(visitor_text=lambda text, cm, tm, font, size: places.append((tm[4], tm[5])))
    width, height = float(page.mediabox.width), float(page.mediabox.height)
    assert all(0 <= x <= width and 0 <= y <= height for x, y in places)
    assert flat(name) in flat(page.extract_text())


def test_a_supervisor_finds_the_number_in_the_trail(whole, alena, pavel, client_for):
    number = summary(whole, alena, "identity").mark.number
    browser = client_for(pavel)
    answer = browser.get(reverse("cases:trail", args=[whole.reference]), {"number": number})
    page = answer.content.decode()
    assert (
        "made a summary of the case on paper" in page
        and page.count('<li class="moj-timeline__item') == 1
    )
    assert ASKED["note"] in page
    of_officer = browser.get(reverse("audit:officer", args=[alena.pk]), {"number": number})
    assert "made a summary of the case on paper" in of_officer.content.decode()
    assert whole.reference in of_officer.content.decode()


def test_a_number_of_another_case_is_not_in_this_trail(case, alena, pavel, client_for):
    number = Event.objects.filter(verb=Verb.ACCOUNT_MADE).first().seq
    address = reverse("cases:trail", args=[case.reference])
    assert "No event fits this filter." in (
        client_for(pavel).get(address, {"number": number}).content.decode()
    )
    assert client_for(pavel).get(address, {"number": "many"}).status_code == 422


# --- Who may --------------------------------------------------------------------------
def test_making_it_is_an_export_with_its_reason(case, alena):
    summary(case, alena, "identity", language="be", reason="court")
    event = made()
    assert log.told(event)["reason"] == "court"
    assert log.details(event) == {"note": ASKED["note"], "language": "be"}
    with pytest.raises(BadInput):
        summary(case, alena, "identity", reason="curiosity")


def test_who_broke_the_glass_takes_none_out(case, ihar, client_for, address):
    glass = {"ground": "danger", "note": "She called the hot line", "classes": ["identity"]}
    break_glass(case, **glass, by=ihar)
    with pytest.raises(NotAllowed):
        summary(case, ihar, "identity")
    assert client_for(ihar).get(address).status_code == 403


def test_who_does_not_see_the_case_gets_none(case, ihar):
    with pytest.raises(NotFound):
        summary(case, ihar, "identity")


# --- The page -------------------------------------------------------------------------
def test_nothing_is_ticked_at_first_and_something_has_to_be(case, alena, client_for, address):
    browser = client_for(alena)
    page = browser.get(address).content.decode()
    assert "Identity: names" in page and "checked" not in page
    answer = browser.post(address, ASKED)
    assert answer.status_code == 422 and "Tick at least one part." in answer.content.decode()
    assert Event.objects.filter(verb=Verb.SUMMARY_MADE).count() == 0


def test_it_comes_as_a_pdf_whose_name_tells_nothing(case, alena, client_for, address):
    browser = client_for(alena)
    assert address in browser.get(reverse("cases:detail", args=[case.reference])).content.decode()
    answer = browser.post(address, ASKED | {"classes": ["identity"], "language": "ru"})
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="summary.pdf"'
    assert SENTINELS["identity"] in words_of(answer.content)
    assert SENTINELS["narrative"] not in words_of(answer.content)


def test_a_part_that_one_does_not_read_cannot_be_ticked(case, ihar, share, client_for, address):
    share(ihar, "narrative")
    browser = client_for(ihar)
    assert "Identity: names" not in browser.get(address).content.decode()
    assert browser.post(address, ASKED | {"classes": ["identity"]}).status_code == 422


def test_it_takes_a_recent_sign_in(case, alena, client_for, address):
    ago = timedelta(minutes=10).total_seconds()
    assert client_for(alena, ago=ago).get(address).status_code == 302
