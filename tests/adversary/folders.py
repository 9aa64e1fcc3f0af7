"""What somebody can do to an exported log: to its files, and with the stolen key to all of them.

A deed takes what was stolen and changes `files`. Those that write the log anew do so before `kept`, the
size at which the auditor kept a checkpoint: behind it, nobody could tell.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from tests.verify.logs import Signer, bundle, canonical, head, leaf, root_of, tile

Files = dict[str, bytes]


@dataclass
class Loot:
    """An export in memory, the log's key, and the size up to which somebody else knows the log."""

    files: Files
    random: Random
    signer: Signer
    kept: int

    def entries(self) -> list[bytes]:
        """All entries, in their order."""
        return [entry for path in self.paths("tile/entries") for entry in unpack(self.files[path])]

    def paths(self, under: str) -> list[str]:
        """The files below a folder, full ones and then the partial one."""
        return sorted(path for path in self.files if path.startswith(f"{under}/"))

    def some(self, under: str) -> str:
        """One of them."""
        return self.random.choice(self.paths(under))

    def note(self) -> str:
        return self.files["checkpoint"].decode()

    def set_note(self, text: str, *, by: Signer | None = None) -> None:
        """Put a checkpoint of this text in place, signed with the stolen key, or by another."""
        self.files["checkpoint"] = f"{text}\n{(by or self.signer).line(text)}".encode()

    def write_anew(self, entries: Sequence[bytes]) -> None:
        """Compute every bundle, tile and checkpoint from these entries and sign with the stolen key."""
        sizes = [int(path.split("/")[1]) for path in self.paths("checkpoints")]
        for path in [path for path in self.files if path.startswith(("tile/", "checkpoints/"))]:
            del self.files[path]
        self.files |= laid_out(entries)
        leaves = [leaf(entry) for entry in entries]
        self.set_note(head(self.signer.name, leaves))
        for size in sizes:
            if size <= len(entries):
                text = head(self.signer.name, leaves[:size])
                self.files[f"checkpoints/{size}"] = f"{text}\n{self.signer.line(text)}".encode()


