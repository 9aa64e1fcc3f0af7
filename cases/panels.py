"""Parts of the case page that upper apps bring along, in apps.ready(). A list, so it can be printed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from cases.access import Access
from cases.door import Sections
from cases.models import Case, SealedModel


@dataclass(frozen=True)
class Panel:
    """A part of the case page. Its rows are opened together with the page's, in one event."""

    template: str
    rows: Callable[[Case], list[SealedModel]]
    context: Callable[[Case, User, Access, list[tuple[SealedModel, Sections]]], dict[str, Any]]


CASE_PANELS: list[Panel] = []
