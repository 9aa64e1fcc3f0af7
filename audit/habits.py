"""What a person usually does, in figures out of the log: how many cases a day, when, on what ground."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from statistics import median
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from audit.models import Event
from audit.selectors import cases_named
from audit.sequencer import sequence
from audit.verbs import TAKEN_OUT, Verb

USUAL_DAYS = 90  # how far "usual" looks back
# More than this on one day is unusual: a multiple of what is usual for the person, and not just few.
TIMES_USUAL = 3
NEVER_UNUSUAL = 20  # cases
DOWNLOADS_A_DAY = 10  # files

# When offices are at work, in the time zone of the installation.
WORK_BEGINS, WORK_ENDS = time(7), time(20)
WORK_DAYS = range(5)  # Monday to Friday

# What a person comes to do and could be asked about; signing in and out is not among it.
WORK = frozenset(Verb) - {
    Verb.SIGNED_IN,
    Verb.SIGNED_OUT,
    Verb.SIGN_IN_FAILED,
    Verb.PASSWORD_CHANGED,
    Verb.SECOND_FACTOR_CHANGED,
}

Opening = tuple[UUID, datetime]  # a case, and when it was opened


@dataclass(frozen=True, slots=True)
class Ground:
    """Why somebody could open a case."""

    code: str
    label: Any = field(compare=False)
    is_assigned: bool = field(default=False, compare=False)  # it is their own case


# Ground → how many of these cases this person could open on it; the application that knows grants puts
# its function here.
GROUNDS: list[Callable[[UUID, Iterable[Opening]], "Counter[Ground]"]] = []


@dataclass(slots=True)
class Habits:
    """What one person did in the last USUAL_DAYS days and today, beside what is usual for them."""

    days: list[tuple[date, int]]  # cases opened on each day, the oldest first; the last is today
    usual: float  # median of the days before today on which any was opened; 0 when there is none
    out_of_hours: int  # acts
    out_of_hours_days: int
    refusals: int
    exports: int
    opened: int  # openings of a case, each case once a day
    grounds: "Counter[Ground]" = field(default_factory=Counter)

    @property
    def today(self) -> int:
        return self.days[-1][1]

    @property
    def by_ground(self) -> list[tuple[Ground, int]]:
        """Grounds with their numbers, the most frequent first."""
        return self.grounds.most_common()

    @property
    def not_assigned(self) -> int:
        """Openings of a case that the person was not assigned to."""
        return sum(number for ground, number in self.grounds.items() if not ground.is_assigned)

    @property
    def limit(self) -> int:
        """More cases than this on one day are unusual."""
        return limit_of(self.usual)

    @property
    def unusual_days(self) -> list[tuple[date, int]]:
        return [(day, number) for day, number in reversed(self.days) if number > self.limit]


def habits_of(actor: UUID) -> Habits:
    """The figures of one person, out of their events since USUAL_DAYS days ago."""
    sequence()
    today = timezone.localdate()
    acts = _acts(actor, today - timedelta(days=USUAL_DAYS), today)
    here = timezone.get_current_timezone()  # asked once: there may be tens of thousands of acts
    found = acts.filter(verb__in=WORK).values_list("at", "verb", "outcome")
    times = [(at.astimezone(here), verb, outcome) for at, verb, outcome in found]
    late = [at.date() for at, _verb, _outcome in times if _is_out_of_hours(at)]
    first: dict[tuple[date, UUID], datetime] = {}
    for at, case in _openings(acts):
        first.setdefault((at.astimezone(here).date(), case), at)
    opened = Counter(day for day, _case in first)
    days = [today - timedelta(days=ago) for ago in range(USUAL_DAYS, -1, -1)]
    grounds: Counter[Ground] = Counter()
    for look in GROUNDS:
        grounds += look(actor, [(case, at) for (_day_of, case), at in first.items()])
    return Habits(
        days=[(day, opened[day]) for day in days],
        usual=_median(opened[day] for day in days[:-1]),
        out_of_hours=len(late),
        out_of_hours_days=len(set(late)),
        refusals=sum(outcome == "denied" for _at, _verb, outcome in times),
        exports=sum(verb in TAKEN_OUT for _at, verb, _outcome in times),
        opened=len(first),
        grounds=grounds,
    )


def cases_opened(actor: UUID, day: date, *, up_to: int) -> set[UUID]:
    """Cases the person opened on a day, in events up to this position of the log."""
    acts = _acts(actor, day, day).filter(seq__lte=up_to)
    return {case for _at, case in _openings(acts)}


@lru_cache(maxsize=1_000)  # what lies before a day does not change
def usual_before(actor: UUID, day: date) -> float:
    """Median of cases opened on a day, of the days before `day` on which any was opened."""
    acts = _acts(actor, day - timedelta(days=USUAL_DAYS), day - timedelta(days=1))
    found: dict[date, set[UUID]] = defaultdict(set)
    for at, case in _openings(acts):
        found[_day(at)].add(case)
    return _median(len(cases) for cases in found.values())


def limit_of(usual: float) -> int:
    """More than this is unusual, where so much is usual."""
    return max(NEVER_UNUSUAL, int(TIMES_USUAL * usual))


def is_out_of_hours(at: datetime) -> bool:
    """Is nobody at work in an office at this moment?"""
    return _is_out_of_hours(timezone.localtime(at))


def _is_out_of_hours(local: datetime) -> bool:
    return local.weekday() not in WORK_DAYS or not WORK_BEGINS <= local.time() < WORK_ENDS


def bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """From the beginning of one day to the end of another, here."""
    start = timezone.make_aware(datetime.combine(first, time.min))
    stop = timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min))
    return start, stop


def _acts(actor: UUID, first: date, last: date) -> "QuerySet[Event, Event]":
    start, stop = bounds(first, last)
    return Event.objects.filter(actor=actor, at__gte=start, at__lt=stop).order_by("at")


def _openings(acts: "QuerySet[Event, Event]") -> Iterable[tuple[datetime, UUID]]:
    """(when, case) of each case that was opened."""
    opened = acts.filter(verb=Verb.CASE_VIEWED, outcome="ok").values_list("at", "entry")
    for at, entry in opened:
        for case in cases_named(entry):
            yield at, case


def _day(at: datetime) -> date:
    return timezone.localtime(at).date()


def _median(numbers: Iterable[int]) -> float:
    worked = [number for number in numbers if number]
    return median(worked) if worked else 0
