"""How fast the record is verified, beside bare hashing: python -m bench.verifier [EVENTS]

The bare loop makes the same number of SHA-256 calls over the same bytes, and nothing else. Beside it the
program for auditors on an export, the verification in the database, and proofs. The share of the bare
loop's speed is told twice: by the clock, and by the time of all processors together.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import NamedTuple

from bench.lists import prepare, register, staff

CASES = 2_000  # registered; all other events are readings
BATCH = 2_000
PROOFS = 200

Work = Callable[[], object]


class Taken(NamedTuple):
    """Seconds by the clock, and of all processors together."""

    clock: float
    processors: float


def main(events: int) -> None:
    with tempfile.TemporaryDirectory(prefix="tutela-bench-") as home:
        prepare(Path(home))
        fill(events)
        from audit import export, signing
        from audit.models import Event

        folder = Path(home) / "log"
        seconds = timed(partial(export.export_log, folder, by=None)).clock
        size = Event.objects.count()
        print(f"{size:,} events exported in {seconds:.0f} s")
        print(f"{'':<46}{'seconds':>9}{'events/s':>12}{'clock':>8}{'CPU':>6}")
        bare = bare_loop()
        tell("bare loop of SHA-256", size, bare, bare)
        for what, work in (*of_an_export(folder, signing.verifier_key()), *in_the_database()):
            tell(what, size, timed(work), bare)
        proofs(size)


def tell(what: str, size: int, taken: Taken, bare: Taken) -> None:
    speed, clock = size / taken.clock, bare.clock / taken.clock
    cpu = bare.processors / taken.processors
    print(f"{what:<46}{taken.clock:>9.1f}{speed:>12,.0f}{clock:>8.0%}{cpu:>6.0%}")


def timed(work: Work) -> Taken:
    before, began = sum(os.times()[:4]), time.perf_counter()
    work()
    return Taken(time.perf_counter() - began, sum(os.times()[:4]) - before)


def fill(events: int) -> None:
    """Registered cases, and readings of them until there are so many events."""
    from audit import trail
    from audit.models import LogState
    from audit.trail import Entry
    from audit.verbs import Verb
    from cases.models import Case

    began, random = time.perf_counter(), Random(1)
    officer, _other, _supervisor = staff()
    register(CASES, officer)
    cases = list(Case.objects.values_list("pk", flat=True))
    left = events - LogState.objects.get().size
    while left > 0:
        some = random.choices(cases, k=min(BATCH, left))
        trail.append([Entry(Verb.CASE_VIEWED, officer, [c], ["identity", "medical"]) for c in some])
        left -= len(some)
    print(f"{events:,} events written in {time.perf_counter() - began:.0f} s")


def bare_loop() -> Taken:
    """The hash of each entry and of each node of the tree."""
    from audit.models import Event

    entries = Event.objects.order_by("seq").values_list("entry", flat=True).iterator()
    messages = [b"\0" + entry for entry in entries]
    messages += [os.urandom(65) for _ in messages[1:]]
    hash_ = sha256

    def work() -> None:
        for message in messages:
            hash_(message).digest()

    return min(timed(work) for _attempt in range(3))


def of_an_export(folder: Path, key: str) -> list[tuple[str, Work]]:
    from verify import tutela_verify

    def run(*more: str) -> None:
        options = tutela_verify.parser().parse_args([str(folder), "--key", key, *more])
        report = tutela_verify.run(options)
        assert report.holds, report.findings

    rows = ["--rows", str(folder / "rows.jsonl")]
    return [
        ("export: tree, tiles and signature alone", lambda: tree_alone(folder, key)),
        ("export: the log", lambda: run("--jobs", "1")),
        ("export: the log, two processes", lambda: run("--jobs", "2")),
        ("export: the log and the rows", lambda: run(*rows, "--jobs", "1")),
        ("export: the log and the rows, two processes", lambda: run(*rows, "--jobs", "2")),
    ]


def tree_alone(folder: Path, key: str) -> None:
    """What the program does with a log whose entries say nothing: reading, hashing, comparing."""
    from verify.tutela_verify import (
        LOG_KEY,
        WIDTH,
        Findings,
        Source,
        Tree,
        Trust,
        checkpoint_of,
        leaf_hash,
        subtree_root,
        tile_width,
        verifier_key,
    )

    source, findings = Source(str(folder)), Findings()
    head = checkpoint_of(source.read("checkpoint") or b"", "checkpoint")
    assert Trust([verifier_key(key, LOG_KEY)]).check(head, "checkpoint", findings)
    tree = Tree()
    for index in range(-(-head.size // WIDTH)):
        width = tile_width(head.size, 0, index)
        leaves = [leaf_hash(entry) for entry in source.entries(index, width) or ()]
        assert b"".join(leaves) == source.hashes(0, index, width)
        if len(leaves) == WIDTH:
            tree.append_tile(leaves, subtree_root(leaves))
        else:
            for leaf in leaves:
                tree.append(leaf)
    assert tree.root() == head.root


def in_the_database() -> list[tuple[str, Work]]:
    from audit import marks, verifier

    def full() -> None:
        report = verifier.verify()
        assert report.holds, report.findings
        root = bytes.fromhex(report.root)
        marks.keep(report.size, root, since=None, counts=report.counts, holds=True)

    def since() -> None:
        report = verifier.verify(since=marks.last())
        assert report.holds and report.since, report.findings

    return [("database: everything", full), ("database: since a verification", since)]


def proofs(size: int) -> None:
    """Milliseconds of proofs out of the stored tiles, each with a tree of its own."""
    from audit.tiles import Tree

    random = Random(1)
    for prove in (Tree.inclusion, Tree.consistency):
        places = [random.randrange(size) for _ in range(PROOFS)]
        taken = sorted(1000 * timed(partial(_prove, prove, size, place)).clock for place in places)
        print(
            f"proof of {prove.__name__}: median {statistics.median(taken):.1f} ms,"
            f" p95 {taken[int(0.95 * PROOFS)]:.1f} ms"
        )


def _prove(prove, size: int, place: int) -> None:
    from audit.tiles import tree

    prove(tree(size), place)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
