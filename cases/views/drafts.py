"""What a page sends of a form while it is being typed, and discarding it."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import drafts
from core.access import require
from core.exceptions import Conflict
from core.http import StaffRequest
from core.rights import Right


@require_POST
@require(Right.CASE_READ)
def draft(request: StaffRequest) -> HttpResponse:
    """Keep the form that is posted, or forget what was kept of it."""
    path = request.POST.get("draft_path", "")
    if request.POST.get("draft_act") == "drop":
        drafts.drop(by=request.user, path=path)
        query = f"?{request.GET.urlencode()}" if request.htmx else ""  # the form's place on a page
        return redirect(f"{path}{query}" if path.startswith("/cases/") else "home")
    if request.POST.get("draft_person") != str(request.user.pk):
        raise Conflict(_("Somebody else has signed in with this browser since the page was shown."))
    drafts.keep(by=request.user, path=path, typed=drafts.pairs(request.POST))
    return HttpResponse(status=204)
