"""What an attacker with every shown figure can conclude; and that the freeze notices when it is much."""

import numpy as np
import pytest

from cases.sections import CaseFacts
from reporting import attacks, frame, freeze, protection, redraws
from reporting.attacks import TellsTooMuch, View
from reporting.dimensions import DIMENSIONS, NOT_RECORDED
from reporting.protection import MAX_NOISE, THRESHOLD
from reporting.surface import Surface, levelled, parts, without
from tests.reporting.people import SECRET, YEAR, people, surface_of

SINGLE = levelled(["gender", "age", "duration"], 1)  # one answer a person: every sum binds
SEVERAL = levelled(["year", "exploitation", "assistance"], 0)


@pytest.fixture(scope="module")
def few():
    return frame.build(people(300, seed=7), YEAR)


def counts_of(counted):
    everything = freeze.count(counted, SECRET, np.ones(len(counted), dtype=np.int64))
    return freeze.counts_of(counted, everything.columns)


def empty_of(counted):
    everything = freeze.count(counted, SECRET, np.ones(len(counted), dtype=np.int64))
    return freeze.impossible(everything.columns)


def build(counted):
    """The surface of these persons, attacked as in every freeze."""
    return freeze.build(counted, SECRET, np.ones(len(counted), dtype=np.int64))


def without_noise(monkeypatch):
    monkeypatch.setattr(protection, "noise", lambda n, keys, key: np.zeros(len(n), dtype=int))
    monkeypatch.setattr(redraws._Lines, "telling", lambda line: np.array([], dtype=int))


def test_the_truth_is_among_what_the_attacker_thinks_possible(few):
    """An attack that rules out the truth would prove nothing."""
    surface, exact = build(few), counts_of(few)
    for table in (SINGLE, SEVERAL):
        view = View(surface, table, empty_of(few))
        truth = view.exact(exact)
        known = view.weights == 1
        assert (view.low <= truth)[known].all()
        assert (truth <= view.high)[known].all()
        if known.all():  # of cells put together, only the first is counted
            sums = view.lines @ truth
            assert (sums[view.adds_up] == 0).all()
            assert (sums >= 0).all()


def test_the_freeze_does_not_open_figures_without_noise(few, monkeypatch):
    without_noise(monkeypatch)
    monkeypatch.setattr(attacks, "MAX_NOISE", 0)
    monkeypatch.setattr(attacks, "MOST_HIDDEN", THRESHOLD - 1)
    with pytest.raises(TellsTooMuch) as found:
        build(few)
    assert set(found.value.table) <= {(k, level) for k in DIMENSIONS for level in range(3)}


def test_the_freeze_does_not_open_what_was_not_drawn_again(monkeypatch):
    """Some totals and parts tell too much at the first draw: that is what drawing again is for."""
    monkeypatch.setattr(redraws._Lines, "telling", lambda line: np.array([], dtype=int))
    monkeypatch.setattr(freeze, "MOST_ATTEMPTS", 1)
    with pytest.raises(TellsTooMuch, match="not shown"):
        build(frame.build(people(600, seed=3), YEAR))


def test_what_an_attack_finds_out_is_drawn_again(few, monkeypatch):
    monkeypatch.setattr(freeze, "MOST_ATTEMPTS", 1)
    with pytest.raises(TellsTooMuch):
        build(few)
    monkeypatch.undo()
    build(few)


def test_least_squares_find_hidden_figures_only_without_protection(few):
    exact, surface = counts_of(few), build(few)
    empty = empty_of(few)
    tried = attacks.audit(surface, attacks.smallest(surface, empty, 200, 60), empty, exact)
    assert tried.guessed > 200
    assert tried.right < 1.2 * tried.right_blindly

    view = View(surface, SINGLE, empty_of(few))
    truth = view.exact(exact)
    asked = view.is_hidden & (truth > 0) & (np.arange(len(truth)) >= view.starts[SINGLE])
    protected = np.abs(attacks.estimate(view) - truth)[asked].mean()
    # The same, with figures without noise and with totals and zeros shown.
    view.low, view.high = np.where(asked, view.low, truth), np.where(asked, view.high, truth)
    view.is_hidden = asked
    assert np.abs(attacks.estimate(view) - truth)[asked].mean() < 0.7 * protected


def test_no_total_is_hidden_that_has_a_part_shown(surface):
    for table, (positions, _numbers) in surface.cells.items():
        for key, _level in table:
            totals = without(table, key)
            wanted = np.unique(redraws.project(surface, table, positions, totals))
            hidden = np.setdiff1d(wanted, surface.cells[totals][0])
            # Withheld totals say nothing at all, and so not that they are small.
            assert freeze.is_withheld(surface, totals, hidden).all(), (table, key)


