"""Looking at the dashboards, and taking them out as a paper. Nothing is counted here."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.confirming import check_recent
from accounts.models import User
from audit import trail
from audit.verbs import Verb
from core.exceptions import NotAllowed
from core.rights import Right
from reporting import services
from reporting.dashboards.panels import Answer, answer_of, panels_of
from reporting.tables import HIDDEN, notes_of_all


@dataclass(frozen=True)
class Dashboard:
    """Every panel that one snapshot answers."""

    taken_at: datetime
    answers: list[Answer]

    @property
    def notes(self) -> list[str]:
        """How to read the figures, in plain words: what holds for all of them, said once."""
        return notes_of_all()

    def notes_on(self, answer: Answer) -> list[str]:
        """What is to be said of this panel beside them."""
        notes = [note for note in answer.table.notes if note not in self.notes]
        if answer.left_out:
            left_out = {"symbol": HIDDEN, "names": ", ".join(answer.left_out)}
            notes.append(_("Left out, because every figure is %(symbol)s: %(names)s.") % left_out)
        return notes


def view_dashboard(*, by: User) -> Dashboard:
    """The dashboards of the latest snapshot, for the screen. Raises NotAllowed, NotFound before the
    first snapshot. Recorded once, by the definitions of the tables alone."""
    return _look_up(Verb.STATISTICS_VIEWED, by)


def export_dashboard(*, by: User) -> Dashboard:
    """The same for a paper, after a recent sign-in. Raises ConfirmationNeeded, too."""
    check_recent()
    return _look_up(Verb.STATISTICS_EXPORTED, by)


def _look_up(verb: Verb, by: User) -> Dashboard:
    if not by.has_right(Right.STATISTICS_SEE):
        raise NotAllowed(_("Your role does not include the dashboards."))
    snapshot = services.current_snapshot()
    answers = [
        answer_of(panel, services.build_table(snapshot, panel.definition))
        for panel in panels_of(services.surface_of(snapshot.pk))
    ]
    details = {
        "snapshot": str(snapshot.pk),
        "dashboard": [answer.panel.definition.id for answer in answers],
    }
    with transaction.atomic():
        trail.record(verb, by=by, details=details)
    return Dashboard(snapshot.taken_at, answers)
