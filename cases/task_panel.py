"""The tasks of a case on its page: what is to be done, the earliest first, and what was done last."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cases.access import Access
from cases.door import Sections
from cases.models import Case, SealedModel, Task, TaskState
from cases.panels import Panel
from cases.sections import TaskContent
from cases.services.tasks import may_end, may_give
from core.rights import Right


def _rows(case: Case) -> QuerySet[Task]:
    return Task.objects.filter(case=case).select_related("case", "assignee", "recorded_by")


def _context(
    case: Case, user: User, access: Access, opened: list[tuple[SealedModel, Sections]]
) -> dict[str, Any]:
    """Tasks of the classes the reader holds; of others not even the number is told."""
    may_add = may_give(user, access)
    may_act = not access.by_glass and user.has_right(Right.CASE_READ)
    today = timezone.localdate()
    tasks = [
        {
            "row": row,
            "text": content.task,
            "is_overdue": row.is_overdue(today),
            "may_end": may_act and may_end(user, row),
        }
        for row, sections in opened
        if isinstance(row, Task) and isinstance(content := sections.get("content"), TaskContent)
    ]
    return {
        "to_do": [one for one in tasks if one["row"].state == TaskState.OPEN],
        "ended": [one for one in tasks if one["row"].state != TaskState.OPEN],
        "may_add": may_add,
        "is_shown": may_add or bool(access.read),
    }


TASK_PANEL = Panel(
    *("tasks", _("Tasks"), "cases/tasks_panel.html", _rows, _context),
    is_mixed=True,
)
