"""Follow-up visits: recorded, surveyed, drawn, due."""

from calendar import isleap
from datetime import date, timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from assistance.models import FollowUpVisit
from assistance.sections import FollowUpContent
from assistance.visits.survey import SURVEY
from assistance.visits.visits import VISIT, VISITS_AFTER, next_visit_of, scored
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.due import Show, due_for
from cases.models import Case, Stage
from cases.services import casework
from core.days import months_later
from tests.cases.closed import close_case
from tests.guards import log

pytestmark = pytest.mark.django_db

BEST = {code: next(iter(topic.counts)) for code, topic in SURVEY.topics.items()}
WORST = {code: list(topic.counts)[-1] for code, topic in SURVEY.topics.items()}


def in_days(number):
    return timezone.localdate() + timedelta(days=number)


def visit(case, by, *, on=0, next_on=None, answers=None, **said):
    content = FollowUpContent(
        visited_on=in_days(on),
        visit_by="visit",
        next_visit_on=None if next_on is None else in_days(next_on),
        **scored(answers or {}),
        **said,
    )
    return casework.record_entry(case, VISIT, content, by=by)


def follow_up(case, by):
    for stage in (Stage.ASSESSMENT, Stage.ASSISTANCE, Stage.FOLLOW_UP):
        case = casework.move_case(case, stage, before=case.stage or Stage.IDENTIFICATION, by=by)
    return case


def address(case):
    return reverse("cases:add_entry", args=[case.reference, "visit"])


def typed(**more):
    today = timezone.localdate().isoformat()
    return {"visited_on": today, "visit_by": "visit", "person_is_safe": "yes"} | more


def page_of(case, browser):
    return unescape(browser.get(reverse("cases:detail", args=[case.reference])).content.decode())


def content_of(row, by):
    return door.open_rows([row], by=by)[0]["content"]


def visits_due(user, show=Show.WEEK):
    return [one.on for one in due_for(user)[show] if one.kind == "visit"]


# --- The form -------------------------------------------------------------------------
def test_the_short_form_is_enough_and_the_survey_is_folded_in(case, alena, client_for):
    browser = client_for(alena)
    page = unescape(browser.get(address(case)).content.decode())
    survey = page[page.index("<details", page.index("Next visit")) :]
    assert survey.startswith('<details class="govuk-details">'), "it is closed"
    for words in ("Economic", "Social", "Psychosocial", "Weights are equal"):
        assert words in survey
    assert survey.count("<select") == len(SURVEY.topics) == survey.count(">Not asked<")
    assert browser.post(address(case), typed()).status_code == 302
    content = content_of(FollowUpVisit.objects.get(), alena)
    assert (content.survey, content.survey_version, content.scores) == ({}, "", {})
    assert "Answers to the survey" not in page_of(case, browser)


def test_the_survey_is_scored_and_kept_with_its_version(case, alena, client_for):
    answers = {f"asked_{topic.code}": BEST[topic.code] for topic in SURVEY.of("social")}
    answers["asked_distress"] = "declined"
    browser = client_for(alena)
    assert browser.post(address(case), typed(**answers)).status_code == 302
    content = content_of(FollowUpVisit.objects.get(), alena)
    assert content.scores == {"social": 1.0} and content.survey_version == SURVEY.version
    assert content.survey["identity_paper"] == "yes" and content.survey["distress"] == "declined"
    assert "less_food" not in content.survey
    page = page_of(case, browser)
    assert "Social <b>1.00</b>" in page and "Economic <b>–</b>" in page
    assert "Do you have a paper that says who you are? Yes" in page
    assert "Did not want to say" in page and SURVEY.version in page


def test_what_was_typed_stays_when_something_is_wrong(case, alena, client_for):
    yesterday = in_days(-1).isoformat()
    data = typed(next_visit_on=yesterday, asked_distress="often", visit_found="She sleeps")
    answer = client_for(alena).post(address(case), data)
    page = unescape(answer.content.decode())
    assert answer.status_code == 422 and "Enter a day after that of the visit." in page
    assert 'value="often" selected' in page and "She sleeps" in page
    assert '<details class="govuk-details" open>' in page
    assert not FollowUpVisit.objects.exists()


@pytest.mark.parametrize("answer", ["very_good", "<b>", "composite"])
def test_a_question_takes_its_own_answers_alone(case, alena, client_for, answer):
    sent = client_for(alena).post(address(case), typed(asked_distress=answer))
    assert sent.status_code == 422 and not FollowUpVisit.objects.exists()


