#!/usr/bin/env python3
"""Cosigns checkpoints of Tutela logs, on a computer that belongs to somebody else than the logs do.

    python3 tutela_witness.py init NAME        makes this witness and prints its verifier key
    python3 tutela_witness.py trust VKEY       adds a log whose checkpoints it may cosign
    python3 tutela_witness.py serve            answers logs over HTTP
    python3 tutela_witness.py sign CHECKPOINT [PROOF]    does the same with files, on paper or on a stick
    python3 tutela_witness.py status           says what it has cosigned

One file; needs Python 3.11 or later on Linux or macOS, and the package `cryptography`. WITNESS.md is for
the person who runs it. The formats are public, and docstrings name the part they follow:

    c2sp.org/tlog-witness       the request to cosign, and the answers
    c2sp.org/tlog-cosignature   what a witness signs
    c2sp.org/tlog-checkpoint    what a log signs: its name, size and root
    c2sp.org/signed-note        signatures under a text, and verifier keys
    RFC 9162, section 2.1       the tree, and the proof that one tree continues another

Exit code 0: done. 1: refused to cosign. 2: the witness cannot work as it stands.
"""

import argparse
import base64
import fcntl
import io
import json
import os
import re
import socket
import socketserver
import stat
import sys
import threading
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

MOST_BYTES = 128 * 1024  # of a request: 63 hashes and 16 of the longest signatures there are
MOST_HASHES = 63  # c2sp.org/tlog-witness, "add-checkpoint"
MOST_SIGNATURES = 100
MOST_CONNECTIONS = 64
MOST_ALARMS = 100  # kept as files
SECONDS = 5.0  # in which a request has to arrive
FORMAT = "tutela-witness/1"


class Unusable(Exception):
    """The witness's own files or clock are not as they must be; the message says what to do."""


class Refused(Exception):
    """A checkpoint is not cosigned; the message says why. `size` is the last cosigned one, if told."""

    origin = "-"  # or the name of a trusted log

    def __init__(self, status: int, word: str, message: str, size: int | None = None) -> None:
        super().__init__(message)
        self.status, self.word, self.size = status, word, size


# --- signed notes -------------------------------------------------------------------------

LOG_KEY, WITNESS_KEY = 0x01, 0x04  # c2sp.org/signed-note, "Signature types"
PRIVATE = "PRIVATE+KEY+"


