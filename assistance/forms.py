"""HTML input of assistance: one form per kind, with the fields that assistance/kinds.py gives it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistance import reference
from assistance.kinds import KINDS
from assistance.models import AssistanceStatus, Offer
from assistance.offers.offers import given
from assistance.sections import Assistance
from cases.forms import day, one_of, section_from, text
from core.schema import Section

Files = Sequence[tuple[str, str]]  # (id of a file of the case, what it is called)
Goals = Sequence[tuple[str, Any]]  # (id of a goal of the support plan, its title)


@dataclass(frozen=True)
class Choices:
    """What there is to choose from in one case, for one person."""

    offer: Offer = field(default_factory=Offer)  # what the office of the case gives
    goals: Goals = ()  # that the person may read
    files: Files = ()  # of the class of the record
    providers: Sequence[str] = ()  # names out of the directory; another can be typed


class AssistanceForm(forms.Form):
    """What every kind of assistance has: provider, dates, status, outcome, notes.

    Without goals, files or subtypes to choose from, the form has no such field, and what is recorded
    stays. A type or subtype that the office does not give any more stays where it is recorded.
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
    files = forms.MultipleChoiceField(
        label=_("Documents"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Files of this case that belong to it, such as a receipt or a ruling."),
    )
    outcome = text(_("Outcome"), long=True)
    satisfaction = one_of(
        _("How satisfied is the person?"),
        reference.SATISFACTION.items(),
        help_text=_("What the person said when asked, not what we think."),
    )
    notes = text(_("Notes"), long=True)

    LAST = (
        *("subtype", "provider", "place", "status", "starts_on", "ends_on"),
        *("goal", "files", "outcome", "satisfaction", "notes"),
    )

    def __init__(
        self,
        *args: Any,
        choices: Choices | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = choices or Choices()
        self.providers = choices.providers
        if self.providers:
            self.fields["provider"].widget.attrs["list"] = "providers"
        self.fields["starts_on"].initial = timezone.localdate
        self._offer_types(choices.offer)
        now = self.initial.get("subtype", "")
        words = dict.fromkeys([*choices.offer.subtypes.get(self.KIND, ()), *([now] if now else [])])
        self._choose("subtype", [(word, word) for word in words])
        self._choose("goal", choices.goals)
        self._choose("files", choices.files, several=True)
        self.order_fields([name for name in self.fields if name not in self.LAST] + [*self.LAST])

    def _offer_types(self, offer: Offer) -> None:
        if "type" in self.fields:
            types = self.fields["type"]
            types.choices = given(offer, types.choices, self.initial.get("type", ""))  # type: ignore[attr-defined]

    def _choose(
        self, name: str, found: Sequence[tuple[str, Any]], *, several: bool = False
    ) -> None:
        """Give a field what there is to choose from; take it away where there is nothing."""
        if not found:
            del self.fields[name]
            return
        none = [] if several else [("", _("Not recorded"))]
        self.fields[name].choices = [*none, *found]  # type: ignore[attr-defined]

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
