"""People who are referred to us: sending or taking down, the lists, and the answer."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Organisation
from audit.refusals import refused_choices
from cases import door
from cases.access import access_to
from cases.forms import SummaryForm
from cases.incoming import NO_SUCH, is_overdue, referred_to, sent_by
from cases.incoming_forms import (
    AcceptForm,
    ArrangedForm,
    DeclineIncomingForm,
    SendForm,
    TakeDownForm,
)
from cases.models import IncomingReferral, IncomingStatus
from cases.presenters import told
from cases.sections import CaseSummary, IncomingContact, IncomingPerson, IncomingTold
from cases.selectors import get_case_for
from cases.services import incoming as services
from cases.services.matching import whom_to_ask
from cases.views.finding import cases_found
from cases.views.registering import new_case_of, registration_forms
from core.access import require
from core.exceptions import BadInput, NotAllowed, NotFound
from core.http import StaffRequest
from core.rights import Right
from core.sorting import by_words

MOST = 100  # lines of a list
ASKED = (Right.CASE_REGISTER, Right.CASE_ASSIGN)  # who takes people in, or declines
REASON = "AdditionalServicesRequired"  # HTCDS: why somebody is referred at all
# Told in fields of their own when a case comes of it.
TOLD_APART = ("referring_organisation", "referring_case_worker", "referring_phone")
# These have fields of their own in a registration.
NAMED = ("second_name", "first_name", "middle_name", "birthdate", "primary_language")


# --- Lists ----------------------------------------------------------------------------
@require_GET
@require(*ASKED, Right.PERSON_REFER)
def incoming(request: StaffRequest) -> HttpResponse:
    """What this person's office is asked for, or what the person's organisation sent."""
    is_sender = request.user.has_right(Right.PERSON_REFER)
    found = sent_by(request.user) if is_sender else referred_to(request.user)
    context = {
        "rows": _lines(request, found),
        "is_sender": is_sender,
        "may_add": is_sender or request.user.has_right(Right.CASE_REGISTER),
    }
    return render(request, "cases/incoming.html", context)


def _lines(request: StaffRequest, found: QuerySet[IncomingReferral]) -> list[Any]:
    """(row, name and urgency as far as they may be read, is it overdue), what waits first."""
    related = found.select_related("office__organisation", "organisation", "recorded_by")
    waits = related.filter(status=IncomingStatus.RECEIVED).order_by("answer_due", "pk")[:MOST]
    over = related.exclude(status=IncomingStatus.RECEIVED).order_by("-decided_on", "-pk")
    rows = [*waits, *over[: MOST - len(waits)]]
    alive = [row for row in rows if row.erased_on is None]
    opened = dict(zip(alive, door.open_incoming(alive, by=request.user), strict=True))
    return [(row, opened.get(row, {}), is_overdue(row)) for row in rows]


# --- Coming in ------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@require(Right.PERSON_REFER, Right.CASE_REGISTER)
def add_incoming(request: StaffRequest) -> HttpResponse:
    """Refer a person to one of our offices, or take down what was told to one's own."""
    is_sender = request.user.has_right(Right.PERSON_REFER)
    form: SendForm | TakeDownForm
    if is_sender:
        form = SendForm(request.POST or None, offices=services.offices_to_ask())
    else:
        others = Organisation.objects.exclude(pk=request.user.organisation_id).order_by("name")
        form = TakeDownForm(request.POST or None, organisations=others)
    if request.method == "POST" and form.is_valid():
        names = ("office",) if is_sender else ("organisation", "received_on")
        values = {name: form.cleaned_data[name] for name in (*names, "answer_due")}
        receive = services.send_incoming if is_sender else services.take_down
        try:
            row = receive(form.referred(), **values, by=request.user)
            messages.success(request, _("Saved. The office is told on its start page."))
            return redirect("cases:incoming_one", incoming=row.pk)
        except BadInput as error:
            form.add_error(None, str(error.message))
    refused_choices(request, form, "office" if is_sender else "organisation")
    context = {"form": form, "is_sender": is_sender}
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/add_incoming.html", context, status=status)


# --- One ------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@require(*ASKED, Right.PERSON_REFER)
def incoming_one(request: StaffRequest, incoming: UUID) -> HttpResponse:
    """What is told of one person; the office declines here, and the sender withdraws."""
    row = _find(request, incoming)
    is_sender = sent_by(request.user).filter(pk=row.pk).exists()
    act = request.POST.get("act", "")
    form = DeclineIncomingForm(request.POST if act == "decline" else None)
    if act == "withdraw":
        services.withdraw_incoming(row, by=request.user)
        messages.success(request, _("The referral is withdrawn."))
        return redirect("cases:incoming_one", incoming=row.pk)
    if form.is_valid():
        because, advised = form.cleaned_data["declined_because"], form.cleaned_data["advised"]
        services.decline_incoming(row, because=because, advised=advised, by=request.user)
        messages.success(request, _("Declined. Whoever referred the person sees your answer."))
        return redirect("cases:incoming_one", incoming=row.pk)
    sections = {} if row.erased_on else _opened(row, request)
    waits = row.status == IncomingStatus.RECEIVED
    context = {
        "row": row,
        "parts": [(name, told(sections[name])) for name in row.SECTIONS if name in sections],
        "is_overdue": is_overdue(row),
        "is_sender": is_sender,
        "has_refused": _told_of(sections).agreed_to_be_referred == "no",
        "may_accept": services.may_accept(request.user, row),
        "may_decline": waits and not is_sender,
        "may_withdraw": waits and is_sender,
        "case": None if is_sender else row.became,
        "form": form,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/incoming_one.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_REGISTER)
