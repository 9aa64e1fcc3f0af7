"""The log as files that anybody can check: the C2SP tlog-tiles layout, and digests of the rows.

Nothing in it opens anything, and no name stands in it. But it tells the identifiers of cases and of
people who work here, and who did what when: the files are for their owner alone until somebody decides
otherwise.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from audit import guards, signing, tiles, trail
from audit.digests import canonical_json
from audit.merkle import is_consistent
from audit.models import Checkpoint, Event, LogState
from audit.reading import settled_moment
from audit.tables import stored
from audit.verbs import Verb
from verify.tutela_verify import (
    LOG_KEY,
    WIDTH,
    Findings,
    Trust,
    Unusable,
    checkpoint_of,
    tile_path,
    tile_width,
    verifier_key,
)

ROWS, CHECKPOINT, EARLIER = "rows.jsonl", "checkpoint", "checkpoints"  # files, a folder
PART = ".part"  # ending of a file that is being written
OF_ANY_EXPORT = {"tile", EARLIER, ROWS, f".{ROWS}{PART}", f".{CHECKPOINT}{PART}"}
OTHER_LOG = (
    "%s holds another log, or one that this log does not continue, such as from before a backup was "
    "restored. Name an empty folder."
)

Progress = Callable[[int], None]


class CannotExport(Exception):
    """The log cannot be written there, or not now; the message says why."""


def export_log(folder: Path, *, by: Any, progress: Progress = lambda done: None) -> Checkpoint:
    """Write the log and the digests of all rows, as of one moment, into `folder`.

    What an earlier export left there and what never changes is not written again. Returns the checkpoint
    of that moment. Raises CannotExport, LogRewritten, and OSError when a file cannot be written.
    """
    known = _size_in(folder)
    trail.record(Verb.LOG_EXPORTED, by=by)
    try:
        return _export(folder, known, progress)
    except Exception as error:
        with suppress(Exception):  # what stopped the export may stop its event, too
            trail.record(Verb.LOG_EXPORTED, by=by, outcome="error", reason=type(error).__name__)
        raise


def _size_in(folder: Path) -> int:
    """Up to which size the folder has this log. Raises CannotExport when it has something else."""
    if not folder.exists():
        return 0
    if not (folder / CHECKPOINT).exists():
        if {path.name for path in folder.iterdir()} <= OF_ANY_EXPORT:
            return 0  # or the beginnings of an export that broke off
        raise CannotExport(f"{folder} is not empty and holds no log. Name another folder.")
    now = signing.checkpoint()
    try:
        there = checkpoint_of((folder / CHECKPOINT).read_bytes(), CHECKPOINT)
        proof = tiles.tree(now.size).consistency(there.size)
    except (Unusable, LookupError):
        raise CannotExport(OTHER_LOG % folder) from None
    findings = Findings()
    Trust([verifier_key(key, LOG_KEY) for key in signing.verifier_keys()]).check(
        there, CHECKPOINT, findings
    )
    root = checkpoint_of(now.note.encode(), CHECKPOINT).root
    if findings or not is_consistent(there.size, there.root, now.size, root, proof):
        raise CannotExport(OTHER_LOG % folder)
    return there.size


def _export(folder: Path, known: int, progress: Progress) -> Checkpoint:
    _make(folder)
    rows = folder / f".{ROWS}{PART}"
    with settled_moment() as is_settled:
        if not is_settled:
            raise CannotExport("Events wait for a place in the log. Try again in a moment.")
        size = LogState.objects.get(id=1).size
        _write(rows, _rows(progress))
    checkpoint = signing.checkpoint(size)  # of the moment in which the rows were read
    for path, content in _tiles(folder, size, known, progress):
        _put(path, content)
    for earlier in Checkpoint.objects.filter(size__lt=size).iterator():
        path = folder / EARLIER / str(earlier.size)
        if not path.exists():
            _put(path, earlier.cosigned.encode())
    os.sync()  # everything that the checkpoint tells of is on the disk before it is
    rows.replace(folder / ROWS)
    _put(folder / CHECKPOINT, checkpoint.cosigned.encode())
    return checkpoint


def _tiles(folder: Path, size: int, known: int, progress: Progress) -> Iterator[tuple[Path, bytes]]:
    """Entry bundles and hash tiles of a log of this size, but for those that the folder has already."""
    for index in range(-(-size // WIDTH)):
        width = tile_width(size, 0, index)
        path = folder / tile_path("entries", index, width)
        if (index + 1) * WIDTH > known or not path.exists():
            yield path, _bundle(index * WIDTH, width)
        progress(width)
    for level in count():
        hashes = size // WIDTH**level
        if not hashes:
            return
        for index in range(-(-hashes // WIDTH)):
            path = folder / tile_path(level, index, tile_width(size, level, index))
            if (index + 1) * WIDTH ** (level + 1) > known or not path.exists():
                yield path, tiles.tree(size).tile(level, index)


def _bundle(first: int, width: int) -> bytes:
    """Entries one after another, each behind its length in two bytes."""
    events = Event.objects.filter(seq__gte=first, seq__lt=first + width).order_by("seq")
    entries = [bytes(entry) for entry in events.values_list("entry", flat=True)]
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def _rows(progress: Progress) -> Iterator[bytes]:
    """A line for each row and each version: what the log must tell of it. Raises CannotExport."""
    unreadable = Findings()
    for model in guards.tracked_models():
        for table in (model, model.history.model):
            for row in stored(model, table, unreadable):
                line = {
                    "object_type": model._meta.label,
                    "object": str(row.row),
                    "revision": row.revision,
                    "digest": row.digest.hex(),
                    "live": row.told is None,
                }
                if row.told:
                    line |= dict(zip(("at", "verb", "actor", "first"), row.told, strict=True))
                yield canonical_json(line) + b"\n"
                progress(1)
    if unreadable:
        raise CannotExport(f"{unreadable[0]} Verify the record first.")


def _put(path: Path, content: bytes) -> None:
    """Write a small file whole or not at all."""
    _make(path.parent)
    part = path.with_name(f".{path.name}{PART}")
    _write(part, [content])
    part.replace(path)


def _make(folder: Path) -> None:
    if not folder.parent.exists():
        _make(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)


def _write(path: Path, parts: Iterable[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.writelines(parts)
