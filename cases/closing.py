"""What has to be done before a case is closed: computed from the case, or answered by whoever closes it.

What still stands open has to be explained. It is looked at when the closure is asked for, and once more
when it is approved.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cases.access import live
from cases.models import (
    Attachment,
    AttachmentState,
    Case,
    CaseTeamGrant,
    CaseUserGrant,
    GrantReason,
    RiskAssessment,
    Task,
    TaskState,
)


@dataclass(frozen=True)
class ClosureCheck:
    """One thing. `is_open` asks open columns; None: no program knows, and whoever closes answers."""

    name: str
    label: Any  # what has to be so
    is_open: Callable[[Case], bool] | None


def is_shared_outside(case: Case) -> bool:
    """Does another organisation see the case, by a referral?"""
    referred = live(timezone.now()) & Q(content_object=case, reason=GrantReason.REFERRAL)
    return any(
        grants.objects.filter(referred).exists() for grants in (CaseUserGrant, CaseTeamGrant)
    )


def _review_is_due(case: Case) -> bool:
    last = RiskAssessment.objects.filter(case=case).first()
    return last is not None and last.review_due <= timezone.localdate()


def _file_waits(case: Case) -> bool:
    return Attachment.objects.filter(case=case, state=AttachmentState.QUARANTINED).exists()


def task_is_open(case: Case) -> bool:
    """Is something of the case to be done still?"""
    return Task.objects.filter(case=case, state=TaskState.OPEN).exists()


# Upper apps add theirs in apps.ready(): what they hold of a case may not be finished, either.
CLOSURE_CHECKS: list[ClosureCheck] = [
    ClosureCheck("referrals", _("No other organisation sees the case"), is_shared_outside),
    ClosureCheck("risk", _("No review of the risk is due"), _review_is_due),
    ClosureCheck("tasks", _("Every task is done or dropped"), task_is_open),
    ClosureCheck("files", _("No file waits for the virus scanner"), _file_waits),
    ClosureCheck("documents", _("The person has their own documents and things back"), None),
]

# What was planned: an upper app tells of each goal of a case whether it was reached, to whoever may
# read that. Called outside of transactions.
GOALS: list[Callable[[Case, User], list[bool]]] = []


def still_open(case: Case) -> list[ClosureCheck]:
    """Of what can be computed, what stands open now. A query or two each, whatever the case holds."""
    return [check for check in CLOSURE_CHECKS if check.is_open is not None and check.is_open(case)]


def label_of_check(name: str) -> str:
    """What a check is called; its name, for one that is no longer made."""
    return next((str(check.label) for check in CLOSURE_CHECKS if check.name == name), name)


def unexplained(case: Case, explained: Collection[str]) -> list[ClosureCheck]:
    """What stands open and nobody explained."""
    return [check for check in still_open(case) if check.name not in explained]
