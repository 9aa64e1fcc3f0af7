"""Follow-up visits to invented people, with the survey on reintegration: things get better, mostly."""

from datetime import date, timedelta
from random import Random

from assistance.sections import FollowUpContent
from assistance.visits.survey import SURVEY, Topic
from assistance.visits.visits import scored
from assistance.visits.words import NO_ANSWER
from config.demo import texts

AGO = (150, 60)  # days before today of the first visit, and of the second


def visits_of(rng: Random, opened_on: date, today: date) -> list[FollowUpContent]:
    """Two visits, the earlier one first; none where the case was opened too lately for them."""
    if today - opened_on <= timedelta(days=AGO[0]):
        return []
    first, second = (today - timedelta(days=days + rng.randrange(30)) for days in AGO)
    after = today + timedelta(days=rng.randrange(-3, 21))
    return [_visit(rng, first, second, tries=1), _visit(rng, second, after, tries=2)]


def _visit(rng: Random, on: date, next_on: date, tries: int) -> FollowUpContent:
    answers = {code: _answer(rng, topic, tries) for code, topic in SURVEY.topics.items()}
    return FollowUpContent(
        visited_on=on,
        visit_by=rng.choice(["visit", "visit", "office", "telephone"]),
        visit_took_part=rng.choice(texts.AT_VISITS),
        visit_found=rng.choice(texts.FOUND),
        person_is_safe=rng.choice(["yes", "yes", "unknown"]),
        next_visit_on=next_on,
        **scored({code: answer for code, answer in answers.items() if answer}),
    )


def _answer(rng: Random, topic: Topic, tries: int) -> str:
    """The best of so many tries; now and then none, or none asked for."""
    if rng.random() < 0.1:
        return rng.choice(["", *NO_ANSWER])
    best_first = list(topic.counts)
    return best_first[min(rng.randrange(len(best_first)) for _ in range(tries))]
