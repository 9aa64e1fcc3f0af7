"""The auditor's screens: the whole log, one officer's part of it, and whether it holds."""

from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from audit import trail, verifier
from audit.selectors import events_by, page_of_events
from audit.verbs import Verb
from core.access import require
from core.exceptions import NotFound
from core.http import StaffRequest
from core.rights import Right


@require_GET
@require(Right.LOG_READ)
def log(request: StaffRequest) -> HttpResponse:
    """Every event, newest first, without sealed details."""
    lines, more = page_of_events(before=_position(request))
    trail.record(Verb.LOG_READ, by=request.user)
    return render(request, "audit/log.html", {"lines": lines, "more": more})


@require_GET
@require(Right.OFFICER_AUDIT)
def officers(request: StaffRequest) -> HttpResponse:
    """The people whose work this person may look at."""
    return render(request, "audit/officers.html", {"people": _people(request)})


@require_GET
@require(Right.OFFICER_AUDIT)
def officer(request: StaffRequest, person: UUID) -> HttpResponse:
    """What one officer read and changed."""
    who = _people(request).filter(pk=person).first()
    if who is None:
        raise NotFound(_("There is no such person, or they work in another office."))
    lines, more = events_by(who.pk, before=_position(request))
    trail.record(Verb.OFFICER_AUDITED, by=request.user, details={"officer": str(who.pk)})
    context = {"person": who, "lines": lines, "more": more}
    return render(request, "audit/officer.html", context)


@require_http_methods(["GET", "POST"])
@require(Right.LOG_VERIFY)
def verify(request: StaffRequest) -> HttpResponse:
    """Run the verifier and show what it found; a kept checkpoint can be pasted in."""
    context: dict[str, Any] = {"verifier_key": trail.verifier_key()}
    if request.method == "POST":
        note = request.POST.get("checkpoint", "").replace("\r\n", "\n").strip()
        report = verifier.verify(kept_note=f"{note}\n" if note else None)
        outcome = "ok" if report.holds else "error"
        trail.record(Verb.LOG_VERIFIED, by=request.user, outcome=outcome)
        context |= {"report": report, "note": trail.checkpoint().note}
    return render(request, "audit/verify.html", context)


def _people(request: StaffRequest) -> QuerySet[Any]:
    """Everyone for an auditor; the people of the office for its supervisor."""
    people = get_user_model().objects.select_related("office").order_by("display_name")
    if request.user.has_right(Right.LOG_READ):
        return people
    return people.filter(office=request.user.office_id).exclude(office=None)


def _position(request: StaffRequest) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None
