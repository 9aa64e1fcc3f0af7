"""Looking tables up, and refusing what is not declared."""

from dataclasses import replace

import pytest

from core.exceptions import BadInput, NotFound
from reporting.dimensions import DIMENSIONS, LEVELS, NOT_RECORDED
from reporting.forms import TableForm
from reporting.protection import THRESHOLD
from reporting.surface import Figure, Surface, levelled, pack, unpack
from reporting.tables import Cell, Definition, make_table
from tests.reporting.people import DAY, people, surface_of
from tests.reporting.test_charts import table_of


def test_every_printed_figure_is_the_one_of_the_surface(surface, look_up):
    table = look_up("year", "gender", "exploitation", level=0)
    assert table.layers[0].total.number == surface.figure({}, 0).value
    split = surface.axes["exploitation"][0][0]
    layer = next(
        layer for layer in table.layers if layer.label == DIMENSIONS["exploitation"].label_of(split)
    )
    for row, cells, total in zip(table.rows, layer.cells, layer.row_totals, strict=True):
        where = {"year": row.code, "exploitation": split}
        assert total.figure == surface.figure(where, 0)
        for column, cell in zip(table.columns, cells, strict=True):
            assert cell.figure == surface.figure(where | {"gender": column.code}, 0)


def test_rows_and_columns_may_be_exchanged(look_up):
    upright, turned = look_up("year", "gender"), look_up("gender", "year")
    one = {
        (row.code, column.code): str(cell)
        for row, cells in zip(upright.rows, upright.layers[0].cells, strict=True)
        for column, cell in zip(upright.columns, cells, strict=True)
    }
    other = {
        (column.code, row.code): str(cell)
        for row, cells in zip(turned.rows, turned.layers[0].cells, strict=True)
        for column, cell in zip(turned.columns, cells, strict=True)
    }
    # Of ten columns only those with a figure somewhere are printed; of ten rows all are.
    assert one == {where: other[where] for where in one}
    left_out = {other[where] for where in other.keys() - one.keys()}
    assert left_out <= {"<11"}


def test_columns_without_any_figure_are_printed_where_none_has_one():
    table = make_table(surface_of(people(9)), Definition("exploitation", "gender", level=0), DAY)
    assert len(table.columns) == len(DIMENSIONS["gender"].codes(2026))


def test_a_filter_is_a_slice_of_the_table_with_one_dimension_more(look_up):
    whole = look_up("year", "gender", "duration", level=0)
    layer = next(layer for layer in whole.layers if layer.label == "Up to 1 year")
    sliced = look_up("year", "gender", filters={"duration": "0-12"}, level=0)
    expected = {
        (row.code, column.code): str(cell)
        for row, cells in zip(whole.rows, layer.cells, strict=True)
        for column, cell in zip(whole.columns, cells, strict=True)
    }
    for row, cells in zip(sliced.rows, sliced.layers[0].cells, strict=True):
        for column, cell in zip(sliced.columns, cells, strict=True):
            assert str(cell) == expected[row.code, column.code]


def test_cells_read_as_a_number_or_as_hidden(look_up):
    for cell in look_up("year", "gender", "control").cells:
        assert str(cell) in ("<11", "not shown") or int(str(cell)) >= THRESHOLD


def test_not_recorded_is_a_category_of_its_own(look_up):
    for key in DIMENSIONS:
        assert NOT_RECORDED in [row.code for row in look_up(key).rows]


def test_categories_without_a_figure_leave_a_long_table_and_are_counted(look_up):
    table = look_up("control", "source", filters={"year": "2020"}, level=0)
    all_codes = [*DIMENSIONS["control"].codes(2026), *DIMENSIONS["source"].codes(2026)]
    assert table.left_out
    assert len(table.rows) + len(table.columns) + table.left_out == len(all_codes)
    assert any(str(table.left_out) in note for note in table.notes)
    assert any(row.label == "Belarus" for row in look_up("citizenship", level=0).rows)


def test_detail_gives_way_until_most_persons_are_in_shown_cells():
    surface = surface_of(people(400))
    table = make_table(surface, Definition("citizenship", "country"), DAY)
    assert table.is_grouped
    assert [str(row.label) for row in table.rows][:1] == ["Europe"]
    finest = make_table(surface, Definition("citizenship", "country", level=0), DAY)
    assert not finest.is_grouped
    shown = [sum(c.number or 0 for row in t.layers[0].cells for c in row) for t in (finest, table)]
    assert shown[0] < shown[1]


def test_a_broader_group_can_be_filtered_by(look_up):
    table = look_up("year", "gender", filters={"age": "child"})
    assert "Under 18" in table.title
    assert table.has_figures


def test_the_title_says_the_table_in_words(look_up):
    title = look_up("year", "gender", filters={"exploitation": "ForcedLabour"}).title
    assert title == (
        "Persons registered, by year of registration, by sex;"
        " only type of exploitation: Forced labour"
    )


