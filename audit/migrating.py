"""What a migration did to a log that is there already: its own events."""

from collections.abc import Sequence
from typing import Any

from audit import guards, trail
from audit.models import LogState
from audit.verbs import Verb

_absent: list[str] = []  # guards that were missing or changed when the migration began


def take_guards_away(using: str) -> None:
    """Before tables are rebuilt: the database refuses nothing for a while."""
    _absent[:] = guards.missing(using)
    guards.remove(using)


def put_guards_back(using: str, plan: Sequence[tuple[Any, bool]]) -> None:
    """When tables are rebuilt. `plan` holds (migration, is it undone) of each that was applied.

    The first migrations leave no events: the log begins after them.
    """
    guards.install(using)
    if not LogState.objects.filter(size__gt=0).exists():
        return
    if plan:
        names = " ".join(f"{step.app_label}.{step.name}" for step, _undone in plan)
        trail.record(Verb.MIGRATED, by=None, reason=names)
    if _absent:
        told = f"{len(_absent)} guards, the first {_absent[0]}"
        trail.record(Verb.GUARDS_RESTORED, by=None, reason=told)
