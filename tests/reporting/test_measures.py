"""Shares, sums and means as tables show them: from protected figures alone."""

import pytest

from core.exceptions import BadInput
from reporting.charts import bar_chart
from reporting.dimensions import DIMENSIONS, NO_ANSWER
from reporting.forms import TableForm
from reporting.measures import COLUMN_SHARE, LEAST_WHOLE, MEASURES, PERSONS, ROW_SHARE, measures_of
from reporting.tables import WITHHELD, Definition, make_table
from tests.reporting.people import DAY, people, surface_of
from tests.reporting.test_charts import SVG, bars, draw, texts


def told(surface, codes: dict[str, str], level: int = 0) -> int | None:
    """The protected number of persons with these codes."""
    return surface.figure(codes, level).value


@pytest.mark.parametrize(("measure", "over"), [(ROW_SHARE, "exploitation"), (COLUMN_SHARE, "year")])
def test_a_share_is_of_the_protected_number_with_an_answer(surface, look_up, measure, over):
    table = look_up("year", "exploitation", split="gender", measure=measure, level=0)
    checked = 0
    for codes, cell in table.figures:
        if over not in codes:
            assert cell.number in (100, None)
            continue
        within = {key: code for key, code in codes.items() if key != over}
        part, whole = told(surface, codes), told(surface, within)
        for code in NO_ANSWER & set(surface.codes(over, 0)):
            whole = whole and whole - (told(surface, within | {over: code}) or 0)
        if part is None or whole is None or whole < LEAST_WHOLE:
            assert cell.number is None
        else:
            checked += 1
            assert cell.number == min(100, int(100 * part / whole + 0.5))
    assert checked > 40


def test_what_is_no_answer_is_no_part_of_a_share(look_up):
    row = look_up("gender", "exploitation", measure=ROW_SHARE)
    assert not NO_ANSWER & {column.code for column in row.columns}
    assert NO_ANSWER & {row.code for row in row.rows}
    column = look_up("gender", "exploitation", measure=COLUMN_SHARE)
    assert NO_ANSWER & {column.code for column in column.columns}
    assert not NO_ANSWER & {row.code for row in column.rows}


def test_no_share_is_told_of_fewer_than_three_times_the_threshold():
    rows = [row for row in people(400) if row.facts.year == 2021][:25]
    surface = surface_of(rows + [row for row in people(400) if row.facts.year != 2021])
    assert told(surface, {"year": "2021"}) is not None
    table = make_table(surface, Definition("year", "gender", measure=ROW_SHARE), DAY)
    [place] = [n for n, row in enumerate(table.rows) if row.code == "2021"]
    layer = table.layers[0]
    assert all(cell.number is None for cell in [*layer.cells[place], layer.row_totals[place]])
    assert any(cell.number for cell in layer.cells[place + 1])


def test_what_is_hidden_never_reads_as_fewer_than_a_number_of_anything_else(look_up):
    for measure in ("cost-EUR-mean", "score-mean", COLUMN_SHARE):
        table = look_up("citizenship", "exploitation", measure=measure, level=0)
        hidden = {str(cell) for cell in table.cells if cell.number is None}
        assert hidden == {str(WITHHELD)}
        assert not any("<11" in note for note in table.notes)


def test_the_title_and_the_notes_tell_the_measure(look_up):
    shares = look_up("gender", "exploitation", measure=ROW_SHARE)
    assert (
        shares.title == "Persons registered, per cent of the row, by sex, by type of exploitation"
    )
    assert "more than 100 %" in " ".join(shares.notes)
    assert "more than 100 %" not in " ".join(look_up("gender", "age", measure=ROW_SHARE).notes)
    cost = look_up("year", measure="cost-BYN-sum")
    assert cost.title == "Cost of assistance, BYN, sum, by year of registration"
    assert "mean is" not in " ".join(cost.notes)
    score = look_up("year", measure="score-mean")
    assert "mean is a protected sum divided" in " ".join(score.notes)
    assert all(str(cell)[:2] in ("0.", "no") for cell in score.cells)


def test_a_chart_of_shares_says_per_cent_and_means_are_not_stacked(look_up):
    shares = look_up("year", "gender", measure=ROW_SHARE)
    labels = texts(draw(shares))
    assert labels[0] == "0 %" and labels[1].endswith("0 %")
    assert any("Feminine" in label and label.endswith(" %") for label in labels)
    score = look_up("year", "gender", measure="score-mean")
    assert bar_chart(score, score.layers[0], name="c", stacked=True) == bar_chart(
        score, score.layers[0], name="c"
    )
    svg = draw(score)
    axis = float(texts(svg)[1])
    assert max(cell.number or 0 for row in score.layers[0].cells for cell in row) <= axis <= 1
    assert max(bars(svg, "bar-0")) <= 240
    assert 2 <= len(list(svg.iter(f"{SVG}line"))) <= 12


def test_only_what_was_computed_is_offered(surface):
    offered = [code for code, _label in TableForm({}, surface=surface).fields["measure"].choices]
    assert offered == [code for code in MEASURES if not code.startswith("cost-USD")]
    plain = surface_of(people(300))
    assert [one.code for one in measures_of(plain)] == [PERSONS, ROW_SHARE, COLUMN_SHARE]
    read = TableForm.read({"rows": "year", "measure": "days-mean"}, surface)
    assert read == Definition("year", measure="days-mean")
    assert TableForm.read({"rows": "year"}, surface).measure == PERSONS
    with pytest.raises(BadInput, match="no such measure"):
        TableForm.read({"rows": "year", "measure": "days-mean"}, plain)


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        (Definition("year", measure="max-cost"), "no such measure"),
        (Definition("year", measure="cost-USD-sum"), "no such measure"),
        (Definition("year", measure=ROW_SHARE), "needs columns"),
        (Definition("year", "gender", "age", measure="days-mean"), "at most 2"),
        (
            Definition("year", "gender", filters={"age": "child"}, measure="score-mean"),
            "at most 2",
        ),
    ],
)
def test_what_was_not_computed_is_refused_in_plain_words(surface, definition, says):
    with pytest.raises(BadInput, match=says):
        make_table(surface, definition, DAY)


def test_every_measure_of_every_pair_can_be_looked_up(look_up, surface):
    for measure in measures_of(surface):
        for key in DIMENSIONS.keys() - {"gender"}:
            assert look_up(key, "gender", measure=measure.code).layers
