"""Logs that nobody touched hold, of whatever size and in whatever parts they come."""

from pathlib import Path

import pytest

from tests.verify.conftest import Check
from tests.verify.logs import Log, Signer, canonical, head, moment, put, tile
from verify.tutela_verify import Tree, tile_path

SIZES = [0, 1, 2, 3, 5, 255, 256, 257, 511, 512, 600]


@pytest.mark.parametrize("size", SIZES)
def test_a_log_of_any_size_holds(log: Log, size: int, tmp_path: Path, check: Check) -> None:
    said = check(log.write(tmp_path, size=size), "--key", log.signer.vkey)
    assert (said.code, said.findings) == (0, [])
    assert said.json["size"] == said.json["figures"]["events read"] == size
    assert said.json["log"] == log.signer.name


def test_a_checkpoint_of_any_earlier_size_is_contained(
    log: Log, tmp_path: Path, check: Check
) -> None:
    kept = []
    for size in SIZES:
        put(tmp_path / f"{size}.txt", log.note(size).encode())
        kept += ["--checkpoint", tmp_path / f"{size}.txt"]
    said = check(log.write(tmp_path / "log"), "--key", log.signer.vkey, *kept)
    assert (said.code, said.findings) == (0, [])
    assert list(said.json["earlier_checkpoints"].values()) == SIZES


def test_every_hash_tile_is_compared(log: Log, tmp_path: Path, check: Check) -> None:
    said = check(log.write(tmp_path), "--key", log.signer.vkey)
    files = [path for path in (tmp_path / "tile").rglob("*") if path.is_file()]
    tiles = [path for path in files if "entries" not in path.parts]
    assert said.json["figures"]["hash tiles compared"] == len(tiles) == 4


def test_a_full_tile_serves_where_the_partial_one_is_gone(
    log: Log, tmp_path: Path, check: Check
) -> None:
    """A log that has grown since its checkpoint may have removed the partial tiles."""
    log.write(tmp_path, size=512)
    put(tmp_path / "checkpoint", log.note(300).encode())
    put(tile(tmp_path, 1, 0, 1), tile(tmp_path, 1, 0, 2).read_bytes()[:32])
    said = check(tmp_path, "--key", log.signer.vkey)
    assert (said.code, said.json["figures"]["events read"]) == (0, 300)


def test_tiles_lie_where_the_specification_says() -> None:
    assert tile_path(0, 0) == "tile/0/000"
    assert tile_path(1, 5, 17) == "tile/1/005.p/17"
    assert tile_path("entries", 999) == "tile/entries/999"
    assert tile_path("entries", 1_000) == "tile/entries/x001/000"
    assert tile_path(3, 1_234_067) == "tile/3/x001/x234/067"
    assert tile_path(0, 1_000_000, 255) == "tile/0/x001/x000/000.p/255"


