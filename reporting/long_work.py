"""Taking a snapshot of the statistics as background work."""

from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.rights import Right
from jobs.kinds import Kind
from jobs.running import Run
from reporting.services import take_snapshot

SNAPSHOT = "snapshot"


def _take_snapshot(run: Run) -> None:
    """Nothing is counted on the page: how many cases there are is protected, too."""
    run.begin(None)
    snapshot = take_snapshot(by=run.by, going_on=partial(run.advance, 0))
    run.words = _("Snapshot %(number)s was taken.") % {"number": snapshot.number}


KIND = Kind(
    title=gettext_lazy("Taking a statistics snapshot"),
    rows=None,
    on_failure=gettext_lazy("The last snapshot stays in use."),
    on_stop=None,
    right=Right.STATISTICS_FREEZE,
    work=_take_snapshot,
)
