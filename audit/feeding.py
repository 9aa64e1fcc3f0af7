"""Feeds the log to an examination as it is stored; compares what stands beside an entry with it."""

import json
import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from django.db.models import QuerySet

from audit.models import Tile
from audit.reading import CHUNK, StoredEvents, stored_events, stored_ids, stored_links
from verify.tutela_verify import (
    HASH_SIZE,
    WIDTH,
    Columns,
    Event,
    Examination,
    bundle_of,
    columns_of,
    event_of,
    leaf_hash,
    texts_of,
)

Progress = Callable[[int], None]
BEGINNING = -(
    2**63
)  # the lowest number a row can have: what stands before the first event is found, too


class Made(NamedTuple):
    """What events tell that they made: versions of rows, first versions, versions sealed anew."""

    versions: Counter[str]  # label → number
    rows: Counter[str]
    resealings: set[tuple[str, str, int]]  # event, row, revision
    resealed: defaultdict[str, dict[tuple[str, int], str]]  # see audit.tables.Resealed


class Feeding:
    """Feeds the events from `start` on, a multiple of 256, in order.

    `counted_from` is the first event of which `made` tells. `signed` is the size up to which checkpoints
    were signed: so far the tiles have to be there.
    """

    def __init__(
        self, examination: Examination, *, start: int, counted_from: int, signed: int
    ) -> None:
        self.made = Made(Counter(), Counter(), set(), defaultdict(dict))
        self._examination, self._found = examination, examination.findings.append
        self._start, self._position, self._counted_from = start, start, counted_from
        self._links = _Links(start or BEGINNING, self._found)
        self._tiles = _StoredTiles(examination, start, signed)

    def run(self, progress: Progress) -> None:
        for stored in stored_events(self._start or BEGINNING, WIDTH):
            self._take(stored)
            progress(len(stored.seq))
        self._links.finish()
        self._tiles.finish()
        self._examination.end_of_log()

    def _take(self, stored: StoredEvents) -> None:
        entries: Sequence[bytes] = stored.entry
        if set(map(type, entries)) != {bytes}:
            entries = [_as_bytes(entry) for entry in stored.entry]
        is_next = [*stored.seq] == [*range(self._position, self._position + len(entries))]
        columns = columns_of(entries) if is_next else None
        if columns is not None:
            self._examination.take_bundle(self._position, bundle_of(entries, columns))
        else:
            columns = self._take_each(stored.seq, entries)
        self._compare(stored, columns)
        self._count(stored.seq, columns)
        self._links.compare(stored.seq, columns["cases"])
        self._position = stored.seq[-1] + 1

    def _take_each(self, seqs: Iterable[int], entries: Iterable[bytes]) -> Columns:
        """One by one. What cannot be read has no values in the columns."""
        events = []
        for seq, entry in zip(seqs, entries, strict=True):
            event = event_of(entry)
            self._examination.take(seq, leaf_hash(entry), event)
            events.append(event if isinstance(event, Event) else UNREADABLE)
        return Columns.of(events)

    def _compare(self, stored: StoredEvents, columns: Columns) -> None:
        """The columns beside an entry say what the entry says."""
        ours, theirs = _as_stored(columns), stored[2:]
        if all([*told] == [*beside] for told, beside in zip(ours, theirs, strict=True)):
            return
        for number, seq in enumerate(stored.seq):
            told, beside = ([column[number] for column in side] for side in (ours, theirs))
            if columns["id"][number] and told != beside:
                self._found(f"Event {seq} was changed: its columns do not fit its entry.")

    def _count(self, seqs: Sequence[int], columns: Columns) -> None:
        if seqs[-1] < self._counted_from:
            return
        if not (any(columns["object_type"]) or any(columns["resealed"])):
            return
        made = self.made
        fields = (columns[name] for name in ("id", "object_type", "revision", "resealed"))
        for seq, event, label, revision, resealed in zip(seqs, *fields, strict=True):
            if seq < self._counted_from:
                continue
            if label:
                made.versions[label] += 1
                made.rows[label] += revision == "1"
            if resealed:
                for of, row, number, digest in json.loads(resealed):
                    made.resealings.add((event, row, number))
                    made.resealed[of][row, number] = digest


UNREADABLE = Event._make([""] * len(Event._fields))


def _as_bytes(entry: Any) -> bytes:
    """An entry; an empty one, which is none of the log, where something else stands."""
    return bytes(entry) if isinstance(entry, bytes | memoryview) else b""


