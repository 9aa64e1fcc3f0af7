"""Approving a record of a case as it stands."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import approvals
from cases.selectors import get_case_for
from core.access import require
from core.exceptions import NotFound
from core.http import StaffRequest, revision_of
from core.rights import Right


@require_POST
@require(Right.CONTENT_APPROVE)
def approve(request: StaffRequest, reference: str) -> HttpResponse:
    """Approve the row that is named in the body, at the revision that was shown."""
    case, _access = get_case_for(request.user, reference)
    row = approvals.row_of(case, request.POST.get("type", ""), _uuid(request.POST.get("row", "")))
    if row is None:
        raise NotFound(_("There is no such record, or it is not shared with you."))
    approvals.approve(row, revision=revision_of(request), by=request.user)
    messages.success(request, _("Approved, as it stands now."))
    return redirect("cases:detail", reference=reference)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
