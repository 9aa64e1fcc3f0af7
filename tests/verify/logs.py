"""Logs made for the tests: real keys and signatures, entries and tiles by the specifications.

Nothing here is taken from the program under test or from Tutela: it is the second opinion.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "registry.example.org/log"
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
EVERY = timedelta(seconds=30)
Fields = dict[str, Any]


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def moment(number: float) -> str:
    """When the event of this number happens."""
    return (START + number * EVERY).isoformat(timespec="microseconds")


def uuid(random: Random, version: int = 7) -> str:
    digits = f"{random.getrandbits(128):032x}"
    digits = f"{digits[:12]}{version}{digits[13:16]}8{digits[17:]}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


# --- RFC 9162, as it is written -----------------------------------------------------------


def leaf(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """MTH (RFC 9162, section 2.1.1)."""
    leaves = tuple(leaves)

    @cache
    def mth(start: int, end: int) -> bytes:
        if end - start == 1:
            return leaves[start]
        k = 1 << (end - start - 1).bit_length() - 1
        return sha256(b"\x01" + mth(start, start + k) + mth(start + k, end)).digest()

    return mth(0, len(leaves)) if leaves else sha256().digest()


def path_to(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH (RFC 9162, section 2.1.3.1)."""
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if index < k:
        return [*path_to(index, leaves[:k]), root_of(leaves[k:])]
    return [*path_to(index - k, leaves[k:]), root_of(leaves[:k])]


# --- signed notes -------------------------------------------------------------------------


@dataclass
class Signer:
    """Somebody with an Ed25519 key: a log (type 1) or a witness (type 4)."""

    name: str
    kind: int = 1
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> bytes:
        return bytes([self.kind]) + self.key.public_key().public_bytes_raw()

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(self.public).decode()}"

    def line(self, text: str, at: int = 1_772_360_000) -> str:
        """The signature line under a note of this text."""
        if self.kind == 4:
            told = f"cosignature/v1\ntime {at}\n{text}".encode()
            made = at.to_bytes(8) + self.key.sign(told)
        else:
            made = self.key.sign(text.encode())
        return f"— {self.name} {base64.b64encode(self.id + made).decode()}\n"


def head(origin: str, leaves: Sequence[bytes]) -> str:
    return f"{origin}\n{len(leaves)}\n{base64.b64encode(root_of(leaves)).decode()}\n"


# --- a log --------------------------------------------------------------------------------


