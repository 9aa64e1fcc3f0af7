"""Going on from a checkpoint that was verified before: only what came after is read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.verify.conftest import Check
from tests.verify.logs import Log, bundle, put, tile

Keep = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize("before", [0, 1, 255, 256, 257, 511, 512, 513, 600])
@pytest.mark.parametrize("now", [256, 512, 599, 600])
def test_a_log_that_has_grown_holds(
    log: Log, tmp_path: Path, check: Check, keep: Keep, before: int, now: int
) -> None:
    since = keep("since.txt", log.note(before))
    said = check(log.write(tmp_path / "log", size=now), "--key", log.signer.vkey, "--since", since)
    if before <= now:
        assert said.findings == []
        assert said.json["figures"]["events read"] == now - before // 256 * 256
    else:
        assert "it ends after" in said.findings[0]
        assert f"{since} covers {before}." in said.findings[0]


def test_what_was_verified_before_need_not_be_there(
    log: Log, tmp_path: Path, check: Check, keep: Keep
) -> None:
    log.write(tmp_path / "log")
    for kind in ("entries", 0):
        tile(tmp_path / "log", kind, 0).unlink()
        tile(tmp_path / "log", kind, 1).unlink()
    since = keep("since.txt", log.note(520))
    said = check(tmp_path / "log", "--key", log.signer.vkey, "--since", since)
    assert (said.code, said.findings) == (0, [])
    assert said.json["not_checked"][0].startswith("what the events before 520 tell")


def test_a_past_that_was_rewritten_is_named(
    log: Log, tmp_path: Path, check: Check, keep: Keep
) -> None:
    since = keep("since.txt", log.note(520))
    log.entries[100] = log.entries[101]
    said = check(log.write(tmp_path / "log"), "--key", log.signer.vkey, "--since", since)
    assert f"The log was rewritten: its first 520 events are not those of {since}." in said.findings


def test_tiles_that_lie_about_the_past_are_noticed(
    log: Log, tmp_path: Path, check: Check, keep: Keep
) -> None:
    """They show the old hashes of the past; then the root of now is not what they come to."""
    since = keep("since.txt", log.note(512))
    old = b"".join(log.leaves()[:256])
    upper = tile(log.write(tmp_path / "log"), 1, 0, 2).read_bytes()
    log.entries[100] = log.entries[101]
    log.write(tmp_path / "log")
    put(tile(tmp_path / "log", 0, 0), old)
    put(tile(tmp_path / "log", 1, 0, 2), upper)
    said = check(tmp_path / "log", "--key", log.signer.vkey, "--since", since)
    assert said.findings == [
        "The log was rewritten: its first 600 events are not those of its checkpoint."
    ]


def test_what_came_after_is_checked(log: Log, tmp_path: Path, check: Check, keep: Keep) -> None:
    since = keep("since.txt", log.note(300))
    label, row = next(key for key, told in log.versions.items() if len(told) > 2)
    log.write_row(label, row)
    log.versions[label, row].append({})  # a version that nobody is told of
    log.write_row(label, row)
    revision = len(log.versions[label, row])
    log.write(tmp_path / "log")
    arguments = [tmp_path / "log", "--key", log.signer.vkey, "--since", since]
    assert check(*arguments).findings == [
        f"Event 601 tells of version {revision} of {label} {row},"
        f" where version {revision - 1} comes next.",
    ]
    put(tile(tmp_path / "log", "entries", 1), bundle(log.entries[256:511]))
    assert check(*arguments).findings == [
        "tile/entries/001 holds 255 entries, where 256 entries belong.",
        "The entry of event 511 is not in the bundle.",
    ]


def test_a_version_from_before_may_be_sealed_anew(
    log: Log, tmp_path: Path, check: Check, keep: Keep
) -> None:
    since = keep("since.txt", log.note(600))
    first, second, *_ = [row for row, told in log.versions.items() if len(told) > 2]
    log.fill(800)
    log.seal_anew(*first, 1)
    log.write_row(*second)
    log.seal_anew(*second, 2)
    log.write(tmp_path / "log")
    arguments = [tmp_path / "log", "--key", log.signer.vkey, "--since", since]
    assert check(*arguments).findings == []
    label, row = second
    log.add(verb="case_sealed_anew", resealed=[[label, row, 90, log.digest()]])
    log.write(tmp_path / "log")
    assert check(*arguments).findings == [
        f"Event {len(log.entries) - 1} seals version 90 of {label} {row} anew, which no event before"
        " it made."
    ]


def test_a_missing_tile_of_the_past_cannot_be_used(
    log: Log, tmp_path: Path, check: Check, keep: Keep
) -> None:
    log.write(tmp_path / "log")
    tile(tmp_path / "log", 1, 0, 2).unlink()
    since = keep("since.txt", log.note(520))
    said = check(tmp_path / "log", "--key", log.signer.vkey, "--since", since)
    assert said.code == 2
    assert "tile/1/000.p/2 is missing or has another size; check without --since." in said.err


def test_an_older_checkpoint_takes_the_whole_log(
    log: Log, tmp_path: Path, check: Check, keep: Keep
) -> None:
    since, older = keep("since.txt", log.note(520)), keep("older.txt", log.note(100))
    newer = keep("newer.txt", log.note(550))
    arguments = [log.write(tmp_path / "log"), "--key", log.signer.vkey, "--since", since]
    said = check(*arguments, "--checkpoint", older)
    assert (said.code, said.err) == (
        2,
        f"A checkpoint is older than {since}: check it without --since.\n",
    )
    assert check(*arguments, "--checkpoint", newer).code == 0


def test_rows_take_the_whole_log(log: Log, tmp_path: Path, check: Check, keep: Keep) -> None:
    since = keep("since.txt", log.note(520))
    arguments = [log.write(tmp_path / "log"), "--key", log.signer.vkey, "--since", since]
    said = check(*arguments, "--rows", keep("rows.jsonl", ""))
    assert said.code == 2
    assert "--rows needs the whole log" in said.err
