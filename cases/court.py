"""What of a trail leaves the house: the proof of one event, and the trail of a case for a court.

An entry of the log is handed out byte for byte, or it proves nothing. One that names other cases, too,
would tell that these exist: it goes to nobody who does not see them, and never to a court.
"""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.confirming import check_recent
from accounts.models import User
from audit import signing, trail
from audit.models import Checkpoint, Event
from audit.presenters import lines_of
from audit.proofs import proof_of, proofs_under
from audit.selectors import events_of_case
from audit.verbs import Verb
from cases.court_pdf import Extract, documents_of
from cases.keeping import note_of
from cases.models import Case, CourtReason, ExportRequest
from cases.selectors import is_gone
from cases.services import exports
from cases.trail import TrailLine, check_may_audit, sees_all_named, tell
from cases.trail_finding import TrailFilter, named_cases
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState

BATCH = 500  # entries read at a time while it is sent
VERIFIER = settings.BASE_DIR / "verify" / "tutela_verify.py"
KEY = "log-key.txt"


# --- One event ------------------------------------------------------------------------
def prove(case: Case, number: int, *, by: User) -> bytes:
    """A zip with one entry of the log and its proof, recorded before it is made.

    Raises NotFound when there is no such event of the case, NotAllowed when the person may not look at
    the trail or the event names a case that they do not see, and ConfirmationNeeded.
    """
    check_may_audit(by, case)
    check_recent()
    event = events_of_case(case.pk).filter(seq=number).first()
    if event is None:
        raise NotFound(_("There is no such event of this case."))
    if not sees_all_named(event, by):
        error = NotAllowed(
            _(
                "This event names other cases, too, and you do not see all of them. Its proof "
                "would tell you of them. Ask your auditor for it."
            )
        )
        error.cases = [case.pk]  # type: ignore[attr-defined]
        raise error
    details = None if is_gone(case) else {"number": number}
    trail.record(Verb.EVENT_PROVEN, by=by, cases=[case.pk], details=details)
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {
            "entry.json": bytes(event.entry),
            "event.tlog-proof": proof_of(event).encode(),
            KEY: f"{signing.verifier_key()}\n".encode(),
            "README.txt": _readme_of_event(case, number).encode(),
        }.items():
            archive.writestr(_member(name), content)
    return made.getvalue()


def _readme_of_event(case: Case, number: int) -> str:
    told = {"number": number, "log": signing.name(), "reference": case.reference}
    return render_to_string("documents/event.txt", told).strip() + "\n"


# --- The trail for a court ------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class CourtExport:
    """What is to be sent, made piece by piece while it goes out."""

    folder: str
    documents: dict[str, bytes]  # name → content
    checkpoint: Checkpoint
    proven: list[int]  # positions of the events whose entries go along

    @property
    def name(self) -> str:
        return f"{self.folder}.zip"

    def pieces(self) -> Iterator[bytes]:
        """The zip."""
        sent = _Sent()
        with zipfile.ZipFile(sent, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
            for name, content in self._members():
                archive.writestr(_member(f"{self.folder}/{name}"), content)
                yield sent.take()
        yield sent.take()

    def _members(self) -> Iterator[tuple[str, bytes]]:
        yield from self.documents.items()
        yield KEY, f"{signing.verifier_key()}\n".encode()
        yield "checkpoint.txt", self.checkpoint.cosigned.encode()
        yield VERIFIER.name, VERIFIER.read_bytes()
        proofs = proofs_under(self.checkpoint, self.proven)
        for start in range(0, len(self.proven), BATCH):
            few = self.proven[start : start + BATCH]
            entries = Event.objects.filter(seq__in=few).order_by("seq")
            for seq, entry in entries.values_list("seq", "entry"):
                yield f"events/{seq:09}.json", bytes(entry)
                yield f"events/{seq:09}.tlog-proof", next(proofs).encode()


class _Sent:
    """Where an archive is written to; what was taken from it is gone."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, content: bytes) -> int:
        self._waiting.append(bytes(content))
        return len(content)

    def flush(self) -> None:
        """Nothing waits for anything here."""

    def take(self) -> bytes:
        waiting, self._waiting = self._waiting, []
        return b"".join(waiting)


def export_for_court(
    case: Case, *, reason: str, note: str, wanted: TrailFilter, by: User
) -> CourtExport:
    """The trail of a case with its proofs, recorded before anything of it is opened.

    `note` is sealed with the case; of an erased one it is not kept. Raises NotAllowed,
    ConfirmationNeeded, WrongState when it takes two people, and BadInput when the reason is unknown or
    there is nothing or too much to export.
    """
    check_may_audit(by, case)
    check_recent()
    if reason not in CourtReason:
        raise BadInput(_("Choose a reason from the list."))
    if exports.is_large(case):
        raise WrongState(_("This trail is long: its export takes two people. Ask for it."))
    return _export(case, exports.events_wanted(case, wanted), reason, note, wanted, by)


def export_approved(request: ExportRequest, *, by: User) -> CourtExport:
    """What whoever asked for it collects, once. Raises as `collect_export` does.

    When it breaks off afterwards, it has to be asked for again.
    """
    found = exports.collect_export(request, by=by)
    wanted, note = exports.wanted_of(found), note_of(found, by=by)
    events = exports.events_wanted(found.case, wanted, upto=found.upto)
    return _export(found.case, events, found.reason, note, wanted, by)


def _export(
    case: Case, events: list[Event], reason: str, note: str, wanted: TrailFilter, by: User
) -> CourtExport:
    """The last event of an export is the export itself."""
    details = {"note": note} if note else None
    lines = tell(case, events, by=by, verb=Verb.CASE_EXPORTED, reason=reason, details=details)
    events.append(_this_export(case, by, after=events[-1]))
    lines.append(TrailLine(lines_of(events[-1:])[0], is_read=True, note=note))
    proven = [event.seq for event in events if len(named_cases(event)) == 1]
    extract = Extract(
        case=case,
        by=by,
        at=events[-1].at,
        reason=str(CourtReason(reason).label),
        note=note,
        wanted=wanted,
        checkpoint=signing.checkpoint(),
        lines=[line for line in lines if line is not None],
        proven=frozenset(proven),
    )
    documents = {"README.txt": _readme_of_trail(case, len(events), proven).encode()}
    documents |= documents_of(extract)
    return CourtExport(f"{case.reference}-trail", documents, extract.checkpoint, proven)


def _this_export(case: Case, by: User, *, after: Event) -> Event:
    """The event that has just been recorded."""
    own = events_of_case(case.pk).filter(verb=Verb.CASE_EXPORTED, actor=by.pk, seq__gt=after.seq)
    return own.order_by("-seq")[0]


def _readme_of_trail(case: Case, events: int, proven: Sequence[int]) -> str:
    told = {
        "reference": case.reference,
        "log": signing.name(),
        "events": str(events),
        "proven": str(len(proven)),
        "one": f"{proven[-1]:09}",
        "digest": sha256(VERIFIER.read_bytes()).hexdigest(),
        "case": case.pk,
    }
    return render_to_string("documents/trail.txt", told).strip() + "\n"


def _member(name: str) -> zipfile.ZipInfo:
    """A file in an archive, dated now, for its owner alone."""
    member = zipfile.ZipInfo(name, timezone.localtime().timetuple()[:6])
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o600 << 16
    return member
