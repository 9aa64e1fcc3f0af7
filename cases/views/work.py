"""What is due for the person who looks: one list, narrowed to what was asked for on the start page."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.due import DUE_KINDS, Show, due_for, label_of_kind
from cases.models import Task
from cases.sections import TaskContent
from cases.selectors import case_rows
from core.access import require
from core.http import StaffRequest
from core.rights import Right

MOST = 100  # lines of a page
TITLES = {
    Show.OVERDUE: _("Overdue"),
    Show.WEEK: _("Due this week"),
    Show.WAITING: _("Waiting for you"),
}


@require_GET
@require(Right.CASE_READ)
def work(request: StaffRequest) -> HttpResponse:
    """What is due, `?show=` one of the lists, `?kind=` one of the kinds; everything without them."""
    asked = request.GET.get("show", "")
    shown = [Show(asked)] if asked in set(Show) else list(Show)
    names = {kind.name for kind in DUE_KINDS}
    wanted = request.GET.get("kind", "")
    found = due_for(request.user)
    lines = [
        (show, one)
        for show in shown
        for one in found[show]
        if wanted not in names or one.kind == wanted
    ]
    ids = list(dict.fromkeys(one.case.pk for _show, one in lines[:MOST] if not one.asked_at))
    if offered := {one.case.pk for _show, one in lines[:MOST] if one.asked_at}:
        trail.record(Verb.CASE_LISTED, by=request.user, cases=sorted(offered))  # no name is shown
    rows = {row.case.pk: row for row in case_rows(ids, by=request.user, verb=Verb.CASE_LISTED)}
    told = _told([one.task for _show, one in lines[:MOST] if one.task], request.user)
    context = {
        "lines": [
            (
                *(show, one, label_of_kind(one.kind), told.get(one.task.pk) if one.task else ""),
                None if one.asked_at else rows[one.case.pk],
            )
            for show, one in lines[:MOST]
            if one.case.pk in rows or one.asked_at
        ],
        "more": len(lines) - MOST,
        "counts": [(show, TITLES[show], len(found[show])) for show in Show],
        "kinds": DUE_KINDS,
        "show": asked if asked in set(Show) else "",
        "kind": wanted if wanted in names else "",
        "today": timezone.localdate(),
    }
    return render(request, "cases/work.html", context)


def _told(tasks: list[Task], user: User) -> dict[UUID, str]:
    """What is to be done, of those tasks that open: what waits for a confirmation stays closed."""
    opened = door.open_each(tasks, by=user, verb=Verb.CASE_LISTED, withhold=True)
    return {
        task.pk: content.task
        for task, sections in zip(tasks, opened, strict=True)
        if sections and isinstance(content := sections.get("content"), TaskContent)
    }
