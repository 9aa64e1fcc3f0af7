"""Does the record hold? Runs the one examination there is over the database, and compares the rest.

What "holds" means of entries, checkpoints and rows is said once, in verify/tutela_verify.py, which an
auditor runs on an export. What stands in the database alone is compared here and in audit/feeding.py:
the columns and cases beside each entry, tiles, the end of the log, the guards.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from audit import guards, signing, tiles
from audit.feeding import Feeding, Made
from audit.marks import Mark
from audit.merkle import is_consistent
from audit.models import Checkpoint, LogState, Resealing
from audit.proven import Proven, StoredTiles
from audit.reading import each, settled_moment
from audit.tables import Counts, Newer, feed_all
from vault.models import SignedHead
from verify.tutela_verify import (
    LOG_KEY,
    WIDTH,
    Examination,
    Findings,
    Tree,
    Trust,
    Unusable,
    checkpoint_of,
    subtree_root,
    tree_before,
    verifier_key,
)

Progress = Callable[[int], None]
RESEALINGS = Resealing._meta.label

# What upper applications pin by a digest in their rows, such as files: each yields a finding, or None
# for something that is as it was pinned. A list, so it can be printed.
PINNED: list[Callable[[], Iterator[str | None]]] = []


@dataclass(slots=True)
class Report:
    """What a verification found. `findings` name rows by label and identifier, never by content."""

    size: int = 0  # of the log
    root: str = ""  # hexadecimal
    since: int = 0  # the size at which an earlier verification held, when this one went on from it
    events: int = 0  # read, and so on
    rows: int = 0
    versions: int = 0
    checkpoints: int = 0
    pinned: int = 0
    seconds: float = 0.0
    not_checked: list[str] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    counts: Counts = field(default_factory=dict)  # rows of the tables, for a mark

    @property
    def holds(self) -> bool:
        return not self.findings

    @property
    def more_findings(self) -> int:
        """How many there are beside those that are listed."""
        return self.findings.more


def verify(
    *,
    since: Mark | None = None,
    kept_note: str | None = None,
    progress: Progress = lambda done: None,
) -> Report:
    """Verify the record as of one moment: all of it, or what came `since` an earlier verification.

    `kept_note` is a checkpoint the auditor kept from before: the log must still contain it.
    `progress` is called with the number of events or rows dealt with since the last call.
    """
    began, report = time.perf_counter(), Report()
    run = _Run(report, since)
    with settled_moment() as is_settled:
        if not is_settled:
            report.findings.append("Events wait for a place in the log and do not get it.")
        run.verify(kept_note, progress)
        for name in guards.missing():
            report.findings.append(f"The guard {name} is missing from the database or was changed.")
    if since:
        report.not_checked = _not_checked(since)
    else:
        for finding in (finding for pinned in PINNED for finding in pinned()):
            report.pinned += 1
            if finding:
                report.findings.append(finding)
    report.seconds = round(time.perf_counter() - began, 3)
    return report


def size_of_work(since: Mark | None = None) -> int:
    """Events, rows and versions together, for a progress bar."""
    models = guards.tracked_models()
    work: int = LogState.objects.get(id=1).size + sum(m._default_manager.count() for m in models)
    if since:
        return work - since.size
    return work + sum(model.history.count() for model in models)


def _not_checked(since: Mark) -> list[str]:
    before = f"before event {since.size:,}"
    return [
        f"the entries of events {before}, their columns and cases; but for the entries that tell of the "
        "rows as they stand, which still have the hashes of then",
        f"versions in the histories that were made {before}; only how many there are",
        f"whether an event since repeats one from {before}, or reads a case that was erased {before}",
        "files that rows name",
    ]


class _Run:
    """One verification. Made before the moment that it is about, so that what was signed is in it."""

    def __init__(self, report: Report, since: Mark | None) -> None:
        self._report, self._findings, self._since = report, report.findings, since
        self._trust = Trust([verifier_key(key, LOG_KEY) for key in signing.verifier_keys()])
        self._head = SignedHead.objects.order_by("id").last()

    def verify(self, kept_note: str | None, progress: Progress) -> None:
        report, since = self._report, self._since
        tree = self._tree_since(since) if since else Tree()
        start, edge = tree.size, [list(hashes) for hashes in tree.levels]
        self._examination = examination = Examination(self._findings, tree)
        if since:
            report.since = since.size
            examination.expect(since.size, since.root, "the last verification")
        if self._head:
            self._expect(self._head.size, bytes(self._head.root), "what was signed last")
        if kept_note:
            self._expect_note(kept_note, "the checkpoint you kept")
        feeding = Feeding(
            examination,
            start=start,
            counted_from=report.since,
            signed=self._expect_checkpoints(),
        )
        feeding.run(progress)
        self._compare_end()
        if since:
            proven = Proven(start, edge)
            Newer(examination, proven, start, feeding.made.resealed).feed(progress)
            report.counts = self._compare_counts(since, feeding.made)
        else:
            report.counts = feed_all(examination, progress)
        report.counts[RESEALINGS] = self._compare_resealings(feeding.made)
        report.size, report.root = examination.tree.size, examination.tree.root().hex()
        report.events, report.rows = examination.events, examination.rows
        report.versions = examination.history

    def _tree_since(self, since: Mark) -> Tree:
        """The tree up to shortly before the mark; whether it leads to the mark shows soon after."""
        start = since.size - since.size % WIDTH
        try:
            return tree_before(StoredTiles(start), start, start)
        except Unusable:
            self._findings.append("Tiles of the log are missing: verify all of it.")
            return Tree()

    # --- What the log has to contain ------------------------------------------------------

    def _expect(self, size: int, root: bytes, what: str) -> None:
        """The log must have this root at this size, which the mark may already lie beyond."""
        since = self._since
        if since is None or size >= since.size:
            self._examination.expect(size, root, what)
            return
        try:
            proof = tiles.tree(since.size).consistency(size)
        except LookupError:
            proof = []
        if not is_consistent(size, root, since.size, since.root, proof):
            self._findings.append(
                f"The log was rewritten: its first {size:,} events are not those of {what}."
            )

    def _expect_note(self, note: str, what: str) -> int | None:
        """The size that a checkpoint covers; None when it is none of this log."""
        name = what[0].upper() + what[1:]
        try:
            checkpoint = checkpoint_of(note.encode(), name)
        except Unusable as error:
            self._findings.append(str(error))
            return None
        if not self._trust.check(checkpoint, name, self._findings):
            return None
        self._expect(checkpoint.size, checkpoint.root, what)
        self._report.checkpoints += 1
        return checkpoint.size

    def _expect_checkpoints(self) -> int:
        """Every stored checkpoint since the mark. Returns the size that the last one covers."""
        last, notes = 0, Checkpoint.objects.filter(size__gte=self._report.since).order_by("size")
        for size, note in notes.values_list("size", "note").iterator():
            covered = self._expect_note(note, f"the checkpoint at {size}")
            if covered not in (None, size):
                self._findings.append(f"The checkpoint at {size} was moved.")
            last = max(last, covered or 0)
        return last

    # --- What stands in the database alone ------------------------------------------------

    def _compare_end(self) -> None:
        tree, state = self._examination.tree, LogState.objects.filter(id=1).first()
        if state is None or (state.size, bytes(state.frontier)) != (tree.size, _frontier(tree)):
            self._findings.append("The end of the log does not fit its entries.")

    def _compare_resealings(self, made: Made) -> dict[str, int]:
        """The list of versions that were sealed anew is what the events tell. Returns its length."""
        rows = Resealing.objects.order_by("pk").values_list("event", "object", "revision")
        since, number = self._since, rows.count()
        if since:
            told = since.counts[RESEALINGS]["rows"] + len(made.resealings)
            rows = rows.filter(event__in={event for event, _row, _revision in made.resealings})
        else:
            told = len(made.resealings)
        stored = {row for _position, row in each(rows, _spelled)}
        if stored != made.resealings or number != told:
            self._findings.append(
                "The list of versions that were sealed anew does not fit the log."
            )
        return {"rows": number}

    def _compare_counts(self, since: Mark, made: Made) -> Counts:
        """There are as many rows and versions as there were, and as events tell of since."""
        counts: Counts = {}
        for model in guards.tracked_models():
            label = model._meta.label
            before = since.counts.get(label, {"rows": 0, "versions": 0})
            tables = {"rows": model._default_manager, "versions": model.history}
            counts[label] = {what: table.count() for what, table in tables.items()}
            for what, new in (("rows", made.rows), ("versions", made.versions)):
                if counts[label][what] != before[what] + new[label]:
                    self._findings.append(
                        f"{label}: there are {counts[label][what]:,} {what}, where the log tells of"
                        f" {before[what] + new[label]:,}."
                    )
        return counts


def _frontier(tree: Tree) -> bytes:
    """The roots of the full subtrees, largest first, as `LogState` holds them."""
    found = []
    for hashes in reversed(tree.levels):
        start = 0
        for width in (128, 64, 32, 16, 8, 4, 2, 1):
            if len(hashes) & width:
                found.append(subtree_root(hashes[start : start + width]))
                start += width
    return b"".join(found)


def _spelled(resealing: tuple[UUID, UUID, int]) -> tuple[str, str, int]:
    event, row, revision = resealing
    return str(event), str(row), revision