class Log:
    """A log in memory; `write` puts it into files."""

    def __init__(self, seed: int = 1, origin: str = ORIGIN) -> None:
        self.random = Random(seed)
        self.signer = Signer(origin)
        self.entries: list[bytes] = []
        self.versions: dict[tuple[str, str], list[Fields]] = {}  # told of, last digests
        self.people = [uuid(self.random) for _ in range(4)]

    def event(self, **fields: Any) -> Fields:
        """The content of the next entry, to be changed by `fields`."""
        return {
            "v": 1,
            "id": uuid(self.random),
            "at": moment(len(self.entries)),
            "actor": self.random.choice(self.people),
            "session": f"{self.random.getrandbits(64):016x}",
            "request": f"{self.random.getrandbits(64):016x}",
            "verb": "case_listed",
            "outcome": "ok",
            "reason": "",
            "cases": [],
            "classes": [],
        } | fields

    def add(self, **fields: Any) -> Fields:
        """Append an event and return its content."""
        content = self.event(**fields)
        self.entries.append(canonical(content))
        return content

    def write_row(self, label: str, row: str, **fields: Any) -> Fields:
        """Append an event of the next version of a row."""
        told = self.versions.setdefault((label, row), [])
        content = self.add(
            object_type=label,
            object=row,
            revision=len(told) + 1,
            digest=self.digest(),
            **({"verb": "case_changed"} | fields),
        )
        told.append(dict(content))
        return content

    def seal_anew(self, label: str, row: str, revision: int) -> Fields:
        digest = self.versions[label, row][revision - 1]["digest"] = self.digest()
        return self.add(verb="case_sealed_anew", resealed=[[label, row, revision, digest]])

    def digest(self) -> str:
        return f"{self.random.getrandbits(256):064x}"

    def uuid(self) -> str:
        return uuid(self.random)

    def fill(self, size: int) -> "Log":
        """Go on with the daily work until the log has this size."""
        while len(self.entries) < size:
            rows = list(self.versions)
            case = self.random.choice(rows)[1] if rows else self.uuid()
            deed = self.random.randrange(6) if rows else 0
            if deed == 0:
                row = self.uuid()
                self.write_row("cases.Case", row, cases=[row], verb="case_registered")
            elif deed == 1:
                self.write_row("cases.Person", self.uuid(), cases=[case], verb="person_registered")
            elif deed == 2:
                self.write_row(*self.random.choice(rows), cases=[case])
            elif deed == 3:
                blob = base64.b64encode(self.random.randbytes(90)).decode()
                self.add(verb="grant_given", cases=[case], scope=case, sealed=blob)
            else:
                self.add(verb="case_viewed", cases=[case], classes=["identity", "medical"])
        return self

    def leaves(self, size: int | None = None) -> list[bytes]:
        return [leaf(entry) for entry in self.entries[:size]]

    def note(self, size: int | None = None, *, by: Sequence[Signer] | None = None) -> str:
        """The signed checkpoint at a size; `by` the log, or by these."""
        text = head(self.signer.name, self.leaves(size))
        return f"{text}\n{''.join(signer.line(text) for signer in by or [self.signer])}"

    def proof(self, index: int, size: int | None = None, **how: Any) -> str:
        """A C2SP tlog-proof of one event."""
        hashes = [base64.b64encode(node).decode() for node in path_to(index, self.leaves(size))]
        lines = ["c2sp.org/tlog-proof@v1", f"index {index}", *hashes]
        return "\n".join(lines) + "\n\n" + self.note(size, **how)

    def rows(self) -> list[Fields]:
        """What the tables hold when nobody touched them, as `rows.jsonl` tells it."""
        rows = []
        for (label, row), told in self.versions.items():
            for event in told:
                version = {"object_type": label, "object": row, "revision": event["revision"]}
                version |= {"digest": event["digest"], "live": False}
                version |= {name: event[name] for name in ("at", "verb", "actor")}
                rows.append(version | {"first": event["revision"] == 1})
            last = told[-1]
            live = {"object_type": label, "object": row, "revision": last["revision"]}
            rows.append(live | {"digest": last["digest"], "live": True})
        return rows

    def write(self, folder: Path, *, size: int | None = None, note: str | None = None) -> Path:
        """Write checkpoint, entry bundles and hash tiles of the log at a size."""
        entries = self.entries[:size]
        put(folder / "checkpoint", (self.note(size) if note is None else note).encode())
        for start in range(0, len(entries), 256):
            some = entries[start : start + 256]
            put(tile(folder, "entries", start // 256, len(some)), bundle(some))
        level, hashes = 0, [leaf(entry) for entry in entries]
        while hashes:
            for start in range(0, len(hashes), 256):
                some = hashes[start : start + 256]
                put(tile(folder, level, start // 256, len(some)), b"".join(some))
            full = len(hashes) // 256
            hashes = [root_of(hashes[n * 256 : (n + 1) * 256]) for n in range(full)]
            level += 1
        return folder


def bundle(entries: Sequence[bytes]) -> bytes:
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def tile(folder: Path, kind: int | str, index: int, width: int = 256) -> Path:
    """Where a tile lies, for indexes below a million."""
    path = f"{index:03d}" if index < 1000 else f"x{index // 1000:03d}/{index % 1000:03d}"
    return folder / "tile" / str(kind) / (path if width == 256 else f"{path}.p/{width}")


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
