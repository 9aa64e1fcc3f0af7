"""HTML input of asking for one exact table."""

from django import forms
from django.utils.translation import gettext_lazy as _

from reporting.forms import TableForm
from reporting.verification.services import LONGEST


class VerificationForm(TableForm):
    """The table, as in the builder, and why its exact figures are needed."""

    chart = None  # type: ignore[assignment]
    note = forms.CharField(
        label=_("Why are the exact figures needed?"),
        help_text=_("For the second person. It is sealed. Name nobody."),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write at least a sentence.")},
    )
