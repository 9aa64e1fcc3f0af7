"""Documents and phones by which a person is found; screening; protection, and who is a child."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.verbs import Verb
from cases import door
from cases.entries import ENTRY_KINDS
from cases.facts import is_child
from cases.models import Case, ContactPoint, IdentityDocument, ProtectionStep, Screening
from cases.presenters import age_in_words
from cases.reference import INDICATORS
from cases.search.live import live_index
from cases.sections import ContactPointContent, DocumentContent
from cases.services import casework
from cases.services.intake import register_case
from tests.cases.test_live_search import _change
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
DOCUMENT, CONTACT = ENTRY_KINDS["document"], ENTRY_KINDS["phone"]


def _page(response):
    return unescape(response.content.decode())


def _add(case, kind):
    return reverse("cases:add_entry", args=[case.reference, kind])


def _detail(case, browser):
    """The case page after “Show the name”."""
    return _page(browser.post(reverse("cases:detail", args=[case.reference])))


def _paper(case, by, number):
    content = DocumentContent(document_type="passport", document_number=number)
    return casework.record_entry(case, DOCUMENT, content, by=by), content


# --- Found by number ------------------------------------------------------------------
def test_a_person_is_found_by_every_document_and_phone(case, alena, client_for):
    browser = client_for(alena)
    said = {"document_type": "passport", "document_number": "MP 7654321"}
    assert browser.post(_add(case, "document"), said).status_code == 302
    said = {"channel": "landline", "reached_at": "+375 17 222-33-44", "safe_to_call": "no"}
    assert browser.post(_add(case, "phone"), said).status_code == 302
    for query in ("MP7654321", "8 017 222 33 44", "4010199A001PB1", SENTINELS["contact"]):
        assert live_index.find(query, by=alena) == [case.pk], query
    page = _detail(case, browser)
    assert "MP 7654321" in page and "+375 17 222-33-44" in page and "Landline phone" in page


def test_an_account_without_a_number_is_no_number_to_search_for(case, alena):
    content = ContactPointContent(channel="email", reached_at="mail7654321@example.org")
    before = log.size()
    casework.record_entry(case, CONTACT, content, by=alena)
    assert log.verbs_since(before) == [Verb.CONTACT_RECORDED]
    assert live_index.find("7654321", by=alena) == []


def test_a_number_that_was_corrected_is_found_in_its_new_form_alone(case, alena):
    row, before = _paper(case, alena, "MP7654321")
    after = DocumentContent(document_type="passport", document_number="MP1112223")
    casework.change_entry(row, DOCUMENT, after, before=before, revision=1, by=alena)
    assert live_index.find("MP1112223", by=alena) == [case.pk]
    assert live_index.find("MP7654321", by=alena) == []


def test_a_number_that_stands_in_two_places_is_found_while_one_is_left(case, alena):
    row, before = _paper(case, alena, "4010199A001PB1")  # as in the main field
    casework.change_entry(row, DOCUMENT, DocumentContent(), before=before, revision=1, by=alena)
    assert live_index.find("4010199A001PB1", by=alena) == [case.pk]
    _paper(case, alena, "MP7654321")
    _change(case, alena, "identity", identity_number="MP7654321")
    _change(case, alena, "identity", identity_number="")
    assert live_index.find("MP7654321", by=alena) == [case.pk]
    assert live_index.find("4010199A001PB1", by=alena) == []


def test_what_a_file_brought_is_found_too(new_case, alena):
    new_case.entries = [("document", DocumentContent(document_number="MP7654321"))]
    case = register_case(new_case, by=alena)
    assert live_index.find("MP7654321", by=alena) == [case.pk]


def test_papers_are_read_in_their_class_and_counted_by_nobody_else(
    case, alena, ihar, share, client_for
):
    _paper(case, alena, "MP7654321")
    content = ContactPointContent(channel="mobile", reached_at="+375 29 765 43 22")
    casework.record_entry(case, CONTACT, content, by=alena)
    share(ihar, "contact", may_write=False)
    page = _detail(case, client_for(ihar))
    assert "MP7654321" not in page and "Identity documents" not in page
    assert "+375 29 765 43 22" in page
    assert client_for(ihar).post(_add(case, "phone"), {}).status_code == 403
    assert client_for(ihar).post(_add(case, "document"), {}).status_code == 403


def test_nothing_of_a_paper_lies_open(case, alena):
    _paper(case, alena, "MP7654321")
    row = IdentityDocument.objects.get()
    assert b"7654321" not in bytes(row.content_sealed)
    assert not ContactPoint.objects.exists()
    assert all(b"7654321" not in bytes(event.entry) for event in log.since(0))


# --- Screening ------------------------------------------------------------------------
def test_each_sign_has_an_answer_of_its_own(case, alena, client_for):
    browser = client_for(alena)
    form = _page(browser.get(_add(case, "screening")))
    assert all(str(label) in form for label in INDICATORS.values())
    said = {
        "screened_on": TODAY.isoformat(),
        "screening_result": "identify",
        "sign_debt": "yes",
        "sign_violence": "no",
        "sign_cut_off": "not_asked",
        "sign_threatened": "declined",
    }
    assert browser.post(_add(case, "screening"), said).status_code == 302
    page = _detail(case, browser)
    for code, answer in (
        ("debt", "Yes"),
        ("violence", "No"),
        ("cut_off", "Not asked"),
        ("threatened", "Did not want to say"),
    ):
        assert f"{INDICATORS[code]} {answer}" in page
    assert str(INDICATORS["deceived"]) not in page  # nobody noted anything
    row = Screening.objects.get()
    address = reverse("cases:entry", args=[case.reference, "screening", row.pk])
    shown = _page(browser.get(address))
    assert re.search(r'name="sign_debt".*?value="yes" selected', shown, re.DOTALL)
    said |= {"sign_debt": "", "revision": "1"}
    assert browser.post(address, said).status_code == 302
    [sections] = door.open_rows([Screening.objects.get()], by=alena)
    assert "debt" not in sections["content"].indicators
    assert browser.post(_add(case, "screening"), said | {"sign_debt": "maybe"}).status_code == 422


# --- Children -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("born", "child", "age"),
    [
        *[("2006-11-30", True, "17"), ("2006-11-29", False, "18"), ("2006-11", None, "17 or 18")],
        *[("2006", None, "17 or 18"), ("2009", True, "14 or 15"), ("1990-03-01", False, "34")],
        *[("", None, ""), ("1800", None, "")],
    ],
)
def test_who_is_a_child_as_far_as_it_is_known(born, child, age):
    day = date(2024, 11, 29)
    assert is_child(born, day) is child
    assert age_in_words(born, day) == age


def _born(years):
    return f"{TODAY.year - years}-01-01"


@pytest.mark.parametrize(
    ("born", "told", "offered"),
    [
        (_born(12), "Child", {"best_interests", "guardian"}),
        (_born(40), "", {"reflection"}),
        (str(TODAY.year - 18), "Perhaps a child", {"reflection", "best_interests", "guardian"}),
        ("", "", {"reflection", "best_interests", "guardian"}),
    ],
)
def test_steps_of_adults_are_not_offered_for_a_child(case, alena, client_for, born, told, offered):
    if born == str(TODAY.year - 18) and (TODAY.month, TODAY.day) == (12, 31):
        pytest.skip("on this day everybody born in that year is 18")
    _change(case, alena, "identity", birthdate=born)
    browser = client_for(alena)
    bar = _detail(case, browser).split('class="moj-identity-bar"')[1].split("</section>")[0]
    assert re.findall(r"(Child|Perhaps a child)</strong>", bar) == ([told] if told else [])
    form = _page(browser.get(_add(case, "protection")))
    steps = {"reflection", "best_interests", "guardian"}
    assert {step for step in steps if f'value="{step}"' in form} == offered
    for step in steps:
        said = {"protection_step": step, "step_from": TODAY.isoformat()}
        answer = browser.post(_add(case, "protection"), said)
        assert answer.status_code == (302 if step in offered else 422), step
    assert ProtectionStep.objects.count() == len(offered)


def test_a_step_ends_after_it_began(case, alena, client_for):
    said = {"protection_step": "reflection", "step_from": TODAY.isoformat()}
    said |= {"step_until": (TODAY - timedelta(days=1)).isoformat()}
    assert client_for(alena).post(_add(case, "protection"), said).status_code == 422


def test_what_was_recorded_before_the_age_was_known_can_be_completed(case, alena, client_for):
    browser = client_for(alena)
    said = {"protection_step": "reflection", "step_from": TODAY.isoformat()}
    browser.post(_add(case, "protection"), said)
    _change(case, alena, "identity", birthdate=_born(12))
    row = ProtectionStep.objects.get()
    address = reverse("cases:entry", args=[case.reference, "protection", row.pk])
    said |= {"determination": "Ended: is a child", "revision": "1"}
    assert browser.post(address, said).status_code == 302


def test_neither_table_nor_log_tells_who_is_a_child(case, alena, client_for):
    """A step of a child and one of an adult look alike from outside."""
    before = log.size()
    for step in ("reflection", "best_interests"):
        said = {"protection_step": step, "step_from": TODAY.isoformat()}
        assert client_for(alena).post(_add(case, "protection"), said).status_code == 302
    events = [e for e in log.since(before) if e.verb == Verb.PROTECTION_RECORDED]
    assert len(events) == 2
    assert all(b"interests" not in bytes(e.entry) for e in events)
    assert len({len(row.content_sealed) for row in ProtectionStep.objects.all()}) == 1


def test_the_guardian_stands_with_the_person(case, alena, client_for):
    browser = client_for(alena)
    said = {
        "second_name": "Малая",
        "unaccompanied": "yes",
        "guardian_name": "Цётка Вера",
        "guardian_relation": "Aunt",
        "guardian_contact": "+375 29 555 66 77",
        "revision": "1",
    }
    address = reverse("cases:person", args=[case.reference])
    assert browser.post(address, said).status_code == 302
    page = _detail(case, browser)
    assert all(word in page for word in ("Цётка Вера", "Aunt", "+375 29 555 66 77"))
    assert Case.objects.get().revision == 2
