"""Tasks in a case: giving one, and saying that it is done or not to be done any more."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import TeamMembership, User
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.access import Access, access_to, live, may_act
from cases.models import (
    Case,
    CaseTeamGrant,
    CaseUserGrant,
    Exclusion,
    Repeats,
    Task,
    TaskState,
)
from cases.sections import TaskContent, TaskFacts
from cases.services.casework import check_can_write
from cases.services.retention import lock_living
from core.classes import CONTENT
from core.days import months_later
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from core.rights import Right
from core.sorting import by_words

GIVERS = (Right.CASE_EDIT, Right.ASSISTANCE_RECORD)
DAYS = {Repeats.WEEKLY: 7, Repeats.FORTNIGHTLY: 14}
MONTHS = {Repeats.MONTHLY: 1, Repeats.QUARTERLY: 3}
VERBS = {TaskState.DONE: Verb.TASK_DONE, TaskState.DROPPED: Verb.TASK_DROPPED}


# --- Giving ---------------------------------------------------------------------------
def give_task(
    case: Case, content: TaskContent, *, due_on: date, assignee: User, repeats: str = "", by: User
) -> Task:
    """Write a task of the class that the content names, for somebody who reads that class.

    Raises NotAllowed, and BadInput for a day that is past or somebody who could not read it.
    """
    if not any(by.has_right(right) for right in GIVERS):
        raise NotAllowed(_("Your role does not include this for this case."))
    check_can_write(by, case, content.cls)
    if due_on < timezone.localdate() or repeats not in Repeats:
        raise BadInput(_("A task is due from today on."))
    with transaction.atomic():
        lock_living(case)
        seen = access_to(assignee, [case.pk], glass=False).get(case.pk)
        if seen is None or content.cls not in seen.read:
            raise BadInput(_("This person does not see this part of the case."))
        row = Task(case=case, recorded_on=timezone.localdate(), recorded_by=by)
        row.assignee, row.repeats = assignee, Repeats(repeats)
        row.first_due = row.due_on = due_on
        _put(row, content)
        trail.save(row, verb=Verb.TASK_GIVEN, by=by)
    return row


def may_give(user: User, access: Access) -> bool:
    """Could this person, with this access to a case, write a task there?"""
    return bool(access.write & CONTENT) and any(user.has_right(right) for right in GIVERS)


def could_do(case: Case, by: User) -> list[User]:
    """Whom `by` may give a task to: who holds the case in the same organisation, by name."""
    now = timezone.now()
    holding = live(now) & Q(content_object=case)
    teams = CaseTeamGrant.objects.filter(holding).values("group")
    members = TeamMembership.objects.now().filter(team__group__in=teams)
    excluded = Exclusion.objects.at(now).filter(case=case, user=OuterRef("pk"))
    people = User.objects.filter(
        Q(pk__in=CaseUserGrant.objects.filter(holding).values("user"))
        | Q(pk__in=members.values("user")),
        ~Exists(excluded),
        is_active=True,
        office__organisation=by.organisation_id,
    )
    return sorted(people.select_related("office"), key=by_words)


# --- Ending ---------------------------------------------------------------------------
def end_task(task: Task, state: str, *, by: User) -> Task | None:
    """Mark a task as done, or drop it. One that repeats and is done is followed by the next: given back.

    Raises NotFound to whoever may not read it, NotAllowed, BadInput, and WrongState when it ended
    already. Must not run inside a transaction: what is to be done is opened first.
    """
    if state not in VERBS:
        raise BadInput(_("A task is done, or dropped."))
    if not may_act(by, task.case_id, Right.CASE_READ) or not may_end(by, task):
        raise NotAllowed(_("Who has the task, who wrote it, or the officer of the case says so."))
    [sections] = door.open_rows([task], by=by)
    if not isinstance(content := sections.get("content"), TaskContent):
        raise NotFound(_("There is no such task, or it is not shared with you."))
    with transaction.atomic():
        lock_living(task.case)
        row = Task.objects.select_for_update().get(pk=task.pk)
        if row.state != TaskState.OPEN:
            raise WrongState(_("This task ended already."))
        row.state, row.ended_on = TaskState(state), timezone.localdate()
        trail.save(row, verb=VERBS[row.state], by=by)
        return _follow(row, content, by) if row.state == TaskState.DONE and row.repeats else None


def may_end(user: User, task: Task) -> bool:
    """Is it this person's task, as who has it, who wrote it, or the officer of the case?"""
    return user.pk in (task.assignee_id, task.recorded_by_id, task.case.owner_id)


def next_due(task: Task, today: date) -> date:
    """The next day of a task that repeats: in its rhythm, after its day and after today."""
    number, after = 0, max(task.due_on, today)
    while (day := _nth(task, number)) <= after:
        number += 1
    return day


def _nth(task: Task, number: int) -> date:
    repeats = Repeats(task.repeats)
    if repeats in DAYS:
        return task.first_due + timedelta(days=DAYS[repeats] * number)
    return months_later(task.first_due, MONTHS[repeats] * number)


def _follow(task: Task, content: TaskContent, by: User) -> Task:
    """The same task once more, sealed anew, for the same person."""
    row = Task(case=task.case, recorded_on=task.recorded_on, recorded_by=task.recorded_by)
    row.assignee, row.repeats, row.first_due = task.assignee, task.repeats, task.first_due
    row.due_on = next_due(task, timezone.localdate())
    _put(row, content)
    trail.save(row, verb=Verb.TASK_GIVEN, by=by)
    return row


def _put(row: Task, content: TaskContent) -> None:
    row.put("facts", TaskFacts(cls=content.cls))
    row.put("content", content, content.cls)
