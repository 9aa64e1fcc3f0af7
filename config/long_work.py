"""Work on the whole installation that a worker does: verifying the record, new keys."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit import verifier
from audit.verification import verify_record
from config import rotating
from core.rights import Right
from jobs.kinds import Kind
from jobs.running import Run

VERIFICATION = "verification"
NEW_KEK, NEW_DEKS = "new_kek", "new_deks"


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


def _rotate_kek(run: Run) -> None:
    """Wrap the keys of all cases by a new key-encryption key."""
    version = run.parameters["version"]
    rotating.rotate_kek(version, by=run.by, begin=run.begin, advance=run.advance)
    run.words = _("Key-encryption key %(version)s wraps every key now.") % {"version": version}


def _renew_cases(run: Run) -> None:
    """Seal everything of all cases under new keys; the names of what is damaged are the result."""
    asked_at = run.job.asked_at
    damaged = rotating.renew_cases(asked_at, by=run.by, begin=run.begin, advance=run.advance)
    run.words = _("Everything is sealed under new keys of the cases.")
    if damaged:
        run.give("".join(f"{name}\n" for name in damaged).encode(), run.named("damaged", "txt"))
        run.words = ngettext(
            "Everything is sealed under new keys of the cases, but for %d record that is damaged "
            "and was left as it is. Give the list to your auditor.",
            "Everything is sealed under new keys of the cases, but for %d records that are damaged "
            "and were left as they are. Give the list to your auditor.",
            len(damaged),
        ) % len(damaged)


_GO_ON = gettext_lazy(
    "What was done stays done. Ask for it again, and the work goes on with the rest."
)
KINDS = {
    VERIFICATION: Kind(
        title=gettext_lazy("Verifying the record"),
        rows=gettext_lazy("Events, rows and versions"),
        on_failure=gettext_lazy("Verify the record again. Nothing was found out this time."),
        on_stop=gettext_lazy("Whether the record holds was not found out."),
        right=Right.LOG_VERIFY,
        work=_verify,
    ),
    NEW_KEK: Kind(
        title=gettext_lazy("New key-encryption key"),
        rows=gettext_lazy("Keys of cases"),
        on_failure=_GO_ON,
        on_stop=gettext_lazy(
            "Every case opens as before, whichever of the two keys wraps its own."
        ),
        right=Right.KEYS_ROTATE,
        work=_rotate_kek,
        goes_on=True,
    ),
    NEW_DEKS: Kind(
        title=gettext_lazy("New keys of all cases"),
        rows=gettext_lazy("Cases"),
        on_failure=_GO_ON,
        on_stop=gettext_lazy("Every case opens as before, under its new key or its former one."),
        right=Right.KEYS_ROTATE,
        work=_renew_cases,
        goes_on=True,
    ),
}