def laid_out(entries: Sequence[bytes]) -> Files:
    """Entry bundles and hash tiles."""
    files: Files = {}
    for start in range(0, len(entries), 256):
        some = entries[start : start + 256]
        files[str(tile(Path(), "entries", start // 256, len(some)))] = bundle(some)
    level, hashes = 0, [leaf(entry) for entry in entries]
    while hashes:
        for start in range(0, len(hashes), 256):
            several = hashes[start : start + 256]
            files[str(tile(Path(), level, start // 256, len(several)))] = b"".join(several)
        full = len(hashes) // 256
        hashes = [root_of(hashes[n * 256 : (n + 1) * 256]) for n in range(full)]
        level += 1
    return files


def unpack(packed: bytes) -> list[bytes]:
    """The entries of a bundle."""
    entries, at = [], 0
    while at < len(packed):
        end = at + 2 + int.from_bytes(packed[at : at + 2])
        entries.append(packed[at + 2 : end])
        at = end
    return entries


def loaded(folder: Path) -> Files:
    """Every file of an export."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


class Desk:
    """A folder that shows one export after another; only what differs is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shown: Files = {}

    def show(self, files: Files) -> Path:
        for path in self.shown.keys() - files.keys():
            (self.folder / path).unlink()
        for path, content in files.items():
            if self.shown.get(path) != content:
                place = self.folder / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
        self.shown = dict(files)
        return self.folder


# --- Files --------------------------------------------------------------------------------


def flipped(random: Random, content: bytes) -> bytes:
    """One bit is another."""
    at = random.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :]


def cut(random: Random, content: bytes) -> bytes:
    """The end is missing."""
    return content[: random.randrange(len(content))]


def grown(random: Random, content: bytes) -> bytes:
    """Something stands behind it."""
    return content + random.randbytes(random.choice([1, 2, 32, 64]))


def beheaded(random: Random, content: bytes) -> bytes:
    """The beginning is missing."""
    return content[random.randrange(1, len(content) + 1) :]


def _at(change: Callable[[Random, bytes], bytes], under: str) -> Callable[[Loot], None]:
    """The deed of doing this to one file below a folder, or to a file."""

    def deed(loot: Loot) -> None:
        path = under if under in loot.files else loot.some(under)
        loot.files[path] = change(loot.random, loot.files[path])

    deed.__name__ = f"{under}_{change.__name__}"
    return deed


def _gone(under: str) -> Callable[[Loot], None]:
    def deed(loot: Loot) -> None:
        del loot.files[under if under in loot.files else loot.some(under)]

    deed.__name__ = f"{under}_gone"
    return deed


def two_bundles_exchanged(loot: Loot) -> None:
    one, two = loot.paths("tile/entries")[:2]
    loot.files[one], loot.files[two] = loot.files[two], loot.files[one]


def two_tiles_exchanged(loot: Loot) -> None:
    one, two = loot.paths("tile/0")[:2]
    loot.files[one], loot.files[two] = loot.files[two], loot.files[one]


def a_tile_of_another_level(loot: Loot) -> None:
    [upper] = loot.paths("tile/1")
    size = len(loot.files[upper])
    loot.files[upper] = loot.files[loot.paths("tile/0")[0]][:size]


def two_hashes_exchanged(loot: Loot) -> None:
    path = loot.some("tile/0")
    hashes = loot.files[path]
    one, two = sorted(loot.random.sample(range(len(hashes) // 32), 2))
    first, second = hashes[32 * one : 32 * one + 32], hashes[32 * two : 32 * two + 32]
    hashes = hashes[: 32 * one] + second + hashes[32 * one + 32 :]
    loot.files[path] = hashes[: 32 * two] + first + hashes[32 * two + 32 :]


def two_entries_exchanged(loot: Loot) -> None:
    path = loot.some("tile/entries")
    entries = unpack(loot.files[path])
    one, two = loot.random.sample(range(len(entries)), 2)
    entries[one], entries[two] = entries[two], entries[one]
    loot.files[path] = bundle(entries)


def an_entry_left_out_of_its_bundle(loot: Loot) -> None:
    path = loot.some("tile/entries")
    entries = unpack(loot.files[path])
    del entries[loot.random.randrange(len(entries))]
    loot.files[path] = bundle(entries)


def an_entry_twice_in_its_bundle(loot: Loot) -> None:
    path = loot.some("tile/entries")
    entries = unpack(loot.files[path])
    at = loot.random.randrange(len(entries))
    loot.files[path] = bundle([*entries[:at], entries[at], *entries[at:]])


def two_entries_made_one(loot: Loot) -> None:
    path = loot.some("tile/entries")
    entries = unpack(loot.files[path])
    at = loot.random.randrange(len(entries) - 1)
    entries[at : at + 2] = [entries[at] + entries[at + 1]]
    loot.files[path] = bundle(entries)


def an_empty_entry_for_another(loot: Loot) -> None:
    path = loot.some("tile/entries")
    entries = unpack(loot.files[path])
    entries[loot.random.randrange(len(entries))] = b""
    loot.files[path] = bundle(entries)


def another_entry_and_its_hash(loot: Loot) -> None:
    """In the bundle and in the tile above it, and no further."""
    path = loot.some("tile/entries")
    entries = unpack(loot.files[path])
    at = loot.random.randrange(len(entries))
    entries[at] = _another(loot, entries[at])
    loot.files[path] = bundle(entries)
    loot.files[path.replace("tile/entries", "tile/0")] = b"".join(map(leaf, entries))


# --- The checkpoint -----------------------------------------------------------------------


def signed_by_another_of_the_same_name(loot: Loot) -> None:
    text = loot.note().partition("\n\n")[0] + "\n"
    loot.set_note(text, by=Signer(loot.signer.name))


def signed_by_another_with_the_same_id(loot: Loot) -> None:
    text = loot.note().partition("\n\n")[0] + "\n"
    made = loot.signer.id + Signer(loot.signer.name).key.sign(text.encode())
    line = f"— {loot.signer.name} {base64.b64encode(made).decode()}\n"
    loot.files["checkpoint"] = f"{text}\n{line}".encode()


def of_another_log(loot: Loot) -> None:
    """The whole log under another name, which the stolen key signs as willingly."""
    _name, rest = loot.note().partition("\n\n")[0].split("\n", 1)
    name = f"{loot.signer.name}-x"
    loot.set_note(f"{name}\n{rest}\n", by=Signer(name, key=loot.signer.key))


def a_root_nobody_has(loot: Loot) -> None:
    name, size, _root = loot.note().split("\n")[:3]
    root = base64.b64encode(loot.random.randbytes(32)).decode()
    loot.set_note(f"{name}\n{size}\n{root}\n")


def another_size(loot: Loot) -> None:
    name, size, root = loot.note().split("\n")[:3]
    by = loot.random.choice([-256, -1, 1, 256])
    loot.set_note(f"{name}\n{int(size) + by}\n{root}\n")


def a_size_with_a_zero_before_it(loot: Loot) -> None:
    name, size, root = loot.note().split("\n")[:3]
    loot.set_note(f"{name}\n0{size}\n{root}\n")


def a_root_cut_by_a_byte(loot: Loot) -> None:
    name, size, root = loot.note().split("\n")[:3]
    shorter = base64.b64encode(base64.b64decode(root)[:-1]).decode()
    loot.set_note(f"{name}\n{size}\n{shorter}\n")


def no_signature(loot: Loot) -> None:
    loot.files["checkpoint"] = loot.note().partition("— ")[0].encode()


def no_blank_line(loot: Loot) -> None:
    loot.files["checkpoint"] = loot.note().replace("\n\n", "\n").encode()


def lines_ended_as_on_windows(loot: Loot) -> None:
    loot.files["checkpoint"] = loot.note().replace("\n", "\r\n").encode()


def an_earlier_checkpoint_for_the_last(loot: Loot) -> None:
    """With the tiles of the later one: the partial ones do not fit."""
    loot.files["checkpoint"] = loot.files[loot.some("checkpoints")]


# --- The log written anew with the stolen key ---------------------------------------------


def _another(loot: Loot, entry: bytes) -> bytes:
    """An entry that says something else."""
    content = json.loads(entry)
    name = loot.random.choice(["actor", "verb", "reason", "outcome", "session"])
    return canonical(content | {name: f"{content[name]}x"})


def an_entry_changed(loot: Loot) -> None:
    entries = loot.entries()
    at = loot.random.randrange(loot.kept)
    entries[at] = _another(loot, entries[at])
    loot.write_anew(entries)


def an_entry_dropped(loot: Loot) -> None:
    entries = loot.entries()
    del entries[loot.random.randrange(loot.kept)]
    loot.write_anew(entries)


def an_entry_put_between(loot: Loot) -> None:
    entries = loot.entries()
    at = loot.random.randrange(loot.kept)
    entries.insert(at, _another(loot, entries[at]))
    loot.write_anew(entries)


def entries_in_another_order(loot: Loot) -> None:
    entries = loot.entries()
    one, two = loot.random.sample(range(loot.kept), 2)
    entries[one], entries[two] = entries[two], entries[one]
    loot.write_anew(entries)


def an_entry_dated_back(loot: Loot) -> None:
    entries = loot.entries()
    at = loot.random.randrange(loot.kept)
    content = json.loads(entries[at])
    earlier = datetime.fromisoformat(content["at"]) - timedelta(seconds=1)
    entries[at] = canonical(content | {"at": earlier.isoformat(timespec="microseconds")})
    loot.write_anew(entries)


def the_end_cut_off(loot: Loot) -> None:
    loot.write_anew(loot.entries()[: loot.random.randrange(1, loot.kept)])


def nothing_left(loot: Loot) -> None:
    loot.write_anew([])


def the_beginning_cut_off(loot: Loot) -> None:
    loot.write_anew(loot.entries()[loot.random.randrange(1, loot.kept) :])


BROKEN: list[Callable[[Loot], None]] = [
    *(
        _at(change, under)
        for under in ("checkpoint", "tile/entries", "tile/0", "tile/1")
        for change in (flipped, cut, grown, beheaded)
    ),
    *(_gone(under) for under in ("checkpoint", "tile/entries", "tile/0", "tile/1")),
    two_bundles_exchanged,
    two_tiles_exchanged,
    a_tile_of_another_level,
    two_hashes_exchanged,
    two_entries_exchanged,
    an_entry_left_out_of_its_bundle,
    an_entry_twice_in_its_bundle,
    two_entries_made_one,
    an_empty_entry_for_another,
    another_entry_and_its_hash,
    signed_by_another_of_the_same_name,
    signed_by_another_with_the_same_id,
    of_another_log,
    a_root_nobody_has,
    another_size,
    a_size_with_a_zero_before_it,
    a_root_cut_by_a_byte,
    no_signature,
    no_blank_line,
    lines_ended_as_on_windows,
    an_earlier_checkpoint_for_the_last,
]
WRITTEN_ANEW: list[Callable[[Loot], None]] = [
    an_entry_changed,
    an_entry_dropped,
    an_entry_put_between,
    entries_in_another_order,
    an_entry_dated_back,
    the_end_cut_off,
    nothing_left,
    the_beginning_cut_off,
]
# Checkpoints that the log kept of itself. Nobody can tell when one of them is taken away.
EARLIER: list[Callable[[Loot], None]] = [
    _at(flipped, "checkpoints"),
    _at(cut, "checkpoints"),
]
DEEDS = [*BROKEN, *WRITTEN_ANEW]
