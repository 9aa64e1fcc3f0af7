"""Links between cases: whoever holds one of the two learns nothing of the other, not even that it is."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from audit.models import EventCase
from audit.verbs import Verb
from cases import door
from cases.models import Person
from cases.sections import CaseLinks
from cases.selectors import victim_of
from cases.services import linking
from cases.services.erasure import approve_erasure, ask_for_erasure
from cases.services.exclusions import exclude
from cases.services.grants import give_grant
from cases.services.intake import register_case
from core.exceptions import BadInput, Conflict, NotAllowed, NotFound, WrongState
from tests.guards import log

pytestmark = pytest.mark.django_db


@pytest.fixture
def sister(new_case, alena):
    """Another case of Alena's."""
    return register_case(new_case, by=alena)


def _page(response):
    return unescape(response.content.decode())


def _detail(case, browser):
    return _page(browser.get(reverse("cases:detail", args=[case.reference])))


def _trail(case, browser):
    return _page(browser.get(reverse("cases:trail", args=[case.reference])))


def _link(case, sister, by, link="family", remarks="sisters"):
    linking.link_cases(case, sister, link=link, remarks=remarks, by=by)
    return UUID(_links(case, by)[-1].key)


def _links(case, by):
    [sections] = door.open_rows([victim_of(case)], by=by)
    return sections.get("links", CaseLinks()).links


def _let_in(case, to, by, *classes, may_write=False):
    ends = timezone.now() + timedelta(days=5)
    given = {"classes": classes, "may_write": may_write, "reason": "review", "ends": ends}
    give_grant(case, to=to, by=by, **given)


# --- The act --------------------------------------------------------------------------
def test_a_link_stands_in_both_cases_each_under_its_own_key(case, sister, alena, client_for):
    browser = client_for(alena)
    said = {"other": sister.reference.lower(), "link": "family", "link_remarks": "sisters"}
    address = reverse("cases:link", args=[case.reference])
    assert browser.post(address, said).status_code == 302
    for one, other in ((case, sister), (sister, case)):
        page = _detail(one, browser)
        assert f'href="/cases/{other.reference}/"' in page and "sisters" in page
        [link] = _links(one, alena)
        assert (link.other, link.link) == (str(other.pk), "family")
    stored = b"".join(bytes(person.links_sealed) for person in Person.objects.all())
    assert b"family" not in stored and str(case.pk).encode() not in stored


def test_who_links_writes_in_both(case, sister, alena, ihar):
    _let_in(case, ihar, alena, "narrative", may_write=True)
    with pytest.raises(NotAllowed):
        linking.link_cases(case, sister, link="family", remarks="", by=ihar)
    _let_in(sister, ihar, alena, "narrative")
    for one, other in ((case, sister), (sister, case)):
        with pytest.raises(NotAllowed):
            linking.link_cases(one, other, link="family", remarks="", by=ihar)
    assert _links(case, alena) == [] == _links(sister, alena)
    _let_in(sister, ihar, alena, "narrative", may_write=True)
    _link(case, sister, ihar)


def test_the_answer_is_one_for_what_is_not_there_and_what_is_not_theirs(
    case, sister, alena, ihar, client_for
):
    _let_in(case, ihar, alena, "narrative", may_write=True)
    browser, address = client_for(ihar), reverse("cases:link", args=[case.reference])
    told = []
    for reference in (sister.reference, "BY-2026-999999", "nonsense/../"):
        before = log.size()
        answer = browser.post(address, {"other": reference, "link": "family"})
        page = _page(answer).replace(reference, "…").replace(reference.upper(), "…")
        told.append(re.sub(r'(nonce|value|content)="[^"]*"', "", page))
        assert answer.status_code == 422
        assert log.verbs_since(before).count(Verb.REFUSED) == 1
    assert len({re.search(r"There is no such case[^<]*", page)[0] for page in told}) == 1
    assert _links(case, alena) == []


def test_a_case_is_linked_with_another_and_so_once(case, sister, alena):
    with pytest.raises(BadInput):
        linking.link_cases(case, case, link="family", remarks="", by=alena)
    with pytest.raises(BadInput):
        linking.link_cases(case, sister, link="neighbours", remarks="", by=alena)
    _link(case, sister, alena)
    with pytest.raises(WrongState):
        linking.link_cases(sister, case, link="family", remarks="", by=alena)
    _link(case, sister, alena, link="same_trafficker")
    assert [one.link for one in _links(sister, alena)] == ["family", "same_trafficker"]