def pack(raw: bytes) -> str:
    """Base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(raw).decode()


def unpack(text: str) -> bytes:
    """The bytes of base64 in its one right spelling. Raises ValueError."""
    raw = base64.b64decode(text, validate=True)
    if pack(raw) != text:
        raise ValueError("another spelling of the same bytes")
    return raw


def is_name(text: str) -> bool:
    """Whether this may name a key (c2sp.org/signed-note, "Format")."""
    return bool(text) and "+" not in text and not any(letter.isspace() for letter in text)


class Key(NamedTuple):
    """A public key under its name and kind (c2sp.org/signed-note, "Signatures")."""

    name: str
    kind: int
    public: Ed25519PublicKey

    @property
    def packed(self) -> bytes:
        raw = self.public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return bytes([self.kind]) + raw

    @property
    def id(self) -> bytes:
        return sha256(f"{self.name}\n".encode() + self.packed).digest()[:4]

    @property
    def text(self) -> str:
        """The verifier key, as it is handed out: name, key ID and key."""
        return f"{self.name}+{self.id.hex()}+{pack(self.packed)}"


def parse_key(text: str, kind: int) -> Key:
    """The key of a verifier key string. Raises ValueError."""
    name, _key_id, packed = text.split("+", 2)
    raw = unpack(packed)
    key = Key(name, kind, Ed25519PublicKey.from_public_bytes(raw[1:]))
    if not (is_name(name) and name.isprintable() and key.text == text):
        raise ValueError("not a verifier key of this kind")
    return key


class Signature(NamedTuple):
    """A signature line (c2sp.org/signed-note, "Format")."""

    line: str
    name: str
    key_id: bytes
    signed: bytes

    def is_by(self, key: Key) -> bool:
        return (self.name, self.key_id) == (key.name, key.id)


def parse_signature(line: str) -> Signature:
    """A signature out of its line. Raises ValueError."""
    dash, name, packed = line.split(" ")
    raw = unpack(packed)
    if dash != "\u2014" or not is_name(name) or len(raw) < 5:
        raise ValueError("not a signature line")
    return Signature(f"{line}\n", name, raw[:4], raw[4:])


class Checkpoint(NamedTuple):
    """A signed note about a tree: `text` is what is signed (c2sp.org/tlog-checkpoint, "Note text")."""

    note: str
    text: str
    origin: str
    size: int
    root: bytes
    signatures: list[Signature]


def parse_size(text: str) -> int:
    """A number of entries without leading zeros. Raises ValueError."""
    if not re.fullmatch("0|[1-9][0-9]{0,18}", text):
        raise ValueError("not a size")
    return int(text)


def parse_hash(text: str) -> bytes:
    """A SHA-256 hash in base64. Raises ValueError."""
    if len(raw := unpack(text)) != 32:
        raise ValueError("not a hash")
    return raw


def parse_checkpoint(note: str) -> Checkpoint:
    """A checkpoint whose signatures nobody has checked yet. Raises ValueError."""
    text, blank, under = note.rpartition("\n\n")
    lines, signatures = text.split("\n"), under.split("\n")
    if not blank or not all(lines) or signatures.pop() or len(signatures) > MOST_SIGNATURES:
        raise ValueError("not a signed checkpoint")
    if any(letter < " " and letter != "\n" for letter in note):
        raise ValueError("control characters in a note")
    origin, size, root, *_extensions = lines
    found = [parse_signature(line) for line in signatures]
    return Checkpoint(note, f"{text}\n", origin, parse_size(size), parse_hash(root), found)


def signed_by(checkpoint: Checkpoint, keys: Sequence[Key]) -> str:
    """The lines of these keys' signatures. Raises InvalidSignature when one is wrong, or none is there.

    Signatures of keys that are not known are passed over (c2sp.org/signed-note, "Signatures").
    """
    lines = ""
    for signature in checkpoint.signatures:
        for key in keys:
            if signature.is_by(key):
                key.public.verify(signature.signed, checkpoint.text.encode())
                lines += signature.line
    if not lines:
        raise InvalidSignature
    return lines


# --- cosignatures -------------------------------------------------------------------------


def cosigned_text(at: int, text: str) -> bytes:
    """What a witness signs (c2sp.org/tlog-cosignature, "Ed25519 signed message")."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def cosign(private: Ed25519PrivateKey, key: Key, at: int, text: str) -> str:
    """The signature line of this witness (c2sp.org/tlog-cosignature, "Format")."""
    signed = at.to_bytes(8, "big") + private.sign(cosigned_text(at, text))
    return f"\u2014 {key.name} {pack(key.id + signed)}\n"


def cosigned_at(checkpoint: Checkpoint, key: Key) -> int:
    """Seconds since 1970 at which this witness cosigned. Raises ValueError, InvalidSignature."""
    (signature,) = [one for one in checkpoint.signatures if one.is_by(key)]
    at = int.from_bytes(signature.signed[:8], "big")
    key.public.verify(signature.signed[8:], cosigned_text(at, checkpoint.text))
    return at


# --- the tree -----------------------------------------------------------------------------

