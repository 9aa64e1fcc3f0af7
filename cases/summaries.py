"""A summary of a case on paper: the parts that were ticked and may be read, and which it lacks."""

from collections.abc import Collection, Iterable, Iterator

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit.verbs import Verb
from cases import door
from cases.access import Access, access_to
from cases.models import Case, SealedModel
from cases.panels import CASE_PANELS, SHOWN, Item, Panel
from cases.papers import (
    Block,
    Paper,
    facts,
    heading,
    in_language,
    item,
    mark_of,
    passage,
    sender,
    written_day,
)
from cases.presenters import HEADINGS, told
from cases.selectors import victim_of
from cases.stages import stage_of
from core.classes import CONTENT, choices_of
from core.exceptions import BadInput

MOST = 200  # rows of a part that are looked at; the newest SHOWN of them are printed
# Sections of the person, of the last consent and of the case, in their order.
_SECTIONS = ("identity", "contact", "terms", "summary", "victim")


class Audience(models.TextChoices):
    """Whom a summary is for; the event tells it."""

    MEETING = "meeting", gettext_lazy("A meeting about the case")
    HELPER = "helper", gettext_lazy("Somebody who helps the person or takes over")
    PERSON = "person", gettext_lazy("The person the case is about, or their lawyer")
    COURT = "court", gettext_lazy("A court or a prosecutor")
    AUTHORITY = "authority", gettext_lazy("An authority that oversees us or protects data")


def summary(
    case: Case, *, classes: Collection[str], language: str, reason: str, note: str, by: User
) -> Paper:
    """The parts of the case that are of these classes and that `by` may read, in a language of papers.

    `reason` is an Audience; `note` is sealed with the event, which is written before anything is opened.
    Raises BadInput for an unknown reason, and what `door.open_rows` raises: NotAllowed to whoever
    sees the case because the glass is broken, among others.
    """
    if reason not in Audience:
        raise BadInput(_("Choose who it is for."))
    access = access_to(by, [case.pk], glass=False).get(case.pk, Access())
    classes = access.read.intersection(classes)
    panels = [panel for panel in CASE_PANELS if panel.written]
    rows: list[SealedModel] = [case, victim_of(case), *case.consents.all()[:1]]
    of_panels = [panel.some(case, size=MOST) for panel in panels]
    found, event = door.open_for_paper(
        [*rows, *(row for some in of_panels for row in some)],
        by=by,
        verb=Verb.SUMMARY_MADE,
        classes=classes,
        details={"note": note, "language": language},
        reason=reason,
    )
    opened = iter(found)
    sections = {name: section for _row in rows for name, section in next(opened).items()}
    contents = [[(row, next(opened)) for row in some] for some in of_panels]
    with in_language(language):
        blocks = [
            passage(
                _(
                    "Confidential: for whoever it was handed to, and nobody else. Keep it locked away, "
                    "and destroy it when it is no longer needed."
                )
            ),
            facts(_about(case, reason)),
            *_what_it_holds(classes),
        ]
        for name in _SECTIONS:
            if name in sections and (pairs := told(sections[name])):
                blocks += [heading(str(HEADINGS[name])), facts(pairs)]
        for panel, some in zip(panels, contents, strict=True):
            blocks += _part(panel, panel.context(case, by, Access(classes), some))
        return Paper(
            title=_("Summary of the case %s") % case.reference,
            made_on=timezone.localdate(),
            head=sender(case),
            blocks=blocks,
            mark=mark_of(event, by),
            is_long=True,
        )


def _about(case: Case, reason: str) -> Iterable[tuple[str, str]]:
    """What is open of the case, and whom the paper is for."""
    return [
        (_("For"), str(Audience(reason).label)),
        (_("Opened"), written_day(case.opened_on)),
        (_("Status"), case.get_status_display()),
        (_("Stage"), str(stage_of(case).label)),
        (_("Officer"), str(case.owner)),
    ]


def _what_it_holds(classes: Collection[str]) -> Iterator[Block]:
    """Every part there can be, whether anything is recorded in it or not: that would tell, too."""
    held = [str(name) for _cls, name in choices_of(classes)]
    left_out = [str(name) for _cls, name in choices_of(CONTENT.difference(classes))]
    yield facts([(_("Parts in it"), "; ".join(held)), (_("Left out"), "; ".join(left_out))])
    yield passage(
        _(
            "Comments, sessions, tasks, files, costs and links with other cases are in no summary, and "
            "of a long list only the newest %s entries are."
        )
        % SHOWN
    )


def _part(panel: Panel, context: dict[str, object]) -> Iterator[Block]:
    assert panel.written is not None
    items = panel.written(context)
    if items:
        yield heading(str(panel.heading))
    for one in items[:SHOWN]:
        yield item(_titled(one))
        yield facts(one.told)
    if len(items) > SHOWN:
        yield passage(_("Older entries are in the record."))


def _titled(one: Item) -> str:
    """The title, and the day where it does not tell it."""
    title, day = str(one.title), written_day(one.on) if one.on else ""
    return title if day in title else " · ".join(filter(None, [title, day]))
