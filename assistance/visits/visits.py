"""Follow-up visits: a kind of entry, with the survey on sustainable reintegration and its trend."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from assistance import reference
from assistance.models import FollowUpVisit
from assistance.sections import FollowUpContent
from assistance.visits.survey import SURVEY
from assistance.visits.words import ANSWERS, NO_ANSWER, QUESTIONS, SCORES
from audit.verbs import Verb
from cases.access import Access
from cases.door import Sections
from cases.due import MOST, Due, DueKind, of_own
from cases.entries import EntryKind, panel_of
from cases.entry_forms import EntryForm
from cases.forms import day, one_of, text
from cases.models import Case, CaseStatus, SealedModel, Stage
from cases.panels import Panel
from cases.presenters import item_of, text_of
from cases.reference import entry_choices
from core.days import months_later
from core.rights import Right
from core.schema import Section
from core.trends import FEWEST, Line, Trend

VISITS_AFTER = (1, 3, 6, 12)  # months in follow-up after which somebody visits
APART = timedelta(days=14)  # how far off the next visit is at least, when it is proposed
SHORTEST_MONTH = timedelta(days=28)
KEPT = ("survey", "survey_version", "scores")  # of the survey, in a visit
STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of a score, as the trend has lines for them


# --- The form -------------------------------------------------------------------------
class FollowUpForm(EntryForm):
    """A visit. The survey may be left out, wholly or in part: what was not asked is not answered."""

    SCHEMA = FollowUpContent
    mark_required = True  # most fields are not

    visited_on = day(gettext_lazy("Day of the visit"), required=True)
    visit_by = one_of(gettext_lazy("How"), reference.VISIT_WAYS.items(), required=True)
    visit_took_part = text(
        gettext_lazy("Who was there"),
        help_text=gettext_lazy("Of us, of the household, of other organisations."),
    )
    visit_found = text(gettext_lazy("How the person fares"), long=True)
    person_is_safe = one_of(
        gettext_lazy("Is the person safe?"), entry_choices("ANSWERS"), required=True
    )
    visit_needs = text(gettext_lazy("What the person needs"), long=True)
    next_visit_on = day(
        gettext_lazy("Next visit"),
        latest_today=False,
        help_text=gettext_lazy(
            "It comes up under what is due. Leave it empty when no more is planned."
        ),
    )

    def __init__(self, *args: Any, classes: set[str], **kwargs: Any) -> None:
        super().__init__(*args, classes=classes, **kwargs)
        given = self.initial.get("survey", {})
        for code, topic in SURVEY.topics.items():
            answers = {answer: ANSWERS[answer] for answer in topic.counts} | NO_ANSWER
            self.fields[_name(code)] = forms.ChoiceField(
                label=QUESTIONS[code],
                choices=[("", gettext_lazy("Not asked")), *answers.items()],
                required=False,
                initial=given.get(code, ""),
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        visited, next_ = data.get("visited_on"), data.get("next_visit_on")
        if visited and next_ and next_ <= visited:
            self.add_error("next_visit_on", _("Enter a day after that of the visit."))
        given = {code: answer for code in SURVEY.topics if (answer := data.get(_name(code)))}
        if (before := self.initial.get("survey")) and given == before:
            return data | {name: self.initial[name] for name in KEPT}  # scored as it was then
        return data | scored(given)

    @property
    def short(self) -> list[forms.BoundField]:
        """What is asked of every visit."""
        return [self[name] for name in self.base_fields]

    @property
    def survey_parts(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """(dimension, questions) of the survey."""
        return [
            (label, [self[_name(topic.code)] for topic in SURVEY.of(dimension)])
            for dimension, label in reference.REINTEGRATION_DIMENSIONS.items()
        ]

    @property
    def is_asked(self) -> bool:
        """Is any question of the survey answered?"""
        return any(self[_name(code)].value() for code in SURVEY.topics)

    @property
    def has_equal_weights(self) -> bool:
        return SURVEY.has_equal_weights


def _name(code: str) -> str:
    """The field for a question of the survey."""
    return f"asked_{code}"


def scored(answers: Mapping[str, str]) -> dict[str, Any]:
    """What a visit keeps of the survey: answers, scores, and the version they were computed with."""
    if not answers:
        return {"survey": {}, "survey_version": "", "scores": {}}
    scores = SURVEY.scores(answers)
    return {"survey": dict(answers), "survey_version": SURVEY.version, "scores": scores}


def _begun(case: Case) -> dict[str, Any]:
    return {"visited_on": timezone.localdate(), "next_visit_on": next_visit_of(case)}


def next_visit_of(case: Case) -> date | None:
    """The day that VISITS_AFTER gives for the next visit from now on, if there is one.

    It is counted from the day on which reintegration ended and the case came into follow-up.
    """
    if case.stage != Stage.FOLLOW_UP or case.stage_since is None:
        return None
    earliest = timezone.localdate() + APART
    days = (months_later(case.stage_since, months) for months in VISITS_AFTER)
    return next((day for day in days if day >= earliest), None)


# --- On the case page -----------------------------------------------------------------
def _title(content: Section) -> str:
    assert isinstance(content, FollowUpContent)
    told = [item_of("visit_by", content.visit_by)]
    if content.visited_on:
        told.append(date_format(content.visited_on, "DATE_FORMAT"))
    return ", ".join(told)


def _newest_first(content: FollowUpContent) -> int:
    return -content.visited_on.toordinal() if content.visited_on else 0


def _trend(entries: list[dict[str, Any]]) -> Trend | None:
    """The scores of visits scored as the last one was, oldest first; None of fewer than two."""
    contents = [entry["content"] for entry in reversed(entries)]
    contents = [one for one in contents if one.scores and one.visited_on]
    contents = [one for one in contents if one.survey_version == contents[-1].survey_version]
    if len(contents) < FEWEST:
        return None
    return Trend(
        name="visit-trend",
        title=_("Reintegration over time"),
        days=[one.visited_on for one in contents],
        lines=[
            Line(label, [one.scores.get(part) for one in contents])
            for part, label in SCORES.items()
        ],
        steps=[(step, number_format(step, 2)) for step in STEPS],
        told=lambda score: number_format(score, 2),
    )


VISIT = EntryKind(
    *(FollowUpVisit, FollowUpForm),
    *(Verb.VISIT_RECORDED, Verb.VISIT_CHANGED),
    (Right.CASE_EDIT,),
    heading=gettext_lazy("Follow-up visits"),
    add=gettext_lazy("Add a visit"),
    none=gettext_lazy("No visit is recorded yet."),
    title=_title,
    titled=("visited_on", "visit_by", "survey", "survey_version", "scores"),
    template="assistance/visits_panel.html",
    in_story=False,
    order=_newest_first,
    trend=_trend,
    form_template="assistance/visit.html",
    initial=_begun,
)


def visit_panel() -> Panel:
    """The part of the case page with the visits, their scores and the trend."""
    panel = panel_of("visit", VISIT)

    def context(
        case: Case, user: User, access: Access, opened: list[tuple[SealedModel, Sections]]
    ) -> dict[str, Any]:
        context = panel.context(case, user, access, opened)
        for entry in context["entries"]:
            content = entry["content"]
            entry["survey"] = text_of("survey", content.survey)
            entry["scores"] = [
                (label, number_format(content.scores[part], 2) if part in content.scores else "–")
                for part, label in SCORES.items()
            ]
        return context | {"has_equal_weights": SURVEY.has_equal_weights}

    return replace(panel, context=context)


# --- What is due ----------------------------------------------------------------------
def _due(user: User, until: date) -> list[Due]:
    """Visits that the last one named, and the first ones of cases in follow-up."""
    return sorted([*_named(user, until), *_first(user, until)], key=lambda one: one.on)[:MOST]


def _named(user: User, until: date) -> list[Due]:
    later = FollowUpVisit.objects.filter(case=OuterRef("case"), pk__gt=OuterRef("pk"))
    named = FollowUpVisit.objects.filter(next_visit_on__lte=until).exclude(Exists(later))
    rows = of_own(named, user).order_by("next_visit_on", "pk")[:MOST]
    return [Due("visit", row.case, row.next_visit_on) for row in rows]


def _first(user: User, until: date) -> list[Due]:
    """Of cases that came into follow-up long enough ago and have no visit at all."""
    if not user.has_right(Right.CASE_EDIT):
        return []
    visits = FollowUpVisit.objects.filter(case=OuterRef("pk"))
    in_stage = Case.objects.filter(
        owner=user,
        status=CaseStatus.FOLLOW_UP,
        stage=Stage.FOLLOW_UP,
        stage_since__lte=until - SHORTEST_MONTH * VISITS_AFTER[0],
    )
    waiting = in_stage.exclude(Exists(visits)).order_by("stage_since", "pk")[:MOST]
    first = ((case, months_later(case.stage_since, VISITS_AFTER[0])) for case in waiting)  # type: ignore[arg-type]
    return [Due("visit", case, on, _("the first one")) for case, on in first if on <= until]


DUE_VISIT = DueKind("visit", gettext_lazy("Follow-up visit"), _due)
