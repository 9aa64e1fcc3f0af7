"""A second verifier of an exported log, written from the public texts alone: RFC 9162 and C2SP.

Nothing here is shared with the product or with `verify/`, so that a mistake in those cannot hide here as
well. Section numbers without a name are those of RFC 9162; other names are those of the C2SP texts.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519, COSIGNATURE = 1, 4
TILE = 256
MAX_SIGNATURES = 64
PROOF_HEAD = "c2sp.org/tlog-proof@v1"
EVERY, ENDS = 7, 3
"""Inclusion is proven for every 7th entry, and for the first and last 3."""


class Refused(Exception):
    """What was given is not the log that the keys and the kept checkpoints vouch for."""


# Merkle trees: 2.1.1 to 2.1.4


def leaf_hash(entry: bytes) -> bytes:
    """2.1.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """2.1.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(n: int) -> int:
    """Return k: the largest power of two smaller than n (2.1.1)."""
    return 1 << ((n - 1).bit_length() - 1)


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """Return MTH of hashes that are leaves already (2.1.1)."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(tree_hash(leaves[:k]), tree_hash(leaves[k:]))


class Tiles:
    """The hashes of a log as its tiles tell them: any subtree's hash, and proofs."""

    def __init__(self, levels: Sequence[Sequence[bytes]]) -> None:
        self.levels = levels

    def hash(self, start: int, end: int) -> bytes:
        """Return MTH(D[start:end]) for ranges as the recursions of 2.1 make them."""
        width = end - start
        if width & (width - 1) == 0 and start % width == 0:
            level, height = divmod(width.bit_length() - 1, 8)
            first = start >> (8 * level)
            return tree_hash(self.levels[level][first : first + (1 << height)])
        middle = start + split(width)
        return node_hash(self.hash(start, middle), self.hash(middle, end))

    def inclusion(self, m: int, start: int, end: int) -> list[bytes]:
        """PATH of 2.1.3.1 for the entry `start + m` in D[start:end]."""
        n = end - start
        if n == 1:
            return []
        k = split(n)
        if m < k:
            return [*self.inclusion(m, start, start + k), self.hash(start + k, end)]
        return [*self.inclusion(m - k, start + k, end), self.hash(start, start + k)]

    def consistency(self, m: int, start: int, end: int, whole: bool = True) -> list[bytes]:
        """SUBPROOF of 2.1.4.1."""
        n = end - start
        if m == n:
            return [] if whole else [self.hash(start, end)]
        k = split(n)
        if m <= k:
            left = self.consistency(m, start, start + k, whole)
            return [*left, self.hash(start + k, end)]
        right = self.consistency(m - k, start + k, end, False)
        return [*right, self.hash(start, start + k)]


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Iterable[bytes], root: bytes
) -> None:
    """2.1.3.2, step by step."""
    if index >= size:
        raise Refused(f"entry {index} is not in a tree of {size}")
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            raise Refused(f"the proof of entry {index} is too long")
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or r != root:
        raise Refused(f"entry {index} is not proven to be in the tree of {size}")


