"""Linking a case with another one, and ending that."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from audit.refusals import refused
from cases.forms import LinkForm
from cases.links import NARRATIVE
from cases.models import Case
from cases.selectors import get_case_for
from cases.services import linking
from cases.services.casework import check_can_write
from cases.views.frame import case_frame
from core.access import require
from core.exceptions import BadInput, Conflict, Erased, NotAllowed, NotFound, WrongState
from core.http import StaffRequest
from core.rights import Right


@require_http_methods(["GET", "POST"])
@require(Right.CASE_EDIT)
def link(request: StaffRequest, reference: str) -> HttpResponse:
    """Link the case with another one in which this person writes, too."""
    case, access = get_case_for(request.user, reference)
    check_can_write(request.user, case, NARRATIVE)
    form = LinkForm(request.POST or None)
    is_sent = request.method == "POST"
    if is_sent and form.is_valid():
        try:
            other = other_case(request, form.cleaned_data["other"], _check)
            said = {"link": form.cleaned_data["link"], "remarks": form.cleaned_data["link_remarks"]}
            linking.link_cases(case, other, **said, by=request.user)
            messages.success(request, _("The cases are linked."))
            return redirect("cases:detail", reference=reference)
        except (BadInput, Conflict, NotFound, WrongState) as error:
            form.add_error("other", str(error.message))
    context = case_frame(request, case, access) | {"form": form}
    return render(request, "cases/link.html", context, status=422 if is_sent else 200)


@require_POST
@require(Right.CASE_EDIT)
def unlink(request: StaffRequest, reference: str, link: UUID) -> HttpResponse:
    """End a link, in both cases."""
    case, _access = get_case_for(request.user, reference)
    try:
        linking.unlink_cases(case, link, reason=request.POST.get("note", ""), by=request.user)
        messages.success(request, _("The cases are not linked any more."))
    except (BadInput, Conflict) as error:
        messages.error(request, error.message)
    return redirect("cases:detail", reference=reference)


def _check(by: User, case: Case) -> None:
    check_can_write(by, case, NARRATIVE)


def other_case(request: StaffRequest, typed: str, check: Callable[[User, Case], None]) -> Case:
    """The case with this reference, if `check` raises nothing.

    Raises NotFound alike for what is not there and what is not theirs. Asking for it is recorded like
    asking for its page.
    """
    typed = typed.strip().upper()
    try:
        other, _access = get_case_for(request.user, typed)
        check(request.user, other)
    except (Erased, NotAllowed, NotFound) as error:
        refused(request, cases=getattr(error, "cases", []))
        raise NotFound(_("There is no such case, or it is not shared with you for this.")) from None
    return other
