"""Logs that nobody touched hold, of whatever size and in whatever parts they come."""

from pathlib import Path

import pytest

from tests.verify.conftest import Check
from tests.verify.logs import Log, canonical, moment, put, tile
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
    tree.on_tile = lambda level, index, hashes: full.append((level, index, len(hashes)))
    for number in range(70_000):
        tree.append(number.to_bytes(32))
    assert sorted(full) == [*((0, n, 256) for n in range(273)), (1, 0, 256)]
    assert [(level, index, len(hashes)) for level, index, hashes in tree.edge()] == [
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
    assert check(*arguments).findings == [f"{kept} is signed by none of the keys you gave."]


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
