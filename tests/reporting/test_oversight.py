"""Who looks at far more statistics than work needs is found in the log and told to a reviewer."""

import pytest

from audit import review, trail
from audit.models import ReviewItem
from audit.verbs import Verb
from reporting.dimensions import together
from reporting.oversight import SMALL, TABLES_A_DAY, TABLES_OF_A_GROUP
from reporting.protection import THRESHOLD
from tests.reporting.people import DAY

pytestmark = pytest.mark.django_db

IDS = [".".join(keys) for size in (1, 2, 3) for keys in together(size)]
OTHERS = [".".join(keys) for size in (1, 2) for keys in together(size)]


def look(by, tables, verb=Verb.STATISTICS_VIEWED, **others) -> None:
    for table in tables:
        trail.record(verb, by=by, reason=table, **others)


def found(rule: str) -> list[ReviewItem]:
    review.look_through_log()
    return list(ReviewItem.objects.filter(rule=rule).order_by("at"))


def test_more_than_a_hundred_tables_a_day_are_looked_into(yury, daria):
    look(yury, IDS[:TABLES_A_DAY])
    look(yury, IDS[:5] * 5)  # the same ones again are no more tables
    look(yury, IDS[TABLES_A_DAY : TABLES_A_DAY + 9], outcome="denied")
    assert found("many_tables") == []
    look(yury, [IDS[TABLES_A_DAY]], verb=Verb.STATISTICS_EXPORTED)
    [item] = found("many_tables")
    assert item.officer == yury.pk
    assert item in review.queue_of(daria)  # the data-protection officer
    look(yury, IDS[TABLES_A_DAY : TABLES_A_DAY + 30])
    assert len(found("many_tables")) == 1  # once a day, and again when the number has doubled


def test_tables_of_two_persons_and_of_two_days_are_not_added_up(yury, pavel, time_machine):
    time_machine.move_to(DAY, tick=False)
    look(yury, IDS[:60])
    look(pavel, IDS[60:120])
    time_machine.move_to(DAY.replace(day=DAY.day + 1), tick=False)
    look(yury, IDS[60:120])
    assert found("many_tables") == []


def test_a_small_group_is_five_times_what_a_cell_has_to_have():
    assert SMALL == 5 * THRESHOLD


def test_going_around_one_small_group_is_looked_into(snapshot, surface, yury, pavel, daria):
    places, numbers = surface.slice(["citizenship"], {}, 0)
    codes = surface.codes("citizenship", 0)
    sizes = {codes[at]: n for at, n in zip(places["citizenship"], numbers, strict=True)}
    large = max(sizes, key=sizes.__getitem__)
    small = next(code for code in codes if sizes.get(code, 0) < SMALL)
    around = [f"{shown}~citizenship-{small}" for shown in OTHERS[:TABLES_OF_A_GROUP]]
    look(yury, around)
    look(yury, [f"{shown}~citizenship-{large}" for shown in OTHERS[: 2 * TABLES_OF_A_GROUP]])
    look(yury, [f"{shown}~level-0" for shown in OTHERS[: 2 * TABLES_OF_A_GROUP]])
    look(pavel, [f"{OTHERS[TABLES_OF_A_GROUP]}~citizenship-{small}"])
    assert found("small_group") == []
    look(yury, [f"{OTHERS[TABLES_OF_A_GROUP]}~citizenship-{small}"])
    [item] = found("small_group")
    assert (item.officer, item.cases) == (yury.pk, 0)
    assert item in review.queue_of(daria)
    look(yury, [f"{OTHERS[-1]}~citizenship-{small}"])
    assert len(found("small_group")) == 1


def test_without_a_snapshot_no_group_is_small(yury):
    look(yury, [f"{shown}~citizenship-BY" for shown in OTHERS[: 2 * TABLES_OF_A_GROUP]])
    assert found("small_group") == []
