"""Support plans: a kind of entry of the case file (cases/entries.py), with its form."""

from django.utils.translation import gettext_lazy as _

from assistance import reference
from assistance.models import SupportPlan
from assistance.sections import SupportPlanContent
from audit.verbs import Verb
from cases.entries import EntryKind
from cases.entry_forms import EntryForm
from cases.forms import day, one_of, text
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
    planned_end_date = day(_("Planned end"), latest_today=False)
    actual_end_date = day(_("Ended on"))


SUPPORT_PLAN = EntryKind(
    *(SupportPlan, SupportPlanForm),
    *(Verb.PLAN_RECORDED, Verb.PLAN_CHANGED),
    (Right.CASE_EDIT,),
    heading=_("Support plan"),
    add=_("Add a goal"),
    none=_("No goal is agreed yet."),
    title=lambda content: item_of("plan_type", content.plan_type),
    titled=("plan_type",),
    in_story=False,
)
