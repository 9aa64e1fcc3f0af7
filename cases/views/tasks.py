"""Giving a task in a case, and saying that it is done."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from audit.refusals import refused_choices
from cases.models import Case, Task
from cases.selectors import get_case_for
from cases.services import tasks
from cases.task_forms import TaskForm
from cases.views.frame import case_frame
from core.access import require
from core.exceptions import BadInput, NotAllowed, NotFound
from core.http import StaffRequest
from core.rights import Right


@require_http_methods(["GET", "POST"])
@require(*tasks.GIVERS)
def add_task(request: StaffRequest, reference: str) -> HttpResponse:
    """Say what is to be done, until when and by whom."""
    case, access = get_case_for(request.user, reference)
    if not tasks.may_give(request.user, access):
        raise NotAllowed(_("This part of the case is not shared with you for writing."))
    is_sent = request.method == "POST"
    form = TaskForm(
        request.POST if is_sent else None,
        classes=access.write,
        people=tasks.could_do(case, request.user),
        own=request.user,
    )
    if is_sent and form.is_valid() and _give(request, case, form):
        return redirect("cases:detail", reference=reference)
    refused_choices(request, form, "cls", "person", case=case.pk)
    context = case_frame(request, case, access) | {"form": form}
    return render(request, "cases/add_task.html", context, status=422 if is_sent else 200)


def _give(request: StaffRequest, case: Case, form: TaskForm) -> bool:
    """Write what was typed; False, with the reason on the form, when it cannot be given so."""
    data = form.cleaned_data
    given = {"due_on": data["due_on"], "repeats": data["repeats"], "assignee": data["person"]}
    try:
        tasks.give_task(case, form.content(), **given, by=request.user)
    except BadInput as error:
        form.add_error("person", str(error.message))
        return False
    messages.success(request, _("Saved."))
    return True


@require_POST
@require(Right.CASE_READ)
def end_task(request: StaffRequest, reference: str, task: UUID) -> HttpResponse:
    """Mark a task as done, or drop it: `act` says which."""
    case, _access = get_case_for(request.user, reference)
    row = Task.objects.select_related("case", "assignee").filter(pk=task, case=case).first()
    if row is None:
        raise NotFound(_("There is no such task, or it is not shared with you."))
    following = tasks.end_task(row, request.POST.get("act", ""), by=request.user)
    messages.success(request, _("Saved."))
    if following is not None:
        day = date_format(following.due_on, "DATE_FORMAT")
        messages.info(request, _("The next one is due on %s.") % day)
    return redirect("cases:detail", reference=reference)
