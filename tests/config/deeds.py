"""Deeds in an installation, in a process of their own: python -m tests.config.deeds WHAT …

Each line that is printed tells of something that was done, and that may not be lost from then on.
"""

import itertools
import json
import sys
import time
from collections.abc import Iterator
from hashlib import sha256

if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()

from accounts.models import User
from assistance.models import Assistance
from audit import proofs, signing
from audit.models import Event
from audit.verbs import Verb
from cases import door, ledger, storage
from cases.models import Attachment, AttachmentState, Case, Consent, Person, SealedModel
from cases.sections import ConsentTerms, Contact, Identity, VictimContext
from cases.services import attachments, erasure
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from cases.services.renewal import renew_all, renew_case
from cases.uploads import SealedUpload
from config.startup import unlock
from core.exceptions import DomainError
from tests.config.places import FOR_EVER, IN_FILE, NAME, TOLD
from vault.cipher import CannotOpen
from vault.keyring import NoKey, keyring


def register(how_many: str = "1", pause: str = "0") -> Iterator[str]:
    """Register cases one after another, with a pause of some seconds; tells each."""
    officer = User.objects.get(username="officer")
    for number in range(int(how_many)):
        new = NewCase(
            identity=Identity(first_name="Ганна", second_name=f"{NAME}-{number}"),
            contact=Contact(mobile_phone="+375290001122"),
            victim=VictimContext(types_of_exploitation=["ForcedLabour"], account=TOLD),
            consent=ConsentTerms(consented=True, purposes=["assistance"]),
        )
        yield str(register_case(new, by=officer).pk)
        time.sleep(float(pause))


def add_files(how_many: str = "1", pause: str = "0") -> Iterator[str]:
    """Add files to the cases of an officer in turn; tells case and row of each."""
    officer = User.objects.get(username="officer")
    cases = list(Case.objects.filter(owner=officer, erased_on=None).order_by("pk"))
    for number, case in zip(range(int(how_many)), itertools.cycle(cases), strict=False):
        try:
            row = _add_file(case, number)
        except (NoKey, DomainError):
            if keyring.ids(case.pk):
                raise
            continue  # erased in the meantime: rightly refused
        yield f"{case.pk} {row.pk}"
        time.sleep(float(pause))


def _add_file(case: Case, number: int) -> Attachment:
    upload = SealedUpload("statement.txt", case.pk)
    try:
        upload.take(f"{IN_FILE}. Page {number}.\n".encode() * (1 + number % 7) * 300)
        upload.finish()
        return attachments.add_file(case, upload=upload, cls="narrative", by=case.owner)
    finally:
        upload.close()


def remove_file(name: str) -> Iterator[str]:
    """Take a file out of its case."""
    row = Attachment.objects.get(file=name)
    attachments.remove_file(row, reason="wrong case", revision=row.revision, by=row.case.owner)
    yield name


def renew(case: str) -> Iterator[str]:
    """Give a case a new data key."""
    yield from renew_case(Case.objects.get(pk=case).pk, by=None)


def renew_every() -> Iterator[str]:
    """Give every case a new data key, again and again; tells each damaged record."""
    for _round in range(FOR_EVER):
        for damaged in renew_all(by=None):
            yield from damaged
            time.sleep(0.02)  # others get a turn


def erase(*cases: str) -> Iterator[str]:
    """Erase these cases: the supervisor asks and another decides. Tells each that is finished."""
    for identifier in cases:
        case = Case.objects.get(pk=identifier)
        request = erasure.ask_for_erasure(case, reason="person_asked", note=TOLD, by=case.owner)
        yield f"asked {case.pk}"
        decider = User.objects.get(username=f"supervisor{case.owner.username[7:]}")
        request = erasure.approve_erasure(request, note="", by=decider)
        yield f"{request.state} {case.pk}"


def finish_erasures() -> Iterator[str]:
    """What a start does before it serves."""
    erasure.finish_erasures()
    yield "done"


def contents() -> Iterator[str]:
    """What can be read in each case: a digest of its records and one of each file; else "erased"."""
    cases = Case.objects.select_related("owner").order_by("pk")
    yield json.dumps({str(case.pk): _content(case) for case in cases.iterator()})


def _content(case: Case) -> str:
    try:
        keyring.load([case.pk])
        parts = [_records(case)]
        for row in case.attachments.exclude(state=AttachmentState.REMOVED).order_by("pk"):
            with door.open_file(row, by=case.owner, verb=Verb.CASE_VIEWED).reader as reader:
                parts.append(f"{row.pk}={sha256(reader.readall()).hexdigest()[:16]}")
    except NoKey:
        return "erased"
    except (DomainError, CannotOpen) as error:
        return type(error).__name__
    return " ".join(parts)


def _records(case: Case) -> str:
    rows: list[SealedModel] = [case]
    for model in (Person, Consent, Assistance):
        rows += model._default_manager.filter(case=case).order_by("pk")
    whole, damaged = door.try_each(rows)
    if damaged or whole != len(rows):
        raise door.Damaged([case.pk])
    opened = [sorted(sections.items()) for sections in door.open_rows(rows, by=case.owner)]
    return sha256(repr(opened).encode()).hexdigest()[:16]


def half_erased() -> Iterator[str]:
    """Everything of an erased case that is left, and everything that a living one lacks."""
    listed = [ledger.read(path).entries for path in ledger.places()]
    # A file that no row names came while its case went; it opens nowhere, and is swept up later.
    named = set(Attachment.objects.exclude(file="").values_list("file", flat=True))
    left = {name.split("/")[1] for name in storage.names() if name in named}
    for case in Case.objects.order_by("pk").iterator():
        has_key = bool(keyring.ids(case.pk))
        if case.erased_on is None and not has_key:
            yield f"{case.pk} has no key, and is not erased"
        if case.erased_on is None:
            continue
        if has_key:
            yield f"{case.pk} is erased, and has a key"
        if str(case.pk) in left:
            yield f"{case.pk} is erased, and has files"
        if not all(case.pk in entries for entries in listed):
            yield f"{case.pk} is erased, and not on the list"


def sealed_anew() -> Iterator[str]:
    """How many times a case was sealed anew under a new key."""
    yield str(Event.objects.filter(verb=Verb.CASE_SEALED_ANEW).count())


def prove_erasures() -> Iterator[str]:
    """Prove each erasure with nothing but the entry, the proof and the key of the log."""
    for event in Event.objects.filter(verb=Verb.CASE_ERASED).order_by("seq"):
        proof = proofs.proof_of(event)
        index, size = proofs.verify(proof, bytes(event.entry), signing.verifier_key())
        yield f"event {index} of {size}"


def main() -> None:
    what, *words = sys.argv[1:]
    unlock()
    for line in globals()[what](*words):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