def accept(request: StaffRequest, incoming: UUID) -> HttpResponse:
    """Is the person here already? Accept for that case, or go on to register them."""
    row = _to_accept(request, incoming)
    sections = _opened(row, request)
    form = AcceptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        case, _access = get_case_for(request.user, form.cleaned_data["case"])
        came, arranged = _came(row, sections), form.cleaned_data["arranged"]
        services.accept_for(row, case, referral=came, arranged=arranged, by=request.user)
        messages.success(request, _("Accepted. What was told stands in the case now."))
        return redirect("cases:detail", reference=case.reference)
    person = sections.get("person", IncomingPerson())
    assert isinstance(person, IncomingPerson)
    rows = cases_found(request, person.full_name) if person.full_name else []
    writable = access_to(request.user, [one.case.pk for one in rows], glass=False)
    context = {
        "row": row,
        "name": person.full_name,
        "rows": rows,
        "to_choose": [
            one.case
            for one in rows
            if one.case.pk in writable and "narrative" in writable[one.case.pk].write
        ],
        "to_ask": _whom_to_ask(person, sections, request),
        "form": form,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/accept_incoming.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_REGISTER)
def register_incoming(request: StaffRequest, incoming: UUID) -> HttpResponse:
    """Register the person with what was told of them; the case that comes out is the answer."""
    row = _to_accept(request, incoming)
    sections = _opened(row, request)
    forms = registration_forms(request, _initial(sections))
    forms["summary"] = SummaryForm(request.POST or None, initial=_came(row, sections).as_dict())
    forms["arranged"] = ArrangedForm(request.POST or None)
    checked = [form.is_valid() for form in forms.values()]
    if request.method == "POST" and all(checked):
        new_case = new_case_of(forms)
        arranged = forms["arranged"].cleaned_data["arranged"]
        done = services.accept_as_new(row, new_case, arranged=arranged, by=request.user)
        assert done.became is not None
        messages.success(request, _("Case %s is open.") % done.became.reference)
        return redirect("cases:detail", reference=done.became.reference)
    status = 422 if request.method == "POST" else 200
    context = {"forms": forms, "incoming": row}
    return render(request, "cases/register.html", context, status=status)


# --- What they have in common ---------------------------------------------------------
def _find(request: StaffRequest, pk: UUID) -> IncomingReferral:
    """One that is for this person or was sent by them. Raises NotFound."""
    for found in (referred_to(request.user), sent_by(request.user)):
        related = found.select_related("office__organisation", "organisation", "recorded_by")
        if (row := related.filter(pk=pk).select_related("became").first()) is not None:
            return row
    raise NotFound(NO_SUCH)


def _to_accept(request: StaffRequest, pk: UUID) -> IncomingReferral:
    """One that waits for this officer. Raises NotFound, and NotAllowed when it is not theirs."""
    row = _find(request, pk)
    if not services.may_accept(request.user, row):
        raise NotAllowed(_("This was answered already, or is for another office."))
    return row


def _opened(row: IncomingReferral, request: StaffRequest) -> door.Sections:
    """Its sections. Raises NotFound, and Damaged when bytes were changed or moved."""
    [sections] = door.open_incoming([row], by=request.user)
    if sections is None:
        raise door.Damaged([row.pk])
    return sections


def _told_of(sections: door.Sections) -> IncomingTold:
    found = sections.get("told", IncomingTold())
    assert isinstance(found, IncomingTold)
    return found


def _came(row: IncomingReferral, sections: door.Sections) -> CaseSummary:
    """How the case came to us, out of what was told."""
    what, person = _told_of(sections), sections.get("person", IncomingPerson())
    lines = [f"{label}: {text}" for label, text in told(person, without=NAMED)]
    lines += [f"{label}: {text}" for label, text in told(what, without=TOLD_APART)]
    return CaseSummary(
        referring_organisation=str(row.organisation or what.referring_organisation),
        incoming_referral_date=row.received_on,
        referring_case_worker=", ".join(
            filter(None, (what.referring_case_worker, what.referring_phone))
        ),
        reason_for_incoming_referral=REASON,
        incoming_referral_details="\n".join(lines),
    )


def _initial(sections: door.Sections) -> dict[str, Any]:
    """What the forms of a registration begin with."""
    known: dict[str, Any] = {"account": _told_of(sections).why_trafficked}
    for name in ("person", "contact"):
        known |= sections[name].as_dict() if name in sections else {}
    return known


def _whom_to_ask(person: IncomingPerson, sections: door.Sections, request: StaffRequest) -> Any:
    """Who tells more, where such a person is in a case that is not shared with this officer."""
    contact = sections.get("contact", IncomingContact())
    assert isinstance(contact, IncomingContact)
    texts = [contact.mobile_phone]
    if person.full_name and person.birthdate:
        texts.append(f"{person.full_name} {person.birthdate}")
    found = {one for text in filter(None, texts) for one in whom_to_ask(text, by=request.user)}
    return sorted(found, key=by_words)
