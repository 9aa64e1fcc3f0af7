"""Referrals on the case page and on the start page."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from assistance.models import Referral
from assistance.referrals import services
from assistance.referrals.overrides import waiting_for
from assistance.referrals.table import SERVICES, WAITING
from assistance.sections import ReferralAnswer, ReferralContent
from cases.access import Access
from cases.door import Sections
from cases.models import Case, SealedModel
from cases.panels import Item, Panel, StartLink
from cases.presenters import told
from cases.services.grants import can_grant, is_of_the_house
from core.known_days import told_day
from core.rights import Right

# What the page tells by itself, or in another place.
TOLD_APART = ("service", "feedback")


def _rows(case: Case) -> QuerySet[Referral]:
    return Referral.objects.filter(case=case).select_related("to", "grant")


def _context(
    case: Case, user: User, access: Access, opened: list[tuple[SealedModel, Sections]]
) -> dict[str, Any]:
    """Referrals of the classes the reader holds; of another organisation's not even that it is there."""
    found = [
        {
            "row": row,
            "service": SERVICES[content.service].name,
            "is_overdue": services.is_overdue(row),
            "is_running": services.is_running(row),
        }
        for row, sections in opened
        if isinstance(row, Referral)
        and isinstance(content := sections.get("content"), ReferralContent)
        and is_shown_to(user, row, case)
    ]
    may_refer = can_grant(user, case, access)
    return {"referrals": found, "may_refer": may_refer, "is_shown": bool(found) or may_refer}


def _written(context: dict[str, Any]) -> list[Item]:
    """The referrals: what for, to whom, and where they stand."""
    return [
        Item(
            str(one["service"]),
            [(_("Referred to"), one["row"].to.name), (_("State"), one["row"].get_status_display())],
            one["row"].sent_on,
        )
        for one in context["referrals"]
    ]


REFERRAL_PANEL = Panel(
    *("referrals", _("Referrals"), "assistance/referrals_panel.html", _rows, _context),
    is_mixed=True,
    written=_written,
)


def is_shown_to(user: User, referral: Referral, case: Case) -> bool:
    """Those who work where the case is see its referrals; others see what was sent to their desk."""
    if is_of_the_house(user, case):
        return True
    return services.is_at_desk(user, referral)


def told_of(content: ReferralContent, answer: ReferralAnswer | None) -> list[tuple[str, str]]:
    """(label, text) of what both sides wrote, but for what came of it."""
    said = told(content, without=TOLD_APART)
    return said + (told(answer, without=TOLD_APART) if answer else [])


def feedback_of(answer: ReferralAnswer | None) -> list[tuple[str, str]]:
    """(day, text) of what came of it, the newest first."""
    said = (line.partition(" ") for line in (answer.feedback if answer else []))
    return [(told_day(day), text) for day, _space, text in said][::-1]


# --- The start page -------------------------------------------------------------------
def is_at_a_desk(user: User) -> bool:
    """Is the person at the desk of an organisation?"""
    return Organisation.objects.filter(desk__memberships__in=user.team_memberships.now()).exists()


def to_us_link(user: User) -> StartLink | None:
    """For whoever is at a desk: how many referrals wait for an answer."""
    if not user.has_right(Right.CASE_READ) or not is_at_a_desk(user):
        return None
    waiting = [row for row in services.referred_to(user) if row.status in WAITING]
    return StartLink(_("Referred to us"), "referrals", len(waiting))


def to_decide_link(user: User) -> StartLink | None:
    """For whoever decides on referrals without consent: how many wait."""
    if not user.has_right(Right.OVERRIDE_DECIDE):
        return None
    return StartLink(_("Referrals without consent"), "referrals", len(waiting_for(user)))


def by_us_link(user: User) -> StartLink | None:
    """For whoever refers cases: how many referrals should have been answered by now."""
    if not user.has_right(Right.GRANT_GIVE):
        return None
    overdue = [row for row in services.sent_by(user) if services.is_overdue(row)]
    return StartLink(_("Referrals by us"), "referrals", len(overdue))
