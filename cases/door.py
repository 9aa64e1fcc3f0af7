"""The door: the only place where sealed case data becomes plaintext.

It decides who may open what, writes the event and commits it, and only then uses a key. When the event
cannot be written, nothing is opened.
"""

import base64
import struct
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import confirming
from accounts.models import User
from audit import trail
from audit.models import Event
from audit.sequencer import sequenced
from audit.verbs import TAKEN_OUT, Verb
from cases import incoming, storage, tombstones
from cases.access import Access, access_to, may_act, offered_to
from cases.models import (
    Attachment,
    AttachmentState,
    Case,
    Draft,
    DraftContent,
    IncomingReferral,
    SealedModel,
    Transfer,
)
from cases.models.attachment import file_place
from cases.models.base import SectionTypes, place_of
from cases.oversight import decoys
from cases.sections import CaseFacts, FileContent, SearchEntry, TransferContent
from core.exceptions import Erased, NotAllowed, NotFound, WrongState
from core.rights import Right
from core.schema import Section
from vault import sealing
from vault.files import Reader
from vault.keyring import NoKey, keyring

ERASED = _("This case was erased.")
Sections = dict[str, Section]
BATCH = 500  # rows opened at a time in a long run
PIECE = 2**20  # bytes of a file opened at a time
# For which acts the facts of all cases may be opened, and the right that each takes.
FACTS_FOR: Mapping[Verb, Right] = {
    Verb.STATISTICS_FROZEN: Right.STATISTICS_FREEZE,
    Verb.STATISTICS_VERIFIED: Right.STATISTICS_VERIFY,
    Verb.RELEASE_MADE: Right.RELEASE_DECIDE,
}
LOOK_AGAIN = 5.0  # seconds of a download after which access is looked at again


class Damaged(NotFound):
    """Sealed bytes that do not belong where they stand. Names the record, shows nothing of it."""

    status = 409

    def __init__(self, cases: Iterable[UUID]) -> None:
        super().__init__(
            _("A sealed record is damaged or was moved. It was not opened. Tell your auditor.")
        )
        self.cases = list(cases)


def open_rows(
    rows: Sequence[SealedModel],
    *,
    by: User,
    verb: Verb = Verb.CASE_VIEWED,
    classes: Iterable[str] | None = None,
    details: dict[str, Any] | None = None,
    withhold: bool = False,
    closed: Collection[str] = (),
) -> list[Sections]:
    """The sections of each row that this person may read, in the order of `rows`.

    `rows` may be of several models, and versions out of their history. With `classes`, open no others.
    One event names every case and class. Sections the person may not read are absent.
    What waits for a confirmation (accounts/confirming.py) is absent when the caller would `withhold` it.
    Of `closed` classes only such records open whose class is under seal; the event names one of them
    where there is such a record.
    Raises NotFound when a row belongs to a case the person does not see, Erased when its key is
    destroyed, Damaged when bytes were changed or moved, ConfirmationNeeded when something waits for
    one, and RuntimeError inside a transaction, where the event could be rolled back.
    """
    admitted, _event = _admit(rows, by, verb, classes, details, withhold=withhold, closed=closed)
    return _open_rows(rows, admitted, closed)


def open_for_paper(
    rows: Sequence[SealedModel],
    *,
    by: User,
    verb: Verb,
    classes: Iterable[str],
    details: dict[str, Any],
    reason: str = "",
) -> tuple[list[Sections], Event]:
    """As `open_rows`, for what is printed: with the event, whose number stands on the paper.

    `reason` is a code for the event.
    """
    admitted, event = _admit(rows, by, verb, classes, details, reason=reason)
    assert event is not None, "a paper is about somebody"
    return _open_rows(rows, admitted), sequenced(event)


def open_each(
    rows: Sequence[SealedModel],
    *,
    by: User,
    verb: Verb,
    classes: Iterable[str] | None = None,
    details: dict[str, Any] | None = None,
    reason: str = "",
    withhold: bool = False,
) -> list[Sections | None]:
    """As `open_rows`, for lists: a damaged row comes out as None and is recorded, the others open.

    Of a row whose case was erased no section comes out. `reason` is a code for the event.
    """
    admitted, _event = _admit(rows, by, verb, classes, details, reason=reason, withhold=withhold)
    return _open_each(rows, admitted, by)


