"""Who can see a case: giving access and taking it back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import RoleHolding, Team, User
from accounts.roles import ROLES
from audit.refusals import refused_choices
from cases.explained import team_name
from cases.forms import GrantForm
from cases.models import Case, CaseTeamGrant, CaseUserGrant
from cases.selectors import get_case_for
from cases.services import grants
from cases.views.frame import case_frame
from core.access import require
from core.classes import SHORT_NAMES
from core.exceptions import BadInput, NotFound
from core.http import StaffRequest
from core.rights import Right
from core.sorting import by_words


@require_http_methods(["GET", "POST"])
@require(Right.GRANT_GIVE)
def sharing(request: StaffRequest, reference: str) -> HttpResponse:
    """Everyone who can open the case, and a form to let in one more."""
    case, access = get_case_for(request.user, reference)
    grants.check_can_grant(request.user, case, ())
    form = GrantForm(
        request.POST or None,
        people=[person for person in readers() if person != request.user],
        teams={team: team_name(team) for team in _teams()},
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
                starts=form.starts(),
                ends=form.ends(),
                reason=data["reason"],
                note=data["note"],
                by=request.user,
            )
            messages.success(request, _("The case is shared with %s.") % _called(data["to"]))
            return redirect("cases:sharing", reference=reference)
        except BadInput as error:
            form.add_error(None, str(error.message))
    refused_choices(request, form, "to", "classes", case=case.pk)
    context = case_frame(request, case, access) | {"form": form, "grants": _grants_of(case)}
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/sharing.html", context, status=status)


@require_POST
@require(Right.GRANT_GIVE)
def revoke(request: StaffRequest, reference: str, grant: UUID) -> HttpResponse:
    """Take one grant back."""
    case, _access = get_case_for(request.user, reference)
    for model in (CaseUserGrant, CaseTeamGrant):
        row = model.objects.filter(pk=grant, content_object=case).first()
        if row is not None:
            break
    else:
        raise NotFound(_("There is no such access."))
    grants.revoke_grant(row, by=request.user)
    messages.success(request, _("Access is taken back."))
    return redirect("cases:sharing", reference=reference)


def readers() -> list[User]:
    """Active people whose role can open something of a case, by name."""
    roles = [code for code, role in ROLES.items() if role.classes]
    held = RoleHolding.objects.now().filter(role__in=roles)
    people = User.objects.filter(is_active=True, pk__in=held.values("user"))
    return sorted(people.select_related("office"), key=by_words)


def _teams() -> list[Team]:
    """Teams that somebody is in, by what they are called."""
    teams = Team.objects.filter(memberships__ended_at=None, memberships__isnull=False).distinct()
    return sorted(teams.select_related("group__office"), key=lambda one: by_words(team_name(one)))


def _called(to: User | Team) -> str:
    return team_name(to) if isinstance(to, Team) else str(to)


def _grants_of(case: Case) -> list[dict[str, Any]]:
    now = timezone.now()
    people = CaseUserGrant.objects.filter(content_object=case).select_related("user")
    teams = CaseTeamGrant.objects.filter(content_object=case)
    teams = teams.select_related("group__team", "group__office")
    rows = [
        {
            "grant": grant,
            "who": _called(grant.user if isinstance(grant, CaseUserGrant) else grant.group.team),
            "classes": [SHORT_NAMES[code] for code in grant.classes],
            "may_write": grant.permission.codename == "write_case",
            "is_live": grant.revoked_at is None and grant.starts <= now < grant.ends,
            "is_to_come": grant.revoked_at is None and now < grant.starts,
            "may_revoke": now < grant.ends and grants.is_revocable(grant),
        }
        for grant in [*people.select_related("permission"), *teams.select_related("permission")]
    ]
    return sorted(rows, key=lambda row: (not row["is_live"], row["grant"].starts))