def test_the_notes_tell_what_hidden_means_and_that_nothing_adds_up(look_up):
    notes = " ".join(look_up("year", "exploitation").notes)
    assert "<11 means fewer than 11" in notes
    assert "do not add up" in notes
    assert "counts once under each" in notes
    assert "counts once under each" not in " ".join(look_up("year", "gender").notes)


def test_a_surface_of_a_time_when_a_dimension_had_fewer_levels_is_read_by_its_own(surface):
    """Levels that were declared since are not in it."""
    tables = [levelled(keys, 0) for keys in ([], ["year"], ["age"], ["year", "age"])]
    axes = {key: surface.axes[key][:1] for key in ("year", "age")}
    older = unpack(pack(Surface(axes, {table: surface.cells[table] for table in tables})))
    for level in range(LEVELS):
        table = make_table(older, Definition("year", "age", level=level), DAY)
        figures = [cell.figure for row in table.layers[0].cells for cell in row]
        finest = make_table(surface, Definition("year", "age", level=0), DAY)
        assert figures == [cell.figure for row in finest.layers[0].cells for cell in row]


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        (Definition("shelter"), "shelter"),
        (Definition("year", "case_owner"), "case_owner"),
        (Definition("year", "gender", filters={"reference": "BY-1"}), "reference"),
        (Definition(""), "rows"),
        (Definition("year", "year"), "once"),
        (Definition("year", "gender", filters={"year": "2020"}), "once"),
        (Definition("year", "gender", "age", filters={"duration": "0-12"}), "at most 3"),
        (Definition("year", filters={"gender": "Feminine' OR 1=1"}), "no such category"),
        (Definition("year", filters={"age": "child"}, level=0), "no such category"),
        (Definition("year", level=7), "level"),
    ],
)
def test_what_is_not_declared_is_refused_by_name(surface, definition, says):
    with pytest.raises(BadInput, match=says):
        make_table(surface, definition, DAY)


def test_an_id_holds_names_and_codes_and_leads_back(surface):
    for definition, expected in (
        (Definition("year", "gender"), "year.gender"),
        (Definition("year", split="age"), "year..age"),
        (Definition("year", "gender", filters={"age": "child"}), "year.gender~age-child"),
        (Definition("control", "recruiter", level=0), "control.recruiter~level-0"),
        (Definition("age", filters={"citizenship": "BY"}, level=1), "age~citizenship-BY~level-1"),
        (Definition("year", filters={"age": "48+"}), "year~age-48+"),
    ):
        assert definition.id == expected
        assert TableForm.of_table(expected, surface).definition == definition


@pytest.mark.parametrize(
    "table",
    [
        *(
            "",
            "~",
            ".",
            "..",
            ".gender",
            "case_owner",
            "year.",
            "year.gender.",
            "gender~age",
            "gender~age-",
        ),
        *("gender~age-nonsense", "gender~level-7", "gender~level--1", "gender~level-", "gender~"),
        *("gender~measure-nonsense", "gender~citizenship-any-other", "year.gender.age.country"),
        *("gender~level-0~age-child", "gender~age-child~age-adult", "Year", "year.gender~evil-1"),
    ],
)
def test_what_is_no_id_in_its_one_spelling_is_no_table(surface, table):
    with pytest.raises(NotFound) as refused:
        TableForm.of_table(table, surface)
    assert "evil" not in str(refused.value) and "nonsense" not in str(refused.value)


def test_the_sentence_tells_the_year(look_up):
    assert look_up("gender", filters={"year": "2024"}).title == "Persons registered in 2024, by sex"
    both = look_up("country", filters={"year": "not-recorded"}).title
    assert both.endswith("; only year of registration: Not recorded")


# --- How much is shown ----------------------------------------------------------------
def test_the_share_of_persons_is_that_of_shown_figures_in_the_protected_total(look_up):
    table = look_up("country", "age", level=0)
    shown = sum(cell.number or 0 for row in table.layers[0].cells for cell in row)
    assert 0 < shown < table.layers[0].total.number
    assert table.share_shown == shown / table.layers[0].total.number
    assert f"About {table.percent_shown} % of the persons" in " ".join(table.notes)


def test_noise_carries_the_share_no_higher_than_all():
    table = table_of(["a", "b"], [], [[Figure(60)], [Figure(41)]])
    assert table.layers[0].total.number == 99
    assert (table.share_shown, table.percent_shown) == (1.0, 100)


def test_a_share_is_not_told_where_persons_count_several_times_or_the_total_is_hidden(look_up):
    assert look_up("exploitation", "gender").share_shown is None
    table = look_up("gender", filters={"exploitation": "ForcedLabour"})
    assert table.share_shown is not None  # the filter takes one answer
    hidden = replace(table, layers=[replace(table.layers[0], total=Cell(Figure()))])
    assert hidden.share_shown is None
    assert not any("of the persons are" in note for note in hidden.notes)