def test_a_changed_visit_is_scored_anew(case, alena, client_for):
    row = visit(case, alena, answers=BEST, person_is_safe="yes")
    browser = client_for(alena)
    at = reverse("cases:entry", args=[case.reference, "visit", row.pk])
    page = browser.get(at).content.decode()
    assert '<details class="govuk-details" open>' in page
    answers = {f"asked_{code}": answer for code, answer in WORST.items()}
    assert browser.post(at, typed(revision="1", **answers)).status_code == 302
    row.refresh_from_db()
    assert content_of(row, alena).scores["composite"] == 0
    assert row.history.count() == 2


def test_a_visit_of_before_keeps_its_scores_when_something_else_is_changed(case, alena, client_for):
    """The survey that counts today may be another one than that of the visit."""
    old = {"survey": BEST, "survey_version": "0-of-before", "scores": {"composite": 0.4}}
    content = FollowUpContent(visited_on=in_days(0), visit_by="visit", person_is_safe="yes", **old)
    row = casework.record_entry(case, VISIT, content, by=alena)
    at = reverse("cases:entry", args=[case.reference, "visit", row.pk])
    answers = {f"asked_{code}": answer for code, answer in BEST.items()}
    sent = typed(revision="1", visit_found="She sleeps", **answers)
    assert client_for(alena).post(at, sent).status_code == 302
    row.refresh_from_db()
    now = content_of(row, alena)
    assert now.visit_found == "She sleeps"
    assert {name: getattr(now, name) for name in old} == old


def test_who_changes_a_survey_at_once_sees_both_answers(case, alena, client_for):
    row = visit(case, alena, answers=BEST | {"distress": "rarely"}, person_is_safe="yes")
    at = reverse("cases:entry", args=[case.reference, "visit", row.pk])
    browser = client_for(alena)
    assert browser.post(at, typed(revision="1", asked_distress="often")).status_code == 302
    answer = browser.post(at, typed(revision="1", asked_distress="never"))
    page = unescape(answer.content.decode())
    assert answer.status_code == 409 and "Survey" in page
    beside = page[: page.index("<form method")]
    assert "Often" in beside and "Never" in beside


def test_an_answer_is_sealed(case, alena):
    row = visit(case, alena, next_on=3, answers=BEST, visit_found="Lives with her aunt")
    for name in FollowUpVisit.Privacy.open:
        value = str(getattr(row, name))
        assert "aunt" not in value and SURVEY.version not in value
    assert b"aunt" not in row.content_sealed and row.next_visit_on == in_days(3)


# --- On the case page -----------------------------------------------------------------
def test_a_trend_needs_two_scored_visits(case, alena, client_for):
    browser = client_for(alena)
    visit(case, alena, on=-90, answers=WORST)
    visit(case, alena, on=-60)
    assert "visit-trend" not in page_of(case, browser)
    visit(case, alena, on=-2, answers=BEST)
    page = page_of(case, browser)
    assert page.count('aria-labelledby="visit-trend-title visit-trend-desc"') == 1
    table = page[page.index("<table", page.index("visit-trend-title")) :].split("</table>")[0]
    assert [table.count(f">{score}<") for score in ("0.00", "1.00")] == [4, 4]
    assert "Psychosocial" in table and table.index("0.00") < table.index("1.00")
    assert "do not compare these scores" in page


def test_visits_stand_newest_first_whenever_they_were_written(case, alena, client_for):
    for on, found in ((-50, "second"), (-10, "third"), (-90, "first")):
        visit(case, alena, on=on, visit_found=f"The {found} visit")
    page = page_of(case, client_for(alena))
    places = [page.index(f"The {found} visit") for found in ("third", "second", "first")]
    assert places == sorted(places)


def test_visits_scored_with_other_weights_are_not_drawn(case, alena, client_for):
    browser = client_for(alena)
    for on, version in ((-90, "other"), (-60, SURVEY.version)):
        said = scored(BEST) | {"survey_version": version}
        content = FollowUpContent(visited_on=in_days(on), visit_by="visit", **said)
        casework.record_entry(case, VISIT, content, by=alena)
    page = page_of(case, browser)
    assert "visit-trend" not in page and "other" in page
    visit(case, alena, answers=BEST)
    page = page_of(case, browser)
    table = page[page.index("<table", page.index("visit-trend-title")) :].split("</table>")[0]
    assert table.count('scope="row"') == 2


