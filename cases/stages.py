"""The stages of the work on a case: what is done in each, who acts next, and where it may go on.

The one table of it. Services ask it, the case page offers what it allows, and the diagram in
docs/reference/stages.md is drawn from it.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from cases.models import Case, CaseStatus, Stage


@dataclass(frozen=True)
class Step:
    """One stage. `status` is HTCDS's CaseStatus of a case that is there."""

    status: CaseStatus
    acts_next: Any  # who
    task: Any  # what they do
    leads_to: tuple[Stage, ...]  # the usual next one first


_OFFICER = _("The officer of the case")

# To Stage.CLOSED a case comes by a closure that somebody else approves, and from there by reopening it
# (cases/services/closing.py); between the others its officer moves it (cases/services/casework.py).
STAGES: dict[Stage, Step] = {
    Stage.IDENTIFICATION: Step(
        CaseStatus.ACTIVE,
        _OFFICER,
        _("Find out whether the person was trafficked, and see to what cannot wait."),
        (Stage.ASSESSMENT, Stage.CLOSED),
    ),
    Stage.ASSESSMENT: Step(
        CaseStatus.ACTIVE,
        _OFFICER,
        _("Assess the risk and the needs, and agree on a support plan with the person."),
        (Stage.ASSISTANCE, Stage.REINTEGRATION, Stage.IDENTIFICATION, Stage.CLOSED),
    ),
    Stage.ASSISTANCE: Step(
        CaseStatus.ACTIVE,
        _("The officer of the case, with specialists and partners"),
        _("Give and arrange what was planned."),
        (Stage.REINTEGRATION, Stage.FOLLOW_UP, Stage.ASSESSMENT, Stage.CLOSED),
    ),
    Stage.REINTEGRATION: Step(
        CaseStatus.ACTIVE,
        _("The officer of the case, with specialists and partners"),
        _("Support the person to live on their own: income, home, people around them."),
        (Stage.FOLLOW_UP, Stage.ASSISTANCE, Stage.CLOSED),
    ),
    Stage.FOLLOW_UP: Step(
        CaseStatus.FOLLOW_UP,
        _OFFICER,
        _("Visit at intervals, and step in when something turns."),
        (Stage.CLOSED, Stage.REINTEGRATION, Stage.ASSISTANCE),
    ),
    Stage.CLOSED: Step(
        CaseStatus.CLOSED,
        _("Nobody, until it is reopened or was kept long enough"),
        _("The case is kept for as long as the rule says."),
        (Stage.ASSESSMENT, Stage.ASSISTANCE, Stage.FOLLOW_UP),
    ),
}
# Where a case of before there were stages is taken to stand.
_BY_STATUS = {
    CaseStatus.ACTIVE: Stage.ASSISTANCE,
    CaseStatus.FOLLOW_UP: Stage.FOLLOW_UP,
}


def stage_of(case: Case) -> Stage:
    """Where the case stands."""
    if case.stage:
        return Stage(case.stage)
    return _BY_STATUS.get(CaseStatus(case.status), Stage.CLOSED)


def taken_to_stand_in(stage: Stage) -> list[CaseStatus]:
    """The statuses of cases that are taken to stand in this stage while none is stored of them."""
    return [status for status in CaseStatus if _BY_STATUS.get(status, Stage.CLOSED) is stage]


def moves_of(case: Case) -> list[Stage]:
    """Where its officer may move it. Closing and reopening are acts of their own."""
    stage = stage_of(case)
    if stage is Stage.CLOSED:
        return []
    return [to for to in STAGES[stage].leads_to if to is not Stage.CLOSED]
