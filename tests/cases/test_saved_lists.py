"""Saved lists of cases: kept sealed, for their person alone, and never more than the form would take."""

import re

import pytest
from django.urls import reverse

from accounts.models import User
from audit.verbs import Verb
from cases import saved_lists
from cases.models import SavedList
from core.exceptions import BadInput, NotFound
from tests.guards import log

pytestmark = pytest.mark.django_db

NAME = "Спіс Снежаньскай"
QUERY = [("stage", "assistance"), ("sort", "registered")]
SAVE = "/cases/saved-lists/"


def at(row):
    return reverse("cases:saved_list", args=[getattr(row, "pk", row)])


def page(browser, url="/cases/"):
    return browser.get(url).content.decode()


# --- Saving and opening ---------------------------------------------------------------
def test_what_the_list_shows_is_saved_and_opened_with_one_click(case, alena, client_for):
    browser, start = client_for(alena), log.size()
    typed = {"name": NAME, "stage": "identification", "columns": ["stage"], "sort": "registered"}
    answer = browser.post(SAVE, typed | {"evil": "'; --", "status": "nothing", "before": "x"})
    address = "/cases/?stage=identification&sort=registered&columns=stage"
    assert answer.status_code == 302 and answer.headers["Location"] == address
    assert log.verbs_since(start) == [Verb.LIST_SAVED]
    [saved] = saved_lists.saved_lists(alena)
    assert (saved.name, "/cases/?" + saved.query, saved.is_first) == (NAME, address, False)
    shown = page(browser)
    link = re.search(rf'href="([^"]+)"><bdi>{NAME}<', shown)[1].replace("&amp;", "&")
    assert link == address and case.reference in page(browser, link)
    assert 'aria-current="page"' in page(browser, link)


def test_the_name_is_under_seal_and_in_no_event(alena, client_for):
    start = log.size()
    client_for(alena).post(SAVE, {"name": NAME})
    [row] = SavedList.objects.all()
    assert NAME.encode() not in bytes(row.content_sealed)
    assert all(NAME not in str(event.entry) for event in log.since(start))


def test_a_row_put_under_another_name_does_not_open(alena, ihar):
    row = saved_lists.save_list(NAME, QUERY, by=alena)
    SavedList(user=ihar, content_sealed=row.content_sealed).save()
    [stolen] = saved_lists.saved_lists(ihar)
    assert NAME not in stolen.name and stolen.query == ""


def test_the_same_name_replaces_what_was_saved(alena):
    saved_lists.save_list(NAME, QUERY, is_first=True, by=alena)
    saved_lists.save_list(f"  {NAME} ", [("sort", "changed")], by=alena)
    [saved] = saved_lists.saved_lists(alena)
    assert saved.query == "sort=changed" and saved.is_first


def test_there_are_at_most_twenty_and_what_was_typed_stays(alena, ihar, client_for):
    for number in range(saved_lists.MOST):
        saved_lists.save_list(f"List {number}", QUERY, by=alena)
    saved_lists.save_list(NAME, QUERY, by=ihar)  # each has their own
    with pytest.raises(BadInput):
        saved_lists.save_list(NAME, QUERY, by=alena)
    saved_lists.save_list("List 3", QUERY, by=alena)
    answer = client_for(alena).post(SAVE, {"name": NAME, "stage": "closed", "sort": "changed"})
    shown = answer.content.decode()
    assert answer.status_code == 422 and NAME in shown and "Remove one" in shown
    assert '<input type="hidden" name="stage" value="closed">' in shown
    assert len(saved_lists.saved_lists(alena)) == saved_lists.MOST


@pytest.mark.parametrize("name", ["", "  ", "x" * 61])
def test_a_list_needs_a_short_name(alena, client_for, name):
    assert client_for(alena).post(SAVE, {"name": name}).status_code == 422
    with pytest.raises(BadInput):
        saved_lists.save_list(name, QUERY, by=alena)
    assert not SavedList.objects.exists()


# --- The first view -------------------------------------------------------------------
def test_the_list_opens_with_the_first_one(case, alena, client_for):
    browser = client_for(alena)
    browser.post(SAVE, {"name": "Closed", "stage": "closed", "is_first": "on"})
    assert case.reference not in page(browser)
    assert case.reference in page(browser, "/cases/?sort=changed")
    browser.post(SAVE, {"name": "New", "stage": "identification", "is_first": "on"})
    assert case.reference in page(browser)  # there is one first list
    closed, new = saved_lists.saved_lists(alena)
    assert (closed.is_first, new.is_first) == (False, True)
    start = log.size()
    browser.post(at(closed.id), {"act": "first"})
    assert log.verbs_since(start) == [Verb.LIST_CHANGED]
    assert case.reference not in page(browser)
    browser.post(at(closed.id), {"act": "usual"})
    assert case.reference in page(browser)
    assert not SavedList.objects.filter(is_first=True).exists()


def test_what_is_no_longer_offered_narrows_nothing(case, pavel, alena, client_for):
    """Who was a supervisor does not go on with what was offered then."""
    query = [("officer", str(pavel.pk)), ("sort", "changed")]
    saved_lists.save_list("Of one officer", query, is_first=True, by=alena)
    assert case.reference in page(client_for(alena))


# --- Whose they are -------------------------------------------------------------------
def test_a_saved_list_belongs_to_its_person_alone(case, alena, ihar, client_for):
    row = saved_lists.save_list(NAME, QUERY, by=alena)
    browser = client_for(ihar)
    assert NAME not in page(browser)
    for act in ("remove", "first"):
        assert browser.post(at(row), {"act": act}).status_code == 404
    for act in (saved_lists.remove_list, saved_lists.open_with):
        with pytest.raises(NotFound):
            act(row.pk, by=ihar)
    [saved] = saved_lists.saved_lists(alena)
    assert not saved.is_first


def test_a_saved_list_is_removed_for_good(alena, client_for):
    row = saved_lists.save_list(NAME, QUERY, is_first=True, by=alena)
    browser, start = client_for(alena), log.size()
    assert browser.post(at(row), {"act": "remove"}).status_code == 302
    assert log.verbs_since(start) == [Verb.LIST_REMOVED] and not SavedList.objects.exists()
    assert browser.post(at(row), {"act": "remove"}).status_code == 404
    assert browser.post(at(row), {"act": "dance"}).status_code == 400


def test_however_many_are_saved_the_page_asks_as_much(
    case, alena, client_for, django_assert_max_num_queries
):
    for number in range(saved_lists.MOST):
        saved_lists.save_list(f"List {number}", QUERY, by=User.objects.get(pk=alena.pk))
    browser = client_for(alena)
    page(browser)
    with django_assert_max_num_queries(24):
        assert "List 19" in page(browser, "/cases/?sort=changed&stage=identification")
