"""Tasks in a case: who gives them to whom, who says that they are done, and where they come up."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.verbs import Verb
from cases import door
from cases.closing import still_open
from cases.due import Show, due_for
from cases.models import Task
from cases.sections import TaskContent
from cases.services import tasks
from cases.services.exclusions import exclude
from core.exceptions import BadInput, NotAllowed, WrongState
from tests.cases.closed import close_case
from tests.guards import log

pytestmark = pytest.mark.django_db
WORD = "Zvaniczberry"


def in_days(number):
    return timezone.localdate() + timedelta(days=number)


def give(case, by, *, to=None, days=3, cls="narrative", repeats=""):
    content = TaskContent(cls=cls, task=WORD)
    return tasks.give_task(
        case, content, due_on=in_days(days), assignee=to or by, repeats=repeats, by=by
    )


def kinds(user, show):
    return [one.kind for one in due_for(user)[show]]


def at(monkeypatch, day):
    """It is this day."""
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_args: day)


# --- Giving ---------------------------------------------------------------------------
def test_a_task_is_sealed_and_given_to_who_reads_its_class(case, alena, volha, ihar, share):
    share(volha, "psychological", days=30)
    start = log.size()
    row = give(case, alena, to=volha, cls="psychological")
    assert log.verbs_since(start) == [Verb.TASK_GIVEN]
    assert WORD.encode() not in bytes(row.content_sealed)
    [sections] = door.open_rows([row], by=volha)
    assert sections["content"].task == WORD
    for to, cls in ((volha, "narrative"), (ihar, "narrative")):
        with pytest.raises(BadInput):
            give(case, alena, to=to, cls=cls)
    with pytest.raises(BadInput):
        give(case, alena, days=-1)
    with pytest.raises(BadInput):
        give(case, alena, repeats="daily")
    with pytest.raises(NotAllowed):
        give(case, ihar)
    assert Task.objects.count() == 1


def test_those_are_offered_who_hold_the_case(case, alena, volha, ihar, pavel, share):
    share(volha, "psychological", days=30)
    assert {alena, volha, pavel} <= set(tasks.could_do(case, alena))
    assert ihar not in tasks.could_do(case, alena)
    exclude(case, person=volha, ground="relative", note="", by=alena)
    assert volha not in tasks.could_do(case, alena)


# --- Ending ---------------------------------------------------------------------------
def test_who_has_it_who_wrote_it_and_the_officer_end_it(case, alena, volha, pavel, ihar, share):
    share(volha, "psychological", days=30)
    with pytest.raises(NotAllowed):
        tasks.end_task(give(case, alena), "done", by=volha)
    with pytest.raises(NotAllowed):
        tasks.end_task(give(case, alena), "done", by=pavel)
    row = give(case, alena, to=volha, cls="psychological")
    assert tasks.end_task(row, "done", by=volha) is None
    row.refresh_from_db()
    assert (row.state, row.ended_on) == ("done", timezone.localdate())
    with pytest.raises(WrongState):
        tasks.end_task(row, "dropped", by=alena)
    with pytest.raises(BadInput):
        tasks.end_task(give(case, alena), "open", by=alena)


@pytest.mark.parametrize(
    "repeats, first, now, due, following",
    [
        ("weekly", (2026, 3, 2), (2026, 3, 2), (2026, 3, 2), (2026, 3, 9)),
        ("weekly", (2026, 3, 2), (2026, 3, 24), (2026, 3, 2), (2026, 3, 30)),
        ("fortnightly", (2026, 3, 2), (2026, 3, 1), (2026, 3, 16), (2026, 3, 30)),
        ("monthly", (2026, 1, 31), (2026, 1, 31), (2026, 1, 31), (2026, 2, 28)),
        ("monthly", (2026, 1, 31), (2026, 2, 28), (2026, 2, 28), (2026, 3, 31)),
        ("monthly", (2028, 1, 30), (2028, 1, 30), (2028, 1, 30), (2028, 2, 29)),
        ("quarterly", (2026, 11, 30), (2026, 11, 29), (2026, 11, 30), (2027, 2, 28)),
        ("quarterly", (2026, 11, 30), (2027, 2, 28), (2027, 2, 28), (2027, 5, 30)),
    ],
)
def test_the_next_day_keeps_the_rhythm(repeats, first, now, due, following):
    row = Task(first_due=date(*first), due_on=date(*due), repeats=repeats)
    assert tasks.next_due(row, date(*now)) == date(*following)


def test_one_that_repeats_is_followed_by_the_next(case, alena, volha, share):
    share(volha, "psychological", days=30)
    row, start = (
        give(case, alena, to=volha, cls="psychological", days=0, repeats="weekly"),
        log.size(),
    )
    following = tasks.end_task(row, "done", by=volha)
    assert log.verbs_since(start) == [Verb.CASE_VIEWED, Verb.TASK_DONE, Verb.TASK_GIVEN]
    assert (following.due_on, following.assignee) == (in_days(7), volha)
    assert following.recorded_by == alena
    [sections] = door.open_rows([following], by=volha)
    assert sections["content"].task == WORD
    assert tasks.end_task(following, "dropped", by=alena) is None
    assert not Task.objects.filter(state="open").exists(), "what is dropped comes no more"


def test_an_open_task_stands_in_the_way_of_closing(case, alena):
    row = give(case, alena)
    assert "tasks" in [check.name for check in still_open(case)]
    tasks.end_task(row, "done", by=alena)
    assert "tasks" not in [check.name for check in still_open(case)]


# --- What is due ----------------------------------------------------------------------
def test_a_task_comes_up_for_who_has_it(case, alena, volha, share, monkeypatch):
    share(volha, "psychological", days=60)
    give(case, alena, to=volha, cls="psychological", days=7)
    give(case, alena, to=volha, cls="psychological", days=20)
    lists = due_for(volha)
    assert [one.kind for one in lists[Show.WEEK]] == ["task"]
    assert [one.kind for one in lists[Show.WAITING]] == ["new_task"], "told of what comes later"
    assert "Alena" in lists[Show.WAITING][0].note
    assert kinds(alena, Show.WEEK) == [] and kinds(alena, Show.WAITING) == []
    at(monkeypatch, in_days(8))
    assert kinds(volha, Show.OVERDUE) == ["task"]
    assert kinds(volha, Show.WAITING) == [], "after a week it is not new"
    exclude(case, person=volha, ground="relative", note="", by=alena)
    assert due_for(volha) == {show: [] for show in Show}


def test_what_is_long_overdue_is_told_to_who_supervises(case, alena, pavel, iryna, monkeypatch):
    give(case, alena, days=0)
    at(monkeypatch, in_days(7))
    assert kinds(pavel, Show.WAITING) == []
    at(monkeypatch, in_days(8))
    [line] = due_for(pavel)[Show.WAITING]
    assert line.kind == "late_task" and "Alena" in line.note
    assert kinds(iryna, Show.WAITING) == kinds(alena, Show.WAITING) == []


def test_nothing_of_a_closed_case_is_due(case, alena, pavel):
    give(case, alena)
    close_case(type(case).objects.get(pk=case.pk), closed_on=timezone.localdate(), by=alena)
    assert due_for(alena) == due_for(pavel) == {show: [] for show in Show}


# --- Pages ----------------------------------------------------------------------------
def test_a_task_is_added_and_done_from_the_page_of_the_case(case, alena, client_for):
    browser, file = client_for(alena), reverse("cases:detail", args=[case.reference])
    page = reverse("cases:add_task", args=[case.reference])
    offered = browser.get(page).content.decode().split('name="person"')[1].split("</select>")[0]
    assert offered.split(" selected")[0].endswith(f'value="{alena.pk}"'), "oneself"
    typed = {"cls": "narrative", "task": WORD, "person": str(alena.pk), "repeats": "monthly"}
    assert browser.post(page, typed).status_code == 422
    assert browser.post(page, typed | {"due_on": in_days(-1)}).status_code == 422
    assert browser.post(page, typed | {"due_on": in_days(0)}).status_code == 302
    shown = browser.get(file).content.decode()
    assert WORD in shown and "Every month" in shown and 'value="done"' in shown
    ending = reverse("cases:end_task", args=[case.reference, Task.objects.get().pk])
    answer = browser.post(ending, {"act": "done"}, follow=True).content.decode()
    assert "The next one is due on" in answer and "Done or dropped" in answer
    assert browser.post(ending, {"act": "done"}).status_code == 409
    assert browser.get(reverse("cases:work"), {"kind": "task"}).status_code == 200


def test_of_a_class_one_does_not_hold_no_task_is_told(case, alena, ihar, share, client_for):
    share(ihar, "contact", days=30)
    row = give(case, alena)
    browser = client_for(ihar)
    page = browser.get(reverse("cases:detail", args=[case.reference])).content.decode()
    assert WORD not in page and str(row.pk) not in page
    ending = reverse("cases:end_task", args=[case.reference, row.pk])
    assert browser.post(ending, {"act": "done"}).status_code == 403
    typed = {"cls": "narrative", "task": WORD, "person": str(ihar.pk), "due_on": in_days(1)}
    add = reverse("cases:add_task", args=[case.reference])
    assert browser.post(add, typed).status_code == 422, "of a class that is not offered"


def test_the_queries_do_not_grow_with_the_tasks(case, alena, client_for):
    browser, page = client_for(alena), reverse("cases:detail", args=[case.reference])

    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(page).status_code == 200
        return len(queries)

    give(case, alena)
    asked()
    few = asked()
    for _number in range(6):
        give(case, alena)
    assert asked() == few


def test_the_list_of_what_is_due_says_what_it_is(case, alena, ihar, share, client_for):
    share(ihar, "narrative")
    given = {"due_on": timezone.localdate(), "by": alena}
    tasks.give_task(
        case, TaskContent(cls="narrative", task="Buy her a ticket"), assignee=ihar, **given
    )
    secret = TaskContent(cls="psychological", task="Ask for a second session")
    tasks.give_task(case, secret, assignee=alena, **given)
    page = reverse("cases:work")
    assert "Buy her a ticket" in client_for(ihar).get(page).content.decode()
    assert "Ask for a second session" in client_for(alena).get(page).content.decode()
    late = client_for(alena, ago=600).get(
        page
    )  # has to confirm first: the line is there, not the text
    assert late.status_code == 200
    assert "Task" in late.content.decode() and "second session" not in late.content.decode()
