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
import re
import sys
import time
import zlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from http.client import HTTPException
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MOST_TOLD = 200  # findings; of those beyond only the number
TOLERANCE = 120  # seconds by which an event may be dated before one that it follows


class Unusable(Exception):
    """The input cannot be checked at all; the message says why."""


# What does not hold, in a sentence each. They name positions, labels and identifiers whose form was
# checked: nothing else out of a log that somebody may have tampered with reaches the auditor's screen.
Findings = list[str]


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
        joined = [node_hash(left, right) for left, right in pairs]
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

    `on_tile(level, index, hashes)` is told of each tile that has become full.
    """

    def __init__(self) -> None:
        self.size = 0
        self.levels: list[list[bytes]] = [[]]
        self.on_tile: Callable[[int, int, list[bytes]], None] = lambda *_tile: None

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next entry."""
        self.levels[0].append(leaf)
        self.size += 1
        if self.size % WIDTH == 0:
            self._carry(0)

    def _carry(self, level: int) -> None:
        hashes = self.levels[level]
        if len(hashes) < WIDTH:
            return
        if level + 1 == len(self.levels):
            self.levels.append([])
        self.levels[level] = []
        self.levels[level + 1].append(subtree_root(hashes))
        self.on_tile(level, self.size // WIDTH ** (level + 1) - 1, hashes)
        self._carry(level + 1)

    def root(self) -> bytes:
        """Root over everything appended so far."""
        root: list[bytes] = []
        for hashes in self.levels:  # what a lower level comes to is the ragged end of the next
            if nodes := hashes + root:
                root = [subtree_root(nodes)]
        return root[0] if root else sha256().digest()

    def edge(self) -> Iterator[tuple[int, int, list[bytes]]]:
        """(level, index, hashes) of the tiles that are not full yet."""
        for level, hashes in enumerate(self.levels):
            if hashes:
                yield level, self.size // WIDTH ** (level + 1), hashes


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
    if len(raw) != 33 or sha256(f"{name}\n".encode() + raw).hexdigest()[:8] != key_id:
        raise Unusable(f"“{text}” is not a verifier key: a part of it is missing or mistyped.")
    if raw[0] != kind:
        raise Unusable(f"“{text}” is not a {'log' if kind == LOG_KEY else 'witness'}'s key.")
    return VerifierKey(name, bytes.fromhex(key_id), raw[1:])


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
    """Whom the auditor trusts: the keys of the log over time, and so many of these witnesses."""

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
            findings.append(f"{what} belongs to another log than the keys you gave.")
        elif not signed:
            findings.append(f"{what} is signed by none of the keys you gave.")
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
    "session": STRING,
    "request": STRING,
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
    "keys": rf"\[{_list(QUOTED_UUID)}\]",
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
    fields: dict[str, str], optional: dict[str, list[str]] | None = None
) -> re.Pattern[str]:
    """Matches a JSON object of these fields in its one spelling: sorted keys, no spaces.

    The first field in order has to be one that is always there.
    """
    optional = optional or {}
    first_of = {name: first for first, others in optional.items() for name in others}
    parts = []
    for name in sorted(fields):
        text = f',"{name}":{fields[name]}'
        if name in optional:
            text = f"(?:{text})?"
        elif name in first_of:
            text = f"(?({first_of[name]}){text}|)"
        parts.append(text)
    return re.compile(r"\{" + "".join(parts).replace(",", "", 1) + r"\}")


ENTRY = object_pattern(FIELDS, OPTIONAL)


class Event(NamedTuple):
    """What the checks need of an entry, as it is spelled there: the named groups of ENTRY."""

    actor: str
    at: str
    cases: str
    classes: str
    digest: str | None
    id: str
    object: str | None
    object_type: str | None
    outcome: str
    resealed: str | None
    revision: str | None
    scope: str | None
    sealed: str | None
    verb: str


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


# --- the record ---------------------------------------------------------------------------

