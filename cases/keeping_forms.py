"""HTML input of closing, keeping and erasing: shape and wording."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.closing import CLOSURE_CHECKS, ClosureCheck
from cases.forms import day, one_of, text
from cases.models import CLOSED, ErasureReason, RetentionKind, Stage
from cases.models.retention import MOST_YEARS
from cases.reference import entry_choices
from cases.stages import STAGES

SEALED = _("Kept encrypted with the case's log.")
_TYPE_IT = _("Type the reference of this case, as it stands at the top of the page.")


class CloseForm(forms.Form):
    """How and why a case ends, and what is explained of what still stands open."""

    status = forms.ChoiceField(
        label=_("How does it end?"),
        choices=[(code.value, code.label) for code in CLOSED],
        widget=forms.RadioSelect,
        error_messages={"required": _("Say how the case ends.")},
    )
    closed_on = day(_("Closed on"), required=True)
    reason = one_of(_("Reason"), entry_choices("CLOSURE_REASONS"), required=True)
    details = text(
        _("Reason for case closure, in words"),
        long=True,
        required=True,
        help_text=_("Sealed with the case."),
        error_messages={"required": _("Say why the case is closed.")},
    )

    def __init__(self, *args: Any, still_open: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["closed_on"].initial = timezone.localdate
        self.done: list[ClosureCheck] = []
        for check in CLOSURE_CHECKS:
            if check.is_open is None:
                self.fields[f"done_{check.name}"] = forms.BooleanField(
                    label=check.label, required=False
                )
                label = _("If not, why may the case be closed?")
                self.fields[f"explain_{check.name}"] = text(label, long=True)
            elif check.name in still_open:
                label = _("Not so yet: “%s”. Why may it stay open?") % check.label
                self.fields[f"explain_{check.name}"] = text(label, long=True, required=True)
            else:
                self.done.append(check)

    @property
    def checks(self) -> list[forms.BoundField]:
        """The fields of the checklist, in its order."""
        return [self[name] for name in self.fields if name.startswith(("done_", "explain_"))]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name, is_done in [(n[5:], v) for n, v in data.items() if n.startswith("done_")]:
            if not is_done and not data.get(f"explain_{name}"):
                self.add_error(f"explain_{name}", _("Tick it, or say why it may stay so."))
        return data

    def asked(self) -> dict[str, Any]:
        """As `closing.ask_closure` takes it."""
        data = self.cleaned_data
        explained = {
            name[8:]: why
            for name, why in data.items()
            if name.startswith("explain_") and not data.get(f"done_{name[8:]}")
        }
        kept = {name: data[name] for name in ("status", "closed_on", "reason", "details")}
        return kept | {"explained": explained}


class NoteForm(forms.Form):
    """Why something is done, in the person's own words."""

    note = text(
        _("Why?"),
        long=True,
        required=True,
        help_text=SEALED,
        error_messages={"required": _("Say why. Whoever looks at the trail later needs to know.")},
    )


class ReopenForm(NoteForm):
    """Why the work goes on, and where."""

    stage = one_of(
        _("It goes on with"),
        [(stage.value, stage.label) for stage in STAGES[Stage.CLOSED].leads_to],
        required=True,
    )
    field_order = ("stage", "note")


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