def made_of(numbers):
    """A surface of women of 2020 by type of exploitation alone: `numbers` shown of each, "" of all."""
    table = levelled(["year", "gender", "exploitation"], 0)
    codes = ["ForcedLabour", NOT_RECORDED]
    surface = Surface({"year": [["2020"]], "gender": [["Feminine"]], "exploitation": [codes]})
    for part in parts(table):
        named = codes if table[2] in part else [""]
        found = [(at, numbers[code]) for at, code in enumerate(named) if code in numbers]
        surface.cells[part] = tuple(np.array(found).reshape(-1, 2).T)
    return View(surface, table, ())


def test_who_has_no_answer_is_in_no_other_part():
    """Of at most 45 persons 41 or more are in forced labour, so that 4 at most have not answered."""
    attacks.check_intervals(made_of({"": 40, "ForcedLabour": 45}))
    for telling in ({"": 40, "ForcedLabour": 46}, {"": 40, NOT_RECORDED: 46}):
        with pytest.raises(TellsTooMuch, match="few can be"):
            attacks.check_intervals(made_of(telling))


def test_a_total_is_drawn_again_that_leaves_few_for_who_has_no_answer(monkeypatch):
    """Of 40 persons one has told no means of control; at first they read 35, and those who have 44."""
    first = protection.derive(SECRET, "cell keys")

    def noise(n, _keys, key):
        return (np.where(n == 40, -5, 0) + np.where(n == 39, 5, 0)) * (key == first)

    monkeypatch.setattr(protection, "noise", noise)
    told = CaseFacts(year=2020, methods_of_control=["DebtBondage"])
    rows = [(row.person, told, ()) for row in people(40)]
    rows[0] = (rows[0][0], CaseFacts(year=2020), ())
    everything = freeze.count(frame.build(rows, YEAR), SECRET, np.ones(40, dtype=np.int64))
    axes = {key: [list(c.codes) for c in levels] for key, levels in everything.columns.items()}
    draws = redraws.Draws(Surface(axes), everything.tables, (), SECRET)
    assert draws.of_set[draws.persons == 40].tolist() == [40]
    assert draws.times[draws.persons == 39].tolist() == [1]


def test_no_part_exceeds_its_total_by_more_than_the_noise_of_one(surface):
    for keys in (["year", "gender"], ["gender", "age", "duration"]):
        table = levelled(keys, 0)
        positions, numbers = surface.cells[table]
        for key, _level in table:
            totals, of_totals = surface.cells[without(table, key)]
            at = np.searchsorted(
                totals, redraws.project(surface, table, positions, without(table, key))
            )
            assert (numbers - of_totals[at] <= MAX_NOISE).all()


def test_a_set_of_persons_is_drawn_again_for_all_its_cells_alike():
    counted = frame.build(people(600, seed=3), YEAR)
    surface = surface_of(people(600, seed=3))
    everything = freeze.count(counted, SECRET, np.ones(len(counted), dtype=np.int64))
    draws = redraws.Draws(surface, everything.tables, freeze.impossible(everything.columns), SECRET)
    assert (draws.times > 1).sum() > 3
    numbers = {}
    for table in everything.tables:
        for name, number in zip(
            draws.sets[draws.where[table]].tolist(), draws.numbers(table).tolist(), strict=True
        ):
            assert numbers.setdefault(name, number) == number


def test_a_country_that_is_named_stays_shown_when_it_is_drawn_again():
    """It is named for it was shown; were it hidden then, 6 to 15 persons would be known of."""
    counted = frame.build(people(600, seed=3), YEAR)
    everything = freeze.count(counted, SECRET, np.ones(len(counted), dtype=np.int64))
    surface = surface_of(people(600, seed=3))
    draws = redraws.Draws(surface, everything.tables, freeze.impossible(everything.columns), SECRET)
    tried = 0
    for entry in (("citizenship", 0), ("country", 0)):
        found = everything.tables[entry,]
        few = np.isin(found.positions, redraws.named(surface, (entry,)))
        few &= found.persons < THRESHOLD + MAX_NOISE
        for position in found.positions[few].tolist():
            tried += 1
            for _time in range(3):
                draws.again((entry,), position)
                shown, _numbers = draws.shown((entry,))
                assert np.isin(redraws.named(surface, (entry,)), shown).all()
    assert tried > 2