def test_seventy_thousand_hashes_make_the_tiles_of_the_example_in_the_specification() -> None:
    tree, full = Tree(), []
    tree.on_tile = lambda level, index, tile: full.append((level, index, len(tile) // 32))
    for number in range(70_000):
        tree.append(number.to_bytes(32))
    assert sorted(full) == [*((0, n, 256) for n in range(273)), (1, 0, 256)]
    assert [(level, index, len(tile) // 32) for level, index, tile in tree.edge()] == [
        (0, 273, 112),
        (1, 1, 17),
        (2, 0, 1),
    ]


def test_keys_may_change_over_time(log: Log, tmp_path: Path, check: Check) -> None:
    """An old checkpoint is signed by the key of then, the log's by the key of now."""
    old, new = log.signer, Log().signer
    kept = tmp_path / "kept.txt"
    put(kept, log.note(300, by=[old]).encode())
    log.write(tmp_path / "log", note=log.note(by=[new]))
    arguments = [tmp_path / "log", "--checkpoint", kept, "--key", new.vkey]
    assert check(*arguments, "--key", old.vkey).code == 0
    assert check(*arguments).findings == [f"{kept} is signed by none of the log's keys."]


def test_a_log_may_have_had_several_names(log: Log, tmp_path: Path, check: Check) -> None:
    """It goes on under another one after an older copy was restored, with the same key."""
    before = Signer(f"{log.signer.name}-before", key=log.signer.key)
    kept = tmp_path / "kept.txt"
    text = head(before.name, log.leaves(300))
    put(kept, f"{text}\n{before.line(text)}".encode())
    arguments = [log.write(tmp_path / "log"), "--checkpoint", kept, "--key", log.signer.vkey]
    assert check(*arguments, "--key", before.vkey).code == 0
    assert check(*arguments).findings == [f"{kept} belongs to another log."]
    put(kept, f"{text}\n{log.signer.line(text)}".encode())  # signed under another name than it says
    assert check(*arguments, "--key", before.vkey).findings == [
        f"{kept} is signed by none of the log's keys."
    ]


def test_the_checkpoints_beside_the_log_are_compared(
    log: Log, tmp_path: Path, check: Check
) -> None:
    folder, key = log.write(tmp_path), ["--key", log.signer.vkey]
    for size in (3, 300, 600):
        put(folder / "checkpoints" / str(size), log.note(size).encode())
    put(folder / "checkpoints" / ".300.part", b"no checkpoint, and not one of its names")
    said = check(folder, *key)
    assert (said.findings, said.json["figures"]["checkpoints beside the log"]) == ([], 3)
    assert said.json["earlier_checkpoints"] == {}  # which the auditor kept
    assert "wrote it anew" in said.json["not_checked"][0]
    since = tmp_path / "since.txt"
    put(since, log.note(520).encode())
    assert check(folder, *key, "--since", since).findings == []
    other = Log(2).fill(600)
    put(folder / "checkpoints" / "300", other.note(300, by=[log.signer]).encode())
    put(folder / "checkpoints" / "5", log.note(6).encode())
    put(folder / "checkpoints" / "7", b"")
    put(folder / "checkpoints" / "9", log.note(9, by=[other.signer]).encode())
    put(folder / "checkpoints" / "700", log.note(600).encode().replace(b"600", b"700"))
    assert check(folder, *key).findings == [
        "checkpoints/5 is one at 6 events.",
        "checkpoints/7 is not a checkpoint.",
        "checkpoints/9 is signed by none of the log's keys.",
        "checkpoints/700 bears a signature that is not right.",
        "The log was rewritten: its first 300 events are not those of checkpoints/300.",
    ]


def test_a_key_under_one_name_is_given_once(log: Log, tmp_path: Path, check: Check) -> None:
    key = ["--key", log.signer.vkey]
    said = check(log.write(tmp_path), *key, *key)
    assert (said.code, said.err) == (
        2,
        "One key was given twice; each witness has a key of its own.\n",
    )


def test_commits_at_the_same_time_may_cross_over(tmp_path: Path, check: Check) -> None:
    log = Log()
    for number in (0, 4, 3.9, 4.1, 8, 4.1):  # half a minute each
        log.add(at=moment(number))
    said = check(log.write(tmp_path), "--key", log.signer.vkey)
    assert said.findings == []
    said = check(tmp_path, "--key", log.signer.vkey, "--tolerance", 116)
    assert said.findings == ["Event 5 is dated 117 seconds before event 4, which it follows."]


def test_text_of_every_kind_has_one_spelling(tmp_path: Path, check: Check) -> None:
    log = Log()
    log.add(reason="".join(map(chr, range(0x20))) + '"\\/\x7fß…女\U0001f600\u2028')
    log.add(keys=[log.uuid()], cases=[log.uuid(), log.uuid()])
    assert canonical({"a": "\x1f"}) == b'{"a":"\\u001f"}'
    assert check(log.write(tmp_path), "--key", log.signer.vkey).findings == []
