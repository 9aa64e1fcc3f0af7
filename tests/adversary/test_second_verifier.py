"""Two verifiers that share nothing say the same of every export, whole or tampered with."""

import ast
import io
import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import Office
from audit import signing
from tests.adversary import folders, second_verifier
from tests.adversary import world as registry
from tests.adversary.folders import DEEDS, EARLIER, Desk, Files, Loot
from tests.adversary.second_verifier import Key, Refused
from tests.adversary.world import World
from tests.verify.logs import Log, Signer, head, path_to, root_of
from verify import tutela_verify

SIZE, KEPT = 600, (300, 512, 599)
TAMPERINGS = 400
SEED = 2027


# --- What it is made of --------------------------------------------------------------------


def test_it_uses_nothing_but_python_and_the_library_for_signatures() -> None:
    tree = ast.parse(Path(second_verifier.__file__).read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - sys.stdlib_module_names == {"cryptography"}


def test_its_trees_and_proofs_are_those_of_the_definition() -> None:
    """Against another reading of it, at every size and place up to 70; a changed proof is refused."""
    leaves = [sha256(bytes([n])).digest() for n in range(70)]
    for size in range(1, len(leaves) + 1):
        tiles = second_verifier.Tiles([leaves[:size]])
        root = root_of(leaves[:size])
        assert second_verifier.tree_hash(leaves[:size]) == root
        for index in range(size):
            path = tiles.inclusion(index, 0, size)
            assert path == path_to(index, leaves[:size])
            second_verifier.check_inclusion(leaves[index], index, size, path, root)
            for wrong in ([*path, root], path[:-1] if path else [root]):
                with pytest.raises(Refused):
                    second_verifier.check_inclusion(leaves[index], index, size, wrong, root)
            with pytest.raises(Refused):
                second_verifier.check_inclusion(bytes(32), index, size, path, root)
        for old in range(1, size + 1):
            proof, old_root = tiles.consistency(old, 0, size), root_of(leaves[:old])
            second_verifier.check_consistency(old, old_root, size, root, proof)
            for wrong in ([*proof, root], proof[:-1] if proof else [root]):
                with pytest.raises(Refused):
                    second_verifier.check_consistency(old, old_root, size, root, wrong)
            with pytest.raises(Refused):
                second_verifier.check_consistency(old, bytes(32), size, root, proof)


@pytest.mark.parametrize(
    "level, index, width, path",
    [
        ("0", 0, 256, "tile/0/000"),
        ("entries", 12, 7, "tile/entries/012.p/7"),
        ("2", 1_234_067, 256, "tile/2/x001/x234/067"),
        ("1", 1_000, 1, "tile/1/x001/000.p/1"),
    ],
)
def test_it_finds_tiles_where_the_specification_puts_them(
    level: str, index: int, width: int, path: str
) -> None:
    assert second_verifier.tile_path(level, index, width) == path


# --- Two opinions --------------------------------------------------------------------------


class Auditor:
    """Holds the log's key and the checkpoints kept, and asks both verifiers."""

    def __init__(self, folder: Path, vkey: str, kept: list[str]) -> None:
        self.vkey, self.notes = vkey, [note.encode() for note in kept]
        self.files = []
        for number, note in enumerate(self.notes):
            self.files.append(folder / f"kept-{number}.txt")
            self.files[-1].write_bytes(note)

    def second(self, folder: Path) -> str:
        """What the second verifier has against it; "" when nothing."""
        try:
            second_verifier.check_log(folder, [Key.parse(self.vkey)], kept=self.notes)
        except Refused as refusal:
            return str(refusal) or "refused"
        return ""

    def first(self, folder: Path, *, rows: bool = False) -> list[str]:
        """The findings of the program that the auditors are given."""
        words = [str(folder), "--key", self.vkey]
        words += [word for file in self.files for word in ("--checkpoint", str(file))]
        words += ["--rows", str(folder / "rows.jsonl")] if rows else []
        return run(words)


def run(words: list[str]) -> list[str]:
    """Findings of `verify/tutela_verify.py`, or why it could not use its input."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = tutela_verify.main([*words, "--json"])
    if code == 2:
        return [err.getvalue() or out.getvalue() or "unusable"]
    findings = json.loads(out.getvalue())["findings"]
    assert (code == 0) == (not findings), (code, findings)
    return findings


@pytest.fixture(scope="module")
def log() -> Log:
    return Log(SEED).fill(SIZE)


@pytest.fixture(scope="module")
def whole(log: Log, tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = log.write(tmp_path_factory.mktemp("whole"))
    notes = {f"checkpoints/{size}": log.note(size).encode() for size in (KEPT[1], SIZE)}
    return folders.loaded(folder) | notes


@pytest.fixture
def auditor(log: Log, tmp_path: Path) -> Auditor:
    return Auditor(tmp_path, log.signer.vkey, [log.note(size) for size in KEPT])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "log")


def tampered(whole: Files, log: Log, deed: Callable[[Loot], None], random: Random) -> Files:
    """The export after the deed, which did change something."""
    while True:
        loot = Loot(dict(whole), random, log.signer, KEPT[-1])
        deed(loot)
        if loot.files != whole:
            return loot.files


def test_both_accept_a_log_of_any_size(tmp_path: Path) -> None:
    log = Log(3).fill(520)
    for size in (0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 520):
        kept = [log.note(n) for n in {0, size // 2, max(0, size - 1), size}]
        folder = log.write(tmp_path / str(size), size=size)
        auditor = Auditor(tmp_path, log.signer.vkey, kept)
        assert (auditor.second(folder), auditor.first(folder)) == ("", []), size


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_both_refuse(
    deed: Callable[[Loot], None], whole: Files, log: Log, auditor: Auditor, desk: Desk
) -> None:
    assert (auditor.second(desk.show(whole)), auditor.first(desk.folder)) == ("", [])
    folder = desk.show(tampered(whole, log, deed, Random(SEED)))
    assert auditor.second(folder)
    assert auditor.first(folder)


@pytest.mark.parametrize("deed", EARLIER, ids=lambda deed: deed.__name__)
def test_both_read_the_checkpoints_that_the_log_kept_of_itself(
    deed: Callable[[Loot], None], whole: Files, log: Log, auditor: Auditor, desk: Desk
) -> None:
    folder = desk.show(tampered(whole, log, deed, Random(SEED)))
    assert auditor.second(folder)
    assert auditor.first(folder)


def test_they_agree_on_hundreds_of_random_tamperings(
    whole: Files, log: Log, auditor: Auditor, desk: Desk, say: Callable[[str], None]
) -> None:
    random = Random(SEED)
    for number in range(TAMPERINGS):
        deed = random.choice(DEEDS)
        folder = desk.show(tampered(whole, log, deed, random))
        said = bool(auditor.second(folder)), bool(auditor.first(folder))
        assert said == (True, True), f"number {number} of seed {SEED}: {deed.__name__}"
    assert (auditor.second(desk.show(whole)), auditor.first(desk.folder)) == ("", [])
    say(f"{TAMPERINGS}/{TAMPERINGS} tampered exports refused by both verifiers, seed {SEED}")


# --- Witnesses -----------------------------------------------------------------------------

WITNESSES = [Signer(f"witness.example/{number}", kind=4) for number in range(3)]


def cosigned(log: Log, by: list[Signer], *, at: int = 1_772_360_000) -> str:
    text = head(log.signer.name, log.leaves())
    return f"{text}\n{''.join(signer.line(text, at) for signer in (log.signer, *by))}"


def with_a_bit_flipped(note: str, random: Random) -> str:
    """In the signature of the first witness."""
    before, name, rest = note.partition(f"— {WITNESSES[0].name} ")
    packed, rest = rest.split("\n", 1)
    made = folders.flipped(random, b64decode(packed)[4:])
    return f"{before}{name}{b64encode(WITNESSES[0].id + made).decode()}\n{rest}"


@pytest.mark.parametrize(
    "note, holds",
    [
        (lambda log: cosigned(log, WITNESSES), True),
        (lambda log: cosigned(log, WITNESSES[1:]), True),
        (lambda log: cosigned(log, [*WITNESSES[1:], Signer("unknown.example", kind=4)]), True),
        (lambda log: cosigned(log, WITNESSES[:1]), False),
        (lambda log: cosigned(log, []), False),
        (lambda log: cosigned(log, WITNESSES[:1] * 2), False),
        (lambda log: with_a_bit_flipped(cosigned(log, WITNESSES), Random(SEED)), False),
        (lambda log: cosigned(log, [WITNESSES[0], Signer(WITNESSES[1].name, kind=4)]), False),
        (lambda log: cosigned(log, [WITNESSES[0], Signer(WITNESSES[1].name)]), False),
        # A cosignature of another state of the log.
        (
            lambda log: (
                cosigned(log, WITNESSES[:1]) + log.note(599, by=WITNESSES[1:]).split("\n\n")[1]
            ),
            False,
        ),
        # The witnesses' lines without the log's own.
        (lambda log: log.note(by=WITNESSES), False),
    ],
)
def test_both_count_witnesses_alike(
    note: Callable[[Log], str], holds: bool, whole: Files, log: Log, auditor: Auditor, desk: Desk
) -> None:
    folder = desk.show(whole | {"checkpoint": note(log).encode()})
    vkeys = [witness.vkey for witness in WITNESSES]
    words = [word for vkey in vkeys for word in ("--witness", vkey)]
    first = run([str(folder), "--key", auditor.vkey, *words, "--quorum", "2"])
    keys = [Key.parse(vkey) for vkey in vkeys]
    try:
        second_verifier.check_log(folder, [Key.parse(auditor.vkey)], witnesses=keys, quorum=2)
        second = True
    except Refused:
        second = False
    assert (second, not first) == (holds, holds)


# --- Proofs of one event -------------------------------------------------------------------


def test_they_agree_on_hundreds_of_random_proofs(log: Log, tmp_path: Path) -> None:
    random = Random(SEED)
    key, files = Key.parse(log.signer.vkey), (tmp_path / "a.tlog-proof", tmp_path / "a.json")
    for number in range(TAMPERINGS):
        index, size = sorted([random.randrange(SIZE), random.randrange(1, SIZE + 1)])
        index = min(index, size - 1)
        proof, entry = log.proof(index, size).encode(), log.entries[index]
        if is_changed := number % 8 > 0:
            proof, entry = changed_proof(random, log, proof, entry)
        for file, content in zip(files, (proof, entry), strict=True):
            file.write_bytes(content)
        first = run(["--key", log.signer.vkey, "--proof", str(files[0]), "--entry", str(files[1])])
        try:
            second = second_verifier.check_proof(proof.decode(), entry, [key])[0] == index
        except (Refused, UnicodeDecodeError):
            second = False
        assert (second, not first) == (not is_changed,) * 2, f"number {number} of seed {SEED}"


def changed_proof(random: Random, log: Log, proof: bytes, entry: bytes) -> tuple[bytes, bytes]:
    """The proof, or what it is of, after somebody was at it."""
    lines = proof.decode().split("\n")
    index = int(lines[1].removeprefix("index "))
    hashes = lines.index("") - 2
    match random.randrange(6 if hashes else 4):
        case 0:
            return folders.flipped(random, proof), entry
        case 1:
            return proof, folders.flipped(random, entry)
        case 2:
            return proof, log.entries[index - 1]
        case 3:
            lines[1] = f"index {index + random.choice([1, 2, 256])}"
        case 4:
            del lines[2 + random.randrange(hashes)]
        case 5:
            lines.insert(2, lines[2])
    return "\n".join(lines).encode(), entry


# --- What the product exports --------------------------------------------------------------


@dataclass
class Exported:
    """An export of a registry, as the auditor has it and as a thief of its key has it."""

    files: Files
    signer: Signer
    kept: list[str]

    def bundles(self) -> list[str]:
        return [path for path in self.files if path.startswith("tile/entries")]

    def tampered(self, deed: Callable[[Loot], None], random: Random) -> Files:
        size = int(self.kept[-1].split("\n")[1])
        while True:
            loot = Loot(dict(self.files), random, self.signer, size)
            deed(loot)
            if loot.files != self.files:
                return loot.files


@pytest.fixture
def exported(
    office: Office, other_office: Office, own_files: Path, settings: Any, tmp_path: Path
) -> Exported:
    """The log of a registry with something of everything; checkpoints were kept on the way."""
    settings.DATA_DIR, settings.BACKUP_DIR = own_files, None
    world = registry.build(World(Random(SEED)), [office, other_office], registry.FEW)
    kept = [signing.checkpoint().note]
    registry.fill(world, lambda: signing.checkpoint().size >= 520)
    kept.append(signing.checkpoint().note)
    call_command("export_log", tmp_path / "export", stdout=io.StringIO())
    signer = Signer(signing.name(), key=signing.signing_key())
    return Exported(folders.loaded(tmp_path / "export"), signer, kept)


def line_gone(random: Random, rows: bytes) -> bytes:
    lines = rows.splitlines(keepends=True)
    del lines[random.randrange(len(lines))]
    return b"".join(lines)


def line_twice(random: Random, rows: bytes) -> bytes:
    lines = rows.splitlines(keepends=True)
    return rows + random.choice(lines)


def another_digest(random: Random, rows: bytes) -> bytes:
    lines = rows.splitlines(keepends=True)
    at = random.randrange(len(lines))
    row = json.loads(lines[at])
    row["digest"] = random.randbytes(32).hex()
    return b"".join([*lines[:at], json.dumps(row).encode() + b"\n", *lines[at + 1 :]])


def another_revision(random: Random, rows: bytes) -> bytes:
    lines = rows.splitlines(keepends=True)
    at = random.randrange(len(lines))
    row = json.loads(lines[at])
    row["revision"] += 1
    return b"".join([*lines[:at], json.dumps(row).encode() + b"\n", *lines[at + 1 :]])


OF_ROWS = (line_gone, line_twice, another_digest, another_revision, folders.cut)


@pytest.mark.django_db
def test_both_say_the_same_of_what_the_product_exports(
    exported: Exported, desk: Desk, tmp_path: Path, say: Callable[[str], None]
) -> None:
    """Whole it is accepted; after each deed it is refused. Rows are looked at by one of them alone."""
    random, auditor = Random(SEED), Auditor(tmp_path, exported.signer.vkey, exported.kept)

    def said(files: Files) -> tuple[bool, bool]:
        folder = desk.show(files)
        return bool(auditor.second(folder)), bool(auditor.first(folder, rows=True))

    assert said(exported.files) == (False, False)
    for deed in DEEDS:
        assert said(exported.tampered(deed, random)) == (True, True), deed.__name__
    for change in OF_ROWS:
        rows = change(random, exported.files["rows.jsonl"])
        assert said(exported.files | {"rows.jsonl": rows}) == (False, True), change.__name__
    assert said(exported.files) == (False, False)
    entries = sum(len(folders.unpack(exported.files[path])) for path in exported.bundles())
    say(f"export of {entries} events: accepted; {len(DEEDS)} tampered copies refused by both")
