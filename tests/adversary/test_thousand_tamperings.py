"""A thousand random tamperings by somebody with every right on the database: none goes unnoticed.

Many are perfect: the attacker has the log's key as well, and puts everything right. Those are seen
because somebody keeps a checkpoint elsewhere. Four parts of 250, which can run beside each other: every
change is tried with the first, the drill with the others.
"""

import gc
import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from accounts.models import Office
from audit import guards, signing, verifier
from audit.models import Checkpoint, LogState
from tests.adversary import world as registry
from tests.adversary.tamperings import HALF, PLAIN, TRACELESS, Impossible, Thief
from tests.adversary.world import World
from tests.shares import first_of
from verify import tutela_verify

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

PARTS, EACH = 10, 100
EVENTS = 280  # more than a full tile of the tree
EXPORTED = 6  # each so many times the auditor gets an export as well
TIDY = 10  # each so many times the attacker puts the guards back
SEED = 7001
# Too few rows of a kind, or a constraint of the table that would not have it.
HINDRANCES = (Impossible, IndexError, IntegrityError)


@pytest.fixture
def world(office: Office, other_office: Office, own_files: Path, settings) -> World:
    """The registry, with a log of more than one tile that was signed from time to time."""
    settings.DATA_DIR, settings.BACKUP_DIR = own_files, None
    world = registry.build(World(Random(SEED)), [office, other_office], registry.FEW)
    registry.count_and_import(world)

    def is_long_enough() -> bool:
        size = (
            signing.checkpoint().size
            if world.random.random() < 0.2
            else LogState.objects.get().size
        )
        return size >= EVENTS

    registry.fill(world, is_long_enough)
    signing.checkpoint()
    return world


@pytest.fixture
def unguarded(world: World) -> World:
    """The same after somebody took the guards away."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    guards.remove()
    return world


@contextmanager
def undone() -> Iterator[None]:
    """What is done inside is undone afterwards; foreign keys do not stand in the way of it."""
    with transaction.atomic(), transaction.atomic(using="keys"):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET session_replication_role = replica")
        try:
            yield
        finally:
            transaction.set_rollback(True)
            transaction.set_rollback(True, using="keys")


def findings(kept: Checkpoint | None = None) -> list[str]:
    """What the verifier reports beside the guards that are missing."""
    found = verifier.verify(kept_note=kept.note if kept else None).findings
    return [text for text in found if not text.startswith("The guard ")]


def found_in_export(folder: Path, kept: Checkpoint, exports: Counter[str]) -> bool:
    """Does the auditor, with an export, the key and the checkpoint kept, find something as well?

    The product may refuse to export what it sees is not its log; this is counted.
    """
    try:
        with transaction.atomic():
            call_command("export_log", folder, stdout=io.StringIO())
    except CommandError:
        exports["refused to be made"] += 1
        return True
    note = folder.with_suffix(".kept")
    note.write_text(kept.note)
    words = [str(folder), "--key", signing.verifier_key(), "--checkpoint", str(note)]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        code = tutela_verify.main([*words, "--rows", str(folder / "rows.jsonl")])
    exports["found" if code else "not found"] += 1
    return code != 0


def fingerprint() -> str:
    """Of everything that stands in the database."""
    digest = sha256()
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and model._meta.app_label != "vault":
            rows = model._base_manager.values_list()
            digest.update(repr(sorted(repr([plain(v) for v in row]) for row in rows)).encode())
    return digest.hexdigest()


def plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def commit(random: Random, kept: Checkpoint) -> str:
    """One tampering; its name. Raises what HINDRANCES lists when the database offers nothing for it."""
    kind = random.choices(("plain", "half", "traceless"), (7, 3, 10))[0]
    if kind == "plain":
        deed = random.choice(PLAIN)
        deed(random)
    elif kind == "half":
        deed = random.choice(HALF)
        deed(random, kept.size)
    else:
        thief = Thief(random, kept.size)
        for _also in range(random.choice([1, 1, 2, 3])):
            deed = random.choice(TRACELESS)
            deed(thief)
        thief.leave()
    return f"{kind} {deed.__name__}"


@pytest.mark.parametrize("part", first_of(range(PARTS)))
def test_none_of_a_thousand_tamperings_goes_unnoticed(
    part: int, unguarded: World, tmp_path: Path, say: Callable[[str], None]
) -> None:
    kept = [note for note in Checkpoint.objects.order_by("size") if note.size > EVENTS // 8]
    untouched = fingerprint()
    assert findings(kept[-1]) == []
    done: Counter[str] = Counter()
    exports: Counter[str] = Counter()
    unnoticed: list[str] = []
    idle = number = 0
    while done.total() + len(unnoticed) < EACH:
        number += 1
        seed = f"{SEED}-{part}-{number}"
        random = Random(seed)
        note = random.choice(kept)
        with undone():
            try:
                name = commit(random, note)
            except HINDRANCES:
                idle += 1
                continue
            if number % TIDY == 0:  # looks as it should when the auditor comes
                guards.install()
                assert guards.missing() == []
            if findings(note):
                done[name] += 1
                # Other deeds change what the export makes anew.
                look_into_export = name.startswith("traceless") and done.total() % EXPORTED == 0
                if look_into_export and not found_in_export(tmp_path / seed, note, exports):
                    unnoticed.append(f"in the export: {name}, seed {seed}")
            elif fingerprint() != untouched:
                unnoticed.append(f"{name}, seed {seed}")
            else:
                idle += 1
    assert unnoticed == []
    assert fingerprint() == untouched
    guards.install()
    assert verifier.verify(kept_note=kept[-1].note).holds
    say(
        f"part {part + 1} of {PARTS}: {done.total()}/{EACH} tamperings reported, {len(done)} kinds, "
        f"{idle} drawn that changed nothing; exports: {dict(exports)}, seed {SEED}"
    )


def test_without_a_checkpoint_kept_elsewhere_they_would_leave_no_trace(unguarded: World) -> None:
    """So the tests above test what they should: the kept checkpoint, and nothing that was forgotten."""
    kept = Checkpoint.objects.order_by("size").last()
    assert kept is not None
    for deed in TRACELESS:
        for seed in range(20):
            thief = Thief(Random(f"{deed.__name__} {seed}"), kept.size)
            with undone():
                try:
                    deed(thief)
                    thief.leave()
                except HINDRANCES:
                    continue
                without, held = findings(), findings(kept)
            if not without:
                assert [text for text in held if "rewritten" in text or "cut" in text], (
                    deed.__name__
                )
                break
        else:
            raise AssertionError(f"{deed.__name__} always leaves a trace: {without[:3]}")


@pytest.mark.skipif(connection.vendor == "sqlite", reason="cursors of PostgreSQL")
def test_a_verification_leaves_no_cursor_of_the_server_open(
    unguarded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python would close it at any later moment: within a statement, where it then waits for ever."""
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", False)
    kept = Checkpoint.objects.order_by("size").last()
    assert kept is not None
    left = {}
    gc.disable()
    try:
        for deed in HALF:
            for seed in range(20):
                with undone():
                    try:
                        deed(Random(f"{deed.__name__} {seed}"), kept.size)
                    except HINDRANCES:
                        continue
                    verifier.verify(kept_note=kept.note)
                    with connection.cursor() as cursor:
                        cursor.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE '_django%'")
                        [left[deed.__name__]] = cursor.fetchone()
                        cursor.execute("CLOSE ALL")
                break
    finally:
        gc.enable()
    assert left == {deed.__name__: 0 for deed in HALF}
