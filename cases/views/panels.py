"""All of one part of a case file, a page at a time."""

import re

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cases import door
from cases.panels import CASE_PANELS, PAGE
from cases.selectors import get_case_for
from cases.views.frame import case_frame
from core.access import require
from core.exceptions import NotFound
from core.http import StaffRequest
from core.rights import Right


@require_GET
@require(Right.CASE_READ)
def panel(request: StaffRequest, reference: str, name: str) -> HttpResponse:
    """Everything of this part that the reader may open, newest first; `?page=` counts from 1."""
    case, access = get_case_for(request.user, reference)
    shown = next((panel for panel in CASE_PANELS if panel.heading and panel.name == name), None)
    if shown is None:
        raise NotFound(_("There is no such part of a case file."))
    number = _number(request.GET.get("page", ""))
    rows = shown.some(case, (number - 1) * PAGE, PAGE)
    has_more = bool(shown.rows(case)[number * PAGE : number * PAGE + 1])
    opened = list(zip(rows, door.open_rows(rows, by=request.user), strict=True))
    context = case_frame(request, case, access) | {
        "panel": shown.context(case, request.user, access, opened)
        | {"name": name, "heading": shown.heading, "template": shown.template},
        "previous_url": f"?page={number - 1}" if number > 1 else "",
        "next_url": f"?page={number + 1}" if has_more else "",
    }
    return render(request, "cases/panel.html", context)


def _number(text: str) -> int:
    """The page asked for; the first, for what is no number."""
    return max(1, int(text)) if re.fullmatch(r"[0-9]{1,5}", text) else 1
