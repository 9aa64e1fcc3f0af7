"""The trail of one case: looking at it, the proof of one event, and the whole of it for a court."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.confirming import confirmed
from cases.access import Access
from cases.court import CourtExport, export_approved, export_for_court, prove
from cases.keeping import note_of
from cases.models import Case, ExportRequest
from cases.selectors import get_case_for, get_case_or_tombstone_for, is_gone
from cases.services import exports, two_people
from cases.trail import check_may_audit, trail_of
from cases.trail_forms import CourtForm, TrailForm
from cases.views.frame import case_frame
from core.access import require
from core.classes import SHORT_NAMES
from core.downloads import gives_file, made_here
from core.exceptions import BadInput, NotFound
from core.http import StaffRequest, position_of
from core.rights import Right


@require_GET
@require(Right.CASE_AUDIT)
def case_trail(request: StaffRequest, reference: str) -> HttpResponse:
    """Who saw and who changed what, newest first."""
    case, access = get_case_or_tombstone_for(request.user, reference)
    form = TrailForm(request.GET, case=case)
    context = case_frame(request, case, access) | {"form": form}
    if not form.is_valid():
        return render(request, "cases/trail.html", context, status=422)
    before = position_of(request)
    wanted = form.wanted()
    query = request.GET.copy()
    query.pop("before", None)
    context |= {
        "page": trail_of(case, by=request.user, before=before, wanted=wanted),
        "wanted": wanted,
        "query": query.urlencode(),
        "is_first_page": before is None,
    }
    return render(request, "cases/trail.html", context)


@gives_file
@require_GET
@require(Right.CASE_AUDIT)
def event_proof(request: StaffRequest, reference: str, number: int) -> HttpResponse:
    """One event of the case, with the proof that it stands in the log."""
    case, _access = get_case_or_tombstone_for(request.user, reference)
    content = prove(case, number, by=request.user)
    headers = _as_download(f"{case.reference}-event-{number}.zip")
    return HttpResponse(content, content_type="application/zip", headers=headers)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_AUDIT)
def court(request: StaffRequest, reference: str) -> HttpResponseBase:
    """The trail of the case for a court, with its proofs."""
    case, access = get_case_or_tombstone_for(request.user, reference)
    return _court(request, case, access)


@confirmed
def _court(request: StaffRequest, case: Case, access: Access) -> HttpResponseBase:
    """After a fresh sign-in, which leads back here."""
    is_large = exports.is_large(case)
    if is_large and exports.open_request(case):
        return redirect("cases:export_request", reference=case.reference)
    form = CourtForm(request.POST or None, keeps_note=not is_gone(case))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        about = {"reason": data["reason"], "note": data.get("note", ""), "wanted": form.wanted()}
        try:
            if is_large:
                exports.ask_for_export(case, **about, by=request.user)
                messages.success(request, _("You asked for the export. Somebody else decides."))
                return redirect("cases:export_request", reference=case.reference)
            return _sent(export_for_court(case, **about, by=request.user))
        except BadInput as error:
            form.add_error(None, str(error.message))
    context = case_frame(request, case, access) | {"form": form, "is_large": is_large}
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/court.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_AUDIT)
def export_request(request: StaffRequest, reference: str) -> HttpResponseBase:
    """An export that takes two people: decide on it, or collect it."""
    case, access = get_case_for(request.user, reference)
    asked = exports.open_request(case)
    if asked is None:
        raise NotFound(_("Nobody asked for an export of this trail, or its time is over."))
    return _export_request(request, case, access, asked)


@confirmed
def _export_request(
    request: StaffRequest, case: Case, access: Access, asked: ExportRequest
) -> HttpResponseBase:
    """After a fresh sign-in, which leads back here with what was typed."""
    note = request.POST.get("note", "")
    match request.POST.get("act"):
        case "collect":
            return _sent(export_approved(asked, by=request.user))
        case "approve":
            exports.approve_export(asked, note=note, by=request.user)
            messages.success(request, _("Approved. Whoever asked has an hour to collect it."))
        case "decline":
            exports.decline_export(asked, note=note, by=request.user)
            messages.success(request, _("Declined. Nothing goes out."))
        case _act:
            check_may_audit(request.user, case)
            context = case_frame(request, case, access) | {
                "asked": asked,
                "ends": two_people.ends(asked),
                "note": note_of(asked, by=request.user),
                "is_own": asked.asked_by_id == request.user.pk,
                "classes": [SHORT_NAMES[cls] for cls in asked.classes],
            }
            return render(request, "cases/export_request.html", context)
    return redirect("cases:trail", reference=case.reference)


def _sent(export: CourtExport) -> HttpResponseBase:
    headers = _as_download(export.name)
    return StreamingHttpResponse(export.pieces(), content_type="application/zip", headers=headers)


def _as_download(name: str) -> dict[str, str]:
    return {"Content-Disposition": made_here(name)}
