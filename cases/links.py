"""Links between cases, as far as a reader may know of them.

A link says something about two people. It is told to whoever may read the narrative of both cases; to
everybody else there is no such link, not even a number of them. Whatever opens links shows them
through `seen_of` (docs/adr/0023-links-between-cases.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from cases import differences
from cases.access import access_to
from cases.differences import Difference
from cases.models import Case
from cases.reference import LINKS, MERGE_LINKS
from cases.sections import CaseLink, CaseLinks

NARRATIVE = "narrative"


@dataclass(frozen=True)
class ToldLink:
    """A link and the case at its other end, for somebody who may read both."""

    link: CaseLink
    other: Case

    @property
    def kind(self) -> str:
        return str((LINKS | MERGE_LINKS).get(self.link.link, self.link.link))

    @property
    def is_merge(self) -> bool:
        """Was it made by merging? Then it ends by taking that back."""
        return self.link.link in MERGE_LINKS

    @property
    def is_over(self) -> bool:
        return self.link.unlinked_on is not None

    def __str__(self) -> str:
        said = f"{self.kind}: {self.other.reference}"
        if self.link.link_remarks:
            said += f" ({self.link.link_remarks})"
        if self.link.unlinked_on is not None:
            said += _("; ended on %(day)s: %(why)s") % {
                "day": date_format(self.link.unlinked_on, "DATE_FORMAT"),
                "why": self.link.unlinked_because,
            }
        return said


def seen_of(found: Iterable[CaseLinks], user: User) -> dict[str, Case]:
    """The cases at the other end whose narrative this person reads, by the id that the links name.

    Erased cases are left out: nobody reads them.
    """
    ids = {UUID(link.other) for links in found for link in links.links}
    if not ids:
        return {}
    readable = {case for case, access in access_to(user, ids).items() if NARRATIVE in access.read}
    return {str(case.pk): case for case in Case.objects.filter(pk__in=readable, erased_on=None)}


def told_links(links: CaseLinks, seen: dict[str, Case]) -> list[ToldLink]:
    """Those that may be told, live ones first and the newest of each first."""
    newest = links.links[::-1]
    told = [ToldLink(link, seen[link.other]) for link in newest if link.other in seen]
    return sorted(told, key=lambda one: one.is_over)


def link_differences(
    old: CaseLinks | None, new: CaseLinks, seen: dict[str, Case]
) -> Sequence[Difference]:
    """What differs between two versions, among the links that may be told."""
    before, after = (
        [str(one) for one in told_links(links or CaseLinks(), seen)] for links in (old, new)
    )
    return [differences.of_lists(_("Linked cases"), before, after)] if before != after else []
