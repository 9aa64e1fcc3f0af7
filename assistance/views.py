"""Recording assistance. Its kind travels in the body of a request, never in an address."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from assistance import services
from assistance.forms import FORMS, Choices, Files
from assistance.models import Assistance, SupportPlan
from assistance.offers.offers import offer_of
from assistance.plans.agreements import AGREEMENT, AgreementForm, mark_of, record_agreement
from assistance.plans.goals import SUPPORT_PLAN
from assistance.providers.directory import names_for, services_to_find
from assistance.reference import KINDS
from assistance.sections import SCHEMAS, SupportPlanContent
from assistance.sections import Assistance as Content
from assistance.sittings import SESSION, SessionForm, hold_session
from audit.refusals import refused
from audit.verbs import Verb
from cases import door, drafts
from cases.access import Access
from cases.entries import may_write
from cases.models import Attachment, AttachmentState, Case
from cases.presenters import told
from cases.sections import FileContent
from cases.selectors import get_case_for
from cases.services.casework import check_can_write
from cases.views import changing
from cases.views.frame import case_frame
from core.access import require
from core.exceptions import Conflict, NotAllowed, NotFound, WrongState
from core.http import StaffRequest
from core.rights import Right


@require_http_methods(["GET", "POST"])
@require(Right.ASSISTANCE_RECORD)
def record(request: StaffRequest, reference: str) -> HttpResponse:
    """Choose a kind, fill in its form, save: one address for all three."""
    case, access = get_case_for(request.user, reference)
    offer = offer_of(case.office)
    kinds = [(kind, label) for kind, label in kinds_for(access) if kind not in offer.off]
    if not kinds:
        raise NotAllowed(
            _("No part of this case that assistance is recorded in is shared with you for writing.")
        )
    typed = drafts.resumed(request) or request.POST
    kind = typed.get("kind", "")
    frame = case_frame(request, case, access) | {"kinds": kinds}
    if kind not in dict(kinds):
        if is_refused := kind in KINDS:
            refused(request, cases=[case.pk])
        status = 422 if is_refused else 200
        return render(request, "assistance/choose.html", frame, status=status)
    is_sent = "status" in request.POST
    choices = _choices(request, case, access, SCHEMAS[kind])
    form = FORMS[kind](request.POST if is_sent else None, choices=choices)
    if is_sent and form.is_valid():
        services.record_assistance(
            case, content=form.content(), by=request.user, **form.open_values()
        )
        messages.success(request, _("Assistance is recorded."))
        return redirect("cases:detail", reference=reference)
    context = frame | {"form": form, "kind": kind, "kind_label": KINDS[kind]}
    context["to_find"] = services_to_find(request.user, kind)
    return render(request, "assistance/form.html", context, status=422 if is_sent else 200)


@require_http_methods(["GET", "POST"])
@require(Right.ASSISTANCE_RECORD)
def change(request: StaffRequest, reference: str, assistance: UUID) -> HttpResponse:
    """Complete or correct one record; what it said before stays in its history."""
    case, access, row, content = opened_record(request, reference, assistance)
    initial = content.as_dict() | {
        "status": row.status,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
    }
    choices = _choices(request, case, access, type(content))
    form = FORMS[content.KIND](request.POST or None, initial=initial, choices=choices)

    def write(revision: int) -> None:
        services.change_assistance(
            row,
            content=form.content(content),
            revision=revision,
            by=request.user,
            **form.open_values(),
        )

    context = case_frame(request, case, access) | {"row": row, "kind_label": KINDS[content.KIND]}
    context["to_find"] = services_to_find(request.user, content.KIND)
    return changing.change(
        request, row, form, write, template="assistance/form.html", context=context
    )


@require_http_methods(["GET", "POST"])
@require(Right.ASSISTANCE_RECORD)
def session(request: StaffRequest, reference: str, assistance: UUID) -> HttpResponse:
    """Add a session to a record: a short form with today in it."""
    case, access, row, content = opened_record(request, reference, assistance)
    is_sent = request.method == "POST"
    initial = {"held_by": request.user.display_name}
    form = SessionForm(request.POST if is_sent else None, classes=access.write, initial=initial)
    if is_sent and form.is_valid():
        hold_session(row, content, form, by=request.user)
        messages.success(request, _("The session is recorded."))
        return redirect("cases:detail", reference=reference)
    context = case_frame(request, case, access) | {"form": form, "kind": SESSION}
    return render(request, "cases/entry.html", context, status=422 if is_sent else 200)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_EDIT)
def agree(request: StaffRequest, reference: str) -> HttpResponse:
    """Record that the person agrees to the support plan, which stands above the form."""
    case, access = get_case_for(request.user, reference)
    if not may_write(AGREEMENT, request.user, access):
        raise NotAllowed(_("This part of the case is not shared with you for writing."))
    rows = list(SupportPlan.objects.filter(case=case))
    if not rows:
        raise WrongState(_("The plan has no goal yet that the person could agree to."))
    goals, files = _plan_and_files(rows, case, request)
    is_sent = request.method == "POST"
    form = AgreementForm(request.POST if is_sent else None, classes=access.write, files=files)
    if is_sent and form.is_valid():
        content, shown = form.content(), request.POST.get("shown", "")
        try:
            record_agreement(case, content, shown=shown, by=request.user)  # type: ignore[arg-type]
        except Conflict as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The agreement of the person is recorded."))
            return redirect("cases:detail", reference=reference)
    context = case_frame(request, case, access) | {
        "form": form,
        "kind": AGREEMENT,
        "goals": goals,
        "shown": mark_of(rows),
    }
    return render(request, "assistance/agree.html", context, status=422 if is_sent else 200)


def _plan_and_files(
    rows: list[SupportPlan], case: Case, request: StaffRequest
) -> tuple[list[tuple[str, Any]], Files]:
    """The goals as the page tells them, and the files that the signed paper can be among."""
    files = _files(case)
    opened = door.open_rows([*rows, *files], by=request.user, classes=["narrative"])
    contents = [sections["content"] for sections in opened[: len(rows)] if "content" in sections]
    goals = [
        (SUPPORT_PLAN.title(content), told(content, without=("plan_type",))) for content in contents
    ]
    return goals, _named(files, opened[len(rows) :], "narrative")


def _choices(request: StaffRequest, case: Case, access: Access, schema: type[Content]) -> Choices:
    """What a record of this kind can name. Goals are for those who read the plan."""
    rows = list(SupportPlan.objects.filter(case=case)) if "narrative" in access.read else []
    files = _files(case)
    classes = {"narrative", schema.CLASS} if rows else {schema.CLASS}
    # A damaged file is recorded and not offered; it keeps nobody from recording assistance.
    reading = {"by": request.user, "verb": Verb.CASE_VIEWED, "classes": classes}
    opened = [sections or {} for sections in door.open_each([*rows, *files], **reading)]
    return Choices(
        offer=offer_of(case.office),
        goals=[
            (str(row.pk), ": ".join([SUPPORT_PLAN.title(content), content.objectives[:60]]))
            for row, sections in zip(rows, opened, strict=False)
            if isinstance(content := sections.get("content"), SupportPlanContent)
        ],
        files=_named(files, opened[len(rows) :], schema.CLASS),
        providers=names_for(request.user, schema.KIND),
    )


def _files(case: Case) -> list[Attachment]:
    return list(case.attachments.exclude(state=AttachmentState.REMOVED))


def _named(files: list[Attachment], opened: list[door.Sections], cls: str) -> Files:
    """Those of these files that are of this class, and that opened."""
    return [
        (str(row.pk), f"{content.name}, {date_format(row.added_on, 'DATE_FORMAT')}")
        for row, sections in zip(files, opened, strict=True)
        if isinstance(content := sections.get("content"), FileContent) and content.cls == cls
    ]


def opened_record(
    request: StaffRequest, reference: str, assistance: UUID
) -> tuple[Case, Access, Assistance, Content]:
    """A record, opened, for somebody who may write its class. Raises NotFound and NotAllowed."""
    case, access = get_case_for(request.user, reference)
    row = Assistance.objects.filter(pk=assistance, case=case).first()
    sections = door.open_rows([row], by=request.user)[0] if row else {}
    content = sections.get("content")
    if row is None or not isinstance(content, Content):
        raise NotFound(_("There is no such record, or it is not shared with you."))
    check_can_write(request.user, case, content.CLASS)
    return case, access, row, content


def kinds_for(access: Access) -> list[tuple[str, Any]]:
    """(kind, label) of the kinds whose class this person may write in the case."""
    return [(kind, KINDS[kind]) for kind, schema in SCHEMAS.items() if schema.CLASS in access.write]
