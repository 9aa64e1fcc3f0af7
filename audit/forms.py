"""What the pages of the log take."""

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from audit.selectors import KINDS


def _day(label: Any) -> forms.DateField:
    """A day that has a day before it and one after it."""
    within = [MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2999, 12, 31))]
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, validators=within)


class OfficerFilter(forms.Form):
    """Which of a person's events to show."""

    kind = forms.ChoiceField(
        label=_("What"),
        required=False,
        choices=[("", _("Everything")), *((code, kind.label) for code, kind in KINDS.items())],
    )
    first = _day(_("From"))
    last = _day(_("Until"))


class ReviewForm(forms.Form):
    """What was found. An act that is passed on needs no words."""

    note = forms.CharField(
        label=_("What you found"),
        help_text=_("Write no names: this stays when a case is erased."),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
