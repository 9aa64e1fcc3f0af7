"""What goes out of a case comes in again as it was, or is named as left out."""

from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from python_calamine import CalamineWorkbook

from cases.entries import ENTRY_KINDS
from cases.imports import htcds
from cases.imports.cells import BLANKS
from cases.imports.checking import parsed_rows
from cases.imports.files import InMemory
from cases.imports.htcds_fields import DEPRECATED, HTCDS_FIELDS
from cases.imports.readers import open_table
from cases.sections import (
    CaseSummary,
    CommentContent,
    Contact,
    Identity,
    StatusDecisionContent,
    TraffickingEventContent,
    VictimContext,
)
from cases.workbooks.rows import CaseFile, rows_of
from cases.workbooks.writing import LEFT_OUT, SHEET, _workbook
from tests.cases.made_files_of_cases import ONCE, codes_of, files

SECTIONS = frozenset({place.section for place in HTCDS_FIELDS.values()})
SLOWLY = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def a_file(*entries, known=None, **once):
    sections = {name: schema() for name, schema in ONCE.items()} | once
    return CaseFile("BY-2026-000001", sections, list(entries), known or {})


def written(*cases):
    """(workbook, what was left out) of files of cases."""
    made = [rows_of(case) for case in cases]
    left_out = [one for _rows, unread in made for one in unread]
    return _workbook([rows for rows, _unread in made], left_out, SECTIONS), left_out


def brought_in(workbook):
    """The files of the cases that an import of the workbook opens."""
    table = open_table(InMemory(workbook))
    assert table.layout == "htcds" and table.notices == []
    found = []
    for parsed in parsed_rows(table):
        assert parsed.problems == []
        new = parsed.new_case
        once = {name: getattr(new, name) for name in ONCE if getattr(new, name) is not None}
        found.append(CaseFile("BY-2026-000001", once, new.entries, {}))
    return found


def cells(workbook, sheet=SHEET):
    return CalamineWorkbook.from_filelike(BytesIO(workbook)).get_sheet_by_name(sheet).to_python()


def again(*cases):
    """The files that come in, and whether they go out as the same cells."""
    workbook, _left_out = written(*cases)
    back = brought_in(workbook)
    second, none = written(*back)
    assert none == [] and cells(second) == cells(workbook)
    return back


# --- Anything -------------------------------------------------------------------------
@SLOWLY
@given(some.lists(files(), min_size=1, max_size=3))
def test_a_workbook_comes_in_whole_and_goes_out_the_same_cell_for_cell(cases):
    for case in cases:
        case.known_here |= {"cas_Status": "Active"}  # as of every case: no row is blank
    back = again(*cases)
    assert len(back) == len(cases)


@SLOWLY
@given(files())
def test_what_is_not_named_as_left_out_is_the_same_afterwards(case):
    """Texts as the import normalises them, and what can be read of answers out of lists."""
    case.known_here |= {"cas_Status": "Active"}
    _made, left_out = written(case)
    missing = {one.column for one in left_out}
    [back] = again(case)
    for name, place in HTCDS_FIELDS.items():
        if place.section not in ("identity", "contact", "victim", "summary"):
            continue
        before, after = (getattr(one.once[place.section], place.field) for one in (case, back))
        if name in case.once["summary"].other_htcds or name in missing or before is None:
            continue
        if isinstance(before, str):
            text = before.strip(BLANKS)
            assert after == (place.read(text).strip(BLANKS) if text else ""), name
        elif isinstance(before, list):
            assert set(after) <= set(before), name
            assert {one for one in before if one.strip()} == set(after), name
        else:
            assert before == after, name


# --- Each thing -----------------------------------------------------------------------
def _one_of_each():
    for name, place in HTCDS_FIELDS.items():
        for code in codes_of(place):
            yield name, place, code


def test_every_code_of_every_list_survives():
    tried = 0
    for name, place, code in _one_of_each():
        if place.section == "other":
            case = a_file(summary=CaseSummary(other_htcds={name: code}))
        else:
            schema = ONCE.get(place.section) or ENTRY_KINDS[place.section].schema
            kind = schema.__annotations__[place.field]
            content = schema(**{place.field: [code] if kind == list[str] else code})
            if place.section in ONCE:
                case = a_file(**{place.section: content})
            else:
                case = a_file((place.section, content))
        [rows, left_out] = rows_of(case)
        assert rows == [{name: code}] and left_out == [], name
        tried += 1
    lists = {name for name, _place, _code in _one_of_each()}
    assert tried > 1000 and len(lists) >= 26
    statuses = [{"cas_Status": code} for code in codes_of(HTCDS_FIELDS["cas_Status"])]
    assert len(statuses) == 4
    back = again(*[a_file(known=known) for known in statuses])
    assert [one.once["summary"].other_htcds for one in back] == statuses


def test_all_codes_of_a_list_survive_the_workbook_together():
    several = [
        (place, codes_of(place))
        for place in HTCDS_FIELDS.values()
        if place.section == "victim" and codes_of(place)
    ]
    victim = VictimContext(**{place.field: codes for place, codes in several})
    [back] = again(a_file(victim=victim))
    assert back.once["victim"] == victim and len(several) == 8


def test_several_of_a_kind_follow_on_further_rows_in_their_order():
    comments = [("comment", CommentContent(cls="narrative", comment=f"Note {n}")) for n in "123"]
    decision = StatusDecisionContent(trafficking_status="ActualVictimOfTrafficking")
    person = Identity(second_name="Казлова")
    first = a_file(*comments, ("decision", decision), identity=person)
    other = a_file(identity=Identity(first_name="Anna"))
    workbook, _left_out = written(first, other)
    table = cells(workbook)
    assert table[0][0] == htcds.CASE and [row[0] for row in table[2:]] == ["1", "1", "1", "2"]
    [back, _other] = again(first, other)
    assert back.once["identity"] == person
    assert back.entries == [("decision", decision), *comments]


