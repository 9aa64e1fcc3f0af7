"""Work on the whole installation that a worker does: verifying the record."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit import verifier
from audit.verification import verify_record
from core.rights import Right
from jobs.kinds import Kind
from jobs.running import Run

VERIFICATION = "verification"


def _verify(run: Run) -> None:
    """Verify all of the record; what does not fit is the result."""
    kept = run.parameters["checkpoint"]
    run.begin(verifier.size_of_work())
    with run.apart() as progress:
        report, _note = verify_record(by=run.by, kept_note=kept or None, progress=progress)
    if report.holds:
        run.words = _told(report, with_kept=bool(kept))
        return
    found = [*report.findings]
    if report.more_findings:
        found.append(f"… and {report.more_findings} more.")
    content = "".join(f"{line}\n" for line in found).encode()
    run.give(content, run.named("findings", "txt"))
    run.words = _told_of_findings(len(report.findings) + report.more_findings)


def _told(report: verifier.Report, *, with_kept: bool) -> str:
    """What was verified of a record that holds."""
    counts = {
        "last": report.size - 1,
        "events": report.events,
        "rows": report.rows,
        "versions": report.versions,
        "checkpoints": report.checkpoints,
        "files": report.pinned,
        "root": report.root,
    }
    told = [
        _("The record holds, up to event %(last)s.") % counts,
        _(
            "Verified: %(events)s events, %(rows)s rows, %(versions)s versions, %(checkpoints)s "
            "checkpoints, %(files)s files. The root of the log is %(root)s."
        )
        % counts,
    ]
    if with_kept:
        told.append(_("It contains everything that the checkpoint you kept covers."))
    told.append(_("A new checkpoint to keep stands on the page “Verify the record”."))
    return " ".join(told)


def _told_of_findings(number: int) -> str:
    return (
        ngettext(
            "The record does NOT hold: %d thing does not fit.",
            "The record does NOT hold: %d things do not fit.",
            number,
        )
        % number
        + " "
        + _(
            "Download the list and keep it away from this machine. Nobody works until it is understood: "
            "leave the machine as it is, and have the administrator compare with a backup from before."
        )
    )


KINDS = {
    VERIFICATION: Kind(
        title=gettext_lazy("Verifying the record"),
        rows=gettext_lazy("Events, rows and versions"),
        on_failure=gettext_lazy("Verify the record again. Nothing was found out this time."),
        on_stop=gettext_lazy("Whether the record holds was not found out."),
        right=Right.LOG_VERIFY,
        work=_verify,
    )
}
