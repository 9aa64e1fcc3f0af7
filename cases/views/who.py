"""Who can see a case, and why: now, or on a day that has passed."""

from dataclasses import dataclass
from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.access import may_act
from cases.explained import Told, told
from cases.explaining import Explanation, Spell, explain, explain_all, explain_day
from cases.models import Case
from cases.selectors import get_case_or_tombstone_for, is_gone
from cases.trail_forms import WhoForm
from cases.views.frame import case_frame
from core.access import require
from core.exceptions import NotAllowed
from core.http import StaffRequest
from core.rights import Right


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one person. Of a day it may be several things, each for some hours."""

    person: User
    parts: list[tuple[Spell | None, Told]]


@require_GET
@require(Right.CASE_READ)
def who(request: StaffRequest, reference: str) -> HttpResponse:
    """Why one sees a case oneself; whoever may look at its trail may ask about others, too."""
    case, access = get_case_or_tombstone_for(request.user, reference)
    may_ask = may_act(request.user, case.pk, Right.CASE_AUDIT)
    if not may_ask and request.GET.get("person", "") not in ("", str(request.user.pk)):
        raise NotAllowed(_("You may ask only why you see this case yourself."))
    form = WhoForm(request.GET, case=case, alone=None if may_ask else request.user)
    context = case_frame(request, case, access) | {"form": form, "may_ask": may_ask}
    if not form.is_valid():
        return render(request, "cases/who.html", context, status=422)
    person, day = form.about, form.cleaned_data["on"]
    asked = {"person": str(person.pk) if person else "", "on": str(day or "")}
    details = None if is_gone(case) else asked
    trail.record(Verb.ACCESS_EXPLAINED, by=request.user, cases=[case.pk], details=details)
    context |= {"person": person, "day": day, "answers": _answers(request.user, case, person, day)}
    return render(request, "cases/who.html", context)


def _answers(by: User, case: Case, person: User | None, day: date | None) -> list[Answer]:
    """What to say of one person, or of everybody who sees or saw the case."""
    if day:
        spells = explain_day(case, day, person=person)
        return [_answer(by, [(one, one.explanation) for one in some]) for some in spells]
    found = [explain(case, person)] if person else explain_all(case)
    return [_answer(by, [(None, one)]) for one in found]


def _answer(by: User, parts: list[tuple[Spell | None, Explanation]]) -> Answer:
    person = parts[0][1].person
    is_self = person.pk == by.pk
    said = [(spell, told(one, is_self=is_self, is_past=spell is not None)) for spell, one in parts]
    return Answer(person, said)
