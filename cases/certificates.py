"""The certificate of an erasure, for the person it was about: as a text and as a PDF that says the same.

It names no staff. Its end can be checked by anybody, with nothing of Tutela at hand.
"""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext

from accounts.models import TeamMembership, User
from accounts.roles import ROLES
from audit import signing
from audit.models import Checkpoint, Event
from audit.proofs import proofs_under
from audit.publishing import qr_of
from audit.selectors import events_of_case
from audit.verbs import Verb
from cases.models import Case, CaseTeamGrant, CaseUserGrant, ErasureRequest, ErasureState
from cases.typesetting import typeset
from core import demonstration
from core.days import to_the_second
from core.exceptions import NotFound

TEMPLATE = settings.BASE_DIR / "templates" / "documents" / "certificate.typ"
WIDTH = 78  # characters of a line of the text
PDF_WIDTH = 92  # characters of a line of evidence on the page
UNNAMED = "partner_officer"  # the role of people elsewhere, whose account may name no organisation

Section = tuple[str, list[str]]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What both forms say."""

    reference: str
    erased_at: datetime
    title: str
    intro: str
    facts: list[tuple[str, str]]
    sections: list[Section]
    evidence: list[tuple[str, str]]  # (title, text to be kept letter by letter)
    checkpoint: Checkpoint  # under which the erasure is proven


def certificate_of(case: Case) -> Certificate:
    """The certificate of an erased case, proven against the log as it stands now. Or NotFound.

    Reads the whole log once: some seconds for a million events.
    """
    event = _erasure_of(case)
    entry = bytes(event.entry).decode()
    keys = msgspec.json.decode(event.entry).get("keys", [])
    destroyed_at = _destruction_of(case, event).at
    checkpoint = signing.checkpoint()
    [proof] = proofs_under(checkpoint, [event.seq])
    return Certificate(
        reference=case.reference,
        erased_at=destroyed_at,
        title=gettext("Certificate of erasure"),
        intro=gettext(
            "%(organisation)s, office %(office)s, kept a record under the reference %(reference)s. "
            "It was erased and cannot be read by anybody any more. This certificate says what that "
            "means, and proves that the erasure was recorded."
        )
        % {
            "organisation": case.office.organisation.name,
            "office": case.office.name,
            "reference": case.reference,
        },
        facts=_facts(case, event, keys, destroyed_at),
        sections=[
            _what_was_erased(),
            _what_stays(),
            _what_is_not_covered(case, destroyed_at),
            _how_to_check(),
        ],
        evidence=[
            (gettext("Entry of the log"), entry),
            (gettext("Proof"), proof.rstrip("\n")),
            (gettext("Key of the log"), signing.verifier_key()),
        ],
        checkpoint=checkpoint,
    )


def as_text(certificate: Certificate) -> str:
    """The certificate as plain text. Its evidence can be cut out and checked."""
    title = certificate.title
    parts = [f"{told.upper()}\n" for told in demonstration.lines()]
    parts += [title.upper(), "=" * len(title), "", _wrapped(certificate.intro), ""]
    margin = max(len(name) for name, _value in certificate.facts) + 2
    for name, value in certificate.facts:
        parts.append(_wrapped(value, first=f"{name + ':':<{margin}}", margin=margin))
    for title, paragraphs in certificate.sections:
        parts += ["", "", title, "-" * len(title)]
        for paragraph in paragraphs:
            parts += ["", _wrapped(paragraph)]
    for title, text in certificate.evidence:
        parts += ["", "", f"----- {title.upper()} -----", text]
    return "\n".join(parts) + "\n"


def as_pdf(certificate: Certificate) -> bytes:
    """The certificate as a PDF that a screen reader can read (PDF/UA-1). Nothing is put on the disk."""
    lines = [(title, _cut(text)) for title, text in certificate.evidence]
    document = {
        "lang": get_language() or settings.LANGUAGE_CODE,
        "title": certificate.title,
        "intro": certificate.intro,
        "facts": certificate.facts,
        "sections": certificate.sections,
        "evidence": lines,
        "checkpoint": {
            "title": gettext("Checkpoint of the log"),
            "told": gettext(
                "The square holds the checkpoint at the end of the proof. Whoever scans it and keeps it "
                "can have an auditor show later whether what the log held then was changed or removed."
            ),
            "qr": qr_of(certificate.checkpoint).svg,
            "alt": gettext("The checkpoint as a square code"),
        },
        "mark": None,  # it tells of nobody
        "footer": f"{certificate.title} · {certificate.reference}",
    }
    return typeset(TEMPLATE, document, at=int(certificate.erased_at.timestamp()))


# --- What it says ---------------------------------------------------------------------
def _facts(case: Case, event: Event, keys: Sequence[str], at: datetime) -> list[tuple[str, str]]:
    """What can be told in a line each."""
    request = ErasureRequest.objects.filter(case=case, state=ErasureState.FINISHED).first()
    facts = [
        (gettext("Reference"), case.reference),
        (gettext("Opened"), date_format(case.opened_on, "DATE_FORMAT")),
        (gettext("Closed"), date_format(case.closed_on, "DATE_FORMAT") if case.closed_on else "–"),
        (gettext("Key destroyed"), to_the_second(at)),
    ]
    if request is not None and request.decided_on is not None:
        asked = {
            "role": _role(request.asked_as),
            "day": date_format(request.asked_on, "DATE_FORMAT"),
        }
        decided = {
            "role": _role(request.decided_as),
            "day": date_format(request.decided_on, "DATE_FORMAT"),
        }
        facts += [
            (gettext("Reason"), str(request.get_reason_display())),
            (gettext("Asked for by"), gettext("a %(role)s, on %(day)s") % asked),
            (
                gettext("Approved by"),
                gettext("another person, a %(role)s, on %(day)s") % decided,
            ),
        ]
    facts += [
        (gettext("Destroyed keys"), ", ".join(keys) or "–"),
        (gettext("Log"), signing.name()),
        (gettext("Entry number"), str(event.seq)),
    ]
    return facts


def _what_was_erased() -> Section:
    return gettext("What was erased"), [
        gettext(
            "Everything that was written in the record: who the person is and how to reach them, what "
            "happened, what was agreed, assistance of every kind, notes and files; earlier versions of "
            "all this; and the entry under which the person could be found by searching."
        ),
        gettext(
            "Each record is kept encrypted under a key of its own. That key was destroyed. What is left "
            "of the record, in our databases and in copies of them, is a row of bytes that nobody can "
            "turn into words again: neither we nor whoever made the software. The files were removed "
            "as well."
        ),
    ]


def _what_stays() -> Section:
    return gettext("What stays"), [
        gettext(
            "The reference, the office and the dates of work; which members of staff read or changed "
            "the record and when, without what it said; and anonymous statistics, in which nobody can "
            "be told apart. From these alone nobody can learn who the person was."
        )
    ]


def _what_is_not_covered(case: Case, at: datetime) -> Section:
    days = settings.BACKUP_KEYS_DAYS
    gone_on = timezone.localdate(at) + timedelta(days=days + 1)
    paragraphs = [
        ngettext(
            "Backups of our keys. Each is kept for %(count)s day and then replaced by a newer one. One "
            "that was made before the erasure could still open a copy of the record; from %(day)s on, "
            "none of these is left.",
            "Backups of our keys. Each is kept for %(count)s days and then replaced by a newer one. One "
            "that was made before the erasure could still open a copy of the record; from %(day)s on, "
            "none of these is left.",
            days,
        )
        % {"count": days, "day": date_format(gone_on, "DATE_FORMAT")}
    ]
    others = _other_organisations(case)
    if others:
        paragraphs.append(
            gettext(
                "What others had seen before. People of these organisations could open parts of the "
                "record here, and may have kept notes of their own: %(names)s. Ask them to erase "
                "those, too."
            )
            % {"names": "; ".join(others)}
        )
    paragraphs.append(
        gettext(
            "What left our system otherwise: papers, letters, files that were downloaded, and what was "
            "said. Our system does not know of all of these."
        )
    )
    return gettext("What this does not cover"), paragraphs


def _how_to_check() -> Section:
    return gettext("How to check this certificate"), [
        gettext(
            "You need nobody's word for it. The text form of this certificate ends with an entry of our "
            "log, a proof, and the key of the log. The log is built so that no entry can be changed or "
            "taken out later without this showing."
        ),
        gettext(
            "Give the text form to somebody who knows computers. The entry is one line; the SHA-256 of "
            "a zero byte and this line is a leaf of a Merkle tree (RFC 9162). The proof is a C2SP "
            "tlog-proof: it leads from the leaf to the checkpoint at its end, which is signed with the "
            "key of the log (C2SP signed-note, Ed25519). Compare that key with the one that our "
            "auditor keeps."
        ),
        gettext(
            'The entry says "case_erased"; "cases" names the record by a random number, "keys" the keys '
            "that were destroyed. In the PDF its line is broken to fit the page."
        ),
    ]


def _other_organisations(case: Case) -> list[str]:
    """Whose people held a grant on the case at some time, beside our own."""
    users = [*_holders(case)]
    found = {user.office.organisation.name for user in users if user.office}
    found -= {case.office.organisation.name}
    partners = [user for user in users if user.office is None]
    if any(holding.role == UNNAMED for u in partners for holding in u.role_holdings.all()):
        found.add(gettext("a partner organisation that its account here does not name"))
    return sorted(found)


def _holders(case: Case) -> Iterator[User]:
    """Everybody who held a grant on the case at some time, by themselves or in a team."""
    grants = CaseUserGrant.objects.filter(content_object=case)
    for grant in grants.select_related("user__office__organisation"):
        yield grant.user
    for given in CaseTeamGrant.objects.filter(content_object=case):
        until = given.revoked_at or given.ends
        members = TeamMembership.objects.filter(team__group=given.group_id, begun_at__lt=until)
        members = members.exclude(ended_at__lte=given.starts)
        for member in members.select_related("user__office__organisation"):
            yield member.user


def _role(code: str) -> str:
    return str(ROLES[code].display_name).lower() if code in ROLES else code


# --- Where it comes from --------------------------------------------------------------
def _erasure_of(case: Case) -> Event:
    """The event that left the tombstone."""
    events = events_of_case(case.pk).filter(verb=Verb.CASE_ERASED)
    if case.erased_on is None or (event := events.last()) is None:
        raise NotFound(gettext("This case was not erased."))
    return event


def _destruction_of(case: Case, erasure: Event) -> Event:
    """The event that told of the destroyed key, before the tombstone."""
    destroyed = events_of_case(case.pk).filter(verb=Verb.KEY_DESTROYED, seq__lt=erasure.seq)
    return destroyed.last() or erasure


# --- How it is set --------------------------------------------------------------------
def _wrapped(text: str, *, first: str = "", margin: int = 0) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * margin,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _cut(text: str) -> list[str]:
    """Lines no longer than the page is wide; no letter is added or lost."""
    lines = []
    for line in text.split("\n"):
        lines += [line[at : at + PDF_WIDTH] for at in range(0, len(line), PDF_WIDTH)] or [""]
    return lines
