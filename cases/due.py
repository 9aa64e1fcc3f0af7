"""What is due: one list of kinds, each of which finds what it has for a person, out of open columns.

The start page counts them and cases/views/work.py lists them. Each kind asks a bounded number of queries
and gives at most MOST lines, however many cases there are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.models import User
from cases.access import Access, access_to, live, of_visible, offered_to
from cases.models import (
    BY_HAND,
    Case,
    CaseStatus,
    CaseTeamGrant,
    CaseUserGrant,
    Closure,
    ClosureState,
    Consent,
    RiskAssessment,
    Task,
    TaskState,
)
from core.days import end_of
from core.rights import Right

AHEAD = timedelta(days=7)  # how early something is called due
ESCALATED = timedelta(days=7)  # how long a task is overdue before whoever supervises is told
NEW = timedelta(days=7)  # how long somebody is told of a task that is not due yet
MOST = 200  # lines of one kind
OPEN = (CaseStatus.ACTIVE, CaseStatus.FOLLOW_UP)


class Show(StrEnum):
    """The three lists."""

    OVERDUE = "overdue"
    WEEK = "week"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Due:
    """One line: a case the person sees, a day, and nothing of what is sealed.

    Or a case they are asked about and do not see: of that, its reference, and where they decide.
    """

    kind: str  # name of a DueKind
    case: Case
    on: date
    note: Any = ""  # what is more to be said of it, such as whose access ends
    tone: str = ""  # code of a status that the note is shown as
    task: Task | None = None  # what is to be done, under seal: the page opens it
    asked_at: str = ""  # the address where they decide on a case they do not see
    cls: str = ""  # told to nobody who does not read this class of the case


@dataclass(frozen=True)
class DueKind:
    """Something that falls due. `waits`: it is not a day that matters, but this person's decision."""

    name: str
    label: Any
    find: Callable[[User, date], list[Due]]  # for a person, up to and with a day, earliest first
    waits: bool = False


# --- The kinds of the case file -------------------------------------------------------
def _reviews(user: User, until: date) -> list[Due]:
    """The last assessment of risk of each of the person's own open cases, when it is to be reviewed."""
    later = RiskAssessment.objects.filter(case=OuterRef("case"), pk__gt=OuterRef("pk"))
    due = RiskAssessment.objects.filter(review_due__lte=until).exclude(Exists(later))
    return [
        Due("risk", one.case, one.review_due, one.get_risk_level_display(), one.risk_level)
        for one in of_own(due, user).order_by("review_due", "pk")[:MOST]
    ]


def _consents(user: User, until: date) -> list[Due]:
    """The last consent of each of the person's own open cases, when it runs out."""
    later = Consent.objects.filter(case=OuterRef("case"), recorded_on__gt=OuterRef("recorded_on"))
    same_day = Consent.objects.filter(
        case=OuterRef("case"), recorded_on=OuterRef("recorded_on"), pk__gt=OuterRef("pk")
    )
    due = Consent.objects.filter(expires_on__lte=until).exclude(Exists(later))
    due = of_own(due.exclude(Exists(same_day)), user).order_by("expires_on", "pk")
    return [Due("consent", one.case, one.expires_on) for one in due[:MOST] if one.expires_on]


def _grants(user: User, until: date) -> list[Due]:
    """What the person shared by hand of their own open cases, when it ends."""
    found: list[Due] = []
    for grants, holder in ((CaseUserGrant.objects, "user"), (CaseTeamGrant.objects, "group__team")):
        ending = grants.filter(
            live(timezone.now()), reason__in=BY_HAND, ends__lte=end_of(until)
        ).select_related(holder)
        for one in of_own(ending, user, case="content_object").order_by("ends", "pk")[:MOST]:
            to = one.user if holder == "user" else one.group.team.name
            note = _("access of %s ends") % to
            found.append(
                Due("grant", one.content_object, timezone.localtime(one.ends).date(), note)
            )
    return sorted(found, key=lambda one: one.on)[:MOST]


def _closures(user: User, until: date) -> list[Due]:
    """Closures that somebody else asked for, for whoever may approve them."""
    if not user.has_right(Right.CONTENT_APPROVE):
        return []
    waiting = Closure.objects.filter(state=ClosureState.ASKED, case__erased_on=None)
    waiting = waiting.exclude(recorded_by=user).select_related("case", "recorded_by")
    return [
        Due("closure", one.case, one.recorded_on, _("asked for by %s") % one.recorded_by)
        for one in waiting.order_by("pk")[:MOST]
    ]


