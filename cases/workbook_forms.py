"""HTML input of taking cases out in a workbook: which, for whom, and why."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms import day, text
from cases.models import WorkbookPurpose
from cases.services.workbooks import check_recipient
from cases.trail_forms import DaysForm
from core.exceptions import BadInput

LONGEST = 25_000  # characters: a thousand references


class WorkbookForm(DaysForm):
    """Which cases go out, to whom, and why."""

    purpose = forms.ChoiceField(
        label=_("Who receives it?"),
        choices=WorkbookPurpose.choices,
        widget=forms.RadioSelect,
        help_text=_(
            "To another organisation go only cases whose last consent covers a referral, names no "
            "organisations and keeps nothing of it back. Within our own nothing new is done with the "
            "cases, so nobody is asked again."
        ),
        error_messages={"required": _("Choose who receives it.")},
    )
    references = forms.CharField(
        label=_("Cases"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Their references. Leave it empty for every case that you see."),
    )
    since = day(_("Opened from"))
    until = day(_("Opened until"), help_text=_("Both days are part of it."))
    recipient = text(
        _("Recipient"),
        required=True,
        help_text=_(
            "The public key of whoever opens the workbook, made with the program age. It begins with "
            "age1; ask the receiver for it."
        ),
        error_messages={"required": _("Enter the recipient, which begins with age1.")},
    )
    note = text(
        _("Why?"),
        long=True,
        required=True,
        help_text=_("For the second person. Name nobody."),
        error_messages={"required": _("Write at least a sentence.")},
    )

    def clean_references(self) -> list[str]:
        """Each reference once, however they are separated."""
        typed = re.split(r"[\s,;]+", self.cleaned_data["references"].upper())
        return [one for one in dict.fromkeys(typed) if one]

    def clean_recipient(self) -> Any:
        recipient = self.cleaned_data["recipient"]
        try:
            check_recipient(recipient)
        except BadInput as error:
            self.data = self.data.copy()  # it may be a secret: the page does not show it again
            self.data["recipient"] = ""
            raise forms.ValidationError(error.message) from None  # type: ignore[arg-type]
        return recipient
