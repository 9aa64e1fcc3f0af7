"""What cases are referred for and what that needs, and how a referral goes on. Two tables to be read."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.verbs import Verb


# --- Service → classes ----------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Service:
    """What a case is referred for, and what that needs: classes that are proposed to be sent.

    The first is the one that the referral itself is of.
    """

    name: Any
    needs: tuple[str, ...]

    @property
    def cls(self) -> str:
        """The class that what is written to the other organisation is of."""
        return self.needs[0]


# Codes stand in sealed sections for ever. Nobody needs the narrative to give somebody a bed.
SERVICES: dict[str, Service] = {
    "shelter": Service(_("Shelter or housing"), ("contact", "identity")),
    "medical": Service(_("Medical care"), ("medical", "identity", "contact")),
    "psychological": Service(_("Psychological care"), ("psychological", "identity", "contact")),
    "legal": Service(_("Legal help"), ("legal", "identity", "contact")),
    "documents": Service(_("Identity papers"), ("identity", "contact")),
    "child_protection": Service(_("Protection of a child"), ("contact", "identity")),
    "safety": Service(_("Protection from threats"), ("contact", "identity")),
    "family_tracing": Service(_("Finding the family"), ("identity", "contact")),
    "return": Service(_("Return home"), ("identity", "contact")),
    "material": Service(_("Food, clothes, money"), ("contact", "identity")),
    "education": Service(_("School or training"), ("identity", "contact")),
    "work": Service(_("Finding work"), ("identity", "contact")),
    "social": Service(_("Social protection"), ("identity", "contact")),
    "interpreting": Service(_("Interpreting"), ("contact", "identity")),
}


# --- Status → what may follow, and by whose hand --------------------------------------
class ReferralStatus(models.TextChoices):
    ASKED = "asked", _("Waits for a second person")
    SENT = "sent", _("Sent")
    RECEIVED = "received", _("Received")
    ACCEPTED = "accepted", _("Accepted")
    UNDER_WAY = "under_way", _("Under way")
    COMPLETED = "completed", _("Completed")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    REFUSED = "refused", _("Not agreed to")


class Side(Enum):
    """Who takes a step."""

    DESK = auto()  # whoever is at the desk of the organisation it was sent to
    SENDER = auto()  # the officer of the case
    SECOND = (
        auto()
    )  # whoever decides on a referral without consent (assistance/referrals/overrides.py)


S, DESK, SENDER = ReferralStatus, frozenset({Side.DESK}), frozenset({Side.SENDER})
SECOND = frozenset({Side.SECOND})
STEPS: dict[str, dict[ReferralStatus, frozenset[Side]]] = {
    S.ASKED: {S.SENT: SECOND, S.REFUSED: SECOND, S.WITHDRAWN: SENDER},
    S.SENT: {S.RECEIVED: DESK, S.ACCEPTED: DESK, S.DECLINED: DESK, S.WITHDRAWN: SENDER},
    S.RECEIVED: {S.ACCEPTED: DESK, S.DECLINED: DESK, S.WITHDRAWN: SENDER},
    # What was done may be told by telephone, too: the sender completes it then.
    S.ACCEPTED: {S.UNDER_WAY: DESK, S.COMPLETED: DESK | SENDER, S.WITHDRAWN: SENDER},
    S.UNDER_WAY: {S.COMPLETED: DESK | SENDER, S.WITHDRAWN: SENDER},
    S.COMPLETED: {},
    S.DECLINED: {},
    S.WITHDRAWN: {},
    S.REFUSED: {},
}
WAITING = (S.SENT, S.RECEIVED)  # for an answer
OPEN = tuple(status for status, after in STEPS.items() if after)
IMPOSSIBLE = (S.DECLINED, S.WITHDRAWN, S.REFUSED)  # something else is to be done instead

# Status → what reaching it is called in the log.
VERBS: dict[str, Verb] = {
    S.SENT: Verb.REFERRAL_SENT,
    S.REFUSED: Verb.REFERRAL_REFUSED,
    S.RECEIVED: Verb.REFERRAL_RECEIVED,
    S.ACCEPTED: Verb.REFERRAL_ACCEPTED,
    S.DECLINED: Verb.REFERRAL_DECLINED,
    S.UNDER_WAY: Verb.REFERRAL_BEGUN,
    S.COMPLETED: Verb.REFERRAL_COMPLETED,
    S.WITHDRAWN: Verb.REFERRAL_WITHDRAWN,
}
# Status → the field that says why. What is said with another step is feedback.
WHY: dict[str, str] = {S.DECLINED: "declined_because", S.WITHDRAWN: "withdrawn_because"}
# Status → what the button says that leads there. What is received is noted without one.
BUTTONS: dict[str, Any] = {
    S.ACCEPTED: _("Accept"),
    S.DECLINED: _("Decline"),
    S.UNDER_WAY: _("It is under way"),
    S.COMPLETED: _("It is completed"),
    S.WITHDRAWN: _("Withdraw"),
}
