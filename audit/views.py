"""The screens of oversight: the log, one officer, what is up for review, and whether all is in order."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from audit import habits, review, trail
from audit.drawing import bars_of_days
from audit.forms import OfficerFilter, ReviewForm
from audit.models import ReviewItem
from audit.review_pages import steps_of, told_items
from audit.selectors import events_by, page_of_events
from audit.state import figures_of, state_of_trail
from audit.verbs import Verb
from core.access import require
from core.exceptions import BadInput, Conflict, NotFound
from core.http import StaffRequest, position_of, revision_of
from core.rights import Right


@require_GET
@require(Right.LOG_READ)
def log(request: StaffRequest) -> HttpResponse:
    """Every event, newest first, without sealed details."""
    lines, more = page_of_events(before=position_of(request))
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
    """What one officer opened, changed, searched and took out, beside what is usual for them."""
    who = _people(request).filter(pk=person).first()
    if who is None:
        raise NotFound(_("There is no such person, or they work in another office."))
    form = OfficerFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    first, last = wanted.get("first"), wanted.get("last")
    lines, more = events_by(
        who.pk,
        kind=wanted.get("kind", ""),
        start=habits.bounds(first, first)[0] if first else None,
        stop=habits.bounds(last, last)[1] if last else None,
        number=wanted.get("number"),
        before=position_of(request),
    )
    usual = habits.habits_of(who.pk)
    trail.record(Verb.OFFICER_AUDITED, by=request.user, details={"officer": str(who.pk)})
    kept = request.GET.copy()
    kept.pop("before", None)
    context = {
        "person": who,
        "lines": lines,
        "more": more,
        "kept": kept.urlencode(),
        "form": form,
        "habits": usual,
        "chart": bars_of_days(usual.days, usual=usual.usual, limit=usual.limit),
    }
    return render(request, "audit/officer.html", context)


@require_GET
@require(Right.REVIEW)
def review_queue(request: StaffRequest) -> HttpResponse:
    """What waits for this person's review, the oldest first; or what is done."""
    review.look_through_log(most=review.AT_ONCE)
    is_done = request.GET.get("show") == "done"
    items = (review.signed_off_of if is_done else review.queue_of)(request.user)
    number = items.count()
    trail.record(Verb.REVIEW_READ, by=request.user)
    context = {
        "items": told_items(list(items[: review.PAGE]), by=request.user),
        "number": number,
        "is_done": is_done,
        "may_mark_decoys": request.user.has_right(Right.DECOY_MARK),
        "offices": review.waiting_in_offices() if request.user.has_right(Right.LOG_READ) else [],
    }
    return render(request, "audit/review.html", context)


@require_http_methods(["GET", "POST"])
@require(Right.REVIEW)
def review_item(request: StaffRequest, item: UUID) -> HttpResponse:
    """One act that is up for review, with its steps so far; sign it off or pass it on."""
    found = review.item_for(request.user, item)
    if found is None:
        raise NotFound(_("There is no such act, or it is not for you to review."))
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _decide(request, found, form.cleaned_data["note"])
        except BadInput as error:
            form.add_error("note", str(error.message))
        except Conflict as error:
            messages.warning(request, str(error.message))
            return redirect("audit:review_item", item=found.pk)
    context = {
        "told": told_items([found], by=request.user)[0],
        "steps": steps_of(found, by=request.user),
        "form": form,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "audit/review_item.html", context, status=status)


def _decide(request: StaffRequest, item: ReviewItem, note: str) -> HttpResponse:
    act = review.escalate if request.POST.get("act") == "escalate" else review.sign_off
    act(item, note=note, revision=revision_of(request), by=request.user)
    told = _("Passed on to the auditor.") if act is review.escalate else _("Signed off.")
    messages.success(request, told)
    return redirect("audit:review")


@require_GET
@require(Right.LOG_STATE)
def state(request: StaffRequest) -> HttpResponse:
    """Whether the trail is in order, and what to do when it is not."""
    found = state_of_trail()
    figures = list(figures_of(found)) if request.user.has_right(Right.LOG_VERIFY) else []
    return render(request, "audit/state.html", {"state": found, "figures": figures})


def _people(request: StaffRequest) -> QuerySet[Any]:
    """Everyone for an auditor; the people of the office for its supervisor."""
    people = get_user_model().objects.select_related("office").order_by("display_name")
    if request.user.has_right(Right.LOG_READ):
        return people
    return people.filter(office=request.user.office_id).exclude(office=None)
