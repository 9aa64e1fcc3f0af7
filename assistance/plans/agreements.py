"""The person agrees to the support plan as it stands: recording that, and telling whether it still does.

An agreement names every goal by id, revision and digest. A new goal, or a later version of one, undoes
it; that a goal was begun or reached does not, and versions that say no more have a verb of their own.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from django import forms
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from assistance.forms import Files
from assistance.models import PlanAgreement, SupportPlan
from assistance.sections import AgreementContent
from audit.digests import version_digest
from audit.verbs import Verb
from cases.approvals import is_as_pinned
from cases.countries import LANGUAGES
from cases.door import Sections
from cases.entries import EntryKind
from cases.entry_forms import EntryForm
from cases.forms import day, one_of, text
from cases.models import Case
from cases.presenters import item_of
from cases.reference import entry_choices
from cases.services.casework import record_entry
from core.exceptions import Conflict, NotAllowed, WrongState
from core.rights import Right

WRITTEN = (Verb.PLAN_RECORDED, Verb.PLAN_CHANGED)  # a version of a goal that says something else
BY_WORD = "verbal_certified"  # code of reference.CONSENT_FORMS


class AgreementForm(EntryForm):
    """That the person agrees to the plan. The signed paper is one of `files`, if it is here."""

    SCHEMA = AgreementContent

    agreed_on = day(gettext_lazy("Agreed on"), required=True)
    form = one_of(gettext_lazy("How it was given"), entry_choices("CONSENT_FORMS"), required=True)
    signed_file = forms.ChoiceField(
        label=gettext_lazy("Signed paper"),
        required=False,
        help_text=gettext_lazy("A file of this case, of the same part as the plan."),
    )
    witness = text(
        gettext_lazy("In whose presence"),
        help_text=gettext_lazy("Who else was there, when the person agreed by word."),
    )
    language = one_of(gettext_lazy("Language used"), lambda: list(LANGUAGES.items()))
    interpreter = text(gettext_lazy("Interpreter, if any"))
    guardian = text(gettext_lazy("Guardian, for a child"))
    childs_view = text(
        gettext_lazy("The child's own view"),
        long=True,
        help_text=gettext_lazy("Of a child: in their words, if you can."),
    )
    wants_otherwise = text(
        gettext_lazy("What the person wants otherwise"),
        long=True,
        help_text=gettext_lazy("In their own words, also where the plan does not follow them."),
    )

    def __init__(self, *args: Any, files: Files = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agreed_on"].initial = timezone.localdate
        if files:
            choices = [("", _("Not recorded")), *files]
            self.fields["signed_file"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["signed_file"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("form") == BY_WORD and not data.get("witness"):
            self.add_error("witness", _("Say in whose presence the person agreed."))
        if data.get("guardian") and not data.get("childs_view"):
            self.add_error("childs_view", _("Say what the child wants, too."))
        return data


AGREEMENT = EntryKind(
    *(PlanAgreement, AgreementForm),
    *(Verb.PLAN_AGREED, None),
    (Right.CASE_EDIT,),
    heading=gettext_lazy("The person agrees to the support plan"),
    add=gettext_lazy("Record that the person agrees"),
    none=gettext_lazy("The person has not agreed yet."),
    title=lambda content: item_of("form", content.form),
    titled=("agreed_on", "form", "signed_file", "agreed_goals"),
    in_story=False,
)


def record_agreement(
    case: Case, content: AgreementContent, *, shown: str, by: User
) -> PlanAgreement:
    """Record that the person agrees to the plan as it stands, which is as it was `shown`.

    `shown` is the `mark_of` the goals. Raises WrongState without any goal, Conflict when the plan is
    not as it was shown, and NotAllowed.
    """
    with transaction.atomic():
        goals = _locked_goals(case.pk)
        if not goals:
            raise WrongState(_("The plan has no goal yet that the person could agree to."))
        if mark_of(goals) != shown:
            raise Conflict(
                _("The plan was changed while you were writing. Read it again with the person.")
            )
        bound = [_bound(goal) for goal in goals]
        content = msgspec.structs.replace(content, agreed_goals=bound)
        return record_entry(case, AGREEMENT, content, by=by)  # type: ignore[return-value]


def mark_of(goals: Iterable[SupportPlan]) -> str:
    """Tells one state of the plan from another: each goal in its version."""
    versions = sorted(f"{goal.pk} {goal.revision}" for goal in goals)
    return sha256("\n".join(versions).encode()).hexdigest()


def _bound(goal: SupportPlan) -> str:
    return f"{goal.pk} {goal.revision} {version_digest(SupportPlan, goal).hex()}"


def _locked_goals(case: UUID) -> list[SupportPlan]:
    return list(SupportPlan.objects.select_for_update().filter(case=case))


# --- Whether it still stands ----------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Since:
    """What became of the plan since the person agreed to it."""

    new: frozenset[UUID]
    changed: frozenset[UUID]
    damaged: frozenset[UUID]  # the version is the agreed one, its bytes are not

    @property
    def stands(self) -> bool:
        return not (self.new or self.changed or self.damaged)


def since(content: AgreementContent, goals: Sequence[SupportPlan]) -> Since:
    """What differs from what was agreed. `goals` are all of the case as they stand, none opened."""
    bound = (goal.split() for goal in content.agreed_goals)
    agreed = {UUID(pk): (int(revision), digest) for pk, revision, digest in bound}
    written = SupportPlan.history.filter(id__in=agreed, history_change_reason__in=WRITTEN)
    versions = written.values_list("id", "revision")
    same = [goal for goal in goals if goal.revision == agreed.get(goal.pk, (0, ""))[0]]
    return Since(
        new=frozenset(goal.pk for goal in goals if goal.pk not in agreed),
        changed=frozenset(pk for pk, revision in versions if revision > agreed[pk][0]),
        damaged=frozenset(goal.pk for goal in same if not is_as_pinned(goal, agreed[goal.pk][1])),
    )


def wrote_of(case: UUID, by: User) -> bool:
    """Did this person write a version of a goal of the case? Then somebody else approves the plan."""
    written = SupportPlan.history.filter(
        case=case, history_user_id=by.pk, history_change_reason__in=WRITTEN
    )
    return bool(written.exists())


# --- Approving it ---------------------------------------------------------------------
def is_agreement(row: PlanAgreement, sections: Sections) -> bool:
    """Is there an agreement, for a reader who may read it?"""
    return isinstance(sections.get("content"), AgreementContent)


def approving_act(
    row: PlanAgreement, sections: Sections, by: User
) -> Callable[[PlanAgreement], None]:
    """Brings nothing about, and refuses unless the plan stands as the person agreed to it."""
    content = sections["content"]
    assert isinstance(content, AgreementContent)

    def act(current: PlanAgreement) -> None:
        goals = _locked_goals(current.case_id)
        if PlanAgreement.objects.filter(case=current.case_id, pk__gt=current.pk).exists():
            raise WrongState(_("The person agreed anew since. Approve the later agreement."))
        if not since(content, goals).stands:
            raise WrongState(
                _("The plan was changed since the person agreed. Have them agree to it first.")
            )
        if wrote_of(current.case_id, by):
            raise NotAllowed(_("You wrote a goal of this plan: somebody else has to approve it."))

    return act
