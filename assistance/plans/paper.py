"""The support plan on paper, in plain words: for the person, who signs it.

Of each goal it says what the person wants to reach, not of which type it is: some types say why
somebody is helped.
"""

from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from assistance.models import PlanAgreement, SupportPlan
from assistance.plans.agreements import AGREEMENT, since
from assistance.sections import AgreementContent, SupportPlanContent
from audit.verbs import Verb
from cases import door
from cases.approvals import State, standings
from cases.door import Sections
from cases.models import Case
from cases.papers import (
    Block,
    Paper,
    facts,
    heading,
    in_language,
    mark_of,
    passage,
    sender,
    signatures,
    written_day,
)
from cases.presenters import text_of
from cases.sections import Identity
from cases.selectors import victim_of
from core.exceptions import BadInput

CLASS = "narrative"


def plan_paper(case: Case, *, language: str, tells_name: bool, by: User) -> Paper:
    """The goals of the plan as they stand, and who agreed to them when.

    The name is on it only if asked for, where `by` may read it. The event is written before anything is
    opened. Raises BadInput where there is no goal, and what `door.open_rows` raises.
    """
    goals = list(SupportPlan.objects.filter(case=case).order_by("pk"))
    if not goals:
        raise BadInput(_("The plan has no goal yet."))
    agreements = PlanAgreement.objects.filter(case=case).select_related("recorded_by")
    agreed = list(agreements[:1])
    rows = [*goals, *agreed, *([victim_of(case)] if tells_name else [])]
    found, event = door.open_for_paper(
        rows,
        by=by,
        verb=Verb.PLAN_PRINTED,
        classes=[CLASS, "identity"] if tells_name else [CLASS],
        details={"language": language, "name": tells_name},
    )
    contents = [sections.get("content") for sections in found[: len(goals)]]
    of_agreed = list(zip(agreed, found[len(goals) :], strict=False))
    identity = found[-1].get("identity")  # of the person, where the name is asked for
    with in_language(language):
        name = identity.full_name if isinstance(identity, Identity) else ""
        return Paper(
            title=_("Support plan"),
            made_on=timezone.localdate(),
            head=sender(case),
            blocks=[
                facts([(_("Name"), name), (_("Our reference"), case.reference)]),
                passage(
                    _(
                        "This is your plan. You can ask about anything in it and have it changed at any "
                        "time. You are helped whether you agree to all of it or not."
                    )
                ),
                *_goals([one for one in contents if isinstance(one, SupportPlanContent)]),
                *_agreement(of_agreed, goals, by),
                *signatures(),
            ],
            mark=mark_of(event, by),
        )


def _goals(contents: list[SupportPlanContent]) -> Iterator[Block]:
    for number, goal in enumerate(contents, start=1):
        yield heading(_("Goal %s") % number)
        yield facts(
            [
                (_("What shall be different"), goal.objectives),
                (_("What is to be done"), goal.action_plan),
                (_("Who does it"), goal.responsible),
                (_("By when"), text_of("planned_end_date", goal.planned_end_date)),
                (_("How far it is"), text_of("progress", goal.progress)),
                (_("Ended on"), text_of("actual_end_date", goal.actual_end_date)),
            ]
        )


def _agreement(
    opened: list[tuple[PlanAgreement, Sections]], goals: list[SupportPlan], by: User
) -> Iterator[Block]:
    """Who agreed when, and whether the plan still is what was agreed."""
    yield heading(_("Who agreed, and when"))
    for row, sections in opened:
        content = sections.get("content")
        if isinstance(content, AgreementContent):
            yield facts(
                [
                    (_("You agreed on"), text_of("agreed_on", content.agreed_on)),
                    (_("How it was given"), AGREEMENT.title(content)),
                    (_("Guardian"), content.guardian),
                    (_("Your own view"), content.childs_view),
                    (_("In whose presence"), content.witness),
                    (_("Interpreter"), content.interpreter),
                    (_("What you want otherwise"), content.wants_otherwise),
                    (_("For the organisation"), str(row.recorded_by)),
                    (_("Approved by"), _approved(row, sections, by)),
                ]
            )
            if not since(content, goals).stands:
                yield passage(_("The plan was changed after that day: please agree to it anew."))
            return
    yield passage(_("You have not agreed to this plan yet."))


def _approved(row: PlanAgreement, sections: Sections, by: User) -> str:
    """Who approved the agreement, and on which day; "" where nobody did."""
    standing = standings([(row, sections)], by=by).get(row.pk)
    if standing is None or standing.state != State.APPROVED or standing.approval is None:
        return ""
    approval = standing.approval
    return f"{approval.approved_by}, {written_day(approval.approved_on)}"
