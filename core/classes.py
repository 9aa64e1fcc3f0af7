"""The sensitivity classes of a case file. Each has a key of its own; grants and roles name them."""

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext_lazy as _

PERSONAL = frozenset({"identity", "contact", "narrative"})
CARE = frozenset({"medical", "psychological", "legal", "financial"})
CONTENT = PERSONAL | CARE  # every class that people may be granted
# Closed on the pages of a case until somebody asks who the person is (cases/views/showing.py).
TELLS_WHO = frozenset({"identity", "contact"})
ASSISTED = CARE | {"narrative"}  # those that records of assistance are of
# A session opens these for the first time only right after its person signed in or confirmed.
CONFIRMED_FIRST = frozenset({"medical", "psychological", "legal"})
MACHINE = frozenset({"facts", "search", "audit"})  # opened by the door for the system's own work

SHORT_NAMES = {
    "identity": _("identity"),
    "contact": _("contact"),
    "narrative": _("narrative"),
    "medical": _("medical"),
    "psychological": _("psychological"),
    "legal": _("legal"),
    "financial": _("financial"),
    "facts": _("facts for statistics"),
    "search": _("search entries"),
    "audit": _("audit details"),
}

LONG_NAMES = {
    "identity": _("Identity: names, birth, citizenship"),
    "contact": _("Contact: phones and addresses"),
    "narrative": _("Narrative: what happened, consent, reintegration"),
    "medical": _("Medical records"),
    "psychological": _("Psychological records"),
    "legal": _("Legal records"),
    "financial": _("Financial records"),
}


def choices_of(classes: Collection[str]) -> list[tuple[str, Any]]:
    """These classes with their long names, in the order in which they are always told."""
    return [choice for choice in LONG_NAMES.items() if choice[0] in classes]
