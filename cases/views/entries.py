"""Adding and changing what a case file holds several of."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from audit.refusals import refused_choices
from cases import door
from cases.entries import ENTRY_KINDS, EntryKind, may_write
from cases.facts import is_child
from cases.models import Case
from cases.selectors import get_case_for, victim_of
from cases.services import casework
from cases.uploads import WRITERS
from cases.views import changing
from cases.views.frame import case_frame
from core.access import require
from core.exceptions import NotAllowed, NotFound
from core.http import StaffRequest


@require_http_methods(["GET", "POST"])
@require(*WRITERS)
def add(request: StaffRequest, reference: str, kind: str) -> HttpResponse:
    """Add an entry of this kind."""
    entry_kind = _kind(kind, request.user)
    case, access = get_case_for(request.user, reference)
    if not may_write(entry_kind, request.user, access):
        raise NotAllowed(_("This part of the case is not shared with you for writing."))
    is_sent = request.method == "POST"
    form = entry_kind.form(
        request.POST if is_sent else None,
        initial=entry_kind.initial(case),
        classes=access.write,
        **_by_age(entry_kind, case, request.user),
    )
    if is_sent and form.is_valid():
        casework.record_entry(case, entry_kind, form.content(), by=request.user)
        messages.success(request, _("Saved."))
        return redirect("cases:detail", reference=reference)
    if "cls" in form.fields:
        refused_choices(request, form, "cls", case=case.pk)
    context = case_frame(request, case, access) | {"form": form, "kind": entry_kind}
    return render(request, entry_kind.form_template, context, status=422 if is_sent else 200)


@require_http_methods(["GET", "POST"])
@require(*WRITERS)
def change(request: StaffRequest, reference: str, kind: str, entry: UUID) -> HttpResponse:
    """Complete or correct an entry; what it said before stays in its history."""
    entry_kind = _kind(kind, request.user)
    case, access = get_case_for(request.user, reference)
    row = entry_kind.model._default_manager.filter(pk=entry, case=case).first()
    if row is None or entry_kind.changed is None:
        raise NotFound(_("There is no such entry, or it is not shared with you."))
    if not may_write(entry_kind, request.user, access):
        raise NotAllowed(_("This part of the case is not shared with you for writing."))
    [sections] = door.open_rows([row], by=request.user)
    before = sections["content"]
    form = entry_kind.form(
        request.POST or None,
        initial=before.as_dict(),
        classes=access.write,
        **_by_age(entry_kind, case, request.user),
    )

    def write(revision: int) -> None:
        content = form.content(before)
        casework.change_entry(
            row, entry_kind, content, before=before, revision=revision, by=request.user
        )

    context = case_frame(request, case, access) | {"kind": entry_kind}
    template = entry_kind.form_template
    return changing.change(request, row, form, write, template=template, context=context)


def _by_age(kind: EntryKind, case: Case, user: User) -> dict[str, bool | None]:
    """For a form that depends on it: is the person a child, as far as this user may know?"""
    if not kind.form.BY_AGE:
        return {}
    [sections] = door.open_rows([victim_of(case)], by=user, classes=["identity"])
    identity = sections.get("identity")
    return {"is_child": is_child(getattr(identity, "birthdate", ""), timezone.localdate())}


def _kind(name: str, user: User) -> EntryKind:
    """The kind of this name, for somebody whose role lets them write such entries."""
    if name not in ENTRY_KINDS:
        raise NotFound(_("There is no such entry, or it is not shared with you."))
    kind = ENTRY_KINDS[name]
    if not any(user.has_right(right) for right in kind.rights):
        raise NotAllowed(_("Your role does not include this page."))
    return kind
