"""Not asked, not known and not said are told apart from a field that nobody filled in."""

import re
from html import unescape

import msgspec
import pytest
from django.urls import reverse

from cases import door
from cases.forms import PersonForm, VictimForm
from cases.models import Case, Person
from cases.sections import Contact, Identity, VictimContext
from cases.selectors import victim_of
from tests.cases.test_views import TYPED

pytestmark = pytest.mark.django_db

WHY = {
    "why_birthdate": "unknown",
    "why_marital_status": "not_asked",
    "why_home_phone": "declined",
    "why_methods_of_control": "declined",
}


def _page(response):
    return unescape(response.content.decode())


def _at(name, case):
    return reverse(f"cases:{name}", args=[case.reference])


def _row(page, label):
    """What stands beside a label on the case page."""
    found = re.search(rf"<dt[^>]*>{label}</dt>\s*<dd[^>]*>(.*?)</dd>", page, re.DOTALL)
    return found and re.sub(r"<[^>]+>", "", found[1]).strip()


def _sections(case, by):
    [sections] = door.open_rows([victim_of(case)], by=by)
    return sections


def test_an_answer_replaces_the_reason_wherever_it_comes_from():
    reasons = {"birthdate": "declined", "number_of_children": "unknown", "deceased": "unknown"}
    identity = Identity(unanswered=reasons, number_of_children=0, deceased=False)
    assert identity.unanswered == {"birthdate": "declined"}
    assert msgspec.structs.replace(identity, birthdate="1990").unanswered == {}
    stored = msgspec.json.encode(identity)
    assert msgspec.json.decode(stored, type=Identity) == identity
    stored = b'{"unanswered":{"email":"declined"},"email":"a@example.org"}'
    assert msgspec.json.decode(stored, type=Contact).unanswered == {}


def test_a_section_from_before_opens_with_its_whole_date():
    stored = b'{"second_name":"A","birthdate":"1990-03-27"}'
    assert msgspec.json.decode(stored, type=Identity).birthdate == "1990-03-27"


def test_reasons_are_registered_and_stand_on_the_page(alena, client_for):
    officer = client_for(alena)
    officer.post(reverse("cases:register"), TYPED | {"birthdate": ""} | WHY)
    case = Case.objects.get()
    page = _page(officer.post(_at("detail", case)))  # asks who the person is
    assert _row(page, "Date of birth") == "Not known"
    assert _row(page, "Marital status") == "Not asked"
    assert _row(page, "Home phone") == "Did not want to say"
    assert _row(page, "Methods of control") == "Did not want to say"
    assert _row(page, "Position") is None
    sections = _sections(case, alena)
    assert sections["identity"].unanswered == {
        "birthdate": "unknown",
        "marital_status": "not_asked",
    }
    assert sections["contact"].unanswered == {"home_phone": "declined"}


@pytest.mark.parametrize("form", [PersonForm, VictimForm])
def test_every_field_offers_reasons_without_a_script(form, case, alena, client_for):
    name = "person" if form is PersonForm else "victim"
    page = _page(client_for(alena).get(_at(name, case)))
    for field in form.base_fields:
        assert len(re.findall(rf'<select [^>]*name="why_{field}"', page)) == 1, field
    assert page.count('<details class="app-beside"') == len(form.base_fields)
    assert '<details class="app-beside" open' not in page


def test_the_form_comes_back_with_its_reasons_and_an_answer_takes_them_away(
    case, alena, client_for
):
    browser, address = client_for(alena), _at("person", case)
    typed = {"second_name": "Вербицкая", "why_title": "declined", "why_email": "not_asked"}
    assert browser.post(address, typed | {"revision": "1"}).status_code == 302
    page = _page(browser.get(address))
    assert page.count('<details class="app-beside" open') == 2
    assert re.search(r'name="why_email".*?value="not_asked" selected', page, re.DOTALL)
    typed |= {"title": "Cook", "revision": "2"}
    assert browser.post(address, typed).status_code == 302
    sections = _sections(case, alena)
    assert (sections["identity"].title, sections["identity"].unanswered) == ("Cook", {})
    assert sections["contact"].unanswered == {"email": "not_asked"}


def test_a_reason_out_of_no_list_is_refused_and_what_was_typed_stays(case, alena, client_for):
    typed = {"second_name": "Вербицкая", "why_title": "bored", "revision": "1"}
    answer = client_for(alena).post(_at("person", case), typed)
    assert answer.status_code == 422 and "Вербицкая" in _page(answer)
    assert victim_of(case).revision == 1


def test_the_trail_tells_a_reason_from_nothing_and_from_an_answer(case, pavel, alena, client_for):
    browser, address = client_for(alena), _at("victim", case)
    for revision, said in enumerate(
        (
            {"why_methods_of_control": "not_asked"},
            {"why_methods_of_control": "declined"},
            {"methods_of_control": ["DebtBondage"], "why_methods_of_control": "declined"},
        ),
        start=1,
    ):
        assert browser.post(address, said | {"revision": str(revision)}).status_code == 302
    page = _page(client_for(pavel).get(_at("trail", case)))
    for before, after in (
        ('<span class="app-none">empty</span>', "<ins>Not asked</ins>"),
        ("<del>Not asked</del>", "<ins>Did not want to say</ins>"),
        ("<del>Did not want to say</del>", "<ins>Debt bondage</ins>"),
    ):
        assert re.search(rf"{re.escape(before)}</td>\s*<td[^>]*>{re.escape(after)}", page), after
    assert "Unanswered" not in page
    assert Person.history.filter(id=victim_of(case).pk).count() == 4


def test_facts_hold_why_there_is_no_answer(case, alena, client_for):
    said = {"why_methods_of_control": "declined", "why_types_of_exploitation": "unknown"}
    client_for(alena).post(_at("victim", case), said | {"revision": "1"})
    case.refresh_from_db()
    facts, _entry = door.open_derived(case, by=alena)
    assert (facts.methods_of_control, facts.types_of_exploitation) == (["declined"], ["unknown"])
    victim = _sections(case, alena)["victim"]
    assert victim == VictimContext(
        unanswered={"methods_of_control": "declined", "types_of_exploitation": "unknown"}
    )
