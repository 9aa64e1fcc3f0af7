"""Rules that find in the log what somebody has to look at. A list, so it can be printed and added to.

A rule is given events in the order of the log and names those at which it finds something. It may be
given the same events twice: what it found before has the same mark.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.habits import DOWNLOADS_A_DAY, bounds, cases_opened, limit_of, usual_before
from audit.limits import HOUR, OPENINGS_TO_LOOK_AT
from audit.models import Event, ReviewItem
from audit.selectors import cases_named
from audit.verbs import EXPORTS, Verb
from core.rights import Right

ROW = 5  # refusals
WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Finding:
    """An event at which a rule found something."""

    event: Event
    cases: int = 0  # how many it is about
    mark: str = ""  # the same for what is one finding; the event itself when empty
    for_auditor: bool = False  # whoever supervises the office is concerned


Find = Callable[[Sequence[Event]], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is looked for, and what to tell whoever has to look at it."""

    code: str  # stands in the items for ever
    title: Any
    advice: Any
    find: Find
    also_for: Right | None = None  # whoever holds it may review it, beside those who do anyhow
    waits: timedelta | None = None  # after so long it goes to the auditor by itself


def each_of(verbs: Iterable[Verb]) -> Find:
    """Every act of these kinds."""
    wanted = frozenset(verbs)

    def find(events: Sequence[Event]) -> Iterator[Finding]:
        for event in events:
            if event.verb in wanted and event.outcome == "ok":
                yield Finding(event, len(cases_named(event.entry)))

    return find


def _unusual_volume(events: Sequence[Event]) -> Iterator[Finding]:
    """More cases opened on one day than usual; found again each time the number has doubled."""
    for (actor, day), last in last_of_each_day(events, {Verb.CASE_VIEWED}).items():
        number = len(cases_opened(actor, day, up_to=last.seq))
        if number > limit_of(0) and number > (limit := limit_of(usual_before(actor, day))):
            yield Finding(last, number, f"{actor} {day} {doublings(number, limit)}")


def _many_downloads(events: Sequence[Event]) -> Iterator[Finding]:
    """More files downloaded on one day than most need; found again each time the number doubled."""
    for (actor, day), last in last_of_each_day(events, {Verb.FILE_DOWNLOADED}).items():
        start, stop = bounds(day, day)
        downloads = Event.objects.filter(
            actor=actor, at__gte=start, at__lt=stop, verb=Verb.FILE_DOWNLOADED, seq__lte=last.seq
        )
        if (number := downloads.count()) > DOWNLOADS_A_DAY:
            cases = {case for event in downloads for case in cases_named(event.entry)}
            yield Finding(last, len(cases), f"{actor} {day} {doublings(number, DOWNLOADS_A_DAY)}")


def _many_openings(events: Sequence[Event]) -> Iterator[Finding]:
    """More openings of records within an hour than work needs; found again after as long."""
    opened: dict[UUID, list[Event]] = {}
    for event in events:
        if event.verb == Verb.CASE_VIEWED and event.actor and event.outcome == "ok":
            opened.setdefault(event.actor, []).append(event)
    for actor, own in opened.items():
        near = Event.objects.filter(
            actor=actor,
            at__gt=own[0].at - HOUR,
            seq__lte=own[-1].seq,
            verb=Verb.CASE_VIEWED,
            outcome="ok",
        ).order_by("at", "seq")
        times = list(near.values_list("at", flat=True))
        last = _last_found("openings", actor)
        for event in own:
            until = bisect_right(times, event.at)
            first = bisect_right(times, event.at - HOUR)
            if until - first > OPENINGS_TO_LOOK_AT and (last is None or last <= event.at - HOUR):
                last = event.at
                entries = near[first:until].values_list("entry", flat=True)
                yield Finding(event, len({case for e in entries for case in cases_named(e)}))


def _refusals_in_a_row(events: Sequence[Event]) -> Iterator[Finding]:
    """ROW refusals within a short time; a person who goes on is found again after as long."""
    found: dict[UUID, Any] = {}
    for event in events:
        if event.outcome != "denied" or event.actor is None:
            continue
        near = Event.objects.filter(
            actor=event.actor,
            at__gt=event.at - WITHIN,
            at__lte=event.at,
            seq__lte=event.seq,
            outcome="denied",
        )
        last = found.get(event.actor) or _last_found("refusals", event.actor)
        if (last is None or last <= event.at - WITHIN) and near.count() >= ROW:
            found[event.actor] = event.at
            yield Finding(event, len({case for one in near for case in cases_named(one.entry)}))


def _last_found(rule: str, officer: UUID) -> Any:
    items = ReviewItem.objects.filter(rule=rule, officer=officer).order_by("-at")
    return items.values_list("at", flat=True).first()


def last_of_each_day(
    events: Sequence[Event], verbs: Collection[Verb]
) -> dict[tuple[UUID, date], Event]:
    """(person, day) → the last of these events of these kinds."""
    last: dict[tuple[UUID, date], Event] = {}
    for event in events:
        if event.verb in verbs and event.actor and event.outcome == "ok":
            last[event.actor, timezone.localtime(event.at).date()] = event
    return last


def doublings(number: int, limit: int) -> int:
    """How often the limit was doubled; for the mark of a finding that is found again with each."""
    return (max(number - 1, 1) // max(limit, 1)).bit_length()


RULES: list[Rule] = [
    Rule(
        "volume",
        _("Unusually many cases opened"),
        _(
            "Far more cases in one day than this person usually opens. Ask what they were needed for."
        ),
        _unusual_volume,
    ),
    Rule(
        "openings",
        _("Records opened very quickly"),
        _(
            "More than 200 openings of records within an hour; at 500 Tutela stops them. Ask what they "
            "were needed for, and whether somebody else uses the account."
        ),
        _many_openings,
    ),
    Rule(
        "refusals",
        _("Refused several times in a row"),
        _(
            "Five refusals or more within ten minutes: somebody tries doors, or lacks access they need."
        ),
        _refusals_in_a_row,
    ),
    Rule(
        "export",
        _("Taken out of Tutela"),
        _(
            "What was downloaded is no longer protected here. Ask where it went, and who has it now."
        ),
        each_of(EXPORTS),
    ),
    Rule(
        "downloads",
        _("Many files downloaded"),
        _("More files in one day than most work needs. Ask what they were needed for."),
        _many_downloads,
    ),
]


def rule_of(code: str) -> Rule | None:
    """The rule with this code; none when this version of Tutela does not know it."""
    return next((rule for rule in RULES if rule.code == code), None)
