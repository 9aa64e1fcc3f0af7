"""Whatever somebody does to an exported log, the program says so in the right words.

The attackers grow stronger: one changes files, one computes every hash anew, one has the log's key too.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.verify.conftest import Check
from tests.verify.logs import Log, Signer, bundle, canonical, moment, put, tile

Deed = Callable[[Log, Path], list[str]]
Keep = Callable[[str, str | bytes], Path]


def edited(entry: bytes, **fields: object) -> bytes:
    return canonical(json.loads(entry) | fields)


# --- somebody who changes files -----------------------------------------------------------


def one_letter_of_an_entry(log: Log, folder: Path) -> list[str]:
    log.entries[300] = edited(log.entries[300], session="0" * 16)
    put(tile(folder, "entries", 1), bundle(log.entries[256:512]))
    return ["Event 300 does not fit its hash in tile/0/001: it was changed"]


def one_bit_of_a_hash_tile(log: Log, folder: Path) -> list[str]:
    hashes = bytearray(tile(folder, 0, 0).read_bytes())
    hashes[7 * 32] ^= 1
    put(tile(folder, 0, 0), bytes(hashes))
    return ["Event 7 does not fit its hash in tile/0/000"]


def one_bit_of_an_upper_hash_tile(log: Log, folder: Path) -> list[str]:
    hashes = bytearray(tile(folder, 1, 0, 2).read_bytes())
    hashes[32] ^= 1
    put(tile(folder, 1, 0, 2), bytes(hashes))
    return ["Tile 1 of level 0 does not fit its hash in tile/1/000.p/2."]


def an_event_dropped(log: Log, folder: Path) -> list[str]:
    del log.entries[300]
    put(tile(folder, "entries", 1), bundle(log.entries[256:511]))
    return [
        "tile/entries/001 holds 255 entries, where 256 entries belong.",
        "The entry of event 300 is not in the bundle.",
    ]


def an_event_dropped_and_the_others_moved_up(log: Log, folder: Path) -> list[str]:
    del log.entries[300]
    put(tile(folder, "entries", 1), bundle(log.entries[256:512]))
    return ["Event 300 does not fit its hash in tile/0/001, nor do 211 after it", "left out"]


def an_event_put_in(log: Log, folder: Path) -> list[str]:
    put(tile(folder, "entries", 1), bundle([*log.entries[256:512], log.entries[5]]))
    return ["tile/entries/001 holds 257 entries, where 256 entries belong."]


def two_events_exchanged(log: Log, folder: Path) -> list[str]:
    log.entries[20], log.entries[10] = log.entries[10], log.entries[20]
    put(tile(folder, "entries", 0), bundle(log.entries[:256]))
    return ["Event 10 does not fit its hash in tile/0/000, nor do 1 after it", "moved"]


def the_end_of_a_bundle_gone(log: Log, folder: Path) -> list[str]:
    path = tile(folder, "entries", 2, 88)
    put(path, path.read_bytes()[:-3])
    return [
        "Event 599 does not fit its hash in tile/0/002.p/88",
        "The entry of event 599 is not JSON.",
    ]


def a_length_beyond_the_end(log: Log, folder: Path) -> list[str]:
    path = tile(folder, "entries", 2, 88)
    start = len(path.read_bytes()) - len(log.entries[599]) - 2
    put(path, path.read_bytes()[:start] + b"\xff\xff" + log.entries[599])
    return [
        "Event 599 does not fit its hash in tile/0/002.p/88",
        "The entry of event 599 is not JSON.",
    ]


def something_behind_the_last_entry(log: Log, folder: Path) -> list[str]:
    path = tile(folder, "entries", 2, 88)
    put(path, path.read_bytes() + b"\x00")
    return ["tile/entries/002.p/88 holds 89 entries, where 88 entries belong."]


def a_bundle_gone(log: Log, folder: Path) -> list[str]:
    tile(folder, "entries", 1).unlink()
    return ["tile/entries/001 is missing, where 256 entries belong."]


def a_hash_tile_gone(log: Log, folder: Path) -> list[str]:
    tile(folder, 0, 1).unlink()
    return ["tile/0/001 is missing"]


def a_hash_tile_cut(log: Log, folder: Path) -> list[str]:
    put(tile(folder, 0, 1), tile(folder, 0, 1).read_bytes()[:-32])
    return ["tile/0/001 is missing, or has not the size of 256 hashes."]


def the_last_files_gone(log: Log, folder: Path) -> list[str]:
    tile(folder, "entries", 2, 88).unlink()
    tile(folder, 0, 2, 88).unlink()
    return ["The log was cut", "it ends after 512 events, and its checkpoint covers 600."]


def files_in_the_middle_gone(log: Log, folder: Path) -> list[str]:
    tile(folder, "entries", 1).unlink()
    tile(folder, 0, 1).unlink()
    return ["The log was cut", "it ends after 256 events, and its checkpoint covers 600."]


def a_bundle_short_and_its_tile_gone(log: Log, folder: Path) -> list[str]:
    put(tile(folder, "entries", 1), bundle(log.entries[256:511]))
    tile(folder, 0, 1).unlink()
    return [
        "tile/entries/001 holds 255 entries",
        "Missing from the log: event 256 to 511.",
        "Events are missing, so that its checkpoint at 600 cannot be compared.",
    ]


def another_root_in_the_checkpoint(log: Log, folder: Path) -> list[str]:
    lines = log.note().split("\n")
    lines[2] = log.note(599).split("\n")[2]
    put(folder / "checkpoint", "\n".join(lines).encode())
    return [
        "The log's checkpoint bears a signature that is not right.",
        "The log was rewritten: its first 600 events are not those of its checkpoint.",
    ]


def another_size_in_the_checkpoint(log: Log, folder: Path) -> list[str]:
    put(folder / "checkpoint", log.note().replace("\n600\n", "\n512\n").encode())
    return ["The log's checkpoint bears a signature that is not right."]


def the_checkpoint_of_a_stranger(log: Log, folder: Path) -> list[str]:
    put(folder / "checkpoint", log.note(by=[Signer(log.signer.name)]).encode())
    return ["The log's checkpoint is signed by none of the log's keys."]


def the_log_of_somebody_else(log: Log, folder: Path) -> list[str]:
    other = Log(2, "elsewhere.example.org/log").fill(600)
    other.write(folder)
    return ["The log's checkpoint belongs to another log."]


FILES = [
    one_letter_of_an_entry,
    one_bit_of_a_hash_tile,
    one_bit_of_an_upper_hash_tile,
    an_event_dropped,
    an_event_dropped_and_the_others_moved_up,
    an_event_put_in,
    two_events_exchanged,
    the_end_of_a_bundle_gone,
    a_length_beyond_the_end,
    something_behind_the_last_entry,
    a_bundle_gone,
    a_hash_tile_gone,
    a_hash_tile_cut,
    the_last_files_gone,
    files_in_the_middle_gone,
    a_bundle_short_and_its_tile_gone,
    another_root_in_the_checkpoint,
    another_size_in_the_checkpoint,
    the_checkpoint_of_a_stranger,
    the_log_of_somebody_else,
]


@pytest.mark.parametrize("deed", FILES, ids=lambda deed: deed.__name__)
def test_a_change_of_files_is_named(log: Log, tmp_path: Path, check: Check, deed: Deed) -> None:
    key = log.signer.vkey
    log.write(tmp_path)
    assert check(tmp_path, "--key", key).findings == []
    words = deed(log, tmp_path)
    said = check(tmp_path, "--key", key)
    assert said.code == 1
    for word in words:
        assert any(word in finding for finding in said.findings), (word, said.findings)


def test_one_changed_event_is_blamed_on_no_other(log: Log, tmp_path: Path, check: Check) -> None:
    log.write(tmp_path)
    one_letter_of_an_entry(log, tmp_path)
    said = check(tmp_path, "--key", log.signer.vkey)
    numbers = {n for finding in said.findings for n in finding.split() if n.isdecimal()}
    assert numbers <= {"300", "1", "0", "600"}, said.findings


# --- somebody who computes every hash anew ------------------------------------------------


def an_entry_edited(log: Log) -> list[str]:
    log.entries[300] = edited(log.entries[300], session="0" * 16)
    return []


def an_event_left_out(log: Log) -> list[str]:
    del log.entries[300]
    log.fill(600)
    return []


def an_event_inserted(log: Log) -> list[str]:
    log.entries.insert(300, canonical(log.event(at=moment(299.5))))
    del log.entries[600:]
    return []


def two_events_reordered(log: Log) -> list[str]:
    log.entries[301], log.entries[300] = log.entries[300], log.entries[301]
    return []


def the_last_events_cut_off(log: Log) -> list[str]:
    del log.entries[450:]
    return []


def a_log_of_new_inventions(log: Log) -> list[str]:
    log.entries = Log(9).fill(600).entries
    return []


REWRITINGS = [
    an_entry_edited,
    an_event_left_out,
    an_event_inserted,
    two_events_reordered,
    the_last_events_cut_off,
    a_log_of_new_inventions,
]
anew = pytest.mark.parametrize("deed", REWRITINGS, ids=lambda deed: deed.__name__)


@anew
def test_hashes_computed_anew_are_not_what_was_signed(
    log: Log, tmp_path: Path, check: Check, deed: Callable[[Log], object]
) -> None:
    note = log.note()
    deed(log)
    said = check(log.write(tmp_path, note=note), "--key", log.signer.vkey)
    assert said.code == 1
    words = "The log was rewritten: its first 600 events are not those of its checkpoint."
    if deed is the_last_events_cut_off:
        words = "covers 600"
    assert any(words in finding for finding in said.findings), said.findings


# --- somebody who has the log's key -------------------------------------------------------


@anew
def test_a_log_signed_anew_differs_from_the_checkpoint_that_somebody_kept(
    log: Log, tmp_path: Path, check: Check, keep: Keep, deed: Callable[[Log], object]
) -> None:
    early, late = keep("early.txt", log.note(200)), keep("late.txt", log.note(500))
    deed(log)
    said = check(
        *(log.write(tmp_path / "log"), "--key", log.signer.vkey),
        *("--checkpoint", early, "--checkpoint", late),
    )
    words = f"The log was rewritten: its first 500 events are not those of {late}."
    if deed is the_last_events_cut_off:
        words = f"it ends after 450 events, and {late} covers 500."
    assert any(words in finding for finding in said.findings), said.findings
    blames_the_early_one = any(str(early) in finding for finding in said.findings)
    assert blames_the_early_one == (deed is a_log_of_new_inventions)


@anew
def test_a_log_signed_anew_has_no_witnesses(
    log: Log, tmp_path: Path, check: Check, deed: Callable[[Log], object]
) -> None:
    """They cosigned the old root, and their lines do not fit the new one."""
    witnesses = [Signer(f"w{n}.example.org", kind=4) for n in range(3)]
    old = log.note(by=[log.signer, *witnesses])
    log.write(tmp_path)
    put(tmp_path / "checkpoint", old.encode())
    arguments = ["--key", log.signer.vkey, "--quorum", "2"]
    for witness in witnesses:
        arguments += ["--witness", witness.vkey]
    assert check(tmp_path, *arguments).findings == []
    deed(log)
    words = "The log's checkpoint is cosigned by 0 witnesses, where 2 have to."
    assert words in check(log.write(tmp_path), *arguments).findings
    stolen = log.note() + "".join(old.splitlines(keepends=True)[-3:])
    said = check(log.write(tmp_path, note=stolen), *arguments)
    for witness in witnesses:
        words = f"a cosignature of {witness.name}+{witness.id.hex()} that is not right."
        assert any(words in finding for finding in said.findings), said.findings


def signed(log: Log, folder: Path, check: Check) -> list[str]:
    """What is found when the attacker has the key and nobody kept anything."""
    return check(log.write(folder), "--key", log.signer.vkey).findings


def changes_of(log: Log, row: str) -> list[int]:
    return [n for n, entry in enumerate(log.entries) if f'"object":"{row}"'.encode() in entry]


def some_row(log: Log) -> tuple[str, str]:
    """A row that has three versions or more."""
    return next(row for row, told in log.versions.items() if len(told) > 2)


def test_a_version_that_is_left_out_leaves_a_gap(log: Log, tmp_path: Path, check: Check) -> None:
    label, row = some_row(log)
    _first, second, third, *_ = changes_of(log, row)
    del log.entries[second]
    assert signed(log, tmp_path, check) == [
        f"Event {third - 1} tells of version 3 of {label} {row}, where version 2 comes next."
    ]


def test_a_first_version_that_is_left_out_leaves_a_gap(
    log: Log, tmp_path: Path, check: Check
) -> None:
    label, row = some_row(log)
    first, second, *_ = changes_of(log, row)
    del log.entries[first]
    assert signed(log, tmp_path, check) == [
        f"Event {second - 1} tells of version 2 of {label} {row}, where version 1 comes next."
    ]


def test_an_event_played_again_is_named(log: Log, tmp_path: Path, check: Check) -> None:
    label, row = some_row(log)
    number = changes_of(log, row)[-1]
    told = json.loads(log.entries[number])
    log.entries.append(log.entries[number])
    log.entries.append(edited(log.entries[number], id=log.uuid(), at=moment(601)))
    found = signed(log, tmp_path, check)
    next_one = told["revision"] + 1
    again = f"tells of version {told['revision']} of {label} {row}, where version {next_one} comes"
    assert f"Event 600 has the identifier of an earlier one, {told['id']}." in found
    assert f"Event 600 {again} next." in found
    assert f"Event 601 {again} next." in found
    assert any(text.startswith("Event 600 is dated") for text in found)
    assert len(found) == 4


def test_an_event_that_is_dated_back_is_named(log: Log, tmp_path: Path, check: Check) -> None:
    log.add(at=moment(100))
    log.add(at=moment(101)), log.add(at=moment(603))
    assert signed(log, tmp_path, check) == [
        "Event 600 is dated 14,970 seconds before event 599, which it follows."
    ]


def test_going_back_in_time_step_by_step_is_named(tmp_path: Path, check: Check) -> None:
    log = Log()
    for number in range(20):
        log.add(at=moment(1000 - 3 * number))  # a minute and a half back each time
    assert signed(log, tmp_path, check)[0] == (
        "Event 2 is dated 180 seconds before event 0, which it follows."
    )


def test_an_event_dated_ahead_is_blamed_once(log: Log, tmp_path: Path, check: Check) -> None:
    log.add(at="2099-01-01T00:00:00.000000+00:00")
    log.fill(700)
    found = signed(log, tmp_path, check)
    assert len(found) == 1
    assert "before event 600, which it follows." in found[0]


def test_a_reading_after_the_erasure_is_named(log: Log, tmp_path: Path, check: Check) -> None:
    case, other = log.uuid(), log.uuid()
    reading = {"verb": "case_viewed", "classes": ["identity"]}
    log.add(**reading, cases=[case])
    log.add(verb="case_erased", outcome="error", cases=[other])  # was not done
    log.add(verb="case_erased", cases=[case], keys=[log.uuid()])
    erased_at = json.loads(log.entries[-1])["at"]
    log.add(**reading, cases=[case], outcome="denied")
    log.add(**reading | {"classes": []}, cases=[case])
    log.add(**reading, cases=[other])
    log.add(**reading, cases=[case], at=erased_at)  # begun before
    assert signed(log, tmp_path, check) == []
    log.add(**reading, cases=[other, case])
    assert signed(log, tmp_path, check) == [
        f"Event 607 tells of a reading of case {case} after its erasure."
    ]


def test_a_version_sealed_anew_must_have_been(log: Log, tmp_path: Path, check: Check) -> None:
    label, row = some_row(log)
    log.seal_anew(label, row, 2)
    assert signed(log, tmp_path, check) == []
    ghost = log.uuid()
    log.add(verb="case_sealed_anew", resealed=[[label, ghost, 1, log.digest()]])
    log.add(verb="case_sealed_anew", resealed=[[label, row, 99, log.digest()]])
    assert signed(log, tmp_path, check) == [
        f"Event 601 seals version 1 of {label} {ghost} anew, which no event before it made.",
        f"Event 602 seals version 99 of {label} {row} anew, which no event before it made.",
    ]


def test_many_findings_are_counted(tmp_path: Path, check: Check) -> None:
    log = Log()
    log.entries = [b"{}"] * 300
    said = check(log.write(tmp_path), "--key", log.signer.vkey)
    assert len(said.findings) == 200
    assert said.json["more_findings"] == 100
    plain = check(tmp_path, "--key", log.signer.vkey, plain=True)
    assert "… and 100 more.\nThe record does NOT hold.\n" in plain.out


def test_nothing_that_an_attacker_wrote_reaches_the_screen(tmp_path: Path, check: Check) -> None:
    evil = "\x9b31m Снежаньская \u202e"
    log = Log(origin=f"evil{evil.replace(' ', '')}")
    key = Log().signer.vkey
    for fields in ({"reason": evil, "v": 2}, {evil: 1}, {"verb": evil}, {"object_type": evil}):
        log.add(**fields)
    said = check(log.write(tmp_path), "--key", key, plain=True)
    assert said.code == 1
    assert "is of a version that this program does not know" in said.out
    for piece in ("\x9b", "\u202e", "Снежаньская", "evil"):
        assert piece not in said.out + said.err
