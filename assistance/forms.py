"""HTML input of assistance: one form per kind, with the fields of its own."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistance import reference
from assistance.models import AssistanceStatus
from assistance.sections import SCHEMAS, Assistance
from cases.forms import day, one_of, section_from, text
from core.schema import Section


class AssistanceForm(forms.Form):
    """What every kind of assistance has: provider, dates, status, outcome, notes."""

    KIND = ""

    provider = text(_("Provider"), help_text=_("Organisation or person who gives the assistance."))
    status = forms.ChoiceField(
        label=_("Status"), choices=AssistanceStatus, initial=AssistanceStatus.DELIVERED
    )
    starts_on = day(_("From"), required=True, latest_today=False)
    ends_on = day(_("Until"), latest_today=False)
    outcome = text(_("Outcome"), long=True)
    notes = text(_("Notes"), long=True)

    LAST = ("provider", "status", "starts_on", "ends_on", "outcome", "notes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts_on"].initial = timezone.localdate
        self.order_fields([name for name in self.fields if name not in self.LAST] + [*self.LAST])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        starts, ends = data.get("starts_on"), data.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error("ends_on", _("This is before the day it starts."))
        is_delivered = data.get("status") == AssistanceStatus.DELIVERED
        if is_delivered and starts and starts > timezone.localdate():
            self.add_error("starts_on", _("Delivered assistance cannot start in the future."))
        return data

    def content(self, base: Section | None = None) -> Assistance:
        """The sealed section with the form's values."""
        return section_from(self, SCHEMAS[self.KIND], base)

    def open_values(self) -> dict[str, Any]:
        """The workflow facts that stay open."""
        return {name: self.cleaned_data[name] for name in ("status", "starts_on", "ends_on")}


class MedicalForm(AssistanceForm):
    KIND = "medical"

    diagnosis = text(_("Diagnosis"), long=True)
    treatment = text(_("Treatment"), long=True)


class PsychologicalForm(AssistanceForm):
    KIND = "psychological"

    # The commonest answer is chosen already: one click less, and in plain sight.
    method = one_of(
        _("Method"),
        reference.PSYCHOLOGICAL_METHODS.items(),
        required=True,
        initial="individual_counselling",
    )
    sessions = forms.IntegerField(
        label=_("Number of sessions"),
        required=False,
        validators=[MinValueValidator(0), MaxValueValidator(1000)],
    )
    observations = text(_("Observations"), long=True)


class LegalForm(AssistanceForm):
    KIND = "legal"

    matter = text(_("Matter"), required=True)
    court = text(_("Court or body"))
    stage = one_of(_("Stage"), reference.LEGAL_STAGES.items(), required=True, initial="advice")


class FinancialForm(AssistanceForm):
    KIND = "financial"

    amount = forms.DecimalField(
        label=_("Amount"),
        max_digits=12,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01"), _("Enter an amount above zero."))],
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={"invalid": _("Enter the amount with a point and no spaces, as 120.50.")},
    )
    currency = one_of(_("Currency"), reference.CURRENCIES.items(), required=True, initial="BYN")
    project_code = text(_("Project code"))
    receipt = text(_("Receipt number"))


class ReintegrationForm(AssistanceForm):
    KIND = "reintegration"

    type = forms.ChoiceField(
        label=_("Type"),
        choices=[
            (reference.REINTEGRATION_DIMENSIONS[dimension], list(types.items()))
            for dimension, types in reference.REINTEGRATION_TYPES.items()
        ],
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        for dimension, types in reference.REINTEGRATION_TYPES.items():
            if data.get("type") in types:  # a type belongs to one dimension
                data["dimension"] = dimension
        return data


FORMS: dict[str, type[AssistanceForm]] = {
    form.KIND: form
    for form in (MedicalForm, PsychologicalForm, LegalForm, FinancialForm, ReintegrationForm)
}
