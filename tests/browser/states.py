"""Pages that nothing in a served Tutela leads to at will: failures, and while it is closed.

They are rendered here, and the browser shows them as answers of the served one, with its styles.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation
from playwright.sync_api import Page, Route

STATES: dict[str, tuple[str, dict[str, Any]]] = {
    "400": ("400", {}),
    "403-csrf": ("csrf", {}),
    "413": ("413", {}),
    "500": ("500", {}),
    "503": ("503", {}),
    "503-done": ("503", {"is_done": True}),
    "503-maintenance": ("maintenance", {"until": datetime.now(UTC) + timedelta(minutes=40)}),
    "503-maintenance-soon": ("maintenance", {"until": None}),
}


def show(page: Page, state: str, language: str = "en") -> None:
    """Have the browser show the page of this state, in a language."""
    name, context = STATES[state]
    with translation.override(language):
        text = render_to_string(f"errors/{name}.html", context)

    def answer(route: Route) -> None:
        route.fulfill(status=200, content_type="text/html; charset=utf-8", body=text)

    address = f"/state/{language}/{state}/"
    page.route(f"**{address}", answer)
    page.goto(address)
