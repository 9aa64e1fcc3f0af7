"""How often one person may do what lays much open. The log counts: all acts of all workers are in it.

A limit is looked at where the act is recorded, which is before anything is opened. Whoever does the same
at the same moment waits for that, so that no two count without each other.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from audit import sequencer
from audit.context import current
from audit.models import Event, Pending
from audit.verbs import EXPORTS, Verb
from core.exceptions import TooOften

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OPENINGS_TO_LOOK_AT = 200  # within an hour; a rule puts them up for review


@dataclass(frozen=True, slots=True)
class Limit:
    """No more than `number` of these acts within `window`."""

    verbs: Collection[Verb]
    number: int
    window: timedelta
    message: Any  # has a place for the time when it goes on


LIMITS = (
    Limit(
        (Verb.CASE_SEARCHED,),
        30,
        MINUTE,
        _("You searched %(number)s times within a minute. Searching goes on at %(time)s."),
    ),
    Limit(
        (Verb.MATCH_TOLD,),
        10,
        HOUR,
        _(
            "You learnt of %(number)s people elsewhere within an hour. Looking for people goes on at"
            " %(time)s."
        ),
    ),
    Limit(
        (Verb.CASE_VIEWED,),
        500,
        HOUR,
        _("You opened records %(number)s times within an hour. Opening goes on at %(time)s."),
    ),
    Limit(
        (Verb.FILE_DOWNLOADED,),
        200,
        HOUR,
        _("You downloaded %(number)s files within an hour. Downloading goes on at %(time)s."),
    ),
    Limit(
        (Verb.LETTER_MADE, Verb.PLAN_PRINTED),
        60,
        HOUR,
        _("You made %(number)s letters within an hour. You can make the next at %(time)s."),
    ),
    Limit(
        tuple(EXPORTS),
        20,
        HOUR,
        _("You exported %(number)s times within an hour. Exporting goes on at %(time)s."),
    ),
)
_OF_VERB = {verb: limit for limit in LIMITS for verb in limit.verbs}


def applies(verb: Verb, by: Any) -> bool:
    """Is there a limit to this? Not for commands: whoever runs them has the databases."""
    return verb in _OF_VERB and by is not None and bool(current().request_id)


def check(verb: Verb, by: Any) -> None:
    """Raise TooOften when this person has done so much of this that it stops for now.

    Belongs into the transaction that records the act, where it `applies`.
    """
    limit = _OF_VERB[verb]
    sequencer.hold_person(by.pk)
    now = timezone.now()
    times = _times(by.pk, limit, now)
    if oldest := times[limit.number - 1 : limit.number]:
        goes_on = oldest[0] + limit.window
        at = date_format(timezone.localtime(goes_on), "H:i:s")
        message = limit.message % {"number": limit.number, "time": at}
        raise TooOften(message, seconds=(goes_on - now).total_seconds())


def _times(actor: Any, limit: Limit, now: datetime) -> "QuerySet[Any, datetime]":
    """When such acts of this person were, the newest first."""
    acts: dict[str, Any] = {"actor": actor, "verb__in": limit.verbs, "outcome": "ok"}
    acts["at__gt"] = now - limit.window
    times = Event.objects.filter(**acts).values_list("at", flat=True)
    if sequencer.waits():  # some have no place in the log yet; asked apart, some would be missed
        waiting = Pending.objects.filter(**acts).values_list("at", flat=True)
        times = times.order_by().union(waiting, all=True)
    return times.order_by("-at")
