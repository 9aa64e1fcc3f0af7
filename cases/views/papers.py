"""Papers about a case as PDF files. What is in them travels in the answer alone, never in an address."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.confirming import confirmed
from cases.access import access_to
from cases.models import Case
from cases.paper_forms import SummaryPaperForm
from cases.papers import Paper, as_pdf, in_language
from cases.selectors import get_case_for
from cases.summaries import summary
from cases.views.frame import case_frame
from core.access import require
from core.downloads import file_answer
from core.exceptions import NotAllowed
from core.http import StaffRequest
from core.rights import Right


@require_http_methods(["GET", "POST"])
@require(Right.CASE_EXPORT)
def paper_summary(request: StaffRequest, reference: str) -> HttpResponse:
    """Choose what a summary of the case holds, and get it."""
    case, _access = get_case_for(request.user, reference)
    return _summary(request, case)


@confirmed
def _summary(request: StaffRequest, case: Case) -> HttpResponse:
    """After a fresh sign-in, which leads back here with what was typed."""
    access = access_to(request.user, [case.pk], glass=False).get(case.pk)
    if access is None:
        raise NotAllowed(_("You see this case by emergency access: nothing is taken out."))
    form = SummaryPaperForm(request.POST or None, classes=access.read)
    if request.method == "POST" and form.is_valid():
        paper = summary(case, **form.cleaned_data, by=request.user)
        return paper_answer(paper, form.cleaned_data["language"], "summary")
    context = case_frame(request, case, access) | {"form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/paper_summary.html", context, status=status)


def paper_answer(paper: Paper, language: str, name: str) -> HttpResponse:
    """The paper as a PDF in a language of papers, to be saved under a name that tells of nobody."""
    with in_language(language):
        pdf = as_pdf(paper)
    return file_answer(pdf, "application/pdf", f"{name}.pdf")