EMPTY_ROOT = sha256().digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees (RFC 9162, section 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def continues(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof leads from the old tree to this one, with nothing before changed or removed.

    RFC 9162, section 2.1.4.2; the proof is empty from a tree without entries, and between equal trees.
    """
    if old in (0, size):
        return not proof and (old < size or old_root == root)
    if old > size or not proof:
        return False
    first, last = old - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    # Where the old tree is a full subtree, its root begins the path and is not sent.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    from_old = from_new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            from_old, from_new = node_hash(node, from_old), node_hash(node, from_new)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            from_new = node_hash(from_new, node)
        first, last = first >> 1, last >> 1
    return last == 0 and from_old == old_root and from_new == root


# --- files --------------------------------------------------------------------------------

KEY_FILE, TRUSTED_FILE, STATE_FILE, ALARMS = "witness.key", "trusted.txt", "state.json", "alarms"


def write_whole(path: Path, text: str) -> None:
    """Put a text in place of a file, so that whatever happens the old or the new is there, whole."""
    beside = path.with_name(f"{path.name}.new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name, too
    finally:
        os.close(folder)


def read(path: Path) -> str:
    """Text of one of the witness's files. Raises Unusable."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise Unusable(f"{path} is not there. Was this witness made with `init`?") from None
    except UnicodeDecodeError:
        raise Unusable(f"{path} is damaged.") from None


def read_key(path: Path) -> tuple[Ed25519PrivateKey, Key]:
    """The witness's key. Raises Unusable, also when others on this computer may read it."""
    text = read(path).strip()
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Unusable(f"Others on this computer may read {path}. Run: chmod 600 {path}")
    try:
        name, _key_id, packed = text.removeprefix(PRIVATE).split("+", 2)
        private = Ed25519PrivateKey.from_private_bytes(unpack(packed)[1:])
        key = Key(name, WITNESS_KEY, private.public_key())
        if text != private_text(private, key):
            raise ValueError("not a witness's key")
    except ValueError:
        raise Unusable(f"{path} does not hold the key of a witness.") from None
    return private, key


def private_text(private: Ed25519PrivateKey, key: Key) -> str:
    """The private key in one line, the way verifier keys are written."""
    raw = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return f"{PRIVATE}{key.name}+{key.id.hex()}+{pack(bytes([key.kind]) + raw)}"


def read_trusted(path: Path) -> list[Key]:
    """Keys of the logs, a line each; a line that begins with a lone # is a remark. Raises Unusable."""
    lines = [line.strip() for line in read(path).split("\n")]
    try:
        return [parse_key(line, LOG_KEY) for line in lines if line and line.split()[0] != "#"]
    except ValueError:
        raise Unusable(f"A line of {path} is not the verifier key of a log.") from None


def state_text(state: dict[str, Checkpoint]) -> str:
    """The latest cosigned checkpoint of each log, as it is stored."""
    notes = {origin: checkpoint.note for origin, checkpoint in state.items()}
    content = {"format": FORMAT, "checkpoints": notes}
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def parse_state(text: str, key: Key) -> dict[str, Checkpoint]:
    """The latest cosigned checkpoint of each log. Raises Unusable.

    Each bears this witness's own cosignature, so no size or root passes that it has not cosigned.
    """
    try:
        notes = json.loads(text)["checkpoints"]
        state = {origin: parse_checkpoint(note) for origin, note in notes.items()}
        if state_text(state) != text:
            raise ValueError("written by something else")
        for origin, checkpoint in state.items():
            cosigned_at(checkpoint, key)
            if checkpoint.origin != origin:
                raise ValueError("a checkpoint of another log")
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature, RecursionError):
        raise Unusable(
            f"{STATE_FILE} is damaged, so this witness does not know any more what it has cosigned. "
            "It does not begin anew under the same key: see WITNESS.md, 'When it refuses'."
        ) from None
    return state


# --- the witness --------------------------------------------------------------------------


class Request(NamedTuple):
    """What a log asks for (c2sp.org/tlog-witness, "add-checkpoint")."""

    old: int
    proof: list[bytes]
    checkpoint: Checkpoint


def parse_request(body: bytes) -> Request:
    """A request out of its bytes. Raises Refused with status 400."""
    try:
        head, _blank, note = body.decode().partition("\n\n")
        old, *hashes = head.split("\n")
        if not old.startswith("old ") or len(hashes) > MOST_HASHES or len(body) > MOST_BYTES:
            raise ValueError("not a request")
        proof = [parse_hash(line) for line in hashes]
        return Request(parse_size(old.removeprefix("old ")), proof, parse_checkpoint(note))
    except ValueError:
        message = "This is not a signed checkpoint with a proof."
        raise Refused(400, "malformed", message) from None


class Witness:
    """One witness and its folder, which this process holds alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.private, self.key = read_key(folder / KEY_FILE)
        # The folder itself is locked: a lock file might be deleted and made again.
        self._held = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._held)
            raise Unusable(f"Another process uses {folder}. Stop it first.") from None
        self._turn = threading.Lock()
        self._written = read(folder / STATE_FILE)
        parse_state(self._written, self.key)
        self.trusted()

    def trusted(self) -> list[Key]:
        """Keys of the logs that this witness cosigns, as the file has them now. Raises Unusable."""
        return read_trusted(self.folder / TRUSTED_FILE)

    def add_checkpoint(self, body: bytes) -> tuple[str, str]:
        """The log's name and the cosignature line (c2sp.org/tlog-witness, "add-checkpoint").

        When this returns, what was cosigned is on disk. Raises Refused; Unusable or OSError when this
        witness cannot remember what it would cosign.
        """
        request = parse_request(body)
        origin = request.checkpoint.origin
        keys = [key for key in self.trusted() if key.name == origin]
        if not keys:
            raise Refused(404, "unknown", "This witness does not know a log of that name.")
        try:
            return origin, self._add(request, keys)
        except Refused as refusal:
            refusal.origin = origin
            raise

    def _add(self, request: Request, keys: Sequence[Key]) -> str:
        new = request.checkpoint
        try:
            offered = f"{new.text}\n{signed_by(new, keys)}"
        except InvalidSignature:
            message = "The checkpoint is not signed by a key this witness trusts for that log."
            raise Refused(403, "unsigned", message) from None
        if request.old > new.size:
            raise Refused(400, "malformed", "The old size is larger than the checkpoint's.")
        with self._turn:  # one at a time: the state of all logs is one file
            state = self._recall()
            latest = state.get(new.origin)
            try:
                check(request, latest)
            except Refused as refusal:
                if latest and refusal.word in ALARMING:
                    self._keep_evidence(latest, offered)
                raise
            line = cosign(self.private, self.key, self._now(latest), new.text)
            self._remember(state | {new.origin: parse_checkpoint(f"{offered}{line}")})
        return line

    def _recall(self) -> dict[str, Checkpoint]:
        """What was cosigned. Raises Unusable when the file is not as this process left it."""
        text = read(self.folder / STATE_FILE)
        if text != self._written:
            raise Unusable(
                f"{STATE_FILE} was changed by another hand while this witness was at work. Find out by "
                "whose before you start it again: see WITNESS.md, 'When it refuses'."
            )
        return parse_state(text, self.key)

    def _remember(self, state: dict[str, Checkpoint]) -> None:
        text = state_text(state)
        write_whole(self.folder / STATE_FILE, text)
        self._written = text

    def _now(self, latest: Checkpoint | None) -> int:
        """Seconds since 1970; of two checkpoints the later must not bear the earlier time."""
        now = int(time.time())
        if latest and now < cosigned_at(latest, self.key):
            raise Unusable(
                "The clock of this computer stands before the last cosignature. Set it right."
            )
        return now

    def _keep_evidence(self, latest: Checkpoint, offered: str) -> None:
        """Keep both checkpoints: the log has signed the one and the other."""
        name = sha256(f"{latest.text}{offered}".encode()).hexdigest()[:16]
        folder = self.folder / ALARMS / name
        if (folder / "offered.txt").exists() or len(alarms(self.folder)) >= MOST_ALARMS:
            return
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(folder / "cosigned.txt", latest.note)
            write_whole(folder / "offered.txt", offered)
        except OSError as error:
            tell(f"The two checkpoints could not be kept: {error.strerror}")


ALARMING = {"fork", "inconsistent"}
ADVICE = "See WITNESS.md, 'When it refuses'."


def check(request: Request, latest: Checkpoint | None) -> None:
    """Compare with what was cosigned (c2sp.org/tlog-witness, "add-checkpoint"). Raises Refused."""
    old, new = request.old, request.checkpoint
    size, root = (latest.size, latest.root) if latest else (0, EMPTY_ROOT)
    if new.size == size and new.root != root:
        raise Refused(409, "fork", f"ALARM: another tree of size {size}. {ADVICE}", size)
    if old != size:
        word = "ahead" if old > size else "behind"
        message = (
            f"This witness has cosigned size {size}, so the proof has to begin with `old {size}`."
        )
        raise Refused(409, word, message, size)
    if not continues(size, root, new.size, new.root, request.proof):
        message = f"ALARM: the proof does not lead here from size {size}. {ADVICE}"
        raise Refused(422, "inconsistent", message)


def alarms(folder: Path) -> list[str]:
    """Names of the kept contradictions."""
    return sorted(os.listdir(folder / ALARMS)) if (folder / ALARMS).is_dir() else []


# --- HTTP ---------------------------------------------------------------------------------


class Incoming(io.RawIOBase):
    """Reads a connection: for each request no longer than SECONDS, no more than a body and its head."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.begin()

    def begin(self) -> None:
        """Allow another request its time and its bytes."""
        self.until, self.count = time.monotonic() + SECONDS, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if (left := self.until - time.monotonic()) <= 0:
            raise TimeoutError
        if self.count > 2 * MOST_BYTES:
            raise ConnectionError
        self._connection.settimeout(left)
        count = self._connection.recv_into(buffer)
        self.count += count
        return count


class Handler(BaseHTTPRequestHandler):
    """Answers logs (c2sp.org/tlog-witness, "HTTP Interface")."""

    protocol_version = "HTTP/1.1"  # connections are kept
    server: "Server"

    def setup(self) -> None:
        super().setup()
        self.incoming = Incoming(self.connection)
        self.rfile = io.BufferedReader(self.incoming)

    def handle_one_request(self) -> None:
        self.incoming.begin()
        super().handle_one_request()

    def do_POST(self) -> None:
        if self.path != "/add-checkpoint":
            return self.send_error(404)
        lengths = self.headers.get_all("Content-Length", [])
        if "Transfer-Encoding" in self.headers or len(lengths) != 1:
            return self.send_error(411)
        if not re.fullmatch("[0-9]{1,9}", lengths[0]):
            return self.send_error(400)
        if (length := int(lengths[0])) > MOST_BYTES:
            return self.send_error(413)
        body = self.rfile.read(length)
        return self._cosign(body) if len(body) == length else self.send_error(400)

    def do_GET(self) -> None:
        self.send_error(405 if self.path == "/add-checkpoint" else 404)

    def _cosign(self, body: bytes) -> None:
        try:
            origin, line = self.server.witness.add_checkpoint(body)
        except Refused as refusal:
            told = f"{refusal.word} {refusal.origin}"
            if refusal.word in ALARMING:
                told += f" {refusal}"
            if refusal.size is None:
                self._answer(refusal.status, told, f"{refusal}\n")
            else:
                self._answer(refusal.status, told, f"{refusal.size}\n", "text/x.tlog.size")
        except (Unusable, OSError) as error:
            self._answer(500, f"unusable - Nothing is cosigned. {error}", "Cannot cosign now.\n")
        else:
            self._answer(200, f"cosigned {origin}", line)

    def _answer(
        self, status: int, told: str, text: str, kind: str = "text/plain; charset=utf-8"
    ) -> None:
        """Send an answer, and tell of it in one line that quotes nothing of the request."""
        tell(f"{status} {told}")
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        if status == 405:
            self.send_header("Allow", "POST")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is not a request of this protocol; what follows it is not read."""
        self.close_connection = True
        phrase = HTTPStatus(code).phrase
        self._answer(code, f"{phrase.lower().replace(' ', '-')} -", f"{phrase}.\n")

    def log_message(self, format: str, *arguments: object) -> None:
        """Called by the base class when time is up: a request may have begun, or the log is done."""
        if self.incoming.count:
            tell("408 too-slow -")


class Server(socketserver.ThreadingTCPServer):
    """Takes connections, each in a thread, up to MOST_CONNECTIONS at a time."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, witness: Witness, host: str, port: int) -> None:
        self.witness = witness
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if threading.active_count() > MOST_CONNECTIONS:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell only the kind of an error: its text might quote a request."""
        tell(f"A connection ended with {type(sys.exception()).__name__}.")


# --- commands -----------------------------------------------------------------------------


def tell(sentence: str) -> None:
    """A line for the person who runs the witness, with the time in UTC."""
    sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {sentence}\n")
    sys.stderr.flush()


def say(text: str) -> None:
    """What was asked for, on standard output."""
    sys.stdout.write(f"{text}\n")


def init(folder: Path, name: str) -> int:
    """Make a witness: its key, and that it has cosigned nothing so far."""
    if not (is_name(name) and name.isprintable()):
        raise Unusable("A name has no spaces and no plus sign: use one like witness.example.org")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.listdir(folder):
        raise Unusable(f"{folder} is not empty. A witness is made once, in a folder of its own.")
    private = Ed25519PrivateKey.generate()
    key = Key(name, WITNESS_KEY, private.public_key())
    write_whole(folder / STATE_FILE, state_text({}))
    write_whole(folder / TRUSTED_FILE, "")
    write_whole(folder / KEY_FILE, f"{private_text(private, key)}\n")
    say(key.text)
    return 0


def trust(folder: Path, vkey: str) -> int:
    """Add a log. A log may have several keys, so that it can change them."""
    read_key(folder / KEY_FILE)
    path = folder / TRUSTED_FILE
    known = read_trusted(path)
    try:
        key = parse_key(vkey.strip(), LOG_KEY)
    except ValueError:
        raise Unusable(
            "This is not the verifier key of a log (of kind 1, Ed25519). Nothing was changed."
        ) from None
    if key.text in [one.text for one in known]:
        say(f"{key.name} is trusted already.")
        return 0
    write_whole(path, f"{read(path).rstrip()}\n{key.text}\n".lstrip())
    say(f"Checkpoints of {key.name} are cosigned from now on.")
    if key.name in [one.name for one in known]:
        say(f"It had another key, which is trusted still. To end that, remove its line from {path}")
    return 0


def serve(folder: Path, host: str, port: int) -> int:
    """Answer logs until the process is ended."""
    witness = Witness(folder)
    with Server(witness, host, port) as server:
        port = server.socket.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        tell(f"Witness {witness.key.name} listens on http://{shown}:{port}/")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            tell("Ended.")
    return 0


def sign(folder: Path, checkpoint: Path, proof: Path | None) -> int:
    """Cosign a checkpoint that somebody brought, by the same rules; prints the cosignature alone."""
    witness = Witness(folder)
    head = proof.read_bytes().rstrip(b"\n") if proof else b"old 0"
    try:
        _origin, line = witness.add_checkpoint(head + b"\n\n" + checkpoint.read_bytes())
    except Refused as refusal:
        tell(f"Not cosigned. {refusal}")
        return 1
    say(line.rstrip())
    return 0


def status(folder: Path) -> int:
    """Say who this witness is and what it has cosigned."""
    _private, key = read_key(folder / KEY_FILE)
    state = parse_state(read(folder / STATE_FILE), key)
    say(f"This witness: {key.text}")
    for name in sorted({one.name for one in read_trusted(folder / TRUSTED_FILE)} | state.keys()):
        if latest := state.get(name):
            at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(cosigned_at(latest, key)))
            say(f"{name}: size {latest.size}, root {pack(latest.root)}, cosigned {at} UTC")
        else:
            say(f"{name}: nothing cosigned yet")
    if kept := alarms(folder):
        say(f"ALARMS: {len(kept)}, kept in {folder / ALARMS}. See WITNESS.md, 'When it refuses'.")
    return 0


def parser() -> argparse.ArgumentParser:
    """What can be given on the command line."""
    top = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    home = Path.home() / ".tutela-witness"
    top.add_argument("--dir", type=Path, default=home, help=f"the witness's folder ({home})")
    commands = top.add_subparsers(required=True)
    one = commands.add_parser("init", help="make this witness; prints its verifier key")
    one.add_argument("name", help="as in witness.example.org")
    one.set_defaults(run=init)
    one = commands.add_parser("trust", help="add a log")
    one.add_argument("vkey", help="the log's verifier key, from a person you know")
    one.set_defaults(run=trust)
    one = commands.add_parser("serve", help="answer logs over HTTP, behind a proxy that does TLS")
    one.add_argument("--host", default="127.0.0.1")
    one.add_argument("--port", type=int, default=8470)
    one.set_defaults(run=serve)
    one = commands.add_parser("sign", help="cosign a checkpoint from a file")
    one.add_argument("checkpoint", type=Path)
    one.add_argument("proof", type=Path, nargs="?", help="`old` line and hashes; none at first")
    one.set_defaults(run=sign)
    commands.add_parser("status", help="what was cosigned").set_defaults(run=status)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit codes are told above."""
    os.umask(0o077)
    given = vars(parser().parse_args(arguments))
    run: Callable[..., int] = given.pop("run")
    try:
        return run(given.pop("dir"), **given)
    except Unusable as error:
        tell(str(error))
    except OSError as error:
        tell(f"{error.filename or 'The address'}: {error.strerror or error}")
    return 2


if __name__ == "__main__":
    sys.exit(main())
