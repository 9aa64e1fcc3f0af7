"""The words of the survey on sustainable reintegration. Ours, for the topics of IOM's survey.

Codes are those of reintegration_survey.toml.
"""

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from assistance import reference
from assistance.reference import Codes
from assistance.visits.survey import COMPOSITE

SCORES: Codes = {**reference.REINTEGRATION_DIMENSIONS, COMPOSITE: _("Composite")}

QUESTIONS: Codes = {
    # Economic
    "economic_situation": _("How satisfied are you with how you get by?"),
    "less_food": _("How often do you eat less, or worse, because there is no money?"),
    "can_borrow": _("If you needed money, could you borrow it from somebody?"),
    "borrows": _("How often do you borrow money?"),
    "debt_over_spending": _("Do you owe more than you spend in a month?"),
    "work_access": _("How good are the chances to find work or training here?"),
    "works_or_learns": _("Do you work or learn now?"),
    "owns_what_earns": _("Do you own something you earn with: land, animals, tools, a shop?"),
    "looks_for_work": _("Are you looking for work?"),
    # Social
    "housing_access": _("How good are the chances to find a place to live here?"),
    "housing_standard": _("How good is the place where you live?"),
    "education_access": _("How well do you and your household reach schools and courses?"),
    "children_at_school": _("Do the children of school age in your household go to school?"),
    "justice_access": _("How well can you turn to the police and the courts?"),
    "identity_paper": _("Do you have a paper that says who you are?"),
    "services_access": _("How well do you get papers and help from public offices?"),
    "water_access": _("How well do you get water that is safe to drink?"),
    "health_access": _("How well do you reach health care?"),
    "health_quality": _("How good is the health care you reach?"),
    # Psychosocial
    "social_life": _("How often are you invited, or join in when people meet?"),
    "people_to_count_on": _("How good is the circle of people you can count on?"),
    "belonging": _("“I belong here.” Do you agree?"),
    "feels_safe": _("How often do you feel safe, at home and outside?"),
    "conflicts_at_home": _("How often is there conflict in your household since you came back?"),
    "distress": _("How often are you sad, afraid, angry or without sleep for no clear reason?"),
    "discrimination": _("How often are you treated worse than others since you came back?"),
    "wants_psychological_help": _("Would you like to talk with a psychologist?"),
    "able_to_stay": _("Can you stay here and build a life?"),
    "draws_away": _("If something draws you away from here: is it need or a wish?"),
}

ANSWERS: Codes = {
    "very_satisfied": _("Very satisfied"),
    "satisfied": _("Satisfied"),
    "neither": _("Neither satisfied nor dissatisfied"),
    "dissatisfied": _("Dissatisfied"),
    "very_dissatisfied": _("Very dissatisfied"),
    "very_good": _("Very good"),
    "good": _("Good"),
    "fair": _("Fair"),
    "poor": _("Poor"),
    "very_poor": _("Very poor"),
    "very_often": _("Very often"),
    "often": _("Often"),
    "sometimes": _("Sometimes"),
    "rarely": _("Rarely"),
    "never": _("Never"),
    "fully_agrees": _("Fully"),
    "agrees": _("Mostly"),
    "half": _("Half and half"),
    "disagrees": _("Hardly"),
    "fully_disagrees": _("Not at all"),
    "yes": _("Yes"),
    "no": _("No"),
    "all_children": _("All of them"),
    "some_children": _("Some of them"),
    "no_child": _("None of them"),
    "nothing_draws": _("Nothing draws me away"),
    "wish": _("A wish of my own"),
    "need": _("Need: money, safety, health"),
}

# Why a question has no answer. That it was not asked is noted by noting nothing.
NO_ANSWER: Codes = {
    "declined": _("Did not want to say"),
    "does_not_apply": _("Does not apply"),
}


def told_answer(question: str, answer: str) -> str:
    """A question with its answer, in a line."""
    return f"{QUESTIONS.get(question, question)} {(ANSWERS | NO_ANSWER).get(answer, answer)}"


def told_score(part: str, score: float) -> str:
    """A score with its name."""
    return f"{SCORES.get(part, part)}: {number_format(score, 2)}"
