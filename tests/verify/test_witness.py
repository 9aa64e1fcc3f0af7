"""The witness, run as the program it is, by logs that keep to the standard and by logs that do not.

Trees, proofs, notes and cosignatures are made and checked here by the letter of the texts, with nothing
of the program.
"""

import ast
import base64
import contextlib
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit import notes
from audit.tiles import Tree
from verify import tutela_witness

PROGRAM = Path(tutela_witness.__file__)
NAME = "witness.example.org"
ORIGIN = "tutela.example.org/log"
DASH = "\u2014"


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


# --- RFC 9162, by the letter --------------------------------------------------------------


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d: Sequence[bytes]) -> bytes:
    """MTH of section 2.1.1."""
    if not d:
        return sha256(b"").digest()
    if len(d) == 1:
        return sha256(b"\x00" + d[0]).digest()
    k = split(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def subproof(m: int, d: Sequence[bytes], complete: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.4.1."""
    if m == len(d):
        return [] if complete else [mth(d)]
    k = split(len(d))
    if m <= k:
        return [*subproof(m, d[:k], complete), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


def proof_between(m: int, d: Sequence[bytes]) -> list[bytes]:
    """PROOF of section 2.1.4.1; nothing is to be proven from an empty tree."""
    return subproof(m, d, True) if m else []


# --- a log --------------------------------------------------------------------------------


@dataclass
class Log:
    """A log that can be asked for anything, also for what an honest one would not sign."""

    origin: str = ORIGIN
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    entries: list[bytes] = field(default_factory=lambda: [b"entry %d" % n for n in range(400)])

    @property
    def key_id(self) -> bytes:
        public = self.key.public_key().public_bytes_raw()
        return sha256(self.origin.encode() + b"\n\x01" + public).digest()[:4]

    @property
    def vkey(self) -> str:
        packed = b"\x01" + self.key.public_key().public_bytes_raw()
        return f"{self.origin}+{self.key_id.hex()}+{b64(packed)}"

    def text(self, size: int) -> str:
        return f"{self.origin}\n{size}\n{b64(mth(self.entries[:size]))}\n"

    def line(self, text: str) -> str:
        return f"{DASH} {self.origin} {b64(self.key_id + self.key.sign(text.encode()))}\n"

    def checkpoint(self, size: int) -> str:
        text = self.text(size)
        return f"{text}\n{self.line(text)}"

    def proof(self, old: int, size: int) -> str:
        hashes = proof_between(old, self.entries[:size])
        return f"old {old}\n" + "".join(f"{b64(one)}\n" for one in hashes)

    def request(self, old: int, size: int) -> str:
        return f"{self.proof(old, size)}\n{self.checkpoint(size)}"

    def rewritten(self, place: int) -> "Log":
        """The same log with another entry in one place."""
        entries = [*self.entries]
        entries[place] = b"something else"
        return Log(self.origin, self.key, entries)


def cosigned(answer: str, text: str, vkey: str) -> int:
    """The time of a cosignature, checked by the letter of c2sp.org/tlog-cosignature."""
    name, key_id, packed = vkey.split("+", 2)
    kind_and_key = base64.b64decode(packed)
    assert kind_and_key[0] == 4
    assert sha256(f"{name}\n".encode() + kind_and_key).hexdigest()[:8] == key_id
    assert answer.startswith(f"{DASH} {name} ")
    assert answer.endswith("\n")
    assert answer.count("\n") == 1
    raw = base64.b64decode(answer.split(" ")[2].rstrip("\n"), validate=True)
    assert raw[:4].hex() == key_id
    assert len(raw) == 4 + 8 + 64
    at = int.from_bytes(raw[4:12], "big")
    message = f"cosignature/v1\ntime {at}\n{text}".encode()
    Ed25519PublicKey.from_public_bytes(kind_and_key[1:]).verify(raw[12:], message)
    return at


# --- a witness ----------------------------------------------------------------------------


@dataclass
class Answer:
    status: int
    kind: str
    text: str


class Office:
    """A witness's folder, and the program run with it. Nothing of the project is in its reach."""

    def __init__(self, folder: Path, elsewhere: Path) -> None:
        self.folder, self.elsewhere = folder, elsewhere
        self.process: subprocess.Popen[bytes] | None = None
        self.log_file = elsewhere / "stderr.txt"

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", PROGRAM, "--dir", self.folder, *words]
        return subprocess.run(
            [str(word) for word in command],
            cwd=self.elsewhere,
            capture_output=True,
            text=True,
            timeout=60,
            env={"PATH": os.environ["PATH"]},
        )

    def init(self) -> str:
        self.vkey = self.run("init", NAME).stdout.strip()
        return self.vkey

    def start(self) -> None:
        begin = self.log_file.stat().st_size if self.log_file.exists() else 0
        with self.log_file.open("ab") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-I", PROGRAM, "--dir", self.folder, "serve", "--port", "0"],
                cwd=self.elsewhere,
                stderr=stderr,
                stdout=subprocess.DEVNULL,
                env={"PATH": os.environ["PATH"]},
            )
        deadline = time.monotonic() + 30
        while not (found := re.search(r"127\.0\.0\.1:(\d+)/\n", self.told(begin))):
            assert self.process.poll() is None, self.told(begin)
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.port = int(found[1])

    def kill(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def told(self, begin: int = 0) -> str:
        """What the program has written for the person who runs it."""
        return self.log_file.read_bytes()[begin:].decode()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def post(
        self, body: str | bytes, connection: http.client.HTTPConnection | None = None
    ) -> Answer:
        raw = body.encode() if isinstance(body, str) else body
        line = connection or self.connect()
        line.request("POST", "/add-checkpoint", raw)
        response = line.getresponse()
        kind = response.headers["Content-Type"]
        answer = Answer(response.status, kind, response.read().decode())
        if not connection:
            line.close()
        return answer

    @property
    def state(self) -> bytes:
        return (self.folder / "state.json").read_bytes()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A witness just made, of nobody's trust yet."""
    (tmp_path / "elsewhere").mkdir()
    office = Office(tmp_path / "witness", tmp_path / "elsewhere")
    office.init()
    yield office
    office.kill()


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def witness(office: Office, log: Log) -> Office:
    """A witness at work, that trusts the log."""
    assert office.run("trust", log.vkey).returncode == 0
    office.start()
    return office


@pytest.fixture
def desk(office: Office, log: Log) -> tutela_witness.Witness:
    """The same in this process."""
    assert office.run("trust", log.vkey).returncode == 0
    return tutela_witness.Witness(office.folder)


# --- growing ------------------------------------------------------------------------------


def test_a_growing_log_is_cosigned_over_one_connection(witness: Office, log: Log) -> None:
    line, old = witness.connect(), 0
    for size in [0, 1, 2, 3, 4, 7, 8, 9, 63, 64, 65, 128, 255, 300, 400]:
        before = int(time.time())
        answer = witness.post(log.request(old, size), line)
        assert (answer.status, answer.kind) == (200, "text/plain; charset=utf-8")
        at = cosigned(answer.text, log.text(size), witness.vkey)
        assert before <= at <= time.time()
        old = size
    assert f"{ORIGIN}: size 400, root {b64(mth(log.entries))}" in witness.run("status").stdout


def test_the_same_checkpoint_is_cosigned_again(witness: Office, log: Log) -> None:
    first = witness.post(log.request(0, 9))
    again = witness.post(log.request(9, 9))
    assert (first.status, again.status) == (200, 200)
    cosigned(again.text, log.text(9), witness.vkey)


def test_each_log_has_its_own_place(witness: Office, log: Log) -> None:
    other = Log("tutela.example.net/log")
    assert witness.post(other.request(0, 5)).status == 404
    witness.run("trust", other.vkey)  # while it is at work
    for size, old in [(5, 0), (8, 5)]:
        assert witness.post(other.request(old, size)).status == 200
        assert witness.post(log.request(old * 2, size * 2)).status == 200


def test_signatures_of_others_are_passed_over(witness: Office, log: Log) -> None:
    text = log.text(6)
    others = [Log("first.example/log"), Log("second.example/log"), Log(ORIGIN)]
    lines = "".join(other.line(text) for other in others)
    long = f"{DASH} pq.example/log {b64(b'1234' + bytes(5000))}\n" * 13
    answer = witness.post(f"old 0\n\n{text}\n{lines}{log.line(text)}{long}")
    assert answer.status == 200
    cosigned(answer.text, text, witness.vkey)
    assert b"first.example" not in witness.state


def test_a_line_of_the_log_beyond_the_root_is_cosigned_with_it(witness: Office, log: Log) -> None:
    text = f"{log.text(6)}extension\n"
    answer = witness.post(f"old 0\n\n{text}\n{log.line(text)}")
    cosigned(answer.text, text, witness.vkey)


def test_a_log_may_change_its_key(witness: Office, log: Log) -> None:
    assert witness.post(log.request(0, 5)).status == 200
    renewed = Log(entries=log.entries)
    assert witness.post(renewed.request(5, 9)).status == 403
    assert "remove its line" in witness.run("trust", renewed.vkey).stdout
    assert witness.post(renewed.request(5, 9)).status == 200
    trusted = witness.folder / "trusted.txt"
    trusted.write_text(f"# since May, from Anna by telephone\n#\n\n{renewed.vkey}\n")
    assert witness.post(log.request(9, 12)).status == 403
    assert witness.post(renewed.request(9, 12)).status == 200


def test_the_log_of_tutela_is_understood(witness: Office) -> None:
    """The product's own tree, notes and proofs, as far as they are plain functions."""
    key = Ed25519PrivateKey.generate()
    events = [b"event %d" % n for n in range(700)]

    def load(level: int, index: int, width: int) -> bytes:
        each = 256**level
        firsts = [each * (index * 256 + at) for at in range(width)]
        return b"".join(mth(events[first : first + each]) for first in firsts)

    assert not witness.run(
        "trust", notes.verifier_key("own.example/log", key.public_key())
    ).returncode
    old = 0
    for size in [3, 256, 300, 512, 699]:
        tree = Tree(size, load)
        hashes = "".join(f"{b64(one)}\n" for one in tree.consistency(old))
        note = notes.sign(key, "own.example/log", size, tree.root())
        answer = witness.post(f"old {old}\n{hashes}\n{note}")
        assert answer.status == 200
        cosigned(answer.text, notes.body("own.example/log", size, tree.root()), witness.vkey)
        old = size


# --- proofs -------------------------------------------------------------------------------


def test_proofs_made_here_are_those_of_the_examples() -> None:
    """c2sp.org/merkle-tree, "Consistency proofs" of a tree of seven."""
    d = [bytes([n]) for n in range(7)]
    a, b, c, one, e, f, g = (mth([entry]) for entry in d)
    h, j = mth(d[:2]), mth(d[4:6])
    k, full = mth(d[:4]), mth(d[4:])
    assert proof_between(3, d) == [c, one, h, full]
    assert proof_between(4, d) == [full]
    assert proof_between(6, d) == [j, g, k]
    assert mth(d[:2]) == sha256(b"\x01" + a + b).digest()
    assert j == sha256(b"\x01" + e + f).digest()


def test_every_right_proof_holds_and_no_damaged_one() -> None:
    entries = [b"%d" % n for n in range(40)]
    roots = [mth(entries[:n]) for n in range(41)]
    wrong = bytes(32)
    for old, size in [(0, 0), *((n, n) for n in range(41)), *combinations(range(41), 2)]:
        proof = proof_between(old, entries[:size])

        def holds(
            path: list[bytes], new: bytes, was: bytes, old: int = old, size: int = size
        ) -> bool:
            return tutela_witness.continues(old, was, size, new, path)

        assert holds(proof, roots[size], roots[old])
        assert not holds([*proof, wrong], roots[size], roots[old])
        assert not holds([wrong, *proof], roots[size], roots[old])
        if old:  # whatever a tree without entries becomes, it continues it
            assert not holds(proof, wrong, roots[old])
            assert not holds(proof, roots[size], wrong)
        for at in range(len(proof)):
            assert not holds([*proof[:at], *proof[at + 1 :]], roots[size], roots[old])
            assert not holds([*proof[:at], wrong, *proof[at + 1 :]], roots[size], roots[old])


def test_a_proof_is_for_its_sizes_alone() -> None:
    entries = [b"%d" % n for n in range(20)]
    roots = [mth(entries[:n]) for n in range(21)]
    sizes = list(combinations(range(1, 21), 2))
    for old, size in sizes:
        proof = proof_between(old, entries[:size])
        for other_old, other in sizes:
            right = (other_old, other) == (old, size)
            held = tutela_witness.continues(other_old, roots[other_old], other, roots[other], proof)
            assert held == (right or proof_between(other_old, entries[:other]) == proof)


def test_a_proof_of_another_length_does_not_hold_though_the_hashes_meet() -> None:
    """A root does not tell its size, so the number of hashes has to."""
    entries = [b"%d" % n for n in range(33)]
    for old, size in combinations(range(1, 34), 2):
        proof, root = proof_between(old, entries[:size]), mth(entries[:size])
        for said in range(old + 1, 34):
            if len(proof_between(old, entries[:said])) != len(proof):
                assert not tutela_witness.continues(old, mth(entries[:old]), said, root, proof)

    def node(left: bytes, right: bytes) -> bytes:
        return sha256(b"\x01" + left + right).digest()

    # A tree of six leaves ends with the pair (e, f). Hang a seventh below f, where none belongs.
    k, (e, f, g) = mth(entries[:4]), (mth([entry]) for entry in entries[4:7])
    assert mth(entries[:6]) == node(k, node(e, f))
    crooked = node(k, node(e, node(f, g)))
    assert not tutela_witness.continues(6, mth(entries[:6]), 7, crooked, [f, g, e, k])


# --- refusing -----------------------------------------------------------------------------


def refused(witness: Office, body: str | bytes, status: int) -> Answer:
    """The answer to what must not be cosigned, and must leave the witness as it was."""
    before = witness.state
    answer = witness.post(body)
    assert answer.status == status
    assert DASH not in answer.text
    assert witness.state == before
    return answer


MALFORMED: dict[str, Callable[[str], str | bytes]] = {
    "nothing": lambda right: "",
    "no old size": lambda right: right.split("\n", 1)[1],
    "old without size": lambda right: right.replace("old 4", "old"),
    "two spaces": lambda right: right.replace("old 4", "old  4"),
    "leading zero": lambda right: right.replace("old 4", "old 04"),
    "negative": lambda right: right.replace("old 4", "old -4"),
    "another alphabet": lambda right: right.replace("old 4", "old \u0664"),
    "capitals": lambda right: right.replace("old 4", "Old 4"),
    "huge": lambda right: right.replace("old 4", "old 1" + "0" * 5000),
    "CRLF": lambda right: right.replace("\n", "\r\n"),
    "no last newline": lambda right: right[:-1],
    "one newline more": lambda right: f"{right}\n",
    "no blank line": lambda right: right.replace("\n\n", "\n", 1),
    "no checkpoint": lambda right: right.split("\n\n")[0] + "\n\n",
    "no signatures": lambda right: right.rsplit("\n\n", 1)[0] + "\n",
    "not UTF-8": lambda right: right.encode().replace(b"tutela", b"\xff\xfe"),
    "control character": lambda right: right.replace("tutela", "tutela\x07"),
    "hash too short": lambda right: add_hashes(right, b64(bytes(31))),
    "hash in other letters": lambda right: add_hashes(right, b64(bytes(32)).replace("A", "-", 1)),
    "hash with stray bits": lambda right: add_hashes(right, b64(bytes(32))[:-2] + "B="),
    "hash without padding": lambda right: add_hashes(right, b64(bytes(32)).rstrip("=")),
    "64 hashes": lambda right: add_hashes(right, *[b64(bytes(32))] * 64),
    "101 signatures": lambda right: right + right.splitlines(keepends=True)[-1] * 100,
    "hyphen for the dash": lambda right: right.replace(DASH, "-"),
    "signature without name": lambda right: right.replace(f"{DASH} {ORIGIN}", f"{DASH} "),
    "plus in a key name": lambda right: right + f"{DASH} a+b {b64(bytes(68))}\n",
    "space in a key name": lambda right: right + f"{DASH} a\u00a0b {b64(bytes(68))}\n",
    "signature of no bytes": lambda right: right + f"{DASH} a {b64(bytes(4))}\n",
    "size with a plus": lambda right: right.replace(f"{ORIGIN}\n7\n", f"{ORIGIN}\n+7\n"),
    "size in letters": lambda right: right.replace(f"{ORIGIN}\n7\n", f"{ORIGIN}\nseven\n"),
    "root too short": lambda right: right.replace(b64(mth(Log().entries[:7])), b64(bytes(31))),
    "origin empty": lambda right: right.replace(f"\n{ORIGIN}\n7", "\n\n7"),
}


def add_hashes(request: str, *hashes: str) -> str:
    return request.replace("old 4\n", "old 4\n" + "".join(f"{one}\n" for one in hashes))


def test_what_is_no_request_is_refused(witness: Office, log: Log) -> None:
    assert witness.post(log.request(0, 4)).status == 200
    right = log.request(4, 7)
    for what, spoil in MALFORMED.items():
        assert spoil(right) not in (right, right.encode()), what
        before = witness.state
        answer = witness.post(spoil(right))
        assert (what, answer.status) == (what, 400)
        assert DASH not in answer.text
        assert witness.state == before
    assert witness.post(right).status == 200


def test_an_old_size_beyond_the_checkpoint_is_refused(witness: Office, log: Log) -> None:
    witness.post(log.request(0, 9))
    refused(witness, f"old 9\n\n{log.checkpoint(7)}", 400)


def test_a_log_nobody_has_spoken_for_is_refused(witness: Office, log: Log) -> None:
    stranger = Log("stranger.example/log", log.key)
    refused(witness, stranger.request(0, 3), 404)


def test_a_checkpoint_without_a_trusted_signature_is_refused(witness: Office, log: Log) -> None:
    text, forger = log.text(5), Log()
    head = f"old 0\n\n{text}\n"
    right = log.line(text)
    with_right_id = f"{DASH} {ORIGIN} {b64(log.key_id + forger.key.sign(text.encode()))}\n"
    refused(witness, head + forger.line(text), 403)
    refused(witness, head + with_right_id, 403)
    refused(witness, head + log.line(log.text(6)), 403)
    refused(witness, head + right + with_right_id, 403)
    refused(witness, head + right.replace(f" {ORIGIN} ", " someone.example/log "), 403)
    as_cosigned = log.key.sign(f"cosignature/v1\ntime 1\n{text}".encode())
    refused(witness, head + f"{DASH} {ORIGIN} {b64(log.key_id + as_cosigned)}\n", 403)
    assert witness.post(head + right).status == 200


@pytest.mark.parametrize("old", [0, 3, 8, 10, 12])
def test_another_old_size_is_told_the_right_one(witness: Office, log: Log, old: int) -> None:
    witness.post(log.request(0, 9))
    answer = refused(witness, log.request(old, 12), 409)
    assert (answer.kind, answer.text) == ("text/x.tlog.size", "9\n")
    assert witness.post(log.request(int(answer.text), 12)).status == 200


def test_a_log_never_cosigned_stands_at_nought(witness: Office, log: Log) -> None:
    answer = refused(witness, log.request(3, 9), 409)
    assert (answer.kind, answer.text) == ("text/x.tlog.size", "0\n")


def test_a_log_that_goes_back_is_refused(witness: Office, log: Log) -> None:
    witness.post(log.request(0, 9))
    for old in (0, 4, 7):
        assert refused(witness, log.request(old, 7), 409).text == "9\n"


def test_proofs_that_do_not_hold_are_refused(witness: Office, log: Log) -> None:
    refused(witness, add_hashes(log.request(0, 5).replace("old 0", "old 4"), b64(bytes(32))), 409)
    refused(witness, f"old 0\n{b64(bytes(32))}\n\n{log.checkpoint(5)}", 422)
    assert witness.post(log.request(0, 5)).status == 200
    refused(witness, f"old 5\n\n{log.checkpoint(9)}", 422)
    refused(witness, f"old 5\n{b64(bytes(32))}\n\n{log.checkpoint(5)}", 422)
    refused(witness, f"{log.proof(5, 10)}\n{log.checkpoint(9)}", 422)
    refused(witness, log.request(5, 9).replace("\n\n", f"\n{b64(bytes(32))}\n\n", 1), 422)
    for place in range(5):
        refused(witness, log.rewritten(place).request(5, 9), 422)
    assert witness.post(log.rewritten(7).request(5, 9)).status == 200  # nothing was promised of it


def test_a_second_tree_of_the_same_size_raises_the_alarm(witness: Office, log: Log) -> None:
    witness.post(log.request(0, 9))
    witness.post(log.request(9, 12))
    split_view = log.rewritten(11)
    for old in (12, 9, 0):
        answer = refused(witness, split_view.request(old, 12), 409)
        assert (answer.kind, answer.text) == ("text/x.tlog.size", "12\n")
    assert witness.told().count(f" 409 fork {ORIGIN} ALARM") == 3
    (kept,) = (witness.folder / "alarms").iterdir()
    for name, signed in [("cosigned.txt", log), ("offered.txt", split_view)]:
        note = (kept / name).read_text()
        assert notes.verify(note, log.vkey) == (12, mth(signed.entries[:12]))
    status = witness.run("status").stdout
    assert f"ALARMS: 1, kept in {witness.folder}/alarms" in status
    assert "size 12" in status


def test_alarms_do_not_fill_the_disk(desk: tutela_witness.Witness, log: Log) -> None:
    desk.add_checkpoint(log.request(0, 9).encode())
    for n in range(tutela_witness.MOST_ALARMS + 5):
        log.entries[8] = b"other %d" % n
        with pytest.raises(tutela_witness.Refused):
            desk.add_checkpoint(log.request(9, 9).encode())
    assert len(tutela_witness.alarms(desk.folder)) == tutela_witness.MOST_ALARMS


def test_a_tree_without_entries_has_one_root(witness: Office, log: Log) -> None:
    text = f"{ORIGIN}\n0\n{b64(bytes(32))}\n"
    answer = refused(witness, f"old 0\n\n{text}\n{log.line(text)}", 409)
    assert answer.text == "0\n"


# --- HTTP ---------------------------------------------------------------------------------


def ask(witness: Office, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", witness.port), timeout=30) as line:
        line.sendall(raw)
        told = b""
        while more := line.recv(65536):
            told += more
        return told


def test_other_requests_are_refused(witness: Office, log: Log) -> None:
    head = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n"
    body = log.request(0, 5).encode()
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    answers = {
        b"GET /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n": b"405",
        b"GET / HTTP/1.1\r\nHost: w\r\n\r\n": b"404",
        b"PUT /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n": b"501",
        b"POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 0\r\n\r\n": b"404",
        b"POST /add-checkpoint/../x HTTP/1.1\r\nHost: w\r\nContent-Length: 0\r\n\r\n": b"404",
        head + b"\r\n" + body: b"411",
        head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk: b"411",
        head + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + body: b"411",
        head + b"Content-Length: -5\r\n\r\n" + body: b"400",
        head + b"Content-Length: 131073\r\n\r\n": b"413",
        head + b"Content-Length: 999999999\r\n\r\n": b"413",
        b"POST /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n": b"414",
    }
    for raw, status in answers.items():
        told = ask(witness, raw)
        assert told.startswith(b"HTTP/1.1 " + status), raw[:80]
        assert b"nonsense" not in told
        assert b"Python" not in told
    assert ask(witness, b"nonsense\r\n\r\n") == b"Bad Request.\n"  # to a request without a version
    assert witness.post(body).status == 200


def test_a_body_of_the_greatest_length_is_taken(witness: Office, log: Log) -> None:
    text = log.text(5)
    right = f"old 0\n\n{text}\n{log.line(text)}"
    room = 128 * 1024 - len(right.encode())
    signed = "A" * (room - len(f"{DASH} x \n".encode()))
    signed = signed[: len(signed) // 4 * 4]
    body = f"{right}{DASH} {'x' * (room - len(signed) - 6)} {signed}\n"
    assert len(body.encode()) == 128 * 1024
    assert witness.post(body).status == 200
    assert ask(
        witness, b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 131073\r\n\r\n"
    ).startswith(b"HTTP/1.1 413")


def test_one_line_is_told_of_each_request_and_nothing_of_what_it_says(
    witness: Office, log: Log
) -> None:
    begin = len(witness.told().encode())
    witness.post(log.request(0, 5))
    witness.post(Log("private.example/log").request(0, 5))
    witness.post(log.request(0, 6))
    witness.post("private words")
    witness.post(f"old 5\n\n{log.checkpoint(8)}")
    ask(witness, b"GET /private?words HTTP/1.1\r\n\r\n")
    ask(witness, b"private\r\n\r\n")
    told = witness.told(begin)
    lines = [line.split(" ", 1)[1] for line in told.splitlines()]
    assert lines[:4] == [
        f"200 cosigned {ORIGIN}",
        "404 unknown -",
        f"409 behind {ORIGIN}",
        "400 malformed -",
    ]
    assert lines[4].startswith(f"422 inconsistent {ORIGIN} ALARM: the proof does not lead here")
    assert lines[5:] == ["404 not-found -", "400 bad-request -"]
    assert "private" not in told
    assert b64(mth(log.entries[:5])) not in told


@pytest.mark.drill
@pytest.mark.slow
def test_slow_clients_do_not_hold_it_up(witness: Office, log: Log) -> None:
    body = log.request(0, 5).encode()
    head = b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.create_connection(("127.0.0.1", witness.port), timeout=30) as slow:
        slow.sendall(head)
        assert witness.post(log.request(0, 4)).status == 200
        began, sent = time.monotonic(), 0
        try:
            while time.monotonic() < began + 20:
                slow.sendall(body[sent : sent + 1])
                sent += 1
                time.sleep(0.3)
        except OSError:
            pass
        assert 3 < time.monotonic() - began < 15
    assert " 408 too-slow -\n" in witness.told()

    idle = [socket.create_connection(("127.0.0.1", witness.port)) for _ in range(64)]
    time.sleep(0.5)
    with pytest.raises((OSError, http.client.HTTPException)):
        witness.post(log.request(4, 5))
    deadline, status = time.monotonic() + 20, 0
    while not status:
        assert time.monotonic() < deadline
        time.sleep(0.5)
        with contextlib.suppress(OSError, http.client.HTTPException):
            status = witness.post(log.request(4, 5)).status
    assert status == 200
    for line in idle:
        line.close()


def test_a_flood_of_headers_is_cut_off(witness: Office, log: Log) -> None:
    flood = b"".join(b"X-%d: %s\r\n" % (n, b"a" * 60000) for n in range(20))
    with contextlib.suppress(ConnectionError):
        assert ask(witness, b"POST /add-checkpoint HTTP/1.1\r\n" + flood + b"\r\n") == b""
    assert "ended with ConnectionError" in witness.told()
    assert witness.post(log.request(0, 5)).status == 200


# --- keeping what was promised ------------------------------------------------------------


def test_killed_between_requests_it_knows_all_it_has_cosigned(witness: Office, log: Log) -> None:
    sizes = [0, 3, 8, 20, 21, 64, 100]
    for old, size in pairwise(sizes):
        assert witness.post(log.request(old, size)).status == 200
        witness.kill()
        witness.start()
        split_view = log.rewritten(size - 1)
        assert refused(witness, split_view.request(old, size), 409).text == f"{size}\n"
        refused(witness, split_view.request(size, size + 1), 422)


def test_killed_the_moment_a_cosignature_arrives_it_has_kept_it(witness: Office, log: Log) -> None:
    for size in range(1, 16):
        assert witness.post(log.request(size - 1, size)).status == 200
        witness.kill()
        kept = json.loads(witness.state)["checkpoints"][ORIGIN]
        assert kept.startswith(log.text(size))
        witness.start()


def test_it_is_on_disk_before_it_is_told(
    desk: tutela_witness.Witness, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def record(name: str) -> None:
        right = getattr(os, name)

        def act(*arguments: object) -> object:
            what = arguments[-1]
            if isinstance(what, int):
                what = os.readlink(f"/proc/self/fd/{what}")
            done.append(f"{name} {Path(str(what)).name}")
            return right(*arguments)

        monkeypatch.setattr(os, name, act)

    record("fsync")
    record("replace")
    desk.add_checkpoint(log.request(0, 5).encode())
    assert done == ["fsync state.json.new", "replace state.json", f"fsync {desk.folder.name}"]


def test_what_cannot_be_kept_is_not_cosigned(witness: Office, log: Log) -> None:
    assert witness.post(log.request(0, 5)).status == 200
    assert witness.process
    process, no_end = witness.process.pid, resource.RLIM_INFINITY
    room = len(witness.state) - 1  # as if the disk had no more, but for what is told on stderr
    assert len(witness.told()) + 200 < room
    resource.prlimit(process, resource.RLIMIT_FSIZE, (room, no_end))
    refused(witness, log.request(5, 9), 500)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (no_end, no_end))
    assert witness.post(log.rewritten(8).request(5, 9)).status == 200


def test_a_state_set_back_under_it_stops_it(witness: Office, log: Log) -> None:
    witness.post(log.request(0, 5))
    earlier = witness.state
    witness.post(log.request(5, 9))
    (witness.folder / "state.json").write_bytes(earlier)
    for _ in range(2):
        refused(witness, log.rewritten(7).request(5, 9), 500)
    assert "500 unusable - Nothing is cosigned. state.json was changed" in witness.told()


def test_a_log_that_knows_more_than_the_witness_shows(witness: Office, log: Log) -> None:
    """Set back while it was stopped, a witness cannot know it; what the log asks for gives a hint."""
    witness.post(log.request(0, 5))
    earlier = witness.state
    witness.post(log.request(5, 9))
    witness.kill()
    (witness.folder / "state.json").write_bytes(earlier)
    witness.start()
    assert refused(witness, log.request(9, 12), 409).text == "5\n"
    assert f" 409 ahead {ORIGIN}\n" in witness.told()


def spoiled(state: bytes) -> Iterator[bytes]:
    """States that no witness has written."""
    yield b""
    yield b"{}\n"
    yield b"null\n"
    yield b"[" * 100_000
    yield b'{"format": "tutela-witness/1", "checkpoints": {}}\n'  # right, in another spelling
    yield state + b"\n"
    yield state.replace(b"tutela-witness/1", b"tutela-witness/2")
    yield state.replace(f'"{ORIGIN}"'.encode(), b'"another.example/log"')
    for end in range(0, len(state), 29):
        yield state[:end]
    for at in range(0, len(state), 3):
        yield state[:at] + bytes([state[at] ^ 1]) + state[at + 1 :]


def test_no_damaged_state_is_taken(desk: tutela_witness.Witness, log: Log) -> None:
    desk.add_checkpoint(log.request(0, 9).encode())
    state = (desk.folder / "state.json").read_bytes()
    tutela_witness.parse_state(state.decode(), desk.key)
    for damaged in spoiled(state):
        assert damaged != state
        with contextlib.suppress(tutela_witness.Unusable, UnicodeDecodeError):
            taken = tutela_witness.parse_state(damaged.decode(), desk.key)
            # The log's own signature is not needed any more. All that counts is as it was.
            assert {origin: one.text for origin, one in taken.items()} == {ORIGIN: log.text(9)}


@pytest.mark.parametrize("how", ["cut", "emptied", "gone", "not text"])
def test_it_does_not_begin_anew_over_a_damaged_state(witness: Office, log: Log, how: str) -> None:
    witness.post(log.request(0, 9))
    witness.kill()
    path, state = witness.folder / "state.json", witness.state
    damaged = {"cut": state[:-40], "emptied": b"", "gone": None, "not text": b"\xff\xfe"}[how]
    path.unlink() if damaged is None else path.write_bytes(damaged)
    for command in (["serve", "--port", "0"], ["status"], ["sign", witness.log_file]):
        done = witness.run(*command)
        assert (done.returncode, done.stdout) == (2, "")
        assert "state.json" in done.stderr
        assert "Traceback" not in done.stderr
    assert path.exists() == (damaged is not None)
    assert damaged is None or path.read_bytes() == damaged


def test_a_clock_before_the_last_cosignature_stops_it(
    desk: tutela_witness.Witness, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    desk.add_checkpoint(log.request(0, 5).encode())
    monkeypatch.setattr(time, "time", lambda: now - 3600)
    with pytest.raises(tutela_witness.Unusable, match="clock"):
        desk.add_checkpoint(log.request(5, 9).encode())
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    desk.add_checkpoint(log.request(5, 9).encode())


# --- many at once -------------------------------------------------------------------------


def test_of_conflicting_checkpoints_exactly_one_wins(witness: Office, log: Log) -> None:
    """The race of c2sp.org/tlog-witness: two views, posted at one moment by many."""
    rounds, many = 15, 8
    with ThreadPoolExecutor(many) as pool:
        for old in range(0, rounds * 2, 2):
            views = [log.rewritten(old), log]
            start = threading.Barrier(many)

            def send(number: int) -> tuple[int, Answer]:
                request = views[number % 2].request(old, old + 2)  # noqa: B023
                start.wait()  # noqa: B023
                return number % 2, witness.post(request)

            answers = list(pool.map(send, range(many)))
            won = [view for view, answer in answers if answer.status == 200]
            assert len(won) == 1
            assert sorted(answer.status for _, answer in answers) == [200] + [409] * (many - 1)
            assert {answer.text for _, answer in answers if answer.status == 409} == {
                f"{old + 2}\n"
            }
            log = views[won[0]]
            assert log.text(old + 2) in json.loads(witness.state)["checkpoints"][ORIGIN]


def test_larger_and_smaller_checkpoints_at_once_never_roll_back(witness: Office, log: Log) -> None:
    sizes = [20, 5, 30, 7, 40, 9, 50, 11]
    start = threading.Barrier(len(sizes))

    def send(size: int) -> Answer:
        start.wait()
        return witness.post(log.request(0, size))

    with ThreadPoolExecutor(len(sizes)) as pool:
        answers = dict(zip(sizes, pool.map(send, sizes), strict=True))
    (won,) = [size for size, answer in answers.items() if answer.status == 200]
    assert log.text(won) in json.loads(witness.state)["checkpoints"][ORIGIN]


def test_two_processes_do_not_share_a_witness(witness: Office, log: Log, tmp_path: Path) -> None:
    request = tmp_path / "checkpoint.txt"
    request.write_text(log.checkpoint(5))
    for command in (["serve", "--port", "0"], ["sign", request]):
        done = witness.run(*command)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Another process uses" in done.stderr
    witness.kill()
    assert witness.run("sign", request).returncode == 0


# --- the person who runs it ---------------------------------------------------------------


def test_checkpoints_on_a_stick_are_cosigned_by_the_same_rules(
    office: Office, log: Log, tmp_path: Path
) -> None:
    office.run("trust", log.vkey)
    checkpoint, proof = tmp_path / "checkpoint.txt", tmp_path / "proof.txt"

    def sign(size: int, old: int | None, of: Log = log) -> subprocess.CompletedProcess[str]:
        checkpoint.write_text(of.checkpoint(size))
        if old is None:
            return office.run("sign", checkpoint)
        proof.write_text(of.proof(old, size))
        return office.run("sign", checkpoint, proof)

    for size, old in [(5, None), (9, 5), (9, 9)]:
        done = sign(size, old)
        assert (done.returncode, done.stderr) == (0, "")
        cosigned(done.stdout, log.text(size), office.vkey)
    refusals = [
        (
            sign(12, None),
            "This witness has cosigned size 9, so the proof has to begin with `old 9`",
        ),
        (sign(12, 5), "This witness has cosigned size 9"),
        (sign(7, 5), "This witness has cosigned size 9"),
        (sign(12, 9, log.rewritten(3)), "ALARM: the proof does not lead here from size 9"),
        (sign(9, 9, log.rewritten(3)), "ALARM: another tree of size 9"),
        (sign(12, 9, Log("stranger.example/log")), "This witness does not know a log of that name"),
        (sign(12, 9, Log()), "The checkpoint is not signed by a key this witness trusts"),
    ]
    for done, why in refusals:
        assert (done.returncode, done.stdout) == (1, "")
        assert f"Not cosigned. {why}" in done.stderr
    office.start()
    assert office.post(log.request(9, 12)).status == 200


def test_files_that_are_no_checkpoint_are_refused_in_plain_words(
    office: Office, tmp_path: Path
) -> None:
    nothing = tmp_path / "nothing.txt"
    assert office.run("sign", nothing).returncode == 2
    nothing.write_bytes(b"\xff")
    done = office.run("sign", nothing)
    assert done.returncode == 1
    assert "This is not a signed checkpoint with a proof." in done.stderr


def test_a_witness_is_made_once(office: Office) -> None:
    key = office.folder / "witness.key"
    before = key.read_bytes()
    assert re.fullmatch(rf"{re.escape(NAME)}\+[0-9a-f]{{8}}\+[A-Za-z0-9+/]{{44}}", office.vkey)
    assert f"This witness: {office.vkey}" in office.run("status").stdout
    assert office.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in office.folder.iterdir()} == {0o600}
    done = office.run("init", NAME)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not empty" in done.stderr
    assert key.read_bytes() == before


@pytest.mark.parametrize("name", ["", "two words", "a+b", "bell\x07"])
def test_a_name_that_cannot_be_signed_with_is_refused(office: Office, name: str) -> None:
    shutil.rmtree(office.folder)
    assert office.run("init", name).returncode == 2
    assert not office.folder.exists()


def test_a_key_that_others_may_read_is_refused(office: Office) -> None:
    key = office.folder / "witness.key"
    key.chmod(0o640)
    done = office.run("serve", "--port", "0")
    assert done.returncode == 2
    assert f"chmod 600 {key}" in done.stderr
    key.chmod(0o600)
    key.write_text(key.read_text().replace(NAME, "another.example.org"))
    assert "does not hold the key of a witness" in office.run("status").stderr
    assert key.read_text().split("+")[-1].strip() not in office.run("status").stderr


def test_only_the_verifier_key_of_a_log_is_trusted(office: Office, log: Log) -> None:
    name, key_id, packed = log.vkey.split("+", 2)
    ecdsa = b64(b"\x02" + base64.b64decode(packed)[1:])
    wrong = [
        "",
        name,
        office.vkey,
        f"{name}+{key_id}",
        f"{name}+00000000+{packed}",
        f"{name}+{key_id.upper()}+{packed}x",
        f"other.example/log+{key_id}+{packed}",
        f"{name}+{key_id}+{ecdsa}",
        f"{name}+{key_id}+{packed[:-4]}",
    ]
    for vkey in wrong:
        done = office.run("trust", vkey)
        assert (done.returncode, done.stdout) == (2, ""), vkey
        assert "Nothing was changed" in done.stderr
    assert (office.folder / "trusted.txt").read_bytes() == b""
    assert "cosigned from now on" in office.run("trust", log.vkey).stdout
    assert "trusted already" in office.run("trust", log.vkey).stdout
    assert (office.folder / "trusted.txt").read_text() == f"{log.vkey}\n"
    assert f"{ORIGIN}: nothing cosigned yet" in office.run("status").stdout


def test_a_damaged_list_of_logs_is_refused(witness: Office, log: Log) -> None:
    (witness.folder / "trusted.txt").write_text(f"{log.vkey}\nnonsense\n")
    refused(witness, log.request(0, 5), 500)
    assert "A line of" in witness.run("status").stderr


def test_the_program_stands_alone() -> None:
    allowed = {*sys.stdlib_module_names, "cryptography"}
    for node in ast.walk(ast.parse(PROGRAM.read_text())):
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= allowed
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert str(node.module).split(".")[0] in allowed
