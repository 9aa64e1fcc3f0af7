#!/usr/bin/env python3
"""Checks an exported Tutela log, on a computer of your own that has nothing else of Tutela.

    python3 tutela_verify.py LOG --key VKEY [--checkpoint FILE] [--rows FILE]

One file; needs Python 3.11 or later and the package `cryptography`. README.md beside it tells an auditor
how to use it. The formats are public, so nobody has to believe this program either:

    RFC 9162, section 2.1       the Merkle tree over the entries
    c2sp.org/signed-note        signatures under a text, and verifier keys
    c2sp.org/tlog-checkpoint    what is signed: origin, size and root of the tree
    c2sp.org/tlog-cosignature   what witnesses sign
    c2sp.org/tlog-tiles         how the log lies in files
    c2sp.org/tlog-proof         the proof that one entry stands in a log

Exit code 0: the record holds. 1: it does not, and each finding is told. 2: the input cannot be used.
"""

import argparse
import base64
import json
import os
import re
import sys
import time
import zlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from heapq import heappop, heappush
from http.client import HTTPException
from itertools import chain, count, starmap
from typing import Any, BinaryIO, NamedTuple, Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MOST_TOLD = 200  # findings; of those beyond only the number
TOLERANCE = 120  # seconds by which an event may be dated before one that it follows


class Unusable(Exception):
    """The input cannot be checked at all; the message says why."""


class Findings(list[str]):
    """What does not hold, in a sentence each; of those beyond MOST_TOLD only the number, `more`.

    They name positions, labels and identifiers whose form was checked: nothing else out of a log that
    somebody may have tampered with reaches the auditor's screen.
    """

    more = 0

    def append(self, finding: str) -> None:
        if len(self) < MOST_TOLD:
            super().append(finding)
        else:
            self.more += 1


# --- the tree -----------------------------------------------------------------------------

