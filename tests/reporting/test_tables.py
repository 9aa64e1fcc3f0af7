"""Looking tables up, and refusing what is not declared."""

import pytest

from core.exceptions import BadInput
from reporting.dimensions import ANY_OTHER, DIMENSIONS, NOT_RECORDED
from reporting.protection import THRESHOLD
from reporting.tables import Definition, make_table
from tests.reporting.people import DAY, people, surface_of


def test_every_printed_figure_is_the_one_of_the_surface(surface, look_up):
    table = look_up("year", "gender", "exploitation")
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
    assert one == other


def test_a_filter_is_a_slice_of_the_table_with_one_dimension_more(look_up):
    whole = look_up("year", "gender", "duration")
    layer = next(layer for layer in whole.layers if layer.label == "Up to 1 year")
    sliced = look_up("year", "gender", filters={"duration": "0-12"})
    expected = dict(zip([row.code for row in whole.rows], layer.cells, strict=True))
    for row, cells in zip(sliced.rows, sliced.layers[0].cells, strict=True):
        assert [str(cell) for cell in cells] == [str(cell) for cell in expected[row.code]]


def test_cells_read_as_a_number_or_as_hidden(look_up):
    for cell in look_up("year", "gender", "control").cells:
        assert str(cell) in ("<11", "not shown") or int(str(cell)) >= THRESHOLD


def test_not_recorded_is_a_category_of_its_own(look_up):
    for key in DIMENSIONS:
        assert NOT_RECORDED in [row.code for row in look_up(key).rows]


def test_categories_without_a_figure_leave_a_long_table_and_are_counted(look_up):
    table = look_up("citizenship", level=0)
    assert len(table.rows) < 30
    assert len(table.rows) + table.left_out == len(DIMENSIONS["citizenship"].labels) + 2
    assert any(str(table.left_out) in note for note in table.notes)
    assert any(row.label == "Belarus" for row in table.rows)


def test_detail_gives_way_until_most_persons_are_in_shown_cells():
    surface = surface_of(people(400))
    table = make_table(surface, Definition("citizenship", "country"), DAY)
    assert table.is_grouped
    assert ANY_OTHER in [row.code for row in table.rows]
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


def test_a_definition_holds_names_and_no_figure():
    definition = Definition("year", "gender", filters={"age": "child"})
    assert definition.as_dict() == {
        "rows": "year",
        "columns": "gender",
        "split": "",
        "filters": {"age": "child"},
        "level": -1,
    }
