"""The tour of the start page: a few cards for whoever signs in for the first time, by role."""

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from accounts.models import User


class Card(NamedTuple):
    title: "StrPromise"
    text: "StrPromise"
    topic: str  # of the guide (core/guide.py), where it is told at length


_LEAVE = Card(
    _("Somebody comes near"),
    _(
        "Press “Exit this page” or the Shift key three times: the screen is covered at once, a calendar "
        "appears and you are signed out."
    ),
    "first-day",
)
_HELP = Card(
    _("Help is on every page"),
    _(
        "The question mark above leads to the part of the guide that fits the page. You find this tour "
        "there, too."
    ),
    "first-day",
)
_OWN = Card(
    _("What is yours to do"),
    _(
        "The menu under your name tells what you may do and see, and why. Whatever you open or change "
        "is recorded with your name."
    ),
    "first-day",
)
_SHORT = (_OWN, _LEAVE, _HELP)
# Of several roles that somebody holds, the first in the list of roles counts.
_TOURS = {
    "case_officer": (
        Card(
            _("Search before you register"),
            _(
                "The person may be here already. Search by name, number or reference; if nobody is "
                "found, register from there. Consent comes first."
            ),
            "register",
        ),
        Card(
            _("What is due"),
            _(
                "The start page counts what is overdue and what is due this week: reviews of the risk, "
                "visits, tasks, consent that runs out."
            ),
            "assistance",
        ),
        Card(
            _("You decide who sees a case"),
            _(
                "Nobody but you and your supervisor does at first. Share the parts that a colleague "
                "needs, until a day. Each look is recorded."
            ),
            "access",
        ),
        _LEAVE,
        _HELP,
    ),
    "supervisor": (
        Card(
            _("What waits for you"),
            _(
                "Closures, plans, costs and cases for your office stand on the start page until you "
                "decide. You never decide on what you asked for yourself."
            ),
            "closing",
        ),
        Card(
            _("What to review"),
            _(
                "Acts that deserve a second look are listed for you: emergency access, "
                "exports, unusual days. Write what you found and sign off."
            ),
            "oversight",
        ),
        Card(
            _("Who sees what"),
            _("Each case tells who can see it and why, and who saw and changed what."),
            "access",
        ),
        _LEAVE,
        _HELP,
    ),
    "auditor": (
        Card(
            _("The log has everything"),
            _("Every look, change, refusal and export is an event. You read events, never a case."),
            "oversight",
        ),
        Card(
            _("Is the record whole?"),
            _(
                "Look at the state of the trail each day. Verify the record and keep the checkpoint "
                "outside: with it any later change is found."
            ),
            "oversight",
        ),
        Card(
            _("What is passed on to you"),
            _("Supervisors pass on what they cannot judge alone. It waits for you under Review."),
            "oversight",
        ),
        _LEAVE,
        _HELP,
    ),
    "analyst": (
        Card(
            _("How a table is made"),
            _(
                "Choose up to three questions, such as year, gender and form of exploitation. Figures "
                "come from the last snapshot, and are the same for everybody."
            ),
            "statistics",
        ),
        Card(
            _("Why figures do not add up"),
            _(
                "Each figure is changed by a small random amount, and small ones are shown as <11. So "
                "nobody can be found in a table."
            ),
            "statistics",
        ),
        Card(
            _("Publishing takes two"),
            _(
                "You propose a release, somebody else approves it. What was published stays the same."
            ),
            "statistics",
        ),
        _LEAVE,
        _HELP,
    ),
}


def tour_for(user: "User") -> tuple[Card, ...]:
    """The cards for somebody's role; a few for everybody else."""
    return next((_TOURS[role.code] for role in user.roles if role.code in _TOURS), _SHORT)