# What is remembered of a version of a row: a byte of marks, the digest, the stamp of its event.
VERSION_SIZE = 1 + 2 * HASH_SIZE
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
        """The log must have this root at this size; `what` tells who says so."""
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
            if self.tree.size in self._expected:
                self._compare_roots()
        if isinstance(event, Event):
            self.events += 1
            self._check(position, event)
        else:
            self._has_all = False
            if event:
                self._found(f"The entry of event {position} {event}.")

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
        for what, root in self._expected.pop(self.tree.size, []):
            if root != self.tree.root():
                self._found(
                    f"The log was rewritten: its first {self.tree.size:,} events are not those of"
                    f" {what}."
                )

    def _check(self, position: int, event: Event) -> None:
        if event.id in self._ids:
            self._found(f"Event {position} has the identifier of an earlier one, {event.id}.")
        self._ids.add(event.id)
        if event.at < self._latest[0]:
            self._check_order(position, event.at)
        else:
            self._latest = event.at, position
        if event.object:
            self._follow(position, event)
        if event.resealed:
            self._apply_resealing(position, json.loads(event.resealed))
        if event.verb == "case_erased" and event.outcome == "ok":
            for case in _texts(event.cases):
                self._erased.setdefault(case, event.at)
        elif self._erased and event.classes and event.outcome == "ok":
            for case in _texts(event.cases):
                if event.at > self._erased.get(case, event.at):
                    self._found(
                        f"Event {position} tells of a reading of case {case} after its erasure."
                    )

    def _check_order(self, position: int, at: str) -> None:
        """A little disorder is no finding: of two commits at one time either may come first."""
        latest, before = self._latest
        behind = datetime.fromisoformat(latest) - datetime.fromisoformat(at)
        if behind > self._tolerance:
            self._found(
                f"Event {position} is dated {behind.total_seconds():,.0f} seconds before event {before},"
                " which it follows."
            )
            self._latest = at, position  # told once

    def _follow(self, position: int, event: Event) -> None:
        """The versions of a row are told of once each, in order, from the first."""
        name = f"{event.object_type} {event.object}"
        versions = self._rows.setdefault(name, bytearray())
        revision, known = int(event.revision or 0), len(versions) // VERSION_SIZE
        self.objects += not known
        may_skip = not self._has_all or (self._resumes and not known)
        if revision <= known or (revision > known + 1 and not may_skip):
            self._found(
                f"Event {position} tells of version {revision} of {name}, where version {known + 1}"
                " comes next."
            )
        if revision > known:
            self.versions += 1
            versions += bytes((revision - known - 1) * VERSION_SIZE)  # not told of
            versions.append(TOLD)
            stamped = stamp(event.at, event.verb, event.actor, revision == 1)
            versions += bytes.fromhex(event.digest or "") + stamped

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

    def end_of_rows(self) -> None:
        """No further row comes: what events tell of and was not among them is missing."""
        for name, versions in self._rows.items():
            if not versions[0] & LIVES:
                self._found(f"{name} was removed behind the application's back.")
            for revision, marks in enumerate(versions[::VERSION_SIZE], start=1):
                if marks & TOLD and not marks & IN_HISTORY:
                    self._found(f"{name}: version {revision} is missing from its history.")


def _texts(items: str) -> list[str]:
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


def tile_path(kind: int | str, index: int, width: int = WIDTH) -> str:
    """Where a tile lies (c2sp.org/tlog-tiles, "Merkle Tree"): number 1234067 is x001/x234/067.

    `kind` is the level of a hash tile, or "entries".
    """
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03d}")
    path = f"tile/{kind}/{'/'.join(parts)}"
    return path if width == WIDTH else f"{path}.p/{width}"


