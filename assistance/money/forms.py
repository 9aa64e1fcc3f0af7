"""HTML input of costs, payments and budget lines."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistance import reference
from assistance.kinds import money
from assistance.models import BudgetLine
from assistance.sections import CostContent
from cases.forms import day, one_of, section_from, text
from core.schema import Section

CEILING = "ceiling_"  # before the kind, in the names of fields


def _rate(label: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        max_digits=16,
        decimal_places=8,
        validators=[MinValueValidator(Decimal("0.00000001"), _("Enter a rate above zero."))],
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=_(
            "What one unit of the currency of the cost is in the currency of the budget line. "
            "Leave it empty when both are the same."
        ),
        error_messages={"invalid": _("Enter the rate with a point and no spaces, as 3.2712.")},
    )


class RatedForm(forms.Form):
    """A form with an exchange rate, kept as it was typed, with its day."""

    rate = _rate(_("Exchange rate"))
    rate_on = day(_("Rate of"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("rate") and not data.get("rate_on"):
            self.add_error("rate_on", _("Enter the day of the rate."))
        return data


class CostForm(RatedForm):
    """What a record of assistance is planned to cost. `lines` are the budget lines to choose from."""

    planned = money(_("Planned cost"))
    currency = one_of(_("Currency"), reference.CURRENCIES.items(), required=True, initial="BYN")
    line = forms.ChoiceField(label=_("Budget line"), required=False)
    donor = text(_("Donor"), help_text=_("Only without a budget line, which names its donor."))
    project_code = text(_("Project code"), help_text=_("Only without a budget line."))
    purpose = text(_("What it is for"))

    field_order = (
        *("planned", "currency", "line", "rate", "rate_on", "donor", "project_code", "purpose"),
    )

    def __init__(self, *args: Any, lines: Iterable[BudgetLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lines = {str(line.pk): line for line in lines}
        choices = [("", _("None")), *((pk, str(line)) for pk, line in self._lines.items())]
        self.fields["line"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        line = self._lines.get(data.get("line", ""))
        if line is not None:
            data |= {"donor": line.donor, "project_code": line.project, "line_code": line.code}
            if data.get("currency") not in (None, line.currency) and not data.get("rate"):
                self.add_error("rate", _("The budget line is kept in another currency."))
        else:
            data["line_code"] = ""
        return data

    def content(self, base: Section) -> CostContent:
        return section_from(self, CostContent, base)


class PayForm(RatedForm):
    """A payment out of a planned cost."""

    amount = money(_("Amount"))
    paid_on = day(_("Paid on"), required=True)
    receipt = text(
        _("Receipt number"),
        required=True,
        error_messages={"required": _("Enter the number of the receipt.")},
    )

    field_order = ("amount", "paid_on", "receipt", "rate", "rate_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["paid_on"].initial = timezone.localdate


class ReverseForm(forms.Form):
    """Why a payment is taken back."""

    reason = text(
        _("Reason"),
        required=True,
        help_text=_("Both stay: the payment, and an entry that takes it back."),
        error_messages={"required": _("Say why the payment is reversed.")},
    )


class BudgetLineForm(forms.Form):
    """A budget line. Data of the office: no name of anybody assisted belongs here."""

    code = forms.CharField(label=_("Code"), max_length=40)
    donor = forms.CharField(label=_("Donor"), max_length=120)
    project = forms.CharField(label=_("Project code"), max_length=60)
    begins_on = day(_("From"), required=True, latest_today=False)
    ends_on = day(_("Until"), required=True, latest_today=False)
    currency = one_of(_("Currency"), reference.CURRENCIES.items(), required=True, initial="BYN")
    amount = money(_("Amount"))
    approval_above = money(
        _("Approval above"),
        help_text=_("What costs more has to be approved by somebody else before it is paid."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, label in reference.KINDS.items():
            self.fields[f"{CEILING}{kind}"] = money(label, required=False)

    def ceilings(self) -> list[forms.BoundField]:
        """The fields of the ceilings, by kind of assistance."""
        return [self[name] for name in self.fields if name.startswith(CEILING)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        begins, ends = data.get("begins_on"), data.get("ends_on")
        if begins and ends and ends < begins:
            self.add_error("ends_on", _("This is before the day it begins."))
        return data

    def values(self) -> dict[str, Any]:
        """The columns of the line."""
        data = self.cleaned_data
        plain = ("code", "donor", "project", "begins_on", "ends_on", "currency")
        ceilings = {kind: data[f"{CEILING}{kind}"] for kind in reference.KINDS}
        return {name: data[name] for name in plain} | {
            "amount_cents": int(data["amount"] * 100),
            "above_cents": int(data["approval_above"] * 100),
            "ceilings_cents": {k: int(most * 100) for k, most in ceilings.items() if most},
        }

    @staticmethod
    def initial_of(line: BudgetLine) -> dict[str, Any]:
        """What the form shows of a line."""
        plain = ("code", "donor", "project", "begins_on", "ends_on", "currency", "amount")
        values = {name: getattr(line, name) for name in (*plain, "approval_above")}
        return values | {f"{CEILING}{kind}": most for kind, most in line.ceilings.items()}