def test_who_does_not_read_the_narrative_learns_of_no_visit(case, alena, volha, share, client_for):
    share(volha, "psychological")
    for on in (-90, -2):
        visit(case, alena, on=on, answers=BEST)
    page = page_of(case, client_for(volha))
    assert "Follow-up visits" not in page and "visit-trend" not in page
    assert client_for(volha).get(address(case)).status_code == 403


# --- What is due ----------------------------------------------------------------------
def test_the_day_that_the_last_visit_names_comes_up(case, alena, ihar, pavel):
    visit(case, alena, next_on=8)
    assert visits_due(alena) == []
    visit(case, alena, next_on=7)
    assert visits_due(alena) == [in_days(7)] and visits_due(ihar) == visits_due(pavel) == []
    visit(case, alena, on=-30, next_on=-1)
    assert (visits_due(alena), visits_due(alena, Show.OVERDUE)) == ([], [in_days(-1)])
    visit(case, alena)
    assert visits_due(alena, Show.OVERDUE) == [], "the last one names no day"


def test_no_visit_of_a_closed_case_is_due(case, alena):
    visit(case, alena, next_on=1)
    close_case(Case.objects.get(pk=case.pk), closed_on=timezone.localdate(), by=alena)
    assert visits_due(alena) == []


YEAR = timezone.localdate().year + 1


@pytest.mark.parametrize(
    ("since", "due"),
    [
        (date(YEAR, 1, 31), date(YEAR, 2, 28 + isleap(YEAR))),
        (date(YEAR, 3, 1), date(YEAR, 4, 1)),
    ],
)
def test_a_case_in_follow_up_without_a_visit_comes_up_after_a_month(
    case, alena, time_machine, since, due
):
    time_machine.move_to(f"{since} 12:00", tick=False)
    case = follow_up(case, alena)
    time_machine.move_to(f"{due - timedelta(days=8)} 12:00", tick=False)
    assert visits_due(alena) == []
    time_machine.move_to(f"{due - timedelta(days=7)} 12:00", tick=False)
    assert visits_due(alena) == [due]
    time_machine.move_to(f"{due + timedelta(days=1)} 12:00", tick=False)
    assert visits_due(alena, Show.OVERDUE) == [due]
    visit(case, alena)
    assert visits_due(alena) == visits_due(alena, Show.OVERDUE) == []


def test_where_the_day_of_follow_up_is_not_known_no_visit_is_due(case, alena, time_machine):
    case = follow_up(case, alena)
    case.stage_since = None
    trail.save(case, verb=Verb.STAGE_CHANGED, by=alena)
    time_machine.move_to(timezone.now() + timedelta(days=90), tick=False)
    assert visits_due(alena, Show.OVERDUE) == []


def test_each_visit_that_is_due_is_one_line_of_the_list(case, alena, client_for):
    visit(case, alena, next_on=2)
    before = log.size()
    page = client_for(alena).get(reverse("cases:work"), {"kind": "visit"}).content.decode()
    assert page.count(f">{case.reference}<") == 1 and "Follow-up visit" in page
    assert Verb.CASE_LISTED in log.verbs_since(before)


# --- The next one ---------------------------------------------------------------------
def test_the_next_day_is_proposed_by_intervals(case, time_machine):
    assert VISITS_AFTER == (1, 3, 6, 12)
    assert next_visit_of(case) is None, "it is not in follow-up"
    case.stage, case.stage_since = Stage.FOLLOW_UP, date(2026, 1, 31)
    for today, day in {
        "2026-01-31": date(2026, 2, 28),
        "2026-02-25": date(2026, 4, 30),  # the first visit came a few days early
        "2026-04-10": date(2026, 4, 30),
        "2026-05-02": date(2026, 7, 31),
        "2026-08-01": date(2027, 1, 31),
        "2027-02-01": None,
    }.items():
        time_machine.move_to(f"{today} 12:00", tick=False)
        assert next_visit_of(case) == day, today
    case.stage_since = None
    assert next_visit_of(case) is None


def test_the_form_begins_with_today_and_the_day_proposed(case, alena, client_for):
    case = follow_up(case, alena)
    today = timezone.localdate()
    page = client_for(alena).get(address(case)).content.decode()
    assert f'value="{today}"' in page and f'value="{months_later(today, 1)}"' in page