class Source(NamedTuple):
    """Where a log lies: a folder, or a web server with the same files below a base address."""

    place: str

    def read(self, path: str) -> bytes | None:
        """The content of a file, None when there is none. Raises Unusable when it cannot be read."""
        try:
            if self.place.startswith(("http://", "https://")):
                return _fetched(f"{self.place.rstrip('/')}/{path}")
            with open(Path(self.place, path), "rb") as file:
                return file.read(MOST_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Unusable(f"{path} in {self.place} cannot be read: {error}") from None

    def _tile(self, kind: int | str, index: int, width: int) -> tuple[bytes | None, int]:
        """The content of a tile, and how many hashes or entries it has to hold.

        A partial tile may be gone when there is the full one (c2sp.org/tlog-tiles, "Partial Tiles").
        """
        found = self.read(tile_path(kind, index, width))
        if found is None and width < WIDTH:
            return self.read(tile_path(kind, index)), WIDTH
        return found, width

    def hashes(self, level: int, index: int, width: int) -> list[bytes] | None:
        """The first `width` hashes of a hash tile; None when it is missing or has another size."""
        found, held = self._tile(level, index, width)
        if found is None or len(found) != held * HASH_SIZE:
            return None
        return [found[at : at + HASH_SIZE] for at in range(0, width * HASH_SIZE, HASH_SIZE)]

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
    while start < end:
        begin = start + 2
        start = begin + int.from_bytes(bundle[start:begin])
        entries.append(bundle[begin:start] if start <= end else b"")
    return entries


class Bundle(NamedTuple):
    """A bundle of entries: hash and event of each, and the hash tile that belongs to it."""

    leaves: list[bytes] | None
    events: Sequence[Event | str | None]
    tile: list[bytes] | None


def read_bundle(source: Source, index: int, width: int) -> Bundle:
    """Read, hash and parse a bundle: all there is to do with it alone, so in any process."""
    entries = source.entries(index, width)
    leaves = None if entries is None else [leaf_hash(entry) for entry in entries]
    return Bundle(leaves, [event_of(e) for e in entries or ()], source.hashes(0, index, width))


def tile_width(size: int, level: int, index: int) -> int:
    """How many hashes a tile has in a log of this size (c2sp.org/tlog-tiles, "Partial Tiles")."""
    hashes: int = size // WIDTH**level
    return min(WIDTH, hashes - index * WIDTH)


def tree_before(source: Source, size: int, since: int) -> Tree:
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
        hashes = source.hashes(level, index, width) if known else []
        if hashes is None:
            path = tile_path(level, index, width)
            raise Unusable(f"{path} is missing or has another size; check without --since.")
        tree.levels.append(hashes[:known])
    return tree


class Reading:
    """Feeds the first `size` events of a log in files to an examination, in order.

    Compares the hash tiles with the entries on the way.
    """

    def __init__(self, source: Source, size: int, examination: Examination) -> None:
        self.tiles = 0  # compared
        self._source, self._size, self._examination = source, size, examination
        examination.tree.on_tile = self._compare_upper

    def run(self, *, jobs: int, progress: Callable[[int], None]) -> None:
        tree = self._examination.tree
        for index, bundle in self._bundles(tree.size // WIDTH, jobs):
            if bundle.leaves is None and bundle.tile is None:
                break
            self._feed(index, bundle)
            progress(min(self._size, (index + 1) * WIDTH))
        else:
            for tile in tree.edge():
                self._compare_upper(*tile)
        self._examination.end_of_log()

    def _bundles(self, first: int, jobs: int) -> Iterator[tuple[int, Bundle]]:
        """Every bundle in order, read by `jobs` processes that keep a little ahead."""
        numbers = range(first, -(-self._size // WIDTH))
        tasks = ((self._source, n, tile_width(self._size, 0, n)) for n in numbers)
        if jobs == 1:
            yield from ((task[1], read_bundle(*task)) for task in tasks)
            return
        with ProcessPoolExecutor(jobs) as pool:
            ahead: deque[tuple[int, Future[Bundle]]] = deque()
            for task in tasks:
                ahead.append((task[1], pool.submit(read_bundle, *task)))
                if len(ahead) > 8 * jobs:
                    number, bundle = ahead.popleft()
                    yield number, bundle.result()
            yield from ((number, bundle.result()) for number, bundle in ahead)

    def _feed(self, index: int, bundle: Bundle) -> None:
        leaves, events, tile = bundle
        width = tile_width(self._size, 0, index)
        if leaves is not None and len(leaves) == width:
            self._compare(0, index, leaves, tile)
        else:
            holds = "is missing" if leaves is None else f"holds {len(leaves)} entries"
            path = tile_path("entries", index, width)
            self._examination.findings.append(f"{path} {holds}, where {width} entries belong.")
            absent = None if leaves is None else "is not in the bundle"
            known = dict(zip(leaves or (), events, strict=True))
            leaves = tile or []  # it tells where each of the entries stands
            events = [known.get(leaf, absent) for leaf in leaves]
        for position, leaf, event in zip(count(index * WIDTH), leaves, events, strict=False):
            self._examination.take(position, leaf, event)

    def _compare_upper(self, level: int, index: int, hashes: list[bytes]) -> None:
        if level:  # the lowest are compared as the bundles come
            self._compare(level, index, hashes, self._source.hashes(level, index, len(hashes)))

    def _compare(
        self, level: int, index: int, hashes: list[bytes], stored: list[bytes] | None
    ) -> None:
        """Compare a hash tile with the hashes recomputed; name the first that differs."""
        self.tiles += 1
        path, found = tile_path(level, index, len(hashes)), self._examination.findings.append
        if stored is None:
            return found(f"{path} is missing, or has not the size of {len(hashes)} hashes.")
        if hashes == stored:
            return
        pairs = zip(count(index * WIDTH), hashes, stored, strict=False)
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
    report.findings, report.more_findings = findings[:MOST_TOLD], len(findings[MOST_TOLD:])
    report.seconds = round(time.perf_counter() - began, 3)
    return report


def _trust(options: argparse.Namespace) -> Trust:
    keys = [verifier_key(text, LOG_KEY) for text in options.key]
    witnesses = [verifier_key(text, WITNESS_KEY) for text in options.witness]
    if len({key.public for key in [*keys, *witnesses]}) < len(keys) + len(witnesses):
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
    if proof and proof.checkpoint.size >= since:
        examination.expect(proof.checkpoint.size, proof.checkpoint.root, options.proof)
    reading = Reading(source, head.size, examination)
    reading.run(jobs=options.jobs, progress=Progress(head.size).at)
    if options.rows:
        with _opened(options.rows) as lines:
            feed_rows(lines, examination)

    report.log, report.size = head.origin if known else UNKNOWN, head.size
    report.root = base64.b64encode(head.root).decode()
    report.earlier_checkpoints = {file: checkpoint.size for file, checkpoint in earlier.items()}
    report.figures = examination.figures() | {"hash tiles compared": reading.tiles}
    report.not_checked = list(_not_checked(options, since))


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
        report.proof |= {"cases": " ".join(_texts(event.cases))}


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
    add("--jobs", type=int, default=1, metavar="N", help="processes that read (default: 1)")
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
    if options.jobs < 1 or options.tolerance < 0:
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