HASH_SIZE = 32
WIDTH = 256  # hashes in a full tile, entries in a full bundle


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry (RFC 9162, section 2.1.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees (RFC 9162, section 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """Root over one or more hashes (RFC 9162, section 2.1.1).

    Joining neighbours, with an odd last one passed up, gives the tree that the standard describes from
    above: split at the largest power of two.
    """
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        joined = [sha256(b"\x01" + left + right).digest() for left, right in pairs]  # node_hash
        hashes = [*joined, hashes[-1]] if len(hashes) % 2 else joined
    return hashes[0]


def root_from_path(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes | None:
    """The root that an inclusion path leads to (RFC 9162, section 2.1.3.2).

    None when a path to this place in a tree of this size has another length.
    """
    if not 0 <= index < size:
        return None
    node, last, rest = leaf, size - 1, list(path)
    while last:
        if index & 1 or index < last:
            if not rest:
                return None
            sibling = rest.pop(0)
            node = node_hash(sibling, node) if index & 1 else node_hash(node, sibling)
        index, last = index >> 1, last >> 1
    return None if rest else node


class Tree:
    """A growing tree, held as the last tile of each level (c2sp.org/tlog-tiles, "Merkle Tree").

    `on_tile(level, index, tile)` is told of each tile that has become full.
    """

    def __init__(self) -> None:
        self.size = 0
        self.levels: list[list[bytes]] = [[]]
        self.on_tile: Callable[[int, int, bytes], None] = lambda *_tile: None

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next entry."""
        leaves = self.levels[0]
        leaves.append(leaf)
        self.size += 1
        if len(leaves) == WIDTH:
            self._carry(0, b"".join(leaves), subtree_root(leaves))

    def append_tile(self, tile: bytes, root: bytes) -> None:
        """Add the hashes of the next 256 entries, which fill a tile, and the root over them."""
        self.size += WIDTH
        self._carry(0, tile, root)

    def _carry(self, level: int, tile: bytes, root: bytes) -> None:
        if level + 1 == len(self.levels):
            self.levels.append([])
        self.levels[level], above = [], self.levels[level + 1]
        above.append(root)
        self.on_tile(level, self.size // WIDTH ** (level + 1) - 1, tile)
        if len(above) == WIDTH:
            self._carry(level + 1, b"".join(above), subtree_root(above))

    def root(self) -> bytes:
        """Root over everything appended so far."""
        root: list[bytes] = []
        for hashes in self.levels:  # what a lower level comes to is the ragged end of the next
            if nodes := hashes + root:
                root = [subtree_root(nodes)]
        return root[0] if root else sha256().digest()

    def edge(self) -> Iterator[tuple[int, int, bytes]]:
        """(level, index, tile) of the tiles that are not full yet."""
        for level, hashes in enumerate(self.levels):
            if hashes:
                yield level, self.size // WIDTH ** (level + 1), b"".join(hashes)


# --- checkpoints --------------------------------------------------------------------------

LOG_KEY, WITNESS_KEY = 0x01, 0x04  # c2sp.org/signed-note, "Signature types"
YEAR_10000 = 253_402_300_800  # in seconds since 1970: no cosignature is of a time after that
NOTE = re.compile(r"((?:[^\n]+\n){3,})\n((?:— [^\s+]+ [A-Za-z0-9+/]+={0,2}\n)+)")
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
NUMBER = "0|[1-9][0-9]{0,18}"


class VerifierKey(NamedTuple):
    """A public key that the auditor trusts to sign under a name."""

    name: str
    id: bytes
    public: bytes

    @classmethod
    def under(cls, name: str, public: bytes, kind: int = LOG_KEY) -> "VerifierKey":
        """A public key under a name (c2sp.org/signed-note, "Signatures": how its id is computed)."""
        key_id = sha256(f"{name}\n".encode() + bytes([kind]) + public).digest()[:4]
        return cls(name, key_id, public)

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}"

    def signed(self, signature: bytes, message: bytes) -> bool:
        """Whether this is the key's Ed25519 signature (RFC 8032) of the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def verifier_key(text: str, kind: int) -> VerifierKey:
    """A key out of `name+hex+base64` (c2sp.org/signed-note, "Verifier keys"). Raises Unusable."""
    try:
        name, key_id, packed = text.strip().split("+", 2)
        raw = _base64(packed)
    except ValueError:
        raise Unusable(f"“{text}” is not a verifier key.") from None
    if len(raw) != 33 or (key := VerifierKey.under(name, raw[1:], raw[0])).id.hex() != key_id:
        raise Unusable(f"“{text}” is not a verifier key: a part of it is missing or mistyped.")
    if raw[0] != kind:
        raise Unusable(f"“{text}” is not a {'log' if kind == LOG_KEY else 'witness'}'s key.")
    return key


def _base64(text: str) -> bytes:
    """Standard base64 in its one spelling. Raises ValueError."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("another spelling of the same bytes")
    return raw


class Checkpoint(NamedTuple):
    """The head of a log, and the signatures under it."""

    text: bytes  # what is signed
    origin: str
    size: int
    root: bytes
    signatures: list[tuple[str, bytes, bytes]]  # key name, key id, signature

    def by(self, key: VerifierKey) -> list[bytes]:
        """The signatures that say they are this key's."""
        return [made for name, key_id, made in self.signatures if (name, key_id) == key[:2]]


def checkpoint_of(note: bytes, what: str) -> Checkpoint:
    """Reads a checkpoint (c2sp.org/tlog-checkpoint, "Note text"; c2sp.org/signed-note, "Format").

    Says nothing of its signatures. Raises Unusable, which tells `what` was read.
    """
    try:
        text = note.decode()
        match = NOTE.fullmatch(text)
        if not match or CONTROL.search(text):
            raise ValueError("not a signed note")
        origin, size, root = match[1].split("\n")[:3]
        if not re.fullmatch(NUMBER, size) or len(_base64(root)) != HASH_SIZE:
            raise ValueError("not the head of a tree")
        lines = [line.split(" ") for line in match[2].splitlines()]
        made = [(name, _base64(packed)) for _dash, name, packed in lines]
    except ValueError:
        raise Unusable(f"{what} is not a checkpoint.") from None
    signatures = [(name, packed[:4], packed[4:]) for name, packed in made]
    return Checkpoint(match[1].encode(), origin, int(size), _base64(root), signatures)


def cosigned_at(checkpoint: Checkpoint, witness: VerifierKey) -> int | None:
    """When a witness cosigned, in seconds since 1970 (c2sp.org/tlog-cosignature, "Format").

    None when it did not. Raises ValueError when a line that says it is its cosignature is not.
    """
    latest = None
    for made in checkpoint.by(witness):
        at = int.from_bytes(made[:8])
        message = b"cosignature/v1\ntime %d\n" % at + checkpoint.text
        if at >= YEAR_10000 or not witness.signed(made[8:], message):
            raise ValueError("not a cosignature")
        latest = max(at, latest or 0)
    return latest


class Trust(NamedTuple):
    """Whom the auditor trusts: the keys of the log over time, and so many of these witnesses.

    A log may have had several keys, and several names: it goes on under a new one when an older copy of
    it was restored.
    """

    keys: Sequence[VerifierKey]
    witnesses: Sequence[VerifierKey] = ()
    quorum: int = 0

    def check(self, checkpoint: Checkpoint, what: str, findings: Findings) -> bool:
        """Whether the log's own signature is right (c2sp.org/signed-note, "Signatures").

        Lines of unknown keys are passed over; every line of a known key must be right.
        """
        own = [key for key in self.keys if key.name == checkpoint.origin]
        signed = [key.signed(made, checkpoint.text) for key in own for made in checkpoint.by(key)]
        if not own:
            findings.append(f"{what} belongs to another log.")
        elif not signed:
            findings.append(f"{what} is signed by none of the log's keys.")
        elif not all(signed):
            findings.append(f"{what} bears a signature that is not right.")
        return bool(signed) and all(signed)

    def check_cosigned(
        self, checkpoint: Checkpoint, what: str, findings: Findings
    ) -> dict[str, int]:
        """The witnesses that cosigned, and when; there must be a quorum of them."""
        seen: dict[str, int] = {}
        for witness in self.witnesses:
            try:
                if (at := cosigned_at(checkpoint, witness)) is not None:
                    seen[str(witness)] = at
            except ValueError:
                findings.append(f"{what} bears a cosignature of {witness} that is not right.")
        if len(seen) < self.quorum:
            findings.append(
                f"{what} is cosigned by {len(seen)} witnesses, where {self.quorum} have to."
            )
        return seen


# --- entries ------------------------------------------------------------------------------

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
UUID7 = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}\+00:00"
LABEL = r"[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*"
CODE = "[a-z][a-z0-9_]*"
DIGEST = "[0-9a-f]{64}"
REVISION = "[1-9][0-9]{0,5}"
BASE64 = "[A-Za-z0-9+/]+(?:[AQgw]==|[AEIMQUYcgkosw048]=)?"
PLAIN = r'[^"\\\x00-\x1f]*'
ESCAPED = r'\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f]))'  # \u only where there is no short one
STRING = f'"{PLAIN}(?:{ESCAPED}{PLAIN})*"'
QUOTED_UUID, QUOTED_CODE = f'"{UUID}"', f'"{CODE}"'
SEALED_ANEW = rf'\["{LABEL}","{UUID}",{REVISION},"{DIGEST}"\]'


def _list(item: str) -> str:
    return f"{item}(?:,{item})*"


# Every field of an entry of version 1, and what its value looks like in canonical JSON.
FIELDS = {
    "v": "1",
    "id": f'"(?P<id>{UUID7})"',
    "at": f'"(?P<at>{TIME})"',
    "actor": f'"(?P<actor>{UUID}|system)"',
    "session": f'"(?P<session>{STRING[1:-1]})"',
    "request": f'"(?P<request>{STRING[1:-1]})"',
    "verb": f'"(?P<verb>{CODE})"',
    "outcome": '"(?P<outcome>ok|denied|error)"',
    "reason": STRING,
    "cases": rf"\[(?P<cases>(?:{_list(QUOTED_UUID)})?)\]",
    "classes": rf"\[(?P<classes>(?:{_list(QUOTED_CODE)})?)\]",
    "object_type": f'"(?P<object_type>{LABEL})"',
    "object": f'"(?P<object>{UUID})"',
    "revision": f"(?P<revision>{REVISION})",
    "digest": f'"(?P<digest>{DIGEST})"',
    "scope": f'"(?P<scope>{UUID})"',
    "sealed": f'"(?P<sealed>{BASE64})"',
    "keys": rf"\[(?P<keys>{_list(QUOTED_UUID)})\]",
    "resealed": rf"(?P<resealed>\[{_list(SEALED_ANEW)}\])",
}
# Fields that may be left out, those of a group only together. A group is named by its first.
OPTIONAL = {
    "digest": ["object", "object_type", "revision"],
    "scope": ["sealed"],
    "keys": [],
    "resealed": [],
}


def object_pattern(
    fields: dict[str, str], optional: dict[str, list[str]] | None = None, *, line: bool = False
) -> re.Pattern[str]:
    """Matches a JSON object of these fields in its one spelling: sorted keys, no spaces.

    The first field in order has to be one that is always there. With `line`, it is a whole line.
    """
    optional = optional or {}
    first_of = {name: first for first, others in optional.items() for name in others}
    parts = []
    for name in sorted(fields):
        text = f',"{name}":{fields[name]}'
        if name in optional:
            text = f"(?:{text}|)"
        elif name in first_of:
            text = f"(?({first_of[name]}){text}|)"
        parts.append(text)
    pattern = r"\{" + "".join(parts).replace(",", "", 1) + r"\}"
    return re.compile(rf"(?m:^){pattern}\n" if line else pattern)


ENTRY = object_pattern(FIELDS, OPTIONAL)


class Event(NamedTuple):
    """What the checks need of an entry, as it is spelled there: the named groups of ENTRY."""

    actor: str
    at: str
    cases: str
    classes: str
    digest: str | None
    id: str
    keys: str | None
    object: str | None
    object_type: str | None
    outcome: str
    request: str
    resealed: str | None
    revision: str | None
    scope: str | None
    sealed: str | None
    session: str
    verb: str

    @property
    def reading(self) -> str:
        """The cases of which it disclosed content. What an erasure leaves is none."""
        is_one = self.classes and self.outcome == "ok" and self.verb != ERASED
        return self.cases if is_one else ""


def event_of(entry: bytes) -> Event | str:
    """The event an entry tells of, or what is wrong with the entry."""
    try:
        text = entry.decode()
    except UnicodeDecodeError:
        return "is not UTF-8"
    if not (match := ENTRY.fullmatch(text)):
        return _complaint(text)
    event = Event._make(match.groups())
    try:
        datetime.fromisoformat(event.at)
    except ValueError:
        return "has no valid “at”"
    if event.sealed and len(event.sealed) % 4:
        return "has no valid “sealed”"
    return event


def _complaint(text: str) -> str:
    """Why a text is no entry. Only finds words: what does not match ENTRY is never accepted."""
    try:
        content = json.loads(text)
        is_canonical = canonical(content) == text
    except (ValueError, RecursionError):
        return "is not JSON"
    if not isinstance(content, dict):
        return "is not a JSON object"
    if not is_canonical:
        return "is not canonical JSON: sorted keys, no spaces, one spelling of each text"
    if content.get("v") != 1:
        return "is of a version that this program does not know"
    if unknown := len(content.keys() - FIELDS.keys()):
        return f"has {unknown} unknown fields"
    needed = FIELDS.keys() - OPTIONAL.keys() - set().union(*OPTIONAL.values())
    for name in FIELDS:
        if name in content and not re.fullmatch(FIELDS[name], canonical(content[name])):
            return f"has no valid “{name}”"
        if name in needed and name not in content:
            return f"has no “{name}”"
    return "has only some of the fields that belong together"


def canonical(content: object) -> str:
    """JSON with sorted keys, no spaces and no needless escapes: one value has one spelling."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


# --- many entries at once -----------------------------------------------------------------

# Two entries have one shape when they are the same with a zero for each hexadecimal digit. If `event_of`
# takes one of them, it takes the other, too, as long as they differ within identifiers, digests, times
# and revisions alone: both have digits in the same places of these, and little else is asked of them. So
# one entry of a shape is read by `event_of`, and the others are compared with it, all at once.
HEX = b"0123456789abcdef"
ZEROS = bytes.maketrans(HEX, b"0" * len(HEX))
DIFFERING = (
    *("actor", "at", "cases", "digest", "id", "keys"),
    *("object", "request", "revision", "scope", "session"),
)
OF_DIGITS = re.compile('[0-9a-f",:.T+-]+')  # what may differ in these has no escapes in it
SEALED = re.compile(f'"sealed":"({BASE64})"'.encode())
SEALED_SHAPE = b'"sealed":"'.translate(ZEROS)
LAYOUTS: dict[bytes, "Layout"] = {}  # by shape
MOST_LAYOUTS, LONGEST_LAYOUT = 1_000, 4_000  # of them, bytes of an entry
MANY = 4  # entries of a shape: fewer are sooner read one by one

Values = Callable[[str], list[str]]  # of a field of `Event`, or `reading`, in some entries


class Layout:
    """Where the fields lie in the entries of a shape, and what is the same in those that fit."""

    def __init__(self, entry: bytes, match: re.Match[str]) -> None:
        event = Event._make(match.groups())
        self._size = len(entry)
        self._fields = match.groupdict("") | {"reading": event.reading}
        self._spans = {
            name: match.span(name) for name in DIFFERING if OF_DIGITS.fullmatch(self._fields[name])
        }
        differing = set(chain.from_iterable(starmap(range, self._spans.values())))
        end_of_at, identifier = match.end("at"), match.start("id")
        version, self._variant = identifier + 14, identifier + 19  # see UUID7
        differing -= {version, *range(end_of_at - len("+00:00"), end_of_at)}
        self._same = [
            (place, entry[place : place + 1])
            for place in range(len(entry))
            if entry[place] in HEX and place not in differing
        ]
        if event.reading:
            self._spans["reading"] = self._spans["cases"]

    def fits(self, block: bytes) -> bool:
        """Whether the entries of a block, all of the shape, differ only where they may."""
        size, number = self._size, len(block) // self._size
        for place, byte in self._same:
            if block[place::size] != byte * number:
                return False
        return not block[self._variant :: size].translate(None, b"89ab")

    def values(self, block: str, field: str) -> list[str]:
        """What a field is in the entries of a block, which follow one another."""
        size = self._size
        if field not in self._spans:
            return [self._fields[field]] * (len(block) // size)
        start, end = self._spans[field]
        width = end - start
        return [block[at : at + width] for at in range(start, len(block), size)]


def _layout(shape: bytes, entry: bytes) -> Layout | None:
    """What is known of a shape, learned from this entry of it if nothing is."""
    if shape not in LAYOUTS and len(entry) <= LONGEST_LAYOUT and entry.isascii():
        match = ENTRY.fullmatch(entry.decode())
        if match and isinstance(event_of(entry), Event):
            if len(LAYOUTS) == MOST_LAYOUTS:
                LAYOUTS.clear()
            LAYOUTS[shape] = Layout(entry, match)
    return LAYOUTS.get(shape)


class Columns:
    """What some entries tell, but for what is sealed: each field with its values, "" for None."""

    def __init__(self, parts: Sequence[tuple[Sequence[int], Values]]) -> None:
        """Each of `parts` are the numbers of some of the entries, and their values."""
        self._values = [values for _numbers, values in parts]
        numbers = [*chain.from_iterable(numbers for numbers, _values in parts)]
        self._order: list[int] = []  # the place of each entry in the parts, unless it is its own
        if numbers != sorted(numbers):
            self._order = sorted(range(len(numbers)), key=numbers.__getitem__)
        self._known: dict[str, list[str]] = {}

    @classmethod
    def of(cls, events: Sequence[Event]) -> "Columns":
        return cls([(range(len(events)), partial(_values, events))])

    def __getitem__(self, field: str) -> list[str]:
        if field not in self._known:
            found: list[str] = []
            for values in self._values:
                found += values(field)
            self._known[field] = [found[n] for n in self._order] if self._order else found
        return self._known[field]


def _values(events: Sequence[Event], field: str) -> list[str]:
    return [getattr(event, field) or "" for event in events]


def columns_of(entries: Sequence[bytes]) -> Columns | None:
    """What `event_of` makes of these entries; None when it refuses one of them, or there is none."""
    entries, parts = [*entries], list[tuple[Sequence[int], Values]]()
    odd: list[int] = []
    for shape, numbers in _by_shape(entries).items():
        layout = _layout(shape, entries[numbers[0]]) if len(numbers) >= MANY else None
        block = b"".join([entries[number] for number in numbers]) if layout else b""
        if layout and layout.fits(block):
            parts.append((numbers, partial(layout.values, block.decode())))
        else:
            odd += numbers
    told = (event_of(entries[number]) for number in odd)
    events = [event for event in told if isinstance(event, Event)]
    if len(events) < len(odd):
        return None
    columns = Columns([*parts, (odd, partial(_values, events))])
    return columns if entries and _are_right(columns) else None


def _by_shape(entries: list[bytes]) -> dict[bytes, list[int]]:
    """The numbers of the entries of each shape; what is sealed in them is taken out, as it differs."""
    shapes = defaultdict(list)
    for number, entry in enumerate(entries):
        shapes[entry.translate(ZEROS)].append(number)
    for shape in [shape for shape in shapes if SEALED_SHAPE in shape and shape not in LAYOUTS]:
        for number in shapes.pop(shape):
            entries[number] = entry = _with_little_sealed(entries[number])
            shapes[entry.translate(ZEROS)].append(number)
    return shapes


def _with_little_sealed(entry: bytes) -> bytes:
    """The entry with a short value for the one that is sealed in it, if that has its form."""
    match = SEALED.search(entry)
    if match is None or len(match[1]) % 4:
        return entry
    return entry[: match.start(1)] + b"AAAA" + entry[match.end(1) :]


def _are_right(columns: Columns) -> bool:
    """Whether times and revisions that have digits in the right places are such."""
    try:
        deque(map(datetime.fromisoformat, columns["at"]), 0)
    except ValueError:
        return False
    return all(re.fullmatch(REVISION, number) for number in {*columns["revision"]} - {""})


class Gist(NamedTuple):
    """What the checks need of the events of a bundle, in few and large values that pass quickly from one
    process to another. A text has a line for each event, or for each change of a row.
    """

    ids: str
    are_once: bool  # none of these is there twice
    times: str
    between: tuple[str, str] | None  # the first and the last of these, when they are in order
    readings: str  # the cases of which an event disclosed content
    changes: bytes  # which of the events change a row
    rows: str  # label and identifier of each of these rows
    revisions: str
    told: bytes  # digest and stamp of each of these versions
    resealed: list[tuple[int, str]]  # by which of the events versions were sealed anew
    erasures: list[tuple[int, str]]  # which of them erased cases


def gist_of(columns: Columns, *, with_rows: bool) -> Gist:
    """The gist of a bundle. Without rows to compare, zeros stand where it would tell their digests."""
    ids, at, verb = columns["id"], columns["at"], columns["verb"]
    changes = [number for number, row in enumerate(columns["object"]) if row]
    labels, objects, revisions = columns["object_type"], columns["object"], columns["revision"]
    told = bytes(2 * HASH_SIZE * len(changes))
    if with_rows:
        digest, actor = columns["digest"], columns["actor"]
        told = b"".join(
            bytes.fromhex(digest[n]) + stamp(at[n], verb[n], actor[n], revisions[n] == "1")
            for n in changes
        )
    erasures = []
    if ERASED in verb:
        cases, outcomes = columns["cases"], columns["outcome"]
        erasures = [
            (n, cases[n]) for n, code in enumerate(verb) if code == ERASED and outcomes[n] == "ok"
        ]
    return Gist(
        ids="\n".join(ids),
        are_once=len(set(ids)) == len(ids),
        times="\n".join(at),
        between=(at[0], at[-1]) if at == sorted(at) else None,
        readings="\n".join(columns["reading"]),
        changes=bytes(changes),
        rows="\n".join([f"{labels[n]} {objects[n]}" for n in changes]),
        revisions="\n".join([revisions[n] for n in changes]),
        told=told,
        resealed=[(n, versions) for n, versions in enumerate(columns["resealed"]) if versions],
        erasures=erasures,
    )


class Bundle(NamedTuple):
    """Entries that follow one another: their hashes, the root over these, and their events."""

    tile: bytes
    root: bytes
    gist: Gist | None  # of all events, or else
    events: Sequence[Event | str]  # one by one


def bundle_of(
    entries: Sequence[bytes], columns: Columns | None, *, with_rows: bool = True
) -> Bundle:
    """Hash up to 256 entries and take what the checks need of their columns.

    With `columns_of` that is all there is to do with them alone, so in any process.
    """
    leaves = [sha256(b"\x00" + entry).digest() for entry in entries]  # leaf_hash
    root = subtree_root(leaves) if leaves else b""
    if columns is None:
        return Bundle(b"".join(leaves), root, None, [event_of(entry) for entry in entries])
    return Bundle(b"".join(leaves), root, gist_of(columns, with_rows=with_rows), ())


# --- the record ---------------------------------------------------------------------------

# What is remembered of a version of a row: a byte of marks, the digest, the stamp of its event.
VERSION_SIZE = 1 + 2 * HASH_SIZE
ERASED = "case_erased"  # the verb of the event that ends a case
TOLD, IN_HISTORY, LIVES = 1, 2, 4  # marks; LIVES is for the row and stands on its first version


def stamp(at: str, verb: str, actor: str, first: bool) -> bytes:
    """What a version in the history takes over from its event: when, what, who, first or later."""
    return sha256(f"{at} {verb} {actor} {first}".encode()).digest()


class Examination:
    """Takes the entries of a log in order, then the rows, and finds what does not hold together.

    Reads no file: the program below feeds it out of an export, `manage.py verify_audit` out of the
    database. A `tree` that holds something already says that the log up to there was examined before.
    """

    def __init__(
        self, findings: Findings, tree: Tree | None = None, *, tolerance: int = TOLERANCE
    ) -> None:
        self.findings = findings
        self.tree = tree or Tree()
        self.events = self.objects = self.versions = self.rows = self.history = 0
        self._found = self.findings.append
        self._position = self.tree.size  # of the next event
        self._sizes: list[int] = []  # that are expected, as a heap
        self._resumes = self.tree.size > 0
        self._is_whole = True  # no event is missing so far, so there is a tree to compare
        self._has_all = True  # each event could be read, so what none tells of was never told
        self._expected: dict[int, list[tuple[str, bytes]]] = defaultdict(list)
        self._tolerance = timedelta(seconds=tolerance)
        self._latest = "", 0  # time and position
        self._ids: set[str] = set()
        self._erased: dict[str, str] = {}  # case → when
        self._rows: dict[str, bytearray] = {}  # label and identifier → versions

    def expect(self, size: int, root: bytes, what: str) -> None:
        """The log must have this root at this size; `what` tells who says so.

        Raises ValueError when the examination is past it.
        """
        if size < self.tree.size:
            raise ValueError("the tree has grown beyond that size")
        if size not in self._expected:
            heappush(self._sizes, size)
        self._expected[size].append((what, root))
        self._compare_roots()

    def add(self, position: int, entry: bytes) -> None:
        """Take the next entry."""
        self.take(position, leaf_hash(entry), event_of(entry))

    def take(self, position: int, leaf: bytes, event: Event | str | None) -> None:
        """Take the next entry as its hash and what `event_of` makes of it; None if nobody has it."""
        if position != self._position:
            self._leave_gap(position)
        self._position = position + 1
        if self._is_whole:
            self.tree.append(leaf)
            self._compare_roots()
        if isinstance(event, Event):
            self.events += 1
            self._check(position, event)
        else:
            self._has_all = False
            if event:
                self._found(f"The entry of event {position} {event}.")

    def take_bundle(self, position: int, bundle: Bundle) -> None:
        """Take up to 256 entries at once, which gives the same findings."""
        if bundle.gist is None:
            hashes = hashes_in(bundle.tile)
            for number, (leaf, event) in enumerate(zip(hashes, bundle.events, strict=True)):
                self.take(position + number, leaf, event)
            return
        if position != self._position:
            self._leave_gap(position)
        self._position = position + len(bundle.tile) // HASH_SIZE
        self.events += self._position - position
        if self._is_whole:
            self._grow(bundle.tile, bundle.root)
        self._check_many(position, bundle.gist)

    def _grow(self, tile: bytes, root: bytes) -> None:
        size, tree = self.tree.size, self.tree
        is_full = size % WIDTH == 0 and len(tile) == WIDTH * HASH_SIZE
        if is_full and not (self._sizes and self._sizes[0] < size + WIDTH):
            tree.append_tile(tile, root)
            return self._compare_roots()
        for leaf in hashes_in(tile):
            tree.append(leaf)
            self._compare_roots()

    def end_of_log(self) -> None:
        """No further entry comes: some checkpoint may tell of more."""
        for size, roots in sorted(self._expected.items()):
            for what, _root in roots:
                if self._is_whole:
                    self._found(
                        f"The log was cut, or is an older copy: it ends after {self._position:,} events,"
                        f" and {what} covers {size:,}."
                    )
                else:
                    self._found(
                        f"Events are missing, so that {what} at {size:,} cannot be compared."
                    )

    def figures(self) -> dict[str, int]:
        """How much was examined so far."""
        return {
            "events read": self.events,
            "versions of rows that they tell of": self.versions,
            "rows that these are of": self.objects,
            "rows compared": self.rows,
            "versions in the history compared": self.history,
        }

    def _leave_gap(self, position: int) -> None:
        self._is_whole = self._has_all = False
        if position > self._position:
            last = f" to {position - 1}" if position - 1 > self._position else ""
            self._found(f"Missing from the log: event {self._position}{last}.")
        else:
            self._found(f"Event {position} does not stand in its place.")

    def _compare_roots(self) -> None:
        if not self._sizes or self._sizes[0] != self.tree.size:
            return
        heappop(self._sizes)
        for what, root in self._expected.pop(self.tree.size):
            if root != self.tree.root():
                self._found(
                    f"The log was rewritten: its first {self.tree.size:,} events are not those of"
                    f" {what}."
                )

    def _check(self, position: int, event: Event) -> None:
        self._check_ids(position, [event.id], are_once=True)
        self._check_order(position, event.at)
        if event.object:
            name, revision = f"{event.object_type} {event.object}", int(event.revision or 0)
            stamped = stamp(event.at, event.verb, event.actor, revision == 1)
            self._follow(position, name, revision, bytes.fromhex(event.digest or "") + stamped)
        if event.resealed:
            self._apply_resealing(position, json.loads(event.resealed))
        if event.verb == ERASED:
            if event.outcome == "ok":
                self._note_erasure(event.at, event.cases)
        elif event.reading:
            self._check_reading(position, event.at, event.reading)

    def _check_many(self, position: int, gist: Gist) -> None:
        self._check_ids(position, gist.ids.split("\n"), are_once=gist.are_once)
        if gist.between and gist.between[0] >= self._latest[0]:
            self._latest = gist.between[1], self._position - 1
        else:
            for number, at in enumerate(gist.times.split("\n"), position):
                self._check_order(number, at)
        resealed = deque(gist.resealed)
        rows, revisions = gist.rows.split("\n"), gist.revisions.split("\n")
        for nth, number in enumerate(gist.changes):
            while resealed and resealed[0][0] < number:
                before, versions = resealed.popleft()
                self._apply_resealing(position + before, json.loads(versions))
            told = gist.told[nth * 2 * HASH_SIZE : (nth + 1) * 2 * HASH_SIZE]
            self._follow(position + number, rows[nth], int(revisions[nth]), told)
        for number, versions in resealed:
            self._apply_resealing(position + number, json.loads(versions))
        if self._erased or gist.erasures:
            times, erasures = gist.times.split("\n"), dict(gist.erasures)
            for number, cases in enumerate(gist.readings.split("\n")):
                if number in erasures:
                    self._note_erasure(times[number], erasures[number])
                elif cases:
                    self._check_reading(position + number, times[number], cases)

    def _check_ids(self, position: int, ids: list[str], *, are_once: bool) -> None:
        if not (are_once and self._ids.isdisjoint(ids)):
            before = self._ids.intersection(ids)
            for number, event in enumerate(ids, position):
                if event in before:
                    self._found(f"Event {number} has the identifier of an earlier one, {event}.")
                before.add(event)
        self._ids.update(ids)

    def _check_order(self, position: int, at: str) -> None:
        """A little disorder is no finding: of two commits at one time either may come first."""
        latest, before = self._latest
        if at >= latest:
            self._latest = at, position
            return
        behind = datetime.fromisoformat(latest) - datetime.fromisoformat(at)
        if behind > self._tolerance:
            self._found(
                f"Event {position} is dated {behind.total_seconds():,.0f} seconds before event {before},"
                " which it follows."
            )
            self._latest = at, position  # told once

    def _follow(self, position: int, name: str, revision: int, told: bytes) -> None:
        """The versions of a row are told of once each, in order, from the first."""
        versions = self._rows.get(name)
        if versions is None:
            versions = self._rows[name] = bytearray()
            self.objects += 1
        known = len(versions) // VERSION_SIZE
        if revision != known + 1:
            may_skip = not self._has_all or (self._resumes and not known)
            if revision <= known or not may_skip:
                self._found(
                    f"Event {position} tells of version {revision} of {name}, where version {known + 1}"
                    " comes next."
                )
            if revision <= known:
                return
            versions += bytes((revision - known - 1) * VERSION_SIZE)  # not told of
        self.versions += 1
        versions.append(TOLD)
        versions += told

    def _note_erasure(self, at: str, cases: str) -> None:
        for case in texts_of(cases):
            self._erased.setdefault(case, at)

    def _check_reading(self, position: int, at: str, cases: str) -> None:
        for case in texts_of(cases):
            if at > self._erased.get(case, at):
                self._found(
                    f"Event {position} tells of a reading of case {case} after its erasure."
                )

    def _apply_resealing(self, position: int, resealed: list[tuple[str, str, int, str]]) -> None:
        """A version that was sealed anew has another digest from then on; what it is of stays."""
        for label, row, revision, digest in resealed:
            versions, start = self._version(label, row, revision)
            may_miss = self._resumes or not self._has_all
            if start < len(versions) and (versions[start] & TOLD or may_miss):
                versions[start + 1 : start + 1 + HASH_SIZE] = bytes.fromhex(digest)
            elif versions or not may_miss:
                self._found(
                    f"Event {position} seals version {revision} of {label} {row} anew, which no event"
                    " before it made."
                )

    def live_row(self, label: str, row: str, revision: int, digest: bytes) -> None:
        """A row as it stands: it must be the last version that events tell of."""
        self.rows += 1
        versions, start = self._version(label, row, revision)
        if not versions:
            return self._found(f"{label} {row}: no event tells of this row.")
        if versions[0] & LIVES:
            self._found(f"{label} {row} stands in its table twice.")
        elif start + VERSION_SIZE < len(versions):
            self._found(f"{label} {row} was set back to version {revision}.")
        elif versions[start + 1 : start + 1 + HASH_SIZE] != digest:
            self._found(f"{label} {row} was changed behind the application's back.")
        versions[0] |= LIVES

    def version(self, label: str, row: str, revision: int, digest: bytes, stamped: bytes) -> None:
        """A version in the history: it must be what its event tells, with the same `stamp`."""
        self.history += 1
        versions, start = self._version(label, row, revision)
        if start >= len(versions) or not versions[start] & TOLD:
            return self._found(f"{label} {row}: no event tells of version {revision}.")
        if versions[start] & IN_HISTORY:
            self._found(f"{label} {row}: version {revision} stands in its history twice.")
        elif versions[start + 1 : start + VERSION_SIZE] != digest + stamped:
            self._found(f"{label} {row}: version {revision} in its history was changed.")
        versions[start] |= IN_HISTORY

    def _version(self, label: str, row: str, revision: int) -> tuple[bytearray, int]:
        """What is remembered of a row, and where this version begins in it."""
        versions = self._rows.get(f"{label} {row}")
        if versions is None or revision < 1:
            return bytearray(), 0
        return versions, (revision - 1) * VERSION_SIZE

    def tells_of(self, label: str, row: str, revision: int) -> bool:
        """Whether an event told of this version of a row."""
        versions, start = self._version(label, row, revision)
        return start < len(versions) and bool(versions[start] & TOLD)

    def told(self) -> dict[str, dict[str, int]]:
        """Label → identifier of each row that events told of → how many versions there are of it."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for name, versions in self._rows.items():
            label, row = name.split(" ")
            found[label][row] = len(versions) // VERSION_SIZE
        return found

    def end_of_rows(self) -> None:
        """No further row comes: what events tell of and was not among them is missing."""
        for name, versions in self._rows.items():
            if not versions[0] & LIVES:
                self._found(f"{name} was removed behind the application's back.")
            for revision, marks in enumerate(versions[::VERSION_SIZE], start=1):
                if marks & TOLD and not marks & IN_HISTORY:
                    self._found(f"{name}: version {revision} is missing from its history.")


def texts_of(items: str) -> list[str]:
    """The strings of a JSON list without its brackets, when they have no escapes in them."""
    return items.strip('"').split('","') if items else []


# --- rows ---------------------------------------------------------------------------------

LIVE_FIELDS = {
    "object_type": f'"({LABEL})"',
    "object": f'"({UUID})"',
    "revision": f"({REVISION})",
    "digest": f'"({DIGEST})"',
    "live": "true",
}
HISTORY_FIELDS = LIVE_FIELDS | {
    "live": "false",
    "at": f'"({TIME})"',
    "verb": f'"({CODE})"',
    "actor": f'"({UUID}|system)"',
    "first": "(true|false)",
}
LIVE_ROW, HISTORY_ROW = object_pattern(LIVE_FIELDS), object_pattern(HISTORY_FIELDS)


def feed_rows(lines: Iterable[bytes], examination: Examination) -> None:
    """Rows as exported: on each line a JSON object of a live row or of a version in a history."""
    for number, line in enumerate(lines, start=1):
        try:
            _feed_row(line.decode().rstrip("\n"), examination)
        except (ValueError, RecursionError):
            examination.findings.append(f"Line {number} of the rows is not a row.")
    examination.end_of_rows()


def _feed_row(text: str, examination: Examination) -> None:
    if match := LIVE_ROW.fullmatch(text):
        digest, row, label, revision = match.groups()
        examination.live_row(label, row, int(revision), bytes.fromhex(digest))
    elif match := HISTORY_ROW.fullmatch(text):
        actor, at, digest, first, row, label, revision, verb = match.groups()
        stamped = stamp(at, verb, actor, first == "true")
        examination.version(label, row, int(revision), bytes.fromhex(digest), stamped)
    else:  # perhaps in another spelling
        spelled = canonical(json.loads(text))
        if spelled == text:
            raise ValueError("not a row")
        _feed_row(spelled, examination)


# --- the log in files ---------------------------------------------------------------------

MOST_BYTES = WIDTH * (2 + 65_535)  # of one file: a bundle of the longest entries there can be
USUAL_BYTES = 1 << 17
EARLIER = "checkpoints"  # folder of those that the log signed before, each named by its size
AT_ONCE = 16  # bundles that a process reads before it passes them on
WORTH_PROCESSES = 50_000  # events; with fewer, starting processes takes longer than they save


def tile_path(kind: int | str, index: int, width: int = WIDTH) -> str:
    """Where a tile lies (c2sp.org/tlog-tiles, "Merkle Tree"): number 1234067 is x001/x234/067.

    `kind` is the level of a hash tile, or "entries".
    """
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03d}")
    path = f"tile/{kind}/{'/'.join(parts)}"
    return path if width == WIDTH else f"{path}.p/{width}"


class Tiles(Protocol):
    """Where the hashes of a tree lie."""

    def hashes(self, level: int, index: int, width: int) -> bytes | None:
        """The first `width` hashes of a tile; None when it is missing or has another size."""


def hashes_in(tile: bytes) -> list[bytes]:
    """The hashes that stand in a tile one after another."""
    return [tile[at : at + HASH_SIZE] for at in range(0, len(tile), HASH_SIZE)]


class Source(NamedTuple):
    """Where a log lies: a folder, or a web server with the same files below a base address."""

    place: str

    def read(self, path: str) -> bytes | None:
        """The content of a file, None when there is none. Raises Unusable when it cannot be read."""
        try:
            if self.place.startswith(("http://", "https://")):
                return _fetched(f"{self.place.rstrip('/')}/{path}")
            with open(f"{self.place}/{path}", "rb") as file:
                begun = file.read(USUAL_BYTES)  # to make room for the most there may be takes long
                return begun + file.read(MOST_BYTES) if len(begun) == USUAL_BYTES else begun
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Unusable(f"{path} in {self.place} cannot be read: {error}") from None

    def earlier(self) -> list[int]:
        """Sizes of the checkpoints that lie beside the log. Of a web server nobody knows them."""
        try:
            names = os.listdir(f"{self.place}/{EARLIER}")
        except OSError:
            return []
        return sorted(int(name) for name in names if re.fullmatch(NUMBER, name))

    def _tile(self, kind: int | str, index: int, width: int) -> tuple[bytes | None, int]:
        """The content of a tile, and how many hashes or entries it has to hold.

        A partial tile may be gone when there is the full one (c2sp.org/tlog-tiles, "Partial Tiles").
        """
        found = self.read(tile_path(kind, index, width))
        if found is None and width < WIDTH:
            return self.read(tile_path(kind, index)), WIDTH
        return found, width

    def hashes(self, level: int, index: int, width: int) -> bytes | None:
        """The first `width` hashes of a hash tile; None when it is missing or has another size."""
        found, held = self._tile(level, index, width)
        return found[: width * HASH_SIZE] if found and len(found) == held * HASH_SIZE else None

    def entries(self, index: int, width: int) -> list[bytes] | None:
        """The entries of a bundle, `width` of them if all is well; None when it is missing."""
        found, held = self._tile("entries", index, width)
        if found is None:
            return None
        entries = entries_of(found)
        return entries[:width] if len(entries) == held else entries


def _fetched(address: str) -> bytes | None:
    try:
        request = Request(address, headers={"Accept-Encoding": "gzip, identity"})
        with urlopen(request, timeout=60) as answer:
            content: bytes = answer.read(MOST_BYTES + 1)
            if answer.headers.get("Content-Encoding") == "gzip":
                content = zlib.decompressobj(wbits=31).decompress(content, MOST_BYTES + 1)
            return content
    except HTTPError as error:
        if error.code in (404, 410):
            return None
        raise
    except (HTTPException, zlib.error, ValueError) as error:
        raise OSError(error) from None


def entries_of(bundle: bytes) -> list[bytes]:
    """Entries, each after its length in two bytes (c2sp.org/tlog-tiles, "Log entries").

    A broken end counts as an empty entry: whatever it was, it is none of the log.
    """
    entries, start, end = [], 0, len(bundle)
    while start < end - 1:
        begin = start + 2
        start = begin + 256 * bundle[start] + bundle[begin - 1]
        entries.append(bundle[begin:start] if start <= end else b"")
    return [*entries, b""] if start == end - 1 else entries


def tile_width(size: int, level: int, index: int) -> int:
    """How many hashes a tile has in a log of this size (c2sp.org/tlog-tiles, "Partial Tiles")."""
    hashes: int = size // WIDTH**level
    return min(WIDTH, hashes - index * WIDTH)


def tree_before(source: Tiles, size: int, since: int) -> Tree:
    """The tree up to the bundle in which the first `since` events end, as the tiles have it.

    Who goes on from it expects the root at `since` soon after, which shows if the tiles are right.
    """
    tree = Tree()
    tree.size = since - since % WIDTH
    for level in count(1):
        if not (nodes := tree.size // WIDTH**level):
            break
        index, known = divmod(nodes, WIDTH)
        width = tile_width(size, level, index)
        hashes = source.hashes(level, index, width) if known else b""
        if hashes is None:
            path = tile_path(level, index, width)
            raise Unusable(f"{path} is missing or has another size; check without --since.")
        tree.levels.append(hashes_in(hashes)[:known])
    return tree


class Read(NamedTuple):
    """A bundle, and the tile of its hashes; None when a file is missing or has another size."""

    number: int
    bundle: Bundle | None
    tile: bytes | None


def read_bundles(source: Source, size: int, indexes: range, with_rows: bool) -> list[Read]:
    """Some bundles of a log of this size."""
    read = []
    for index in indexes:
        width = tile_width(size, 0, index)
        entries, tile = source.entries(index, width), source.hashes(0, index, width)
        bundle = None
        if entries is not None:
            columns = columns_of(entries) if len(entries) == width else None
            bundle = bundle_of(entries, columns, with_rows=with_rows)
            tile = bundle.tile if bundle.tile == tile else tile  # the same object passes only once
        read.append(Read(index, bundle, tile))
    return read


class Reading:
    """Feeds the first `size` events of a log in files to an examination, in order.

    Compares the hash tiles with the entries on the way.
    """

    def __init__(
        self, source: Source, size: int, examination: Examination, *, with_rows: bool
    ) -> None:
        self.tiles = 0  # compared
        self._source, self._size, self._examination = source, size, examination
        self._with_rows = with_rows
        examination.tree.on_tile = self._compare_upper

    def run(self, *, jobs: int, progress: Callable[[int], None]) -> None:
        tree = self._examination.tree
        for read in self._read(tree.size // WIDTH, jobs):
            if read.bundle is None and read.tile is None:
                break
            self._feed(*read)
            progress(min(self._size, (read.number + 1) * WIDTH))
        else:
            for tile in tree.edge():
                self._compare_upper(*tile)
        self._examination.end_of_log()

    def _read(self, first: int, jobs: int) -> Iterator[Read]:
        """Every bundle in order, read by `jobs` processes that keep a little ahead."""
        number = -(-self._size // WIDTH)
        parts = (
            (self._source, self._size, range(start, min(start + AT_ONCE, number)), self._with_rows)
            for start in range(first, number, AT_ONCE)
        )
        if jobs == 1:
            yield from chain.from_iterable(starmap(read_bundles, parts))
            return
        with ProcessPoolExecutor(jobs) as pool:
            ahead: deque[Future[list[Read]]] = deque()
            for part in parts:
                ahead.append(pool.submit(read_bundles, *part))
                if len(ahead) > 4 * jobs:
                    yield from ahead.popleft().result()
            for future in ahead:
                yield from future.result()

    def _feed(self, index: int, bundle: Bundle | None, tile: bytes | None) -> None:
        first, width = index * WIDTH, tile_width(self._size, 0, index)
        held = len(bundle.tile) // HASH_SIZE if bundle else 0
        if bundle and held == width:
            self._compare(0, index, bundle.tile, tile)
            self._examination.take_bundle(first, bundle)
            return
        holds = "is missing" if bundle is None else f"holds {held} entries"
        path = tile_path("entries", index, width)
        self._examination.findings.append(f"{path} {holds}, where {width} entries belong.")
        absent = None if bundle is None else "is not in the bundle"
        events = zip(hashes_in(bundle.tile), bundle.events, strict=True) if bundle else ()
        known = dict(events)
        places = hashes_in(tile or b"")  # they tell where each of the entries stands
        for position, leaf in enumerate(places, first):
            self._examination.take(position, leaf, known.get(leaf, absent))

    def _compare_upper(self, level: int, index: int, tile: bytes) -> None:
        if level:  # the lowest are compared as the bundles come
            stored = self._source.hashes(level, index, len(tile) // HASH_SIZE)
            self._compare(level, index, tile, stored)

    def _compare(self, level: int, index: int, tile: bytes, stored: bytes | None) -> None:
        """Compare a hash tile as stored with the one recomputed; name the first hash that differs."""
        self.tiles += 1
        width = len(tile) // HASH_SIZE
        path, found = tile_path(level, index, width), self._examination.findings.append
        if stored is None:
            return found(f"{path} is missing, or has not the size of {width} hashes.")
        if tile == stored:
            return
        pairs = zip(count(index * WIDTH), hashes_in(tile), hashes_in(stored), strict=False)
        wrong = [position for position, ours, theirs in pairs if ours != theirs]
        what = f"Tile {wrong[0]} of level {level - 1}" if level else f"Event {wrong[0]}"
        more = f", nor do {len(wrong) - 1} after it" if len(wrong) > 1 else ""
        why = "" if level else ": it was changed, moved, put in or left out"
        found(f"{what} does not fit its hash in {path}{more}{why}.")


# --- proofs -------------------------------------------------------------------------------

PROOF = re.compile(
    r"c2sp\.org/tlog-proof@v1\n(?:extra [A-Za-z0-9+/]*={0,2}\n)?"
    rf"index ({NUMBER})\n((?:[A-Za-z0-9+/]{{43}}=\n)*)\n(.*)",
    re.DOTALL,
)


class Proof(NamedTuple):
    """That an entry stands at a position of the log, if `path` leads to the checkpoint's root."""

    position: int
    path: list[bytes]
    checkpoint: Checkpoint

    def holds(self, entry: bytes) -> bool:
        size, root = self.checkpoint.size, self.checkpoint.root
        return root_from_path(self.position, size, leaf_hash(entry), self.path) == root


def proof_of(content: bytes, what: str) -> Proof:
    """Reads a proof (c2sp.org/tlog-proof, "Format"). Raises Unusable."""
    try:
        if not (match := PROOF.fullmatch(content.decode())):
            raise ValueError("not a proof")
        path = [_base64(line) for line in match[2].splitlines()]
    except ValueError:
        raise Unusable(f"{what} is not a proof.") from None
    return Proof(int(match[1]), path, checkpoint_of(match[3].encode(), f"The end of {what}"))


# --- the whole check ----------------------------------------------------------------------


UNKNOWN = "a log of nobody you trust"


@dataclass
class Report:
    """What was checked and what was found; `--json` prints the fields as they are."""

    holds: bool = False
    log: str = ""  # origin
    size: int | None = None  # events; None when there was only a proof to check
    root: str = ""  # base64
    figures: dict[str, int] = field(default_factory=dict)
    earlier_checkpoints: dict[str, int] = field(default_factory=dict)  # file → size
    cosigned: dict[str, int] = field(default_factory=dict)  # witness → seconds since 1970
    proof: dict[str, Any] = field(default_factory=dict)
    not_checked: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    more_findings: int = 0
    seconds: float = 0.0

    def in_words(self) -> Iterator[str]:
        """The report for people, line by line."""
        yield self.log if self.size is None else f"{self.log}: {self.size:,} events, {self.root}"
        yield from (f"{number:>14,}  {what}" for what, number in self.figures.items())
        for file, size in self.earlier_checkpoints.items():
            yield f"compared with {file}: the log at {size:,} events"
        for witness, at in self.cosigned.items():
            yield f"cosigned by {witness} at {datetime(1970, 1, 1) + timedelta(seconds=at)} UTC"
        if self.proof:
            yield "proof of " + ", ".join(f"{name} {told}" for name, told in self.proof.items())
        yield from (f"not checked: {what}" for what in self.not_checked)
        yield from ("", *self.findings)
        if self.more_findings:
            yield f"… and {self.more_findings:,} more."
        what = "proof" if self.size is None else "record"
        yield f"The {what} holds." if self.holds else f"The {what} does NOT hold."


def run(options: argparse.Namespace) -> Report:
    """Everything the options ask for. Raises Unusable."""
    began = time.perf_counter()
    report, trust, findings = Report(), _trust(options), Findings()
    proof = proof_of(_content(options.proof), options.proof) if options.proof else None
    if options.log:
        _check_log(options, trust, proof, report, findings)
    if proof:
        _check_proof(proof, _content(options.entry), trust, report, findings)
    report.holds = not findings
    report.findings, report.more_findings = list(findings), findings.more
    report.seconds = round(time.perf_counter() - began, 3)
    return report


def _trust(options: argparse.Namespace) -> Trust:
    keys = [verifier_key(text, LOG_KEY) for text in options.key]
    witnesses = [verifier_key(text, WITNESS_KEY) for text in options.witness]
    cosigning = {witness.public for witness in witnesses}
    is_twice = len(set(keys)) < len(keys) or len(cosigning) < len(witnesses)
    if is_twice or any(key.public in cosigning for key in keys):
        raise Unusable("One key was given twice; each witness has a key of its own.")
    quorum = len(witnesses) if options.quorum is None else options.quorum
    if not 0 <= quorum <= len(witnesses):
        raise Unusable(f"{len(witnesses)} witnesses do not make a quorum of {quorum}.")
    return Trust(keys, witnesses, quorum)


def _check_log(
    options: argparse.Namespace,
    trust: Trust,
    proof: Proof | None,
    report: Report,
    findings: Findings,
) -> None:
    source = Source(options.log)
    if (note := source.read("checkpoint")) is None:
        raise Unusable(f"There is no checkpoint in {options.log}.")
    head = checkpoint_of(note, "The log's checkpoint")
    files = [*([options.since] if options.since else []), *options.checkpoint]
    earlier = {file: checkpoint_of(_content(file), file) for file in files}
    since = earlier[options.since].size if options.since else 0
    if any(checkpoint.size < since for checkpoint in earlier.values()):
        raise Unusable(f"A checkpoint is older than {options.since}: check it without --since.")

    tree = tree_before(source, head.size, min(since, head.size))
    examination = Examination(findings, tree, tolerance=options.tolerance)
    known = trust.check(head, "The log's checkpoint", findings)
    report.cosigned = trust.check_cosigned(head, "The log's checkpoint", findings)
    examination.expect(head.size, head.root, "its checkpoint")
    for file, checkpoint in earlier.items():
        if trust.check(checkpoint, file, findings):
            examination.expect(checkpoint.size, checkpoint.root, file)
    own = _expect_earlier(source, since, trust, examination)
    if proof and proof.checkpoint.size >= since:
        examination.expect(proof.checkpoint.size, proof.checkpoint.root, options.proof)
    reading = Reading(source, head.size, examination, with_rows=bool(options.rows))
    is_large = head.size - tree.size > WORTH_PROCESSES
    jobs = options.jobs or (os.cpu_count() or 1 if is_large else 1)
    reading.run(jobs=jobs, progress=Progress(head.size).at)
    if options.rows:
        with _opened(options.rows) as lines:
            feed_rows(lines, examination)

    report.log, report.size = head.origin if known else UNKNOWN, head.size
    report.root = base64.b64encode(head.root).decode()
    report.earlier_checkpoints = {file: checkpoint.size for file, checkpoint in earlier.items()}
    report.figures = examination.figures() | {"hash tiles compared": reading.tiles}
    report.figures["checkpoints beside the log"] = own
    report.not_checked = list(_not_checked(options, since))


def _expect_earlier(source: Source, since: int, trust: Trust, examination: Examination) -> int:
    """The log contains the checkpoints beside it, too. Returns how many of them are right."""
    right = 0
    for size in source.earlier():
        if size < since:
            continue
        what = f"{EARLIER}/{size}"
        try:
            checkpoint = checkpoint_of(source.read(what) or b"", what)
        except Unusable as error:
            examination.findings.append(str(error))
            continue
        if not trust.check(checkpoint, what, examination.findings):
            continue
        if checkpoint.size != size:
            examination.findings.append(f"{what} is one at {checkpoint.size:,} events.")
        else:
            examination.expect(size, checkpoint.root, what)
            right += 1
    return right


def _check_proof(
    proof: Proof, entry: bytes, trust: Trust, report: Report, findings: Findings
) -> None:
    what = "The proof's checkpoint"
    known = trust.check(proof.checkpoint, what, findings)
    cosigned = trust.check_cosigned(proof.checkpoint, what, findings)
    report.cosigned = report.cosigned or cosigned
    report.log = report.log or (proof.checkpoint.origin if known else UNKNOWN)
    report.proof = {"event": proof.position, "in a log of": proof.checkpoint.size}
    if not proof.holds(entry):
        findings.append("The proof does not lead from this entry to its checkpoint.")
    elif isinstance(event := event_of(entry), str):
        findings.append(f"The entry of the proof {event}.")
    else:
        report.proof |= {"at": event.at, "verb": event.verb, "actor": event.actor}
        report.proof |= {"cases": " ".join(texts_of(event.cases))}


def _not_checked(options: argparse.Namespace, since: int) -> Iterator[str]:
    if since:
        yield f"what the events before {since:,} tell; only that they are the same as then"
    if not (options.since or options.checkpoint or options.witness):
        yield "whether somebody who has the log's key wrote it anew; keep a checkpoint for that"
    if not options.rows:
        yield "whether the tables are as the log tells; that takes --rows"


def _opened(file: str) -> BinaryIO:
    try:
        return open(file, "rb")
    except OSError as error:
        raise Unusable(f"{file} cannot be read: {error.strerror}.") from None


def _content(file: str) -> bytes:
    with _opened(file) as opened:
        return opened.read(MOST_BYTES)


# --- the command line ---------------------------------------------------------------------


class Progress:
    """Says on a terminal how far the check has come, five times a second."""

    def __init__(self, total: int) -> None:
        self._total, self._next = total, time.monotonic()
        self._is_seen = sys.stderr.isatty()

    def at(self, done: int) -> None:
        if self._is_seen and (time.monotonic() >= self._next or done == self._total):
            self._next = time.monotonic() + 0.2
            end = "\n" if done == self._total else ""
            sys.stderr.write(f"\r{done / self._total:6.1%} of {self._total:,} events{end}")
            sys.stderr.flush()


def parser() -> argparse.ArgumentParser:
    said = argparse.ArgumentParser(
        description="Check an exported Tutela log. Exit code 0: holds, 1: does not, 2: unusable input."
    )
    add = said.add_argument
    add("log", nargs="?", help="folder or http(s) address of the log in C2SP tlog-tiles layout")
    add("--key", action="append", required=True, metavar="VKEY", help="verifier key of the log")
    add("--witness", action="append", default=[], metavar="VKEY", help="verifier key of a witness")
    add("--quorum", type=int, metavar="N", help="so many witnesses have to cosign (default: all)")
    add("--checkpoint", action="append", default=[], metavar="FILE", help="one that you kept")
    add("--since", metavar="FILE", help="a checkpoint up to which you verified the log before")
    add("--rows", metavar="FILE", help="digests of the rows, to compare the tables with the log")
    add("--proof", metavar="FILE", help="proof that one event stands in the log; needs --entry")
    add("--entry", metavar="FILE", help="the entry of that event, byte for byte")
    add("--tolerance", type=int, default=TOLERANCE, metavar="SECONDS", help="disorder of times")
    add("--jobs", type=int, metavar="N", help="processes that read (default: one a processor)")
    add("--json", action="store_true", help="print the report as JSON")
    return said


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    said = parser()
    options = said.parse_args(arguments)
    if not options.log and not options.proof:
        said.error("give a log, or a proof")
    if bool(options.proof) != bool(options.entry):
        said.error("--proof and --entry go together")
    if options.rows and (options.since or not options.log):
        said.error("--rows needs the whole log")
    if (options.jobs is not None and options.jobs < 1) or options.tolerance < 0:
        said.error("--jobs is 1 or more, --tolerance 0 or more")
    try:
        report = run(options)
    except Unusable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    text = json.dumps(asdict(report), indent=2) if options.json else "\n".join(report.in_words())
    sys.stdout.write(f"{text}\n")
    return 0 if report.holds else 1


if __name__ == "__main__":
    sys.exit(main())