def _as_stored(columns: Columns) -> tuple[Sequence[Any], ...]:
    """What `StoredEvents` says of these entries from `id` on, when nobody touched it."""
    sessions: Sequence[str] = columns["session"]
    if any("\\" in session for session in sessions):
        sessions = [json.loads(f'"{session}"') for session in sessions]
    return (
        stored_ids(columns["id"]),
        columns["at"],
        [None if actor == "system" else actor for actor in stored_ids(columns["actor"])],
        sessions,
        columns["verb"],
        columns["outcome"],
        columns["object_type"],
        [row or None for row in stored_ids(columns["object"])],
        [int(revision) if revision else None for revision in columns["revision"]],
    )


class _Links:
    """The cases that stand beside events, read in step with the log."""

    def __init__(self, start: int, found: Callable[[str], None]) -> None:
        self._rows = stored_links(start)
        self._read: list[tuple[Any, Any]] = []  # and not compared yet
        self._found = found

    def compare(self, seqs: Sequence[int], cases: Sequence[str]) -> None:
        """Each of these events is linked to the cases that its entry names, and to no others."""
        told = [(seq, named) for seq, named in zip(seqs, cases, strict=True) if named]
        named = stored_ids(texts_of(",".join(several for _seq, several in told))) if told else []
        which = (seq for seq, several in told for _case in range(several.count(",") + 1))
        expected = [*zip(which, named, strict=True)]
        linked = self._up_to(seqs[-1])
        if expected == linked:
            return
        differing = Counter(expected)
        differing.subtract(linked)
        known = set(seqs)
        for seq in sorted({seq for (seq, _case), number in differing.items() if number}):
            if seq in known:
                self._found(f"Event {seq} is linked to other cases than its entry names.")
            else:
                self._tell_of(seq)

    def _up_to(self, last: float) -> list[tuple[Any, Any]]:
        """The links of events up to this one, of those not compared yet."""
        while not self._read or _seq_of(self._read[-1]) <= last:
            more = list(islice(self._rows, CHUNK))
            if not more:
                break
            self._read += more
        end = bisect_right(self._read, last, key=_seq_of)
        linked, self._read = self._read[:end], self._read[end:]
        return linked

    def finish(self) -> None:
        """Tell of links beyond the last event."""
        for seq, _case in chain(self._read, self._rows):
            self._tell_of(seq)

    def _tell_of(self, seq: Any) -> None:
        which = f"event {seq}, which is not in the log" if type(seq) is int else "no event"
        self._found(f"A case is linked to {which}.")


def _seq_of(link: tuple[Any, Any]) -> float:
    """Where a link stands in the order of the database: what is no number comes last."""
    return link[0] if type(link[0]) is int else math.inf


class _StoredTiles:
    """Compares the tiles that are stored with those that the entries make."""

    def __init__(self, examination: Examination, start: int, signed: int) -> None:
        self._found, self._tree = examination.findings.append, examination.tree
        self._start, self._signed = start, signed
        self._stored: dict[int, Generator[tuple[int, Any, Any], None, None]] = {}
        self._next: dict[int, tuple[int, Any, Any] | None] = {}
        self._tree.on_tile = self._compare

    def _compare(self, level: int, index: int, tile: bytes) -> None:
        root = self._tree.levels[level + 1][-1]
        stored = self._at(level, index)
        if stored is None:
            if (index + 1) * WIDTH ** (level + 1) <= self._signed:
                self._found(f"Tile {index} of level {level} is missing.")
        elif stored != (tile, root):
            self._found(f"Tile {index} of level {level} was changed.")

    def _at(self, level: int, index: int) -> tuple[bytes, bytes] | None:
        """Hashes and root of a tile as stored, if it is. Asked for in order."""
        if level not in self._stored:
            rows = Tile.objects.filter(level=level, index__gte=index).order_by("index")
            found = _read(rows)
            self._stored[level] = found
            self._next[level] = next(found, None)
        following = self._next[level]
        if following is None or following[0] != index:
            return None
        self._next[level] = next(self._stored[level], None)
        return _as_bytes(following[1]), _as_bytes(following[2])

    def finish(self) -> None:
        """Tell of tiles that are none of this log."""
        # Left open, a cursor of the server would be closed whenever this object goes: within somebody
        # else's transaction, which that ends.
        for rows in self._stored.values():
            rows.close()
        if not self._start:
            full = [self._tree.size // WIDTH ** (level + 1) for level in range(8)]
            for level, index in (
                Tile.objects.values_list("level", "index").order_by("level", "index").iterator()
            ):
                if not (level in range(8) and index in range(full[level])):
                    self._found(f"Tile {index} of level {level} is not of this log.")


def _read(rows: "QuerySet[Tile, Tile]") -> Generator[tuple[int, Any, Any], None, None]:
    """(index, hashes, root) of tiles, until it is closed."""
    chunk = CHUNK // HASH_SIZE
    yield from rows.values_list("index", "hashes", "root").iterator(chunk_size=chunk)
