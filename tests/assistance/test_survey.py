"""The survey on sustainable reintegration: its file, its words, its scores."""

import pytest

from assistance import reference
from assistance.visits import words
from assistance.visits.survey import COMPOSITE, FILE, SURVEY, survey_of

TEXT = FILE.read_text(encoding="utf-8")
BEST = {code: next(iter(topic.counts)) for code, topic in SURVEY.topics.items()}
WORST = {code: list(topic.counts)[-1] for code, topic in SURVEY.topics.items()}


def test_the_file_and_the_words_have_the_same_codes():
    assert list(SURVEY.topics) == list(words.QUESTIONS), "in the same order"
    answers = {answer for topic in SURVEY.topics.values() for answer in topic.counts}
    assert answers == set(words.ANSWERS)
    assert answers.isdisjoint(words.NO_ANSWER)
    dimensions = {topic.dimension for topic in SURVEY.topics.values()}
    assert dimensions == set(reference.REINTEGRATION_DIMENSIONS)
    assert set(words.SCORES) == dimensions | {COMPOSITE}


def test_each_list_of_answers_counts_from_one_down_to_nothing():
    for topic in SURVEY.topics.values():
        counts = list(topic.counts.values())
        assert (counts[0], counts[-1]) == (1, 0) and counts == sorted(counts, reverse=True)


def test_weights_are_equal_and_the_file_says_so():
    assert SURVEY.has_equal_weights and {topic.weight for topic in SURVEY.topics.values()} == {1}
    assert "The weights are all equal" in TEXT and "must not be\n# compared" in TEXT


def test_each_dimension_asks_about_ten_topics():
    for dimension in reference.REINTEGRATION_DIMENSIONS:
        assert 9 <= len(SURVEY.of(dimension)) <= 10


def test_the_best_answers_are_one_and_the_worst_nothing():
    assert set(SURVEY.scores(BEST).values()) == {1}
    assert set(SURVEY.scores(WORST).values()) == {0}
    assert SURVEY.scores(BEST).keys() == set(words.SCORES)


def test_a_bad_answer_counts_little_whichever_way_it_is_asked():
    """More hunger, debt, conflict and need are worse; more company and safety are better."""
    counts = {code: topic.counts for code, topic in SURVEY.topics.items()}
    for code in ("less_food", "borrows", "conflicts_at_home", "distress", "discrimination"):
        assert counts[code]["very_often"] == 0 and counts[code]["never"] == 1, code
    for code in ("social_life", "feels_safe"):
        assert counts[code]["very_often"] == 1 and counts[code]["never"] == 0, code
    for code in ("debt_over_spending", "looks_for_work", "wants_psychological_help"):
        assert counts[code] == {"no": 1, "yes": 0}, code
    for code in ("can_borrow", "works_or_learns", "identity_paper", "able_to_stay"):
        assert counts[code] == {"yes": 1, "no": 0}, code
    assert counts["draws_away"]["need"] == 0


def test_a_score_is_the_mean_of_what_was_answered():
    answers = {topic.code: BEST[topic.code] for topic in SURVEY.of("social")[:6]}
    answers[SURVEY.of("social")[6].code] = WORST[SURVEY.of("social")[6].code]
    assert SURVEY.scores(answers) == {"social": round(6 / 7, 4)}


@pytest.mark.parametrize("nothing", ["declined", "does_not_apply", "unknown code", ""])
def test_what_is_no_answer_counts_in_nothing(nothing):
    half = {topic.code: BEST[topic.code] for topic in SURVEY.of("psychosocial")[:5]}
    rest = {topic.code: nothing for topic in SURVEY.of("psychosocial")[5:]}
    assert SURVEY.scores(half | rest) == {"psychosocial": 1}
    assert SURVEY.scores(dict.fromkeys(SURVEY.topics, nothing)) == {}


def test_there_is_no_score_of_less_than_half():
    social = SURVEY.of("social")
    four = {topic.code: BEST[topic.code] for topic in social[:4]}
    assert SURVEY.scores(four) == {}
    assert SURVEY.scores(four | {social[4].code: BEST[social[4].code]}) == {"social": 1}
    assert COMPOSITE not in SURVEY.scores({code: BEST[code] for code in list(BEST)[:14]})
    assert COMPOSITE in SURVEY.scores({code: BEST[code] for code in list(BEST)[:15]})


def test_whoever_has_other_weights_writes_them_into_the_file():
    heavy = TEXT.replace(
        'identity_paper = { answers = "yes", weight = 1 }',
        'identity_paper = { answers = "yes", weight = 10 }',
    )
    other = survey_of(heavy)
    assert not other.has_equal_weights
    assert other.scores({"identity_paper": "yes"}) == {"social": 1}, "more than half of 19"
    some = {"identity_paper": "no", "water_access": "very_good"}
    assert other.scores(some) == {"social": round(1 / 11, 4)}
    assert other.version != SURVEY.version, "nobody has to think of it"
    assert survey_of(TEXT + "# said otherwise").version == SURVEY.version
