"""HTML input of papers: in which language, and what goes onto them."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cases.forms import several_of, text
from cases.keeping_forms import SEALED
from cases.papers import LANGUAGES
from cases.summaries import Audience
from core.classes import choices_of


class LanguageForm(forms.Form):
    """In which language a paper is written."""

    language = forms.ChoiceField(
        label=_("Language"), choices=list(LANGUAGES.items()), initial=get_language
    )


class SummaryPaperForm(LanguageForm):
    """What a summary of the case holds, for whom it is and why. Nothing is ticked from the start."""

    classes = several_of(
        _("Parts of the case"),
        [],
        help_text=_("Those that you may read. Tick as few as whoever gets the paper needs."),
        error_messages={"required": _("Tick at least one part.")},
    )
    reason = forms.ChoiceField(
        label=_("Who is it for?"),
        choices=Audience.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose who it is for.")},
    )
    note = text(
        _("Who gets it, and what for?"),
        long=True,
        required=True,
        help_text=SEALED,
        error_messages={"required": _("Write at least a sentence on who gets it and what for.")},
    )

    def __init__(self, *args: Any, classes: Collection[str], **kwargs: Any) -> None:
        """`classes` are those that the reader may open."""
        super().__init__(*args, **kwargs)
        self.fields["classes"].required = True
        self.fields["classes"].choices = choices_of(classes)  # type: ignore[attr-defined]
