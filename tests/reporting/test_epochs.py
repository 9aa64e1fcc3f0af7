"""Noise is redrawn for the years that changed, and only for those."""

import msgspec

from reporting import epochs, frame
from tests.reporting.people import YEAR, people


def digests_of(rows, key=b"k" * 32):
    marks = epochs.Marks(key)
    counted = frame.build(marks.of(rows), YEAR)
    return epochs.describe(marks, counted.columns["year"])


def changed(row, **facts):
    return row._replace(facts=msgspec.structs.replace(row.facts, **facts))


def test_the_first_freeze_sets_every_year():
    digests = digests_of(people(50))
    assert set(epochs.advance(None, digests, {}, 1).values()) == {1}


def test_only_years_in_which_somebody_changed_advance():
    rows = [row for row in people(200) if row[1].year]
    before = digests_of(rows)
    first = epochs.advance(None, before, {}, 1)
    year = rows[0][1].year
    after = digests_of(
        [changed(rows[0], duration="61+" if not rows[0][1].duration else ""), *rows[1:]]
    )
    second = epochs.advance(before, after, first, 2)
    assert {code for code, epoch in second.items() if epoch == 2} == {str(year)}
    third = epochs.advance(after, after, second, 3)
    assert third == second


def test_the_order_of_the_persons_does_not_matter():
    rows = people(80)
    assert digests_of(rows) == digests_of(rows[::-1])


def test_a_change_of_assistance_counts_as_a_change():
    rows = people(80)
    for other in (
        rows[0]._replace(kinds=rows[0].kinds ^ {"legal"}),
        rows[0]._replace(amounts={"days": 1.0}),
    ):
        assert epochs.changed_at_least(digests_of(rows), digests_of([other, *rows[1:]])) == 1


def test_the_number_of_changed_persons_is_never_overstated():
    rows = people(300)
    before = digests_of(rows)
    for number in (0, 1, 5, 40):
        after = digests_of([changed(row, year=2001) for row in rows[:number]] + rows[number:])
        counted = epochs.changed_at_least(before, after)
        assert counted <= number
        assert counted >= min(number, 5)


def test_digests_of_nobody_look_like_any_other():
    nobody, somebody = digests_of([]), digests_of(people(5))
    assert nobody["years"].keys() == somebody["years"].keys()
    values = [*nobody["years"].values(), *nobody["buckets"]]
    assert len(set(values)) == len(values)
    assert {len(value) for value in values} == {32}
    assert digests_of([], key=b"x" * 32) != nobody