def test_one_row_for_each_case_needs_no_column_of_ours():
    workbook, _left_out = written(a_file(identity=Identity(first_name="Anna")))
    header = cells(workbook)[0]
    assert header == [name for name in HTCDS_FIELDS if name not in DEPRECATED]
    assert len(header) == 81


def test_what_htcds_gave_up_has_a_column_where_somebody_has_it():
    case = a_file(summary=CaseSummary(other_htcds={"vic_Vulnerabilities": "Alone"}))
    header = cells(written(case)[0])[0]
    assert "vic_Vulnerabilities" in header and "vic_DetailsOfVulnerabilities" not in header
    again(case)


def test_what_a_person_may_not_read_has_no_column():
    rows, _left_out = rows_of(a_file(identity=Identity(first_name="Anna")))
    header = cells(_workbook([rows], [], SECTIONS - {"contact"}))[0]
    assert not [name for name in header if name.startswith(("prs_Mail", "prs_Email"))]
    assert "prs_FirstName" in header


@pytest.mark.parametrize(
    "text", ["=1+1", "'=1", "''=1", "+375", "<r><t>x</t></r>", "'<r>", "'", "'x", "@x", "\u200b=x"]
)
def test_what_looks_like_a_formula_goes_out_harmless_and_comes_back_exactly(text):
    case = a_file(victim=VictimContext(location_of_exploitation=text))
    told = dict(zip(*[cells(written(case)[0])[n] for n in (0, 2)], strict=True))
    cell = told["vic_LocationOfExploitation"]
    assert not cell.lstrip("\u200b").startswith(("=", "+", "@", "<r>"))
    [back] = again(case)
    assert back.once["victim"].location_of_exploitation == text


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        (Contact(home_phone="ask the neighbour"), "is not a phone number"),
        (Identity(gender="Woman"), "is not in the list"),
        (Identity(first_name="a\ufffe"), "holds signs that no workbook can hold"),
        (Identity(first_name="_x000D_"), "holds signs that no workbook can hold"),
        (Identity(birthdate="1890-01-01"), "must lie between 1900"),
        (Identity(number_of_children=130), "must lie between"),
        (Identity(first_name="\u0958" * 150), "is longer than 200"),
    ],
)
def test_what_an_import_would_refuse_is_left_out_and_named(section, reason):
    name = type(section).__name__.lower()
    case = a_file(**{name: section}, known={"cas_Status": "Active"})
    workbook, left_out = written(case)
    [one] = left_out
    assert reason in one.reason and one.reference == "BY-2026-000001"
    [_header, told] = cells(workbook, LEFT_OUT)
    assert told == list(one)
    [back] = again(case)
    assert back.once[name] == type(section)()


def test_of_several_answers_those_that_can_be_read_go_out():
    case = a_file(
        victim=VictimContext(types_of_exploitation=["ForcedMarriage", "Gone", "ForcedLabour"])
    )
    rows, left_out = rows_of(case)
    assert rows == [{"vic_TypeOfExploitation": "ForcedMarriage;ForcedLabour"}]
    assert [one.column for one in left_out] == ["vic_TypeOfExploitation"]


def test_the_country_of_exploitation_is_told_by_an_event_and_comes_back():
    poland = TraffickingEventContent(event_type="Exploitation", country="PL", city="Radom")
    transit = TraffickingEventContent(event_type="Transit", country="LT")
    for victim, events, more in (
        ("PL", [poland], 0),
        ("PL", [], 1),
        ("RU", [poland, transit], 1),
        ("", [transit], 0),
    ):
        case = a_file(
            *[("event", event) for event in events],
            victim=VictimContext(country_of_exploitation=victim),
            known={"cas_Status": "Active"},
        )
        [back] = again(case)
        assert back.once["victim"].country_of_exploitation == victim
        assert len(back.entries) == len(events) + more


def test_what_came_in_before_its_field_had_a_place_goes_where_the_field_is_now():
    case = a_file(summary=CaseSummary(other_htcds={"hte_City": "Orsha", "org_Name": "Mission"}))
    [back] = again(case)
    assert back.entries == [("event", TraffickingEventContent(city="Orsha"))]
    assert back.once["summary"].other_htcds == {"org_Name": "Mission"}


# --- Rows of one case -----------------------------------------------------------------
def sheet(*rows):
    header = [htcds.CASE, "prs_FirstName", "cco_CaseComment"]
    text = "\n".join(",".join(row) for row in [header, *rows]) + "\n"
    return list(parsed_rows(open_table(InMemory(text.encode()))))


def test_rows_of_one_number_are_one_case_and_rows_without_are_one_each():
    found = sheet(("1", "Anna", "a"), ("1", "", "b"), ("", "Vera", "c"), ("", "Olga", "d"))
    assert [len(each.new_case.entries) for each in found] == [2, 1, 1]


def test_what_is_told_once_is_refused_on_a_further_row():
    [found] = sheet(("1", "Anna", "a"), ("1", "Vera", "b"))
    assert found.new_case is None
    [problem] = found.problems
    assert (problem.row, problem.column) == (3, "prs_FirstName")
    assert "first of its rows" in problem.message and "Vera" not in problem.message


def test_a_number_that_comes_back_is_refused():
    found = sheet(("1", "Anna", "a"), ("2", "Vera", "b"), ("1", "", "c"))
    assert [each.new_case is None for each in found] == [False, False, True]
    assert "further up" in found[2].problems[0].message
