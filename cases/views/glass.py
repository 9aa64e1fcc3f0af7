"""Breaking the glass: a case that is there and restricted, opening it in an emergency, who was told."""

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.refusals import refused, refused_choices
from cases.access_forms import GlassForm
from cases.glass_pages import broken_glass
from cases.models import Case, GlassNotice
from cases.selectors import get_case_for
from cases.services import glass
from core.access import require
from core.exceptions import BadInput, NotFound, WrongState
from core.http import StaffRequest
from core.rights import Right


def restricted(request: StaffRequest, case: Case) -> HttpResponse:
    """There is such a case, and nothing else about it, for somebody who may break its glass."""
    refused(request, cases=[case.pk])
    return render(request, "cases/restricted.html", {"reference": case.reference}, status=403)


@require_http_methods(["GET", "POST"])
@require(Right.GLASS_BREAK)
def break_glass(request: StaffRequest, reference: str) -> HttpResponse:
    """Open a case for an hour, in an emergency."""
    case = glass.restricted_case(request.user, reference)
    if case is None:
        get_case_for(request.user, reference)  # which ends here, unless the person sees the case
        return redirect("cases:detail", reference=reference)
    return _break_glass(request, case)


@reauthentication_required
def _break_glass(request: StaffRequest, case: Case) -> HttpResponse:
    """After a fresh sign-in, which leads back here with what was typed."""
    form = GlassForm(request.POST or None, classes=request.user.classes)
    if request.method == "POST" and form.is_valid():
        try:
            glass.break_glass(case, **form.cleaned_data, by=request.user)
            return redirect("cases:detail", reference=case.reference)
        except (BadInput, WrongState) as error:
            form.add_error(None, str(error.message))
    refused_choices(request, form, "classes", case=case.pk)
    context = {"reference": case.reference, "form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/break_glass.html", context, status=status)


@require_POST
@require(Right.CASE_READ)
def end_glass(request: StaffRequest, reference: str) -> HttpResponse:
    """End it before the hour is over."""
    broken = glass.open_glass(request.user).filter(case__reference=reference).first()
    if broken is None:
        raise NotFound(_("There is no such case, or you have no emergency access to it."))
    glass.end_glass(broken, by=request.user)
    messages.success(request, _("You no longer see %s.") % reference)
    return redirect("home")


@require_GET
@require(Right.GLASS_OVERSEE)
def overview(request: StaffRequest) -> HttpResponse:
    """Every time the glass was broken, the newest first: who, which case, when; nothing of the case."""
    before = _uuid(request.GET.get("before"))
    rows, more = broken_glass(by=request.user, before=before)
    context = {"rows": rows, "more": more, "is_first_page": before is None}
    return render(request, "cases/broken_glass.html", context)


@require_POST
def note_seen(request: StaffRequest, notice: UUID) -> HttpResponse:
    """Note that one saw what one was told."""
    row = GlassNotice.objects.filter(pk=notice, to=request.user).first()
    if row is None:
        raise NotFound(_("There is no such notice."))
    glass.note_seen(row, by=request.user)
    return redirect("home")


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
