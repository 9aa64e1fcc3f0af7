"""The case page: who the person is stays closed until asked, and parts are changed in their place."""

import re
from html import unescape

import pytest
from django.urls import reverse

from audit.verbs import Verb
from cases import door
from cases.models import Draft
from cases.panels import CASE_PANELS
from cases.selectors import victim_of
from cases.services.grants import revoke_grant
from cases.views.parts import PARTS
from tests.cases.test_entries import LEAST
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
PLACE = "?in=summary&from=summary"


def _page(response):
    return unescape(response.content.decode())


def _at(name, case, *more):
    return reverse(f"cases:{name}", args=[case.reference, *more])


def _looks(start):
    """The classes that each reading named since."""
    return [
        set(log.told(event)["classes"])
        for event in log.since(start)
        if event.verb == Verb.CASE_VIEWED
    ]


# --- Who the person is ----------------------------------------------------------------
def test_the_page_says_nothing_of_who_the_person_is_before_it_is_asked(case, alena, client_for):
    browser = client_for(alena)
    for kind in ("document", "phone"):
        browser.post(_at("add_entry", case, kind), LEAST[kind])
    start = log.size()
    page = _page(browser.get(_at("detail", case)))
    assert SENTINELS["narrative"] in page
    for word in (SENTINELS["identity"], SENTINELS["contact"], "+375 29 111", "Taken from"):
        assert word not in page, word
    assert page.count("Hidden until you press “Show the name” above.") == 4
    [classes] = _looks(start)
    assert "narrative" in classes and not classes & {"identity", "contact"}


def test_a_comment_of_that_class_is_shown_and_opens_nothing_else(case, alena, client_for):
    browser = client_for(alena)
    said = {"cls": "identity", "comment": "Her sister calls her Zosia"}
    browser.post(_at("add_entry", case, "comment"), said)
    start = log.size()
    page = _page(browser.get(_at("detail", case)))
    assert said["comment"] in page
    assert SENTINELS["identity"] not in page and SENTINELS["contact"] not in page
    [classes] = _looks(start)
    assert "identity" in classes and "contact" not in classes


def test_asking_is_a_look_of_its_own_and_stays_on_that_page(case, alena, client_for):
    browser, start = client_for(alena), log.size()
    answer = browser.post(_at("detail", case))
    page = _page(answer)
    assert SENTINELS["identity"] in page and SENTINELS["contact"] in page
    assert f'href="{_at("detail", case)}">Hide the name' in page and "Show the name" not in page
    assert SENTINELS["identity"] not in re.search("<title>(.*?)</title>", page, re.S)[1]
    assert "no-store" in answer["Cache-Control"]
    rest, asked = _looks(start)
    assert asked == {"identity", "contact"} and not rest & asked
    assert SENTINELS["identity"] not in _page(browser.get(_at("detail", case)))


def test_whoever_may_not_know_the_name_is_offered_no_button(case, ihar, volha, share, client_for):
    share(ihar, "contact", may_write=False)
    share(volha, "psychological")
    page = _page(client_for(ihar).get(_at("detail", case)))
    assert "Show how to reach the person" in page and "Show the name" not in page
    assert "Who the person is" not in page and SENTINELS["contact"] not in page
    start = log.size()
    page = _page(client_for(volha).post(_at("detail", case)))
    assert "Show " not in page and SENTINELS["identity"] not in page
    assert _looks(start) == [{"psychological"}]


def test_who_lost_access_asks_in_vain(case, alena, ihar, share, client_for):
    grant = share(ihar, "identity")
    browser = client_for(ihar)
    assert SENTINELS["identity"] in _page(browser.post(_at("detail", case)))
    revoke_grant(grant, by=alena)
    answer = browser.post(_at("detail", case))
    assert answer.status_code in (403, 404) and SENTINELS["identity"] not in _page(answer)


# --- In its place ---------------------------------------------------------------------
def test_a_change_link_leads_to_a_page_and_says_what_to_swap(case, alena, client_for):
    page = client_for(alena).get(_at("detail", case)).content.decode()
    for part in PARTS:
        at = reverse(part.url, args=[case.reference])
        assert f'href="{at}"' in page
        assert f'hx-get="{at}?in={part.name}&amp;from={part.sections[0]}"' in page
        assert f'id="part-{part.name}"' in page


