"""The parts of the case page: each can be changed in its place, and comes back by itself.

`?in=` names the part that a form takes the place of, `?from=` the link that was pressed, `?shown=` says
that the page shows who the person is. They are asked for by htmx; without it each link is a page.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.models import User
from cases.access import Access
from cases.door import Sections
from cases.models import Case, Person, SealedModel
from cases.panels import CASE_PANELS, SHOWN, Panel
from cases.presenters import HEADINGS, told
from cases.selectors import get_case_for, victim_of
from cases.views.frame import case_frame
from cases.views.showing import bar_of, closed_to, open_for_page
from core.access import require
from core.classes import CONTENT, TELLS_WHO
from core.exceptions import NotFound
from core.http import StaffRequest
from core.rights import Right

NO_SUCH = _("There is no such part of a case file.")
NAME = re.compile(r"[a-z0-9-]{1,60}")
CLASS_OF = {name: cls for name, (cls, _schema) in {**Person.SECTIONS, **Case.SECTIONS}.items()}


@dataclass(frozen=True, slots=True)
class Part:
    """Sections of the person or the case that are changed with one form."""

    name: str
    url: str
    writes: frozenset[str]  # the classes that one must write there
    sections: tuple[str, ...]


PARTS = (
    Part("person", "cases:person", TELLS_WHO, ("identity", "contact")),
    Part("summary", "cases:summary", frozenset({"narrative"}), ("summary",)),
    Part("victim", "cases:victim", frozenset({"narrative"}), ("victim",)),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where on the case page a form stands."""

    part: str
    came_from: str
    shown: bool

    @property
    def query(self) -> str:
        told = {"in": self.part, "from": self.came_from} | ({"shown": "1"} if self.shown else {})
        return urlencode(told)

    def back(self, reference: str) -> str:
        """The address of the part as it stands."""
        return f"{reverse('cases:part', args=[reference, self.part])}?{self.query}"


def place_of(request: StaffRequest) -> Place | None:
    """Where on the case page this form is wanted; None for a page of its own."""
    part, came_from = request.GET.get("in", ""), request.GET.get("from", "")
    if not (request.htmx and NAME.fullmatch(part) and NAME.fullmatch(came_from)):
        return None
    return Place(part, came_from, "shown" in request.GET)


@require_GET
@require(Right.CASE_READ)
def part(request: StaffRequest, reference: str, name: str) -> HttpResponse:
    """One part of the case page, as it stands there; by itself on a page, where htmx does not ask."""
    case, access = get_case_for(request.user, reference)
    place = place_of(request)
    shown = place is not None and place.shown
    context = case_frame(request, case, access) | {
        "in_place": bool(request.htmx),
        "came_from": place.came_from if place else "",
        "shown": shown,
    }
    if name in (one.name for one in PARTS):
        rows = [case, victim_of(case)]
        found = open_for_page(rows, by=request.user, access=access, shown=shown)
        record = {**found[0], **found[1]}
        context |= bar_of(access, record.get("identity"), shown=shown)
        found_parts = [one for one in told_parts(record, access) if one["name"] == name]
        if not found_parts:
            raise NotFound(NO_SUCH)
        context |= {"part": found_parts[0], "is_person": name == "person"}
    else:
        context["panel"] = _panel(name, case, request.user, access, shown)
    return render(request, "cases/part.html" + ("#part" if request.htmx else ""), context)


def told_parts(record: Sections, access: Access) -> list[dict[str, Any]]:
    """What the page says of the person and of how the case began, as far as the reader may know."""
    parts = []
    for one in PARTS:
        sections = [
            {
                "name": section,
                "title": HEADINGS[section],
                "is_closed": section not in record,
                "rows": told(record[section]) if section in record else [],
            }
            for section in one.sections
            if section in record or CLASS_OF[section] in access.read & TELLS_WHO
        ]
        if sections:
            url = one.url if one.writes <= access.write else ""
            parts.append({"name": one.name, "url": url, "sections": sections})
    return parts


def rows_of(panel: Panel, case: Case, closed: Collection[str]) -> list[SealedModel]:
    """The newest rows of a panel; none where they would tell who the person is."""
    return [] if is_closed(panel, closed) else panel.some(case)


def is_closed(panel: Panel, closed: Collection[str]) -> bool:
    """Do all rows of this panel stay closed?"""
    return bool(panel.classes) and panel.classes <= set(closed)


def told_panel(
    panel: Panel,
    case: Case,
    user: User,
    access: Access,
    opened: Sequence[tuple[SealedModel, Sections]],
    beside: Sequence[tuple[SealedModel, Sections]],
    closed: Collection[str],
) -> dict[str, Any]:
    """A panel as the case page has it. `beside` is what the panel it tells of opened."""
    has_page = (panel.is_mixed and not access.read >= CONTENT) or len(opened) >= SHOWN
    return panel.context(case, user, access, [*opened, *beside]) | {
        "name": panel.name,
        "heading": panel.heading,
        "template": panel.template,
        "in_story": panel.in_story,
        "has_page": panel.heading and has_page,
        "is_closed": is_closed(panel, closed),
    }


def _panel(name: str, case: Case, user: User, access: Access, shown: bool) -> dict[str, Any]:
    """One panel by itself, in an event of its own."""
    panels = {panel.name: panel for panel in CASE_PANELS}
    if name not in panels:
        raise NotFound(NO_SUCH)
    panel, closed = panels[name], closed_to(access, shown=shown)
    own = rows_of(panel, case, closed)
    others = rows_of(panels[panel.tells_of], case, closed) if panel.tells_of else []
    rows = own + others
    found = open_for_page(rows, by=user, access=access, shown=shown)
    opened = list(zip(rows, found, strict=True))
    return told_panel(*(panel, case, user, access), opened[: len(own)], opened[len(own) :], closed)
