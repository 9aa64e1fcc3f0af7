"""Letters as PDF files. What is in them travels in the answer alone, never in an address."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from assistance.letters.forms import CertificateForm, PlanPaperForm
from assistance.letters.letters import IDENTITY, referral_letter
from assistance.letters.letters import certificate as certificate_of
from assistance.models import Referral
from assistance.plans.paper import CLASS, plan_paper
from assistance.referrals.panel import is_shown_to
from cases.paper_forms import LanguageForm
from cases.selectors import get_case_for
from cases.services.casework import check_can_write
from cases.views.frame import case_frame
from cases.views.papers import paper_answer
from core.access import require
from core.exceptions import BadInput, NotFound
from core.http import StaffRequest
from core.rights import Right


@require_http_methods(["GET", "POST"])
@require(Right.CASE_EDIT)
def certificate(request: StaffRequest, reference: str) -> HttpResponse:
    """Choose what the certificate says, and get it."""
    case, access = get_case_for(request.user, reference)
    check_can_write(request.user, case, IDENTITY)
    form = CertificateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            paper = certificate_of(case, **form.cleaned_data, by=request.user)
            return paper_answer(paper, form.cleaned_data["language"], "certificate")
        except BadInput as error:
            form.add_error(None, str(error.message))
    context = case_frame(request, case, access) | {"form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "assistance/certificate.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_EDIT)
def plan(request: StaffRequest, reference: str) -> HttpResponse:
    """Choose the language of the support plan on paper, and get it."""
    case, access = get_case_for(request.user, reference)
    check_can_write(request.user, case, CLASS)
    form = PlanPaperForm(request.POST or None, reads_identity=IDENTITY in access.read)
    if request.method == "POST" and form.is_valid():
        data = {"tells_name": False} | form.cleaned_data
        try:
            paper = plan_paper(case, **data, by=request.user)
            return paper_answer(paper, data["language"], "plan")
        except BadInput as error:
            form.add_error(None, str(error.message))
    context = case_frame(request, case, access) | {"form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "assistance/plan_paper.html", context, status=status)


@require_POST
@require(Right.CASE_EDIT)
def letter(request: StaffRequest, reference: str, referral: UUID) -> HttpResponse:
    """The letter of a referral."""
    case, _access = get_case_for(request.user, reference)
    check_can_write(request.user, case, IDENTITY)
    row = Referral.objects.select_related("to", "grant").filter(pk=referral, case=case).first()
    if row is None or not is_shown_to(request.user, row, case):
        raise NotFound(_("There is no such referral, or it is not shared with you."))
    form = LanguageForm(request.POST)
    language = form.cleaned_data["language"] if form.is_valid() else "en"
    paper = referral_letter(row, language=language, by=request.user)
    return paper_answer(paper, language, "referral")
