"""The tables against the log: every row is what its last event tells, and so is every version before."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.verify.conftest import Check
from tests.verify.logs import Log, canonical, moment, put

Rows = list[dict[str, Any]]


@pytest.fixture
def log() -> Log:
    """200 events, of which some row has four versions, one of them sealed anew, twice."""
    log = Log().fill(180)
    label, row = next(key for key, told in log.versions.items() if len(told) > 2)
    log.write_row(label, row)
    log.seal_anew(label, row, 2)
    log.seal_anew(label, row, 2)
    log.seal_anew(label, row, len(log.versions[label, row]))
    return log.fill(200)


@pytest.fixture
def compare(log: Log, tmp_path: Path, check: Check) -> Callable[..., list[str]]:
    """compare(rows): what is found."""
    log.write(tmp_path / "log")

    def run(rows: Rows | bytes) -> list[str]:
        lines = rows if isinstance(rows, bytes) else b"".join(canonical(r) + b"\n" for r in rows)
        put(tmp_path / "rows.jsonl", lines)
        where = ["--rows", tmp_path / "rows.jsonl"]
        said = check(tmp_path / "log", "--key", log.signer.vkey, *where)
        assert said.code == bool(said.findings)
        return said.findings

    return run


Compare = Callable[..., list[str]]


def much_changed(log: Log) -> tuple[str, str]:
    return max(log.versions, key=lambda key: len(log.versions[key]))


def the_rows(log: Log, *, live: bool) -> tuple[str, Rows, Rows]:
    """(name of a row with several versions, its rows, all rows)."""
    rows = log.rows()
    label, row = much_changed(log)
    return f"{label} {row}", [r for r in rows if r["object"] == row and r["live"] == live], rows


def test_tables_that_nobody_touched_fit(log: Log, compare: Compare) -> None:
    rows = log.rows()
    assert compare(rows) == []
    assert compare(rows[::-1]) == []
    assert compare(b"\n".join(json.dumps(row, indent=None).encode() for row in rows)) == []


def test_a_changed_row_is_named(log: Log, compare: Compare) -> None:
    name, [row], rows = the_rows(log, live=True)
    row["digest"] = log.digest()
    assert compare(rows) == [f"{name} was changed behind the application's back."]


def test_a_row_set_back_is_named(log: Log, compare: Compare) -> None:
    name, [row], rows = the_rows(log, live=True)
    first = the_rows(log, live=False)[1][0]
    row |= {"revision": 1, "digest": first["digest"]}
    assert compare(rows) == [f"{name} was set back to version 1."]


def test_a_row_ahead_of_its_events_is_named(log: Log, compare: Compare) -> None:
    name, [row], rows = the_rows(log, live=True)
    row["revision"] += 1
    assert compare(rows) == [f"{name} was changed behind the application's back."]


def test_a_removed_row_is_named(log: Log, compare: Compare) -> None:
    name, [row], rows = the_rows(log, live=True)
    rows.remove(row)
    assert compare(rows) == [f"{name} was removed behind the application's back."]


def test_a_row_of_nowhere_is_named(log: Log, compare: Compare) -> None:
    _name, [row], rows = the_rows(log, live=True)
    ghost = row | {"object": log.uuid()}
    name = f"{row['object_type']} {ghost['object']}"
    assert compare([*rows, ghost]) == [f"{name}: no event tells of this row."]
    other = row | {"object_type": "cases.Ghost"}
    assert compare([*rows, other]) == [f"cases.Ghost {row['object']}: no event tells of this row."]


def test_a_row_that_is_there_twice_is_named(log: Log, compare: Compare) -> None:
    name, [row], rows = the_rows(log, live=True)
    assert compare([*rows, row]) == [f"{name} stands in its table twice."]


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "00" * 32},
        {"at": moment(7.25)},
        {"verb": "case_imported"},
        {"actor": "system"},
        {"first": True},
    ],
)
def test_a_changed_version_is_named(log: Log, compare: Compare, change: dict[str, Any]) -> None:
    name, versions, rows = the_rows(log, live=False)
    versions[2] |= change
    assert compare(rows) == [f"{name}: version 3 in its history was changed."]


def test_a_version_missing_from_the_history_is_named(log: Log, compare: Compare) -> None:
    name, versions, rows = the_rows(log, live=False)
    rows.remove(versions[1])
    assert compare(rows) == [f"{name}: version 2 is missing from its history."]


def test_a_version_of_nowhere_is_named(log: Log, compare: Compare) -> None:
    name, versions, rows = the_rows(log, live=False)
    ghost = versions[-1] | {"revision": 77}
    assert compare([*rows, ghost]) == [f"{name}: no event tells of version 77."]
    ghost = versions[0] | {"object": log.uuid()}
    name = f"{ghost['object_type']} {ghost['object']}"
    assert compare([*rows, ghost]) == [f"{name}: no event tells of version 1."]


def test_a_version_that_is_there_twice_is_named(log: Log, compare: Compare) -> None:
    name, versions, rows = the_rows(log, live=False)
    assert compare([*rows, versions[1]]) == [f"{name}: version 2 stands in its history twice."]


def test_exchanged_versions_are_named(log: Log, compare: Compare) -> None:
    name, versions, rows = the_rows(log, live=False)
    versions[0]["digest"], versions[2]["digest"] = versions[2]["digest"], versions[0]["digest"]
    assert compare(rows) == [
        f"{name}: version 1 in its history was changed.",
        f"{name}: version 3 in its history was changed.",
    ]


def test_the_digest_from_before_the_sealing_anew_is_none_any_more(
    log: Log, compare: Compare
) -> None:
    [(label, row, revision)] = {
        tuple(content["resealed"][0][:3])
        for content in map(json.loads, log.entries)
        if content.get("resealed") and content["resealed"][0][2] == 2
    }
    told = next(
        content
        for content in map(json.loads, log.entries)
        if (content.get("object"), content.get("revision")) == (row, revision)
    )
    rows = log.rows()
    [version] = [
        r for r in rows if (r["object"], r["revision"], r["live"]) == (row, revision, False)
    ]
    assert version["digest"] != told["digest"]
    version["digest"] = told["digest"]
    assert compare(rows) == [f"{label} {row}: version 2 in its history was changed."]


def test_a_version_whose_event_was_left_out_is_named(
    log: Log, tmp_path: Path, compare: Compare
) -> None:
    label, row = much_changed(log)
    gone = next(
        n
        for n, content in enumerate(map(json.loads, log.entries))
        if (content.get("object"), content.get("revision")) == (row, 3)
    )
    del log.entries[gone]
    log.write(tmp_path / "log")
    found = compare(log.rows())
    assert found[0].endswith(f"tells of version 4 of {label} {row}, where version 3 comes next.")
    assert found[1:] == [f"{label} {row}: no event tells of version 3."]


def test_no_rows_at_all_is_not_nothing_to_compare(log: Log, compare: Compare) -> None:
    found = compare([])
    assert len(found) == min(200, len(log.rows()))


@pytest.mark.parametrize(
    "change",
    [
        {"live": 1},
        {"live": None},
        {"revision": 0},
        {"revision": -1},
        {"revision": "1"},
        {"revision": True},
        {"digest": "x"},
        {"object": "x"},
        {"object_type": "x"},
        {"object_type": "\x1b[31m.x"},
        {"more": 1},
        {"at": moment(1)},
    ],
)
def test_a_line_that_is_no_row_is_named(log: Log, compare: Compare, change: dict[str, Any]) -> None:
    rows = log.rows()
    at, row = next((n, r) for n, r in enumerate(rows) if r["live"])
    rows[at] = row | change
    assert f"Line {at + 1} of the rows is not a row." in compare(rows)


@pytest.mark.parametrize("line", [b"", b"hello", b"[]", b"\xff", b"[" * 60_000, b'{"live":true}'])
def test_a_line_of_anything_is_named(log: Log, compare: Compare, line: bytes) -> None:
    lines = [canonical(row) for row in log.rows()]
    assert compare(b"\n".join([*lines, line, b""])) == [
        f"Line {len(lines) + 1} of the rows is not a row."
    ]
