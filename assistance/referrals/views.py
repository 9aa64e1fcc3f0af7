"""Referring a case to an organisation, answering, and what waits. What for travels in the body of a
request, never in an address."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.confirming import confirmed
from assistance.letters.forms import LanguageForm
from assistance.models import Override, Referral
from assistance.providers.directory import told_of_agencies
from assistance.referrals import overrides, services
from assistance.referrals.forms import DecideForm, ReferralForm, SaidForm
from assistance.referrals.panel import feedback_of, is_at_a_desk, is_shown_to, told_of
from assistance.referrals.table import BUTTONS, IMPOSSIBLE, OPEN, SERVICES, WAITING, Side
from assistance.sections import ReferralContent
from audit.refusals import refused, refused_choices
from audit.verbs import Verb
from cases import door, drafts
from cases.access import access_to
from cases.consents import REFERRAL, covering
from cases.keeping import note_of
from cases.models import Case
from cases.selectors import case_rows, get_case_for
from cases.services import grants
from cases.views.frame import case_frame
from core.access import require
from core.classes import SHORT_NAMES
from core.exceptions import BadInput, NotFound
from core.http import StaffRequest, revision_of
from core.rights import Right


# --- Sending --------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@require(Right.GRANT_GIVE)
def refer(request: StaffRequest, reference: str) -> HttpResponse:
    """Choose what the person needs, fill in the form, send: one address for all three."""
    case, access = get_case_for(request.user, reference)
    grants.check_can_grant(request.user, case, ())
    typed = drafts.resumed(request) or request.POST
    service = typed.get("service", "")
    frame = case_frame(request, case, access) | {"services": SERVICES.items()}
    if service not in SERVICES:
        if is_refused := bool(service):
            refused(request, cases=[case.pk])
        return render(request, "assistance/refer.html", frame, status=422 if is_refused else 200)
    is_sent = "until" in request.POST
    found = covering(case, REFERRAL, by=request.user)
    form = ReferralForm(
        request.POST if is_sent else None,
        typed=typed,
        service=service,
        organisations=services.receivers(case),
        told=told_of_agencies(request.user, service),
        own_classes=access.read,
        terms=found[1] if found else None,
    )
    if is_sent and form.is_valid() and _send(request, case, form):
        return redirect("cases:detail", reference=reference)
    refused_choices(request, form, "to", "classes", case=case.pk)
    context = frame | {
        "form": form,
        "service": service,
        "service_name": SERVICES[service].name,
        "to_find": [(service, SERVICES[service].name)],
    }
    return render(request, "assistance/refer_form.html", context, status=422 if is_sent else 200)


def _send(request: StaffRequest, case: Case, form: ReferralForm) -> bool:
    """Send what was typed; False, with the reason on the form, when it cannot be sent so."""
    data, by = form.cleaned_data, request.user
    sent = {name: data[name] for name in ("to", "classes", "until", "answer_due")}
    try:
        if form.is_covered:
            services.send_referral(case, content=form.content(), by=by, **sent)
        else:
            why = {"ground": data["ground"], "note": data["note"]}
            overrides.ask_for_override(case, content=form.content(), by=by, **sent, **why)
    except BadInput as error:
        form.add_error(None, str(error.message))
        return False
    if form.is_covered:
        messages.success(request, _("The case is referred to %s.") % data["to"])
    else:
        messages.warning(request, _("Nothing is sent yet: a second person has to agree."))
    return True


# --- Answering and going on -----------------------------------------------------------
@require_http_methods(["GET", "POST"])
@require(Right.CASE_READ)
def referral(request: StaffRequest, reference: str, referral: UUID) -> HttpResponse:
    """One referral, for whoever sent it and whom it was sent to: what was sent, and the next steps."""
    case, access = get_case_for(request.user, reference)
    found = Referral.objects.select_related("to", "grant", "recorded_by").filter(
        pk=referral, case=case
    )
    row = found.first()
    if row is None or not is_shown_to(request.user, row, case):
        raise NotFound(_("There is no such referral, or it is not shared with you."))
    [sections] = door.open_rows([row], by=request.user)
    if not isinstance(content := sections.get("content"), ReferralContent):
        raise NotFound(_("There is no such referral, or it is not shared with you."))
    form = SaidForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _act(request, row, form.cleaned_data["said"])
        except BadInput as error:
            form.add_error("said", str(error.message))
    if request.method == "GET":
        row = services.note_received(row, by=request.user)
    sides = services.sides_of(request.user, row)
    answer: Any = sections.get("answer")
    context = case_frame(request, case, access) | {
        "row": row,
        "service_name": SERVICES[content.service].name,
        "classes": [SHORT_NAMES[cls] for cls in _classes_of(row)],
        "override": overrides.override_of(row),
        "told": told_of(content, answer),
        "form": form,
        "steps": [
            (status.value, BUTTONS[status])
            for status in services.steps_for(request.user, row)
            if status in BUTTONS
        ],
        "feedback": feedback_of(answer),
        "is_overdue": services.is_overdue(row),
        "is_running": (is_running := services.is_running(row)),
        "language": LanguageForm(),
        "may_write_letter": is_running and Side.SENDER in sides and "identity" in access.write,
        "may_say": Side.DESK in sides and row.status in OPEN,
        "may_replace": Side.SENDER in sides and row.status in IMPOSSIBLE,
    }
    return render(request, "assistance/referral.html", context, status=422 if form.errors else 200)


def _classes_of(row: Referral) -> list[str]:
    """What the other organisation gets to see, or would."""
    if row.grant is not None:
        return row.grant.classes  # type: ignore[no-any-return]
    asked = overrides.override_of(row)
    return asked.classes if asked else []


def _act(request: StaffRequest, row: Referral, said: str) -> HttpResponse:
    """Do what the button says that was pressed, and go where the person still sees something."""
    act, wrote = request.POST.get("act", ""), {"revision": revision_of(request), "by": request.user}
    match act:
        case "feedback":
            services.give_feedback(row, feedback=said, **wrote)
        case "fallback":
            services.record_fallback(row, fallback=said, **wrote)
        case _:
            services.take_step(row, act, said=said, **wrote)
    messages.success(request, _("Saved."))
    if access_to(request.user, [row.case_id]):
        return redirect("assistance:referral", reference=row.case.reference, referral=row.pk)
    return redirect("referrals")


# --- Without consent ------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@require(Right.OVERRIDE_DECIDE)
def override(request: StaffRequest, reference: str, referral: UUID) -> HttpResponse:
    """What somebody asks to send without consent, and the decision of a second person."""
    case, access = get_case_for(request.user, reference)
    row = Referral.objects.select_related("to").filter(pk=referral, case=case).first()
    asked = overrides.override_of(row) if row else None
    if row is None or asked is None:
        raise NotFound(_("There is no such request."))
    return _override(request, case_frame(request, case, access), row, asked)


@confirmed
def _override(
    request: StaffRequest, frame: dict[str, Any], row: Referral, asked: Override
) -> HttpResponse:
    """After a fresh sign-in, which leads back here with what was typed."""
    form = DecideForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        decided = {"note": form.cleaned_data["note"], "by": request.user}
        match request.POST.get("act"):
            case "approve":
                overrides.approve_override(asked, **decided)
                messages.success(request, _("The referral is sent. Your agreement is reviewed."))
                return redirect("referrals")
            case "decline":
                overrides.decline_override(asked, **decided)
                messages.success(request, _("Nothing is sent."))
                return redirect("referrals")
        form.add_error(None, _("Agree, or do not."))
    context = frame | {
        "row": row,
        "asked": asked,
        "note": note_of(asked, by=request.user),
        "classes": [SHORT_NAMES[cls] for cls in asked.classes],
        "is_own": asked.asked_by_id == request.user.pk,
        "form": form,
    }
    return render(request, "assistance/override.html", context, status=422 if form.errors else 200)


# --- What waits -----------------------------------------------------------------------
@require_GET
@require(Right.CASE_READ)
def referrals(request: StaffRequest) -> HttpResponse:
    """What was referred to the desk this person is at, and what is referred of their own cases."""
    lists = (services.referred_to(request.user), services.sent_by(request.user))
    asked = overrides.waiting_for(request.user)
    cases = {row.case_id for rows in (*lists, asked) for row in rows}
    listed = case_rows(list(cases), by=request.user, verb=Verb.CASE_LISTED)
    names = {line.case.pk: line.identity for line in listed}
    to_us, by_us = (
        [
            (row, names.get(row.case_id), services.is_overdue(row), row.status in WAITING)
            for row in rows
        ]
        for rows in lists
    )
    context = {
        "to_us": to_us,
        "by_us": by_us,
        "is_at_desk": is_at_a_desk(request.user),
        "may_refer": request.user.has_right(Right.GRANT_GIVE),
        "may_decide": request.user.has_right(Right.OVERRIDE_DECIDE),
        "asked": [(one, names.get(one.case_id)) for one in asked],
    }
    return render(request, "assistance/referrals.html", context)
