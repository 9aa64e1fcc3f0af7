"""Sessions of assistance: a kind of entry, of the class of the record it belongs to."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from assistance import reference
from assistance.models import Assistance, AssistanceSession
from assistance.sections import Assistance as Content
from assistance.sections import SessionContent
from audit.verbs import Verb
from cases.entries import EntryKind
from cases.entry_forms import EntryForm
from cases.forms import day, text
from cases.services.casework import record_entry
from core.rights import Right
from core.schema import Section


class SessionForm(EntryForm):
    """One session: today, unless another day is typed."""

    SCHEMA = SessionContent

    held_on = day(gettext_lazy("Day"), required=True)
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"),
        required=False,
        validators=[MinValueValidator(1), MaxValueValidator(1440)],
    )
    held_by = text(gettext_lazy("Who held it"))
    note = text(
        gettext_lazy("Note"),
        long=True,
        help_text=gettext_lazy("Only those with whom this kind of record is shared can read it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["held_on"].initial = timezone.localdate

    def of(self, row: Assistance, content: Content) -> SessionContent:
        """The session as one of this record."""
        base = SessionContent(cls=content.CLASS, assistance=str(row.pk), kind=content.KIND)
        return self.content(base)  # type: ignore[return-value]


def _title(content: Section) -> str:
    assert isinstance(content, SessionContent)
    told = [str(reference.KINDS.get(content.kind, content.kind))]
    if content.held_on:
        told.append(date_format(content.held_on, "DATE_FORMAT"))
    if content.minutes:
        minutes = ngettext("%(number)d minute", "%(number)d minutes", content.minutes)
        told.append(minutes % {"number": content.minutes})
    return ", ".join(told)


SESSION = EntryKind(
    *(AssistanceSession, SessionForm),
    *(Verb.SESSION_HELD, None),
    (Right.ASSISTANCE_RECORD,),
    heading=gettext_lazy("Sessions"),
    add=gettext_lazy("Add a session"),
    none=gettext_lazy("No session that you may read is recorded."),
    title=_title,
    titled=("cls", "assistance", "kind", "held_on", "minutes"),
    template="assistance/sessions_panel.html",
    in_story=False,
    on_paper=False,
)


def hold_session(row: Assistance, content: Content, form: SessionForm, *, by: User) -> None:
    """Add a session to a record that `by` has opened. Raises NotAllowed without its class to write."""
    record_entry(row.case, SESSION, form.of(row, content), by=by)