def test_a_form_in_its_place_is_the_form_alone(case, alena, client_for):
    browser = client_for(alena)
    form = _page(browser.get(_at("summary", case) + PLACE, headers=HTMX))
    assert "<html" not in form and 'id="part-summary"' in form
    assert f'action="{_at("summary", case)}"' in form, "what keeps drafts asks where it belongs"
    assert "data-draft" in form and 'id="in-summary-summary"' in form
    whole = _page(browser.get(_at("summary", case) + PLACE))
    assert "<html" in whole and "hx-post" not in whole


def test_what_is_saved_in_its_place_comes_back_there(case, alena, client_for):
    browser = client_for(alena)
    at, typed = _at("summary", case) + PLACE, {"summary": "Came by train", "revision": "1"}
    answer = browser.post(at, typed, headers=HTMX)
    assert answer.status_code == 302
    assert answer["Location"] == f"{_at('part', case, 'summary')}?in=summary&from=summary"
    start = log.size()
    part = _page(browser.get(answer["Location"], headers=HTMX))
    assert "Came by train" in part and "Saved." in part and "<html" not in part
    assert re.search(r'id="change-summary"[^>]* autofocus', part), "the focus goes back there"
    [classes] = _looks(start)
    assert not classes & {"identity", "contact"}
    again = _page(browser.get(answer["Location"], headers=HTMX))
    assert "Saved." not in again and 'id="messages"' in again


def test_mistakes_and_conflicts_are_told_in_its_place(case, alena, ihar, share, client_for):
    share(ihar, "identity", "contact")
    mine, theirs = client_for(alena), client_for(ihar)
    at = _at("person", case) + "?in=person&from=contact"
    wrong = {"second_name": "Вторая", "birthdate": "27 мая", "revision": "1"}
    answer = mine.post(at, wrong, headers=HTMX)
    assert answer.status_code == 422
    form = _page(answer)
    assert "<html" not in form and "error-summary" in form and "27 мая" in form
    assert "autofocus" not in form, "the summary of errors takes the focus"
    assert 'href="#in-contact-birthdate"' in form and 'id="in-contact-birthdate"' in form
    theirs.post(_at("person", case), {"second_name": "Первая", "revision": "1"})
    answer = mine.post(at, wrong | {"birthdate": "27.05.1990"}, headers=HTMX)
    assert answer.status_code == 409
    form = _page(answer)
    assert "<html" not in form and "Somebody else changed this record" in form
    assert "Первая" in form and 'name="revision" value="2"' in form


def test_a_name_that_is_shown_stays_shown_and_is_brought_up_to_date(case, alena, client_for):
    browser = client_for(alena)
    changed = {"second_name": "Новая", "first_name": "Ганна", "revision": "1"}
    for shown in ("", "&shown=1"):
        at = _at("person", case) + f"?in=person&from=identity{shown}"
        answer = browser.post(at, changed, headers=HTMX)
        start = log.size()
        part = _page(browser.get(answer["Location"], headers=HTMX))
        assert ("Новая Ганна" in part) == ('id="case-bar"' in part) == bool(shown)
        assert ({"identity", "contact"} in _looks(start)) == bool(shown)
        changed["revision"] = "2"


@pytest.mark.parametrize("kind", ["risk", "screening", "plan", "visit"])
def test_an_entry_is_changed_in_its_place(case, alena, client_for, kind):
    browser = client_for(alena)
    browser.post(_at("add_entry", case, kind), LEAST[kind])
    page = browser.get(_at("detail", case)).content.decode()
    [link] = re.findall(rf'hx-get="([^"]*\?in={kind}&amp;from=[^"]*)"', page)
    form = browser.get(unescape(link), headers=HTMX).content.decode()
    [at] = re.findall(r'<form method="post" action="[^"]*" [^>]*hx-post="([^"]*)"', form)
    answer = browser.post(unescape(at), LEAST[kind] | {"revision": "1"}, headers=HTMX)
    assert answer.status_code == 302, _page(answer)
    part = _page(browser.get(answer["Location"], headers=HTMX))
    assert f'id="part-{kind}"' in part and "Saved." in part
    assert re.search(r'id="change-[0-9a-f-]{36}"[^>]* autofocus', part)


