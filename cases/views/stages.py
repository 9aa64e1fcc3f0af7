"""Moving a case to another stage."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases.models import Stage
from cases.selectors import get_case_for
from cases.services import casework
from core.access import require
from core.exceptions import BadInput
from core.http import StaffRequest
from core.rights import Right


@require_POST
@require(Right.CASE_EDIT)
def move(request: StaffRequest, reference: str) -> HttpResponse:
    """Move the case to the stage that is named in the body, from the one that was shown."""
    case, _access = get_case_for(request.user, reference)
    wanted = request.POST.get("stage", "")
    if wanted not in Stage.values:
        raise BadInput(_("Choose where the case goes on the page of the case."))
    before = request.POST.get("before", "")
    casework.move_case(case, Stage(wanted), before=before, by=request.user)
    messages.success(request, _("The case is in the stage “%s” now.") % Stage(wanted).label)
    return redirect("cases:detail", reference=reference)
