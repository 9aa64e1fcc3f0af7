"""The timeline of a case: what each reader is told of it, and what it costs."""

import re
from datetime import date
from html import unescape

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assistance.sections import MedicalAssistance, PsychologicalAssistance
from assistance.services import record_assistance
from audit.verbs import Verb
from cases import timeline
from cases.entries import ENTRY_KINDS
from cases.models import Stage
from cases.sections import CommentContent
from cases.services.casework import move_case, record_entry
from tests.cases.test_entries import LEAST
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db

MEDICAL, PSYCHOLOGICAL = "Fracture of a rib", "Sleeps badly"


@pytest.fixture
def records(case, alena):
    """A medical and a psychological record, a visit, a comment, and a case that moved on."""
    for content in (
        MedicalAssistance(diagnosis=MEDICAL),
        PsychologicalAssistance(method="psychotherapy", observations=PSYCHOLOGICAL),
    ):
        day = date(2026, 3, 1)
        record_assistance(case, content=content, status="delivered", starts_on=day, by=alena)
    _comment(case, alena, "narrative", "She telephoned her mother")
    move_case(case, Stage.ASSESSMENT, before=Stage.IDENTIFICATION, by=alena)


def _comment(case, by, cls, text):
    record_entry(case, ENTRY_KINDS["comment"], CommentContent(cls=cls, comment=text), by=by)


def _at(case, query=""):
    return reverse("cases:timeline", args=[case.reference]) + query


def _page(response):
    assert response.status_code == 200
    return unescape(response.content.decode())


def _titles(page):
    return [
        re.sub("<[^>]*>", "", title)
        for title in re.findall(r'<h3 class="moj-timeline__title">(.*?)</h3>', page)
    ]


def test_it_tells_what_happened_newest_first(case, alena, records, client_for):
    browser = client_for(alena)
    browser.post(reverse("cases:add_entry", args=[case.reference, "visit"]), LEAST["visit"])
    page = _page(browser.get(_at(case)))
    assert _titles(page)[:5] == [
        "Recorded a follow-up visit",
        "Moved the case to another stage",
        "Wrote a comment",
        "Recorded assistance",
        "Recorded assistance",
    ]
    assert _titles(page)[-1] == "Opened the case"
    for text in (MEDICAL, "She telephoned her mother", "Assessment", "Alena: identity"):
        assert text in page, text
    assert SENTINELS["identity"] not in page and SENTINELS["contact"] not in page


@pytest.mark.parametrize(
    "kind, titles",
    {
        "assistance": ["Recorded assistance", "Recorded assistance"],
        "comments": ["Wrote a comment"],
        "stages": ["Moved the case to another stage", "Opened the case"],
        "files": [],
        "visits": [],
    }.items(),
)
def test_a_kind_is_seen_by_itself(case, alena, records, client_for, kind, titles):
    page = _page(client_for(alena).get(_at(case, f"?kind={kind}")))
    assert _titles(page) == titles
    assert f'<option value="{kind}" selected>' in page


def test_a_line_is_there_only_of_classes_one_may_open(
    case, alena, volha, share, records, client_for
):
    share(volha, "psychological")
    page = _page(client_for(volha).get(_at(case)))
    assert _titles(page) == [
        "Moved the case to another stage",
        "Recorded assistance",
        "Opened the case",
    ]
    assert PSYCHOLOGICAL in page or "Psychological" in page
    assert MEDICAL not in page and "Medical" not in page and "mother" not in page
    assert "Gave access" not in page and "Shared and handed out" not in page, "not hers to know"
    assert _titles(_page(client_for(volha).get(_at(case, "?kind=sharing")))) == _titles(page)


def test_a_page_is_filled_with_what_one_may_read(case, alena, volha, share, client_for):
    """A short page would tell how many there are that they may not read."""
    share(volha, "psychological")
    for number in range(timeline.PAGE + 2):
        for cls in ("medical", "psychological", "narrative"):
            _comment(case, alena, cls, f"{cls} {number}")
    browser = client_for(volha)
    page = _page(browser.get(_at(case, "?kind=comments")))
    assert len(_titles(page)) == timeline.PAGE
    [older] = re.findall(r'href="([^"]*before=\d+)"', page)
    page = _page(browser.get(older))
    assert len(_titles(page)) == 2 and "psychological 0" in page and "Older" not in page
    assert "Newest" in page and "kind=comments" in page


def test_nothing_is_older_where_they_may_read_nothing_more(case, alena, volha, share, client_for):
    share(volha, "psychological")
    for number in range(3):
        _comment(case, alena, "medical", f"medical {number}")
    for number in range(timeline.PAGE):
        _comment(case, alena, "psychological", f"psychological {number}")
    page = _page(client_for(volha).get(_at(case, "?kind=comments")))
    assert len(_titles(page)) == timeline.PAGE and "Older" not in page


def test_of_a_row_that_is_gone_nothing_is_told(case, alena, records, client_for, monkeypatch):
    monkeypatch.setattr(timeline, "_rows_of", lambda named: {})
    assert _titles(_page(client_for(alena).get(_at(case, "?kind=comments")))) == []


def test_reading_it_is_an_event_that_names_no_more_than_was_opened(
    case, alena, records, client_for
):
    start = log.size()
    client_for(alena).get(_at(case))
    [event] = [event for event in log.since(start) if event.verb == Verb.CASE_VIEWED]
    classes = log.told(event)["classes"]
    assert "medical" in classes and not {"identity", "contact"} & set(classes)


def test_the_log_tells_when_something_of_who_the_person_is_was_opened(case, alena, client_for):
    _comment(case, alena, "identity", "Goes by the name of Zosia")
    start = log.size()
    assert "Zosia" in _page(client_for(alena).get(_at(case)))
    [event] = [event for event in log.since(start) if event.verb == Verb.CASE_VIEWED]
    classes = log.told(event)["classes"]
    assert "identity" in classes and "contact" not in classes


def test_medical_records_wait_for_a_confirmation(case, alena, records, client_for):
    page = _page(client_for(alena, ago=600).get(_at(case)))
    assert MEDICAL not in page and "Confirm it is you" in page and "mother" in page


def test_a_referral_is_told_to_those_who_work_where_the_case_is(case, alena, records, client_for):
    page = _page(client_for(alena).get(_at(case, "?kind=referrals")))
    assert "Nothing of this kind that you may read has happened." in page


def test_who_does_not_see_the_case_sees_no_timeline(case, ihar, rita, client_for):
    assert client_for(ihar).get(_at(case)).status_code == 404
    assert client_for(rita).get(_at(case)).status_code == 403


@pytest.mark.parametrize(
    "query", ["?kind=nothing", "?kind=%00", "?before=x", "?before=" + "9" * 50]
)
def test_an_address_that_was_tampered_with_is_no_error(case, alena, client_for, query):
    assert "Opened the case" in _page(client_for(alena).get(_at(case, query)))


def test_it_asks_the_same_of_the_database_however_long_it_is(case, alena, client_for):
    browser = client_for(alena)

    def queries():
        with CaptureQueriesContext(connections["default"]) as captured:
            _page(browser.get(_at(case)))
        return len(captured)

    def more(times):
        for number in range(times):
            _comment(case, alena, "narrative", f"Told {number}")
            content = MedicalAssistance(diagnosis=f"Cold {number}")
            day = date(2026, 3, 1)
            record_assistance(case, content=content, status="planned", starts_on=day, by=alena)

    more(25)  # more than a page of the log
    queries()
    few = queries()
    more(25)
    assert queries() <= few <= 40
