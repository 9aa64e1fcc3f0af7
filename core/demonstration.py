"""A demonstration says so on every page, and in what it gives out to be read."""

from django.conf import settings
from django.utils.translation import gettext as _


def band() -> str:
    """What stands on a paper and at the top of a file, in the language that is active; elsewhere ""."""
    return _("Demonstration: made-up people") if settings.DEMO else ""


def lines() -> list[str]:
    """The line that stands in a table or a text that is given out; elsewhere none."""
    return [told] if (told := band()) else []


def field() -> dict[str, str]:
    """The field that stands in a data sheet for programs; elsewhere none."""
    return {"demonstration": told} if (told := band()) else {}


def named(name: str) -> str:
    """The name of a file that is given out: a demonstration's begins with "demo-"."""
    return f"demo-{name}" if settings.DEMO else name
