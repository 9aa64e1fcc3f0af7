"""Rules of review (audit/rules.py) about looking at statistics: who asks for far more than work needs.

A table cannot be compared over snapshots, for only the latest answers. What is left to somebody who
wants to learn of one person is to look at everything there is, or to go around one small group.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from uuid import UUID

import msgspec

from audit.habits import bounds
from audit.models import Event
from audit.rules import Finding, doublings, last_of_each_day
from audit.verbs import Verb

LOOKS = frozenset({Verb.STATISTICS_VIEWED, Verb.STATISTICS_EXPORTED})
TABLES_A_DAY = 100
TABLES_OF_A_GROUP = 10  # on one day, narrowed down to the same small group
SMALL = 55  # protected persons, five times the threshold; a group of more hides each of them well enough


class _Entry(msgspec.Struct):
    reason: str  # of a look: the id of the table


def many_tables(events: Sequence[Event]) -> Iterator[Finding]:
    """More tables looked at on one day than most need; found again each time the number doubled."""
    for (actor, day), last in last_of_each_day(events, LOOKS).items():
        if (number := len(_tables(actor, day, last))) > TABLES_A_DAY:
            yield Finding(last, mark=f"{actor} {day} {doublings(number, TABLES_A_DAY)}")


def around_a_small_group(events: Sequence[Event]) -> Iterator[Finding]:
    """Many tables of one day with the same filter, when it leaves few persons."""
    for (actor, day), last in last_of_each_day(events, LOOKS).items():
        by_filter: dict[str, int] = defaultdict(int)
        for table in _tables(actor, day, last):
            for narrowed in table.split("~")[1:]:
                by_filter[narrowed] += 1
        for narrowed, number in by_filter.items():
            if number > TABLES_OF_A_GROUP and _is_small(narrowed):
                yield Finding(last, mark=f"{actor} {day} {narrowed}")


def _tables(actor: UUID, day: date, last: Event) -> set[str]:
    """Ids of the tables that this person looked at on this day, up to an event."""
    start, stop = bounds(day, day)
    looks = Event.objects.filter(
        actor=actor, at__gte=start, at__lt=stop, verb__in=LOOKS, outcome="ok", seq__lte=last.seq
    )
    entries = looks.values_list("entry", flat=True)
    told = {msgspec.json.decode(bytes(entry), type=_Entry).reason for entry in entries}
    return told - {""}


def _is_small(narrowed: str) -> bool:
    """Is `narrowed`, a part of a table's id, a filter to a group with few persons now?"""
    from reporting import services  # with what counts; see reporting/apps.py

    key, _hyphen, code = narrowed.partition("-")
    snapshot = services.latest_snapshot()
    if snapshot is None:
        return False
    surface = services.surface_of(snapshot.pk)
    for level, codes in enumerate(surface.axes.get(key, [])):
        if code in codes:
            return (surface.figure({key: code}, level).value or 0) < SMALL
    return False
