"""Support plans: a kind of entry of the case file (cases/entries.py), with its form."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from assistance import reference
from assistance.models import SupportPlan
from assistance.sections import SupportPlanContent
from audit.verbs import Verb
from cases import door
from cases.entries import EntryKind
from cases.entry_forms import EntryForm
from cases.forms import day, one_of, text
from cases.models import Case
from cases.presenters import item_of
from cases.reference import entry_choices
from core.rights import Right


class SupportPlanForm(EntryForm):
    """What is planned with the person, towards one goal."""

    SCHEMA = SupportPlanContent

    plan_type = one_of(_("Goal"), entry_choices("SUPPORT_PLAN_TYPE"), required=True)
    plan_dimension = one_of(_("Dimension"), reference.REINTEGRATION_DIMENSIONS.items())
    objectives = text(
        _("Objectives"),
        long=True,
        required=True,
        help_text=_("What shall be different in the person's life."),
    )
    action_plan = text(
        _("Steps"), long=True, help_text=_("Who does what until when; the person, too.")
    )
    responsible = text(
        _("Who is responsible"), help_text=_("The person, a colleague, or who provides it.")
    )
    planned_end_date = day(_("Planned end"), latest_today=False)
    progress = one_of(_("Progress"), reference.PROGRESS.items())
    actual_end_date = day(_("Ended on"), help_text=_("When it was reached or given up."))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        progress, ended = data.get("progress"), data.get("actual_end_date")
        if progress in reference.ENDED and not ended and "actual_end_date" not in self.errors:
            self.add_error(
                "actual_end_date", _("Enter the day on which it was reached or given up.")
            )
        if ended and progress and progress not in reference.ENDED:
            self.add_error("progress", _("It has ended: say whether it was reached or given up."))
        return data


SUPPORT_PLAN = EntryKind(
    *(SupportPlan, SupportPlanForm),
    *(Verb.PLAN_RECORDED, Verb.PLAN_CHANGED),
    (Right.CASE_EDIT,),
    heading=_("Support plan"),
    add=_("Add a goal"),
    none=_("No goal is agreed yet."),
    title=lambda content: item_of("plan_type", content.plan_type),
    titled=("plan_type", "progress"),
    in_story=False,
    follows=frozenset({"progress", "actual_end_date"}),
    followed=Verb.PLAN_FOLLOWED,
)


def goals_reached(case: Case, by: User) -> list[bool]:
    """Of each goal of the plan that opens, whether it was reached; for cases.closing.GOALS."""
    goals = list(SupportPlan.objects.filter(case=case).order_by("pk"))
    opened = door.open_each(goals, by=by, verb=Verb.CASE_VIEWED, classes=["narrative"])
    contents = (sections.get("content") for sections in opened if sections)
    return [
        content.progress == "reached"
        for content in contents
        if isinstance(content, SupportPlanContent)
    ]
