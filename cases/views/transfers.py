"""A case that shall go to another office: asking and withdrawing here, and the decision there."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from audit.refusals import refused_choices
from cases import door
from cases.access import Access, access_to, offered_to
from cases.access_forms import AcceptForm, DeclineForm, TransferForm
from cases.models import Case, Transfer
from cases.presenters import told
from cases.selectors import get_case_for
from cases.services import transfers
from cases.views.frame import case_frame
from core.access import require
from core.exceptions import BadInput, NotFound
from core.http import StaffRequest
from core.rights import Right

ASKERS = (Right.GRANT_GIVE, Right.CASE_ASSIGN)


# --- The office of the case -----------------------------------------------------------
@require_http_methods(["GET", "POST"])
@require(*ASKERS)
def transfer(request: StaffRequest, reference: str) -> HttpResponse:
    """Ask another office to take the case; what was asked before, and what came of it."""
    case, access = _find(request, reference)
    offices = transfers.offices_for(case)
    form = TransferForm(request.POST or None, offices=offices)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        asked = {"note": data["note"], "person_agrees": data["person_agrees"]}
        try:
            transfers.ask_transfer(case, to=data["office"], **asked, by=request.user)
            messages.success(
                request, _("%s decides. Until then the case stays with you.") % data["office"]
            )
            return redirect("cases:transfer", reference=reference)
        except BadInput as error:
            form.add_error(None, str(error.message))
    refused_choices(request, form, "office", case=case.pk)
    rows = list(Transfer.objects.filter(case=case).select_related("to", "recorded_by"))
    opened = door.open_rows([case, *rows], by=request.user, classes=["narrative"])[1:]
    context = case_frame(request, case, access) | {
        "form": form,
        "offices": offices,
        "waiting": transfers.waiting_transfer(case),
        "transfers": [
            (row, [line for section in sections.values() for line in told(section)])
            for row, sections in zip(rows, opened, strict=True)
        ],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/transfer.html", context, status=status)


@require_POST
@require(*ASKERS)
def withdraw(request: StaffRequest, reference: str, transfer: UUID) -> HttpResponse:
    """Leave the case where it is."""
    case, _access = _find(request, reference)
    row = Transfer.objects.filter(pk=transfer, case=case).first()
    if row is None:
        raise NotFound(_("There is no such transfer."))
    transfers.withdraw_transfer(row, by=request.user)
    messages.success(request, _("The transfer is withdrawn. The case stays where it is."))
    return redirect("cases:transfer", reference=reference)


def _find(request: StaffRequest, reference: str) -> tuple[Case, Access]:
    """A case this person may let go. Raises NotFound and NotAllowed."""
    case, access = get_case_for(request.user, reference)
    transfers.check_can_transfer(request.user, case)
    return case, access


# --- The other office -----------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@require(Right.CASE_ASSIGN)
def offer(request: StaffRequest, transfer: UUID) -> HttpResponse:
    """What is told with a case that shall come to this person's office, and the decision on it."""
    found = offered_to(request.user).filter(pk=transfer)
    row = found.select_related("case__office__organisation", "to", "recorded_by").first()
    if row is None:
        raise NotFound(_("There is no such transfer, or it does not wait for you."))
    act = request.POST.get("act", "")
    people = transfers.officers_for(row)
    accept = AcceptForm(request.POST if act == "accept" else None, people=people)
    decline = DeclineForm(request.POST if act == "decline" else None)
    try:
        if accept.is_valid():
            officer = accept.cleaned_data["person"]
            case = transfers.accept_transfer(row, officer=officer, by=request.user)
            words = {"person": officer, "reference": case.reference}
            messages.success(request, _("%(person)s is the officer of %(reference)s now.") % words)
            return _to_case(request, case)
        if decline.is_valid():
            reason = decline.cleaned_data["reason"]
            transfers.decline_transfer(row, reason=reason, by=request.user)
            messages.success(request, _("The case stays with its office."))
            return redirect("cases:work")
    except BadInput as error:
        (accept if act == "accept" else decline).add_error(None, str(error.message))
    refused_choices(request, accept, "person", case=row.case_id)
    context = {
        "row": row,
        "told": told(door.open_offer(row, by=request.user)),
        "accept": accept,
        "decline": decline,
        "people": people,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/offer.html", context, status=status)


def _to_case(request: StaffRequest, case: Case) -> HttpResponse:
    if access_to(request.user, [case.pk]):
        return redirect("cases:detail", reference=case.reference)
    return redirect("cases:work")
