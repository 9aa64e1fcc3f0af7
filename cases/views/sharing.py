"""Who can see a case: giving access and taking it back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.roles import ROLES
from cases.forms import GrantForm
from cases.models import FIRST_REASONS, Case, CaseTeamGrant, CaseUserGrant
from cases.selectors import get_case_for
from cases.services import grants
from cases.views.frame import case_frame
from core.access import require
from core.classes import SHORT_NAMES
from core.exceptions import BadInput, NotFound
from core.http import StaffRequest
from core.rights import Right


@require_http_methods(["GET", "POST"])
@require(Right.GRANT_GIVE)
def sharing(request: StaffRequest, reference: str) -> HttpResponse:
    """Everyone who can open the case, and a form to let in one more."""
    case, access = get_case_for(request.user, reference)
    form = GrantForm(
        request.POST or None,
        people=_people_to_share_with(request.user),
        own_classes=access.read,
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            grants.give_grant(
                case,
                to=data["to"],
                classes=data["classes"],
                may_write=data["may_write"],
                ends=form.ends(),
                reason=data["reason"],
                note=data["note"],
                by=request.user,
            )
            messages.success(request, _("%s can open the case now.") % data["to"])
            return redirect("cases:sharing", reference=reference)
        except BadInput as error:
            form.add_error(None, str(error.message))
    context = case_frame(request, case, access) | {"form": form, "grants": _grants_of(case)}
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/sharing.html", context, status=status)


@require_POST
@require(Right.GRANT_GIVE)
def revoke(request: StaffRequest, reference: str, grant: UUID) -> HttpResponse:
    """Take one grant back."""
    case, _access = get_case_for(request.user, reference)
    row = CaseUserGrant.objects.filter(pk=grant, content_object=case).first()
    if row is None:
        raise NotFound(_("There is no such access."))
    grants.revoke_grant(row, by=request.user)
    messages.success(request, _("Access is taken back."))
    return redirect("cases:sharing", reference=reference)


def _people_to_share_with(user: User) -> QuerySet[User]:
    """Active colleagues whose role can open something of a case."""
    readers = [code for code, role in ROLES.items() if role.classes]
    people = User.objects.filter(is_active=True, role_holdings__role__in=readers)
    return people.exclude(pk=user.pk).distinct().order_by("display_name")


def _grants_of(case: Case) -> list[dict[str, Any]]:
    now = timezone.now()
    people = CaseUserGrant.objects.filter(content_object=case).select_related("user", "granted_by")
    teams = CaseTeamGrant.objects.filter(content_object=case).select_related("group", "granted_by")
    rows = [
        {
            "grant": grant,
            "who": grant.user
            if isinstance(grant, CaseUserGrant)
            else _("Supervisors of the office"),
            "classes": [SHORT_NAMES[code] for code in grant.classes],
            "may_write": grant.permission.codename == "write_case",
            "is_live": grant.revoked_at is None and grant.starts <= now < grant.ends,
            "may_revoke": grant.revoked_at is None and grant.reason not in FIRST_REASONS,
        }
        for grant in [*people.select_related("permission"), *teams.select_related("permission")]
    ]
    return sorted(rows, key=lambda row: (not row["is_live"], row["grant"].starts))
