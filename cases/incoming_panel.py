"""People who are referred to us, on the start page."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cases.incoming import referred_to
from cases.models import IncomingStatus
from cases.panels import StartLink
from core.rights import Right


def incoming_link(user: User) -> StartLink | None:
    """For whoever takes people in: how many wait for an answer."""
    if user.is_partner or not (
        user.has_right(Right.CASE_REGISTER) or user.has_right(Right.CASE_ASSIGN)
    ):
        return None
    waiting = referred_to(user).filter(status=IncomingStatus.RECEIVED).count()
    return StartLink(_("People referred to us"), "cases:incoming", waiting)
