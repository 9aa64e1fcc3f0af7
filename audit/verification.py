"""Verifying the record so that it is known afterwards: a mark, an event, and a checkpoint to keep."""

from typing import Any

from audit import marks, signing, trail, verifier
from audit.marks import Mark
from audit.models import Checkpoint, Verification
from audit.verbs import Verb
from verify.tutela_verify import Unusable, checkpoint_of


def verify_record(
    *,
    by: Any,
    since: Mark | None = None,
    kept_note: str | None = None,
    progress: verifier.Progress = lambda done: None,
) -> tuple[verifier.Report, str]:
    """Verify all of the record, or what came `since` an earlier verification.

    Returns what was found, and a checkpoint to keep: empty when the log is not what was signed last.
    """
    report = verifier.verify(since=since, kept_note=kept_note, progress=progress)
    root = bytes.fromhex(report.root)
    marks.keep(report.size, root, since=since, counts=report.counts, holds=report.holds)
    trail.record(Verb.LOG_VERIFIED, by=by, outcome="ok" if report.holds else "error")
    try:
        return report, signing.checkpoint().cosigned
    except (signing.LogRewritten, LookupError):
        return report, ""


def last_verification() -> Verification | None:
    """The last one, whether it was of everything or not, and whether the record held or not."""
    return Verification.objects.order_by("-at").first()


def checkpoint_to_keep() -> str:
    """The newest checkpoint there is, with what witnesses put under it; empty when there is none."""
    newest = Checkpoint.objects.order_by("size").last()
    return newest.cosigned if newest else ""


def is_checkpoint(note: str) -> bool:
    """Can it be read as a checkpoint? Whether it is one of this log shows when the log is verified."""
    try:
        checkpoint_of(note.encode(), "It")
    except Unusable:
        return False
    return True
