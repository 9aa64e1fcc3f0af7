"""Papers in a language of their own, whatever the language of the pages; and the consent form.

What is handed to the person does not say why they were helped: it may be found in a pocket. What tells
of somebody tells on every page who printed it, when, and under which number the trail has it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from accounts.models import Office, User
from audit.models import Event
from cases import typesetting
from cases.models import Case
from cases.reference import CONSENT_PURPOSES
from core.days import to_the_second

TEMPLATE = settings.BASE_DIR / "templates" / "documents" / "paper.typ"
LANGUAGES = dict(settings.LANGUAGES)

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mark:
    """Who printed a paper about somebody, when, and the number of the event in the log."""

    who: str
    at: datetime
    number: int

    def as_dict(self) -> dict[str, str]:
        """In the language that is active: behind the text of a page in two lines, below it in one."""
        told = {
            "who": self.who,
            "when": to_the_second(self.at),
            "number": _("No. %s") % self.number,
        }
        return {
            "first": told["who"],
            "second": f"{told['when']} · {told['number']}",
            "footer": _("Printed by %(who)s on %(when)s. %(number)s in the log.") % told,
        }


def mark_of(event: Event, by: User) -> Mark:
    """The mark of what was printed with this event, which has its place in the log."""
    return Mark(str(by), event.at, event.seq)


@dataclass(frozen=True)
class Paper:
    """One paper. `head` stands above the title, line by line; blocks follow in their order."""

    title: str
    made_on: date
    head: Sequence[str] = ()
    blocks: list[Block] = field(default_factory=list)
    mark: Mark | None = None  # None: it tells of nobody
    is_long: bool = False  # set in a process of its own, which forgets it


# --- What stands on it ----------------------------------------------------------------
def passage(text: str) -> Block:
    return {"kind": "text", "text": text}


def heading(text: str) -> Block:
    return {"kind": "heading", "text": text}


def item(text: str) -> Block:
    """A heading below a heading."""
    return {"kind": "item", "text": text}


def facts(pairs: Sequence[tuple[Any, Any]]) -> Block:
    """Label and value beside each other; pairs without a value are left out."""
    return {"kind": "facts", "pairs": [[str(k), str(v)] for k, v in pairs if v]}


def checks(items: Sequence[Any]) -> Block:
    """Boxes to be ticked by hand."""
    return {"kind": "checks", "items": [str(item) for item in items]}


def lines(labels: Sequence[str]) -> Block:
    """Lines to be written or signed on by hand."""
    return {"kind": "lines", "labels": list(labels)}


def as_pdf(paper: Paper) -> bytes:
    """The paper in the language that is active, as a PDF that a screen reader can read (PDF/UA-1).

    Raises TypesettingFailed.
    """
    document = {
        "lang": get_language() or settings.LANGUAGE_CODE,
        "title": paper.title,
        "head": list(paper.head),
        "blocks": paper.blocks,
        "is_long": paper.is_long,
        "footer": paper.title,
        "mark": paper.mark.as_dict() if paper.mark else None,
    }
    at = datetime.combine(paper.made_on, datetime.min.time(), timezone.get_default_timezone())
    set_it = typesetting.as_pdf if paper.is_long else typesetting.typeset
    return set_it(TEMPLATE, document, at=int(at.timestamp()))


@contextmanager
def in_language(code: str) -> Iterator[None]:
    """Within it, texts are in a language of papers; English for one that there is none of."""
    with override(code if code in LANGUAGES else "en"):
        yield


def written_day(day: date) -> str:
    """A day as a letter has it, in the language that is active."""
    return date_format(day, "DATE_FORMAT")


def signatures() -> list[Block]:
    """Where everybody signs who goes through a paper with the person."""
    return [
        heading(_("Signatures")),
        lines(
            [
                _("Name, signature and day: the person"),
                _("For a child: parent or guardian"),
                _("Interpreter, and language"),
                _("For the organisation"),
            ]
        ),
    ]


def sender(case: Case) -> list[str]:
    """The head of a paper: which office it comes from, and of which day it is."""
    return [
        case.office.organisation.name,
        f"{case.office.name}, {written_day(timezone.localdate())}",
    ]


# --- The consent form -----------------------------------------------------------------
def consent_form(office: Office | None) -> Paper:
    """A form to be gone through with the person and signed; it holds nothing about anyone."""
    head = [office.organisation.name, office.name] if office else []
    return Paper(
        title=_("Consent"),
        made_on=timezone.localdate(),
        head=head,
        blocks=[
            passage(
                _(
                    "Please take your time. You can ask about anything, say no to any part of this, and "
                    "still be helped. You can change your mind later and need not say why."
                )
            ),
            heading(_("What was explained to me")),
            checks(
                [
                    _("Why I am asked questions, and that I may leave any of them unanswered."),
                    _("What is written down, what it is used for now, and what it may be later."),
                    _("Who can read it, and that a record is kept of everybody who does."),
                    _(
                        "That numbers about many people, which name nobody, may be used for research."
                    ),
                    _("That I can see what is kept about me and have mistakes corrected."),
                    _("How long it is kept, and that it is erased after that."),
                    _(
                        "How to take my consent back, and that what was shared because of it ends then."
                    ),
                ]
            ),
            heading(_("What I agree to")),
            checks(list(CONSENT_PURPOSES.values())),
            facts([(_("It holds until"), "_" * 24)]),
            heading(_("What I do not want, or want otherwise")),
            lines(["", ""]),
            *signatures(),
            passage(
                _(
                    "If the person agreed by word only, whoever signs for the organisation certifies "
                    "that all of this was read out and agreed to."
                )
            ),
        ],
    )
