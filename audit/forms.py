"""What the pages of the log take."""

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.selectors import KINDS


def _day(label: Any) -> forms.DateField:
    """A day that has a day before it and one after it."""
    within = [MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2999, 12, 31))]
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, validators=within)


def number_field() -> forms.IntegerField:
    """The number of an event, which is its position in the log.

    It is asked for in an address: a browser lets nothing but a number through.
    """
    return forms.IntegerField(
        label=_("Number"),
        required=False,
        min_value=0,
        max_value=2**63 - 1,
        widget=forms.TextInput(attrs={"type": "number", "min": 0, "autocomplete": "off"}),
        help_text=_("As it stands on a paper or in a proof."),
    )


class OfficerFilter(forms.Form):
    """Which of a person's events to show."""

    kind = forms.ChoiceField(
        label=_("What"),
        required=False,
        choices=[("", _("Everything")), *((code, kind.label) for code, kind in KINDS.items())],
    )
    first = _day(_("From"))
    last = _day(pgettext_lazy("last day of a range", "Until"))
    number = number_field()


class ReviewForm(forms.Form):
    """What was found. An act that is passed on needs no words."""

    note = forms.CharField(
        label=_("What you found"),
        help_text=_("Write no names: this stays when a case is erased."),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