def _open_rows(
    rows: Sequence[SealedModel],
    admitted: Mapping[UUID, Collection[str]],
    closed: Collection[str] = (),
) -> list[Sections]:
    _load_keys(admitted)
    return [
        _open_row(row, _but_closed(row, admitted[type_of(row).case_id_(row)], closed))
        for row in rows
    ]


def _open_each(
    rows: Sequence[SealedModel], admitted: Mapping[UUID, Collection[str]], by: User
) -> list[Sections | None]:
    with suppress(Erased):  # the keys of the others are loaded all the same
        _load_keys(admitted)
    opened: list[Sections | None] = []
    damaged: list[UUID] = []
    for row in rows:
        try:
            opened.append(_open_row(row, admitted[type_of(row).case_id_(row)]))
        except Damaged as error:
            opened.append(None)
            damaged += error.cases
        except NoKey:
            opened.append({})
    if damaged:
        trail.record(Verb.REFUSED, by=by, cases=damaged, outcome="error", reason="damaged")
    return opened


def _admit(
    rows: Sequence[SealedModel],
    by: User,
    verb: Verb,
    classes: Iterable[str] | None,
    details: dict[str, Any] | None,
    *,
    reason: str = "",
    withhold: bool = False,
    closed: Collection[str] = (),
) -> tuple[dict[UUID, Collection[str]], Event | None]:
    """Decide and record. Returns the classes this person opens in each case of `rows`, and the event.

    Where the answer is the question for a confirmation, nothing is opened, and no reading recorded.
    """
    if not rows:
        return {}, None
    cases = {type_of(row).case_id_(row) for row in rows}
    only = None if classes is None else set(classes)
    admitted: dict[UUID, Collection[str]] = {}

    def decide() -> dict[UUID, set[str]]:
        allowed = _allowed(by, cases, verb)
        if cases - allowed.keys():
            raise NotFound(_("There is no such case, or it is not shared with you."))
        wanted = {c: a.read if only is None else a.read & only for c, a in allowed.items()}
        waits = confirming.unconfirmed(set().union(*wanted.values()))
        if waits and not withhold and _holds(rows, {c: some & waits for c, some in wanted.items()}):
            raise confirming.ConfirmationNeeded
        leaves = waits.union(closed) - _routed_classes(rows, set(closed) - waits)
        opens = {case: classes - leaves for case, classes in wanted.items()}
        admitted.update(opens)
        return opens

    event, erased = record_reading(decide, verb, by=by, details=details, reason=reason)
    return admitted | dict.fromkeys(erased, ()), event  # nothing of it opens any more


def _holds(rows: Sequence[SealedModel], classes: Mapping[UUID, Collection[str]]) -> bool:
    """Is a section of one of these classes among the rows? Facts say so, and are told to nobody.

    What does not open is no reason to ask; whoever opens it afterwards meets what is wrong.
    """
    with suppress(Erased, Damaged):
        _load_keys(classes)
    for row in rows:
        asked = classes[type_of(row).case_id_(row)]
        with suppress(NoKey, Damaged, sealing.CannotOpen):
            for section, (cls, _schema) in _sections_of(row).items():
                if cls in asked and getattr(row, f"{section}_sealed") is not None:
                    return True
    return False


def _routed_classes(rows: Sequence[SealedModel], classes: Collection[str]) -> set[str]:
    """Those of these classes that records have whose class is under seal. Facts say so, to the door."""
    routed = [row for row in rows if classes and type_of(row).ROUTED]
    with suppress(Erased, Damaged):
        _load_keys({type_of(row).case_id_(row) for row in routed})
    found: set[str] = set()
    for row in routed:
        with suppress(NoKey, Damaged, sealing.CannotOpen):
            found |= {cls for cls, _schema in _sections_of(row).values()}
    return found.intersection(classes)


def _but_closed(
    row: SealedModel, classes: Collection[str], closed: Collection[str]
) -> Collection[str]:
    """What opens of a row: of closed classes only what is under seal even as to its class."""
    return classes if type_of(row).ROUTED else set(classes).difference(closed)


def _allowed(by: User, cases: Collection[UUID], verb: Verb) -> dict[UUID, Access]:
    """What this person may open in each case for such an act. Broken glass lets nothing be taken out.

    Raises NotAllowed when that is what is asked for.
    """
    allowed = access_to(by, cases, glass=verb not in TAKEN_OUT)
    missing = set(cases) - allowed.keys()
    if verb in TAKEN_OUT and missing and access_to(by, missing).keys() >= missing:
        raise NotAllowed(_("You see this case by emergency access: nothing is taken out."))
    return allowed


