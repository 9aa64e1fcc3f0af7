"""The user guide: its topics, and which of them fits a page.

The text is in templates/guide/<language>/<topic>.html, whole in each language.
"""

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# Topic, as in its address → its title, in the order of the list.
TOPICS: dict[str, "StrPromise"] = {
    "first-day": _("First day and signing in"),
    "register": _("Register a person and record consent"),
    "assistance": _("Assistance, the support plan and tasks"),
    "referrals": _("Refer a person and answer a referral"),
    "access": _("Who sees a case, sharing and emergency access"),
    "files": _("Files and comments"),
    "closing": _("Close a case and erase it"),
    "oversight": _("For supervisors and auditors: the trail and reviews"),
    "statistics": _("For analysts: tables, and what <11 means"),
    "accounts": _("For administrators: accounts and the second person"),
}

# Topic → beginnings of the names of its pages. Where several fit, the longest counts.
_PAGES = {
    "first-day": "home health account_ mfa_ people:me jobs:",
    "register": "cases:",
    "assistance": (
        "assistance: offers: providers: budgets: cases:work cases:saved_list cases:save_list "
        "cases:add_task cases:end_task cases:move"
    ),
    "referrals": (
        "referrals assistance:refer assistance:letter assistance:override cases:incoming "
        "cases:add_incoming cases:accept_incoming cases:register_incoming"
    ),
    "access": (
        "cases:sharing cases:who cases:revoke cases:break cases:broken cases:end_glass cases:note_seen "
        "cases:conflicts cases:end_conflict cases:hand_over cases:transfer cases:withdraw_transfer "
        "cases:offer"
    ),
    "files": (
        "cases:add_file cases:file cases:download cases:preview cases:remove_file cases:scan_file "
        "cases:paper_summary"
    ),
    "closing": (
        "cases:close cases:reopen cases:send_back cases:approve cases:hold cases:due cases:erase "
        "cases:decide cases:retention cases:certificate"
    ),
    "oversight": (
        "audit: cases:trail cases:court cases:export cases:proof cases:decoys cases:workbook "
        "cases:import"
    ),
    "statistics": "reporting: donors: verification: people:tokens",
    "accounts": "people: keys",
}
_TOPIC_OF = {start: topic for topic, starts in _PAGES.items() for start in starts.split()}


def topic_for(view_name: str) -> str | None:
    """The topic that fits the page of this name; None for the pages of the guide itself."""
    fitting = [start for start in _TOPIC_OF if view_name.startswith(start)]
    return _TOPIC_OF[max(fitting, key=len)] if fitting else None


def text_of(topic: str) -> list[str]:
    """Templates that have a topic's text: in the language of the page, or else in English."""
    return [f"guide/{code}/{topic}.html" for code in (get_language(), settings.LANGUAGE_CODE)]