def check_consistency(
    first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """2.1.4.2, step by step; a tree of no entries is the beginning of every one."""
    wrong = Refused(f"the tree of {second} does not begin with that of {first}")
    if first > second or (first == 0 and first_root != tree_hash([])):
        raise wrong
    if first in (0, second):
        if proof or (first and first_root != second_root):
            raise wrong
        return
    path = list(proof)
    if not path:
        raise wrong
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            raise wrong
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if fr != first_root or sr != second_root or sn != 0:
        raise wrong


# signed-note, tlog-checkpoint, tlog-cosignature


@dataclass(frozen=True)
class Key:
    """A verifier key: name, key id, kind of signature and 32 bytes of Ed25519."""

    name: str
    id: bytes
    kind: int
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "Key":
        """Read `name+id+base64(kind, key)`."""
        name, hexid, encoded = text.strip().split("+", 2)
        material = unbase64(encoded)
        kind, public = material[0], material[1:]
        key_id = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
        if key_id.hex() != hexid or kind not in (ED25519, COSIGNATURE) or len(public) != 32:
            raise Refused(f"{text} is not a verifier key")
        return cls(name, key_id, kind, public)

    def check(self, signature: bytes, text: bytes) -> None:
        """Refuse a signature of this key that is not right."""
        if self.kind == COSIGNATURE:
            stamp, signature = signature[:8], signature[8:]
            time = int.from_bytes(stamp, "big")
            if len(stamp) != 8 or time >= 1 << 63:
                raise Refused(f"a cosignature of {self.name} has no time")
            text = b"cosignature/v1\ntime %d\n" % time + text
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            raise Refused(f"a signature of {self.name} is not right") from None


def unbase64(text: str) -> bytes:
    """Standard base64 of RFC 4648, section 4, as that text's encoders write it and in no other form."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Refused("not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise Refused("not base64 as it is written")
    return raw


def number(text: str) -> int:
    """ASCII decimal without leading zeroes."""
    if not (text.isascii() and text.isdigit()) or (text[0] == "0" and text != "0"):
        raise Refused(f"{text[:20]!r} is not a number")
    return int(text)


@dataclass(frozen=True)
class Checkpoint:
    """A tree head whose signatures were right, and the keys they are of."""

    origin: str
    size: int
    root: bytes
    signers: frozenset[Key]


def open_note(note: bytes, keys: Sequence[Key]) -> tuple[bytes, frozenset[Key]]:
    """Return the text of a signed note and those of `keys` that signed it."""
    try:
        content = note.decode()
    except UnicodeDecodeError:
        raise Refused("a note is not UTF-8") from None
    if any(ord(letter) < 32 and letter != "\n" for letter in content):
        raise Refused("a note has control characters")
    text, blank, signatures = content.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise Refused("a note has no signatures")
    text += "\n"
    signers = set()
    lines = signatures[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise Refused("a note has too many signatures")
    for line in lines:
        dash, _, rest = line.partition(" ")
        name, space, encoded = rest.partition(" ")
        if dash != "—" or not space or not name or "+" in name:
            raise Refused("a signature line has another form")
        signed = unbase64(encoded)
        if len(signed) < 5:
            raise Refused("a signature is too short")
        for key in keys:
            if (key.name, key.id) == (name, signed[:4]):
                key.check(signed[4:], text.encode())
                signers.add(key)
    return text.encode(), frozenset(signers)


def open_checkpoint(
    note: bytes, logs: Sequence[Key], witnesses: Sequence[Key] = (), quorum: int = 0
) -> Checkpoint:
    """Read a checkpoint that one of `logs` signed and at least `quorum` of `witnesses` cosigned.

    The key of a log has its origin for a name.
    """
    text, signers = open_note(note, [*logs, *witnesses])
    lines = text.decode()[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise Refused("a checkpoint has other lines")
    origin, size, root = lines[0], number(lines[1]), unbase64(lines[2])
    if len(root) != 32:
        raise Refused("a root is not a SHA-256 hash")
    if not any(key in signers and key.name == origin for key in logs):
        raise Refused("a checkpoint is not signed by the log")
    if len({key.public for key in witnesses if key in signers}) < quorum:
        raise Refused("a checkpoint is not cosigned by enough witnesses")
    return Checkpoint(origin, size, root, signers)


# tlog-tiles


def tile_path(level: str, index: int, width: int) -> str:
    """Return where a tile, or with `entries` for a level a bundle, stands."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    parts[:-1] = [f"x{part}" for part in parts[:-1]]
    tail = "" if width == TILE else f".p/{width}"
    return f"tile/{level}/{'/'.join(parts)}{tail}"


def tiles_of(size: int) -> Iterator[tuple[int, int]]:
    """Tell index and width of each tile of a level that has `size` hashes."""
    for index in range(size // TILE):
        yield index, TILE
    if size % TILE:
        yield size // TILE, size % TILE


def read(folder: Path, path: str) -> bytes:
    """Return a file of the export."""
    try:
        return (folder / path).read_bytes()
    except OSError:
        raise Refused(f"{path} is missing") from None


def entries_of(folder: Path, size: int) -> list[bytes]:
    """Read all entries out of their bundles."""
    entries: list[bytes] = []
    for index, width in tiles_of(size):
        path = tile_path("entries", index, width)
        bundle, at = read(folder, path), 0
        for _ in range(width):
            length = int.from_bytes(bundle[at : at + 2], "big")
            entry = bundle[at + 2 : at + 2 + length]
            if at + 2 + length > len(bundle):
                raise Refused(f"{path} ends early")
            entries.append(entry)
            at += 2 + length
        if at != len(bundle):
            raise Refused(f"{path} holds more than its entries")
    return entries


def levels_of(folder: Path, size: int) -> list[list[bytes]]:
    """Read the hashes of every level out of their tiles."""
    levels = []
    level, count = 0, size
    while count:
        hashes: list[bytes] = []
        for index, width in tiles_of(count):
            path = tile_path(str(level), index, width)
            tile = read(folder, path)
            if len(tile) != 32 * width:
                raise Refused(f"{path} has another length")
            hashes += [tile[at : at + 32] for at in range(0, len(tile), 32)]
        levels.append(hashes)
        level, count = level + 1, count // TILE
    return levels


def check_tiles(entries: Sequence[bytes], levels: Sequence[Sequence[bytes]]) -> None:
    """Refuse tiles that are not the hashes of the entries, or of the full tiles below."""
    if levels and list(levels[0]) != [leaf_hash(entry) for entry in entries]:
        raise Refused("the tiles of level 0 are not the hashes of the entries")
    for level, (lower, upper) in enumerate(pairwise(levels), start=1):
        full = [tree_hash(lower[at : at + TILE]) for at in range(0, len(lower), TILE)]
        if list(upper) != full[: len(lower) // TILE]:
            raise Refused(f"the tiles of level {level} are not the hashes of those below")


def check_log(
    folder: Path,
    logs: Sequence[Key],
    *,
    kept: Sequence[bytes] = (),
    witnesses: Sequence[Key] = (),
    quorum: int = 0,
) -> Checkpoint:
    """Refuse an exported log that is not whole, not signed, or not the one of `kept` grown on.

    The log's own earlier checkpoints, in `checkpoints/`, are held against it like those in `kept`; they
    need no cosignatures.
    """
    head = open_checkpoint(read(folder, "checkpoint"), logs, witnesses, quorum)
    entries, levels = entries_of(folder, head.size), levels_of(folder, head.size)
    leaves = [leaf_hash(entry) for entry in entries]
    if tree_hash(leaves) != head.root:
        raise Refused("the entries are not those of the checkpoint")
    check_tiles(entries, levels)
    tiles = Tiles(levels)
    for index in [
        i for i in range(head.size) if i % EVERY == 0 or not ENDS <= i < head.size - ENDS
    ]:
        path = tiles.inclusion(index, 0, head.size)
        check_inclusion(leaves[index], index, head.size, path, head.root)
    earlier = [open_checkpoint(note, logs, witnesses) for note in kept]
    for file in sorted(folder.glob("checkpoints/*")):
        past = open_checkpoint(file.read_bytes(), logs, witnesses)
        if number(file.name) != past.size:
            raise Refused(f"checkpoints/{file.name} has another size")
        earlier.append(past)
    for past in earlier:
        check_earlier(past, head, tiles, leaves)
    return head


def check_earlier(
    past: Checkpoint, head: Checkpoint, tiles: Tiles, leaves: Sequence[bytes]
) -> None:
    """Refuse an earlier checkpoint that the log does not begin with, by its entries and by a proof."""
    if past.size > head.size:
        raise Refused(f"the log was cut: there was a checkpoint at {past.size}")
    if tree_hash(leaves[: past.size]) != past.root:
        raise Refused(f"the first {past.size} entries are not those of an earlier checkpoint")
    proof = tiles.consistency(past.size, 0, head.size) if past.size else []
    check_consistency(past.size, past.root, head.size, head.root, proof)


# tlog-proof


def check_proof(
    proof: str, entry: bytes, logs: Sequence[Key], witnesses: Sequence[Key] = (), quorum: int = 0
) -> tuple[int, Checkpoint]:
    """Refuse a false proof that `entry` stands in the log; return its index and the checkpoint."""
    head, blank, note = proof.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != PROOF_HEAD:
        raise Refused("not a proof")
    if lines and lines[0].startswith("extra "):
        unbase64(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise Refused("a proof without an index")
    index = number(lines.pop(0).removeprefix("index "))
    hashes = [unbase64(line) for line in lines]
    if any(len(value) != 32 for value in hashes):
        raise Refused("a proof with other hashes")
    checkpoint = open_checkpoint(note.encode(), logs, witnesses, quorum)
    check_inclusion(leaf_hash(entry), index, checkpoint.size, hashes, checkpoint.root)
    return index, checkpoint
