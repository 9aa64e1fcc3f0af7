"""Erasure: what is due, asking and deciding, and what is left of a case afterwards."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.confirming import confirmed
from audit import trail
from audit.verbs import Verb
from cases import certificates, keeping
from cases.access import Access, may_act
from cases.keeping_forms import AskForm, DecisionForm
from cases.models import Case, ErasureRequest, ErasureState
from cases.selectors import get_case_for, get_case_or_tombstone_for
from cases.services import erasure
from cases.views.frame import case_frame
from core.access import require
from core.downloads import file_answer, gives_file
from core.exceptions import NotAllowed, NotFound, WrongState
from core.http import StaffRequest
from core.rights import Right


@require_GET
@require(Right.ERASURE_ASK, Right.ERASURE_DECIDE)
def due(request: StaffRequest) -> HttpResponse:
    """Cases that were kept long enough, and erasures that wait or are not finished."""
    after = _uuid(request.GET.get("after"))
    cases, more = keeping.due_page(request.user, after=after)
    requests = [] if after else keeping.requests_for(request.user)
    named = dict.fromkeys([*(case.pk for case in cases), *(one.case_id for one in requests)])
    keeping.record_listing(list(named), by=request.user)
    may_decide = request.user.has_right(Right.ERASURE_DECIDE)
    context = {
        "cases": cases,
        "more": more,
        "is_first_page": after is None,
        "waiting": [one for one in requests if one.state == ErasureState.ASKED],
        "unfinished": [one for one in requests if one.state == ErasureState.APPROVED],
        "may_ask": request.user.has_right(Right.ERASURE_ASK),
        "may_decide": may_decide,
        "damaged": keeping.damaged_lines() if may_decide else [],
    }
    return render(request, "cases/due.html", context)


@require_http_methods(["GET", "POST"])
@require(Right.ERASURE_ASK)
def ask(request: StaffRequest, reference: str) -> HttpResponse:
    """Ask that a case be erased."""
    case, access = get_case_for(request.user, reference)
    return _ask(request, case, access)


@confirmed
def _ask(request: StaffRequest, case: Case, access: Access) -> HttpResponse:
    """After a fresh sign-in, which leads back here with what was typed."""
    if erasure.open_request(case) is not None:
        return redirect("cases:detail", reference=case.reference)
    initial = {"reason": "retention_over"} if erasure.is_due(case) else {}
    form = AskForm(request.POST or None, case_reference=case.reference, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            erasure.ask_for_erasure(case, reason=data["reason"], note=data["note"], by=request.user)
            messages.success(request, _("You asked for the erasure. Somebody else has to decide."))
            return redirect("cases:detail", reference=case.reference)
        except WrongState as error:
            form.add_error(None, str(error.message))
    context = case_frame(request, case, access) | {"form": form, "is_due": erasure.is_due(case)}
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/erase.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.ERASURE_DECIDE)
def decide(request: StaffRequest, reference: str) -> HttpResponse:
    """Approve or decline what somebody else asked for."""
    case, access = get_case_for(request.user, reference)
    asked = erasure.open_request(case)
    if asked is None:
        raise NotFound(_("Nobody asked for the erasure of this case, or it was decided."))
    return _decide(request, case, access, asked)


@confirmed
def _decide(
    request: StaffRequest, case: Case, access: Access, asked: ErasureRequest
) -> HttpResponse:
    """After a fresh sign-in, which leads back here with what was typed."""
    form = DecisionForm(request.POST or None, case_reference=case.reference)
    if request.method == "POST" and form.is_valid():
        note = form.cleaned_data["note"]
        if form.cleaned_data["decision"] == DecisionForm.DECLINE:
            erasure.decline_erasure(asked, note=note, by=request.user)
            messages.success(request, _("The case is kept."))
        else:
            done = erasure.approve_erasure(asked, note=note, by=request.user)
            if done.state == ErasureState.FINISHED:
                messages.success(request, _("The case is erased."))
        return redirect("cases:detail", reference=case.reference)
    context = case_frame(request, case, access) | {
        "form": form,
        "asked": asked,
        "note": keeping.note_of(asked, by=request.user),
        "is_own": asked.asked_by_id == request.user.pk,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/decide.html", context, status=status)


def tombstone(request: StaffRequest, case: Case, access: Access) -> HttpResponse:
    """The page of a case that is erased, or whose erasure is not finished yet."""
    trail.record(Verb.CASE_VIEWED, by=request.user, cases=[case.pk])
    context = case_frame(request, case, access) | {"unfinished": erasure.open_request(case)}
    return render(request, "cases/erased.html", context)


@gives_file
@require_GET
@require(Right.CASE_READ)
def certificate(request: StaffRequest, reference: str) -> HttpResponse:
    """The certificate as a text that can be checked."""
    text = certificates.as_text(_certificate(request, reference, "text"))
    return file_answer(text.encode(), "text/plain; charset=utf-8", f"{reference}-erasure.txt")


@gives_file
@require_GET
@require(Right.CASE_READ)
def certificate_pdf(request: StaffRequest, reference: str) -> HttpResponse:
    """The certificate to be printed."""
    pdf = certificates.as_pdf(_certificate(request, reference, "pdf"))
    return file_answer(pdf, "application/pdf", f"{reference}-erasure.pdf")


def _certificate(request: StaffRequest, reference: str, form: str) -> certificates.Certificate:
    case, _access = get_case_or_tombstone_for(request.user, reference)
    if case.erased_on is None:
        raise NotFound(_("This case was not erased."))
    if not may_act(request.user, case.pk, Right.CASE_READ):
        raise NotAllowed(_("You see this case by emergency access: nothing is taken out."))
    trail.record(Verb.CERTIFICATE_GIVEN, by=request.user, cases=[case.pk], reason=form)
    return certificates.certificate_of(case)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
