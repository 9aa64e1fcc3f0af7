"""HTML input of assistance: one form per kind, with the fields that assistance/kinds.py gives it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistance import reference
from assistance.kinds import KINDS
from assistance.models import AssistanceStatus, Offer
from assistance.offers import given
from assistance.sections import Assistance
from cases.forms import day, one_of, section_from, text
from core.schema import Section

Goals = Sequence[tuple[str, Any]]  # (id of a goal of the support plan, its title)


class AssistanceForm(forms.Form):
    """What every kind of assistance has: provider, dates, status, outcome, notes.

    `goals` are those of the case that the person may read, `offer` what its office gives. Without goals,
    or subtypes, the form has no such field; what is recorded already stays among the choices.
    `providers` are names out of the directory, which are proposed; another can be typed.
    """

    KIND = ""

    provider = text(_("Provider"), help_text=_("Organisation or person who gives the assistance."))
    place = text(_("Place"), help_text=_("Where it is given."))
    status = forms.ChoiceField(
        label=_("Status"), choices=AssistanceStatus, initial=AssistanceStatus.DELIVERED
    )
    starts_on = day(
        _("From"),
        required=True,
        latest_today=False,
        help_text=_("While it is planned, the planned day. It is kept beside the actual one."),
    )
    ends_on = day(_("Until"), latest_today=False)
    subtype = forms.ChoiceField(label=_("Subtype"), required=False)
    goal = forms.ChoiceField(label=_("Goal it serves"), required=False)
    outcome = text(_("Outcome"), long=True)
    satisfaction = one_of(
        _("How satisfied is the person?"),
        reference.SATISFACTION.items(),
        help_text=_("What the person said when asked, not what we think."),
    )
    notes = text(_("Notes"), long=True)

    LAST = (
        *("subtype", "provider", "place", "status", "starts_on", "ends_on"),
        *("goal", "outcome", "satisfaction", "notes"),
    )

    def __init__(
        self,
        *args: Any,
        offer: Offer | None = None,
        goals: Goals = (),
        providers: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._offer_choices(offer or Offer())
        self.providers = providers
        if providers:
            self.fields["provider"].widget.attrs["list"] = "providers"
        self.fields["starts_on"].initial = timezone.localdate
        if goals:
            choices = [("", _("Not recorded")), *goals]
            self.fields["goal"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["goal"]
        self.order_fields([name for name in self.fields if name not in self.LAST] + [*self.LAST])

    def _offer_choices(self, offer: Offer) -> None:
        if "type" in self.fields:
            types = self.fields["type"]
            types.choices = given(offer, types.choices, self.initial.get("type", ""))  # type: ignore[attr-defined]
        now = self.initial.get("subtype", "")
        words = dict.fromkeys([*offer.subtypes.get(self.KIND, ()), *([now] if now else [])])
        if words:
            choices = [("", _("Not recorded")), *((word, word) for word in words)]
            self.fields["subtype"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["subtype"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        starts, ends = data.get("starts_on"), data.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error("ends_on", _("This is before the day it starts."))
        is_delivered = data.get("status") == AssistanceStatus.DELIVERED
        if is_delivered and starts and starts > timezone.localdate():
            self.add_error("starts_on", _("Delivered assistance cannot start in the future."))
        kind = KINDS[self.KIND]
        if kind.group and data.get("type"):  # a type belongs to one group
            data[kind.group] = kind.group_of(data["type"])
        return data

    def content(self, base: Section | None = None) -> Assistance:
        """The sealed section with the form's values."""
        return section_from(self, KINDS[self.KIND].schema, base)

    def open_values(self) -> dict[str, Any]:
        """The workflow facts that stay open."""
        return {name: self.cleaned_data[name] for name in ("status", "starts_on", "ends_on")}


FORMS: dict[str, type[AssistanceForm]] = {
    code: type(f"{code.title()}Form", (AssistanceForm,), {"KIND": code, **kind.fields})
    for code, kind in KINDS.items()
}
