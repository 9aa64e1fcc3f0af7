"""Background work of statistics: taking a snapshot, making and publishing a release.

Nothing is counted on their pages: how many cases or persons there are is protected, too. What counts
and solves is loaded when it is asked for: every command loads this list, and few count anything.
"""

import logging
from functools import partial
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.typesetting import TypesettingFailed
from core.exceptions import WrongState
from core.rights import Right
from jobs.kinds import Kind
from jobs.running import Run
from reporting.releases.models import Release

SNAPSHOT, RELEASE = "snapshot", "release"

log = logging.getLogger(__name__)


def _take_snapshot(run: Run) -> None:
    from reporting.services import take_snapshot

    run.begin(None)
    snapshot = take_snapshot(by=run.by, going_on=partial(run.advance, 0))
    run.words = _("Snapshot %(number)s was taken.") % {"number": snapshot.number}


def _make_release(run: Run) -> None:
    """Draw what was approved, unless that was done, set its report and publish both."""
    from reporting.releases.services import make_release

    run.begin(None)
    release = Release.objects.get(pk=UUID(run.parameters["release"]))
    try:
        make_release(release, by=run.by, going_on=partial(run.advance, 0))
    except TypesettingFailed as error:
        log.error("the report of a release was not set", exc_info=error)
        raise WrongState(
            _(
                "The figures were made and are kept, but the report about them could not be set. Open "
                "the release and press “Publish again”: nothing is drawn anew."
            )
        ) from None
    run.words = _("“%(title)s” is published.") % {"title": release.title}


_SNAPSHOT = Kind(
    title=gettext_lazy("Taking a statistics snapshot"),
    rows=None,
    on_failure=gettext_lazy("The last snapshot stays in use."),
    on_stop=None,
    right=Right.STATISTICS_FREEZE,
    work=_take_snapshot,
)
_RELEASE = Kind(
    title=gettext_lazy("Making and publishing a release"),
    rows=None,
    on_failure=gettext_lazy(
        "Open the release in “Published statistics”. It says whether its figures are kept and can be "
        "published again, or can still be made. What it costs stays spent, and nothing is drawn twice."
    ),
    on_stop=None,
    right=Right.RELEASE_DECIDE,
    work=_make_release,
)
KINDS = {SNAPSHOT: _SNAPSHOT, RELEASE: _RELEASE}