class Reading(NamedTuple):
    """A reading that was recorded."""

    event: Event
    erased: set[UUID]  # cases of which the event names no class


def record_reading(
    decide: Callable[[], Mapping[UUID, Collection[str]]],
    verb: Verb,
    *,
    by: User,
    details: dict[str, Any] | None = None,
    reason: str = "",
) -> Reading:
    """Write the event that these classes of these cases are read, and commit it.

    `decide` says which. It is asked within the transaction of the event, so that access which ended a
    moment before no longer counts. Whatever becomes of the request, the event stays. Of cases that were
    erased it names no class, and it tells of others where there are others.
    """
    wanted: Mapping[UUID, Collection[str]] = {}
    try:
        with transaction.atomic(durable=True):
            wanted = decide()
            erased = tombstones.erased(wanted)
            classes = (set(wanted[case]) for case in wanted.keys() - erased)
            event = trail.record(
                verb,
                by=by,
                cases=sorted(wanted.keys() - erased or wanted),
                classes=set().union(*classes),
                details=details,
                reason=reason,
            )
        return Reading(event, erased)
    except NoKey:  # the one case was erased: what was typed falls with it, the event stays
        with transaction.atomic(durable=True):
            event = trail.record(verb, by=by, cases=sorted(wanted), reason=reason)
        return Reading(event, set(wanted))


