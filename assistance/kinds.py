"""Every kind of assistance: what it is called, which types it has, which fields of its own.

A kind is a row here and a section in assistance/sections.py, which says how it is kept and of which
class it is. Forms, pages and statistics follow from the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from assistance import reference
from assistance.sections import (
    Assistance,
    FinancialAssistance,
    ImmediateAssistance,
    InterpretationAssistance,
    LegalAssistance,
    MedicalAssistance,
    PsychologicalAssistance,
    ReintegrationAssistance,
    ReturnAssistance,
    SafetyAssistance,
    ShelterAssistance,
)
from cases.countries import LANGUAGES, country_groups
from cases.forms import one_of, text

MOST_DIGITS = 12  # of an amount, two of them behind the point


@dataclass(frozen=True)
class Kind:
    """One kind of assistance."""

    schema: type[Assistance]
    fields: Mapping[str, forms.Field]  # of its own, in the order of the form
    tells: tuple[str, ...]  # what of the record stands in its line on the page
    # Where its types lie in groups: the field that holds the group, and group -> types.
    group: str = ""
    grouped: Mapping[str, reference.Codes] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return self.schema.KIND

    @property
    def label(self) -> Any:
        return reference.KINDS[self.code]

    def group_of(self, code: str) -> str:
        """The group a type belongs to; "" for none."""
        return next((group for group, types in self.grouped.items() if code in types), "")


def money(label: Any, *, required: bool = True, **kwargs: Any) -> forms.DecimalField:
    """An amount above zero, to the cent."""
    return forms.DecimalField(
        label=label,
        required=required,
        max_digits=MOST_DIGITS,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01"), _("Enter an amount above zero."))],
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={"invalid": _("Enter the amount with a point and no spaces, as 120.50.")},
        **kwargs,
    )


def _type(codes: reference.Codes, **kwargs: Any) -> forms.ChoiceField:
    return one_of(_("Type"), codes.items(), required=True, **kwargs)


def _type_in_groups(
    groups: reference.Codes, types: dict[str, reference.Codes]
) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Type"),
        choices=[(groups[group], list(codes.items())) for group, codes in types.items()],
    )


KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind(
            MedicalAssistance,
            {
                "diagnosis": text(_("Diagnosis"), long=True),
                "treatment": text(_("Treatment"), long=True),
            },
            tells=("diagnosis",),
        ),
        Kind(
            PsychologicalAssistance,
            {
                # The commonest answer is chosen already: one click less, and in plain sight.
                "method": one_of(
                    _("Method"),
                    reference.PSYCHOLOGICAL_METHODS.items(),
                    required=True,
                    initial="individual_counselling",
                ),
                "sessions": forms.IntegerField(
                    label=_("Number of sessions"),
                    required=False,
                    validators=[MinValueValidator(0), MaxValueValidator(1000)],
                ),
                "observations": text(_("Observations"), long=True),
            },
            tells=("method",),
        ),
        Kind(
            LegalAssistance,
            {
                "matter": text(_("Matter"), required=True),
                "court": text(_("Court or body")),
                "stage": one_of(
                    _("Stage"), reference.LEGAL_STAGES.items(), required=True, initial="advice"
                ),
            },
            tells=("matter", "stage"),
        ),
        Kind(
            FinancialAssistance,
            {
                "amount": money(_("Amount")),
                "currency": one_of(
                    _("Currency"), reference.CURRENCIES.items(), required=True, initial="BYN"
                ),
                "project_code": text(_("Project code")),
                "receipt": text(_("Receipt number")),
            },
            tells=("sum",),
        ),
        Kind(
            ReintegrationAssistance,
            {
                "type": _type_in_groups(
                    reference.REINTEGRATION_DIMENSIONS, reference.REINTEGRATION_TYPES
                )
            },
            tells=("type",),
            group="dimension",
            grouped=reference.REINTEGRATION_TYPES,
        ),
        Kind(
            ShelterAssistance,
            {
                "type": _type(reference.SHELTER_TYPES, initial="emergency_shelter"),
                "capacity": text(
                    _("Room"), help_text=_("Which room or bed, and whether children lodge there.")
                ),
            },
            tells=("type",),
        ),
        Kind(
            ImmediateAssistance,
            {
                "type": _type(reference.IMMEDIATE_TYPES, initial="food"),
                "given": text(_("What was given"), long=True),
            },
            tells=("type",),
        ),
        Kind(
            SafetyAssistance,
            {
                "type": _type(reference.SAFETY_TYPES, initial="safety_planning"),
                "measures": text(
                    _("Measures"), long=True, help_text=_("Who does what, and whom to call.")
                ),
            },
            tells=("type",),
        ),
        Kind(
            ReturnAssistance,
            {
                "type": _type_in_groups(reference.RETURN_PHASES, reference.RETURN_TYPES),
                "country": one_of(_("To which country"), country_groups),
            },
            tells=("type", "country"),
            group="phase",
            grouped=reference.RETURN_TYPES,
        ),
        Kind(
            InterpretationAssistance,
            {
                "language": one_of(_("Language"), lambda: list(LANGUAGES.items()), required=True),
                "type": _type(reference.INTERPRETATION_TYPES, initial="in_person"),
                "interpreter": text(_("Interpreter")),
            },
            tells=("language", "type"),
        ),
    )
}

# Types of every kind by their codes. A code stands in one kind only, so that it tells its words alone.
TYPES: reference.Codes = {
    code: label
    for types in (
        *reference.REINTEGRATION_TYPES.values(),
        *reference.RETURN_TYPES.values(),
        *(reference.SHELTER_TYPES, reference.IMMEDIATE_TYPES, reference.SAFETY_TYPES),
        reference.INTERPRETATION_TYPES,
    )
    for code, label in types.items()
}