def _tasks(user: User, until: date) -> list[Due]:
    """What this person is to do in open cases."""
    due = _open_tasks().filter(assignee=user, due_on__lte=until)
    return [
        Due("task", one.case, one.due_on, _from_whom(one), task=one)
        for one in due.order_by("due_on")[:MOST]
    ]


def _given(user: User, until: date) -> list[Due]:
    """What somebody else gave this person to do of late, and is not due so soon."""
    since = timezone.localdate() - NEW
    new = _open_tasks().filter(assignee=user, due_on__gt=until, recorded_on__gt=since)
    new = new.exclude(recorded_by=user).order_by("due_on")
    return [Due("new_task", one.case, one.due_on, _from_whom(one), task=one) for one in new[:MOST]]


def _escalated(user: User, until: date) -> list[Due]:
    """What others should have done long ago, for whoever supervises and sees the case."""
    if not user.has_right(Right.CONTENT_APPROVE):
        return []
    late = _open_tasks().filter(due_on__lt=timezone.localdate() - ESCALATED)
    late = of_visible(late, user).exclude(assignee=user).order_by("due_on")
    return [
        Due("late_task", one.case, one.due_on, _("for %s") % one.assignee, task=one)
        for one in late[:MOST]
    ]


def _open_tasks() -> QuerySet[Task]:
    tasks = Task.objects.filter(state=TaskState.OPEN, case__status__in=OPEN)
    return tasks.select_related("case", "recorded_by", "assignee")


def _from_whom(task: Task) -> str:
    is_own = task.recorded_by_id == task.assignee_id
    return "" if is_own else _("given by %s") % task.recorded_by


def _offers(user: User, until: date) -> list[Due]:
    """Cases that shall come to an office this person supervises. They do not see them yet."""
    waiting = offered_to(user).select_related("case__office")
    return [
        Due(
            *(
                "transfer",
                one.case,
                one.recorded_on,
                pgettext("sender", "from %s") % one.case.office,
            ),
            asked_at=reverse("cases:offer", args=[one.pk]),
        )
        for one in waiting.order_by("pk")[:MOST]
    ]


def of_own(rows: QuerySet[Any], user: User, case: str = "case") -> QuerySet[Any]:
    """Those of open cases whose officer the person is."""
    if not user.has_right(Right.CASE_EDIT):
        return rows.none()
    own = {f"{case}__owner": user, f"{case}__status__in": OPEN}
    return rows.filter(**own).select_related(case)


# Upper apps add theirs in apps.ready(): a visit that is to be made, a referral nobody answered.
DUE_KINDS: list[DueKind] = [
    DueKind("risk", gettext_lazy("Review of the risk"), _reviews),
    DueKind("consent", gettext_lazy("Consent runs out"), _consents),
    DueKind("grant", gettext_lazy("Shared access ends"), _grants),
    DueKind("closure", gettext_lazy("Closure to approve"), _closures, waits=True),
    DueKind("task", gettext_lazy("Task"), _tasks),
    DueKind("new_task", gettext_lazy("New task"), _given, waits=True),
    DueKind("late_task", gettext_lazy("Task long overdue"), _escalated, waits=True),
    DueKind("transfer", gettext_lazy("Case for your office"), _offers, waits=True),
]


# --- What a page shows ----------------------------------------------------------------
def due_for(user: User) -> dict[Show, list[Due]]:
    """What is overdue, due within a week, or waits for this person, in cases they may know of."""
    today = timezone.localdate()
    found = [(kind, one) for kind in DUE_KINDS for one in kind.find(user, today + AHEAD)]
    seen: Mapping[Any, Access] = {}
    if found:
        seen = access_to(user, {one.case.pk for _kind, one in found}, glass=False)
    lists: dict[Show, list[Due]] = {show: [] for show in Show}
    for kind, one in found:
        if one.case.pk not in seen and not one.asked_at:
            continue
        if one.cls and one.cls not in seen[one.case.pk].read:
            continue
        late = Show.OVERDUE if one.on < today else Show.WEEK
        lists[Show.WAITING if kind.waits else late].append(one)
    for lines in lists.values():
        lines.sort(key=lambda one: one.on)
    return lists


def label_of_kind(name: str) -> Any:
    """What a kind is called."""
    return next(kind.label for kind in DUE_KINDS if kind.name == name)
