"""What is told of broken glass to whoever oversees it: events, never what a case holds."""

from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from audit import trail
from audit.models import ReviewItem
from audit.selectors import events
from audit.verbs import Verb
from cases.models import BrokenGlass, GlassNotice
from core.classes import SHORT_NAMES

PAGE = 25


@dataclass(frozen=True, slots=True)
class GlassRow:
    """One time the glass was broken."""

    glass: BrokenGlass
    classes: list[str]
    told: list[GlassNotice]
    item: ReviewItem | None  # none before the rules looked at it, which takes a minute at most


def broken_glass(*, by: User, before: UUID | None) -> tuple[list[GlassRow], UUID | None]:
    """One page, the newest first, and where the next begins. Looking is an event with their cases."""
    found = (
        BrokenGlass.objects.select_related("case").prefetch_related("grant__user").order_by("-pk")
    )
    found = found.prefetch_related("notices__to")
    page = list((found.filter(pk__lt=before) if before else found)[: PAGE + 1])
    more = page[PAGE - 1].pk if len(page) > PAGE else None
    page = page[:PAGE]
    trail.record(Verb.GLASS_LISTED, by=by, cases=dict.fromkeys(one.case_id for one in page))
    items = _items([one.pk for one in page])
    rows = [
        GlassRow(
            one,
            [str(SHORT_NAMES[cls]) for cls in one.grant.classes],
            list(one.notices.all()),
            items.get(one.pk),
        )
        for one in page
    ]
    return rows, more


def _items(glasses: list[UUID]) -> dict[UUID, ReviewItem]:
    """Glass → what stands in the queue of review for it."""
    begun = dict(
        events().filter(object__in=glasses, verb=Verb.GLASS_BROKEN).values_list("id", "object")
    )
    items = ReviewItem.objects.filter(rule="break_glass", event__in=begun)
    return {begun[item.event]: item for item in items}
