"""Is there a worker? Each says so every few seconds, also while it has nothing to do.

It stands in the cache, which is a table that web processes and workers of every machine share. Whatever
else is cached may push it out: then no worker is seen until the next sign, some seconds later.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.state import Check, Light, State, told_time
from jobs.models import Job, JobState

SEEN = "worker-seen"
GONE_AFTER = timedelta(minutes=2)  # without a sign
LONG_WAIT = timedelta(minutes=30)  # behind other work, while a worker is there


def show_life() -> None:
    """Say that a worker is there."""
    cache.set(SEEN, timezone.now(), None)


def last_seen() -> datetime | None:
    """When a worker was last heard of, whichever it was."""
    seen: datetime | None = cache.get(SEEN)
    return seen


def is_there() -> bool:
    """Would work be begun that somebody asks for now?"""
    seen = last_seen()
    return seen is not None and timezone.now() - seen < GONE_AFTER


def check_worker(state: State) -> Iterator[Check]:
    """The line of the state page."""
    title, seen = _("Background work"), last_seen()
    waits = Job.objects.filter(state=JobState.WAITING).order_by("asked_at")
    oldest = waits.values_list("asked_at", flat=True).first()
    waiting = _("The oldest work waits since %s.") % told_time(oldest) if oldest else ""
    if seen is None or state.at - seen >= GONE_AFTER:
        told = _("No worker is there; the last one was seen %s.") % told_time(seen) if seen else ""
        yield Check(
            title,
            Light.AMBER,
            " ".join(filter(None, [told or _("No worker is there."), waiting])),
            _(
                "Work that people ask for is not begun. The administrator restarts Tutela, or the "
                "service that runs: manage.py work. The server's log says why it ended."
            ),
        )
    elif oldest and state.at - oldest > LONG_WAIT:
        yield Check(
            title,
            Light.AMBER,
            waiting,
            _(
                "A worker is there and busy with other work. If that is so often, the administrator "
                "begins a second one: manage.py work"
            ),
        )
    else:
        yield Check(title, Light.GREEN, _("A worker is there, seen %s.") % told_time(seen))