def test_a_link_ends_in_both_with_its_reason_and_stays(case, sister, alena, pavel, client_for):
    key = _link(case, sister, alena)
    browser = client_for(alena)
    address = reverse("cases:unlink", args=[sister.reference, key])
    assert "Say why" in _page(browser.post(address, {"note": " "}, follow=True))
    assert browser.post(address, {"note": "Another family"}).status_code == 302
    for one in (case, sister):
        [link] = _links(one, alena)
        assert link.unlinked_because == "Another family" and link.unlinked_on is not None
        page = _detail(one, browser)
        assert "Another family" in page and "End the link" not in page
        assert Person.history.filter(id=victim_of(one).pk).count() == 3
    assert browser.post(address, {"note": "Again"}).status_code == 404
    _link(case, sister, alena)  # and can be made anew
    page = _trail(case, client_for(pavel))
    assert f"Family: {sister.reference} (sisters)" in page and "Another family" in page


def test_a_link_is_ended_by_those_who_write_in_both(case, sister, alena, ihar, client_for):
    key = _link(case, sister, alena)
    _let_in(case, ihar, alena, "narrative", may_write=True)
    address = reverse("cases:unlink", args=[case.reference, key])
    missing = reverse("cases:unlink", args=[case.reference, uuid4()])
    answers = [client_for(ihar).post(one, {"note": "x"}) for one in (address, missing)]
    assert [answer.status_code for answer in answers] == [404, 404]
    with pytest.raises(NotFound):
        linking.unlink_cases(case, key, reason="x", by=ihar)
    assert _links(case, alena)[0].unlinked_on is None


# --- What others learn ----------------------------------------------------------------
@pytest.mark.parametrize("held", [(), ("identity", "contact")])
def test_who_does_not_read_both_learns_of_no_link(case, sister, alena, ihar, held, client_for):
    _let_in(case, ihar, alena, "identity", "narrative", may_write=True)
    if held:
        _let_in(sister, ihar, alena, *held)
    browser = client_for(ihar)
    before = re.sub(r"[0-9a-f-]{16,}", "", _detail(case, browser))
    _link(case, sister, alena)
    page = _detail(case, browser)
    assert "Linked cases" in page and "There is no linked case that you may read." in page
    assert sister.reference not in page and "sisters" not in page and str(sister.pk) not in page
    section = re.compile(r"Linked cases.*?</section>", re.DOTALL)
    assert section.search(before)[0] == section.search(re.sub(r"[0-9a-f-]{16,}", "", page))[0]
    _let_in(sister, ihar, alena, "narrative")
    assert sister.reference in _detail(case, browser)


def test_the_trail_of_one_case_tells_nothing_of_the_other(case, sister, alena, pavel, client_for):
    """A supervisor who is kept out of the other case reads the whole trail of this one."""
    _link(case, sister, alena)
    assert sister.reference in _trail(case, client_for(pavel))
    exclude(sister, person=pavel, ground="relative", note="", by=alena)
    page = _trail(case, client_for(pavel))
    assert "changed the person's record" in page.replace("’", "'")
    for word in (sister.reference, str(sister.pk), "sisters", "Linked cases", "does not see"):
        assert word not in page, word


def test_no_event_names_both(case, sister, alena):
    before = log.size()
    key = _link(case, sister, alena)
    linking.unlink_cases(case, key, reason="Mistaken", by=alena)
    events = list(log.since(before))
    assert {event.verb for event in events} == {Verb.CASE_VIEWED, Verb.PERSON_CHANGED}
    for event in events:
        assert EventCase.objects.filter(seq=event.seq).count() == 1
        named = [one for one in (case, sister) if str(one.pk).encode() in bytes(event.entry)]
        assert len(named) == 1
        assert b"link" not in bytes(event.entry)


def test_the_database_tells_no_two_cases_that_are_linked(case, sister, alena):
    """No column in the clear holds the id of the other case, or one id for both."""
    key = _link(case, sister, alena)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cases_person")
        found = repr(cursor.fetchall())
    assert key.hex not in found and str(key) not in found


def test_an_erased_case_is_no_link_any_more(case, sister, alena, pavel, client_for):
    _link(case, sister, alena)
    assert sister.reference in _detail(case, client_for(alena))
    asked = ask_for_erasure(sister, reason="person_asked", note="Asked", by=alena)
    approve_erasure(asked, note="Agreed", by=pavel)
    page = _detail(case, client_for(alena))
    assert sister.reference not in page and "sisters" not in page
    [left] = _links(case, alena)  # what was written in this case is this case's
    assert left.link_remarks == "sisters"


def test_two_who_write_at_once_do_not_lose_a_link(case, sister, alena, monkeypatch):
    opened = linking.opened_links

    def meanwhile(*arguments):
        found = opened(*arguments)
        monkeypatch.setattr(linking, "opened_links", opened)
        _link(case, sister, alena, link="same_person")
        return found

    monkeypatch.setattr(linking, "opened_links", meanwhile)
    with pytest.raises(Conflict):
        linking.link_cases(case, sister, link="family", remarks="", by=alena)
    assert [one.link for one in _links(case, alena)] == ["same_person"]
    assert [one.link for one in _links(sister, alena)] == ["same_person"]
