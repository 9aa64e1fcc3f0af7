"""What of assistance is due (cases/due.py)."""

from datetime import date

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts.models import User
from assistance.models import Cost, PlanAgreement, SupportPlan
from assistance.plans.agreements import WRITTEN
from cases.access import of_visible
from cases.due import MOST, OPEN, Due
from cases.models import Approval
from core.rights import Right


def plans_to_approve(user: User, until: date) -> list[Due]:
    """Plans that stand as the person agreed to them, for whoever may approve them and wrote no goal."""
    if not user.has_right(Right.CONTENT_APPROVE):
        return []
    later = PlanAgreement.objects.filter(case=OuterRef("case"), pk__gt=OuterRef("pk"))
    written = SupportPlan.history.filter(case=OuterRef("case"), history_change_reason__in=WRITTEN)
    # Ids of events sort by time.
    since = written.filter(last_event__gt=OuterRef("last_event"))
    waiting = of_visible(PlanAgreement.objects.filter(case__status__in=OPEN), user)
    waiting = waiting.exclude(recorded_by=user).exclude(Exists(later)).exclude(Exists(since))
    waiting = waiting.exclude(Exists(written.filter(history_user=user)))
    waiting = waiting.exclude(Exists(Approval.objects.filter(object=OuterRef("pk"))))
    return [
        Due(
            *("plan", one.case, one.recorded_on, _("agreement recorded by %s") % one.recorded_by),
            cls="narrative",
        )
        for one in waiting.select_related("case", "recorded_by").order_by("pk")[:MOST]
    ]


def costs_to_approve(user: User, until: date) -> list[Due]:
    """Costs that somebody else planned and that have to be approved, as they stand."""
    if not user.has_right(Right.CONTENT_APPROVE):
        return []
    approved = Approval.objects.filter(object=OuterRef("pk"), version=OuterRef("revision"))
    waiting = of_visible(Cost.objects.filter(waits=True, case__status__in=OPEN), user)
    waiting = waiting.exclude(recorded_by=user).exclude(Exists(approved))
    return [
        Due(
            *("cost", one.case, one.recorded_on, _("planned by %s") % one.recorded_by),
            cls="financial",
        )
        for one in waiting.select_related("case", "recorded_by").order_by("pk")[:MOST]
    ]
