"""Who works on a case, and who must not: handing it over, and conflicts of interest."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from audit.refusals import refused_choices
from cases import door
from cases.access import Access
from cases.access_forms import ExclusionForm, HandOverAllForm, HandOverForm
from cases.models import Case
from cases.presenters import told
from cases.selectors import get_case_for
from cases.services import exclusions, grants
from cases.views.frame import case_frame
from cases.views.sharing import readers
from core.access import require
from core.exceptions import BadInput, NotFound, WrongState
from core.http import StaffRequest
from core.rights import Right

ASSIGNERS = (Right.GRANT_GIVE, Right.CASE_ASSIGN)


@require_http_methods(["GET", "POST"])
@require(*ASSIGNERS)
def hand_over(request: StaffRequest, reference: str) -> HttpResponse:
    """Make somebody else the officer of the case."""
    case, access = _find(request, reference)
    people = [one for one in readers() if grants.could_take_over(one, case)]
    form = HandOverForm(request.POST or None, people=people)
    if request.method == "POST" and form.is_valid():
        to, note = form.cleaned_data["person"], form.cleaned_data["note"]
        grants.hand_over(case, to=to, note=note, by=request.user)
        told_to = {"reference": reference, "person": to}
        messages.success(request, _("%(person)s is the officer of %(reference)s now.") % told_to)
        return redirect("cases:list")
    refused_choices(request, form, "person", case=case.pk)
    context = case_frame(request, case, access) | {"form": form, "people": people}
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/hand_over.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_ASSIGN)
def hand_over_all(request: StaffRequest) -> HttpResponse:
    """Make somebody else of the office the officer of all cases of a colleague, who may be gone."""
    of_office = User.objects.filter(office=request.user.office).order_by("display_name")
    living = Case.objects.filter(erased_on=None)
    officers = list(of_office.filter(Exists(living.filter(owner=OuterRef("pk")))))
    people = [one for one in of_office.filter(is_active=True) if grants.can_be_officer(one)]
    form = HandOverAllForm(request.POST or None, officers=officers, people=people)
    if request.method == "POST" and form.is_valid():
        of, to = form.cleaned_data["officer"], form.cleaned_data["person"]
        handed, left = grants.hand_over_all(
            of, to=to, note=form.cleaned_data["note"], by=request.user
        )
        told_to = {"person": to, "number": len(handed)}
        messages.success(request, _("Handed over to %(person)s: %(number)s cases.") % told_to)
        if left:
            rest = {"person": to, "cases": ", ".join(case.reference for case in left)}
            words = _("%(person)s cannot be the officer of these cases: %(cases)s.")
            messages.warning(request, words % rest)
        return redirect("cases:list")
    refused_choices(request, form, "officer", "person")
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/hand_over_all.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@require(*ASSIGNERS)
def conflicts(request: StaffRequest, reference: str) -> HttpResponse:
    """Who is excluded from the case, and a form to exclude one more."""
    case, access = _find(request, reference)
    form = ExclusionForm(request.POST or None, people=readers())
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            exclusions.exclude(case, **data, by=request.user)
            messages.success(request, _("%s sees nothing of this case any more.") % data["person"])
            is_own = data["person"] == request.user
            return redirect("cases:list") if is_own else redirect("cases:conflicts", reference)
        except (BadInput, WrongState) as error:
            form.add_error(None, str(error.message))
    refused_choices(request, form, "person", case=case.pk)
    rows = list(case.exclusions.select_related("user").order_by("until", "-since"))
    opened = door.open_rows([case, *rows], by=request.user)[1:]
    context = case_frame(request, case, access) | {
        "form": form,
        "exclusions": [
            (row, told(sections["grounds"]) if "grounds" in sections else [])
            for row, sections in zip(rows, opened, strict=True)
        ],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/conflicts.html", context, status=status)


@require_POST
@require(*ASSIGNERS)
def end_conflict(request: StaffRequest, reference: str, exclusion: UUID) -> HttpResponse:
    """End an exclusion."""
    case, _access = _find(request, reference)
    row = case.exclusions.filter(pk=exclusion).first()
    if row is None:
        raise NotFound(_("There is no such exclusion."))
    try:
        exclusions.end_exclusion(row, note=request.POST.get("note", ""), by=request.user)
        messages.success(request, _("%s is not excluded any more.") % row.user)
    except BadInput as error:
        messages.error(request, error.message)
    return redirect("cases:conflicts", reference=reference)


def _find(request: StaffRequest, reference: str) -> tuple[Case, Access]:
    """A case this person may assign. Raises NotFound and NotAllowed."""
    case, access = get_case_for(request.user, reference)
    grants.check_can_assign(request.user, case)
    return case, access