@pytest.mark.drill
def test_figures_of_a_year_in_which_nobody_changed_are_not_drawn_again_for_another():
    """Totals are drawn again for their parts, never parts for a total that somebody joined."""
    rows = [row for row in people(700, seed=3) if row[1].year]
    more = [row for row in people(900, seed=4, years=[2026]) if row[1].year]
    before, after = (surface_of(some) for some in (rows, rows + more))
    for keys in (["year"], ["year", "gender"], ["year", "age"], ["year", "gender", "duration"]):
        for year in ("2019", "2022", "2025"):
            old, new = (s.slice(keys, {}, 0) for s in (before, after))
            assert of_year(before, old, year) == of_year(after, new, year), (keys, year)


def of_year(surface, cells, year):
    places, numbers = cells
    at = surface.codes("year", 0).index(year)
    names = list(zip(*(places[key].tolist() for key in places), numbers.tolist(), strict=True))
    return [name for name, place in zip(names, places["year"], strict=True) if place == at]


# --- Averaging ------------------------------------------------------------------------
@pytest.mark.drill
def test_summing_partitions_of_a_group_does_not_bring_its_number_nearer(many, surface):
    """Asghar and Kaafar add up a group over every classification there is and take the mean."""
    counted = frame.build(many, YEAR)
    single = [key for key, d in DIMENSIONS.items() if not d.several and key != "gender"]
    truth = frame.count(counted, ["gender"])
    own, averaged = [], []
    for place, code in enumerate(surface.codes("gender", 0)):
        if (figure := surface.figure({"gender": code}, 0).value) is None:
            continue
        sums = [int(surface.slice([key], {"gender": code}, 0)[1].sum()) for key in single]
        own.append(abs(figure - truth[place]))
        averaged.append(abs(np.mean(sums) - truth[place]))
    assert np.mean(averaged) > np.mean(own)


# --- One person more ------------------------------------------------------------------
def named(before, after, key, guess_from) -> str:
    """The category that an attacker names for one new person: that of the part that moved most."""
    moves = {}
    for code in before.codes(key, 0):
        figures = [s.figure({**guess_from, key: code}, 0).value for s in (before, after)]
        if None not in figures:
            moves[code] = figures[1] - figures[0]
    return max(moves, key=lambda code: (moves[code] != 0, moves[code]), default="")


@pytest.mark.drill
@pytest.mark.parametrize(("epoch", "names_most"), [(1, True), (2, False)])
def test_a_new_person_is_not_named_by_the_figures_that_changed(epoch, names_most):
    """With noise that stands still the figure that moved gives the answer away; redrawn, it does not.

    All figures of the person's year are redrawn as soon as one person of it changes.
    """
    chance = np.random.default_rng(5)
    codes = ("Feminine", "Masculine", "TransgenderOrNonConforming")
    pool = people(400, seed=11)
    rows = [
        (person, CaseFacts(year=2024, gender=codes[n % 3]), frozenset())
        for n, (person, *_rest) in enumerate(pool[:150])
    ]
    right, tries = 0, 24
    before = only(rows, np.ones(len(rows)))
    for attempt in range(tries):
        answer = codes[chance.integers(3)]
        newcomer = (pool[200 + attempt][0], CaseFacts(year=2024, gender=answer), frozenset())
        after = only([*rows, newcomer], np.full(len(rows) + 1, epoch + attempt * (epoch > 1)))
        right += named(before, after, "gender", {"year": "2024"}) == answer
    assert right > 0.75 * tries if names_most else right < 0.6 * tries


def only(rows, of_epochs):
    """Protected figures of year and sex alone."""
    counted = frame.build(rows, YEAR)
    everything = freeze.count(counted, SECRET, of_epochs.astype(np.int64))
    surface = freeze.Surface({k: [list(c.codes) for c in v] for k, v in everything.columns.items()})
    table = levelled(["year", "gender"], 0)
    found = everything.tables[table]
    numbers = protection.protect(
        found.persons, found.keys.astype(float), protection.derive(SECRET, "cell keys")
    )
    shown = numbers != protection.HIDDEN
    surface.cells[table] = found.positions[shown], numbers[shown]
    return surface


@pytest.mark.drill
def test_who_puts_in_records_cannot_foretell_their_noise(many):
    """Somebody who may register persons adds ten to a group they know, and sees the noise anew."""
    new = [
        (person, CaseFacts(year=2022, gender="Feminine"), frozenset())
        for person, *_rest in people(10, seed=77)
    ]
    old, with_new = surface_of(many), surface_of([*many, *new])
    moved = [
        with_new.figure(codes, 0).value - old.figure(codes, 0).value - 10
        for codes in ({}, {"year": "2022"}, {"gender": "Feminine"})
    ]
    assert any(moved), "the noise of a group is not that of the group with ten more"
