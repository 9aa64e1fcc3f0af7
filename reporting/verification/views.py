"""Pages of exact tables: asking for one, deciding on it, looking at it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.confirming import confirmed
from core.access import require
from core.exceptions import BadInput
from core.http import StaffRequest
from core.rights import Right
from reporting.forms import FIRST_TABLE, LEVEL_CHOICES
from reporting.models import Verification, VerificationState
from reporting.services import latest_snapshot, surface_of
from reporting.tables import Table, title_of
from reporting.verification import services
from reporting.verification.forms import VerificationForm


@require_http_methods(["GET", "POST"])
@require(Right.STATISTICS_VERIFY)
@confirmed
def ask(request: StaffRequest) -> HttpResponse:
    """Ask to see one table exactly; and what was asked for."""
    user, is_sent = request.user, request.method == "POST"
    context: dict[str, object] = {
        "verifications": [
            (one, title_of(one.definition)) for one in services.verifications_of(user)
        ]
    }
    status = 200
    if snapshot := latest_snapshot():
        surface = surface_of(snapshot.pk)
        form = VerificationForm(request.POST if is_sent else None, surface=surface)
        form.initial = FIRST_TABLE
        if form.is_valid():
            try:
                note = form.cleaned_data["note"]
                asked = services.ask_to_verify(form.definition, note=note, by=user)
                messages.success(request, _("You asked for the table. Somebody else decides."))
                return redirect("verification:one", asked.pk)
            except BadInput as error:
                form.add_error(None, str(error.message))
        context["form"] = form
        status = 422 if is_sent else 200
    return render(request, "reporting/verifications.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.STATISTICS_VERIFY)
@confirmed
def verification(request: StaffRequest, asked: UUID) -> HttpResponse:
    """A table that was asked for: decide on it, or look at it."""
    found = services.verification_for(request.user, asked)
    note = request.POST.get("note", "")
    match request.POST.get("act"):
        case "look":
            look = services.look_at_exact(found, by=request.user)
            context = _context(request, found) | {
                "look": look,
                "layers": _side_by_side(look.protected, look.exact),
            }
            return render(request, "reporting/verification.html", context)
        case "approve":
            services.approve_verification(found, note=note, by=request.user)
            messages.success(request, _("Approved. Whoever asked has half an hour to look."))
        case "decline":
            services.decline_verification(found, note=note, by=request.user)
            messages.success(request, _("Declined. Nobody sees the figures."))
        case _act:
            return render(request, "reporting/verification.html", _context(request, found))
    return redirect("verification:list")


def _context(request: StaffRequest, asked: Verification) -> dict[str, object]:
    is_own = asked.asked_by_id == request.user.pk
    is_open = not asked.is_over
    return {
        "asked": asked,
        "title": title_of(asked.definition),
        "level": LEVEL_CHOICES[str(asked.definition.level)],
        "note": services.note_of(asked),
        "answer": services.answer_of(asked),
        "is_own": is_own,
        "is_over": asked.is_over and asked.state != VerificationState.DECLINED,
        "may_look": is_own and is_open and asked.state == VerificationState.APPROVED,
        "may_decide": not is_own and is_open and asked.state == VerificationState.ASKED,
    }


def _side_by_side(protected: Table, exact: Table) -> list[list[dict[str, object]]]:
    """For each layer the exact table and the protected one, each with what it prints."""
    return [
        [
            {
                "table": table,
                "layer": layer,
                "lines": list(zip(table.rows, layer.cells, layer.row_totals, strict=True)),
                "is_exact": table is exact,
            }
            for table, layer in ((exact, own), (protected, other))
        ]
        for own, other in zip(exact.layers, protected.layers, strict=True)
    ]
