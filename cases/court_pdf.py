"""The trail of a case as a document for people: a cover on what it is, and every event in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.models import User
from audit import signing
from audit.models import Checkpoint
from audit.publishing import qr_of
from cases.access import Access, access_to
from cases.differences import Difference, Kind, Piece
from cases.explained import CLASSES
from cases.models import Case
from cases.papers import Mark
from cases.trail import TrailLine
from cases.trail_finding import TrailFilter
from cases.typesetting import as_pdf
from core.classes import SHORT_NAMES
from core.days import to_the_second
from core.sorting import by_words

TEMPLATE = settings.BASE_DIR / "templates" / "documents" / "court.typ"
PART = 1_000  # events of one document: setting a thousand takes some 120 MB
CODE = 76  # characters of a line of code on the page

Passage = tuple[bool, str]  # has it changed?, text


@dataclass(frozen=True, slots=True)
class Extract:
    """A part of the log as it is handed to a court."""

    case: Case
    by: User
    at: datetime
    reason: str
    note: str
    wanted: TrailFilter
    checkpoint: Checkpoint
    lines: Sequence[TrailLine]  # in the order of the log; the last is the export itself
    proven: frozenset[int]  # positions of those whose entries go along


def documents_of(extract: Extract) -> dict[str, bytes]:
    """Name → PDF, in parts of PART events. Nothing of it is put on the disk."""
    lines = extract.lines
    parts = [lines[start : start + PART] for start in range(0, len(lines), PART)]
    cover = _cover(extract)
    found = {}
    for number, some in enumerate(parts, start=1):
        title, name = _("Trail of the case %s") % extract.case.reference, "trail.pdf"
        if len(parts) > 1:
            title = _("%(title)s, part %(number)s of %(parts)s") % {
                "title": title,
                "number": number,
                "parts": len(parts),
            }
            name = f"trail-{number}-of-{len(parts)}.pdf"
        document = cover | {
            "title": title,
            "footer": title,
            "events": [_event(line, extract.proven) for line in some],
        }
        found[name] = as_pdf(TEMPLATE, document, at=int(extract.at.timestamp()))
    return found


# --- The cover ------------------------------------------------------------------------
def _cover(extract: Extract) -> dict[str, Any]:
    mark = Mark(str(extract.by), extract.at, extract.lines[-1].line.seq)
    return {
        "lang": get_language() or settings.LANGUAGE_CODE,
        "mark": mark.as_dict(),
        "intro": _(
            "%(organisation)s, office %(office)s, keeps the case %(reference)s sealed, and a log of who "
            "read it and who changed it. The log is built so that no entry can be changed or taken out "
            "later without this showing. This is what it holds on the case."
        )
        % {
            "organisation": extract.case.office.organisation.name,
            "office": extract.case.office.name,
            "reference": extract.case.reference,
        },
        "facts": _facts(extract),
        "sections": [_what_is_shown(extract), _how_to_check(), _what_is_not_proven()],
        "checkpoint": {
            "title": _("Checkpoint of the log"),
            "lines": _code(extract.checkpoint.note.rstrip("\n")),
            "key_title": _("Key of the log"),
            "key": _code(signing.verifier_key()),
            "qr": qr_of(extract.checkpoint).svg,
            "alt": _("The checkpoint as a square code"),
        },
        "people_title": _("People in this trail, and how the log calls them"),
        "people": _people(extract.lines),
        "events_title": _("Events, in the order of the log"),
        "columns": [_("Field"), _("Before"), _("After")],
        "empty": _("empty"),
    }


def _facts(extract: Extract) -> list[tuple[str, str]]:
    lines, case = extract.lines, extract.case
    begin, end = extract.wanted.since, extract.wanted.until
    facts = [
        (_("Reference"), case.reference),
        (_("In the log"), str(case.pk)),
        (_("Opened"), date_format(case.opened_on, "DATE_FORMAT")),
        (_("Exported by"), f"{extract.by}, {', '.join(extract.by.role_labels)}"),
        (_("Exported on"), to_the_second(extract.at)),
        (_("For"), extract.reason),
        (_("Grounds"), extract.note or "–"),
        (_("Days"), f"{_day(begin)} – {_day(end)}" if begin or end else _("all")),
        (
            _("Events"),
            _("%(count)s, from No. %(first)s to No. %(last)s. The last is this export.")
            % {"count": len(lines), "first": lines[0].line.seq, "last": lines[-1].line.seq},
        ),
        (_("Log"), signing.name()),
    ]
    if others := len(lines) - len(extract.proven):
        facts.append(
            (
                _("Without proof"),
                ngettext(
                    "%s event that names other cases, too",
                    "%s events that name other cases, too",
                    others,
                )
                % others,
            )
        )
    return facts


def _what_is_shown(extract: Extract) -> tuple[str, list[str]]:
    access = access_to(extract.by, [extract.case.pk], glass=False).get(extract.case.pk, Access())
    names = [str(SHORT_NAMES[cls]) for cls in CLASSES if cls in access.read]
    return _("What is shown"), [
        _(
            "Every event says when it happened by the clock of the server, who did it and what. The "
            "classes of an event are the parts of the case that were opened by it."
        ),
        _(
            "What was changed is shown as far as whoever made this export may read it: %s. Of the rest "
            "it is told that something changed. What changed is struck out before, and bold after."
        )
        % (", ".join(names) or "–"),
    ]


def _how_to_check() -> tuple[str, list[str]]:
    return _("How to check it"), [
        _(
            "This document is for reading. Beside it lie the events as the log holds them, and for each "
            "a proof (C2SP tlog-proof, RFC 9162) that leads from the event to the checkpoint below, "
            "which is signed with the key of the log. README.txt says how to check them with the "
            "program that lies there, or with any other that follows these formats."
        ),
        _(
            "Compare the key below with the one that an auditor of the log keeps. Keep the checkpoint: "
            "it shows at any later time whether what the log held today was changed or removed."
        ),
    ]


def _what_is_not_proven() -> tuple[str, list[str]]:
    return _("What this does not prove"), [
        _(
            "That what was written is true. That somebody whose name stands here was the one who sat "
            "there. That no event of the case was left out here: for that, an auditor looks into "
            "the log itself. Events that name other cases, too, such as a list with this case among "
            "others, are told without their proof, which would tell of those."
        )
    ]


def _people(lines: Iterable[TrailLine]) -> list[tuple[str, str]]:
    found = {str(item.line.actor): str(item.line.who) for item in lines if item.line.actor}
    return sorted(((name, pk) for pk, name in found.items()), key=lambda one: by_words(one[0]))


# --- The events -----------------------------------------------------------------------
def _event(item: TrailLine, proven: frozenset[int]) -> dict[str, Any]:
    line = item.line
    facts = [to_the_second(line.at), ", ".join(line.classes), _outcome(line.outcome), line.reason]
    remarks = {
        _("Named together with other cases: position %s, proof on request.") % line.seq: (
            line.seq not in proven
        ),
        _("A part of this change is outside the rights of whoever made this export."): (
            item.is_partly_hidden
        ),
        _("What was written was erased with the case."): item.is_erased,
        _("What was written does not open: its bytes were changed or moved."): item.is_damaged,
    }
    return {
        "what": f"{_('No. %s') % line.seq} · {line.who} {line.told}",
        "when": " · ".join(filter(None, facts)),
        "lines": [
            *filter(None, [item.about, item.note]),
            *(text for text, holds in remarks.items() if holds),
        ],
        "changes": [_change(difference) for difference in item.differences],
        "first": item.is_first,
    }


def _outcome(outcome: str) -> str:
    return {"ok": "", "denied": _("refused"), "error": _("failed")}.get(outcome, outcome)


def _change(difference: Difference) -> tuple[str, list[Passage], list[Passage]]:
    """Label, passages before, passages after. On paper nothing is left out."""
    return difference.label, _passages(difference.old), _passages(difference.new)


def _passages(pieces: Iterable[Piece]) -> list[Passage]:
    return [(piece.kind is Kind.CHANGED, piece.text) for piece in pieces]


def _day(day: Any) -> str:
    return date_format(day, "DATE_FORMAT") if day else ""


def _code(text: str) -> list[str]:
    """Lines no longer than the page is wide; no letter is added or lost."""
    lines = text.split("\n")
    return [line[at : at + CODE] for line in lines for at in range(0, max(len(line), 1), CODE)]
