"""HTML input of closing, keeping and erasing: shape and wording."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.forms import day, text
from cases.models import CLOSED, ErasureReason, RetentionKind
from cases.models.retention import MOST_YEARS

SEALED = _("Sealed with the case's trail.")
_TYPE_IT = _("Type the reference of this case, as it stands at the top of the page.")


class CloseForm(forms.Form):
    """How and why a case ends."""

    status = forms.ChoiceField(
        label=_("How does it end?"),
        choices=[(code.value, code.label) for code in CLOSED],
        widget=forms.RadioSelect,
        error_messages={"required": _("Say how the case ends.")},
    )
    closed_on = day(_("Closed on"), required=True)
    reason = text(
        _("Reason for case closure"),
        long=True,
        required=True,
        help_text=_("Sealed with the case."),
        error_messages={"required": _("Say why the case is closed.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["closed_on"].initial = timezone.localdate


class NoteForm(forms.Form):
    """Why something is done, in the person's own words."""

    note = text(
        _("Why?"),
        long=True,
        required=True,
        help_text=SEALED,
        error_messages={"required": _("Say why. Whoever looks at the trail later needs to know.")},
    )


class _ConfirmedForm(forms.Form):
    """What cannot be undone asks for the reference, typed."""

    reference = forms.CharField(
        label=_("Reference of the case"),
        required=False,
        max_length=20,
        error_messages={"required": _TYPE_IT},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, case_reference: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._case_reference = case_reference

    def check_reference(self) -> None:
        """Note an error unless this very reference was typed."""
        typed = self.cleaned_data.get("reference", "").strip().upper()
        if typed != self._case_reference and "reference" not in self.errors:
            self.add_error("reference", _TYPE_IT)


class AskForm(_ConfirmedForm):
    """Why a case is to be erased."""

    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=ErasureReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a reason.")},
    )
    note = text(
        _("Explain it to the person who decides"),
        long=True,
        required=True,
        help_text=_("Sealed with the case's trail: it falls with the case."),
        error_messages={"required": _("Write at least a sentence.")},
    )
    field_order = ("reason", "note", "reference")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reference"].required = True

    def clean(self) -> dict[str, Any]:
        super().clean()
        self.check_reference()
        return self.cleaned_data


class DecisionForm(_ConfirmedForm):
    """Whether the case goes or stays."""

    APPROVE, DECLINE = "approve", "decline"

    decision = forms.ChoiceField(
        label=_("Your decision"),
        choices=[
            (APPROVE, _("Erase the case now. This cannot be undone.")),
            (DECLINE, _("Keep the case.")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the two.")},
    )
    note = text(
        _("Why?"),
        long=True,
        required=True,
        help_text=SEALED,
        error_messages={"required": _("Write at least a sentence.")},
    )
    field_order = ("decision", "note", "reference")

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.cleaned_data.get("decision") == self.APPROVE:
            self.check_reference()
        return self.cleaned_data


class YearsForm(forms.Form):
    """How many years closed cases are kept, a field for each kind."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in RetentionKind:
            self.fields[kind.value] = forms.IntegerField(
                label=kind.label,
                validators=[
                    MinValueValidator(0, _("Enter 0 or more years.")),
                    MaxValueValidator(MOST_YEARS, _("Enter 100 years or fewer.")),
                ],
                error_messages={"required": _("Enter a number of years.")},
            )
