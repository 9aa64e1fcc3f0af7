"""Parts of the case page that upper apps bring along, in apps.ready(). A list, so it can be printed.

The page shows the newest of each, so that it opens as quickly for a case of many years as for a new one;
all of them stand on a page of their own (cases/views/panels.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from cases.access import Access
from cases.door import Sections
from cases.models import Case, SealedModel

SHOWN = 10  # of each part on the case page
PAGE = 50  # on a page of its own

Rows = Sequence[SealedModel] | QuerySet[Any]


def _nothing(rows: list[SealedModel]) -> list[SealedModel]:
    return []


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a part, as a summary on paper tells it."""

    title: str
    told: Sequence[tuple[str, str]]  # (label, text)
    on: date | None = None


@dataclass(frozen=True)
class Panel:
    """A part of the case page. Its rows are opened together with the page's, in one event."""

    name: str  # in the address of its own page
    heading: Any  # above all of them; "" when it has no page of its own
    template: str
    rows: Callable[[Case], Rows]  # newest first
    context: Callable[[Case, User, Access, list[tuple[SealedModel, Sections]]], dict[str, Any]]
    # What is opened together with these rows.
    beside: Callable[[list[SealedModel]], list[SealedModel]] = _nothing
    in_story: bool = False  # stands with what happened, below what is worked on
    # Name of another panel: on the case page, `context` is given what that one opened as well.
    tells_of: str = ""
    is_mixed: bool = False  # its rows are of several classes, and nobody is told how many there are
    classes: frozenset[str] = frozenset()  # what all its rows are of, where that is known
    # What a summary on paper tells of it, out of what `context` gives; None: nothing.
    written: Callable[[dict[str, Any]], list[Item]] | None = None

    def some(self, case: Case, start: int = 0, size: int = SHOWN) -> list[SealedModel]:
        """`size` rows from the one at `start`, and what is opened together with them."""
        rows = list(self.rows(case)[start : start + size])
        return rows + self.beside(rows)


CASE_PANELS: list[Panel] = []


@dataclass(frozen=True)
class StartLink:
    """A line of the start page."""

    text: Any
    url: str  # name of the address
    number: int = 0  # what waits for this person there


# What upper applications put beside the cases on the start page; None for whom it does not concern.
START_LINKS: list[Callable[[User], StartLink | None]] = []