@dataclass(slots=True)
class OpenFile:
    """A file that was let out."""

    content: FileContent
    reader: Reader
    sealed: Any  # what the reader reads
    case: UUID
    by: User

    def close(self) -> None:
        self.sealed.close()

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` to just before `stop`, as long as the person may read them.

        Raises NotFound when the file is no longer shared, Damaged when it turns out to be changed; both
        are recorded here, for the answer has begun.
        """
        self.reader.seek(start)
        looked_at = monotonic()
        with closing(self.sealed):
            while (left := stop - self.reader.tell()) > 0:
                if monotonic() - looked_at > LOOK_AGAIN:
                    self._look_again()
                    looked_at = monotonic()
                yield self.read(min(left, PIECE))

    def read(self, size: int) -> bytes:
        """The next bytes, as a file gives them. Raises Damaged, which is recorded here."""
        try:
            return self.reader.read(size)
        except sealing.CannotOpen:
            self._record("error", "damaged")
            raise Damaged([self.case]) from None

    def _look_again(self) -> None:
        access = access_to(User.objects.get(pk=self.by.pk), [self.case], glass=False)
        if self.content.cls not in access.get(self.case, Access()).read:
            self._record("denied", "no longer shared")
            raise NotFound(_("There is no such file, or it is not shared with you."))

    def _record(self, outcome: str, reason: str) -> None:
        trail.record(Verb.REFUSED, by=self.by, cases=[self.case], outcome=outcome, reason=reason)


def open_file(
    row: Attachment, *, by: User, verb: Verb, state: str = AttachmentState.ACCEPTED
) -> OpenFile:
    """A file of a case, for somebody who may read its class; `state` is the one it must be in.

    Its facts are opened first, and told to nobody: they say of what class it is. Then the event is
    committed, and only then what is known of the file is opened, and its bytes. The event names the file
    under seal, and the classes this person may open: the class of the file would tell too much.
    Raises NotFound, WrongState, ConfirmationNeeded, and Damaged when bytes are missing or were changed
    or moved.
    """
    _load_keys([row.case_id])
    cls = _open_section(row, "facts", *Attachment.SECTIONS["facts"]).cls

    def decide() -> dict[UUID, set[str]]:
        access = _allowed(by, [row.case_id], verb).get(row.case_id, Access())
        if cls not in access.read:
            raise NotFound(_("There is no such file, or it is not shared with you."))
        if confirming.unconfirmed([cls]):
            raise confirming.ConfirmationNeeded
        if row.state != state:
            raise WrongState(_("This file was removed, or waits for the virus scanner."))
        return {row.case_id: access.read}

    if record_reading(decide, verb, by=by, details={"file": str(row.pk)}).erased:
        raise Erased(ERASED)
    content = _open_section(row, "content", cls, FileContent)
    try:
        sealed = storage.open_sealed(row.file)
        reader = Reader(file_place(row.pk, row.case_id), sealed, content.size)
    except (sealing.CannotOpen, FileNotFoundError):
        raise Damaged([row.case_id]) from None
    except OSError:
        raise WrongState(_("The storage of files does not answer. Try again later.")) from None
    return OpenFile(content, reader, sealed, row.case_id, by)


def open_offer(transfer: Transfer, *, by: User) -> TransferContent:
    """What is told to the office that a case shall go to, for whoever decides there.

    They do not see the case: this one section opens, as long as the transfer waits for them.
    Raises NotFound, ConfirmationNeeded, Erased and Damaged.
    """
    cls, schema = Transfer.SECTIONS["content"]

    def decide() -> dict[UUID, set[str]]:
        if cls not in by.classes or not offered_to(by).filter(pk=transfer.pk).exists():
            raise NotFound(_("There is no such transfer, or it does not wait for you."))
        if confirming.unconfirmed([cls]):
            raise confirming.ConfirmationNeeded
        return {transfer.case_id: {cls}}

    if record_reading(decide, Verb.TRANSFER_READ, by=by).erased:
        raise Erased(ERASED)
    _load_keys([transfer.case_id])
    content = _open_section(transfer, "content", cls, schema)
    assert isinstance(content, TransferContent)
    return content


def open_incoming(rows: Sequence[IncomingReferral], *, by: User) -> list[Sections | None]:
    """What is told of people who are referred to us, and the answers, as far as `by` may read them.

    Who that is says cases/incoming.py. One event names every row, or the case it became, whose trail
    then tells of the reading; a damaged one comes out as None and is recorded, an erased one empty.
    Raises NotFound when one of them is not for this person.
    """
    if not rows:
        return []
    admitted: dict[UUID, Collection[str]] = {}
    named = {row.pk: row.became_id or row.pk for row in rows}

    def decide() -> dict[UUID, set[str]]:
        opened = incoming.classes_in(rows, by)
        if any(row.pk not in opened for row in rows):
            raise NotFound(incoming.NO_SUCH)
        admitted.update(opened)
        wanted: dict[UUID, set[str]] = defaultdict(set)
        for row, classes in opened.items():
            wanted[named[row]] |= classes
        return wanted

    _event, erased = record_reading(decide, Verb.INCOMING_READ, by=by)
    gone = [row for row, case in named.items() if case in erased]
    return _open_each(rows, admitted | dict.fromkeys(gone, ()), by)


def open_details(events: Sequence[Event], *, by: User, case: Case) -> list[dict[str, Any]]:
    """Sealed details of a case's events, for somebody who may audit it; {} where there are none.

    The caller has recorded the reading of the trail with `open_rows` or an event of its own.
    """
    if not may_act(by, case.pk, Right.CASE_AUDIT):
        raise NotAllowed(_("Your role does not include this page."))
    with suppress(Erased):
        _load_keys([case.pk])
    return [_details(event, case.pk) for event in events]


def open_derived(case: Case, *, by: User) -> tuple[CaseFacts, SearchEntry]:
    """What statistics and search hold of a case, for the service that is about to renew it."""
    access = access_to(by, [case.pk]).get(case.pk)
    decides = may_act(by, case.pk, Right.CONTENT_APPROVE)  # on what somebody else asked for
    if access is None or not (access.write or decides):
        raise NotAllowed(_("This part of the case is not shared with you for writing."))
    record_reading(lambda: {case.pk: ["facts", "search"]}, Verb.CASE_VIEWED, by=by)
    _load_keys([case.pk])
    facts = _open_section(case, "facts", *Case.SECTIONS["facts"])
    return facts, _open_section(case, "search", *Case.SECTIONS["search"])


def stream_facts(
    *, by: User, verb: Verb, damaged: set[UUID] | None = None
) -> Iterator[tuple[UUID, CaseFacts]]:
    """(case, facts) of every case that counts, for building statistics.

    Needs the right that FACTS_FOR asks for. One event says that it was done; it never names the cases.
    A case whose facts do not open is left out and put into `damaged`; without it, Damaged is raised.
    """
    admit_to_facts(by, verb)
    return _stream(Case, "facts", decoys(), damaged, is_test=False)


def stream_rows_facts(
    model: type[SealedModel],
    *,
    by: User,
    verb: Verb,
    damaged: set[UUID] | None = None,
    **filters: Any,
) -> Iterator[tuple[Any, Section]]:
    """(row, facts) of every row of another sealed model, or of those that `filters` name.

    Under the same right as `stream_facts`, and with the same `damaged`.
    """
    admit_to_facts(by, verb)
    return _stream_rows(model, "facts", decoys(), damaged, case__is_test=False, **filters)


def admit_to_facts(by: User, verb: Verb) -> None:
    """Decide and record, before the facts of all cases are opened."""
    if not by.has_right(FACTS_FOR[verb]):
        raise NotAllowed(_("Your role does not include counting all cases."))
    with transaction.atomic(durable=True):
        trail.record(verb, by=by, classes=["facts"])


def seal_anew(versions: Sequence[SealedModel]) -> tuple[list[SealedModel], list[SealedModel]]:
    """Seal versions out of a history under the newest data key of their case, in memory.

    Returns (those that changed, those that are damaged). Nobody reads anything: content goes from one
    key to the other inside the vault, and only facts are looked at, to learn a section's class.
    """
    changed, damaged = [], []
    renewed: dict[bytes, bytes] = {}  # a section that several versions share stays one
    for version in versions:
        try:
            blobs = _sealed_anew(version, renewed)
        except (Damaged, sealing.CannotOpen, KeyError, TypeError, struct.error):
            damaged.append(version)
            continue
        if blobs:
            changed.append(version)
        for column, blob in blobs.items():
            setattr(version, column, blob)
    return changed, damaged


def _sealed_anew(version: SealedModel, renewed: dict[bytes, bytes]) -> dict[str, bytes]:
    """Column → new bytes, of each section that is under an older key."""
    found = {}
    for section, (cls, _schema) in _sections_of(version).items():
        if (stored := getattr(version, f"{section}_sealed")) is None:
            continue
        blob = bytes(stored)
        if blob not in renewed:
            place = place_of(version, cls, version.sealed_at[section])
            renewed[blob] = sealing.reseal(place, blob)
        if renewed[blob] != blob:
            found[f"{section}_sealed"] = renewed[blob]
    return found


def try_each(rows: Sequence[SealedModel]) -> tuple[int, list[SealedModel]]:
    """How many of these rows open as they stand, and which are damaged; erased ones are neither.

    For a look whether a restored backup holds. What opens is dropped at once: nobody reads anything.
    """
    whole, damaged = 0, []
    for row in rows:
        try:
            for section, (cls, schema) in _sections_of(row).items():
                if getattr(row, f"{section}_sealed") is not None:
                    _open_section(row, section, cls, schema)
            whole += 1
        except NoKey:
            continue
        except (Damaged, sealing.CannotOpen):
            damaged.append(row)
    return whole, damaged


def stream_search_entries(
    cases: Sequence[UUID] | None = None,
) -> Iterator[tuple[UUID, SearchEntry]]:
    """(case, entry) for the name index of this process: every case, or those named.

    What leaves the index again is filtered by the rule of cases/access.py.
    """
    with transaction.atomic(durable=True):
        trail.record(Verb.SEARCH_INDEX_BUILT, by=None, classes=["search"])
    if cases is None:
        return _stream(Case, "search")
    return _stream(Case, "search", pk__in=cases)


def _stream(
    model: type[SealedModel],
    section: str,
    without: Collection[UUID] = (),
    damaged: set[UUID] | None = None,
    **filters: Any,
) -> Iterator[tuple[UUID, Any]]:
    for row, content in _stream_rows(model, section, without, damaged, **filters):
        yield row.pk, content


def _stream_rows(
    model: type[SealedModel],
    section: str,
    without: Collection[UUID] = (),
    damaged: set[UUID] | None = None,
    **filters: Any,
) -> Iterator[tuple[Any, Any]]:
    """Rows and one of their sections in the order of their keys; rows without it are left out.

    So are rows of erased cases, and of the cases `without`. The cases of rows that do not open are put
    into `damaged`; without it, Damaged is raised.
    """
    filters["erased_on" if model is Case else "case__erased_on"] = None
    rows = model._default_manager.filter(**filters).exclude(**{f"{section}_sealed": None})
    rows = rows.exclude(**{"pk__in" if model is Case else "case__in": without})
    columns = ["id", "sealed_at", f"{section}_sealed"] + (["case_id"] if model is not Case else [])
    last = UUID(int=0)
    while batch := list(rows.filter(pk__gt=last).only(*columns).order_by("pk")[:BATCH]):
        for row in _with_keys(batch):
            try:
                content = _open_section(row, section, *model.SECTIONS[section])
            except NoKey:  # erased while this goes on
                continue
            except Damaged as error:
                if damaged is None:
                    raise
                damaged.update(error.cases)
                continue
            yield row, content
        last = batch[-1].pk


def _with_keys(rows: Sequence[SealedModel]) -> Sequence[SealedModel]:
    """Load the keys of these rows; leave out those whose key was destroyed."""
    try:
        keyring.load(row.case_id_() for row in rows)
        return rows
    except NoKey as error:
        return [row for row in rows if row.case_id_() not in error.scopes]
    except sealing.CannotOpen:  # a wrapped key was changed: its row says so when it is opened
        return rows


def _load_keys(cases: Iterable[UUID]) -> None:
    remaining = iter(cases)
    try:
        while batch := list(islice(remaining, BATCH)):
            keyring.load(batch)
    except NoKey:
        raise Erased(ERASED) from None
    except sealing.CannotOpen:  # a wrapped key was changed, or put in another's place
        raise Damaged(batch) from None


def type_of(row: Any) -> type[SealedModel]:
    """The model of a row, also when the row is a version out of its history."""
    return getattr(row, "instance_type", type(row))


def _open_row(row: SealedModel, classes: Collection[str]) -> Sections:
    """The sections of one row that are of these classes."""
    return {
        section: _open_section(row, section, cls, schema)
        for section, (cls, schema) in _sections_of(row).items()
        if cls in classes and getattr(row, f"{section}_sealed") is not None
    }


def _sections_of(row: SealedModel) -> SectionTypes:
    """Class and schema of each section of this row, facts among them."""
    model = type_of(row)
    if not model.ROUTED:
        return model.SECTIONS
    facts = model.SECTIONS["facts"]
    return {"facts": facts, **model.route(_open_section(row, "facts", *facts))}


def _open_section(row: SealedModel, section: str, cls: str, schema: type[Section]) -> Any:
    """Plaintext of one section. Nothing but this function and `_details` unseals a case's data."""
    try:
        place = place_of(row, cls, row.sealed_at[section])
        plaintext = sealing.unseal(place, bytes(getattr(row, f"{section}_sealed")))
        return msgspec.json.decode(plaintext, type=schema)
    except (sealing.CannotOpen, KeyError, TypeError, struct.error, msgspec.DecodeError):
        raise Damaged([type_of(row).case_id_(row)]) from None


def _details(event: Event, case: UUID) -> dict[str, Any]:
    content = msgspec.json.decode(bytes(event.entry))
    if content.get("scope") != str(case):
        return {}
    try:
        blob = base64.b64decode(content["sealed"])
        return msgspec.json.decode(sealing.unseal(trail.details_place(event.id, case), blob))
    except (sealing.CannotOpen, NoKey, ValueError):
        return {}


def open_draft(draft: Draft, *, by: User) -> DraftContent:
    """What this person was typing, as long as they may still read what they could then.

    Raises NotFound when it is somebody else's or when less of the case is shared with them now, Erased,
    ConfirmationNeeded, and Damaged.
    """
    if draft.user_id != by.pk:
        raise NotFound(_("There is no such form."))
    if draft.case_id is None:
        content = _open_draft(draft)
        trail.record(Verb.DRAFT_OPENED, by=by)
        return content
    case = draft.case_id
    _load_keys([case])
    content = _open_draft(draft)

    def decide() -> dict[UUID, set[str]]:
        access = access_to(by, [case]).get(case)
        if access is None or set(content.classes) - access.read:
            raise NotFound(_("There is no such case, or it is not shared with you."))
        if confirming.unconfirmed(content.classes):
            raise confirming.ConfirmationNeeded
        return {case: set(content.classes)}

    if record_reading(decide, Verb.DRAFT_OPENED, by=by).erased:
        raise Erased(ERASED)
    return content


def _open_draft(draft: Draft) -> DraftContent:
    try:
        plaintext = sealing.unseal(draft.place(), bytes(draft.content_sealed or b""))
        return msgspec.json.decode(plaintext, type=DraftContent)
    except (sealing.CannotOpen, msgspec.DecodeError):
        raise Damaged([draft.case_id] if draft.case_id else []) from None
