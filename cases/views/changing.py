"""Changing a record: two people who change it at once both see it, and nothing is overwritten."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cases.differences import Difference
from cases.models import SealedModel
from cases.presenters import difference_of
from cases.views.parts import place_of
from core.exceptions import Conflict
from core.http import StaffRequest, revision_of


def change(
    request: StaffRequest,
    row: SealedModel,
    form: Form,
    write: Callable[[int], object],
    *,
    template: str,
    context: dict[str, Any],
) -> HttpResponse:
    """The page with the form of a record; when it is sent and right, `write` it and go to the case.

    `write` gets the revision that the form was made from, and raises Conflict when the record moved on.
    A form that was refused keeps its revision, or a change made meanwhile by somebody else would go
    unnoticed when it is sent again. `context` holds the case. Asked for in a place of the case page, the
    form is all there is, and what it changed comes after it (cases/views/parts.py).
    """
    reference, place = context["case"].reference, place_of(request)
    is_sent = request.method == "POST"
    revision, conflict = revision_of(request) if is_sent else row.revision, {}
    if is_sent and form.is_valid():
        try:
            write(revision)
            messages.success(request, _("Saved."))
            if place:
                return redirect(place.back(reference))
            return redirect("cases:detail", reference=reference)
        except Conflict as error:
            revision = row.revision
            conflict = {"text": error.message, "differences": _beside(form)}
    status = 409 if conflict else 422 if is_sent else 200
    context = context | {"form": form, "revision": revision, "conflict": conflict}
    if place:
        form.auto_id = f"in-{place.came_from}-%s"  # several forms may stand on the page
        context |= {"place": place, "frame": "cases/in_place.html", "back": place.back(reference)}
    return render(request, template, context, status=status)


def _beside(form: Form) -> list[Difference]:
    """What stands in the record now beside what was typed, field by field, where they differ."""
    return [
        difference_of(name, now, form.cleaned_data[name])
        for name, now in form.initial.items()
        if name in form.cleaned_data and not _is_same(now, form.cleaned_data[name])
    ]


def _is_same(one: object, other: object) -> bool:
    """Of values of fields; nothing is the same as nothing, however it is written."""
    nothing: tuple[object, ...] = (None, "", [])
    return one == other or (one in nothing and other in nothing)