def test_an_unfinished_form_is_offered_in_its_place(case, alena, client_for):
    browser, at = client_for(alena), _at("summary", case)
    kept = {"draft_act": "keep", "draft_path": at, "draft_person": str(alena.pk)}
    browser.post(reverse("cases:draft"), kept | {"summary": "Half a", "revision": "1"})
    form = _page(browser.get(at + PLACE, headers=HTMX))
    assert f'hx-get="{at}?draft=open&in=summary&from=summary"' in form
    assert "Half a" in _page(browser.get(f"{at}{PLACE}&draft=open", headers=HTMX))
    dropped = {"draft_act": "drop", "draft_path": at}
    answer = browser.post(reverse("cases:draft") + PLACE, dropped, headers=HTMX)
    assert answer["Location"] == at + PLACE
    assert not Draft.objects.exists()


@pytest.mark.parametrize("name", [*(part.name for part in PARTS), *(p.name for p in CASE_PANELS)])
def test_each_part_comes_alone_and_in_one_event(case, alena, client_for, name):
    browser = client_for(alena)
    start = log.size()
    part = _page(browser.get(_at("part", case, name), headers=HTMX))
    assert "<html" not in part and f'id="part-{name}"' in part
    assert SENTINELS["identity"] not in part
    assert len(_looks(start)) <= 1
    whole = _page(browser.get(_at("part", case, name) + "?in=x&from=x&shown=1"))
    assert "<html" in whole and "hx-get" not in whole and whole.count('id="messages"') == 1
    assert SENTINELS["identity"] not in whole
    if ">Show the name<" in whole:  # where there is a page that takes the answer
        assert f'<form method="post" action="{_at("detail", case)}">' in whole


def test_a_part_shows_the_classes_one_holds(case, volha, ihar, share, client_for):
    share(volha, "psychological")
    browser = client_for(volha)
    for part in PARTS:
        answer = browser.get(_at("part", case, part.name) + "?in=x&from=x&shown=1", headers=HTMX)
        assert answer.status_code == 404
        assert not any(word in _page(answer) for word in SENTINELS.values())
    assert client_for(ihar).get(_at("part", case, "summary"), headers=HTMX).status_code == 404


def test_there_is_no_part_of_another_name(case, alena, client_for):
    assert client_for(alena).get(_at("part", case, "nothing"), headers=HTMX).status_code == 404


@pytest.mark.parametrize("query", ["?in=summary", "?in=<b>&from=x", "?in=summary&from=%22%3E"])
def test_a_place_that_was_tampered_with_gets_the_whole_page(case, alena, client_for, query):
    answer = client_for(alena).get(_at("summary", case) + query, headers=HTMX)
    assert answer.status_code == 200 and "<html" in _page(answer)


# --- Whole pages ----------------------------------------------------------------------
def test_htmx_leads_to_the_sign_in_and_loses_nothing_that_was_typed(case, alena, client_for):
    browser, at = client_for(alena), _at("summary", case) + PLACE
    browser.logout()
    answer = browser.get(at, headers=HTMX)
    assert answer.status_code == 200 and "Location" not in answer
    assert answer["HX-Redirect"].startswith("/account/sign-in/?next=/cases/")


def test_a_refusal_takes_the_place_of_the_page(case, ihar, client_for):
    answer = client_for(ihar).get(_at("summary", case) + PLACE, headers=HTMX)
    assert answer.status_code == 404
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("body", "innerHTML")
    answer = client_for(ihar).get(_at("summary", case))
    assert "HX-Retarget" not in answer


def test_saving_in_its_place_writes_what_the_page_would(case, alena, client_for):
    browser = client_for(alena)
    start = log.size()
    typed = {"account": "Told", "revision": str(victim_of(case).revision)}
    browser.post(_at("victim", case) + "?in=victim&from=victim", typed, headers=HTMX)
    assert Verb.PERSON_CHANGED in log.verbs_since(start)
    [sections] = door.open_rows([victim_of(case)], by=alena)
    assert sections["victim"].account == "Told"
